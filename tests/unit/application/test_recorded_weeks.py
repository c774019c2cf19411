"""Recorded weeks: the same weekday and clock, for ever, whatever the zones."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.sites import QUARTER, ROOF, site_of
from tests.tariffs import energy, tariff_of
from voltherm.application.recorded_weeks import RecordedWeeks
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements
from voltherm.domain.time import TimeGrid

PACIFIC = ZoneInfo("America/Los_Angeles")
SITE = site_of(tariff_of(energy(0.2)), ROOF)
MONDAY = datetime(2018, 6, 4, 7, tzinfo=UTC)
WEEK = 7 * 96


def recorded(start=MONDAY, n_steps=2 * WEEK) -> Measurements:
    grid = TimeGrid(start, QUARTER, n_steps)
    since_monday = (np.arange(n_steps) + (start - MONDAY) // QUARTER).astype(float)
    return Measurements(grid, {"load_kw": since_monday, "pv_kw": np.zeros(n_steps)})


def test_weekday_and_clock_are_those_of_the_recording():
    weeks = RecordedWeeks(recorded(), PACIFIC, SITE)
    wednesday_noon = datetime(2026, 11, 18, 12, tzinfo=UTC)

    assert weeks.weather(wednesday_noon).load_kw["load"] % WEEK == 2 * 96 + 48


def test_the_weeks_follow_each_other_and_begin_again():
    weeks = RecordedWeeks(recorded(), PACIFIC, SITE)
    steps = [weeks.weather(datetime(2026, 11, 16, tzinfo=UTC) + n * timedelta(days=7)) for n in range(3)]

    first, second, third = (step.load_kw["load"] for step in steps)

    assert abs(second - first) == WEEK
    assert third == first


def test_days_before_the_first_monday_are_left_out():
    weeks = RecordedWeeks(recorded(MONDAY - timedelta(days=3), 2 * WEEK), PACIFIC, SITE)

    assert weeks.n_steps == WEEK
    assert weeks.weather(datetime(2026, 11, 16, tzinfo=UTC)).load_kw["load"] == 0.0


def test_the_history_ends_where_the_replay_begins():
    weeks = RecordedWeeks(recorded(), PACIFIC, SITE)
    end = datetime(2026, 11, 18, 12, tzinfo=UTC)

    history = weeks.history(end, timedelta(days=9))

    assert history.grid.end == end
    assert history.column("load_kw")[-1] == weeks.weather(end - QUARTER).load_kw["load"]


def test_less_than_a_week_is_refused():
    with pytest.raises(InvalidInputError, match="whole week"):
        RecordedWeeks(recorded(n_steps=WEEK - 1), PACIFIC, SITE)
