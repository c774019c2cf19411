"""Measurements of speed and memory; ``python -m benchmarks`` prints them. Never part of the tests."""
