"""The hours of a planned day: read off the plan, and where an hour is over, off what was known before."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.application.house_facts import HouseFacts
from voltherm.application.house_state import HouseState, planned_mode
from voltherm.application.house_weather import OUTDOOR, outdoor_on
from voltherm.application.local_hours import HOUR, QUARTER, local_hours
from voltherm.application.planned_day import PlannedHour
from voltherm.application.price_parts import price_parts
from voltherm.application.spot_prices import PriceQuality, SpotPrices, known_on
from voltherm.domain.assets import HeatMode
from voltherm.domain.plan import HeatPlan
from voltherm.domain.series import Series
from voltherm.domain.time import TimeGrid
from voltherm.ports.registry import DayPlan

STEPS_PER_HOUR: Final = 4
PRICE_QUALITIES: Final = tuple(PriceQuality)
"""From best to worst."""

Floats = NDArray[np.float64]


def hours_of(facts: HouseFacts, kept: DayPlan, state: HouseState, spot: SpotPrices | None) -> tuple[PlannedHour, ...]:
    """Return the hours of a plan's local day.

    Parameters
    ----------
    facts : HouseFacts
        What was known.
    kept : DayPlan
        The plan.
    state : HouseState
        What led to its start.
    spot : SpotPrices or None
        The prices that it used; None for a tariff that has its prices in itself.
    """
    hours = local_hours(kept.day, facts.zone)
    grid = TimeGrid(hours.start, QUARTER, STEPS_PER_HOUR * hours.n_steps)
    known = _Known.on(facts, kept, spot, grid)
    return tuple(_hour(known, kept, state, spot, hour) for hour in known.hours())


def heat_of(kept: DayPlan) -> HeatPlan:
    """Return what the heat pump of a daily plan does."""
    heat = kept.plan.assets[kept.device_id].heat
    if heat is None:
        raise AssertionError("a plan of a heat pump has heat")
    return heat


def _hour(known: _Known, kept: DayPlan, state: HouseState, spot: SpotPrices | None, hour: PlannedHour) -> PlannedHour:
    first = (hour.start - kept.plan.grid.start) // QUARTER
    steps = slice(max(first, 0), min(first + STEPS_PER_HOUR, kept.plan.grid.n_steps))
    if steps.stop <= steps.start:
        return _unplanned(known.facts, state, hour)
    heat, step_h = heat_of(kept), kept.plan.grid.step_h
    energy_kwh = step_h * kept.plan.grid_power_kw[steps]
    n_rooms = len(known.facts.device.pump.building.rooms)
    return replace(
        hour,
        mode=HeatMode.NORMAL if heat.modes is None else heat.modes[steps.start],
        indoor_c=float(heat.temps_c[steps.stop, :n_rooms].mean()),
        quality=None if spot is None else max(spot.quality[steps], key=PRICE_QUALITIES.index),
        reason=Counter(heat.reasons[steps]).most_common(1)[0][0],
        energy_kwh=float(energy_kwh.sum()),
        heat_kwh=step_h * float(heat.heat_kw[steps].sum()),
        cost=float(energy_kwh @ known.price_per_kwh[steps.start + known.shift(kept.plan.grid) :][: len(energy_kwh)]),
    )


def _unplanned(facts: HouseFacts, state: HouseState, hour: PlannedHour) -> PlannedHour:
    """An hour that is over, or so nearly that nothing of it is planned: what was asked for, measured, simulated."""
    quality = PriceQuality.DEMO if facts.is_spot_demo else PriceQuality.PUBLISHED
    known = replace(
        hour,
        is_elapsed=hour.start + HOUR <= facts.now,
        mode=planned_mode(facts, hour.start),
        quality=None if hour.spot_per_kwh is None else quality,
    )
    if state.grid is None:
        return known
    first = (hour.start - state.grid.start) // QUARTER
    last = first + STEPS_PER_HOUR
    if not 0 < last <= state.grid.n_steps:
        return known
    n_rooms = len(facts.device.pump.building.rooms)
    mode = state.modes[max(first, 0)]
    return replace(known, indoor_c=float(state.temps_c[last, :n_rooms].mean()), mode=mode)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Known:
    """What is known of each quarter-hour of the day besides the plan, NaN where it is not."""

    facts: HouseFacts
    grid: TimeGrid
    outdoor_c: Floats
    spot_per_kwh: Floats
    parts_per_kwh: Mapping[str, Floats]

    @classmethod
    def on(cls, facts: HouseFacts, kept: DayPlan, spot: SpotPrices | None, grid: TimeGrid) -> _Known:
        outdoor = _overlaid(outdoor_on(facts.weather, grid), grid, kept.inputs.weather[OUTDOOR])
        price = np.full(grid.n_steps, np.nan)
        if spot is not None:
            price = _overlaid(known_on(facts.spot, grid), grid, spot.series)
        named = dict.fromkeys(facts.tariff.series_names, np.nan_to_num(price))
        parts = price_parts(facts.tariff, grid, named)
        is_told = ~np.isnan(price) if named else np.ones(grid.n_steps, dtype=bool)
        parts = {name: np.where(is_told, values, np.nan) for name, values in parts.items()}
        return cls(facts=facts, grid=grid, outdoor_c=outdoor, spot_per_kwh=price, parts_per_kwh=parts)

    @cached_property
    def price_per_kwh(self) -> Floats:
        """What a kWh costs in each step of the day. [currency/kWh]."""
        return sum(self.parts_per_kwh.values(), np.zeros(self.grid.n_steps))

    def shift(self, planned: TimeGrid) -> int:
        """By how many steps a plan begins later than the day."""
        return (planned.start - self.grid.start) // QUARTER

    def hours(self) -> list[PlannedHour]:
        """Return the hours without a plan."""
        outdoor, spot = _hourly(self.outdoor_c), _hourly(self.spot_per_kwh)
        parts = {name: _hourly(values) for name, values in self.parts_per_kwh.items()}
        starts = self.grid.times()[::STEPS_PER_HOUR]
        return [
            PlannedHour(
                start=start,
                hour=start.astimezone(self.facts.zone).hour,
                outdoor_c=outdoor[at],
                spot_per_kwh=spot[at],
                parts_per_kwh={name: value for name, values in parts.items() if (value := values[at]) is not None},
            )
            for at, start in enumerate(starts)
        ]


def _overlaid(values: Floats, grid: TimeGrid, planned: Series) -> Floats:
    """Put what the plan used in place of what was known."""
    shift = (planned.grid.start - grid.start) // QUARTER
    first, last = max(shift, 0), min(shift + planned.grid.n_steps, grid.n_steps)
    whole = values.copy()
    if last > first:
        whole[first:last] = planned.values[first - shift : last - shift]
    return whole


def _hourly(values: Floats) -> list[float | None]:
    """Means of the hours, None where a quarter of one is not known."""
    means = values.reshape(-1, STEPS_PER_HOUR).mean(axis=1).tolist()
    return [None if math.isnan(mean) else mean for mean in means]
