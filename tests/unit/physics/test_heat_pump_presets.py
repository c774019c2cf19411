"""A heat pump from its type plate: thermal kilowatts, cited defaults, a backup that suffices, and what is told."""

from dataclasses import replace

import numpy as np
import pytest

from voltherm.domain.assets import BackupHeater, HeatMode, HeatSource
from voltherm.domain.comfort import Comfort
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.house import Emitter, House, Insulation
from voltherm.physics.building import Weather
from voltherm.physics.heat_pump import mode_requests, operating_points, simulate_heat_pump
from voltherm.physics.heat_pump_presets import HeatPumpType, RatedUnit, heat_pump_of, sized, sizing_notes

README_HOUSE = House(
    insulation=Insulation.HIGH,
    floor_area_m2=150.0,
    volume_m3=450.0,
    design_outdoor_c=-32.0,
    comfort=Comfort(low_c=19.0, high_c=23.0),
)
README_UNIT = RatedUnit(type=HeatPumpType.GSHP, rated_heat_kw=12.0, cop=4.0)


@pytest.mark.pitfall("A2")
def test_the_rated_power_is_heat_and_the_cop_that_of_the_rating_point():
    point = heat_pump_of("pump", README_HOUSE, README_UNIT).heat_pump.rating_points[0]

    assert (point.source_c, point.supply_c, point.heat_kw, point.cop) == (0.0, 35.0, 12.0, 4.0)


def test_an_air_source_is_rated_at_seven_degrees():
    preset = heat_pump_of("pump", README_HOUSE, replace(README_UNIT, type=HeatPumpType.ASHP))

    assert preset.heat_pump.source is HeatSource.AIR
    assert preset.heat_pump.rating_points[0].source_c == 7.0
    assert preset.heat_pump.defrost_penalty == 0.15


@pytest.mark.pitfall("A2")
def test_the_house_of_the_document_needs_no_backup_and_nothing_is_to_be_said_of_it():
    preset = heat_pump_of("pump", README_HOUSE, README_UNIT)

    assert preset.notes == ()
    assert preset.heat_pump.backup is None
    assert preset.design_load_kw == pytest.approx(8.4, abs=0.1)


@pytest.mark.parametrize(("kind", "cop"), [("GSHP", 4.4), ("ASHP", 4.3)])
def test_a_unit_without_a_cop_takes_the_usual_one_and_says_so(kind, cop):
    preset = heat_pump_of("pump", README_HOUSE, RatedUnit(type=HeatPumpType(kind), rated_heat_kw=12.0))

    assert preset.heat_pump.rating_points[0].cop == cop
    assert preset.notes[0].startswith(f"no COP is given: {cop:g} at ")


@pytest.mark.parametrize("kind", HeatPumpType)
@pytest.mark.parametrize("insulation", [Insulation.LOW, Insulation.FI_1978, Insulation.HIGH])
@pytest.mark.parametrize("rated_heat_kw", [2.0, 6.0, 12.0])
def test_the_backup_holds_the_house_at_any_temperature_down_to_the_design(kind, insulation, rated_heat_kw):
    house = replace(README_HOUSE, insulation=insulation, internal_gain_w_m2=0.0)
    pump = heat_pump_of("pump", house, RatedUnit(type=kind, rated_heat_kw=rated_heat_kw)).heat_pump
    for outdoor_c in (-32.0, -26.0, -20.0, -7.0, 1.0):
        outdoor = np.full(24 * 20, outdoor_c)
        points = operating_points(pump, outdoor, np.full(len(outdoor), 84 * 86_400))
        normal = mode_requests(pump, points, outdoor)[HeatMode.NORMAL]
        weather = Weather(outdoor_c=outdoor, irradiance_w_m2=np.zeros(len(outdoor)))

        run = simulate_heat_pump(pump, np.full(2, 21.0), points, weather, normal, 1.0)

        assert run.temps_c[-1, 0] == pytest.approx(21.0, abs=0.05)


def test_a_backup_heater_comes_in_whole_kilowatts_and_is_told():
    preset = heat_pump_of("pump", README_HOUSE, replace(README_UNIT, rated_heat_kw=5.0))

    assert preset.heat_pump.backup == BackupHeater(limit_kw=4.0)
    assert "a backup heater of 4 kW is assumed" in preset.notes[0]


def test_a_backup_that_is_too_small_is_told_and_kept():
    pump = heat_pump_of("pump", README_HOUSE, replace(README_UNIT, rated_heat_kw=5.0)).heat_pump

    preset = sized(replace(pump, backup=BackupHeater(limit_kw=1.0)), -32.0)

    assert preset.heat_pump.backup == BackupHeater(limit_kw=1.0)
    assert "and the backup gives 1 kW: the house will be colder" in preset.notes[0]


@pytest.mark.pitfall("A2")
def test_a_rated_power_far_above_the_load_is_told_as_it_may_be_of_another_kind():
    preset = heat_pump_of("pump", README_HOUSE, replace(README_UNIT, rated_heat_kw=42.0))

    assert "42 kW is more than 3 times the 8.4 kW that the house loses at -32 degC" in preset.notes[0]


def test_what_is_to_be_said_of_a_written_heat_pump_is_said_again_from_its_parameters():
    pump = heat_pump_of("pump", README_HOUSE, replace(README_UNIT, rated_heat_kw=5.0)).heat_pump

    assert sizing_notes(pump) == ()
    (note,) = sizing_notes(replace(pump, backup=None))
    assert "3.7 kW missing of the 8.4 kW" in note
    assert "there is no backup heater: the house will be colder" in note


@pytest.mark.pitfall("A1")
@pytest.mark.parametrize(("emitter", "supply_c"), [("floor", 35.0), ("low_radiators", 45.0), ("radiators", 55.0)])
def test_the_supply_follows_the_emitter_and_the_cop_falls_with_it(emitter, supply_c):
    pump = heat_pump_of("pump", replace(README_HOUSE, emitter=Emitter(emitter)), README_UNIT).heat_pump

    points = operating_points(pump, np.array([-32.0, 12.0]), np.full(2, 84 * 86_400))

    assert points.supply_c[0] == supply_c
    assert points.cop[0] < points.cop[1]


def staffell_cop(lift_k):
    return 8.77 - 0.150 * lift_k + 0.000734 * lift_k**2


def hplib_cop(brine_c, supply_c):
    return 0.10234 * (brine_c - supply_c) + 8.1287


@pytest.mark.pitfall("A1")
@pytest.mark.parametrize("outdoor_c", [-30.0, -20.0, -10.0, 0.0, 8.0])
def test_the_cop_of_floor_heating_over_that_of_the_rating_point_is_that_of_real_ground_sources(outdoor_c):
    pump = heat_pump_of("pump", README_HOUSE, README_UNIT).heat_pump

    points = operating_points(pump, np.array([outdoor_c]), np.array([15 * 86_400]))

    brine_c, supply_c = points.source_c[0], points.supply_c[0]
    published = [staffell_cop(supply_c - brine_c) / staffell_cop(35.0), hplib_cop(brine_c, supply_c) / hplib_cop(0, 35)]
    assert points.cop[0] / 4.0 == pytest.approx(np.mean(published), rel=0.04)


@pytest.mark.parametrize(("kind", "most"), [("GSHP", "8.8, Carnot's figure at B0/W35"), ("ASHP", "11.0, .* at A7/W35")])
@pytest.mark.parametrize("cop", [0.9, 11.1, float("nan")])
def test_a_cop_that_no_machine_can_have_is_refused_by_name(kind, most, cop):
    with pytest.raises(InvalidInputError, match=f"cop is {cop}, must be 1 to {most}"):
        RatedUnit(type=HeatPumpType(kind), rated_heat_kw=8.0, cop=cop)


def test_a_unit_without_heat_is_refused_by_name():
    with pytest.raises(InvalidInputError, match=r"rated_heat_kw is 0\.0, must be 0\.5 to 2000 kW of heat"):
        RatedUnit(type=HeatPumpType.GSHP, rated_heat_kw=0.0)
