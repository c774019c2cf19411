"""Schedules of levels against everything that there is, and against a mixed-integer program."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tests.mode_houses import Kind, draw_house, level_facts, site_facts
from tests.oracles.modes_brute import cheapest_by_trying_all
from tests.oracles.modes_milp import solve_modes
from voltherm.application.plan_site import plan_site
from voltherm.domain.assets import Schedule
from voltherm.domain.plan import Feasible, Optimal

TENTH_OF_A_PER_CENT = 1e-3

ON_OFF = Kind(n_steps=8)
MODES = Kind(n_steps=5, schedule=Schedule.MODES)
DAY = Kind(n_steps=24, schedule=Schedule.MODES)


def gap(site, inputs, optimum):
    """How much dearer the plan is than the optimum, by what the plan pays for electricity."""
    plan = plan_site(site, inputs)
    assert plan.findings == ()
    return (plan.objective.total - optimum) / max(abs(plan.objective.bill), 0.1)


@pytest.mark.parametrize("kind", [ON_OFF, replace(ON_OFF, has_mass=True), MODES, replace(MODES, has_mass=True)])
@pytest.mark.parametrize("number", range(5))
def test_of_all_schedules_none_is_cheaper(kind, number):
    site, inputs = draw_house(number, kind)
    cheapest, _ = cheapest_by_trying_all(site_facts(site, inputs), level_facts(site, inputs))
    plan = plan_site(site, inputs)
    assert plan.objective.total == pytest.approx(cheapest, abs=1e-6)
    assert plan.findings == ()


@pytest.mark.parametrize(
    "kind",
    [
        DAY,
        replace(DAY, has_mass=True, has_pv=True),
        replace(DAY, has_mass=True, schedule=Schedule.ON_OFF),
        replace(DAY, step=timedelta(minutes=30), hold_h=1.0, n_steps=48),
        replace(DAY, has_battery=True),
        replace(DAY, has_pv=True, has_demand=True),
        replace(DAY, n_steps=16, has_mass=True, has_pv=True, has_battery=True, has_demand=True),
    ],
    ids=["hut", "pv", "on-off", "held", "battery", "demand", "everything"],
)
@pytest.mark.parametrize("number", [1, 5])
def test_the_plan_is_within_a_tenth_of_a_per_cent_of_the_best(kind, number):
    site, inputs = draw_house(number, kind)
    best = solve_modes(site_facts(site, inputs), level_facts(site, inputs), time_limit_s=60)
    assert best.is_proven
    assert -1e-4 <= gap(site, inputs, best.objective) <= TENTH_OF_A_PER_CENT


def test_the_bound_is_that_of_any_power_and_says_so():
    plan = plan_site(*draw_house(4, DAY))
    assert isinstance(plan.outcome, Feasible)
    assert "any power" in plan.outcome.why
    assert plan.certified_gap == plan.outcome.gap > 0


def test_where_nothing_needs_heat_the_plan_is_proven_best():
    site, inputs = draw_house(2, DAY)
    warm = replace(inputs.weather["outdoor_c"], values=np.full(24, 21.0))
    unknown = {"pump": replace(inputs.heat["pump"], is_running=None, mode=None)}
    plan = plan_site(site, replace(inputs, weather={**inputs.weather, "outdoor_c": warm}, heat=unknown))
    assert plan.outcome == Optimal()
    assert plan.assets["pump"].power_kw.max() == 0.0
    # Where blocking it changes nothing, the unit is left to its own control.
    assert set(plan.assets["pump"].heat.modes) == {"NORMAL"}


def test_the_mode_holds_between_the_marks_of_the_local_clock():
    kind = replace(DAY, step=timedelta(minutes=15), n_steps=48, hold_h=2.0)
    site, inputs = draw_house(3, kind)
    heat = plan_site(site, inputs).assets["pump"].heat
    # The grid begins at local midnight.
    by_hours = np.array(heat.modes).reshape(-1, 8)
    assert (by_hours == by_hours[:, :1]).all()
    assert len(set(heat.modes)) > 1
