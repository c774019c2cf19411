"""What to do right now: the stored plan, corrected by what was measured; a price of now or none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tests.registered_houses import DEMO, HELSINKI, HOUR, QUARTER, facts, indoor, prices, tomorrow, two_peaks
from tests.tariffs import energy, tariff_of
from voltherm.application.current_action import ActionSource, Cause, CurrentAction
from voltherm.application.decide_action import decide_action, expected_c
from voltherm.application.house_facts import HouseFacts
from voltherm.application.plan_day import plan_day
from voltherm.application.spot_prices import PriceQuality, SpotForecasts
from voltherm.domain.assets import HeatMode
from voltherm.domain.plan import HeatReason
from voltherm.ports.registry import DayPlan

MORNING = datetime(2026, 1, 15, 6, 20, tzinfo=UTC)
"""08:20 in Helsinki, the dearest hour of the morning, on the day after EVENING."""


@pytest.fixture(scope="module")
def stored() -> DayPlan:
    known = facts()
    return plan_day(known, tomorrow(known), SpotForecasts(HELSINKI)).kept


def morning(stored: DayPlan, off_k: float = 0.0, **more: object) -> HouseFacts:
    """Return what is known in the morning, the room ``off_k`` warmer than planned."""
    readings = indoor(MORNING, expected_c(stored, MORNING) + off_k, hours=1)
    return facts(MORNING, **{"plans": {stored.day: stored}, "readings": readings, **more})


def decided(known: HouseFacts) -> CurrentAction:
    return decide_action(known, SpotForecasts(HELSINKI))


def test_the_stored_plan_is_followed(stored):
    action = decided(morning(stored))

    assert (action.source, action.cause) == (ActionSource.STORED_PLAN, Cause.PLANNED)
    step = stored.plan.grid.index_of(MORNING)
    assert action.mode is stored.plan.assets["house"].heat.modes[step]
    assert action.plan is stored
    assert action.fresh is None
    assert action.valid_until == datetime(2026, 1, 15, 7, tzinfo=UTC)


@pytest.mark.parametrize("off_k", [-0.4, 0.4])
def test_a_room_about_where_the_plan_has_it_changes_nothing(stored, off_k):
    assert decided(morning(stored, off_k)).source is ActionSource.STORED_PLAN


@pytest.mark.pitfall("A8")
@pytest.mark.parametrize("off_k", [-1.5, 1.5])
def test_a_room_elsewhere_is_planned_for_anew(stored, off_k):
    action = decided(morning(stored, off_k))

    assert (action.source, action.cause) == (ActionSource.REPLANNED, Cause.DRIFTED)
    assert action.fresh.kept is action.plan
    assert action.expected_c == pytest.approx(action.reading.indoor_c, abs=0.5)


def test_the_next_question_after_planning_anew_is_answered_from_the_new_plan(stored):
    known = morning(stored, -1.5)
    made = decided(known).plan

    later = replace(known, now=MORNING + timedelta(minutes=4), plans={made.day: made})

    action = decided(later)
    assert (action.source, action.plan) == (ActionSource.STORED_PLAN, made)


@pytest.mark.pitfall("A8")
def test_an_old_reading_changes_no_plan_and_that_is_said(stored):
    old = indoor(MORNING, 15.0, hours=1, age=2 * HOUR)

    action = decided(morning(stored, readings=old))

    assert action.source is ActionSource.STORED_PLAN
    assert (
        "The last indoor temperature is 2.0 h old: the plan is followed without a look at the room" in action.warnings
    )


def test_without_a_plan_one_is_made(stored):
    action = decided(morning(stored, plans={}))

    assert (action.source, action.cause) == (ActionSource.REPLANNED, Cause.NO_STORED_PLAN)
    assert action.fresh.covers_its_day


@pytest.mark.pitfall("A10")
@pytest.mark.pitfall("A11")
def test_without_plan_and_prices_the_heat_pump_is_left_to_itself(stored):
    action = decided(morning(stored, plans={}, spot=None))

    assert (action.mode, action.source) == (HeatMode.NORMAL, ActionSource.OWN_CONTROL)
    assert (action.cause, action.reason) == (Cause.NOTHING_KNOWN, HeatReason.OWN_CONTROL)
    assert action.price is None
    assert action.valid_until == datetime(2026, 1, 15, 6, 30, tzinfo=UTC)
    assert any(warning.startswith("No new plan could be made: No prices of FI") for warning in action.warnings)


def test_where_no_new_plan_can_be_made_the_stored_one_is_followed(stored):
    action = decided(morning(stored, 1.5, weather=()))

    assert action.source is ActionSource.STORED_PLAN
    assert any("No new plan could be made" in warning for warning in action.warnings)
    assert action.outdoor_c is None


# -- Too cold


def cold(stored: DayPlan, indoor_c: float, mode: HeatMode) -> CurrentAction:
    """Decide with a plan that asks for one mode throughout, and a room where that plan has it."""
    heat = stored.plan.assets["house"].heat
    temps_c = np.full_like(heat.temps_c, indoor_c)
    asset = replace(stored.plan.assets["house"], heat=replace(heat, modes=(mode,) * len(heat.modes), temps_c=temps_c))
    plan = replace(stored, plan=replace(stored.plan, assets={"house": asset}))
    return decided(morning(stored, plans={plan.day: plan}, readings=indoor(MORNING, indoor_c)))


@pytest.mark.parametrize("mode", [HeatMode.OFF, HeatMode.ECO])
def test_a_room_below_its_band_is_heated_whatever_is_planned(stored, mode):
    action = cold(stored, 19.4, mode)

    assert (action.mode, action.cause, action.should_run) == (HeatMode.NORMAL, Cause.TOO_COLD, True)


@pytest.mark.parametrize("indoor_c", [19.6, 21.0])
def test_a_room_at_the_edge_of_its_band_follows_the_plan(stored, indoor_c):
    action = cold(stored, indoor_c, HeatMode.OFF)

    assert (action.mode, action.should_run) == (HeatMode.OFF, False)


def test_frost_wins(stored):
    action = cold(stored, 4.0, HeatMode.OFF)

    assert (action.mode, action.source, action.cause) == (HeatMode.BOOST, ActionSource.OWN_CONTROL, Cause.FROST)


# -- Price and weather of now


@pytest.mark.pitfall("A10")
def test_the_price_is_that_of_the_hour_that_contains_now(stored):
    action = decided(morning(stored))

    assert action.price.spot_per_kwh == pytest.approx(float(two_peaks(np.array([8.0]))[0]))
    assert action.price.price_per_kwh == pytest.approx(1.255 * (action.price.spot_per_kwh + 0.05883))
    assert action.price.quality is PriceQuality.PUBLISHED


@pytest.mark.pitfall("A10")
def test_prices_that_end_before_now_are_no_price_of_now(stored):
    known = morning(stored, spot=prices(MORNING, MORNING.replace(minute=0)))

    assert decided(known).price is None


@pytest.mark.pitfall("A10")
def test_only_tomorrows_prices_are_no_price_of_now(stored):
    whole = prices(MORNING, MORNING.replace(minute=0) + 30 * HOUR)
    first = (MORNING.replace(minute=0) - whole.grid.start) // HOUR + 16
    ahead = replace(whole, grid=whole.grid.part(first, 14), values=whole.values[first:])

    assert decided(morning(stored, spot=ahead)).price is None


@pytest.mark.pitfall("A11")
def test_a_demo_price_is_called_one(stored):
    action = decided(morning(stored, spot=prices(MORNING, MORNING.replace(minute=0) + DAY_ON, origin=DEMO)))

    assert (action.price.quality, action.price.origin) == (PriceQuality.DEMO, DEMO)
    assert "Prices or weather are a demo: this is an example, not for a real device" in action.warnings


def test_a_tariff_with_its_own_prices_has_a_price_of_now_without_a_market(stored):
    action = decided(morning(stored, tariff=tariff_of(energy(0.21)), spot=None))

    assert (action.price.spot_per_kwh, action.price.price_per_kwh, action.price.quality) == (None, 0.21, None)


@pytest.mark.pitfall("A10")
def test_outdoors_is_measured_where_it_was_lately_else_forecast(stored):
    measured = replace(indoor(MORNING, 21.0)[-1], at=MORNING - QUARTER, outdoor_c=-11.0)

    told = [decided(morning(stored, readings=each)).outdoor_c for each in ((measured,), ())]

    assert told == [-11.0, -8.0]


def test_in_warm_weather_normal_does_not_run(stored):
    warm = replace(indoor(MORNING, 21.5)[-1], outdoor_c=21.0)

    action = decided(morning(stored, plans={}, spot=None, readings=(warm,)))

    assert (action.mode, action.should_run) == (HeatMode.NORMAL, False)


DAY_ON = 30 * HOUR
