"""Comfort under a proposed schedule: the physics of the plans, over an ensemble of weather."""

from dataclasses import replace
from itertools import pairwise

import pytest

from tests.registered_houses import (
    BEYOND,
    DAY,
    DEMO,
    EVENING,
    HOUR,
    device,
    facts,
    flat,
    indoor,
    pump,
    tomorrow,
    weather,
)
from voltherm.application.assess_comfort import assess_comfort
from voltherm.application.comfort_risk import ComfortRisk
from voltherm.application.house_facts import HouseFacts
from voltherm.application.house_state import StartKind
from voltherm.application.plan_day import plan_day
from voltherm.application.planned_day import NoPlan
from voltherm.application.proposed_hours import proposed_hours
from voltherm.application.spot_prices import SpotForecasts
from voltherm.domain.assets import HeatMode
from voltherm.domain.comfort import ComfortWindow
from voltherm.domain.time import local_day


def at(outdoor_c: float, **more: object) -> HouseFacts:
    known = device(heat_pump=pump(low_c=19.0))
    end = local_day(EVENING.date() + DAY, known.zone).end + BEYOND
    return facts(of=known, weather=(weather(EVENING, end, flat(outdoor_c)),), **more)


def risk_of(known: HouseFacts, *modes: HeatMode) -> ComfortRisk:
    day, hours = proposed_hours(known, None, range(24))
    listed = modes * 24 if len(modes) == 1 else modes
    found = assess_comfort(known, day, hours, listed)
    assert isinstance(found, ComfortRisk)
    return found


@pytest.mark.pitfall("A2")
def test_a_day_of_normal_at_ten_degrees_of_frost_stays_in_comfort():
    risk = risk_of(at(-10.0), HeatMode.NORMAL)

    assert (risk.score, risk.n_hours_below, risk.probability_below, risk.probability_above) == (100.0, 0, 0.0, 0.0)
    assert 19.0 <= risk.lowest_c <= risk.highest_c <= 23.0
    assert risk.warnings == ()


@pytest.mark.pitfall("A2")
def test_a_day_of_boost_ends_at_the_pumps_own_limit_and_is_told():
    risk = risk_of(at(-10.0), HeatMode.BOOST)

    assert risk.highest_c <= 30.0 + 1e-6
    assert risk.probability_above == 1.0
    assert risk.score < 20
    assert risk.recommendation.startswith("Not recommended")


@pytest.mark.pitfall("A7")
def test_modes_differ_in_what_they_do_to_the_room():
    means = [
        sum(hour.p50_c for hour in risk_of(at(-10.0), mode).hours) / 24
        for mode in (HeatMode.OFF, HeatMode.ECO, HeatMode.NORMAL, HeatMode.BOOST)
    ]

    assert means == sorted(means)
    assert all(later - earlier > 0.3 for earlier, later in pairwise(means))


@pytest.mark.pitfall("A7")
def test_a_plans_own_modes_lead_to_where_the_plan_has_the_room():
    known = at(-8.0)
    planned = plan_day(known, tomorrow(known), SpotForecasts(known.zone))

    risk = risk_of(known, *(hour.mode for hour in planned.hours))

    # The members average over the weather; the heating curve alone is not linear, by hundredths of a kelvin.
    assert [hour.p50_c for hour in risk.hours] == pytest.approx([hour.indoor_c for hour in planned.hours], abs=0.15)


def test_a_day_without_heat_is_cold_and_every_figure_says_so():
    risk = risk_of(at(-10.0), HeatMode.OFF)

    assert risk.probability_below == 1.0
    assert risk.n_hours_below >= 18
    assert risk.warnings[0] == f"Temperature may drop to {risk.lowest_c:.1f} °C"
    assert "more heating during cold periods" in risk.recommendation


def test_quantiles_are_in_order_and_spread_with_lead_time():
    hours = risk_of(at(-10.0), HeatMode.NORMAL).hours

    assert all(hour.p05_c < hour.p50_c < hour.p95_c for hour in hours)
    late = risk_of(at(-10.0), HeatMode.OFF).hours
    assert late[-1].p95_c - late[-1].p05_c > late[2].p95_c - late[2].p05_c


def test_the_frost_guard_is_counted_where_it_acts():
    cold = at(-30.0, readings=indoor(EVENING, 6.0))

    risk = risk_of(cold, HeatMode.OFF)

    assert risk.frost_guard_h > 1
    assert risk.lowest_c > 0
    assert any("frost guard" in warning for warning in risk.warnings)


def test_colder_weather_is_never_more_comfortable_for_the_same_modes():
    scores = [risk_of(at(outdoor_c), HeatMode.OFF).score for outdoor_c in (5.0, -5.0, -15.0)]

    assert scores == sorted(scores, reverse=True)


@pytest.mark.pitfall("A8")
def test_a_start_that_is_only_assumed_spreads_more_and_says_so():
    measured, assumed = (risk_of(at(-10.0, **more), HeatMode.NORMAL) for more in ({}, {"readings": ()}))

    assert assumed.state.kind is StartKind.ASSUMED
    assert assumed.hours[0].p95_c - assumed.hours[0].p05_c > 2 * (measured.hours[0].p95_c - measured.hours[0].p05_c)
    assert any("is assumed" in warning for warning in assumed.warnings)


def test_twice_the_same_question_has_the_same_answer():
    one, other = (risk_of(at(-10.0), HeatMode.ECO) for _ in range(2))

    assert one.hours == other.hours


@pytest.mark.pitfall("A11")
def test_demo_weather_is_called_so():
    known = at(-10.0)
    demo = replace(known.weather[0], outdoor_c=replace(known.weather[0].outdoor_c, provenance=DEMO))

    risk = risk_of(replace(known, weather=(demo,)), HeatMode.NORMAL)

    assert any(DEMO.source in warning for warning in risk.warnings)


@pytest.mark.pitfall("A11")
def test_without_weather_nothing_is_judged():
    known = facts(weather=(weather(EVENING, EVENING + 5 * HOUR),))
    day, hours = proposed_hours(known, None, range(24))

    found = assess_comfort(known, day, hours, [HeatMode.NORMAL] * 24)

    assert isinstance(found, NoPlan)
    assert found.kind == "no-weather"


def test_the_band_is_that_of_the_hour():
    night = ComfortWindow(days=frozenset(range(7)), start_minute=22 * 60, end_minute=6 * 60, low_c=17.0, high_c=23.0)
    plain = pump(low_c=19.0)
    comfort = replace(plain.building.comfort, windows=(night,))
    known = at(-10.0)
    by_night = replace(
        known, device=device(heat_pump=replace(plain, building=replace(plain.building, comfort=comfort)))
    )

    hours = risk_of(by_night, HeatMode.NORMAL).hours

    assert [hour.low_c for hour in hours] == [17.0] * 6 + [19.0] * 16 + [17.0] * 2
