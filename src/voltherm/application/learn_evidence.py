"""What was measured of a house, brought into the form that a building is learned from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.assets.building import Building
from voltherm.domain.assets.heat_pump import HeatPump
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements
from voltherm.domain.time import Interval, TimeGrid
from voltherm.physics.identify_cop import heat_from_power
from voltherm.physics.identify_filter import Record
from voltherm.physics.identify_model import Floats

Steps = NDArray[np.int64]

ROOM, OUTDOOR, SUN, HEAT, POWER = "t_in_c", "t_out_c", "irradiance_w_m2", "heat_kw", "power_kw"

FIT_STEPS: Final = tuple(timedelta(minutes=minutes) for minutes in (15, 20, 30, 60))
"""Finer data are averaged to the first of these that they divide. Two temperatures cannot follow a radiator's first
minutes: fitted to them, the slow parameters pay for it (measured: `docs/learning.md`), and plans have such steps."""
BRIDGED: Final = timedelta(hours=1)
"""Gaps of weather and heat up to this are bridged; after longer ones the filter begins anew."""
SHORTEST_STRETCH_H: Final = 12.0
"""Shorter stretches between such gaps are left out: the filter would still be settling. [h]"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """Measurements on the grid of the fit.

    Parameters
    ----------
    grid : TimeGrid
        Steps of the fit.
    room_c, outdoor_c, irradiance_w_m2, heat_kw : NDArray, shape (n_steps,)
        NaN where missing; without a sun sensor the irradiance is 0. [degC], [W/m2], [kW]
    record : Record
        The usable steps one after the other.
    steps : NDArray of int, shape (record.n_steps,)
        Which steps of the grid they are.
    is_averaged : bool
        Whether the data were finer than the grid.
    has_sun : bool
        Whether the irradiance was measured.
    is_heat_modelled : bool
        Whether the heat is the electric power times the data sheet's COP.
    """

    grid: TimeGrid
    room_c: Floats
    outdoor_c: Floats
    irradiance_w_m2: Floats
    heat_kw: Floats
    record: Record
    steps: Steps
    is_averaged: bool
    has_sun: bool
    is_heat_modelled: bool

    def days(self, steps: slice = slice(None)) -> float:
        """Return how many days of the record's steps have a reading."""
        return float(np.isfinite(self.record.readings_c[steps]).sum()) * self.record.step_h / 24.0

    def window(self, steps: slice) -> Interval:
        """Return the time from the first to the last of the record's steps."""
        at = self.steps[steps]
        return Interval(self.grid.time_of(int(at[0])), self.grid.time_of(int(at[-1]) + 1))


def gather_evidence(measurements: Measurements, building: Building, pump: HeatPump | None) -> Evidence:
    """Return the measurements as evidence.

    Parameters
    ----------
    measurements : Measurements
        ``t_in_c``, ``t_out_c``, and ``heat_kw`` or ``power_kw``; ``irradiance_w_m2`` where there is a sensor or a
        forecast of the past.
    building : Building
        Of one room.
    pump : HeatPump or None
        Its data sheet; needed where only electric power is known.

    Raises
    ------
    InvalidInputError
        When a column is missing, the building has several rooms, or there is power but no heat pump.
    """
    if len(building.rooms) != 1:
        message = f"building: has {len(building.rooms)} rooms; a building is learned as one room, give it as one"
        raise InvalidInputError(message)
    own_step = measurements.grid.step
    coarse = measurements.resample(fit_step(own_step)) if own_step < FIT_STEPS[0] else measurements
    room_c = coarse.column(ROOM)
    coarse.column(OUTDOOR)
    is_heat_modelled = HEAT not in coarse.columns
    if is_heat_modelled and (POWER not in coarse.columns or pump is None):
        message = (
            f"measurements: no column {HEAT!r}; give the heat, or {POWER!r} together with the heat pump that drew it"
        )
        raise InvalidInputError(message)
    inputs = {name: values for name, values in coarse.columns.items() if name in {OUTDOOR, SUN, HEAT, POWER}}
    bridged = Measurements(coarse.grid, inputs).bridged(BRIDGED)
    outdoor_c = bridged.column(OUTDOOR)
    has_sun = SUN in bridged.columns
    irradiance = np.maximum(bridged.column(SUN), 0.0) if has_sun else np.zeros(coarse.grid.n_steps)
    if is_heat_modelled and pump is not None:
        heat_kw = heat_from_power(pump, bridged.column(POWER), outdoor_c, coarse.grid.epoch_seconds)
    else:
        heat_kw = bridged.column(HEAT)
    inputs_by_step = np.column_stack([outdoor_c, irradiance, heat_kw, np.ones(coarse.grid.n_steps)])
    record, steps = _record(inputs_by_step, room_c, coarse.grid.step_h)
    return Evidence(
        grid=coarse.grid,
        room_c=room_c,
        outdoor_c=outdoor_c,
        irradiance_w_m2=irradiance,
        heat_kw=heat_kw,
        record=record,
        steps=steps,
        is_averaged=own_step < FIT_STEPS[0],
        has_sun=has_sun,
        is_heat_modelled=is_heat_modelled,
    )


def fit_step(own_step: timedelta) -> timedelta:
    """Return the length of the steps that a building is fitted on, for data of that step."""
    if own_step >= FIT_STEPS[0]:
        return own_step
    return next(step for step in FIT_STEPS if not step % own_step)


def _record(inputs: Floats, room_c: Floats, step_h: float) -> tuple[Record, Steps]:
    """Stretches without a missing input, each from its first reading on, one after the other."""
    is_usable = np.isfinite(inputs).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_usable, [False]]).astype(int)))
    steps: list[Steps] = []
    begins: list[int] = []
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        seen = np.flatnonzero(np.isfinite(room_c[first:end]))
        if seen.size and (end - first - seen[0]) * step_h >= SHORTEST_STRETCH_H:
            begins.append(sum(len(part) for part in steps))
            steps.append(np.arange(first + seen[0], end))
    at = np.concatenate([np.zeros(0, dtype=np.int64), *steps])
    is_begin = np.zeros(len(at), dtype=np.bool_)
    is_begin[begins] = True
    return Record(step_h=step_h, inputs=inputs[at], readings_c=room_c[at], begins=is_begin), at
