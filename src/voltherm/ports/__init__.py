"""What the use cases need of the world outside: Protocols of one to three methods, and how it may fail."""
