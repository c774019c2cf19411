"""Comfort bands over the day and the week."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from voltherm.domain.comfort import Comfort, ComfortWindow
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.time import TimeGrid

HELSINKI = ZoneInfo("Europe/Helsinki")
EVERY_DAY = frozenset(range(7))
HOUR = timedelta(hours=1)
NIGHT = ComfortWindow(days=EVERY_DAY, start_minute=22 * 60, end_minute=6 * 60, low_c=17.0, high_c=21.0)


def low_by_hour(comfort: Comfort, start: datetime, hours: int = 24) -> list[float]:
    return comfort.band(TimeGrid(start, HOUR, hours), HELSINKI).low_c.tolist()


def test_without_windows_the_band_is_level():
    band = Comfort(low_c=20.0, high_c=23.0).band(TimeGrid(datetime(2026, 1, 1, tzinfo=UTC), HOUR, 3), HELSINKI)
    assert band.low_c.tolist() == [20.0] * 3
    assert band.high_c.tolist() == [23.0] * 3


def test_a_window_over_midnight_holds_by_the_clock_of_the_site():
    midnight_in_helsinki = datetime(2026, 1, 5, 22, tzinfo=UTC)
    assert low_by_hour(Comfort(windows=(NIGHT,)), midnight_in_helsinki) == [17.0] * 6 + [20.0] * 16 + [17.0] * 2


def test_a_night_that_begins_on_friday_ends_on_saturday():
    friday = ComfortWindow(days=frozenset({4}), start_minute=22 * 60, end_minute=6 * 60, low_c=17.0, high_c=21.0)
    friday_noon = datetime(2026, 1, 9, 10, tzinfo=UTC)
    assert low_by_hour(Comfort(windows=(friday,)), friday_noon, 42) == [20.0] * 10 + [17.0] * 8 + [20.0] * 24


def test_the_later_of_two_windows_wins():
    at_work = ComfortWindow(days=EVERY_DAY, start_minute=0, end_minute=24 * 60, low_c=15.0, high_c=25.0)
    start = datetime(2026, 1, 5, 22, tzinfo=UTC)
    assert low_by_hour(Comfort(windows=(at_work, NIGHT)), start, 8) == [17.0] * 6 + [15.0] * 2
    assert low_by_hour(Comfort(windows=(NIGHT, at_work)), start, 8) == [15.0] * 8


@pytest.mark.pitfall("A14")
def test_the_window_follows_the_clock_over_a_day_of_23_hours():
    # On 29 March 2026 the clock goes from 03:00 to 04:00: the night has one hour less.
    spring = low_by_hour(Comfort(windows=(NIGHT,)), datetime(2026, 3, 28, 22, tzinfo=UTC), 23)
    assert spring == [17.0] * 5 + [20.0] * 16 + [17.0] * 2


@pytest.mark.pitfall("A14")
def test_the_window_follows_the_clock_over_a_day_of_25_hours():
    autumn = low_by_hour(Comfort(windows=(NIGHT,)), datetime(2026, 10, 24, 21, tzinfo=UTC), 25)
    assert autumn == [17.0] * 7 + [20.0] * 16 + [17.0] * 2


def test_a_window_that_ends_where_it_starts_is_a_whole_day():
    monday = ComfortWindow(days=frozenset({0}), start_minute=360, end_minute=360, low_c=17.0, high_c=21.0)
    monday_at_six = datetime(2026, 1, 5, 4, tzinfo=UTC)
    assert low_by_hour(Comfort(windows=(monday,)), monday_at_six, 26) == [17.0] * 24 + [20.0] * 2


def test_the_outermost_edges_are_those_of_all_windows():
    wide = ComfortWindow(days=EVERY_DAY, start_minute=0, end_minute=60, low_c=19.0, high_c=27.0)
    comfort = Comfort(low_c=20.0, high_c=23.0, windows=(NIGHT, wide))
    assert (comfort.least_c, comfort.most_c) == (17.0, 27.0)


def test_a_band_cannot_be_written_to():
    band = Comfort().band(TimeGrid(datetime(2026, 1, 1, tzinfo=UTC), HOUR, 3), HELSINKI)
    with pytest.raises(ValueError, match="read-only"):
        band.low_c[0] = 99.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"low_c": 24.0}, ("comfort", "low_c is 24.0", "high_c 23.0")),
        ({"low_c": 4.0}, ("5 <= low_c",)),
        ({"high_c": 293.15}, ("35 degC",)),
        ({"high_c": np.nan}, ("high_c nan",)),
        ({"cold_price_per_kh": -1.0}, ("cold_price_per_kh is -1.0", "at least 0")),
        ({"heat_price_per_kh": np.inf}, ("heat_price_per_kh is inf", "finite")),
        ({"heat_price_per_kh": np.nan}, ("heat_price_per_kh is nan",)),
    ],
)
def test_a_wrong_band_is_told(changes, words):
    with pytest.raises(InvalidInputError) as error:
        Comfort(**({"low_c": 20.0, "high_c": 23.0} | changes))
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"days": frozenset()}, "one or more of 0"),
        ({"days": frozenset({7})}, r"days are \[7\]"),
        ({"start_minute": -1}, "start_minute is -1"),
        ({"end_minute": 1441}, "end_minute is 1441"),
        ({"low_c": 22.0}, "comfort window: low_c is 22.0"),
    ],
)
def test_a_wrong_window_is_told(changes, words):
    plain = {"days": EVERY_DAY, "start_minute": 0, "end_minute": 60, "low_c": 17.0, "high_c": 21.0}
    with pytest.raises(InvalidInputError, match=words):
        ComfortWindow(**(plain | changes))
