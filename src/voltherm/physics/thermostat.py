"""A heat pump's own room control: heat that brings rooms to a temperature, and orders kept between two of them."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.assets import Building, HeatPump
from voltherm.domain.heat_command import HeatOrder
from voltherm.physics.building import Dynamics, Weather, dynamics, forcing_c
from voltherm.physics.heat_pump import HeatPumpRun, HeatRequest, OperatingPoints, simulate_heat_pump

Floats = NDArray[np.float64]

SETTLED: Final = 0.7
"""Share of a room's lasting rise that it must show by the time a control judges it. Heat in a screed is felt later: a
control that wants its whole effect at once gives ``1 / share`` times too much, and ever more of it below a half."""
LONGEST_REACH_H: Final = 24.0
"""A room that is still slower is judged after so long. [h]"""
LEAST_KW: Final = 1e-9
"""No divisor is smaller. [kW]"""


def heat_to_reach_kw(building: Building, temps_c: Floats, weather: Weather, target_c: Floats, step_h: float) -> Floats:
    """Return the constant heat that brings each room to its target by the end of the step, shape (n_rooms,). [kW].

    ``H q = target - free``, where a room that is warm enough by itself gets none. Slow heating, as from a screed, is
    given longer: `control_reach_h`, at the weather of now.

    Parameters
    ----------
    building : Building
        Rooms and walls.
    temps_c : NDArray, shape (n_nodes,)
        Temperatures at the step's start. [degC]
    weather : Weather
        Of the one step.
    target_c : NDArray, shape (n_rooms,)
        Wanted temperatures. [degC]
    step_h : float
        Length of the step. [h]
    """
    n_rooms = len(building.rooms)
    parts = dynamics(building, control_reach_h(building, step_h))
    missing_k = target_c - _free_end_c(parts, temps_c, weather)[:n_rooms]
    heat_kw = np.zeros(n_rooms)
    active = missing_k > 0
    while active.any():
        at = np.flatnonzero(active)
        wanted = np.linalg.solve(parts.heat[np.ix_(at, at)], missing_k[at])
        if (wanted >= 0).all():
            heat_kw[at] = wanted
            break
        active[at[wanted < 0]] = False  # a neighbour's heat through the wall is enough
    return heat_kw


@lru_cache(maxsize=256)
def control_reach_h(building: Building, step_h: float) -> float:
    """Return how far a room control looks ahead: the step, doubled until heat is felt in every room. [h].

    Parameters
    ----------
    building : Building
        Rooms and walls.
    step_h : float
        Length of a step. [h]
    """
    own_kwh_per_k = np.array([room.capacitance_kwh_per_k + room.mass_capacitance_kwh_per_k for room in building.rooms])
    reach_h = step_h
    while reach_h < LONGEST_REACH_H:
        felt_k_per_kw = np.diagonal(dynamics(building, reach_h).heat[: len(building.rooms)])
        if (felt_k_per_kw >= SETTLED * reach_h / own_kwh_per_k).all():
            break
        reach_h *= 2.0
    return reach_h


def kept_request(
    pump: HeatPump, temps_c: Floats, points: OperatingPoints, weather: Weather, order: HeatOrder, step_h: float
) -> HeatRequest:
    """Return what the unit's own control makes of an order over one step; arrays of shape (1,).

    What is missing to the rooms' lower limits, or to where they should end, comes from the compressor as far as it
    goes, then from the backup: as much as is asked, and for the lower limits all. What is too much is taken from the
    backup first.

    Parameters
    ----------
    pump : HeatPump
        With its building.
    temps_c : NDArray, shape (n_nodes,)
        Temperatures at the step's start. [degC]
    points : OperatingPoints
        Of the one step.
    weather : Weather
        Of the one step.
    order : HeatOrder
        What is asked for.
    step_h : float
        Length of the step. [h]
    """
    capacity = float(points.capacity_kw[0])
    efficiency = 1.0 if pump.backup is None else pump.backup.efficiency
    limit_kw = 0.0 if pump.backup is None else pump.backup.limit_kw
    compressor, backup = min(order.compressor_kw, capacity), min(order.backup_kw, limit_kw)
    asked = compressor + efficiency * backup
    least, most = (
        heat_to_reach_kw(pump.building, temps_c, weather, np.array(limit), step_h)
        for limit in (order.low_c, order.high_c)
    )
    wanted = asked * _shares(order, most)
    if order.aim_c is not None:
        aimed = heat_to_reach_kw(pump.building, temps_c, weather, np.array(order.aim_c), step_h)
        wanted = aimed * min(1.0, (capacity + efficiency * backup) / max(float(aimed.sum()), LEAST_KW))
    heat = np.clip(wanted, least, np.maximum(least, most))
    total = float(heat.sum())
    if order.aim_c is None and total <= asked:
        backup = min(backup, max(0.0, total - compressor) / efficiency)
    elif order.aim_c is not None:
        backup = max(0.0, total - capacity) / efficiency
    compressor = min(capacity, max(0.0, total - efficiency * backup))
    backup = min(limit_kw, max(0.0, total - compressor) / efficiency)
    shares = heat / total if total > 0 else np.full(len(heat), 1.0 / len(heat))
    return HeatRequest(compressor_kw=np.array([compressor]), backup_kw=np.array([backup]), shares=shares[None, :])


def simulate_thermostat(
    pump: HeatPump, start_c: Floats, points: OperatingPoints, weather: Weather, set_point_c: Floats, step_h: float
) -> HeatPumpRun:
    """Return what the unit does when its own control holds a set point: heat as much as is needed, never for a price.

    Parameters
    ----------
    pump : HeatPump
        With its building.
    start_c : NDArray, shape (n_nodes,)
        Temperatures at the start. [degC]
    points : OperatingPoints
        Capacity and COP of the steps.
    weather : Weather
        Means of the steps.
    set_point_c : NDArray, shape (n_steps, n_rooms)
        What is held. [degC]
    step_h : float
        Length of a step. [h]
    """
    runs, temps = [], start_c
    for step, wanted in enumerate(set_point_c):
        now = slice(step, step + 1)
        here, outside = (
            _cut(points, now),
            Weather(outdoor_c=weather.outdoor_c[now], irradiance_w_m2=weather.irradiance_w_m2[now]),
        )
        set_point = tuple(wanted.tolist())
        request = kept_request(pump, temps, here, outside, HeatOrder(low_c=set_point, high_c=set_point), step_h)
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


def _free_end_c(parts: Dynamics, temps_c: Floats, weather: Weather) -> Floats:
    return np.asarray(parts.transition @ temps_c + forcing_c(parts, weather)[0])


def _shares(order: HeatOrder, most_kw: Floats) -> Floats:
    """How the heat is divided: as ordered, or as the rooms need it to reach their upper limits."""
    if order.shares is not None:
        return np.array(order.shares)
    total = float(most_kw.sum())
    return most_kw / total if total > 0 else np.full(len(most_kw), 1.0 / len(most_kw))


def _cut(points: OperatingPoints, now: slice) -> OperatingPoints:
    return OperatingPoints(
        source_c=points.source_c[now],
        supply_c=points.supply_c[now],
        cop=points.cop[now],
        capacity_kw=points.capacity_kw[now],
    )
