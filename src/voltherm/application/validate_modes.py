"""The check of a heat pump that is switched: it does what its modes ask for, and runs and rests long enough.

Like the rest of the validator it shares no code with the optimization.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.assets import HeatMode, HeatPump, Schedule
from voltherm.domain.plan import HeatPlan, PlanInputs
from voltherm.physics.building import Weather
from voltherm.physics.heat_pump import (
    HeatRequest,
    heating_limits_c,
    mode_requests,
    operating_points,
    simulate_heat_pump,
)

Floats = NDArray[np.float64]

RUNNING_KW = 1e-6
"""A compressor that gives a milliwatt of heat does not run. [kW]"""

DWELL_TOLERANCE_H = 1e-6
"""A few milliseconds. [h]"""

HEAT_TOLERANCE = 1e-6
"""Of the capacity."""

LIMIT_ROOM_K = 1e-4
"""A room, or a mass, this close below its limit of heating is at it. [K]"""


def mode_findings(pump: HeatPump, inputs: PlanInputs, heat: HeatPlan, named: set[str]) -> Iterator[str]:
    """Yield what is wrong with the modes of a plan, in words; nothing for one that is planned as power.

    Parameters
    ----------
    pump : HeatPump
        The heat pump.
    inputs : PlanInputs
        Weather and states.
    heat : HeatPlan
        What is planned, of the right shapes.
    named : set of str
        Limits that the plan says it breaks.
    """
    if heat.modes is None:
        return
    if pump.schedule is Schedule.CONTINUOUS:
        yield f"{pump.id}: has modes, but is planned as power"
        return
    yield from _obedience(pump, inputs, heat)
    yield from _dwell(pump, inputs, heat, named)


def _obedience(pump: HeatPump, inputs: PlanInputs, heat: HeatPlan) -> Iterator[str]:
    """The planned heat is what the modes ask for, save where the unit's own guards and limits say otherwise."""
    outdoor = inputs.weather["outdoor_c"].values
    points = operating_points(pump, outdoor, inputs.grid.epoch_seconds)
    asked = _asked(pump, heat, points.capacity_kw, mode_requests(pump, points, outdoor))
    if asked is None:
        yield f"{pump.id}: is asked for a mode that it does not have"
        return
    tolerance = HEAT_TOLERANCE * max(1.0, float(points.capacity_kw.max()))
    off = np.abs(asked[0] - heat.compressor_kw) + np.abs(asked[1] - heat.backup_kw)
    off[_is_at_limit(pump, heat)] = 0.0
    for step in np.flatnonzero(off > tolerance).tolist():
        if _is_followed(pump, inputs, heat, step, asked):
            yield f"{pump.id}: is planned {off[step]:.6g} kW away from what its mode gives in step {step}"
            return


def _is_followed(pump: HeatPump, inputs: PlanInputs, heat: HeatPlan, step: int, asked: tuple[Floats, Floats]) -> bool:
    """Whether the unit, asked for the mode in one step alone, does it; the frost guard and room limits may act."""
    grid = inputs.grid.part(step, 1)
    outdoor = inputs.weather["outdoor_c"].values[step : step + 1]
    sun = inputs.weather.get("irradiance_w_m2")
    weather = Weather(outdoor_c=outdoor, irradiance_w_m2=np.zeros(1) if sun is None else sun.values[step : step + 1])
    points = operating_points(pump, outdoor, grid.epoch_seconds)
    request = HeatRequest(compressor_kw=asked[0][step : step + 1], backup_kw=asked[1][step : step + 1])
    return simulate_heat_pump(pump, heat.temps_c[step], points, weather, request, grid.step_h).is_followed


def _is_at_limit(pump: HeatPump, heat: HeatPlan) -> NDArray[np.bool_]:
    """Whether a room is at the frost guard, or has all the heat that its emitters and limits take."""
    building = pump.building
    rooms = range(len(building.rooms))
    frosty = (heat.temps_c[1:, : len(rooms)] < building.frost_guard_c).any(axis=1)
    warm = (heat.temps_c[1:] > heating_limits_c(building) - LIMIT_ROOM_K).any(axis=1)
    emitters = np.array([np.inf if room.heat_limit_kw is None else room.heat_limit_kw for room in building.rooms])
    full = (heat.heat_kw > emitters * (1.0 - HEAT_TOLERANCE)).any(axis=1)
    return np.asarray(frosty | warm | full)


def _asked(
    pump: HeatPump, heat: HeatPlan, capacity_kw: Floats, by_mode: dict[HeatMode, HeatRequest]
) -> tuple[Floats, Floats] | None:
    """Compressor and backup that the modes ask for; a pump that is on or off is told of its backup besides."""
    modes = heat.modes or ()
    if pump.schedule is Schedule.ON_OFF:
        if not set(modes) <= {HeatMode.OFF, HeatMode.BOOST}:
            return None
        is_on = np.array([mode is HeatMode.BOOST for mode in modes])
        return np.where(is_on, capacity_kw, 0.0), np.where(is_on, heat.backup_kw, 0.0)
    steps = range(len(modes))
    compressor = [by_mode[mode].compressor_kw[step] for step, mode in zip(steps, modes, strict=True)]
    backup = [by_mode[mode].backup_kw[step] for step, mode in zip(steps, modes, strict=True)]
    return np.array(compressor), np.array(backup)


def _dwell(pump: HeatPump, inputs: PlanInputs, heat: HeatPlan, named: set[str]) -> Iterator[str]:
    state, step_h = inputs.heat[pump.id], inputs.grid.step_h
    spans = [(runs, step_h * len(list(steps))) for runs, steps in groupby((heat.compressor_kw > RUNNING_KW).tolist())]
    if state.is_running is None:
        spans[0] = spans[0][0], float("inf")
    elif state.is_running == spans[0][0]:
        spans[0] = spans[0][0], spans[0][1] + state.since_h
    else:
        spans.insert(0, (state.is_running, state.since_h))
    for runs, lasted_h in spans[:-1]:
        limit, shortest_h = ("min_run_h", pump.min_run_h) if runs else ("min_off_h", pump.min_off_h)
        if lasted_h < shortest_h - DWELL_TOLERANCE_H and f"{pump.id}.{limit}" not in named:
            what = "runs" if runs else "rests"
            yield f"{pump.id}: {what} for {lasted_h:.6g} h, {limit} is {shortest_h:g}, not named a violation"
            return
