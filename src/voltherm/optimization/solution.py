"""From a solution's columns back to power series that the physics can replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from voltherm.domain.assets import Battery, HeatMode
from voltherm.domain.plan import PlanInputs
from voltherm.domain.site import Site
from voltherm.optimization.blocks.battery import BatteryColumns, power_limits
from voltherm.optimization.blocks.heat_pump import HeatPumpColumns
from voltherm.optimization.heat_setting import HeatSetting
from voltherm.optimization.mode_levels import SwitchedHeat
from voltherm.optimization.model import Floats
from voltherm.optimization.problem import SiteProblem
from voltherm.physics.battery import BatteryRun, simulate_battery
from voltherm.physics.heat_pump import HeatPumpRun, HeatRequest, mode_requests, simulate_heat_pump

NOISE_KW = 1e-9
"""Power below a microwatt is the interior point's distance from a bound, and is set to zero; a milliwatt would be too
much, because at a demand charge it costs a small site more than a millionth of its bill."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlannedSeries:
    """What is planned, as the physics replays it.

    Parameters
    ----------
    batteries : Mapping of battery id to BatteryRun
        AC power and stored energy.
    heat_pumps : Mapping of heat pump id to HeatPumpRun
        Power, heat and temperatures.
    pv_used_kw : Mapping of PV id to NDArray, shape (n_steps,)
        Power used, non-negative. [kW]
    grid_kw : NDArray, shape (n_steps,)
        Net power at the meter, import positive. [kW]
    switched : Mapping of heat pump id to SwitchedHeat
        Levels of the heat pumps that are switched; without those that are planned as power.
    """

    batteries: Mapping[str, BatteryRun]
    heat_pumps: Mapping[str, HeatPumpRun]
    pv_used_kw: Mapping[str, Floats]
    grid_kw: Floats
    switched: Mapping[str, SwitchedHeat] = field(default_factory=dict)

    @property
    def import_kw(self) -> Floats:
        """Mean import. [kW]."""
        return np.maximum(self.grid_kw, 0.0)

    @property
    def export_kw(self) -> Floats:
        """Mean export. [kW]."""
        return np.maximum(-self.grid_kw, 0.0)


def planned_series(
    site: Site,
    inputs: PlanInputs,
    problem: SiteProblem,
    x: Floats,
    switched: Mapping[str, SwitchedHeat] = MappingProxyType({}),
) -> PlannedSeries:
    """Return the series of a solution: batteries netted and replayed, PV used, and the meter by the balance.

    Where a solution charges and discharges in one step, both are replaced by the one power with the same change of
    stored energy. The meter then imports less; PV that no longer finds a place is curtailed.

    Parameters
    ----------
    site, inputs, problem
        What was solved.
    x : NDArray, shape (n,)
        The columns' values.
    switched : Mapping of heat pump id to SwitchedHeat
        Levels that the columns of these heat pumps stand for.
    """
    step_h = inputs.grid.step_h
    runs, drawn, drawn_by_solution = {}, np.zeros(inputs.grid.n_steps), np.zeros(inputs.grid.n_steps)
    for battery in site.batteries:
        columns = problem.batteries[battery.id]
        asked = _netted_kw(battery, inputs, columns, x)
        runs[battery.id] = simulate_battery(battery, inputs.states[battery.id], asked, step_h)
        drawn += runs[battery.id].power_kw
        drawn_by_solution += x[columns.charge_kw] - x[columns.discharge_kw]
    heat_runs = {}
    for name, setting in problem.heat.items():
        request = heat_request(problem.heat_pumps[name], x)
        heat_runs[name] = _heated(setting, request)
        drawn += heat_runs[name].power_kw
        drawn_by_solution += request.compressor_kw / setting.points.cop + request.backup_kw
    curtailed = _curtailed_kw(problem, x, np.maximum(drawn_by_solution - drawn, 0.0))
    grid = problem.fixed_net_kw + drawn + sum(curtailed.values(), np.zeros(inputs.grid.n_steps))
    grid[np.abs(grid) < NOISE_KW] = 0.0
    used = {plant: problem.available_kw[plant] - curtailed[plant] for plant in problem.pv}
    return PlannedSeries(batteries=runs, heat_pumps=heat_runs, pv_used_kw=used, grid_kw=grid, switched=dict(switched))


def heat_request(columns: HeatPumpColumns, x: Floats) -> HeatRequest:
    """Return what a solution asks a heat pump for.

    Parameters
    ----------
    columns : HeatPumpColumns
        Its columns.
    x : NDArray, shape (n,)
        The columns' values.
    """
    compressor = x[columns.compressor_kw].copy()
    compressor[compressor < NOISE_KW] = 0.0
    backup = x[columns.backup_kw].copy() if len(columns.backup_kw) else np.zeros_like(compressor)
    backup[backup < NOISE_KW] = 0.0
    shares = room_shares(x[columns.room_kw]) if len(columns.room_kw) else np.ones((len(compressor), 1))
    return HeatRequest(compressor_kw=compressor, backup_kw=backup, shares=shares)


def room_shares(room_kw: Floats) -> Floats:
    """Return how heat into rooms, shape (n_rooms, n_steps), is divided, shape (n_steps, n_rooms); evenly where none."""
    heat = np.maximum(room_kw.T, 0.0)
    total = heat.sum(axis=1, keepdims=True)
    even = np.full_like(heat, 1.0 / heat.shape[1])
    return np.asarray(np.divide(heat, total, out=even, where=total > NOISE_KW))


def _heated(setting: HeatSetting, request: HeatRequest) -> HeatPumpRun:
    return simulate_heat_pump(setting.pump, setting.start_c, setting.points, setting.weather, request, setting.step_h)


def idle_series(site: Site, inputs: PlanInputs, problem: SiteProblem) -> PlannedSeries:
    """Return the series of a site that is left alone.

    Batteries rest, heat pumps follow their own control (NORMAL), PV is curtailed only as far as the export limit asks.
    """
    n, step_h = inputs.grid.n_steps, inputs.grid.step_h
    still = np.zeros(n)
    runs = {
        battery.id: simulate_battery(battery, inputs.states[battery.id], still, step_h) for battery in site.batteries
    }
    heat_runs = {}
    for name, setting in problem.heat.items():
        asked = mode_requests(setting.pump, setting.points, setting.weather.outdoor_c)[HeatMode.NORMAL]
        heat_runs[name] = _heated(setting, asked)
    net = problem.fixed_net_kw + sum((run.power_kw for run in heat_runs.values()), still)
    surplus = np.maximum(-net - site.connection.export_limit_kw, 0.0)
    curtailed: dict[str, Floats] = {}
    for plant_id, columns in problem.pv.items():
        curtailed[plant_id] = np.zeros(n)
        part = np.minimum(surplus[columns.steps], problem.available_kw[plant_id][columns.steps])
        curtailed[plant_id][columns.steps] = part
        surplus[columns.steps] -= part
    grid = net + sum(curtailed.values(), still)
    used = {plant: problem.available_kw[plant] - curtailed[plant] for plant in problem.pv}
    return PlannedSeries(batteries=runs, heat_pumps=heat_runs, pv_used_kw=used, grid_kw=grid)


def _netted_kw(battery: Battery, inputs: PlanInputs, columns: BatteryColumns, x: Floats) -> Floats:
    stored = battery.charge_efficiency * x[columns.charge_kw] - x[columns.discharge_kw] / battery.discharge_efficiency
    net = np.where(stored >= 0, stored / battery.charge_efficiency, stored * battery.discharge_efficiency)
    net[np.abs(net) < NOISE_KW] = 0.0
    limits = power_limits(battery, inputs.states[battery.id], inputs.grid.n_steps)
    return np.clip(net, -limits.discharge_kw, limits.charge_kw)


def _curtailed_kw(problem: SiteProblem, x: Floats, freed_kw: Floats) -> dict[str, Floats]:
    """Curtailment of the solution, plus what netting freed where the meter would else export more than planned."""
    planned_import = x[problem.connection.import_kw]
    homeless = np.maximum(freed_kw - planned_import, 0.0)
    homeless[homeless < NOISE_KW] = 0.0
    curtailed: dict[str, Floats] = {}
    for plant_id, columns in problem.pv.items():
        power = np.zeros(len(freed_kw))
        power[columns.steps] = x[columns.curtailed_kw]
        power[power < NOISE_KW] = 0.0
        room = np.minimum(problem.available_kw[plant_id] - power, homeless)
        room[room < 0] = 0.0
        allowed = np.zeros(len(freed_kw))
        allowed[columns.steps] = room[columns.steps]
        curtailed[plant_id] = power + allowed
        homeless = homeless - allowed
    return curtailed
