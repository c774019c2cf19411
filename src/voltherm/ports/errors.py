"""How something outside may fail; adapters translate every foreign exception into one of these."""

from __future__ import annotations

from voltherm.domain.errors import VolthermError


class OutsideError(VolthermError):
    """Something outside did not do what it is for."""


class Unavailable(OutsideError):
    """It did not answer, or said that it cannot now; later may help."""


class Refused(OutsideError):
    """It answered that it will not: credentials, or a request that it does not take; repeating does not help."""


class Malformed(OutsideError):
    """It answered something that cannot be understood."""
