"""Independent programs, written in other languages of modelling, find the same optimum."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import assume, given, settings

from tests.oracles.cvxpy_dpp import ParametrisedSite
from tests.oracles.cvxpy_loop import solve_with_loop
from tests.oracles.facts import facts_of
from tests.oracles.pulp_model import solve_with_pulp
from tests.properties.strategies import Hardness, cases, without_targets
from voltherm.application.plan_site import plan_site
from voltherm.domain.plan import Optimal
from voltherm.optimization.problem import build_site_problem

PLAIN = Hardness(plain=True, max_steps=14)
TAME = Hardness(plain=True, tame=True, max_steps=16)


def facts_and_plan(case):
    """Return the facts for an oracle and our plan of the same problem; limits hold in both."""
    site, inputs = case
    inputs = without_targets(inputs)
    plan = plan_site(site, inputs)
    assume(not plan.violations)
    ending = build_site_problem(site, inputs).ending
    return facts_of(site, inputs, ending.value_per_kwh), plan


def tolerance(objective: float, facts) -> float:
    """A millionth of the cost, or of what load and batteries could cost at most."""
    power = facts.load.sum() + sum(battery.charge_limit.sum() for battery in facts.batteries)
    price = max(np.abs(facts.import_price).max(), np.abs(facts.export_price).max(), abs(facts.stored_value))
    peaks = sum(window.rate for window in facts.windows) * facts.load.max(initial=0.0)
    return 1e-6 * (abs(objective) + price * facts.step_h * power + peaks) + 1e-6


def agrees(objective: float, plan, facts) -> bool:
    """Whether the plan's objective is the oracle's."""
    return abs(plan.objective.total - objective) <= tolerance(objective, facts)


@pytest.mark.pitfall("M2")
@settings(max_examples=80)
@given(cases(PLAIN))
def test_highs_with_a_binary_in_every_step_finds_the_same_optimum(case):
    facts, plan = facts_and_plan(case)
    oracle = solve_with_pulp(facts, exclusive=True)
    if isinstance(plan.outcome, Optimal):
        assert agrees(oracle, plan, facts)
        return
    # The search ran into its time limit: the oracle's optimum lies between the proven bound and the plan.
    above = plan.objective.total - oracle
    proven = plan.outcome.gap * max(1.0, abs(plan.objective.total), facts.step_h * facts.load.sum())
    assert -tolerance(oracle, facts) <= above <= proven + tolerance(oracle, facts)


@settings(max_examples=20)
@given(cases(TAME))
def test_highs_without_binaries_finds_the_same_optimum_where_nothing_pays_both_ways(case):
    facts, plan = facts_and_plan(case)
    assert agrees(solve_with_pulp(facts), plan, facts)


@settings(max_examples=10)
@given(cases(TAME))
def test_cvxpy_with_a_loop_finds_the_same_optimum(case):
    facts, plan = facts_and_plan(case)
    assert agrees(solve_with_loop(facts, cp.CLARABEL), plan, facts)


@settings(max_examples=10)
@given(cases(Hardness(plain=True, tame=True, single=True, max_steps=16)))
def test_parametrised_cvxpy_finds_the_same_optimum(case):
    facts, plan = facts_and_plan(case)
    assert agrees(ParametrisedSite(facts).solve(facts), plan, facts)
