"""A house as a building: against figures worked out by hand, and every field moves what it should."""

from dataclasses import replace

import pytest

from voltherm.domain.building_presets import building_of, geometry_of
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.house import Construction, Emitter, House, Insulation

BOX = House(insulation=Insulation.HIGH, floor_area_m2=100.0, volume_m3=250.0, aspect_ratio=1.0)


def room_of(house=BOX, **changes):
    return building_of(replace(house, **changes)).rooms[0]


def loss_w_per_k(house=BOX, **changes):
    return 1000 * building_of(replace(house, **changes)).loss_kw_per_k


def test_a_square_house_of_a_hundred_square_metres_has_the_box_that_one_would_draw():
    box = geometry_of(BOX)

    assert box.walls_m2 == pytest.approx(40.0 * 2.5 - 15.0)
    assert box.windows_m2 == pytest.approx(15.0)
    assert box.ground_plan_m2 == pytest.approx(100.0)


def test_its_losses_are_those_of_a_calculation_by_hand():
    walls, windows, roof, ground = 85 * 0.17, 15 * 1.0, 100 * 0.17, 50 * 0.17
    bridges = 0.05 * (85 + 15 + 100 + 50)
    ventilation = 0.34 * 250 * (0.5 * (1 - 0.45) + 2.0 / 35)

    assert loss_w_per_k() == pytest.approx(walls + windows + roof + ground + bridges + ventilation, rel=1e-9)
    assert 1000 * room_of().loss_kw_per_k == pytest.approx(windows + ventilation, rel=1e-9)


@pytest.mark.pitfall("A28")
@pytest.mark.parametrize(
    ("construction", "mass_kj_per_m2_k", "coupling_w_per_m2_k"),
    [
        (Construction.VERY_LIGHT, 80, 9.2277),
        (Construction.LIGHT, 110, 9.2277),
        (Construction.MEDIUM, 165, 9.2277),
        (Construction.HEAVY, 260, 9.8976),
        (Construction.VERY_HEAVY, 370, 10.4373),
    ],
)
def test_the_mass_is_that_of_its_class(construction, mass_kj_per_m2_k, coupling_w_per_m2_k):
    room = room_of(construction=construction)

    assert room.mass_capacitance_kwh_per_k * 3600 == pytest.approx((mass_kj_per_m2_k - 22) * 100)
    of_air_and_furniture = 0.34 * 250 * 3.6 + 7 * 100
    both = room.capacitance_kwh_per_k + room.mass_capacitance_kwh_per_k
    assert both * 3600 == pytest.approx(mass_kj_per_m2_k * 100 + of_air_and_furniture)
    assert room.mass_coupling_kw_per_k * 1000 == pytest.approx(coupling_w_per_m2_k * 100, rel=1e-4)


@pytest.mark.pitfall("A28")
def test_what_is_quick_is_a_node_of_its_own_and_follows_the_volume():
    assert room_of().capacitance_kwh_per_k == pytest.approx((0.34 * 250 + (7.0 + 22.0) * 100 / 3.6) / 1000)
    higher = room_of(volume_m3=350.0).capacitance_kwh_per_k - room_of().capacitance_kwh_per_k
    assert higher == pytest.approx(0.034)


@pytest.mark.pitfall("A28")
def test_a_light_house_is_as_quick_as_the_one_that_was_measured():
    flexhouse = replace(BOX, floor_area_m2=120.0, volume_m3=300.0, construction=Construction.LIGHT)

    quick, slow = room_of(flexhouse).capacitance_kwh_per_k, room_of(flexhouse).mass_capacitance_kwh_per_k

    assert quick == pytest.approx(0.143 + 0.321 + 0.619, rel=0.05)
    assert slow == pytest.approx(3.24, rel=0.15)


@pytest.mark.pitfall("A28")
def test_a_larger_volume_on_the_same_floor_loses_more():
    assert loss_w_per_k(volume_m3=350.0) > loss_w_per_k() + 10.0


@pytest.mark.pitfall("A28")
def test_ventilation_and_what_it_recovers_are_part_of_the_loss():
    still = loss_w_per_k(air_changes_per_h=0.0)

    assert loss_w_per_k() == pytest.approx(still + 0.34 * 250 * 0.5 * 0.55)
    assert loss_w_per_k(envelope={"heat_recovery": 0.0}) == pytest.approx(still + 0.34 * 250 * 0.5)


@pytest.mark.pitfall("A28")
def test_people_and_appliances_give_three_watts_a_square_metre():
    assert room_of().internal_gain_kw == pytest.approx(0.3)
    assert room_of(internal_gain_w_m2=5.0).internal_gain_kw == pytest.approx(0.5)


def test_the_sun_comes_through_glass_that_is_framed_shaded_and_upright():
    aperture = 15 * 0.5 * (0.7 * 0.9 * 0.6) * 0.6

    assert room_of().solar_aperture_m2 == pytest.approx(aperture)


def test_what_falls_on_the_surfaces_divides_as_their_conductances_do():
    on_mass = 2.5 / 4.5
    to_air, to_mass = 3.45 * 4.5, 9.1 * 2.5
    share = on_mass + (1 - on_mass) * to_mass / (to_air + to_mass)

    assert room_of(emitter=Emitter.FLOOR).solar_to_mass == pytest.approx(share)
    assert room_of(emitter=Emitter.FLOOR).heat_to_mass == pytest.approx(share)
    assert room_of(emitter=Emitter.RADIATORS).heat_to_mass == pytest.approx(0.3 * share)


@pytest.mark.parametrize(("level", "u_w_m2_k"), [("low", 0.5), ("medium", 0.3), ("high", 0.17)])
def test_the_levels_have_the_u_values_of_the_registration_document(level, u_w_m2_k):
    envelope = House(insulation=Insulation(level), floor_area_m2=150.0, volume_m3=450.0).resolved_envelope

    assert {envelope.u_wall_w_m2_k, envelope.u_roof_w_m2_k, envelope.u_floor_w_m2_k} == {u_w_m2_k}


def test_a_newer_code_loses_less_heat():
    years = ["fi_1960", "fi_1978", "fi_1985", "fi_2003", "fi_2010", "fi_2018"]
    losses = [loss_w_per_k(insulation=Insulation(year)) for year in years]

    assert losses == sorted(losses, reverse=True)
    assert losses[1] > 2.0 * losses[4]


def test_two_storeys_on_half_the_ground_lose_less_than_one():
    assert loss_w_per_k(storeys=2) < loss_w_per_k()


def test_more_storeys_leak_more_air_at_the_same_tightness():
    leaky = {"air_changes_per_h": 0.0, "envelope": {"n50_per_h": 4.2, "u_window_w_m2_k": 0.3}}
    of_air = [1000 * room_of(storeys=storeys, **leaky).loss_kw_per_k - 4.5 for storeys in (1, 2, 4, 5)]

    assert of_air == pytest.approx([0.34 * 250 * 4.2 / divisor for divisor in (35, 24, 20, 15)])


@pytest.mark.parametrize(
    ("insulation", "emitter", "construction"),
    [("high", "floor", "medium"), ("fi_2010", "floor", "medium"), ("low", "radiators", "light")],
)
def test_what_is_not_said_is_usual_for_the_age(insulation, emitter, construction):
    house = replace(BOX, insulation=Insulation(insulation))

    assert (house.resolved_emitter, house.resolved_construction) == (emitter, construction)


def test_each_parameter_of_the_room_can_be_set_by_name():
    room = room_of(room={"loss_kw_per_k": 0.2, "mass_capacitance_kwh_per_k": 9.0, "internal_gain_kw": 0.1})

    assert (room.loss_kw_per_k, room.mass_capacitance_kwh_per_k, room.internal_gain_kw) == (0.2, 9.0, 0.1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"floor_area_m2": 0.0}, "house: floor_area_m2 is 0.0, must be 10"),
        ({"volume_m3": float("nan")}, "house: volume_m3 is nan"),
        ({"volume_m3": 150.0}, r"storeys of 1\.50 m"),
        ({"window_share": 2.0}, "window_share is 2.0"),
        ({"window_share": 0.9, "aspect_ratio": 1.0, "volume_m3": 200.0}, "windows of 90 m2 in walls of 80 m2"),
        ({"envelope": {"u_wall": 0.2}}, "envelope has 'u_wall', which is not known; known: u_wall_w_m2_k"),
        ({"envelope": {"u_wall_w_m2_k": 17.0}}, "house envelope: u_wall_w_m2_k is 17.0, must be 0 to 5"),
        ({"room": {"id": 5.0}}, "room has 'id', which is not known"),
        ({"room": {"loss_kw_per_k": -1.0}}, "loss_kw_per_k is -1.0, must be at least 0"),
        ({"floor_area_m2": 15.0, "volume_m3": 40.0, "envelope": {"u_wall_w_m2_k": 5.0}}, "more than the .* carry"),
    ],
)
def test_what_makes_no_house_is_refused_by_name(changes, message):
    with pytest.raises(InvalidInputError, match=message):
        building_of(replace(BOX, **changes))
