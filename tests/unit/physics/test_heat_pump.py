"""What the unit does when it is asked: capacity, emitters, cut-out, frost guard, modes; figures by hand."""

import numpy as np
import pytest

from tests.heated_sites import building, heat_pump, hut, room
from voltherm.domain.assets import BackupHeater, GroundTemperature, HeatMode, HeatSource, Wall
from voltherm.domain.assets.building import HEATED_LIMIT_C
from voltherm.physics.building import Weather
from voltherm.physics.heat_pump import (
    HeatRequest,
    OperatingPoints,
    ground_temp_c,
    mode_requests,
    operating_points,
    simulate_frost_guard,
    simulate_heat_pump,
)


def points(n=1, capacity_kw=6.0, cop=3.0):
    still = np.zeros(n)
    return OperatingPoints(source_c=still, supply_c=still, cop=np.full(n, cop), capacity_kw=np.full(n, capacity_kw))


def weather(outdoor_c, n=1, sun_w_m2=0.0):
    return Weather(outdoor_c=np.full(n, float(outdoor_c)), irradiance_w_m2=np.full(n, float(sun_w_m2)))


def run(pump, start_c, compressor_kw, backup_kw=0.0, *, outdoor_c=0.0, sun_w_m2=0.0, shares=None, n=1, unit=None):
    request = HeatRequest(
        compressor_kw=np.full(n, float(compressor_kw)),
        backup_kw=np.full(n, float(backup_kw)),
        shares=None if shares is None else np.tile(shares, (n, 1)),
    )
    start = np.array(start_c, dtype=float)
    return simulate_heat_pump(pump, start, unit or points(n), weather(outdoor_c, n, sun_w_m2), request, 1.0)


WITH_BACKUP = heat_pump(building(hut()), backup=BackupHeater(limit_kw=2.0, efficiency=0.9))


def test_power_is_heat_over_cop_and_the_backup_as_it_is():
    done = run(WITH_BACKUP, [20.0], 6.0, 2.0)
    assert done.power_kw[0] == pytest.approx(6.0 / 3.0 + 2.0)
    assert done.heat_kw[0, 0] == pytest.approx(6.0 + 0.9 * 2.0)
    assert done.is_followed


@pytest.mark.pitfall("A2")
def test_heat_is_cut_to_the_capacity():
    done = run(WITH_BACKUP, [20.0], 42.0, 9.0)
    assert (done.compressor_kw[0], done.backup_kw[0]) == (6.0, 2.0)


def test_emitters_cut_the_backup_first():
    pump = heat_pump(building(hut(heat_limit_kw=6.9)), backup=BackupHeater(limit_kw=2.0, efficiency=0.9))
    done = run(pump, [20.0], 6.0, 2.0)
    assert done.compressor_kw[0] == 6.0
    assert done.backup_kw[0] == pytest.approx(1.0)
    assert not done.is_followed


def test_heat_is_divided_by_the_losses_of_the_rooms_where_nothing_is_said():
    rooms = heat_pump(building(hut("bath", loss_kw_per_k=0.1), hut("hall", loss_kw_per_k=0.3)))
    assert run(rooms, [20.0, 20.0], 4.0).heat_kw[0].tolist() == pytest.approx([1.0, 3.0])
    assert run(rooms, [20.0, 20.0], 4.0, shares=[0.75, 0.25]).heat_kw[0].tolist() == pytest.approx([3.0, 1.0])


@pytest.mark.pitfall("A3")
def test_no_heat_brings_a_room_above_the_cut_out():
    pump = heat_pump(building(hut(), cut_out_c=25.0))
    done = run(pump, [20.0], 6.0, outdoor_c=10.0, n=48)
    assert done.temps_c.max() == pytest.approx(25.0)
    # What holds 25 degC against 10 degC outside.
    assert done.compressor_kw[-1] == pytest.approx(0.2 * 15.0)
    assert not done.is_followed


def test_the_sun_may_do_what_heat_may_not():
    pump = heat_pump(building(hut(solar_aperture_m2=15.0), cut_out_c=25.0))
    done = run(pump, [24.0], 3.0, outdoor_c=15.0, sun_w_m2=500.0, n=6)
    assert done.temps_c[-1, 0] > 30.0
    assert done.heat_kw.max() == 0.0


def test_floor_heating_ends_where_the_room_will_be_too_warm_though_the_floor_warms_it_later():
    pump = heat_pump(building(room(heat_to_mass=1.0, mass_capacitance_kwh_per_k=5.0), cut_out_c=24.0))
    done = run(pump, [20.0, 20.0], 50.0, outdoor_c=0.0, n=72, unit=points(72, capacity_kw=50.0))
    heated = done.heat_kw[:, 0] > 1e-6
    assert (done.temps_c[1:, 0] <= 24.0 + 1e-5)[heated].all()
    assert done.temps_c[:, 1].max() <= HEATED_LIMIT_C + 1e-5
    # In the long run the room is at its cut-out, and the floor as much warmer as the heat needs: 4.8 kW over 1 kW/K.
    assert done.temps_c[-1].tolist() == pytest.approx([24.0, 28.8], abs=1e-3)


def test_a_slow_floor_stops_at_its_own_limit_long_before_the_room_is_warm():
    slow = room(heat_to_mass=1.0, mass_coupling_kw_per_k=0.01, mass_capacitance_kwh_per_k=5.0)
    done = run(heat_pump(building(slow)), [15.0, 15.0], 50.0, n=24, unit=points(24, capacity_kw=50.0))
    assert done.temps_c[:, 1].max() == pytest.approx(HEATED_LIMIT_C, abs=1e-5)
    assert done.temps_c[:, 0].max() <= 15.0


def test_the_frost_guard_holds_a_room_that_is_told_to_be_off():
    done = run(heat_pump(building(hut())), [6.0], 0.0, outdoor_c=-10.0, n=24)
    assert done.temps_c[:, 0].min() == pytest.approx(5.0, abs=2e-3)
    # What holds 5 degC against -10 degC outside.
    assert done.heat_kw[-1, 0] == pytest.approx(0.2 * 15.0, rel=1e-3)
    assert not done.is_followed


def test_the_frost_guard_gives_all_there_is_where_that_is_not_enough():
    done = run(WITH_BACKUP, [-20.0], 0.0, outdoor_c=-30.0)
    assert (done.compressor_kw[0], done.backup_kw[0]) == pytest.approx((6.0, 2.0))


def test_the_frost_guard_lets_a_room_have_more_than_it_needs():
    done = run(heat_pump(building(hut())), [4.0], 6.0, outdoor_c=-10.0)
    assert done.compressor_kw[0] == 6.0
    assert done.is_followed


def test_a_room_below_the_frost_guard_comes_before_one_that_is_warm():
    rooms = heat_pump(building(hut("bath"), hut("hall")))
    done = run(rooms, [3.0, 19.0], 6.0, outdoor_c=-10.0, shares=[0.0, 1.0], unit=points(1, capacity_kw=12.0))
    needed = done.heat_kw[0, 0]
    assert done.temps_c[1, 0] == pytest.approx(5.0, abs=2e-3)
    assert needed > 6.0
    assert done.heat_kw[0, 1] == pytest.approx(12.0 - needed)


def test_rooms_below_the_frost_guard_share_by_what_they_miss():
    rooms = heat_pump(building(hut("bath"), hut("hall")))
    heat = run(rooms, [-20.0, -10.0], 0.0, outdoor_c=-20.0).heat_kw[0]
    # 25 K and 15.5 K above what they would have without heat.
    assert heat.sum() == pytest.approx(6.0)
    assert heat[0] / heat[1] == pytest.approx(25.0 / (25.0 - 10.0 * np.exp(-0.05)), rel=1e-3)


def test_what_the_unit_did_it_does_again():
    rooms = heat_pump(building(room("bath"), hut("hall", heat_limit_kw=2.0), walls=(shared(0.2),), cut_out_c=24.0))
    first = run(rooms, [3.0, 23.5, 8.0], 6.0, outdoor_c=-10.0, shares=[0.1, 0.9], n=12)
    total = first.heat_kw.sum(axis=1, keepdims=True)
    again = HeatRequest(compressor_kw=first.compressor_kw, backup_kw=first.backup_kw, shares=first.heat_kw / total)
    second = simulate_heat_pump(rooms, first.temps_c[0], points(12), weather(-10, 12), again, 1.0)
    assert not first.is_followed
    np.testing.assert_allclose(second.temps_c, first.temps_c, atol=1e-9)
    np.testing.assert_allclose(second.power_kw, first.power_kw, atol=1e-9)


def test_the_frost_guards_first_steps_are_what_any_request_gets():
    pump, cold = heat_pump(building(hut())), np.array([-5.0])
    given = simulate_frost_guard(pump, cold, points(24), weather(-10, 24), 1.0)
    done = run(pump, cold, 0.0, outdoor_c=-10.0, n=24)
    n = len(given.power_kw)
    assert 0 < n < 24
    assert given.temps_c[n, 0] < 5.0
    np.testing.assert_allclose(given.temps_c, done.temps_c[: n + 1])
    np.testing.assert_allclose(given.power_kw, done.power_kw[:n])


def test_a_warm_house_has_no_such_steps():
    given = simulate_frost_guard(heat_pump(), np.array([20.0, 20.0]), points(24), weather(-10, 24), 1.0)
    assert given.power_kw.shape == (0,)
    assert given.temps_c.tolist() == [[20.0, 20.0]]


def test_modes_ask_for_what_the_weather_needs():
    pump = heat_pump(building(hut(internal_gain_kw=0.3)), set_point_c=21.0, eco_offset_k=2.0)
    asked = mode_requests(pump, points(2), np.array([-4.0, 30.0]))
    assert asked[HeatMode.NORMAL].compressor_kw.tolist() == pytest.approx([0.2 * 25.0 - 0.3, 0.0])
    assert asked[HeatMode.ECO].compressor_kw.tolist() == pytest.approx([0.2 * 23.0 - 0.3, 0.0])
    assert asked[HeatMode.BOOST].compressor_kw.tolist() == [6.0, 6.0]
    assert asked[HeatMode.OFF].compressor_kw.tolist() == [0.0, 0.0]


@pytest.mark.pitfall("A5")
def test_normal_calls_for_the_backup_only_beyond_the_compressor():
    asked = mode_requests(WITH_BACKUP, points(3), np.array([-8.0, -12.0, -60.0]))[HeatMode.NORMAL]
    # 21.5 degC against -12 degC needs 6.7 kW.
    assert asked.compressor_kw.tolist() == pytest.approx([5.9, 6.0, 6.0])
    assert asked.backup_kw.tolist() == pytest.approx([0.0, 0.7 / 0.9, 2.0])


@pytest.mark.pitfall("A1")
def test_below_its_lowest_source_the_compressor_rests_and_the_backup_does_not():
    pump = heat_pump(building(hut()), lowest_source_c=-15.0, backup=BackupHeater(limit_kw=2.0))
    unit = operating_points(pump, np.array([-14.0, -16.0]), np.zeros(2, dtype=np.int64))
    assert unit.capacity_kw[0] > 0
    assert unit.capacity_kw[1] == 0
    done = run(pump, [20.0], 5.0, 2.0, outdoor_c=-16.0, unit=points(1, capacity_kw=0.0, cop=1.0))
    assert (done.compressor_kw[0], done.power_kw[0]) == (0.0, 2.0)


def test_the_ground_is_coldest_on_its_coldest_day():
    pump = heat_pump(source=HeatSource.GROUND, ground=GroundTemperature(mean_c=4.0, swing_k=2.0, coldest_day=85))
    # Day 85 of 1970 is the 26th of March.
    days = np.arange(365) * 86400
    temps = ground_temp_c(pump, days)
    assert temps.argmin() == 84
    assert (temps.min(), temps.max()) == (pytest.approx(2.0), pytest.approx(6.0, abs=1e-3))


def shared(conductance_kw_per_k):
    return Wall(rooms=("bath", "hall"), conductance_kw_per_k=conductance_kw_per_k)
