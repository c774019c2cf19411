"""What the service answers about sites under control."""
