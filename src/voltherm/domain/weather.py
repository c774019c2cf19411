"""Weather: what it can be, and the names of its series."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OUTDOOR_C: Final = "outdoor_c"
IRRADIANCE_W_M2: Final = "irradiance_w_m2"
WEATHER_RANGES: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {OUTDOOR_C: (-60.0, 55.0), IRRADIANCE_W_M2: (0.0, 1500.0)}
)
"""What weather can be, by name; values outside are taken for a mistake in the unit. [degC], [W/m2]"""
