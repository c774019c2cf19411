"""Instants, intervals and grids: no naive times, no index where the clock jumps."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.time import Interval, TimeGrid, local_day, local_midnight, utc_instant, zone_named

QUARTER = timedelta(minutes=15)
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
ZONES = (
    "Europe/Helsinki",
    "Europe/Brussels",
    "America/Costa_Rica",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
)

zones = st.sampled_from(ZONES).map(zone_named)
days = st.dates(date(2019, 1, 1), date(2030, 12, 31))
steps = st.sampled_from([5, 15, 30, 60]).map(lambda minutes: timedelta(minutes=minutes))
instants = st.datetimes(datetime(2019, 1, 1), datetime(2030, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001


@pytest.mark.pitfall("M7")
def test_a_naive_time_is_refused_and_the_remedy_named():
    with pytest.raises(InvalidInputError, match=r"2025-06-01T12:00:00 has no zone; write it as UTC"):
        utc_instant(datetime(2025, 6, 1, 12))  # noqa: DTZ001


@pytest.mark.pitfall("M7")
@pytest.mark.parametrize("build", [lambda t: Interval(t, NOON), lambda t: TimeGrid(t, QUARTER, 4)])
def test_neither_an_interval_nor_a_grid_begins_at_a_naive_time(build):
    with pytest.raises(InvalidInputError, match="has no zone"):
        build(datetime(2025, 6, 1))  # noqa: DTZ001


def test_an_instant_of_another_zone_is_the_same_instant_in_utc():
    there = datetime(2025, 6, 1, 6, tzinfo=timezone(timedelta(hours=-6)))
    assert utc_instant(there) == NOON
    assert utc_instant(there).tzinfo is UTC


def test_an_unknown_zone_is_refused_with_an_example():
    with pytest.raises(InvalidInputError, match="Europe/Helsinki"):
        zone_named("Mars/Olympus")


def test_an_interval_that_ends_where_it_begins_is_refused():
    with pytest.raises(InvalidInputError, match="is not after start"):
        Interval(NOON, NOON)


def test_an_interval_holds_its_start_and_not_its_end():
    hour = Interval(NOON, NOON + timedelta(hours=1))
    assert hour.contains(hour.start)
    assert not hour.contains(hour.end)
    assert hour.hours == 1.0


@pytest.mark.parametrize("minutes", [7, 0, -15, 45, 90, 25 * 60])
def test_a_step_that_divides_neither_hour_nor_day_is_refused(minutes):
    with pytest.raises(InvalidInputError, match=r"grid\.step"):
        TimeGrid(NOON, timedelta(minutes=minutes), 4)


def test_a_grid_without_steps_is_refused():
    with pytest.raises(InvalidInputError, match="at least 1"):
        TimeGrid(NOON, QUARTER, 0)


def test_a_grid_over_a_broken_number_of_steps_is_refused():
    with pytest.raises(InvalidInputError, match="whole number of steps"):
        TimeGrid.over(Interval(NOON, NOON + timedelta(minutes=20)), QUARTER)


@pytest.mark.parametrize(
    ("zone", "day", "quarters"),
    [
        ("Europe/Helsinki", date(2025, 3, 30), 92),
        ("Europe/Helsinki", date(2025, 6, 1), 96),
        ("Europe/Helsinki", date(2025, 10, 26), 100),
        ("Europe/Brussels", date(2025, 3, 30), 92),
        ("Europe/Brussels", date(2025, 6, 1), 96),
        ("Europe/Brussels", date(2025, 10, 26), 100),
        ("Asia/Kolkata", date(2025, 3, 30), 96),
        ("Australia/Lord_Howe", date(2025, 4, 6), 98),
        ("Australia/Lord_Howe", date(2025, 10, 5), 94),
        ("America/Costa_Rica", date(2025, 3, 30), 96),
    ],
)
def test_a_local_day_has_as_many_quarter_hours_as_its_clock_says(zone, day, quarters):
    grid = TimeGrid.over(local_day(day, zone_named(zone)), QUARTER)
    assert grid.n_steps == quarters


@given(zones, days)
def test_local_days_follow_each_other_without_gap_or_overlap(zone, day):
    assert local_day(day, zone).end == local_day(day + timedelta(days=1), zone).start


@given(zones, days, steps)
def test_every_step_of_a_local_day_is_on_that_date(zone, day, step):
    grid = TimeGrid.over(local_day(day, zone), QUARTER)
    local = grid.local(zone)
    assert (local.day_ordinal == day.toordinal()).all()
    assert (local.weekday == day.weekday()).all()
    assert (local.month == day.month).all()
    assert (local.year == day.year).all()


@given(zones, instants, steps)
def test_local_fields_are_those_of_the_standard_library(zone, start, step):
    grid = TimeGrid(start.replace(minute=0, second=0, microsecond=0), step, 60)
    expected = [moment.astimezone(zone) for moment in grid.times()]
    local = grid.local(zone)
    assert local.minute_of_day.tolist() == [moment.hour * 60 + moment.minute for moment in expected]
    assert local.day_ordinal.tolist() == [moment.toordinal() for moment in expected]


@given(instants, steps, st.integers(1, 200))
def test_steps_partition_the_grid(start, step, n_steps):
    grid = TimeGrid(start, step, n_steps)
    edges = grid.epoch_seconds
    assert grid.time_of(0) == grid.start
    assert grid.time_of(n_steps) == grid.end
    assert (np.diff(edges) == grid.step_seconds).all()
    assert grid.interval.hours == pytest.approx(n_steps * grid.step_h)


@given(instants, steps, st.integers(1, 200), st.data())
def test_an_instant_within_the_grid_lies_in_exactly_the_step_that_is_named(start, step, n_steps, data):
    grid = TimeGrid(start, step, n_steps)
    moment = start + timedelta(seconds=data.draw(st.integers(0, n_steps * grid.step_seconds - 1)))
    index = grid.index_of(moment)
    assert Interval(grid.time_of(index), grid.time_of(index + 1)).contains(moment)


@pytest.mark.parametrize("moment", [NOON - timedelta(seconds=1), NOON + timedelta(hours=1)])
def test_an_instant_outside_the_grid_has_no_step(moment):
    with pytest.raises(InvalidInputError, match="outside the grid"):
        TimeGrid(NOON, QUARTER, 4).index_of(moment)


def test_a_part_of_a_grid_keeps_its_instants():
    part = TimeGrid(NOON, QUARTER, 8).part(2, 3)
    assert part.start == NOON + timedelta(minutes=30)
    assert part.end == NOON + timedelta(minutes=75)


def test_a_day_whose_midnight_is_skipped_begins_at_the_first_instant_there_is():
    cairo = zone_named("Africa/Cairo")
    begin = local_midnight(date(2024, 4, 26), cairo).astimezone(cairo)
    assert (begin.hour, begin.day) == (1, 26)


def test_grids_over_the_same_span_are_equal_whatever_zone_the_start_was_written_in():
    there = NOON.astimezone(zone_named("Europe/Helsinki"))
    assert TimeGrid(there, QUARTER, 4) == TimeGrid(NOON, QUARTER, 4)
