"""How old a reading is by the device's own clock, whatever that clock shows."""

import pytest

from tests.unit.application.battery_story import at, reading
from voltherm.application.reading_age import ReadingAge


@pytest.mark.fault(18)
def test_a_gateway_that_repeats_itself_lags_until_it_has_something_new():
    age = ReadingAge(60.0)
    lags = []
    for seconds in range(0, 600, 10):
        age.learn(reading(seconds, measured_at=at(seconds // 300 * 300)))
        lags.append(age.lag_s)
    assert lags[0] == lags[30] == 0.0
    assert lags[6] == 60.0
    assert lags[29] == 120.0


def test_a_device_that_tells_no_time_has_no_lag_and_no_offset():
    age = ReadingAge(60.0)
    age.learn(reading(0, measured_at=None))
    assert (age.lag_s, age.offset_s, age.is_doubtful) == (0.0, None, False)


def test_before_the_first_reading_there_is_nothing_to_say():
    age = ReadingAge(60.0)
    assert (age.lag_s, age.offset_s, age.least_offset_s) == (0.0, None, None)


@pytest.mark.fault(18)
def test_the_offset_is_that_of_the_freshest_reading():
    age = ReadingAge(60.0)
    for seconds, measured in ((0, 10), (5, 13), (10, 13)):
        age.learn(reading(seconds, measured_at=at(measured)))
    assert (age.offset_s, age.lag_s) == (10.0, 7.0)


def test_seconds_that_go_back_begin_another_life():
    age = ReadingAge(60.0)
    age.learn(reading(1000))
    age.learn(reading(0, measured_at=at(-30)))
    assert age.lag_s == 0.0
