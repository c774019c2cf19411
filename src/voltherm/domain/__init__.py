"""Nouns of the trade; standard library and numpy only."""
