"""The timer: constant power by the clock, sized to the energy, within the band, and only where it pays."""

import numpy as np
import pytest

from tests.sites import QUARTER, START, battery, site_of
from tests.tariffs import energy, tariff_of
from voltherm.application.policies.thermostat import Thermostat
from voltherm.application.policies.timer import Timer, timer_power_kw
from voltherm.domain.control import MeterReading
from voltherm.domain.time import TimeGrid

HOUR_DAY = np.zeros(24, dtype=np.int64)


def day_of_prices(night=0.1, evening=0.3) -> np.ndarray:
    prices = np.full(24, 0.2)
    prices[:6], prices[17:20] = night, evening
    return prices


def test_the_whole_cheap_window_charges_at_constant_power():
    power = timer_power_kw(battery(), HOUR_DAY, day_of_prices(), 1.0)

    assert power[:6] == pytest.approx(np.full(6, 100 / 0.9 / 6))
    assert power[17:20] == pytest.approx(np.full(3, -100 * 0.9 / 3))
    assert (power[6:17] == 0).all()
    assert (power[20:] == 0).all()


def test_a_window_that_is_too_short_for_the_power_is_helped_by_the_next_cheapest():
    prices = day_of_prices()
    prices[:6] = [0.1, 0.12, 0.12, 0.2, 0.2, 0.2]

    power = timer_power_kw(battery(), HOUR_DAY, prices, 1.0)

    assert np.flatnonzero(power > 0).tolist() == [0, 1, 2]


def test_a_flat_day_rests():
    assert not timer_power_kw(battery(), HOUR_DAY, np.full(24, 0.2), 1.0).any()


def test_a_spread_below_the_losses_rests():
    assert not timer_power_kw(battery(), HOUR_DAY, day_of_prices(night=0.19, evening=0.21), 1.0).any()


def test_each_day_stands_for_itself():
    days = np.repeat([0, 1], 24)
    prices = np.concatenate([day_of_prices(), np.full(24, 0.2)])

    power = timer_power_kw(battery(), days, prices, 1.0)

    assert power[:24].any()
    assert not power[24:].any()


def test_the_band_is_kept_whatever_the_clock_says():
    site = site_of(tariff_of(energy(0.2)), battery(soc_min=0.1, soc_max=0.9))
    grid = TimeGrid(START, QUARTER, 96)
    timer = Timer(site, grid, np.repeat(day_of_prices(), 4), Thermostat({}))

    full = timer.setpoints(0, MeterReading(net_kw=0.0, soc={"bess": 0.9})).battery_kw["bess"]
    empty = timer.setpoints(70, MeterReading(net_kw=0.0, soc={"bess": 0.1})).battery_kw["bess"]

    assert full == 0.0
    assert empty == 0.0
