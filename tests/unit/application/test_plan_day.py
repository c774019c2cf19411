"""The daily plan: its hours, prices by time, what it knows, and what it saves against a fair thermostat."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import groupby

import numpy as np
import pytest

from tests.registered_houses import (
    BEYOND,
    DAY,
    DEMO,
    EVENING,
    FORECAST,
    HELSINKI,
    HOUR,
    QUARTER,
    SPOT_FI,
    by_hour,
    device,
    facts,
    flat,
    indoor,
    prices,
    pump,
    tomorrow,
    two_peaks,
    weather,
)
from tests.tariffs import demand, energy, tariff_of
from voltherm.application.house_facts import HouseFacts
from voltherm.application.house_state import StartKind
from voltherm.application.plan_day import day_asked_for, plan_day
from voltherm.application.planned_day import NoPlan, PlannedDay
from voltherm.application.spot_prices import PriceQuality, SpotForecasts
from voltherm.domain.assets import HeatMode
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.tariffs import Usage
from voltherm.domain.time import TimeGrid, local_day
from voltherm.ports.weather import WeatherOutlook

AFTERNOON = datetime(2026, 1, 14, 13, 37, tzinfo=UTC)
"""15:37 in Helsinki."""
SPRING, AUTUMN = datetime(2026, 3, 28, 18, tzinfo=UTC), datetime(2026, 10, 24, 18, tzinfo=UTC)


def planned(known: HouseFacts, day: date | None = None) -> PlannedDay:
    found = plan_day(known, day or tomorrow(known), SpotForecasts(known.zone))
    assert isinstance(found, PlannedDay)
    return found


def end_of_tomorrow(now: datetime) -> datetime:
    return local_day(now.astimezone(HELSINKI).date() + DAY, HELSINKI).end


# -- Hours


def test_every_local_hour_has_one_mode_and_its_own_price_and_weather():
    plan = planned(facts())

    assert [hour.hour for hour in plan.hours] == list(range(24))
    assert all(isinstance(hour.mode, HeatMode) for hour in plan.hours)
    assert [hour.spot_per_kwh for hour in plan.hours] == pytest.approx(two_peaks(np.arange(24.0)).tolist())
    assert {hour.outdoor_c for hour in plan.hours} == {-8.0}
    assert {hour.quality for hour in plan.hours} == {PriceQuality.PUBLISHED}


@pytest.mark.pitfall("A14")
@pytest.mark.parametrize(("now", "n_hours"), [(SPRING, 23), (AUTUMN, 25)])
def test_days_of_change_have_their_hours_each_once_in_time(now, n_hours):
    known = facts(now)

    plan = planned(known)

    starts = [hour.start for hour in plan.hours]
    assert len(starts) == n_hours
    assert starts == [starts[0] + n * HOUR for n in range(n_hours)]
    wall = np.array([hour.hour for hour in plan.hours], dtype=float)
    assert [hour.spot_per_kwh for hour in plan.hours] == pytest.approx(two_peaks(wall).tolist())
    assert plan.kept.plan.grid.start == starts[0]


def test_within_an_hour_the_mode_stays():
    plan = planned(facts())
    heat = plan.kept.plan.assets["house"].heat

    zone, times = HELSINKI, plan.kept.plan.grid.times()
    by_clock = groupby(zip(times, heat.modes, strict=True), key=lambda each: each[0].astimezone(zone).hour)
    assert all(len({mode for _, mode in steps}) == 1 for _, steps in by_clock)


def test_hours_add_up_to_the_day():
    plan = planned(facts())

    assert sum(hour.energy_kwh for hour in plan.hours) == pytest.approx(plan.account.energy_kwh)
    assert sum(hour.cost for hour in plan.hours) == pytest.approx(plan.account.cost)


@pytest.mark.pitfall("A27")
def test_the_cost_is_the_tariffs_bill_of_the_planned_energy():
    plan = planned(facts())
    grid = TimeGrid(plan.hours[0].start, HOUR, 24)
    energy_kwh = np.array([hour.energy_kwh for hour in plan.hours])
    spot = np.array([hour.spot_per_kwh for hour in plan.hours])

    billed = SPOT_FI.bill_above(Usage.of_net(grid, energy_kwh, {"fi_spot": spot}))

    assert plan.account.cost == pytest.approx(sum(billed.values()))
    assert plan.hours[18].price_per_kwh == pytest.approx(1.255 * (0.23 + 0.0045 + 0.0318 + 0.02253))


# -- What it knows


@pytest.mark.pitfall("A9")
def test_tomorrow_is_planned_with_tomorrows_weather():
    end = end_of_tomorrow(EVENING) + BEYOND
    midnight = local_day(EVENING.date() + DAY, HELSINKI).start
    today = by_hour(EVENING - 30 * HOUR, midnight, flat(3.0), FORECAST)
    later = by_hour(midnight, end, flat(-25.0), FORECAST)
    whole = by_hour(EVENING - 30 * HOUR, end, flat(0.0), FORECAST)
    joined = replace(whole, values=np.concatenate([today.values, later.values]))

    plan = planned(
        facts(weather=(WeatherOutlook(outdoor_c=joined, irradiance_w_m2=replace(joined, values=0 * joined.values)),))
    )

    assert {hour.outdoor_c for hour in plan.hours} == {-25.0}
    assert plan.account.energy_kwh > planned(facts()).account.energy_kwh


@pytest.mark.pitfall("A9")
def test_weather_that_does_not_reach_so_far_is_not_stretched():
    none = plan_day(
        facts(weather=(weather(EVENING, EVENING + 12 * HOUR),)), EVENING.date() + DAY, SpotForecasts(HELSINKI)
    )

    assert isinstance(none, NoPlan)
    assert none.kind == "no-weather"


@pytest.mark.pitfall("A11")
def test_without_prices_there_is_no_plan_and_the_remedy_is_told():
    none = plan_day(facts(spot=None), EVENING.date() + DAY, SpotForecasts(HELSINKI))

    assert isinstance(none, NoPlan)
    assert none.kind == "no-prices"
    assert "PRICES_FILE" in none.remedy


@pytest.mark.pitfall("A11")
def test_hours_whose_prices_are_not_published_say_that_they_are_forecast():
    noon = EVENING + 16 * HOUR

    plan = planned(facts(spot=prices(EVENING, noon)))

    assert [hour.quality for hour in plan.hours] == [PriceQuality.PUBLISHED] * 12 + [PriceQuality.FORECAST] * 12
    assert "The prices of 12 hours are not published yet and are forecast" in plan.warnings


@pytest.mark.pitfall("A11")
def test_a_demo_is_called_a_demo_in_every_hour_and_in_a_warning():
    plan = planned(facts(spot=prices(EVENING, end_of_tomorrow(EVENING), origin=DEMO)))

    assert {hour.quality for hour in plan.hours} == {PriceQuality.DEMO}
    assert any(DEMO.source in warning for warning in plan.warnings)


@pytest.mark.pitfall("A8")
@pytest.mark.parametrize("measured_c", [18.5, 22.5])
def test_a_plan_begins_where_the_house_was_measured(measured_c):
    known = facts(EVENING + 3.75 * HOUR, readings=indoor(EVENING + 3.75 * HOUR, measured_c))

    plan = planned(known)

    assert plan.state.kind is StartKind.MEASURED
    assert plan.kept.inputs.heat["house"].building.room_c["house"] == pytest.approx(measured_c, abs=0.3)


def test_a_temperature_that_is_assumed_is_told():
    assert any("is assumed" in warning for warning in planned(facts(readings=())).warnings)


def test_a_temperature_that_is_old_is_told():
    warnings = planned(facts(readings=indoor(EVENING, 21.0, age=3 * HOUR))).warnings

    assert "The last indoor temperature is 3.0 h old; since then it is simulated" in warnings


def test_comfort_that_cannot_be_reached_is_told_with_its_hour_and_how_cold_it_becomes():
    weak = replace(pump(rated_heat_kw=2.0), backup=None)
    end = end_of_tomorrow(EVENING) + BEYOND
    sky = (weather(EVENING, end, flat(-30.0)),)

    plan = planned(facts(of=device(heat_pump=weak), weather=sky))

    assert plan.account.discomfort_kh > 1
    assert plan.warnings[0].startswith("Comfort cannot be kept from ")
    assert f"falls to {plan.account.lowest_indoor_c:.1f} °C" in plan.warnings[0]


# -- Today


def test_of_today_only_what_is_left_is_planned():
    known = facts(AFTERNOON)

    plan = planned(known, known.today)

    assert plan.kept.plan.grid.start == datetime(2026, 1, 14, 13, 45, tzinfo=UTC)
    assert [hour.is_elapsed for hour in plan.hours] == [True] * 15 + [False] * 9
    assert [hour.energy_kwh is None for hour in plan.hours] == [True] * 15 + [False] * 9
    assert plan.hours[8].spot_per_kwh == pytest.approx(0.15, abs=1e-3)
    assert plan.hours[8].indoor_c == pytest.approx(21.5)
    assert plan.hours[8].mode is None


def test_hours_that_are_over_have_the_mode_of_the_plan_that_was_followed():
    evening = facts()
    made = planned(evening)
    later = facts(EVENING + 19 * HOUR, plans={made.day: made.kept})

    again = planned(later, made.day)

    assert [hour.mode for hour in again.hours[:14]] == [hour.mode for hour in made.hours[:14]]


def test_a_running_hour_of_which_nothing_is_planned_is_not_called_over():
    known = facts(AFTERNOON + 20 * QUARTER / 15)

    plan = planned(known, known.today)

    assert plan.kept.plan.grid.start == datetime(2026, 1, 14, 14, 0, tzinfo=UTC)
    assert (plan.hours[15].is_elapsed, plan.hours[15].energy_kwh) == (False, None)


def test_in_the_last_minutes_of_a_day_nothing_of_it_is_left_to_plan():
    late = datetime(2026, 1, 14, 21, 50, tzinfo=UTC)
    known = facts(late)

    plan = planned(known, known.today)

    assert not plan.covers_its_day
    assert (plan.account.cost, plan.account.energy_kwh, plan.savings) == (0.0, 0.0, 0.0)


def test_the_plan_goes_on_beyond_its_day_where_prices_are_forecast():
    plan = planned(facts())

    assert plan.kept.plan.grid.end == end_of_tomorrow(EVENING) + BEYOND
    assert "forecast from" in plan.spot_origin.note


def test_where_nothing_is_known_beyond_the_day_it_ends_with_it():
    few = prices(EVENING, end_of_tomorrow(EVENING))
    kept = few.grid.n_steps - 30
    short = replace(few, grid=few.grid.part(kept, 30), values=few.values[kept:])

    plan = planned(facts(spot=short))

    assert plan.kept.plan.grid.end <= end_of_tomorrow(EVENING) + BEYOND
    assert {hour.quality for hour in plan.hours} == {PriceQuality.PUBLISHED}


# -- Which day


def test_tomorrow_is_planned_once_its_prices_are_known():
    assert day_asked_for(facts(), None) == EVENING.date() + DAY


def test_before_that_it_is_today():
    known = facts(spot=prices(EVENING, local_day(EVENING.date(), HELSINKI).end + HOUR))

    assert day_asked_for(known, None) == EVENING.date()


def test_an_instant_means_the_devices_local_day():
    assert day_asked_for(facts(), datetime(2026, 1, 14, 22, 30, tzinfo=UTC)) == date(2026, 1, 15)


@pytest.mark.parametrize("asked", [date(2026, 1, 13), date(2026, 1, 22), date(9999, 12, 31), date(1, 1, 1)])
def test_other_days_are_refused_with_the_days_that_are_not(asked):
    with pytest.raises(InvalidInputError, match=r"target_date: is .* ask for today or one of the 7 days to come"):
        day_asked_for(facts(), asked)


# -- Savings


@pytest.mark.pitfall("A6")
def test_with_one_price_and_no_room_to_move_there_is_nothing_to_save():
    tight = device(heat_pump=pump(low_c=21.4, high_c=21.6))
    tariff = tariff_of(energy(0.2))

    plan = planned(facts(of=tight, tariff=tariff, spot=None))

    assert plan.baseline.cost == pytest.approx(0.2 * plan.baseline.energy_kwh)
    assert plan.savings == pytest.approx(0.0, abs=0.02 * plan.baseline.cost)


@pytest.mark.pitfall("A6")
def test_plan_and_thermostat_use_more_when_it_is_colder():
    end = end_of_tomorrow(EVENING) + BEYOND
    mild, cold = (planned(facts(weather=(weather(EVENING, end, flat(t)),))) for t in (3.0, -20.0))

    assert cold.account.energy_kwh > 1.5 * mild.account.energy_kwh
    assert cold.baseline.energy_kwh > 1.5 * mild.baseline.energy_kwh


@pytest.mark.pitfall("A6")
def test_savings_count_the_heat_that_the_plan_leaves_behind_less():
    plan = planned(facts())

    difference_kwh = plan.account.end_heat_kwh - plan.baseline.end_heat_kwh
    worth = plan.heat_worth_per_kwh * difference_kwh
    assert plan.savings == pytest.approx(plan.baseline.cost - plan.account.cost + worth)
    assert plan.heat_worth_per_kwh > 0


def test_peaks_in_the_price_are_worth_moving_heat_for():
    plan = planned(facts())

    assert plan.savings > 0.1 * plan.baseline.cost
    dear = [hour.energy_kwh for hour in plan.hours if hour.spot_per_kwh > 0.1]
    cheap = [hour.energy_kwh for hour in plan.hours if hour.spot_per_kwh < 0.05]
    assert np.mean(dear) < 0.5 * np.mean(cheap)


def test_a_plan_that_costs_more_than_the_thermostat_says_so():
    warmer = replace(pump(low_c=22.0, high_c=23.0), set_point_c=18.0)

    plan = planned(facts(of=device(heat_pump=warmer), readings=indoor(EVENING, 22.2)))

    assert plan.savings < -0.02
    assert plan.warnings[-1].startswith(f"The plan costs {-plan.savings:.2f} EUR more than the thermostat would")


# -- Tariffs


def test_a_tariff_with_its_prices_in_itself_needs_no_market():
    plan = planned(facts(tariff=tariff_of(energy(0.2)), spot=None))

    assert {hour.spot_per_kwh for hour in plan.hours} == {None}
    assert {hour.quality for hour in plan.hours} == {None}
    assert {hour.price_per_kwh for hour in plan.hours} == {0.2}
    assert plan.spot_origin is None


def test_a_demand_charge_is_told_to_be_counted_from_nothing():
    plan = planned(facts(tariff=tariff_of(energy(0.2), demand(5.0)), spot=None))

    assert "Demand charges are counted as if the meter had seen nothing else in the billing period" in plan.warnings


def test_a_tariff_that_does_not_hold_then_makes_no_plan():
    over = replace(tariff_of(energy(0.2)), valid_until=date(2025, 1, 1))

    none = plan_day(facts(tariff=over, spot=None), EVENING.date() + DAY, SpotForecasts(HELSINKI))

    assert isinstance(none, NoPlan)
    assert none.kind == "no-tariff"
