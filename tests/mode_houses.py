"""Random houses with a heat pump of levels, small enough for a mixed-integer program to prove the optimum."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from tests.oracles.facts import facts_of
from tests.oracles.modes_milp import LevelFacts
from tests.tariffs import demand, energy, export, tariff_of
from voltherm.domain.assets import (
    Asset,
    BackupHeater,
    Battery,
    BatteryState,
    Building,
    BuildingState,
    HeatMode,
    HeatPump,
    HeatPumpState,
    HeatSource,
    Load,
    Pv,
    RatingPoint,
    Room,
    Schedule,
)
from voltherm.domain.comfort import Comfort, ComfortWindow
from voltherm.domain.plan import PlanInputs, PlanOptions, Terminal
from voltherm.domain.series import Series
from voltherm.domain.site import Connection, Site
from voltherm.domain.time import TimeGrid
from voltherm.optimization.mode_levels import levels_of, mode_costs
from voltherm.optimization.problem import build_site_problem

START = datetime(2026, 1, 14, 23, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a drawn house has."""

    has_mass: bool = False
    schedule: Schedule = Schedule.ON_OFF
    n_steps: int = 24
    step: timedelta = timedelta(hours=1)
    has_pv: bool = False
    has_battery: bool = False
    has_demand: bool = False
    hold_h: float | None = None


def draw_house(number: int, kind: Kind) -> tuple[Site, PlanInputs]:
    """Return house number so many of a kind, in a day of winter, with prices that swing."""
    draw = np.random.default_rng(number)
    pump, start_c, mass_c = _pump(draw, kind)
    grid = TimeGrid(START, kind.step, kind.n_steps)
    hour = (grid.epoch_seconds / 3600 + 1) % 24
    outdoor = draw.uniform(-8, 6) + 3 * np.sin((hour - 9) * np.pi / 12) + 0.3 * draw.normal(size=kind.n_steps)
    sun = draw.uniform(50, 400) * np.maximum(0, np.sin((hour - 8) * np.pi / 8)) * (hour > 8) * (hour < 16)
    spot = 0.12 + 0.05 * np.sin((hour - 3) * np.pi / 6) + draw.choice([0.005, 0.03]) * draw.normal(size=kind.n_steps)
    if draw.random() < 0.15:
        spot[draw.integers(kind.n_steps) :][:3] -= 0.3
    rules = [energy(series="spot"), energy(0.08, name="network")]
    assets: list[Asset] = [pump]
    power: dict[str, Series] = {}
    states: dict[str, BatteryState] = {}
    if kind.has_pv or kind.has_battery or kind.has_demand:
        assets.append(Load(id="load"))
        power["load"] = Series(grid, 0.3 + 0.5 * draw.random(kind.n_steps) + 0.6 * (np.abs(hour - 19) < 2))
        rules.append(export(0.05))
    if kind.has_pv:
        assets.append(Pv(id="roof"))
        power["roof"] = Series(grid, sun / 1000 * draw.uniform(5, 20))
    if kind.has_battery:
        assets.append(_battery(draw))
        states["bess"] = BatteryState(soc=draw.uniform(0.2, 0.8))
    if kind.has_demand:
        rules.append(demand(draw.uniform(0.3, 3.0), interval_minutes=60))
    site = Site(
        id="house",
        zone=ZONE,
        connection=Connection(import_limit_kw=25.0, export_limit_kw=25.0),
        assets=tuple(assets),
        tariff=tariff_of(*rules, zone="Europe/Berlin"),
    )
    was = draw.choice(3)
    return site, PlanInputs(
        now=grid.start,
        grid=grid,
        power_kw=power,
        states=states,
        prices={"spot": Series(grid, spot)},
        options=PlanOptions(terminal=Terminal.VALUE, mode_hold_h=kind.hold_h),
        heat={
            "pump": HeatPumpState(
                building=BuildingState(room_c={"home": start_c}, mass_c={"home": mass_c} if kind.has_mass else {}),
                is_running=[None, True, False][was],
                mode=[None, HeatMode.BOOST, HeatMode.OFF][was],
            )
        },
        weather={"outdoor_c": Series(grid, outdoor), "irradiance_w_m2": Series(grid, sun)},
    )


def _pump(draw: np.random.Generator, kind: Kind) -> tuple[HeatPump, float, float]:
    loss = draw.uniform(0.08, 0.3)
    low = draw.choice([19.0, 20.0, 20.5])
    night = ComfortWindow(days=frozenset(range(7)), start_minute=22 * 60, end_minute=6 * 60, low_c=low - 1, high_c=25)
    comfort = Comfort(
        low_c=low,
        high_c=low + draw.choice([1.5, 2.5, 4.0]),
        windows=(night,) if draw.random() < 0.4 else (),
        cold_price_per_kh=draw.choice([0.5, 2.0]),
        heat_price_per_kh=draw.choice([0.2, 1.0]),
    )
    floor = {"heat_to_mass": 0.9} if draw.random() < 0.5 else {"heat_to_mass": 0.0}
    mass = {
        "mass_capacitance_kwh_per_k": draw.uniform(5, 30),
        "mass_coupling_kw_per_k": draw.uniform(0.5, 2.0),
        "solar_to_mass": 0.5,
        **floor,
    }
    room = Room(
        id="home",
        capacitance_kwh_per_k=draw.uniform(0.7, 3.0) if kind.has_mass else draw.uniform(4, 20),
        loss_kw_per_k=loss,
        solar_aperture_m2=loss * draw.uniform(0, 25),
        internal_gain_kw=loss * draw.uniform(0, 4),
        **(mass if kind.has_mass else {}),
    )
    design_kw = loss * 32
    heat_kw = design_kw * draw.uniform(0.9, 1.6)
    pump = HeatPump(
        id="pump",
        building=Building(rooms=(room,), comfort=comfort),
        source=draw.choice([HeatSource.AIR, HeatSource.GROUND]),
        rating_points=(RatingPoint(source_c=0.0, supply_c=35.0, heat_kw=heat_kw, cop=draw.uniform(3, 4.5)),),
        schedule=kind.schedule,
        start_cost=draw.choice([0.0, 0.02, 0.1]),
        min_run_h=draw.choice([0.0, 0.5, 2.0]),
        min_off_h=draw.choice([0.0, 0.5, 1.0]),
        backup=BackupHeater(limit_kw=3.0) if draw.random() < 0.3 else None,
    )
    start = low + draw.uniform(-0.5, 2.0)
    return pump, start, start + draw.uniform(-0.5, 0.5)


def _battery(draw: np.random.Generator) -> Battery:
    return Battery(
        id="bess",
        capacity_kwh=draw.choice([5.0, 10.0]),
        charge_limit_kw=5.0,
        discharge_limit_kw=5.0,
        charge_efficiency=0.95,
        discharge_efficiency=0.95,
        wear_cost_per_kwh=0.01,
    )


def level_facts(site: Site, inputs: PlanInputs) -> LevelFacts:
    """Return what the oracle must know of the heat pump."""
    problem = build_site_problem(site, inputs)
    (pump,) = site.heat_pumps
    setting, state = problem.heat[pump.id], inputs.heat[pump.id]
    levels = levels_of(setting)
    costs = mode_costs(setting, problem.prices, problem.penalties)
    (room,) = pump.building.rooms
    comfort, step_h = pump.building.comfort, inputs.grid.step_h
    hold = inputs.options.mode_hold_h or step_h
    local_h = (inputs.grid.epoch_seconds + 3600) / 3600
    block = np.floor(local_h / hold + 1e-9)
    first = (0, *(int(at) + 1 for at in np.flatnonzero(np.diff(block))))
    was_level = None
    if state.mode is not None:
        was_level = levels.modes.index(state.mode)
    return LevelFacts(
        room=room,
        start_c=setting.start_c,
        outdoor_c=setting.weather.outdoor_c,
        irradiance_w_m2=setting.weather.irradiance_w_m2,
        low_c=setting.bands[0].low_c,
        high_c=setting.bands[0].high_c,
        cold_price_per_kh=comfort.cold_price_per_kh,
        heat_price_per_kh=comfort.heat_price_per_kh,
        heat_worth_per_kwh=problem.heat_value_per_kwh[pump.id],
        heat_kw=levels.heat_kw,
        power_kw=levels.power_kw,
        is_running=levels.is_running,
        first=first,
        start_cost=pump.start_cost,
        change_cost=costs.change,
        min_run_steps=max(1, int(np.ceil(pump.min_run_h / step_h - 1e-9))),
        min_off_steps=max(1, int(np.ceil(pump.min_off_h / step_h - 1e-9))),
        was_running=state.is_running,
        was_level=was_level,
    )


def site_facts(site: Site, inputs: PlanInputs):
    problem = build_site_problem(site, inputs)
    return facts_of(site, inputs, problem.ending.value_per_kwh)
