"""The controller: what it observes, when it refuses to decide, and how it guards in between."""

from datetime import timedelta

import numpy as np
import pytest

from tests.sites import QUARTER, START, battery, site_of
from tests.tariffs import demand, energy, tariff_of
from voltherm.application.control_step import ControlOptions, SiteController
from voltherm.domain.control import Measured, MeterReading, Rung
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements
from voltherm.domain.plan import Optimal
from voltherm.domain.series import Series
from voltherm.domain.time import Interval, TimeGrid

SITE = site_of(tariff_of(energy(0.2), demand(10.0)), battery())
DAYS = ControlOptions(horizon=timedelta(hours=12))


def history(days: int, load_kw: float = 40.0) -> Measurements:
    grid = TimeGrid(START - timedelta(days=days), QUARTER, days * 96)
    hour = np.arange(grid.n_steps) / 4 % 24
    return Measurements(grid, {"load_kw": load_kw + 20.0 * (hour >= 18)})


def measured(start=START, **values) -> Measured:
    return Measured(interval=Interval(start, start + QUARTER), **values)


def controller(**choices) -> SiteController:
    made = SiteController(SITE, history(8), options=choices.pop("options", DAYS))
    observed = {"grid_kw": 40.0, "power_kw": {"load": 40.0, "bess": 0.0}, "soc": {"bess": 0.5}} | choices
    made.observe(START + QUARTER, measured(**observed))
    return made


def test_a_fresh_state_and_a_history_are_enough_for_a_plan_and_a_command():
    now = START + QUARTER
    decision = controller().decide(now)
    assert decision.rung is Rung.FRESH_PLAN
    assert decision.plan.outcome == Optimal()
    assert decision.plan.grid.start == now
    (command,) = decision.commands
    assert command.asset_id == "bess"
    assert (command.valid_from, command.valid_until) == (now, now + QUARTER)
    assert command.power_kw == decision.plan.assets["bess"].power_kw[0]


def test_the_running_step_is_planned_whole():
    decision = controller().decide(START + QUARTER + timedelta(minutes=3))
    assert decision.plan.grid.start == START + QUARTER


def test_without_an_observed_soc_nothing_is_commanded():
    decision = SiteController(SITE, history(8), options=DAYS).decide(START)
    assert decision.rung is Rung.NO_SETPOINT
    assert "no SOC of 'bess'" in decision.why
    assert decision.commands == ()
    assert decision.plan is None


def test_an_old_soc_leads_to_no_setpoint():
    decision = controller().decide(START + timedelta(hours=2))
    assert decision.rung is Rung.NO_SETPOINT
    assert "too old" in decision.why


def test_without_history_and_forecast_nothing_is_commanded():
    bare = SiteController(SITE, options=DAYS)
    bare.observe(START + QUARTER, measured(soc={"bess": 0.5}))
    decision = bare.decide(START + QUARTER)
    assert decision.rung is Rung.NO_SETPOINT
    assert "load" in decision.why


def test_a_given_forecast_replaces_the_own_one():
    bare = SiteController(SITE, options=DAYS)
    bare.observe(START + QUARTER, measured(soc={"bess": 0.5}))
    grid = TimeGrid(START + QUARTER, QUARTER, 48)
    decision = bare.decide(START + QUARTER, {"load": Series(grid, np.full(48, 33.0))})
    assert decision.rung is Rung.FRESH_PLAN
    assert decision.plan.assets["load"].power_kw.tolist() == [33.0] * 48


def test_observed_power_is_kept_as_history_and_raises_the_peak():
    made = controller(grid_kw=123.0)
    assert made.history.grid.end == START + QUARTER
    assert made.history.column("load_kw")[-1] == 40.0
    assert made.decide(START + QUARTER).plan.peaks_kw["peak"] >= 123.0 - 1e-6


def test_targets_are_planned_once_a_day():
    made = controller()
    first = made.decide(START + QUARTER).targets_kw
    made.observe(START + 2 * QUARTER, measured(START + QUARTER, grid_kw=40.0, soc={"bess": 0.5}))
    assert made.decide(START + 2 * QUARTER).targets_kw is first
    assert 40.0 <= first["peak"] < 60.0


@pytest.mark.parametrize(
    ("now", "wrong", "word"),
    [
        (START + QUARTER, {"interval": Interval(START, START + 2 * QUARTER)}, "one aligned step"),
        (START + 3 * QUARTER, {"interval": Interval(START + QUARTER / 3, START + 4 * QUARTER / 3)}, "aligned"),
        (START, {"interval": Interval(START, START + QUARTER)}, "is not over"),
        (START + QUARTER, {"interval": Interval(START, START + QUARTER), "soc": {"other": 0.5}}, "no asset"),
    ],
)
def test_what_is_not_one_finished_step_of_this_site_is_refused(now, wrong, word):
    with pytest.raises(InvalidInputError, match=word):
        SiteController(SITE).observe(now, Measured(**wrong))


def test_a_history_in_other_steps_is_refused():
    with pytest.raises(InvalidInputError, match="resample it"):
        SiteController(SITE, history(2).resample(timedelta(hours=1)))


def test_the_guard_cuts_charging_before_the_mean_breaks_the_ceiling():
    made = controller()
    decision = made.decide(START + QUARTER)
    reading = MeterReading(net_kw=decision.ceiling_kw + 10.0, soc={"bess": 0.5})
    guarded = made.guard(START + QUARTER, decision, reading)
    assert guarded.power_kw["bess"] == pytest.approx(-10.0, abs=1e-6)
    assert guarded.is_clamped


def test_the_guard_leaves_a_plan_below_the_ceiling_alone():
    made = controller()
    decision = made.decide(START + QUARTER)
    guarded = made.guard(START + QUARTER, decision, MeterReading(net_kw=0.0, soc={"bess": 0.5}))
    assert guarded.power_kw["bess"] == decision.commands[0].power_kw
    assert not guarded.is_clamped


def test_after_the_commands_have_expired_the_guard_commands_nothing():
    made = controller()
    decision = made.decide(START + QUARTER)
    guarded = made.guard(START + 2 * QUARTER, decision, MeterReading(net_kw=0.0, soc={"bess": 0.5}))
    assert guarded.power_kw == {}
