"""Which peak the rest of the month is worth."""

from datetime import timedelta

import numpy as np
import pytest

from tests.sites import QUARTER, START, battery, site_of
from tests.tariffs import demand, energy, tariff_of
from voltherm.application.month_targets import month_targets
from voltherm.domain.assets import BatteryState
from voltherm.domain.ledger import Ledger
from voltherm.domain.measurements import Measurements
from voltherm.domain.time import TimeGrid

TARIFF = tariff_of(energy(0.2), demand(10.0))
SITE = site_of(TARIFF, battery(discharge_efficiency=1.0, charge_efficiency=1.0))
STATES = {"bess": BatteryState(soc=0.5)}
AHEAD = TimeGrid(START, QUARTER, 192)


def history(days: int) -> Measurements:
    """Half an hour of 100 kW a day over 20 kW."""
    grid = TimeGrid(START - timedelta(days=days), QUARTER, days * 96)
    step = np.arange(grid.n_steps) % 96
    return Measurements(grid, {"load_kw": np.where((step >= 72) & (step < 74), 100.0, 20.0)})


def targets(past, *, ledger=None, site=SITE):
    return month_targets(site, past, ledger or Ledger.empty(), STATES, AHEAD)


def test_the_target_is_the_peak_that_the_battery_can_hold():
    assert targets(history(8))["peak"] == pytest.approx(50.0, abs=1e-3)


def test_a_peak_that_is_reached_already_is_the_target():
    ledger = Ledger.empty().with_reached("peak", 77.0, TARIFF.period_of(START))
    assert targets(history(8), ledger=ledger)["peak"] == pytest.approx(77.0, abs=1e-3)


def test_two_days_are_enough_and_one_is_not():
    assert targets(history(2))["peak"] == pytest.approx(50.0, abs=1e-3)
    assert targets(history(1)) == {}


def test_without_history_or_battery_there_is_no_target():
    assert targets(None) == {}
    assert targets(history(8), site=site_of(TARIFF)) == {}


def test_a_day_without_measurements_gives_no_target():
    past = history(8)
    load = past.column("load_kw").copy()
    load[200:300] = np.nan
    assert targets(Measurements(past.grid, {"load_kw": load})) == {}


def test_the_future_of_a_recording_is_not_looked_at():
    past = history(8)
    later = Measurements(TimeGrid(START, QUARTER, 96), {"load_kw": np.full(96, 500.0)})
    assert targets(past.append(later)) == targets(past)
