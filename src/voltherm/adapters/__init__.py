"""What is outside: one file per outside thing, by family."""
