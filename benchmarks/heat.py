"""Latency of a house's plan: heat pump, room and mass, PV, battery and two demand windows in one problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import cvxpy as cp
import numpy as np

from benchmarks.measure import Contender, interleaved_cpu_ms, machine_note, markdown_table
from benchmarks.sites import STEP, STEPS
from tests.oracles.cvxpy_heat import ParametrisedHouse
from tests.oracles.facts import SiteFacts, facts_of
from tests.oracles.heat_facts import HeatFacts, HeatPrices, heat_facts_of
from voltherm.application.plan_site import plan_site
from voltherm.domain.assets import (
    BackupHeater,
    Battery,
    BatteryState,
    Building,
    BuildingState,
    HeatPump,
    HeatPumpState,
    HeatSource,
    Load,
    Pv,
    RatingPoint,
    Room,
)
from voltherm.domain.comfort import Comfort, ComfortWindow
from voltherm.domain.plan import Optimal, PlanInputs, PlanOptions, Terminal
from voltherm.domain.series import Series
from voltherm.domain.site import Connection, Site
from voltherm.domain.tariffs import Demand, Direction, Energy, Metering, PowerQuantity, Price, Tariff, Tax, When
from voltherm.domain.time import TimeGrid
from voltherm.optimization.blocks.heat_pump import discomfort_prices, frost_price
from voltherm.optimization.problem import build_site_problem
from voltherm.optimization.solver import Solved, solve

ROUNDS = 40
FIRST = datetime(2026, 1, 14, 22, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Helsinki")
OURS, DPP = "Voltherm plan_site", "cvxpy DPP, built once, Clarabel"
TARGET_MS = 25.0
AGREEMENT = 1e-5
"""Relative difference of the objectives above which the comparison would be of different problems."""

TARIFF = Tariff(
    id="house",
    currency="EUR",
    zone=ZONE,
    components=(
        Energy(id="spot", price=Price(series="spot")),
        Energy(id="network", price=Price(const=0.04)),
        Energy(id="export", price=Price(series="spot", scale=0.9), quantity=PowerQuantity(direction=Direction.EXPORT)),
        Demand(id="day", price=Price(const=4.0), metering=Metering(when=When(windows=((7 * 60, 22 * 60),)))),
        Demand(id="night", price=Price(const=1.5), metering=Metering(when=When(windows=((22 * 60, 7 * 60),)))),
        Tax(id="vat", rate=0.255, on=("spot", "network", "day", "night")),
    ),
)
NIGHT = ComfortWindow(days=frozenset(range(7)), start_minute=22 * 60, end_minute=6 * 60, low_c=18.5, high_c=22.0)
ROOM = Room(
    id="home",
    capacitance_kwh_per_k=2.5,
    loss_kw_per_k=0.14,
    mass_capacitance_kwh_per_k=16.0,
    mass_coupling_kw_per_k=1.5,
    mass_loss_kw_per_k=0.02,
    solar_aperture_m2=8.0,
    solar_to_mass=0.5,
    internal_gain_kw=0.4,
    heat_to_mass=0.4,
)
PUMP = HeatPump(
    id="pump",
    building=Building(rooms=(ROOM,), comfort=Comfort(low_c=20.0, high_c=22.5, windows=(NIGHT,))),
    source=HeatSource.AIR,
    rating_points=(
        RatingPoint(source_c=7.0, supply_c=35.0, heat_kw=8.0, cop=4.6),
        RatingPoint(source_c=-7.0, supply_c=35.0, heat_kw=6.3, cop=2.9),
    ),
    backup=BackupHeater(limit_kw=3.0),
    standby_kw=0.04,
)
BATTERY = Battery(
    id="bess",
    capacity_kwh=10.0,
    charge_limit_kw=5.0,
    discharge_limit_kw=5.0,
    charge_efficiency=0.95,
    discharge_efficiency=0.95,
    soc_min=0.1,
    soc_max=0.95,
    wear_cost_per_kwh=0.01,
)
SITE = Site(
    id="house",
    zone=ZONE,
    connection=Connection(import_limit_kw=17.0, export_limit_kw=17.0),
    assets=(Load(id="load"), Pv(id="roof"), BATTERY, PUMP),
    tariff=TARIFF,
)


def house_case(number: int) -> tuple[Site, PlanInputs]:
    """Return the house in winter, two days from a quarter of an hour later for each number, with other forecasts."""
    grid, draw = TimeGrid(FIRST + number * STEP, STEP, STEPS), np.random.default_rng(number)
    hour = ((grid.epoch_seconds / 3600 + 2) % 24).astype(np.float64)
    daylight = np.maximum(0, np.sin((hour - 8) * np.pi / 8)) * (hour > 8) * (hour < 16)
    outdoor = draw.uniform(-14, 2) + 3 * np.sin((hour - 9) * np.pi / 12) + draw.normal(0, 0.2, STEPS)
    spot = 0.08 + 0.05 * np.sin((hour - 4) * np.pi / 6) + draw.normal(0, 0.01, STEPS)
    sun = draw.uniform(50, 400) * daylight
    load = 0.4 + 0.3 * draw.random(STEPS) + 1.2 * (np.abs(hour - 18.5) < 2)
    state = BuildingState(room_c={"home": draw.uniform(19.5, 21.5)}, mass_c={"home": draw.uniform(19.5, 21.5)})
    return SITE, PlanInputs(
        now=grid.start,
        grid=grid,
        power_kw={"load": Series(grid, load), "roof": Series(grid, sun / 1000 * 8)},
        states={"bess": BatteryState(soc=draw.uniform(0.2, 0.8))},
        prices={"spot": Series(grid, np.maximum(spot, 0.005))},
        options=PlanOptions(terminal=Terminal.VALUE),
        heat={"pump": HeatPumpState(building=state)},
        weather={"outdoor_c": Series(grid, outdoor), "irradiance_w_m2": Series(grid, sun)},
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Given:
    """Number so many of the house: for us as domain objects, for the rivals as the arrays that they need."""

    site: Site
    inputs: PlanInputs
    facts: SiteFacts
    house: HeatFacts


def _given(number: int) -> Given:
    site, inputs = house_case(number)
    problem = build_site_problem(site, inputs)
    (cold, warm), frost = discomfort_prices(PUMP, 0, problem.penalties), frost_price(PUMP, 0, problem.penalties)
    prices = HeatPrices(
        cold=(cold,),
        warm=(warm,),
        frost=(frost,),
        stored=problem.heat_value_per_kwh["pump"],
        missing=problem.penalties.terminal_per_kwh_heat,
    )
    return Given(
        site=site,
        inputs=inputs,
        facts=facts_of(site, inputs, problem.ending.value_per_kwh),
        house=heat_facts_of(site, inputs, problem.heat["pump"].points, prices),
    )


def report() -> str:
    """Return the table, and how far the plans are proven."""
    _check_agreement()
    medians = interleaved_cpu_ms(_contenders(), ROUNDS, _given)
    plans = [plan_site(*house_case(number)) for number in range(ROUNDS)]
    optimal = sum(plan.outcome == Optimal() for plan in plans)
    gap = max(plan.certified_gap for plan in plans)
    return "\n".join(
        [
            f"## Plan of a house with a heat pump, {STEPS} steps: CPU ms, median\n",
            "Room and mass, backup heater, PV, battery and two demand windows in one problem. Ours from site data to",
            "the replayed, billed, explained and validated plan; the others from ready arrays (COP, capacity and the",
            f"steps of the building are given to them) to the objective. Interleaved, fresh data; {machine_note()}.\n",
            _table(medians),
            f"\n{optimal} of {len(plans)} plans proven optimal; largest certified gap {gap:.1e} of the objective.\n",
        ]
    )


def _contenders() -> list[Contender]:
    first = _given(0)
    parametrised = ParametrisedHouse(first.facts, first.house)
    return [
        Contender(name=OURS, run=lambda given: plan_site(given.site, given.inputs).objective.total),
        Contender(name="Voltherm, build and solve alone", run=_build_and_solve),
        Contender(name=DPP, run=lambda given: parametrised.solve(given.facts, given.house)),
        Contender(
            name="cvxpy DPP, built once, HiGHS",
            run=lambda given: parametrised.solve(given.facts, given.house, cp.HIGHS),
            every=4,
        ),
        Contender(
            name="cvxpy, rebuilt, Clarabel",
            run=lambda given: ParametrisedHouse(given.facts, given.house).solve(given.facts, given.house),
            every=8,
        ),
    ]


def _build_and_solve(given: Given) -> float:
    """Return the objective alone, as the others do."""
    linear = build_site_problem(given.site, given.inputs).model.build()
    solved = solve(linear, given.inputs.options.solve_limit_s)
    assert isinstance(solved, Solved)
    return float(linear.cost @ solved.x) + linear.offset


def _check_agreement() -> None:
    """All contenders must solve the same problem."""
    for number in range(3):
        given = _given(number)
        plan = plan_site(given.site, given.inputs).objective.total
        for contender in _contenders():
            objective = contender.run(given)
            assert isinstance(objective, float)
            if abs(objective - plan) > AGREEMENT * abs(plan):
                message = f"{contender.name} finds {objective:.6g}, plan_site {plan:.6g}: not the same problem"
                raise AssertionError(message)


def _table(medians: Mapping[str, float]) -> str:
    ours = medians[OURS]
    target = f"below {TARGET_MS:g} ms: {'met' if ours < TARGET_MS else 'NOT met'}"
    rows = [
        (name, f"{value:.1f}", f"{value / ours:.1f}x", target if name == OURS else "")
        for name, value in medians.items()
    ]
    return markdown_table(("way", "CPU ms", "to ours", "target"), rows)
