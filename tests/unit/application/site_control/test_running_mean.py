"""The mean of the running interval, from the meter or from its power."""

from datetime import timedelta

import pytest

from tests.sites import QUARTER, START
from voltherm.application.site_control.running_mean import RunningMean
from voltherm.domain.device import MeterState


def reading(grid_kw: float, **more) -> MeterState:
    return MeterState(received_at=START, received_s=0.0, grid_kw=grid_kw, **more)


def test_the_meters_own_mean_counts():
    mean = RunningMean(QUARTER)

    so_far = mean.take(START + timedelta(minutes=5), reading(80.0, interval_start=START, interval_mean_kw=42.0))

    assert so_far.mean_kw == 42.0
    assert so_far.elapsed_share == pytest.approx(1 / 3)


def test_a_mean_of_another_interval_does_not_count():
    mean = RunningMean(QUARTER)

    so_far = mean.take(
        START + timedelta(minutes=5), reading(80.0, interval_start=START - QUARTER, interval_mean_kw=1.0)
    )

    assert so_far.mean_kw == 80.0


def test_without_the_meters_mean_each_power_holds_until_the_next():
    mean = RunningMean(QUARTER)
    mean.take(START, reading(90.0))
    mean.take(START + timedelta(minutes=2), reading(30.0))

    so_far = mean.take(START + timedelta(minutes=6), reading(0.0))

    assert so_far.mean_kw == pytest.approx((2 * 90.0 + 4 * 30.0) / 6)


def test_a_new_interval_begins_afresh_with_the_power_that_was_running():
    mean = RunningMean(QUARTER)
    mean.take(START + timedelta(minutes=14), reading(100.0))

    so_far = mean.take(START + timedelta(minutes=16), reading(0.0))

    assert so_far.start == START + QUARTER
    assert so_far.mean_kw == pytest.approx(100.0)


def test_a_long_silence_is_not_filled():
    mean = RunningMean(QUARTER)
    mean.take(START, reading(100.0))

    so_far = mean.take(START + timedelta(hours=3, minutes=10), reading(5.0))

    assert so_far.mean_kw == pytest.approx(100.0)
    assert so_far.start == START + timedelta(hours=3)
