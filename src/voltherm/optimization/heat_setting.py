"""What a heat pump meets over the horizon: everything about it that is no decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.assets import Building, HeatPump
from voltherm.domain.comfort import ComfortBand
from voltherm.domain.plan import PlanInputs
from voltherm.optimization.model import Floats
from voltherm.physics.building import Dynamics, Weather, dynamics, forcing_c, start_temps_c
from voltherm.physics.heat_pump import (
    HeatPumpRun,
    OperatingPoints,
    heated_from,
    heating_limits_c,
    operating_points,
    simulate_frost_guard,
)

LIMIT_ROOM_K: Final = 1e-6
"""How far a plan may lie above a limit of heating: less than the plant takes for rounding, more than a solver's."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatReach:
    """Where the temperatures can be, whatever is planned.

    Parameters
    ----------
    free_c : NDArray, shape (n_steps, n_nodes)
        At the steps' ends without any heat: no plan is colder. [degC]
    full_c : NDArray, shape (n_steps, n_nodes)
        No plan is warmer: all heat all the time, as far as the limits of heating allow. [degC]
    unheated_c : NDArray, shape (n_steps, n_nodes)
        No plan is warmer that gives the node's room no heat in the step itself. [degC]
    room_limit_kw : NDArray, shape (n_steps, n_rooms)
        Most heat that each room can be given: by capacity, emitters, and the limits of heating. [kW]
    """

    free_c: Floats
    full_c: Floats
    unheated_c: Floats
    room_limit_kw: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatSetting:
    """What a heat pump meets.

    Parameters
    ----------
    pump : HeatPump
        Parameters.
    start_c : NDArray, shape (n_nodes,)
        Temperatures at the start. [degC]
    weather : Weather
        Outdoor temperature and sun.
    points : OperatingPoints
        COP and capacity of each step.
    bands : tuple of ComfortBand, one a room
        Comfort.
    step_h : float
        Length of a step. [h]
    reach : HeatReach
        Where the temperatures can be.
    guarded : HeatPumpRun
        What the frost guard does in the first steps before anything else can be asked for; mostly of no steps.
    """

    pump: HeatPump
    start_c: Floats
    weather: Weather
    points: OperatingPoints
    bands: tuple[ComfortBand, ...]
    step_h: float
    reach: HeatReach
    guarded: HeatPumpRun

    @property
    def n_guarded(self) -> int:
        """Steps that the frost guard has to itself."""
        return len(self.guarded.power_kw)

    @property
    def guarded_kw(self) -> Floats:
        """Electric power that cannot be avoided, shape (n_steps,), without standby. [kW]."""
        power = np.zeros(len(self.points.cop))
        power[: self.n_guarded] = self.guarded.power_kw
        return power

    @property
    def backup_limit_kw(self) -> float:
        """Largest electric power of the backup; 0 without one. [kW]."""
        return 0.0 if self.pump.backup is None else self.pump.backup.limit_kw

    @property
    def backup_efficiency(self) -> float:
        """Heat over electricity of the backup."""
        return 1.0 if self.pump.backup is None else self.pump.backup.efficiency

    @property
    def compressor_most_kw(self) -> Floats:
        """Most heat of the compressor that the rooms take, shape (n_steps,). [kW]."""
        return np.asarray(np.minimum(self.points.capacity_kw, self.reach.room_limit_kw.sum(axis=1)))

    @property
    def backup_most_kw(self) -> Floats:
        """Most electric power of the backup whose heat the rooms take, shape (n_steps,). [kW]."""
        taken_kw = self.reach.room_limit_kw.sum(axis=1) / self.backup_efficiency
        return np.asarray(np.minimum(self.backup_limit_kw, taken_kw))

    @property
    def highest_kw(self) -> Floats:
        """Largest electric power in each step, shape (n_steps,), without standby. [kW]."""
        return self.points.capacity_kw / self.points.cop + self.backup_limit_kw

    @property
    def mean_cop(self) -> float:
        """Heat over electricity of the compressor, over the horizon; 1 where it never runs."""
        power = float((self.points.capacity_kw / self.points.cop).sum())
        return float(self.points.capacity_kw.sum()) / power if power > 0 else 1.0

    @property
    def is_hard(self) -> NDArray[np.bool_]:
        """Where only heat can bring a node above its limit, so that no plan does; shape (n_steps, n_nodes)."""
        limits = heating_limits_c(self.pump.building)
        hard = (self.reach.unheated_c <= limits) & (self.reach.full_c >= limits)
        hard[: self.n_guarded] = False
        return hard


def heat_settings(pumps: tuple[HeatPump, ...], inputs: PlanInputs, zone: ZoneInfo) -> dict[str, HeatSetting]:
    """Return what each heat pump meets, by id.

    Parameters
    ----------
    pumps : tuple of HeatPump
        Of the site.
    inputs : PlanInputs
        Grid, weather and states; checked by the caller.
    zone : ZoneInfo
        Of the comfort windows.
    """
    return {pump.id: _setting(pump, inputs, zone) for pump in pumps}


def _setting(pump: HeatPump, inputs: PlanInputs, zone: ZoneInfo) -> HeatSetting:
    grid, building = inputs.grid, pump.building
    outdoor = inputs.weather["outdoor_c"].values
    sun = inputs.weather.get("irradiance_w_m2")
    weather = Weather(outdoor_c=outdoor, irradiance_w_m2=np.zeros(grid.n_steps) if sun is None else sun.values)
    points = operating_points(pump, outdoor, grid.epoch_seconds)
    start = start_temps_c(building, inputs.heat[pump.id].building)
    limit_kw, efficiency = (0.0, 1.0) if pump.backup is None else (pump.backup.limit_kw, pump.backup.efficiency)
    parts = dynamics(building, grid.step_h)
    guarded = simulate_frost_guard(pump, start, points, weather, grid.step_h)
    heat_kw = points.capacity_kw + efficiency * limit_kw
    return HeatSetting(
        pump=pump,
        start_c=start,
        weather=weather,
        points=points,
        bands=tuple(building.comfort_of(room).band(grid, zone) for room in building.rooms),
        step_h=grid.step_h,
        reach=_reach(building, parts, forcing_c(parts, weather), heat_kw, guarded),
        guarded=guarded,
    )


def _reach(building: Building, parts: Dynamics, forcing: Floats, heat_kw: Floats, guarded: HeatPumpRun) -> HeatReach:
    """Bounds that hold for every plan, because all entries of the dynamics are non-negative.

    A node that is heated in a step ends it at or below its limit of heating; one that is not can end it above only as
    far as the free flow brings it there. The free flow also says how much heat fits below the limit.
    """
    heated, limits = heated_from(building), heating_limits_c(building) + LIMIT_ROOM_K
    free = _free_run(parts, guarded.temps_c[0], forcing)
    own = parts.heat[np.arange(len(heated)), heated]
    emitters = [np.inf if room.heat_limit_kw is None else room.heat_limit_kw for room in building.rooms]
    most = np.minimum(heat_kw[:, None], np.array(emitters))
    fits = np.maximum(limits - free, 0.0)
    for node, room in enumerate(heated):
        if own[node] > 0:
            most[:, room] = np.minimum(most[:, room], fits[:, node] / own[node])
    n_given = len(guarded.heat_kw)
    most[:n_given] = guarded.heat_kw
    by_own = most[:, heated] * own
    by_others = forcing + most @ parts.heat.T - by_own
    full, unheated, now = np.empty_like(free), np.empty_like(free), guarded.temps_c[-1]
    full[:n_given] = unheated[:n_given] = guarded.temps_c[1:]
    for step in range(n_given, len(free)):
        unheated[step] = parts.transition @ now + by_others[step]
        now = full[step] = np.minimum(unheated[step] + by_own[step], np.maximum(limits, unheated[step]))
    return HeatReach(free_c=free, full_c=full, unheated_c=unheated, room_limit_kw=most)


def _free_run(parts: Dynamics, start_c: Floats, forcing: Floats) -> Floats:
    temps, now = np.empty_like(forcing), start_c
    for step, extra in enumerate(forcing):
        now = parts.transition @ now + extra
        temps[step] = now
    return temps
