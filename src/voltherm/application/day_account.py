"""What heating costs over the first steps of a plan: the plan's way, and the thermostat's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.application.planned_day import DayAccount
from voltherm.application.thermostat_baseline import simulate_baseline, starts_of
from voltherm.domain.assets import HeatPump
from voltherm.domain.plan import Plan, PlanInputs
from voltherm.domain.site import Site
from voltherm.domain.tariffs import Usage
from voltherm.optimization.problem import build_site_problem
from voltherm.physics.building import Weather, start_temps_c, stored_heat_kwh
from voltherm.physics.heat_pump import operating_points

SHOWN_KWH: Final = 0.01
"""A gain of so much heat over a plan shows what a kWh was taken to be worth; less drowns in rounding. [kWh]"""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """Plan and thermostat over the same steps.

    Parameters
    ----------
    plan, baseline : DayAccount
        Of each.
    heat_worth_per_kwh : float
        What the plan takes heat to be worth that stays in the building. [currency/kWh]
    """

    plan: DayAccount
    baseline: DayAccount
    heat_worth_per_kwh: float


def compare(site: Site, pump: HeatPump, inputs: PlanInputs, plan: Plan, n_steps: int) -> Comparison:
    """Return what plan and thermostat cost over the first steps of a plan.

    Parameters
    ----------
    site : Site
        With the heat pump alone.
    pump : HeatPump
        Its heat pump.
    inputs : PlanInputs
        What the plan was made from.
    plan : Plan
        The plan.
    n_steps : int
        Steps of the day, from the first; 0 where nothing of it is left.
    """
    heat = plan.assets[pump.id].heat
    if heat is None:
        raise AssertionError("a plan of a heat pump has heat")
    weather = Weather(
        outdoor_c=inputs.weather["outdoor_c"].values, irradiance_w_m2=inputs.weather["irradiance_w_m2"].values
    )
    points = operating_points(pump, weather.outdoor_c, inputs.grid.epoch_seconds)
    start_c = start_temps_c(pump.building, inputs.heat[pump.id].building)
    run = simulate_baseline(pump, start_c, points, weather, inputs.grid.step_h)
    return Comparison(
        plan=_account(site, pump, inputs, _Done(heat.compressor_kw, heat.temps_c, plan.grid_power_kw), n_steps),
        baseline=_account(
            site,
            pump,
            inputs,
            _Done(run.compressor_kw, run.temps_c, run.power_kw + pump.standby_kw),
            n_steps,
        ),
        heat_worth_per_kwh=_heat_worth_per_kwh(site, pump, inputs, plan),
    )


def _heat_worth_per_kwh(site: Site, pump: HeatPump, inputs: PlanInputs, plan: Plan) -> float:
    """Worth of heat that stays in the building, as the plan priced it: read off its objective, where that shows it."""
    heat = plan.assets[pump.id].heat
    if heat is not None:
        gained_kwh = stored_heat_kwh(pump.building, heat.temps_c[-1]) - stored_heat_kwh(pump.building, heat.temps_c[0])
        if abs(gained_kwh) > SHOWN_KWH:
            return plan.objective.stored_energy / gained_kwh
    return build_site_problem(site, inputs).heat_value_per_kwh[pump.id]


@dataclass(frozen=True, slots=True, eq=False)
class _Done:
    """What was done over a plan's grid: the compressor's heat, the temperatures, the power at the meter."""

    compressor_kw: Floats
    temps_c: Floats
    power_kw: Floats


def _account(site: Site, pump: HeatPump, inputs: PlanInputs, done: _Done, n_steps: int) -> DayAccount:
    rooms = done.temps_c[1 : n_steps + 1] if n_steps else done.temps_c[:1]
    rooms = rooms[:, : len(pump.building.rooms)]
    return DayAccount(
        cost=bill_of(site, inputs, done.power_kw, slice(0, n_steps)) if n_steps else 0.0,
        energy_kwh=inputs.grid.step_h * float(done.power_kw[:n_steps].sum()),
        discomfort_kh=_discomfort_kh(pump, inputs, rooms, site.zone) if n_steps else 0.0,
        starts=starts_of(done.compressor_kw[:n_steps]),
        mean_indoor_c=float(rooms.mean()),
        lowest_indoor_c=float(rooms.min()),
        end_heat_kwh=stored_heat_kwh(pump.building, done.temps_c[n_steps]),
    )


def bill_of(site: Site, inputs: PlanInputs, power_kw: Floats, steps: slice) -> float:
    """Return what some steps' power at the meter costs by the tariff, above a meter that stands still. [currency].

    Parameters
    ----------
    site : Site
        With the tariff.
    inputs : PlanInputs
        Grid and prices.
    power_kw : NDArray, shape (n_steps,)
        At the meter, import positive. [kW]
    steps : slice
        Which; at least one.
    """
    grid = inputs.grid.part(steps.start, steps.stop - steps.start)
    prices = {name: series.values[steps] for name, series in inputs.prices.items()}
    return sum(site.tariff.bill_above(Usage.of_net(grid, power_kw[steps], prices)).values())


def _discomfort_kh(pump: HeatPump, inputs: PlanInputs, rooms_c: Floats, zone: ZoneInfo) -> float:
    grid = inputs.grid.part(0, len(rooms_c))
    total_k = 0.0
    for at, room in enumerate(pump.building.rooms):
        band = pump.building.comfort_of(room).band(grid, zone)
        total_k += float(np.maximum(band.low_c - rooms_c[:, at], 0.0).sum())
        total_k += float(np.maximum(rooms_c[:, at] - band.high_c, 0.0).sum())
    return grid.step_h * total_k
