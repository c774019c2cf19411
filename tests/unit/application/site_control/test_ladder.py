"""The ladder goes down one rung at a time, and says why."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.sites import FREE, START, battery, inputs_of, site_of
from tests.tariffs import energy, tariff_of
from voltherm.application.plan_site import plan_site
from voltherm.application.site_control.ladder import Ground, LadderLimits, RunningPlan, standing
from voltherm.domain.control import Decision, Rung

LIMITS = LadderLimits(fresh_s=960.0, last_plan_s=1800.0, forecasts_s=86400.0)
SITE = site_of(tariff_of(energy(1.0)), battery())


@pytest.fixture(scope="module")
def running() -> RunningPlan:
    plan = plan_site(SITE, inputs_of(SITE, [20.0] * 96, options=FREE))
    decision = Decision(now=START, rung=Rung.FRESH_PLAN, plan=plan)
    return RunningPlan(id="plan", decision=decision, plan=plan, made_s=0.0, forecasts_s=0.0)


def stand(minutes: float, running: RunningPlan | None, *, refusal: str = "", trouble: str = "", meter: bool = True):
    ground = Ground(refusal, running, trouble, meter)
    return standing(ground, START + timedelta(minutes=minutes), 60.0 * minutes, LIMITS)


def test_a_plan_of_this_quarter_hour_is_fresh(running):
    assert stand(0, running).rung is Rung.FRESH_PLAN
    assert stand(15.5, running) == (Rung.FRESH_PLAN, "")


def test_a_plan_that_was_not_followed_by_another_is_the_last_one_for_two_cycles(running):
    stood = stand(20, running, trouble="the plan was not computed: deadline")

    assert stood.rung is Rung.LAST_PLAN
    assert "20 min old" in stood.why
    assert "deadline" in stood.why


def test_after_two_cycles_the_meter_alone_rules(running):
    stood = stand(31, running, trouble="no solver")

    assert stood.rung is Rung.LOCAL_RULE
    assert "31 min old" in stood.why


def test_without_a_meter_either_nothing_is_sent(running):
    assert stand(31, running, meter=False).rung is Rung.NO_SETPOINT
    assert stand(0, None, meter=False).rung is Rung.NO_SETPOINT


def test_forecasts_of_more_than_a_day_carry_no_plan(running):
    old = replace(running, forecasts_s=-90_000.0)

    stood = stand(1, old)

    assert stood.rung is Rung.LOCAL_RULE
    assert "25 h old" in stood.why


def test_a_plan_that_does_not_reach_the_present_is_not_followed(running):
    ahead = standing(Ground("", running, "", meter_is_fresh=True), START - timedelta(hours=1), 0.0, LIMITS)

    assert ahead.rung is Rung.LOCAL_RULE
    assert "does not reach" in ahead.why


@pytest.mark.pitfall("M13")
def test_no_believed_soc_no_setpoint_however_good_the_plan(running):
    stood = stand(0, running, refusal="bess: SOC is 75 s old")

    assert stood == (Rung.NO_SETPOINT, "bess: SOC is 75 s old")


@pytest.mark.fault(18)
def test_ages_do_not_follow_a_wall_clock_that_jumps(running):
    jumped = standing(Ground("", running, "", meter_is_fresh=True), START + timedelta(hours=3), 60.0, LIMITS)

    assert jumped.rung is Rung.FRESH_PLAN
