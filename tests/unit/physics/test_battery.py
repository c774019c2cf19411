"""The battery as a plant: efficiency, loss, limits, tapers."""

from dataclasses import replace

import numpy as np
import pytest

from voltherm.domain.assets import Battery, BatteryState
from voltherm.physics.battery import battery_step, limit_or, simulate_battery, taper_limit_kw

BATTERY = Battery(
    id="bess",
    capacity_kwh=100.0,
    charge_limit_kw=50.0,
    discharge_limit_kw=40.0,
    charge_efficiency=0.9,
    discharge_efficiency=0.8,
)


def altered(**changes) -> Battery:
    return replace(BATTERY, **changes)


def test_charging_stores_what_the_efficiency_leaves():
    run = simulate_battery(BATTERY, BatteryState(soc=0.5), np.array([20.0]), 0.5)
    assert run.power_kw.tolist() == [20.0]
    assert run.energy_kwh.tolist() == pytest.approx([50.0, 59.0])


def test_discharging_takes_more_than_it_gives():
    run = simulate_battery(BATTERY, BatteryState(soc=0.5), np.array([-20.0]), 0.5)
    assert run.power_kw.tolist() == [-20.0]
    assert run.energy_kwh.tolist() == pytest.approx([50.0, 37.5])


def test_an_idle_battery_keeps_its_energy():
    run = simulate_battery(BATTERY, BatteryState(soc=0.3), np.zeros(4), 0.25)
    assert run.energy_kwh.tolist() == [30.0] * 5


def test_standing_loss_is_a_share_of_what_is_stored_an_hour():
    run = simulate_battery(altered(standing_loss_per_h=0.1), BatteryState(soc=1.0), np.zeros(4), 0.5)
    assert run.energy_kwh[2] == pytest.approx(90.0)
    assert run.energy_kwh[4] == pytest.approx(81.0)


def test_power_is_cut_to_the_rated_limits():
    run = simulate_battery(BATTERY, BatteryState(soc=0.5), np.array([500.0, -500.0]), 0.1)
    assert run.power_kw.tolist() == [50.0, -40.0]


def test_limits_of_now_lower_the_rated_ones_step_by_step():
    state = BatteryState(soc=0.5, charge_limit_kw=np.array([0.0, 10.0, 90.0]))
    run = simulate_battery(BATTERY, state, np.full(3, 60.0), 0.1)
    assert run.power_kw.tolist() == [0.0, 10.0, 50.0]


def test_a_full_battery_takes_nothing_and_an_empty_one_gives_nothing():
    assert simulate_battery(BATTERY, BatteryState(soc=1.0), np.array([50.0]), 1.0).power_kw[0] == 0.0
    assert simulate_battery(BATTERY, BatteryState(soc=0.0), np.array([-40.0]), 1.0).power_kw[0] == 0.0


def test_the_last_room_is_filled_exactly():
    power, energy = battery_step(BATTERY, 95.5, 50.0, 1.0)
    assert power == pytest.approx(5.0)
    assert energy == 100.0


def test_the_last_energy_is_taken_exactly():
    power, energy = battery_step(BATTERY, 10.0, -40.0, 1.0)
    assert power == pytest.approx(-8.0)
    assert energy == 0.0


def test_the_planning_band_does_not_bind_the_cells():
    run = simulate_battery(altered(soc_min=0.4, soc_max=0.6), BatteryState(soc=0.5), np.full(8, -40.0), 0.25)
    assert run.energy_kwh[-1] == 0.0


def test_the_charge_taper_falls_in_a_line_to_zero_at_full():
    battery = altered(charge_taper_soc=0.8)
    assert taper_limit_kw(battery, 80.0, charging=True) == 50.0
    assert taper_limit_kw(battery, 90.0, charging=True) == pytest.approx(25.0)
    assert taper_limit_kw(battery, 100.0, charging=True) == 0.0
    assert taper_limit_kw(battery, 90.0, charging=False) == 40.0


def test_the_discharge_taper_falls_in_a_line_to_zero_at_empty():
    battery = altered(discharge_taper_soc=0.2)
    assert taper_limit_kw(battery, 20.0, charging=False) == 40.0
    assert taper_limit_kw(battery, 10.0, charging=False) == pytest.approx(20.0)
    assert taper_limit_kw(battery, 0.0, charging=False) == 0.0
    assert taper_limit_kw(battery, 10.0, charging=True) == 50.0


def test_a_limit_of_now_never_exceeds_the_rated_one():
    assert limit_or(None, 50.0) == 50.0
    assert limit_or(70.0, 50.0) == 50.0
    assert limit_or(np.array([10.0, 70.0]), 50.0).tolist() == [10.0, 50.0]
