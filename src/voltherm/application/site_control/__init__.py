"""A site under control: the cycle that plans, the guard that renews, and the ladder that they go down."""
