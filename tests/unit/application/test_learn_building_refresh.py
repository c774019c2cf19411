"""When a learned building is learned again."""

from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np
import pytest

from tests.simulated_houses import Week, measured, random_house
from voltherm.application.learn_building import learn_building
from voltherm.application.learn_refresh import RefreshRule, merged_history, recent_error_k, refit_reasons
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements

TRUTH = random_house(np.random.default_rng(2), is_like_the_model=True)
WEEK = timedelta(days=7)


@cache
def lived():
    """Nine days of one house: seven to learn from, two that come after."""
    nine = measured(TRUTH, np.random.default_rng(2), Week(days=9.0))
    return nine.part(0, 7 * 288), nine.part(7 * 288, 2 * 288)


@cache
def learned():
    return learn_building(lived()[0], TRUTH.preset()).learned


def test_a_fresh_model_that_foretells_well_stays():
    _, after = lived()
    assert refit_reasons(learned(), after.grid.end, after) == ()
    assert refit_reasons(learned(), after.grid.end, None) == ()


def test_an_old_model_is_learned_again():
    now = learned().window.end + timedelta(days=29)
    assert "29 days ago" in refit_reasons(learned(), now, None)[0]
    assert refit_reasons(learned(), now, None, rule=RefreshRule(longest_age=timedelta(days=60))) == ()


def test_a_house_that_changed_is_learned_again():
    _, after = lived()
    colder = Measurements(after.grid, dict(after.columns) | {"heat_kw": 0.5 * after.column("heat_kw")})
    reasons = refit_reasons(learned(), after.grid.end, colder)
    assert "err by" in reasons[0]


def test_half_a_day_says_nothing():
    _, after = lived()
    assert recent_error_k(learned(), after.part(0, 60)) is None


def test_the_recent_error_of_the_right_house_is_small():
    assert recent_error_k(learned(), lived()[1]) < 0.3


def test_new_measurements_join_the_old_and_push_the_oldest_out():
    before, after = lived()
    together = merged_history(before, after, RefreshRule(history=WEEK))
    assert together.grid.end == after.grid.end
    assert together.grid.n_steps == 7 * 288
    assert together.column("t_in_c")[-1] == after.column("t_in_c")[-1]
    assert merged_history(before, after).grid.n_steps == 9 * 288


def test_a_model_refreshed_with_new_measurements_is_held_against_the_old_one():
    before, after = lived()
    outcome = learn_building(merged_history(before, after), TRUTH.preset(), present=learned())
    why = outcome.why if isinstance(outcome.why, str) else outcome.why[0]
    assert f"model of {learned().window.end:%Y-%m-%d}" in why
    assert outcome.learned.window.end > learned().window.end


def test_a_rule_that_cannot_be_is_refused():
    with pytest.raises(InvalidInputError, match="growth is 1"):
        RefreshRule(growth=1.0)
    with pytest.raises(InvalidInputError, match="must be above 0"):
        replace(RefreshRule(), history=timedelta(0))
