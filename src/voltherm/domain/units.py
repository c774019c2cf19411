"""The units that a column's name carries."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from voltherm.domain.errors import InvalidInputError

UNITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "_per_kwh": "currency/kWh",
        "_kwh": "kWh",
        "_kw": "kW",
        "_kvar": "kvar",
        "_c": "°C",
        "_w_m2": "W/m²",
        "_m_s": "m/s",
        "_per_k": "1/K",
        "soc": "1",
        "cop": "1",
        "_share": "1",
    },
)
"""How the end of a column's name says its unit."""


def unit_of(name: str) -> str:
    """Return the unit that a column's name carries, such as ``kW`` for ``load_kw``.

    Raises
    ------
    InvalidInputError
        When the name carries none.
    """
    for ending, unit in UNITS.items():
        if name.endswith(ending):
            return unit
    message = f"column {name!r} carries no unit; end it with one of {', '.join(UNITS)}, such as 'load_kw'"
    raise InvalidInputError(message)
