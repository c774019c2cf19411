"""The RC network against what can be worked out by hand."""

import numpy as np
import pytest

from tests.heated_sites import building, hut, room
from voltherm.domain.assets import BuildingState, Wall
from voltherm.physics.building import (
    Weather,
    dynamics,
    network,
    simulate_building,
    start_temps_c,
    state_of,
    stored_heat_kwh,
)


def weather(outdoor_c, n=1, sun_w_m2=0.0):
    return Weather(outdoor_c=np.full(n, float(outdoor_c)), irradiance_w_m2=np.full(n, float(sun_w_m2)))


def test_a_hut_cools_along_the_exponential():
    # 4 kWh/K over 0.2 kW/K: a time constant of 20 h.
    temps = simulate_building(building(hut()), np.array([20.0]), weather(0, 20), np.zeros((20, 1)), 1.0)
    assert temps[-1, 0] == pytest.approx(20.0 * np.exp(-1))


def test_the_step_changes_nothing_where_the_inputs_are_the_same():
    house, start = building(room()), np.array([21.0, 18.0])
    hours = simulate_building(house, start, weather(-5, 6, 100), np.full((6, 1), 3.0), 1.0)
    quarters = simulate_building(house, start, weather(-5, 24, 100), np.full((24, 1), 3.0), 0.25)
    np.testing.assert_allclose(quarters[::4], hours, atol=1e-12)


def test_heat_gains_and_sun_hold_the_temperature_that_the_losses_allow():
    # 1.4 kW of heat, 0.1 of gains and 5 m2 * 100 W/m2 = 0.5 kW of sun over 0.2 kW/K: 10 K above the air outside.
    house = building(hut(solar_aperture_m2=5.0, internal_gain_kw=0.1))
    temps = simulate_building(house, np.array([5.0]), weather(-3, 1, 100), np.array([[1.4]]), 1000.0)
    assert temps[-1, 0] == pytest.approx(7.0)


def test_heat_that_goes_into_the_mass_warms_the_air_later():
    floor, air = building(room(heat_to_mass=1.0)), building(room(heat_to_mass=0.0))
    start, heat = np.full(2, 20.0), np.array([[5.0], [0.0], [0.0], [0.0], [0.0]])
    by_floor = simulate_building(floor, start, weather(20, 5), heat, 1.0)
    by_air = simulate_building(air, start, weather(20, 5), heat, 1.0)
    assert by_floor[1, 0] < by_air[1, 0]
    assert by_floor[5, 0] > by_floor[1, 0]
    assert by_floor[1, 1] > by_floor[1, 0]


def test_sun_on_the_mass_is_split_by_its_share():
    house = building(room(solar_aperture_m2=10.0, solar_to_mass=0.25))
    np.testing.assert_allclose(network(house).sun_m2, [7.5, 2.5])


def test_a_wall_evens_two_rooms_out():
    rooms = building(hut("bath", loss_kw_per_k=0.0), hut("hall", loss_kw_per_k=0.0), walls=(shared(0.5),))
    temps = simulate_building(rooms, np.array([24.0, 18.0]), weather(-20, 1), np.zeros((1, 2)), 500.0)
    np.testing.assert_allclose(temps[-1], [21.0, 21.0])


def test_rooms_without_a_wall_do_not_know_each_other():
    parts = dynamics(building(room("bath"), room("hall")), 0.5)
    assert parts.transition[0, 1] == parts.transition[0, 3] == parts.heat[0, 1] == 0.0


def test_two_walls_between_the_same_rooms_add_up():
    both = building(hut("bath"), hut("hall"), walls=(shared(0.1), shared(0.2)))
    one = building(hut("bath"), hut("hall"), walls=(shared(0.3),))
    np.testing.assert_allclose(dynamics(both, 1.0).transition, dynamics(one, 1.0).transition)


def test_a_building_as_warm_as_the_air_outside_stays_so_in_the_least_and_the_largest_room():
    tiny = hut("bath", capacitance_kwh_per_k=1e-3, loss_kw_per_k=1e5)
    large = room("hall", capacitance_kwh_per_k=1e6, mass_capacitance_kwh_per_k=1e-3, mass_coupling_kw_per_k=1e5)
    parts = dynamics(building(tiny, large, walls=(shared(1e5),)), 1.0)
    np.testing.assert_allclose(parts.transition.sum(axis=1) + parts.outdoor, 1.0, atol=1e-7)
    assert parts.transition.min() >= 0


def test_a_mass_that_is_not_known_is_as_warm_as_its_air():
    house = building(room("bath"), hut("hall"), room("loft"))
    state = BuildingState(room_c={"bath": 22.0, "hall": 20.0, "loft": 18.0}, mass_c={"loft": 19.0})
    assert start_temps_c(house, state).tolist() == [22.0, 20.0, 18.0, 22.0, 19.0]


def test_temperatures_become_a_state_and_back():
    house = building(hut("hall"), room("loft"))
    temps = np.array([20.0, 18.0, 19.0])
    assert start_temps_c(house, state_of(house, temps)).tolist() == temps.tolist()


def test_stored_heat_is_capacitance_times_temperature():
    assert stored_heat_kwh(building(room()), np.array([21.0, 20.0])) == pytest.approx(2 * 21 + 20 * 20)


def test_dynamics_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        dynamics(building(room()), 0.25).heat[0, 0] = 0.0


def shared(conductance_kw_per_k):
    return Wall(rooms=("bath", "hall"), conductance_kw_per_k=conductance_kw_per_k)
