"""A place on the earth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from voltherm.domain.limits import Range, require_within

RANGES: Final[Mapping[str, Range]] = MappingProxyType(
    {"latitude": (-90.0, 90.0, "degrees"), "longitude": (-180.0, 180.0, "degrees")}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place, for its weather.

    Parameters
    ----------
    latitude, longitude : float
        WGS 84. [degrees], north and east positive.
    """

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        require_within("place", self, RANGES)
