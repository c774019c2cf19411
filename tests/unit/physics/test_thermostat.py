"""A room control holds its set point where it can, and keeps an order between two temperatures."""

import numpy as np
import pytest

from voltherm.domain.assets import BackupHeater, Building, HeatPump, HeatSource, RatingPoint, Room, Wall
from voltherm.domain.comfort import Comfort
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.heat_command import HeatOrder
from voltherm.physics.building import Weather, simulate_building
from voltherm.physics.heat_pump import operating_points
from voltherm.physics.thermostat import control_reach_h, heat_to_reach_kw, kept_request, simulate_thermostat

HOUSE = Room(
    id="house",
    capacitance_kwh_per_k=0.5,
    loss_kw_per_k=0.15,
    mass_capacitance_kwh_per_k=7.0,
    mass_coupling_kw_per_k=1.4,
    heat_to_mass=0.2,
)
SCREED = Room(
    id="house",
    capacitance_kwh_per_k=0.5,
    loss_kw_per_k=0.15,
    mass_capacitance_kwh_per_k=12.0,
    mass_coupling_kw_per_k=1.0,
    heat_to_mass=1.0,
)
COMFORT = Comfort(low_c=20.5, high_c=22.5)


def pump_of(*rooms: Room, heat_kw=8.0, backup_kw=0.0, walls=()) -> HeatPump:
    return HeatPump(
        id="pump",
        building=Building(rooms=rooms, walls=walls, comfort=COMFORT),
        source=HeatSource.AIR,
        rating_points=(RatingPoint(source_c=7.0, supply_c=35.0, heat_kw=heat_kw, cop=4.0),),
        backup=BackupHeater(limit_kw=backup_kw, efficiency=0.9) if backup_kw else None,
    )


def weather(outdoor_c) -> Weather:
    values = np.atleast_1d(np.asarray(outdoor_c, dtype=float))
    return Weather(outdoor_c=values, irradiance_w_m2=np.zeros(len(values)))


def points_of(pump, outside):
    return operating_points(pump, outside.outdoor_c, np.zeros(len(outside.outdoor_c), dtype=np.int64))


def asked(pump, temps_c, outdoor_c, **order):
    outside = weather(outdoor_c)
    full = {"low_c": (20.5,), "high_c": (22.5,)} | order
    request = kept_request(pump, np.array(temps_c), points_of(pump, outside), outside, HeatOrder(**full), 1.0)
    efficiency = 1.0 if pump.backup is None else pump.backup.efficiency
    heat = request.shares * (request.compressor_kw[0] + efficiency * request.backup_kw[0])
    end = simulate_building(pump.building, np.array(temps_c), outside, heat, 1.0)[-1]
    return request, end


def test_the_holding_heat_brings_the_room_to_its_target_at_the_end_of_the_step():
    building = pump_of(HOUSE).building
    start = np.array([20.0, 20.2])

    heat = heat_to_reach_kw(building, start, weather(-5.0), np.array([21.0]), 1.0)

    assert simulate_building(building, start, weather(-5.0), heat[None, :], 1.0)[-1, 0] == pytest.approx(21.0)


def test_a_room_that_is_warm_enough_gets_no_heat_and_its_neighbour_what_it_needs():
    pump = pump_of(HOUSE, Room(id="attic", capacitance_kwh_per_k=1.0, loss_kw_per_k=0.05), walls=(
        Wall(rooms=("house", "attic"), conductance_kw_per_k=0.1),
    ))  # fmt: skip
    start = np.array([20.0, 24.0, 20.0])

    heat = heat_to_reach_kw(pump.building, start, weather(-5.0), np.array([21.0, 21.0]), 1.0)
    end = simulate_building(pump.building, start, weather(-5.0), heat[None, :], 1.0)[-1]

    assert heat[1] == 0.0
    assert end[0] == pytest.approx(21.0)
    assert end[1] > 21.0


def test_a_thermostat_holds_its_set_point_through_changing_weather():
    pump, outside = pump_of(HOUSE), weather(-5.0 + 5.0 * np.sin(np.arange(96) / 24 * 2 * np.pi))

    run = simulate_thermostat(
        pump, np.array([19.0, 19.0]), points_of(pump, outside), outside, np.full((96, 1), 21.0), 1.0
    )

    assert run.temps_c[6:, 0] == pytest.approx(21.0, abs=1e-6)
    assert run.is_followed


@pytest.mark.parametrize("step_h", [0.25, 1.0])
def test_heat_in_a_screed_does_not_swing_the_room(step_h):
    pump, n = pump_of(SCREED, heat_kw=12.0), round(96 / step_h)
    outside = weather(np.full(n, -5.0))

    run = simulate_thermostat(
        pump, np.array([20.5, 23.0]), points_of(pump, outside), outside, np.full((n, 1), 21.0), step_h
    )

    settled = run.temps_c[n // 2 :, 0]
    assert control_reach_h(pump.building, step_h) > step_h
    assert settled == pytest.approx(21.0, abs=0.1)
    assert np.ptp(run.compressor_kw[n // 2 :]) < 0.1


def test_a_thermostat_too_weak_for_the_cold_gives_all_it_has():
    pump, outside = pump_of(HOUSE, heat_kw=2.0, backup_kw=1.0), weather(np.full(24, -25.0))

    run = simulate_thermostat(
        pump, np.array([21.0, 21.0]), points_of(pump, outside), outside, np.full((24, 1), 21.0), 1.0
    )

    assert run.compressor_kw[-1] == pytest.approx(points_of(pump, outside).capacity_kw[-1])
    assert run.backup_kw[-1] == pytest.approx(1.0)
    assert run.temps_c[-1, 0] < 20.0


def test_an_order_between_the_limits_is_followed_as_it_is():
    request, end = asked(pump_of(HOUSE), (21.5, 21.5), -5.0, compressor_kw=3.0)

    assert request.compressor_kw[0] == 3.0
    assert 20.5 < end[0] < 22.5


def test_a_room_that_would_get_too_cold_is_kept_at_the_lower_limit():
    request, end = asked(pump_of(HOUSE), (20.5, 20.5), -5.0, compressor_kw=0.0)

    assert end[0] == pytest.approx(20.5)
    assert request.compressor_kw[0] > 3.0


def test_all_that_the_compressor_can_stops_at_the_upper_limit():
    request, end = asked(pump_of(HOUSE, heat_kw=20.0), (22.0, 22.0), 5.0, compressor_kw=np.inf)

    assert end[0] == pytest.approx(22.5)
    assert request.backup_kw[0] == 0.0


def test_what_is_too_much_is_taken_from_the_backup_first():
    request, end = asked(pump_of(HOUSE, backup_kw=9.0), (22.0, 22.0), -5.0, compressor_kw=5.0, backup_kw=9.0)

    assert end[0] == pytest.approx(22.5)
    assert request.compressor_kw[0] == pytest.approx(5.0)
    assert 0 < request.backup_kw[0] < 9.0


def test_what_is_missing_comes_from_the_compressor_before_the_backup():
    pump = pump_of(HOUSE, heat_kw=4.0, backup_kw=9.0)

    request, end = asked(pump, (20.5, 20.5), -20.0, compressor_kw=1.0)

    assert request.compressor_kw[0] == pytest.approx(points_of(pump, weather(-20.0)).capacity_kw[0])
    assert request.backup_kw[0] > 0
    assert end[0] == pytest.approx(20.5)


def test_heat_is_divided_as_ordered_or_as_the_rooms_need_it():
    second = Room(id="second", capacitance_kwh_per_k=0.5, loss_kw_per_k=0.05)
    pump, limits = pump_of(HOUSE, second), {"low_c": (15.0, 15.0), "high_c": (25.0, 25.0)}
    start = (21.0, 21.0, 21.0)

    ordered, _ = asked(pump, start, 0.0, compressor_kw=4.0, shares=(0.25, 0.75), **limits)
    free, _ = asked(pump, start, 0.0, compressor_kw=np.inf, **limits)

    assert ordered.shares[0] == pytest.approx([0.25, 0.75])
    assert free.shares[0, 0] > free.shares[0, 1]


@pytest.mark.parametrize(
    "order",
    [
        {"low_c": (21.0,), "high_c": (20.0,)},
        {"low_c": (20.0, 20.0), "high_c": (21.0,)},
        {"low_c": (20.0,), "high_c": (21.0,), "compressor_kw": -1.0},
        {"low_c": (20.0,), "high_c": (21.0,), "backup_kw": float("nan")},
        {"low_c": (20.0,), "high_c": (21.0,), "shares": (0.5, 0.5)},
    ],
)
def test_orders_that_say_nothing_sensible_are_refused(order):
    with pytest.raises(InvalidInputError, match="heat order"):
        HeatOrder(**order)


@pytest.mark.parametrize("outdoor_c", [-8.0, -2.0])
def test_an_aim_is_reached_in_other_weather_than_expected(outdoor_c):
    request, end = asked(pump_of(HOUSE), (21.5, 21.5), outdoor_c, compressor_kw=4.0, aim_c=(21.6,))

    assert end[0] == pytest.approx(21.6)
    assert request.compressor_kw[0] != pytest.approx(4.0, abs=0.01)


def test_an_aim_is_no_reason_for_more_backup_than_asked():
    pump = pump_of(HOUSE, heat_kw=4.0, backup_kw=9.0)
    order = {"compressor_kw": 1.0, "backup_kw": 0.2, "aim_c": (22.4,), "low_c": (18.0,)}

    request, end = asked(pump, (22.0, 22.0), -12.0, **order)

    assert request.compressor_kw[0] == pytest.approx(points_of(pump, weather(-12.0)).capacity_kw[0])
    assert request.backup_kw[0] == pytest.approx(0.2)
    assert 18.0 < end[0] < 22.0


def test_an_aim_needs_no_backup_that_the_compressor_can_replace():
    request, end = asked(pump_of(HOUSE, heat_kw=12.0, backup_kw=9.0), (21.5, 21.5), 0.0, backup_kw=3.0, aim_c=(21.6,))

    assert end[0] == pytest.approx(21.6)
    assert request.backup_kw[0] == 0.0
