"""Whatever the house and the weather: a plan comes back, is what physics and bill say, and keeps the laws of cost."""

from dataclasses import replace
from itertools import pairwise

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import assume, given, settings

from tests.oracles.cvxpy_heat import ParametrisedHouse
from tests.oracles.facts import facts_of
from tests.oracles.heat_facts import HeatPrices, heat_facts_of
from tests.properties.heat_strategies import Wildness, heated
from tests.properties.replay import usage_of, wear
from voltherm.application.plan_site import plan_site
from voltherm.domain.assets import HeatPump
from voltherm.domain.assets.building import HEATED_LIMIT_C
from voltherm.domain.plan import Feasible, Optimal, PlanOptions, Terminal
from voltherm.domain.series import Series
from voltherm.optimization.blocks.heat_pump import discomfort_prices, frost_price
from voltherm.optimization.problem import build_site_problem

ORDINARY = Wildness(ordinary=True, max_steps=24)
FREE = PlanOptions(terminal=Terminal.FREE)


def facts(site, inputs):
    """Return what oracles know of the site and of its house."""
    problem = build_site_problem(site, inputs)
    (pump,) = site.heat_pumps
    rooms = range(len(pump.building.rooms))
    cold, warm = zip(*(discomfort_prices(pump, room, problem.penalties) for room in rooms), strict=True)
    prices = HeatPrices(
        cold=cold,
        warm=warm,
        frost=tuple(frost_price(pump, room, problem.penalties) for room in rooms),
        stored=problem.heat_value_per_kwh[pump.id],
        missing=problem.penalties.terminal_per_kwh_heat,
    )
    of_site = facts_of(site, inputs, problem.ending.value_per_kwh)
    return of_site, heat_facts_of(site, inputs, problem.heat[pump.id].points, prices)


# -- A plan comes back


@pytest.mark.pitfall("A3")
@pytest.mark.pitfall("A5")
@settings(max_examples=100)
@given(heated(Wildness(max_steps=36)))
def test_a_validated_plan_comes_back(case):
    site, inputs = case
    plan = plan_site(site, inputs)
    assert plan.findings == ()
    assert isinstance(plan.outcome, Optimal | Feasible), plan.outcome
    check_heat(site, inputs, plan)
    check_money(site, inputs, plan)
    if isinstance(plan.outcome, Feasible):
        assert plan.outcome.why
        assert plan.outcome.gap >= -1e-6


@settings(max_examples=40)
@given(heated(ORDINARY))
def test_the_plan_of_an_ordinary_house_is_optimal(case):
    assert plan_site(*case).outcome == Optimal()


def check_heat(site, inputs, plan):
    """Temperatures and meter are redone from the heat alone."""
    (pump,) = site.heat_pumps
    part, house = plan.assets[pump.id], facts(site, inputs)[1]
    heat, temps = part.heat, [house.start]
    for step in range(inputs.grid.n_steps):
        temps.append(house.kept @ temps[-1] + house.given[step] + house.by_heat @ heat.heat_kw[step])
    assert np.abs(np.array(temps) - heat.temps_c).max() <= 1e-5
    assert heat.heat_kw.sum(axis=1) == pytest.approx(heat.compressor_kw + house.efficiency * heat.backup_kw, abs=1e-6)
    assert part.power_kw == pytest.approx(heat.compressor_kw / house.cop + heat.backup_kw, abs=1e-6)
    for values, most in (
        (heat.compressor_kw, house.capacity),
        (heat.backup_kw, house.backup),
        (heat.heat_kw, house.emitters),
    ):
        assert values.min() >= 0
        assert (values <= most + 1e-6).all()
    drawn = sum(part.power_kw for part in plan.assets.values()) + site.standby_kw
    assert np.abs(drawn - plan.grid_power_kw).max() <= 1e-6 * (1 + np.abs(plan.grid_power_kw).max())


def check_money(site, inputs, plan):
    """Bill, wear, discomfort, stored heat and total by a second calculation."""
    objective, (of_site, house) = plan.objective, facts(site, inputs)
    (pump,) = site.heat_pumps
    reference = 1e-6 * (1.0 + abs(objective.total) + abs(objective.bill))
    lines = site.tariff.bill_above(usage_of(inputs, plan.grid_power_kw), inputs.ledger)
    assert sum(lines.values()) == pytest.approx(objective.bill, abs=reference)
    assert wear(site, inputs, plan) == pytest.approx(objective.wear, abs=reference)
    heat, airs = plan.assets[pump.id].heat, plan.assets[pump.id].heat.temps_c[1:, : len(pump.building.rooms)]
    discomfort = np.maximum(house.low - airs, 0.0).sum(axis=0) @ house.prices.cold
    discomfort += np.maximum(airs - house.high, 0.0).sum(axis=0) @ house.prices.warm
    discomfort += np.maximum(house.frost - airs, 0.0).sum(axis=0) @ house.prices.frost
    stored = house.stored_value * house.capacitance @ (heat.temps_c[-1] - heat.temps_c[0])
    for battery in site.batteries:
        soc = plan.assets[battery.id].soc
        stored += of_site.stored_value * battery.capacity_kwh * (soc[-1] - soc[0])
    named = sum(each.cost for each in plan.violations if each.limit.startswith("pump.") and each.unit == "K*h")
    # What is out of the band by less than the price of naming it is not named.
    assert named == pytest.approx(inputs.grid.step_h * discomfort, abs=reference + 1e-4 * max(house.prices.cold))
    assert stored == pytest.approx(objective.stored_energy, abs=reference)
    parts = objective.bill + objective.wear + objective.violations - objective.stored_energy
    assert objective.total == pytest.approx(parts, abs=reference)


# -- Independent programs find the same optimum


def check_against(solver, case, relative):
    site, inputs = case
    plan, (of_site, house) = plan_site(site, inputs), facts(site, inputs)
    (pump,) = site.heat_pumps
    n_rooms, temps = len(pump.building.rooms), plan.assets[pump.id].heat.temps_c[1:]
    # The oracle has no limits of heating, and holds those of battery and connection.
    assume(all(each.limit.startswith("pump.") for each in plan.violations))
    assume(all(battery.standing_loss_per_h == 0 for battery in site.batteries))
    assume(temps[:, :n_rooms].max() < pump.building.cut_out_c - 0.01)
    assume(temps[:, n_rooms:].max(initial=0.0) < HEATED_LIMIT_C - 0.01)
    found = ParametrisedHouse(of_site, house).solve(of_site, house, solver)
    assert plan.objective.total == pytest.approx(found, abs=relative * (1.0 + abs(found) + abs(plan.objective.bill)))


@settings(max_examples=40)
@given(heated(ORDINARY))
def test_cvxpy_with_clarabel_finds_the_same_optimum(case):
    check_against(cp.CLARABEL, case, 1e-6)


@settings(max_examples=40)
@given(heated(ORDINARY))
def test_cvxpy_with_highs_finds_the_same_optimum(case):
    check_against(cp.HIGHS, case, 1e-6)


# -- Laws of cost


def changed(site, **changes):
    """Return the site with another heat pump."""
    assets = (replace(asset, **changes) if isinstance(asset, HeatPump) else asset for asset in site.assets)
    return replace(site, assets=tuple(assets))


def with_comfort(site, change):
    """Return the site with every band changed."""
    (pump,) = site.heat_pumps
    house = pump.building
    rooms = tuple(replace(room, comfort=room.comfort and change(room.comfort)) for room in house.rooms)
    return changed(site, building=replace(house, rooms=rooms, comfort=change(house.comfort), cut_out_c=40.0))


def cost(site, inputs):
    """Return the objective; what stays stored is worth nothing."""
    return plan_site(site, replace(inputs, options=FREE)).objective.total


def slack(value):
    """Room for both plans' proven gaps."""
    return 1e-5 * (1.0 + abs(value))


@settings(max_examples=25)
@given(heated(ORDINARY))
def test_colder_outside_never_costs_less(case):
    site, inputs = case
    # Where the sun makes it too warm, cold is welcome; and below 1 degC there is less frost the colder it is.
    site = changed(with_comfort(site, lambda comfort: replace(comfort, heat_price_per_kh=0.0)), defrost_penalty=0.0)
    outdoor = inputs.weather["outdoor_c"]
    colder = {**inputs.weather, "outdoor_c": Series(outdoor.grid, outdoor.values - 3.0)}
    before = cost(site, inputs)
    assert cost(site, replace(inputs, weather=colder)) >= before - slack(before)


@settings(max_examples=25)
@given(heated(ORDINARY))
def test_a_wider_band_never_costs_more(case):
    def wider(comfort):
        windows = tuple(replace(each, low_c=each.low_c - 1, high_c=each.high_c + 1) for each in comfort.windows)
        return replace(comfort, low_c=comfort.low_c - 1, high_c=comfort.high_c + 1, windows=windows)

    site, inputs = case
    before = cost(with_comfort(site, lambda comfort: comfort), inputs)
    assert cost(with_comfort(site, wider), inputs) <= before + slack(before)


@pytest.mark.pitfall("A1")
@settings(max_examples=25)
@given(heated(ORDINARY))
def test_a_better_cop_never_costs_more(case):
    site, inputs = case
    (pump,) = site.heat_pumps
    better = tuple(replace(point, cop=1.2 * point.cop) for point in pump.rating_points)
    before = cost(site, inputs)
    assert cost(changed(site, rating_points=better), inputs) <= before + slack(before)


@settings(max_examples=25)
@given(heated(ORDINARY))
def test_a_stronger_heat_pump_never_costs_more(case):
    site, inputs = case
    (pump,) = site.heat_pumps
    stronger = tuple(replace(point, heat_kw=1.5 * point.heat_kw) for point in pump.rating_points)
    before = cost(site, inputs)
    assert cost(changed(site, rating_points=stronger), inputs) <= before + slack(before)


@pytest.mark.pitfall("A3")
@settings(max_examples=25)
@given(heated(ORDINARY))
def test_dearer_discomfort_never_gives_more_of_it(case):
    site, inputs = case
    inputs = replace(inputs, options=FREE)
    kelvin_hours = []
    for price in (0.001, 0.01, 0.1, 1.0):
        priced = with_comfort(site, lambda comfort, each=price: replace(comfort, cold_price_per_kh=each))
        plan = plan_site(priced, inputs)
        kelvin_hours.append(sum(each.amount for each in plan.violations if each.limit.endswith("comfort_low")))
    for cheaper, dearer in pairwise(kelvin_hours):
        assert dearer <= cheaper + 1e-3 * (1.0 + cheaper)


@settings(max_examples=25)
@given(heated(ORDINARY))
def test_more_load_in_a_step_costs_what_the_marginal_price_says(case):
    site, inputs = case
    inputs = replace(inputs, options=FREE)
    plan, load = plan_site(site, inputs), inputs.power_kw["load"]
    for step in {0, inputs.grid.n_steps // 2, inputs.grid.n_steps - 1}:
        more = load.values.copy()
        extra_kw = 0.01 * (0.1 + load.values.max())
        more[step] += extra_kw
        dearer = plan_site(site, replace(inputs, power_kw={**inputs.power_kw, "load": Series(load.grid, more)}))
        at_least = plan.marginal_price_per_kwh[step] * extra_kw * inputs.grid.step_h
        # The cost is convex in the load: it rises at least as the price at the start says.
        rise = dearer.objective.total - plan.objective.total
        assert rise >= at_least - slack(plan.objective.total) - 1e-5 * abs(at_least)
