"""Windows by the local clock: odd days, wraps, day types, holidays, dates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from voltherm.adapters.documents.tariff import read_library
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.tariffs import HolidayRule, HolidayTreatment, When
from voltherm.domain.time import TimeGrid, local_day

HELSINKI = ZoneInfo("Europe/Helsinki")
COSTA_RICA = ZoneInfo("America/Costa_Rica")
QUARTER = timedelta(minutes=15)


def minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return 60 * int(hour) + int(minute)


def when(*windows: tuple[str, str], **more: object) -> When:
    return When(windows=tuple((minutes(start), minutes(end)) for start, end in windows), **more)


def day_grid(day: date, zone: ZoneInfo = HELSINKI, step: timedelta = QUARTER) -> TimeGrid:
    return TimeGrid.over(local_day(day, zone), step)


def clocks(times: When, grid: TimeGrid, zone: ZoneInfo) -> list[str]:
    held = times.holds_at(grid, zone)
    return [f"{grid.time_of(i).astimezone(zone):%H:%M}" for i in np.flatnonzero(held)]


@pytest.mark.pitfall("M6")
def test_costa_rican_peak_is_two_windows_with_half_hour_edges():
    tariff = read_library("costa-rica-tmt")
    grid = day_grid(date(2026, 1, 15), COSTA_RICA, timedelta(minutes=30))

    by_rule = {rule.id: clocks(rule.when, grid, COSTA_RICA) for rule in tariff.energy_rules}

    peak = ["10:00", "10:30", "11:00", "11:30", "12:00", "17:30", "18:00", "18:30", "19:00", "19:30"]
    assert by_rule["energy_peak"] == peak
    assert by_rule["energy_valley"][:2] == ["06:00", "06:30"]
    assert by_rule["energy_valley"][-1] == "17:00"
    assert by_rule["energy_night"][-1] == "23:30"
    assert sum(len(held) for held in by_rule.values()) == 48


@pytest.mark.pitfall("M6")
@pytest.mark.parametrize("day", [date(2026, 1, 17), date(2026, 1, 18), date(2026, 1, 1)])
def test_costa_rican_windows_hold_on_all_seven_days(day):
    tariff = read_library("costa-rica-tmt")
    grid = day_grid(day, COSTA_RICA)

    shares = [rule.when.share(grid, COSTA_RICA).sum() for rule in tariff.energy_rules]

    assert shares == [20, 36, 40]


@pytest.mark.pitfall("M6")
def test_the_evening_peak_is_not_cheap():
    tariff = read_library("costa-rica-tmt")
    (night,) = [rule for rule in tariff.energy_rules if rule.id == "energy_night"]
    grid = day_grid(date(2026, 1, 15), COSTA_RICA)

    assert not set(clocks(night.when, grid, COSTA_RICA)) & {"17:30", "18:00", "19:45"}


@pytest.mark.parametrize(
    ("day", "quarters"), [(date(2026, 3, 29), 92), (date(2026, 6, 1), 96), (date(2026, 10, 25), 100)]
)
def test_complementary_windows_partition_days_of_92_96_and_100_quarters(day, quarters):
    grid = day_grid(day)
    night = when(("22:00", "07:00"))

    shares = night.share(grid, HELSINKI) + When(unless=(night,)).share(grid, HELSINKI)

    assert grid.n_steps == quarters
    assert shares.tolist() == [1.0] * quarters


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 1), (date(2026, 10, 25), 3)])
def test_a_window_over_the_clock_change_holds_as_long_as_its_wall_clock(day, hours):
    share = when(("02:00", "04:00")).share(day_grid(day), HELSINKI)

    assert share.sum() * 0.25 == hours


def test_a_window_over_midnight_takes_the_day_type_of_each_part():
    friday = date(2026, 1, 16)
    over_night = when(("22:00", "06:00"), days=frozenset({4}))

    assert clocks(over_night, day_grid(friday, step=timedelta(hours=1)), HELSINKI) == [
        *(f"0{hour}:00" for hour in range(6)),
        "22:00",
        "23:00",
    ]
    assert clocks(over_night, day_grid(date(2026, 1, 17)), HELSINKI) == []


def test_a_coarse_step_has_the_exact_share():
    grid = TimeGrid(datetime(2026, 1, 15, 0, tzinfo=UTC), timedelta(hours=1), 24)

    share = when(("10:00", "12:30"), ("17:45", "18:05")).share(grid, ZoneInfo("UTC"))

    assert share[[10, 11, 12, 13]].tolist() == [1, 1, 0.5, 0]
    assert share[[17, 18]].tolist() == pytest.approx([0.25, 5 / 60])


def test_a_grid_that_begins_off_the_quarter_has_exact_shares():
    grid = TimeGrid(datetime(2026, 1, 15, 9, 50, tzinfo=UTC), QUARTER, 3)

    share = when(("10:00", "10:15")).share(grid, ZoneInfo("UTC"))

    assert share.tolist() == pytest.approx([5 / 15, 10 / 15, 0])


def test_zones_off_the_hour_keep_their_own_clock():
    kathmandu = ZoneInfo("Asia/Kathmandu")
    grid = TimeGrid(datetime(2026, 1, 15, 0, tzinfo=UTC), QUARTER, 96)

    held = clocks(when(("06:00", "06:30")), grid, kathmandu)

    assert held == ["06:00", "06:15"]


HOLIDAY = HolidayRule(calendar="X", days=frozenset({date(2026, 1, 6).toordinal()}))


def test_a_holiday_counts_as_sunday_or_as_itself():
    tuesday = day_grid(date(2026, 1, 6))
    workdays = frozenset(range(5))
    ignored = HolidayRule(calendar="X", treatment=HolidayTreatment.IGNORE)

    assert When(days=workdays, holidays=HOLIDAY).share(tuesday, HELSINKI).sum() == 0
    assert When(days=frozenset({6}), holidays=HOLIDAY).share(tuesday, HELSINKI).sum() == 96
    assert When(days=workdays, holidays=ignored).share(tuesday, HELSINKI).sum() == 96
    assert When(days=workdays).share(tuesday, HELSINKI).sum() == 96


def test_a_day_beyond_the_known_holidays_is_refused():
    grid = day_grid(date(2060, 1, 6))

    with pytest.raises(InvalidInputError, match="known for 2000-01-01 to 2051-01-01"):
        When(days=frozenset({0}), holidays=HOLIDAY).share(grid, HELSINKI)


@pytest.mark.parametrize(
    ("day", "counts"),
    [
        (date(2026, 11, 30), False),
        (date(2026, 12, 1), True),
        (date(2024, 2, 29), True),
        (date(2026, 2, 28), True),
        (date(2026, 3, 1), False),
    ],
)
def test_dates_may_wrap_the_new_year_and_know_the_leap_day(day, counts):
    winter = When(dates=((12, 1), (3, 1)))

    assert winter.share(day_grid(day), HELSINKI).all() == counts


def test_also_adds_and_unless_takes_away():
    times = when(("08:00", "10:00"), also=(when(("12:00", "13:00")),), unless=(when(("09:00", "12:30")),))

    assert clocks(times, day_grid(date(2026, 1, 5), step=timedelta(minutes=30)), HELSINKI) == [
        "08:00",
        "08:30",
        "12:30",
    ]


@pytest.mark.parametrize(
    "make",
    [
        lambda: When(windows=((60, 60),)),
        lambda: When(windows=((-1, 60),)),
        lambda: When(windows=((0, 1500),)),
        lambda: When(days=frozenset()),
        lambda: When(months=frozenset({13})),
        lambda: When(dates=((1, 1), (1, 1))),
    ],
)
def test_times_that_cannot_be_are_refused(make):
    with pytest.raises(InvalidInputError):
        make()
