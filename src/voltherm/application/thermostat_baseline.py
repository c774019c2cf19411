"""What the heat pump would do without us: its room thermostat holds NORMAL's set point, whatever electricity costs."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.assets import HeatMode, HeatPump
from voltherm.physics.building import Weather, dynamics, forcing_c
from voltherm.physics.heat_pump import (
    HeatPumpRun,
    HeatRequest,
    OperatingPoints,
    mode_requests,
    simulate_heat_pump,
)
from voltherm.physics.thermostat import control_reach_h, heat_to_reach_kw

RUNNING_KW: Final = 1e-6
"""A compressor that gives a milliwatt of heat does not run. [kW]"""

Floats = NDArray[np.float64]


def simulate_baseline(
    pump: HeatPump, start_c: Floats, points: OperatingPoints, weather: Weather, step_h: float
) -> HeatPumpRun:
    """Return what the thermostat does over the steps: the same physics, weather and start as the plan's.

    In each step it gives the heat that brings the room to the set point, within the capacity. The backup heater helps
    only where the compressor cannot carry the house in that weather, as in mode NORMAL; a room that is merely still
    cold is heated by the compressor, so that the baseline pays for no haste.

    Parameters
    ----------
    pump : HeatPump
        With its building; `HeatPump.normal_c` is held in every room.
    start_c : NDArray, shape (n_nodes,)
        Temperatures at the start. [degC]
    points : OperatingPoints
        Capacity and COP of the steps.
    weather : Weather
        Means of the steps.
    step_h : float
        Length of a step. [h]
    """
    normal = mode_requests(pump, points, weather.outdoor_c)[HeatMode.NORMAL]
    if len(pump.building.rooms) == 1:
        wanted_kw = _foreseen_kw(pump, start_c, points, normal.backup_kw, weather, step_h)
        request = _request(pump, wanted_kw[:, None], points, normal.backup_kw)
        run = simulate_heat_pump(pump, start_c, points, weather, request, step_h)
        if run.is_followed:
            return run
    return _stepped(pump, start_c, points, normal.backup_kw, weather, step_h)


def starts_of(compressor_kw: Floats) -> int:
    """Return how often the compressor starts after a step in which it rests.

    Parameters
    ----------
    compressor_kw : NDArray, shape (n_steps,)
        Its heat. [kW]
    """
    runs = compressor_kw > RUNNING_KW
    return int((runs[1:] & ~runs[:-1]).sum())


def _foreseen_kw(
    pump: HeatPump, start_c: Floats, points: OperatingPoints, backup_kw: Floats, weather: Weather, step_h: float
) -> Floats:
    """Heat of each step in a house of one room, as long as neither frost guard nor a limit takes part."""
    parts = dynamics(pump.building, step_h)
    ahead = dynamics(pump.building, control_reach_h(pump.building, step_h))
    forcing, forcing_ahead = forcing_c(parts, weather), forcing_c(ahead, weather)[:, 0]
    most = points.capacity_kw + _efficiency(pump) * backup_kw
    temps, wanted = start_c, np.empty(len(most))
    for step, limit_kw in enumerate(most):
        missing_k = pump.normal_c - float(ahead.transition[0] @ temps) - forcing_ahead[step]
        wanted[step] = min(max(missing_k / ahead.heat[0, 0], 0.0), limit_kw)
        temps = parts.transition @ temps + forcing[step] + parts.heat[:, 0] * wanted[step]
    return wanted


def _stepped(
    pump: HeatPump, start_c: Floats, points: OperatingPoints, backup_kw: Floats, weather: Weather, step_h: float
) -> HeatPumpRun:
    """Step by step by what the physics really did, for several rooms and for houses at their limits."""
    runs, temps = [], start_c
    target = np.full(len(pump.building.rooms), pump.normal_c)
    for step in range(len(backup_kw)):
        now = slice(step, step + 1)
        here = _cut_points(points, now)
        outside = Weather(outdoor_c=weather.outdoor_c[now], irradiance_w_m2=weather.irradiance_w_m2[now])
        wanted = heat_to_reach_kw(pump.building, temps, outside, target, step_h)
        request = _request(pump, wanted[None, :], here, backup_kw[now])
        runs.append(simulate_heat_pump(pump, temps, here, outside, request, step_h))
        temps = runs[-1].temps_c[-1]
    return HeatPumpRun(
        power_kw=np.concatenate([run.power_kw for run in runs]),
        compressor_kw=np.concatenate([run.compressor_kw for run in runs]),
        backup_kw=np.concatenate([run.backup_kw for run in runs]),
        heat_kw=np.concatenate([run.heat_kw for run in runs]),
        temps_c=np.concatenate([start_c[None, :], *(run.temps_c[1:] for run in runs)]),
        is_followed=all(run.is_followed for run in runs),
    )


def _request(pump: HeatPump, wanted_kw: Floats, points: OperatingPoints, backup_kw: Floats) -> HeatRequest:
    """The compressor first; the backup as far as it may help. ``wanted_kw`` has shape (n_steps, n_rooms)."""
    total = wanted_kw.sum(axis=1)
    compressor = np.minimum(total, points.capacity_kw)
    helped = np.minimum((total - compressor) / _efficiency(pump), backup_kw)
    even = np.full_like(wanted_kw, 1.0 / wanted_kw.shape[1])
    shares = np.divide(wanted_kw, total[:, None], out=even, where=total[:, None] > 0)
    return HeatRequest(compressor_kw=compressor, backup_kw=helped, shares=shares)


def _efficiency(pump: HeatPump) -> float:
    return 1.0 if pump.backup is None else pump.backup.efficiency


def _cut_points(points: OperatingPoints, now: slice) -> OperatingPoints:
    return OperatingPoints(
        source_c=points.source_c[now],
        supply_c=points.supply_c[now],
        cop=points.cop[now],
        capacity_kw=points.capacity_kw[now],
    )
