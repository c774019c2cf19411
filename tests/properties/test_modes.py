"""Laws of heat pumps that are switched, for houses of every kind."""

from dataclasses import replace
from datetime import timedelta
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mode_houses import Kind, draw_house
from tests.properties.heat_strategies import Wildness, heated
from voltherm.application.plan_site import plan_site
from voltherm.domain.assets import HeatPump, HeatPumpState, Schedule
from voltherm.domain.plan import Feasible, Optimal
from voltherm.domain.series import Series
from voltherm.physics.building import Weather, start_temps_c
from voltherm.physics.heat_pump import HeatRequest, mode_requests, operating_points, simulate_heat_pump

ALIKE = 2e-3
"""Of the bill: how far two plans that should cost the same may be apart, as each may be a tenth of a per cent off."""

SWITCHED = st.sampled_from([Schedule.ON_OFF, Schedule.MODES])
KINDS = st.builds(
    Kind,
    has_mass=st.booleans(),
    schedule=SWITCHED,
    n_steps=st.sampled_from([12, 20]),
    step=st.sampled_from([timedelta(minutes=30), timedelta(hours=1)]),
    has_pv=st.booleans(),
    has_battery=st.booleans(),
    has_demand=st.booleans(),
)
NUMBERS = st.integers(0, 10**6)


@st.composite
def switched(draw):
    """Return a site of any legal house and weather, its heat pump switched."""
    site, inputs = draw(heated(Wildness(max_steps=16)))
    (pump,) = site.heat_pumps
    changed = replace(
        pump,
        schedule=draw(SWITCHED),
        min_run_h=draw(st.sampled_from([0.0, 0.5, 2.0])),
        min_off_h=draw(st.sampled_from([0.0, 0.5])),
        start_cost=draw(st.sampled_from([0.0, 0.05])),
    )
    running = draw(st.sampled_from([None, True, False]))
    state = replace(inputs.heat[pump.id], is_running=running, since_h=draw(st.sampled_from([0.0, 0.3, 10.0])))
    hold = draw(st.sampled_from([None, 1.0]))
    return with_pump(site, changed), replace(
        inputs, heat={pump.id: state}, options=replace(inputs.options, mode_hold_h=hold)
    )


def with_pump(site, pump):
    return replace(site, assets=tuple(pump if isinstance(each, HeatPump) else each for each in site.assets))


def cost(site, inputs):
    plan = plan_site(site, inputs)
    assert plan.findings == ()
    return plan.objective.total


def least(site, inputs):
    """Return the cost, less what a tenth of a per cent off on both sides may come to. [currency]."""
    plan = plan_site(site, inputs)
    return plan.objective.total - ALIKE * max(0.1, abs(plan.objective.bill))


def heat_of(plan):
    return plan.assets["pump"].heat


@settings(max_examples=25)
@given(switched())
def test_whatever_the_house_a_validated_plan_comes_back(case):
    site, inputs = case
    plan = plan_site(site, inputs)
    assert plan.findings == ()
    assert isinstance(plan.outcome, Optimal | Feasible), plan.outcome
    assert plan.certified_gap >= -1e-6
    assert heat_of(plan).modes is not None


@settings(max_examples=15)
@given(NUMBERS, KINDS)
def test_the_physics_asked_for_the_modes_do_what_is_planned(number, kind):
    site, inputs = draw_house(number, replace(kind, schedule=Schedule.MODES))
    heat, (pump,) = heat_of(plan_site(site, inputs)), site.heat_pumps
    weather = Weather(
        outdoor_c=inputs.weather["outdoor_c"].values, irradiance_w_m2=inputs.weather["irradiance_w_m2"].values
    )
    points = operating_points(pump, weather.outdoor_c, inputs.grid.epoch_seconds)
    requests = mode_requests(pump, points, weather.outdoor_c)
    asked = HeatRequest(
        compressor_kw=np.array([requests[mode].compressor_kw[step] for step, mode in enumerate(heat.modes)]),
        backup_kw=np.array([requests[mode].backup_kw[step] for step, mode in enumerate(heat.modes)]),
    )
    start = start_temps_c(pump.building, inputs.heat["pump"].building)
    run = simulate_heat_pump(pump, start, points, weather, asked, inputs.grid.step_h)
    assert run.compressor_kw == pytest.approx(heat.compressor_kw, abs=1e-9)
    assert run.temps_c == pytest.approx(heat.temps_c, abs=1e-9)


@settings(max_examples=15)
@given(NUMBERS, KINDS)
def test_runs_and_rests_are_long_enough(number, kind):
    site, inputs = draw_house(number, kind)
    (pump,) = site.heat_pumps
    slow = replace(pump, min_run_h=2.0, min_off_h=1.0)
    plan = plan_site(with_pump(site, slow), replace(inputs, heat={"pump": unknown(inputs)}))
    running = (heat_of(plan).compressor_kw > 1e-6).tolist()
    spans = [(on, inputs.grid.step_h * len(list(steps))) for on, steps in groupby(running)][1:-1]
    assert all(hours >= (2.0 if on else 1.0) - 1e-9 for on, hours in spans)


def unknown(inputs) -> HeatPumpState:
    return replace(inputs.heat["pump"], is_running=None, mode=None)


@settings(max_examples=12)
@given(NUMBERS, KINDS)
def test_longer_runs_and_rests_never_cost_less(number, kind):
    site, inputs = draw_house(number, kind)
    (pump,) = site.heat_pumps
    quick, slow = (
        with_pump(site, replace(pump, min_run_h=run_h, min_off_h=off_h)) for run_h, off_h in ((0.0, 0.0), (3.0, 2.0))
    )
    assert cost(slow, inputs) >= least(quick, inputs)


@settings(max_examples=12)
@given(NUMBERS, KINDS)
def test_holding_the_mode_for_longer_never_costs_less(number, kind):
    site, inputs = draw_house(number, kind)
    held = replace(inputs, options=replace(inputs.options, mode_hold_h=2.0))
    assert cost(site, held) >= least(site, inputs)


@settings(max_examples=12)
@given(NUMBERS, KINDS)
def test_being_switched_never_costs_less_than_any_power(number, kind):
    site, inputs = draw_house(number, kind)
    (pump,) = site.heat_pumps
    free = with_pump(site, replace(pump, schedule=Schedule.CONTINUOUS))
    relaxed = cost(free, inputs)
    assert cost(site, inputs) >= relaxed - 1e-5 * max(1.0, abs(relaxed))


@pytest.mark.pitfall("A4")
@settings(max_examples=12)
@given(NUMBERS, st.booleans(), SWITCHED)
def test_noise_in_the_price_makes_no_start(number, has_mass, schedule):
    site, inputs = draw_house(number, Kind(n_steps=24, has_mass=has_mass, schedule=schedule))
    noise = 0.0005 * np.random.default_rng(number).choice([-1.0, 1.0], 24)
    flat, noisy = (
        plan_site(site, replace(inputs, prices={"spot": Series(inputs.grid, 0.12 + extra)}))
        for extra in (np.zeros(24), noise)
    )
    assert changes(noisy) <= changes(flat) + 1
    assert starts(noisy) <= starts(flat)


def changes(plan):
    modes = np.array(heat_of(plan).modes)
    return int((modes[1:] != modes[:-1]).sum())


def starts(plan):
    running = heat_of(plan).compressor_kw > 1e-6
    return int((running[1:] & ~running[:-1]).sum())
