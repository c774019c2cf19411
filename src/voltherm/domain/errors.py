"""The root of every exception that Voltherm raises on purpose."""

from __future__ import annotations


class VolthermError(Exception):
    """A broken promise: the message names the thing, the value and the remedy."""


class InvalidInputError(VolthermError, ValueError):
    """A value that no site, tariff, series or state can have."""
