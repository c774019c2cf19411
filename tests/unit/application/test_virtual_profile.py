"""Recorded data answers for every instant: its own where it has one, its whole weeks elsewhere, and it says which."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.sites import QUARTER, battery, site_of
from tests.tariffs import energy, tariff_of
from tests.virtual_sites import MONDAY, START, WEEK, one_battery_site, recorded
from voltherm.application.virtual_profile import JOINED, REPLAYED, VirtualProfile
from voltherm.domain.assets import Pv
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements
from voltherm.domain.time import TimeGrid

UTC_ZONE = ZoneInfo("UTC")
COUNTING = np.arange(2 * WEEK, dtype=float)
AFTER = datetime(2026, 11, 16, 12, tzinfo=UTC)


def profile_of(data, site=None, **more):
    return VirtualProfile(data, UTC_ZONE, site or one_battery_site(), **more)


def test_an_instant_of_the_recording_is_joined_by_time():
    profile = profile_of(recorded(COUNTING))

    assert profile.data_at(START) == JOINED
    assert profile.weather(START + timedelta(minutes=20)).load_kw["load"] == 8 * 96 + 1


def test_any_other_instant_repeats_the_weeks_by_weekday_and_clock():
    profile = profile_of(recorded(COUNTING))

    assert profile.data_at(AFTER) == REPLAYED
    assert profile.weather(AFTER).load_kw["load"] % WEEK == 48


def test_a_demo_repeats_its_weeks_always():
    assert profile_of(recorded(COUNTING), is_joined=False).data_at(START) == REPLAYED


def test_a_gap_of_more_than_an_hour_in_the_weeks_that_repeat_is_refused():
    values = COUNTING.copy()
    values[100:105] = np.nan

    with pytest.raises(InvalidInputError, match="load has a gap of more than an hour on a Tuesday"):
        profile_of(recorded(values))


def test_a_gap_outside_the_weeks_that_repeat_is_filled_from_them_and_says_so():
    values = np.concatenate([COUNTING, np.full(20, np.nan), [77.0]])
    profile = profile_of(Measurements(TimeGrid(MONDAY, QUARTER, len(values)), {"load_kw": values}))
    in_gap = MONDAY + (2 * WEEK + 10) * QUARTER

    assert profile.data_at(in_gap) == REPLAYED
    assert profile.weather(in_gap).load_kw["load"] % WEEK == 10
    assert profile.weather(in_gap + 10 * QUARTER).load_kw["load"] == 77


def test_a_recording_without_a_whole_week_is_refused():
    with pytest.raises(InvalidInputError, match="no whole week"):
        profile_of(recorded(n_steps=WEEK - 1))


def test_a_missing_column_is_named():
    site = site_of(tariff_of(energy(0.2)), *one_battery_site().batteries, battery("other"))
    data = Measurements(recorded().grid, {"pv_kw": np.zeros(2 * WEEK)})

    with pytest.raises(InvalidInputError, match="no column 'load_kw'"):
        profile_of(data, site)


@pytest.mark.parametrize("minutes", [5, 15, 60])
def test_load_and_sun_stay_until_the_next_change(minutes):
    step = timedelta(minutes=minutes)
    n_steps = 2 * timedelta(days=7) // step
    data = Measurements(TimeGrid(MONDAY, step, n_steps), {"load_kw": np.arange(n_steps, dtype=float)})
    profile = profile_of(data)
    for moment in (START + timedelta(minutes=7, seconds=1), AFTER + timedelta(minutes=7)):
        change = profile.next_change(moment)

        assert moment < change <= moment + timedelta(minutes=15)
        just_before = profile.weather(change - timedelta(microseconds=1))
        assert profile.weather(moment) == just_before


def test_prices_are_joined_where_recorded_and_repeat_with_the_weeks_elsewhere():
    site = site_of(tariff_of(energy(series="spot")), battery())
    data = Measurements(recorded().grid, {"load_kw": np.full(2 * WEEK, 40.0), "price_per_kwh": COUNTING / 1000})
    profile = profile_of(data, site)

    joined = profile.prices(TimeGrid(START, QUARTER, 2))["spot"]
    replayed = profile.prices(TimeGrid(AFTER, QUARTER, 2))["spot"]

    assert joined.tolist() == [0.768, 0.769]
    assert (replayed * 1000 % WEEK).tolist() == pytest.approx([48, 49])


def test_a_tariff_without_price_series_needs_none():
    assert profile_of(recorded()).prices(TimeGrid(START, QUARTER, 2)) == {}


@pytest.mark.parametrize("moment", [START, AFTER])
def test_sun_beyond_the_inverter_is_not_there(moment):
    site = one_battery_site(Pv(id="roof", rated_kw=50.0))

    assert profile_of(recorded(pv_kw=60.0), site).weather(moment).pv_kw == {"roof": 50.0}
