"""Buildings are valid from birth, and say what is wrong with one that is not."""

from dataclasses import replace

import pytest

from tests.heated_sites import building, hut, room
from voltherm.domain.assets import BuildingState, Wall
from voltherm.domain.assets.building import HEATED_LIMIT_C
from voltherm.domain.comfort import Comfort
from voltherm.domain.errors import InvalidInputError


def test_nodes_are_the_airs_and_the_masses():
    assert building(hut("bath"), room("hall")).n_nodes == 3


def test_in_steady_state_the_loss_through_the_mass_is_that_of_two_resistances_in_a_row():
    # Air to outdoors 0.2; air to mass 1.0 and mass to outdoors 0.25 in a row: 0.2.
    assert building(room(mass_loss_kw_per_k=0.25)).loss_kw_per_k == pytest.approx(0.4)


def test_rooms_add_up_their_losses():
    assert building(hut("bath"), hut("hall", loss_kw_per_k=0.1)).loss_kw_per_k == pytest.approx(0.3)


def test_a_room_may_have_a_band_of_its_own():
    cool = Comfort(low_c=16.0, high_c=19.0)
    house = building(hut("bath"), hut("cellar", comfort=cool))
    assert [house.comfort_of(each).low_c for each in house.rooms] == [20.0, 16.0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"capacitance_kwh_per_k": 0.0}, "capacitance_kwh_per_k is 0.0, must be above 0"),
        ({"capacitance_kwh_per_k": 1e-6}, "must be 0.001 to 1e.06 kWh/K"),
        ({"capacitance_kwh_per_k": float("nan")}, "capacitance_kwh_per_k is nan"),
        ({"loss_kw_per_k": -0.1}, "loss_kw_per_k is -0.1, must be at least 0"),
        ({"loss_kw_per_k": float("inf")}, "loss_kw_per_k is inf"),
        ({"mass_capacitance_kwh_per_k": 1e-9}, "0 for none, or at least 0.001"),
        ({"mass_capacitance_kwh_per_k": 0.0}, "mass_coupling_kw_per_k is 1.0, must be above 0 where there is a mass"),
        ({"mass_coupling_kw_per_k": 0.0}, "mass_coupling_kw_per_k is 0.0"),
        ({"solar_aperture_m2": -1.0}, "solar_aperture_m2"),
        ({"solar_to_mass": 1.1}, "solar_to_mass is 1.1, must be between 0 and 1"),
        ({"heat_to_mass": -0.1}, "heat_to_mass"),
        ({"heat_limit_kw": 0.0}, "heat_limit_kw is 0.0, must be above 0, or absent"),
        ({"internal_gain_kw": 350.0}, "check their units"),
    ],
)
def test_a_wrong_room_is_told(changes, words):
    with pytest.raises(InvalidInputError, match=words):
        building(room("hall", **changes))


@pytest.mark.parametrize("share", ["solar_to_mass", "heat_to_mass"])
def test_nothing_goes_into_a_mass_that_is_not_there(share):
    with pytest.raises(InvalidInputError, match=f"{share} is 0.5, must be .* 0 without a mass"):
        hut(**{share: 0.5})


def test_a_room_without_a_mass_loses_nothing_through_it():
    with pytest.raises(InvalidInputError, match=r"mass_loss_kw_per_k is 0\.1, must be 0 without a mass"):
        hut(mass_loss_kw_per_k=0.1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rooms": ()}, "has no rooms"),
        ({"rooms": (hut("bath"), hut("bath"))}, "'bath' is used twice"),
        ({"walls": (Wall(rooms=("home", "attic"), conductance_kw_per_k=0.1),)}, "names room 'attic'; known: home"),
        ({"frost_guard_c": 20.5}, "frost_guard_c is 20.5, must be 0 to the lowest comfort edge 20"),
        ({"frost_guard_c": -1.0}, "frost_guard_c is -1.0"),
        ({"cut_out_c": 22.0}, r"cut_out_c is 22.0, must be 23 \(comfort\) to 40 degC"),
        ({"cut_out_c": HEATED_LIMIT_C + 1}, "cut_out_c is 41.0"),
    ],
)
def test_a_wrong_building_is_told(changes, words):
    with pytest.raises(InvalidInputError, match=words):
        replace(building(), **changes)


def test_limits_count_the_bands_of_every_room():
    warm = hut("bath", comfort=Comfort(low_c=24.0, high_c=31.0))
    with pytest.raises(InvalidInputError, match=r"must be 31 \(comfort\) to 40"):
        building(warm, hut("hall"))


@pytest.mark.parametrize(("rooms", "conductance"), [(("bath", "bath"), 0.1), (("bath", "hall"), 0.0)])
def test_a_wrong_wall_is_told(rooms, conductance):
    with pytest.raises(InvalidInputError, match="bath"):
        Wall(rooms=rooms, conductance_kw_per_k=conductance)


@pytest.mark.parametrize("reading_c", [85.0, -127.0, 294.0, float("nan")])
@pytest.mark.parametrize("place", ["room_c", "mass_c"])
def test_what_broken_sensors_say_is_no_temperature(reading_c, place):
    with pytest.raises(InvalidInputError, match="a broken sensor"):
        BuildingState(**({"room_c": {"home": 20.0}} | {place: {"home": reading_c}}))
