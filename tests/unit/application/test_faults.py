"""What plan_site does when a solver gives up, and that it hides no error of its own."""

import pytest

import voltherm.application.plan_site as module
from tests.sites import KEEP, ROOF, battery, inputs_of, site_of
from tests.tariffs import demand, energy, tariff_of
from voltherm.application import candidate, solve_site
from voltherm.application.plan_site import plan_site
from voltherm.domain.plan import Fallback, Optimal, Reason
from voltherm.optimization import solver
from voltherm.optimization.solver import Unsolved

SITE = site_of(tariff_of(energy(series="spot"), demand(5.0)), battery(), ROOF)
INPUTS = inputs_of(
    SITE, [60.0] * 8, pv_kw=[0.0] * 4 + [90.0] * 4, prices={"spot": [0.1, 0.5] * 4}, soc=0.5, options=KEEP
)


def gives_up(*_):
    return Unsolved(why="gave up")


@pytest.mark.pitfall("M19")
def test_highs_finds_the_same_plan_when_piqp_gives_up(monkeypatch):
    healthy = plan_site(SITE, INPUTS)
    monkeypatch.setattr(solver, "_solve_piqp", gives_up)
    helped = plan_site(SITE, INPUTS)
    assert helped.outcome == Optimal()
    assert helped.objective.total == pytest.approx(healthy.objective.total, rel=1e-6)
    assert helped.findings == ()


@pytest.mark.pitfall("M19")
def test_a_plan_at_rest_says_so_when_no_solver_answers(monkeypatch):
    monkeypatch.setattr(solver, "_solve_piqp", gives_up)
    monkeypatch.setattr(solver, "_solve_highs", gives_up)
    plan = plan_site(SITE, INPUTS)
    assert isinstance(plan.outcome, Fallback)
    assert "gave up" in plan.outcome.why
    assert plan.findings == ()
    assert plan.assets["bess"].power_kw.tolist() == [0.0] * 8
    assert set(plan.reasons) == {Reason.FALLBACK}
    assert plan.grid_power_kw.min() >= 0


@pytest.mark.pitfall("M20")
def test_the_plan_at_rest_is_priced_by_the_same_bill(monkeypatch):
    healthy = plan_site(SITE, INPUTS)
    monkeypatch.setattr(solver, "_solve_piqp", gives_up)
    monkeypatch.setattr(solver, "_solve_highs", gives_up)
    resting = plan_site(SITE, INPUTS)
    assert resting.bill_lines.keys() == healthy.bill_lines.keys()
    # The bill of a site whose battery rests: 60 kW from the grid in the first hour, nothing in the second.
    assert resting.bill_lines["peak"] == pytest.approx(5.0 * 60)
    assert resting.objective.bill == pytest.approx(5.0 * 60 + 60 * 0.25 * (0.1 + 0.5) * 2)
    assert resting.objective.total > healthy.objective.total


@pytest.mark.pitfall("M20")
@pytest.mark.parametrize(
    ("where", "broken"),
    [
        (module, "build_site_problem"),
        (candidate, "planned_series"),
        (candidate, "price_series"),
        (module, "validate_plan"),
        (solve_site, "solve"),
    ],
)
def test_an_error_of_ours_is_never_taken_for_a_hard_problem(monkeypatch, where, broken):
    def fails(*_):
        message = "a bug"
        raise TypeError(message)

    monkeypatch.setattr(where, broken, fails)
    with pytest.raises(TypeError, match="a bug"):
        plan_site(SITE, INPUTS)


@pytest.mark.pitfall("M21")
def test_a_plan_that_the_validator_refuses_is_replaced_by_one_at_rest(monkeypatch):
    real = module.validate_plan
    answers = iter([("the replay disagrees",)])
    monkeypatch.setattr(module, "validate_plan", lambda *given: next(answers, None) or real(*given))
    plan = plan_site(SITE, INPUTS)
    assert isinstance(plan.outcome, Fallback)
    assert "the replay disagrees" in plan.outcome.why
    assert plan.assets["bess"].power_kw.tolist() == [0.0] * 8
    assert plan.findings == ()


@pytest.mark.pitfall("M21")
def test_nothing_valid_is_told_as_infeasible_with_the_findings(monkeypatch):
    monkeypatch.setattr(module, "validate_plan", lambda *_: ("nothing holds",))
    plan = plan_site(SITE, INPUTS)
    assert plan.findings == ("nothing holds",)
    assert "nothing holds" in plan.outcome.why
