"""The hours of a planned day: read off the plan, and where an hour is over, off what was known before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.application.house_facts import HouseFacts
from voltherm.application.house_state import HouseState
from voltherm.application.house_weather import OUTDOOR, outdoor_on
from voltherm.application.local_hours import QUARTER, local_hours
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
    return tuple(_hour(known, kept, state, spot, known.of(number)) for number in range(hours.n_steps))


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
        return _elapsed(known.facts, state, hour)
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
        cost=float(energy_kwh @ known.price_per_kwh(kept.plan.grid)[steps]),
    )


def _elapsed(facts: HouseFacts, state: HouseState, hour: PlannedHour) -> PlannedHour:
    """An hour that is over: what was asked for, and what was measured or follows from it."""
    quality = PriceQuality.DEMO if facts.is_spot_demo else PriceQuality.PUBLISHED
    known = replace(hour, is_elapsed=True, quality=None if hour.spot_per_kwh is None else quality)
    if state.grid is None:
        return known
    first = (hour.start - state.grid.start) // QUARTER
    last = first + STEPS_PER_HOUR
    if not 0 < last <= state.grid.n_steps:
        return known
    n_rooms = len(facts.device.pump.building.rooms)
    mode = state.modes[max(first, 0)]
    return replace(known, indoor_c=float(state.temps_c[last, :n_rooms].mean()), mode=mode)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
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

    def price_per_kwh(self, planned: TimeGrid) -> Floats:
        """What a kWh costs in each step of a plan, NaN beyond the day. [currency/kWh]."""
        total = np.sum([*self.parts_per_kwh.values()], axis=0)
        of_day = total[(planned.start - self.grid.start) // QUARTER :][: planned.n_steps]
        return np.concatenate([of_day, np.full(planned.n_steps - len(of_day), np.nan)])

    def of(self, number: int) -> PlannedHour:
        """One hour, without a plan."""
        steps = slice(STEPS_PER_HOUR * number, STEPS_PER_HOUR * (number + 1))
        parts = {name: _mean(values[steps]) for name, values in self.parts_per_kwh.items()}
        start = self.grid.time_of(steps.start)
        return PlannedHour(
            start=start,
            hour=start.astimezone(self.facts.zone).hour,
            outdoor_c=_mean(self.outdoor_c[steps]),
            spot_per_kwh=_mean(self.spot_per_kwh[steps]),
            parts_per_kwh={name: value for name, value in parts.items() if value is not None},
        )


def _overlaid(values: Floats, grid: TimeGrid, planned: Series) -> Floats:
    """Put what the plan used in place of what was known."""
    shift = (planned.grid.start - grid.start) // QUARTER
    first, last = max(shift, 0), min(shift + planned.grid.n_steps, grid.n_steps)
    whole = values.copy()
    if last > first:
        whole[first:last] = planned.values[first - shift : last - shift]
    return whole


def _mean(values: Floats) -> float | None:
    return None if np.isnan(values).any() else float(values.mean())
