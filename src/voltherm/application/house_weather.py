"""The weather of a house on a planning grid, joined by time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.assets import HeatPump
from voltherm.domain.measurements import Measurements
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.time import TimeGrid
from voltherm.domain.weather import WEATHER_RANGES
from voltherm.physics.building import Weather
from voltherm.ports.weather import WeatherOutlook

OUTDOOR: Final = "outdoor_c"
SUN: Final = "irradiance_w_m2"
NO_SUN: Final = Provenance(
    source="no irradiance is known", quality=Quality.ASSUMED, note="the sun is left out: rooms may become warmer"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HouseWeather:
    """Weather on a grid, from its first step on.

    Parameters
    ----------
    outdoor_c : Series
        Air. [degC]
    irradiance_w_m2 : Series
        On the windows; 0, labelled as assumed, where none is known. [W/m2]
    """

    outdoor_c: Series
    irradiance_w_m2: Series

    @property
    def is_sun_known(self) -> bool:
        """Whether the source knows the irradiance."""
        return self.irradiance_w_m2.provenance is not NO_SUN

    @property
    def series(self) -> Mapping[str, Series]:
        """By the names of a plan's inputs."""
        return {OUTDOOR: self.outdoor_c, SUN: self.irradiance_w_m2}

    @property
    def values(self) -> Weather:
        """For the physics."""
        return Weather(outdoor_c=self.outdoor_c.values, irradiance_w_m2=self.irradiance_w_m2.values)

    @property
    def grid(self) -> TimeGrid:
        """The steps."""
        return self.outdoor_c.grid

    def part(self, first: int, n_steps: int) -> HouseWeather:
        """Return the weather of ``n_steps`` steps from step ``first``."""
        sun = self.irradiance_w_m2
        cut = Series(sun.grid.part(first, n_steps), sun.values[first : first + n_steps], sun.provenance)
        return HouseWeather(outdoor_c=self.outdoor_c.part(first, n_steps), irradiance_w_m2=cut)


def outdoor_on(outlooks: Sequence[WeatherOutlook], grid: TimeGrid) -> NDArray[np.float64]:
    """Return the outdoor temperature of each step, NaN where none is known; short gaps are bridged. [degC]."""
    return _on([outlook.outdoor_c for outlook in outlooks], grid, OUTDOOR)


def weather_on(outlooks: Sequence[WeatherOutlook], grid: TimeGrid) -> HouseWeather | None:
    """Return the weather of as many leading steps of the grid as it is known for; None where of none.

    Parameters
    ----------
    outlooks : sequence of WeatherOutlook
        What the source said; a later one counts where several know.
    grid : TimeGrid
        The steps.
    """
    outdoor = outdoor_on(outlooks, grid)
    unknown = np.flatnonzero(np.isnan(outdoor))
    n_steps = int(unknown[0]) if unknown.size else grid.n_steps
    if not n_steps:
        return None
    part = grid.part(0, n_steps)
    return HouseWeather(
        outdoor_c=Series(part, outdoor[:n_steps], outlooks[-1].outdoor_c.provenance),
        irradiance_w_m2=_sun_on([each.irradiance_w_m2 for each in outlooks if each.irradiance_w_m2 is not None], part),
    )


def sees_sun(pump: HeatPump) -> bool:
    """Return whether any room of the house has a window that counts."""
    return any(room.solar_aperture_m2 > 0 for room in pump.building.rooms)


def _sun_on(known: Sequence[Series], grid: TimeGrid) -> Series:
    """Return the irradiance of the grid; where it is not known there is none, and the label says so."""
    values = _on(known, grid, SUN)
    is_unknown = np.isnan(values)
    if is_unknown.all():
        return Series(grid, np.zeros(grid.n_steps), NO_SUN)
    origin = known[-1].provenance
    if is_unknown.any():
        note = f"{int(is_unknown.sum())} steps are not known: the sun is left out there"
        origin = replace(origin, note="; ".join(filter(None, (origin.note, note))))
    return Series(grid, np.where(is_unknown, 0.0, values), origin)


def _on(known: Sequence[Series], grid: TimeGrid, name: str) -> NDArray[np.float64]:
    """Join by time; what no weather can be is taken as not known."""
    lowest, highest = WEATHER_RANGES[name]
    values = np.full(grid.n_steps, np.nan)
    for series in known:
        possible = np.where((series.values >= lowest) & (series.values <= highest), series.values, np.nan)
        told = Measurements(series.grid, {name: possible}).bridged().on(grid, min_share=1.0).column(name)
        values = np.where(np.isnan(told), values, told)
    return values
