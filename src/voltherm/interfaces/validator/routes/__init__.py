"""What the validator answers, by noun."""
