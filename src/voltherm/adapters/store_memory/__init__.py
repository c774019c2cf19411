"""What is kept while the program runs, and no longer."""
