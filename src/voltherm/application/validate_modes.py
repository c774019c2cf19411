"""The check of a heat pump that is switched: it does what its modes ask for, and runs and rests long enough.

Like the rest of the validator it shares no code with the optimization.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np

from voltherm.domain.assets import HeatMode, HeatPump, Schedule
from voltherm.domain.plan import HeatPlan, PlanInputs
from voltherm.physics.building import Weather, start_temps_c
from voltherm.physics.heat_pump import HeatRequest, mode_requests, operating_points, simulate_heat_pump

RUNNING_KW = 1e-6
"""A compressor that gives a milliwatt of heat does not run. [kW]"""

DWELL_TOLERANCE_H = 1e-6
"""A few milliseconds. [h]"""

HEAT_TOLERANCE = 1e-6
"""Of the capacity."""


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
    """The physics, asked for the modes, must give the planned heat: less only where a guard or a limit says so."""
    grid, building = inputs.grid, pump.building
    outdoor = inputs.weather["outdoor_c"].values
    sun = inputs.weather.get("irradiance_w_m2")
    weather = Weather(outdoor_c=outdoor, irradiance_w_m2=np.zeros(grid.n_steps) if sun is None else sun.values)
    points = operating_points(pump, outdoor, grid.epoch_seconds)
    asked = _asked(pump, heat, points.capacity_kw, mode_requests(pump, points, outdoor))
    if asked is None:
        yield f"{pump.id}: is asked for a mode that it does not have"
        return
    total = heat.heat_kw.sum(axis=1, keepdims=True)
    even = np.full_like(heat.heat_kw, 1.0 / len(building.rooms))
    shares = np.divide(heat.heat_kw, total, out=even, where=total > 0)
    request = HeatRequest(compressor_kw=asked[0], backup_kw=asked[1], shares=shares)
    start = start_temps_c(building, inputs.heat[pump.id].building)
    run = simulate_heat_pump(pump, start, points, weather, request, grid.step_h)
    tolerance = HEAT_TOLERANCE * max(1.0, float(points.capacity_kw.max()))
    off = np.abs(run.compressor_kw - heat.compressor_kw) + np.abs(run.backup_kw - heat.backup_kw)
    if off.max() > tolerance:
        step = int(off.argmax())
        yield f"{pump.id}: is planned {off[step]:.6g} kW away from what its mode gives in step {step}"


def _asked(
    pump: HeatPump, heat: HeatPlan, capacity_kw: np.ndarray, by_mode: dict[HeatMode, HeatRequest]
) -> tuple[np.ndarray, np.ndarray] | None:
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
