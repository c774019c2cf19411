"""The hours of a local day."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from voltherm.application.local_hours import local_hours, next_quarter

HELSINKI = ZoneInfo("Europe/Helsinki")


@pytest.mark.pitfall("A14")
@pytest.mark.parametrize(
    ("day", "clock"),
    [
        (date(2026, 1, 9), list(range(24))),
        (date(2026, 3, 29), [0, 1, 2, *range(4, 24)]),
        (date(2026, 10, 25), [0, 1, 2, 3, 3, *range(4, 24)]),
    ],
)
def test_a_day_has_the_hours_that_its_clock_shows(day, clock):
    hours = local_hours(day, HELSINKI)

    assert [moment.astimezone(HELSINKI).hour for moment in hours.times()] == clock
    assert len(set(hours.times())) == len(clock)


def test_the_hours_of_a_day_begin_at_local_midnight_and_end_at_the_next():
    hours = local_hours(date(2026, 10, 25), HELSINKI)

    assert hours.start == datetime(2026, 10, 24, 21, tzinfo=UTC)
    assert hours.end == datetime(2026, 10, 25, 22, tzinfo=UTC)


def test_where_the_clock_changes_by_half_an_hour_the_last_hour_reaches_into_the_next_day():
    longer = local_hours(date(2026, 4, 5), ZoneInfo("Australia/Lord_Howe"))

    assert longer.n_steps == 25
    assert longer.end - longer.start == timedelta(hours=25)


@pytest.mark.parametrize(
    ("minute", "second", "expected"), [(0, 0, (0, 0)), (0, 1, (0, 15)), (44, 59, (0, 45)), (45, 1, (1, 0))]
)
def test_the_next_quarter_hour_is_now_or_later(minute, second, expected):
    hour, quarter = expected

    found = next_quarter(datetime(2026, 1, 9, 0, minute, second, tzinfo=UTC))

    assert found == datetime(2026, 1, 9, hour, quarter, tzinfo=UTC)
