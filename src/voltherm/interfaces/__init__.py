"""Thin faces of the use cases: command line and service."""
