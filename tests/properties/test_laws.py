"""Laws of cost that hold for every site: what is cheaper, larger or freer never costs more."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.strategies import Hardness, cases, without_targets
from tests.sites import KEEP, battery, inputs_of, site_of
from tests.tariffs import demand, energy, tariff_of
from voltherm.application.plan_site import plan_site
from voltherm.domain.ledger import Ledger
from voltherm.domain.plan import Optimal, PlanOptions, Terminal
from voltherm.domain.series import Series

TAME = Hardness(plain=True, tame=True, max_steps=24)
FREE = PlanOptions(terminal=Terminal.FREE)
LOADS = st.lists(st.integers(0, 100).map(float), min_size=4, max_size=12)


def cost(site, inputs):
    """Return the objective of the plan; what stays stored is worth nothing."""
    return plan_site(site, replace(without_targets(inputs), options=FREE)).objective.total


def slack(value):
    """Room for both plans' proven gaps, which count from one unit of the currency."""
    return 1e-5 * (1.0 + abs(value))


@settings(max_examples=30)
@given(cases(TAME))
def test_cheaper_prices_never_raise_the_cost(case):
    site, inputs = case
    cheaper = {name: Series(each.grid, 0.7 * each.values) for name, each in inputs.prices.items()}
    before = cost(site, inputs)
    assert cost(site, replace(inputs, prices=cheaper)) <= before + slack(before)


@settings(max_examples=30)
@given(cases(TAME))
def test_a_larger_battery_never_costs_more(case):
    site, inputs = case
    grown = tuple(
        replace(
            each,
            capacity_kwh=2 * each.capacity_kwh,
            charge_limit_kw=1.5 * each.charge_limit_kw,
            discharge_limit_kw=1.5 * each.discharge_limit_kw,
            soc_min=0.0,
            reserve_soc=0.0,
            standing_loss_per_h=0.0,
            charge_taper_soc=1.0,
            discharge_taper_soc=0.0,
        )
        if each in site.batteries
        else each
        for each in site.assets
    )
    # The larger one starts with as much energy, not as full.
    halved = {name: replace(state, soc=0.5 * state.soc) for name, state in inputs.states.items()}
    fits = all(0.5 * inputs.states[each.id].soc <= 0.5 * each.soc_max for each in site.batteries)
    before = cost(site, inputs)
    assert fits
    assert cost(replace(site, assets=grown), replace(inputs, states=halved)) <= before + slack(before)


@settings(max_examples=30)
@given(cases(TAME))
def test_a_battery_never_costs_more_than_none(case):
    site, inputs = case
    # One that leaks may have to be held at its floor, which costs.
    tight = (replace(each, standing_loss_per_h=0.0) if each in site.batteries else each for each in site.assets)
    site = replace(site, assets=tuple(tight))
    without = replace(site, assets=tuple(each for each in site.assets if each not in site.batteries))
    idle = replace(inputs, states={})
    standby = sum(each.standby_kw for each in site.batteries)
    load = inputs.power_kw["load"]
    idle = replace(idle, power_kw={**inputs.power_kw, "load": Series(load.grid, load.values + standby)})
    before = cost(without, idle)
    assert cost(site, inputs) <= before + slack(before)


@settings(max_examples=30)
@given(cases(TAME), st.integers(0, 23))
def test_more_load_in_a_step_costs_what_the_marginal_price_says(case, step):
    site, inputs = case
    inputs = replace(without_targets(inputs), options=FREE)
    plan = plan_site(site, inputs)
    step %= inputs.grid.n_steps
    load = inputs.power_kw["load"]
    more = load.values.copy()
    extra_kw = 0.01 * (0.1 + load.values.max())
    more[step] += extra_kw
    dearer = plan_site(site, replace(inputs, power_kw={**inputs.power_kw, "load": Series(load.grid, more)}))
    rise = dearer.objective.total - plan.objective.total
    at_least = plan.marginal_price_per_kwh[step] * extra_kw * inputs.grid.step_h
    # The cost is convex in the load: it rises at least as the price at the start says.
    assert rise >= at_least - slack(plan.objective.total) - 1e-5 * abs(at_least)


@pytest.mark.pitfall("M1")
@given(LOADS, st.integers(0, 100).map(lambda part: part / 100))
def test_one_more_kwh_charged_is_one_more_kwh_imported(load, soc):
    site = site_of(tariff_of(energy(series="spot")), battery(), export_limit_kw=100.0)
    spot = [0.1 + 0.3 * (index % 3) for index in range(len(load))]
    plan = plan_site(site, inputs_of(site, load, prices={"spot": spot}, soc=soc, options=KEEP))
    without = plan_site(site_of(site.tariff), inputs_of(site_of(site.tariff), load, prices={"spot": spot}))
    moved_kwh = 0.25 * (plan.grid_power_kw - without.grid_power_kw)
    assert moved_kwh == pytest.approx(0.25 * plan.assets["bess"].power_kw, abs=1e-6)


@pytest.mark.pitfall("M3")
@given(LOADS, st.integers(0, 120).map(float), st.sampled_from([15, 30, 60]))
def test_demand_costs_rate_times_raise_once_whatever_the_step(load, reached, minutes):
    tariff = tariff_of(demand(7.0, interval_minutes=minutes))
    site = site_of(tariff, battery())
    step = timedelta(minutes=minutes)
    start = inputs_of(site, load).now
    ledger = Ledger.empty().with_reached("peak", reached, tariff.period_of(start))
    plan = plan_site(site, inputs_of(site, load, ledger=ledger, step=step, options=KEEP))
    raised = max(0.0, np.maximum(plan.grid_power_kw, 0.0).max() - reached)
    assert plan.outcome == Optimal()
    assert plan.objective.bill == pytest.approx(7.0 * raised, abs=1e-6)


@pytest.mark.pitfall("M4")
@given(LOADS, st.integers(1, 3))
def test_each_window_pays_its_own_rate_for_its_own_peak(load, split):
    half = f"00:{15 * split:02d}"
    tariff = tariff_of(
        demand(9.0, name="first", windows=(("00:00", half),)), demand(2.0, name="second", windows=((half, "24:00"),))
    )
    plan = plan_site(site_of(tariff, battery()), inputs_of(site_of(tariff, battery()), load, options=KEEP))
    imported = np.maximum(plan.grid_power_kw, 0.0)
    assert plan.bill_lines["first"] == pytest.approx(9.0 * imported[:split].max(), abs=1e-6)
    assert plan.bill_lines["second"] == pytest.approx(2.0 * imported[split:].max(), abs=1e-6)
