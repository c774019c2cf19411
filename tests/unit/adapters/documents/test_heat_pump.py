"""Heat pumps in a site document: presets, what overrides them, everything written out, and what is refused."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.houses import buildings, pumps
from voltherm.adapters.documents.assets import HeatPumpDocument
from voltherm.adapters.documents.heat_pump import heat_pump_from_document, heat_pump_to_document
from voltherm.adapters.documents.problem import DocumentError
from voltherm.adapters.documents.site import site_from_document
from voltherm.domain.assets import BackupHeater, HeatingCurve, HeatSource, RatingPoint, Schedule
from voltherm.domain.comfort import Comfort, ComfortWindow
from voltherm.domain.house import Emitter, House, Insulation
from voltherm.physics.heat_pump_presets import HeatPumpType, RatedUnit, heat_pump_of

PRESET = {
    "insulation": "high",
    "floor_area_m2": 150,
    "volume_m3": 450,
    "heat_pump_type": "GSHP",
    "rated_heat_kw": 12,
    "cop": 4.0,
}
WRITTEN = {
    "kind": "heat_pump",
    "id": "pump",
    "building": {"rooms": [{"id": "home", "capacitance_kwh_per_k": 5.0, "loss_kw_per_k": 0.15}]},
    "source": "air",
    "rating_points": [{"source_c": 7, "supply_c": 35, "heat_kw": 8, "cop": 4.5}],
}
REMOVED = object()


def changed(document, *changes):
    """The document with changes, each a path (slashes and numbers) and a value."""
    found = copy.deepcopy(document)
    for path, value in changes:
        *parents, last = (int(part) if part.isdecimal() else part for part in path.split("/"))
        place = found
        for part in parents:
            place = place[part]
        if value is REMOVED:
            del place[last]
        else:
            place[last] = value
    return found


def pump_of(document):
    return heat_pump_from_document(HeatPumpDocument.model_validate(document), ("assets", 0))


def preset(**more):
    return {"kind": "heat_pump", "id": "pump", "preset": {**PRESET, **more}}


# -- Presets


@pytest.mark.pitfall("A2")
def test_a_preset_is_the_house_and_the_unit_that_it_names():
    house = House(insulation=Insulation.HIGH, floor_area_m2=150.0, volume_m3=450.0)
    unit = RatedUnit(type=HeatPumpType.GSHP, rated_heat_kw=12.0, cop=4.0)

    assert pump_of(preset()) == heat_pump_of("pump", house, unit).heat_pump


@pytest.mark.pitfall("A28")
def test_each_parameter_of_a_preset_can_be_given_by_name():
    told = pump_of(
        preset(
            storeys=2,
            emitter="radiators",
            construction="heavy",
            design_outdoor_c=-38,
            internal_gain_w_m2=5,
            envelope={"u_window_w_m2_k": 0.8},
            room={"mass_capacitance_kwh_per_k": 11},
            comfort={"low_c": 18, "high_c": 24},
        )
    )
    house = House(
        insulation=Insulation.HIGH,
        floor_area_m2=150.0,
        volume_m3=450.0,
        storeys=2,
        emitter=Emitter.RADIATORS,
        construction="heavy",
        design_outdoor_c=-38.0,
        internal_gain_w_m2=5.0,
        envelope={"u_window_w_m2_k": 0.8},
        room={"mass_capacitance_kwh_per_k": 11.0},
        comfort=Comfort(low_c=18.0, high_c=24.0),
    )

    assert told == heat_pump_of("pump", house, RatedUnit(type="GSHP", rated_heat_kw=12.0, cop=4.0)).heat_pump


def test_what_is_better_known_of_the_unit_stands_beside_the_preset():
    known = {
        "rating_points": [
            {"source_c": 0, "supply_c": 35, "heat_kw": 11.5, "cop": 4.7},
            {"source_c": 0, "supply_c": 55, "heat_kw": 11, "cop": 3.1},
        ],
        "heating_curve": {"cold_c": -30, "cold_supply_c": 40, "mild_c": 15, "mild_supply_c": 25},
        "schedule": "modes",
        "min_run_h": 0.5,
    }
    told = pump_of({**preset(), **known})

    assert [point.heat_kw for point in told.rating_points] == [11.5, 11.0]
    assert told.heating_curve == HeatingCurve(cold_c=-30.0, cold_supply_c=40.0, mild_c=15.0, mild_supply_c=25.0)
    assert (told.schedule, told.min_run_h, told.min_off_h) == (Schedule.MODES, 0.5, 0.25)


def test_the_backup_of_a_preset_suffices_for_what_stands_beside_it():
    weak = [{"source_c": 0, "supply_c": 35, "heat_kw": 3.0, "cop": 4.2}]

    assert pump_of(preset()).backup is None
    assert pump_of({**preset(), "rating_points": weak}).backup == BackupHeater(limit_kw=5.0)


def test_the_backup_of_a_preset_can_be_another_or_none():
    small = preset(rated_heat_kw=5)

    assert pump_of(small).backup == BackupHeater(limit_kw=3.0)
    assert pump_of({**small, "backup": {"limit_kw": 6}}).backup == BackupHeater(limit_kw=6.0)
    assert pump_of({**small, "backup": None}).backup is None


# -- Written out


def test_a_heat_pump_that_is_written_out_takes_the_defaults_of_the_heat_pump():
    told = pump_of(WRITTEN)

    assert told.source is HeatSource.AIR
    assert told.rating_points == (RatingPoint(source_c=7.0, supply_c=35.0, heat_kw=8.0, cop=4.5),)
    assert told.modulation_floor == 0.3
    assert told.building.rooms[0].loss_kw_per_k == 0.15


def test_comfort_changes_over_the_day_and_the_week():
    windows = [
        {"start": "22:00", "end": "06:00", "low_c": 18, "high_c": 21},
        {"days": "weekday", "start": "08:00", "end": "16:00", "low_c": 17, "high_c": 23},
        {"days": ["sat", "sun"], "start": "00:00", "end": "24:00", "low_c": 21, "high_c": 23},
    ]
    told = pump_of(changed(WRITTEN, ("building/comfort", {"low_c": 20, "high_c": 22, "windows": windows})))

    night, work, weekend = told.building.comfort.windows
    every_day = frozenset(range(7))
    assert night == ComfortWindow(days=every_day, start_minute=1320, end_minute=360, low_c=18.0, high_c=21.0)
    assert (work.days, work.end_minute) == (frozenset(range(5)), 960)
    assert (weekend.days, weekend.end_minute) == (frozenset({5, 6}), 1440)


@settings(max_examples=40)
@given(data=st.data())
def test_any_heat_pump_comes_back_equal(data):
    told = data.draw(pumps(data.draw(buildings())))
    written = json.loads(json.dumps(heat_pump_to_document(told), allow_nan=False))

    assert pump_of(written) == told


def test_comfort_of_a_room_and_its_windows_come_back_equal():
    windows = [{"days": ["mon", "fri"], "start": "22:30", "end": "06:15", "low_c": 18, "high_c": 21}]
    priced = {"low_c": 20, "high_c": 22, "windows": windows, "cold_price_per_kh": 0.5, "heat_price_per_kh": 0.0}
    told = pump_of(changed(WRITTEN, ("building/rooms/0/comfort", priced)))

    assert pump_of(json.loads(json.dumps(heat_pump_to_document(told)))) == told


# -- What is refused

SITE = {
    "id": "house",
    "zone": "Europe/Helsinki",
    "connection": {"import_limit_kw": 17.25},
    "assets": [preset()],
    "tariff": {"library": "finland-spot"},
}
ASSET = "site.assets[0]"
BAD = [
    ("preset", REMOVED, f"{ASSET}.building", "is missing"),
    ("preset", REMOVED, f"{ASSET}.rating_points", "is missing"),
    ("building", WRITTEN["building"], f"{ASSET}.building", "stands beside a preset"),
    ("preset/insulation", "very high", f"{ASSET}.preset.insulation", "'fi_2010'"),
    ("preset/heat_pump_type", "gas", f"{ASSET}.preset.heat_pump_type", "'GSHP'"),
    ("preset/rated_heat_kw", REMOVED, f"{ASSET}.preset.rated_heat_kw", "is missing"),
    ("preset/rated_heat_kw", "12", f"{ASSET}.preset.rated_heat_kw", "is not a number"),
    ("preset/rated_power", 12, f"{ASSET}.preset.rated_power", "is not a known field"),
    ("preset/rated_heat_kw", 12000, ASSET, "rated_heat_kw is 12000.0, must be 0.5 to 2000 kW of heat"),
    ("preset/floor_area_m2", -1, ASSET, "floor_area_m2 is -1"),
    ("preset/volume_m3", 4500, ASSET, "storeys of 30.00 m"),
    ("preset/cop", 40, ASSET, "cop is 40"),
    ("preset/envelope", {"u_wall": 0.1}, ASSET, "envelope has 'u_wall', which is not known"),
    ("preset/room", {"internal_gain_kw": 450}, ASSET, "check their units"),
    ("preset/comfort", {"low_c": 68, "high_c": 72}, ASSET, "low_c is 68"),
    ("rating_points", [], f"{ASSET}.rating_points", "at least 1 item"),
    ("rating_points", [{"source_c": 7, "supply_c": 35, "heat_kw": 8, "cop": 0.5}], ASSET, "cop is 0.5"),
    ("schedule", "sometimes", f"{ASSET}.schedule", "'continuous'"),
    ("modulation_floor", 1.5, f"{ASSET}.modulation_floor", "at most 1"),
    ("backup", {"limit_kw": 0}, f"{ASSET}.backup.limit_kw", "must be above 0"),
]


@pytest.mark.parametrize(("path", "value", "field", "words"), BAD)
def test_each_problem_names_its_field_and_what_is_wrong(path, value, field, words):
    with pytest.raises(DocumentError) as caught:
        site_from_document(changed(SITE, (f"assets/0/{path}", value)))

    found = {problem.field: problem for problem in caught.value.problems}
    assert words in found[field].problem
    assert found[field].remedy


@pytest.mark.parametrize(
    ("window", "words"),
    [
        ({"start": "7", "end": "08:00", "low_c": 20, "high_c": 21}, "is no time of day"),
        ({"start": "25:00", "end": "08:00", "low_c": 20, "high_c": 21}, "is no time of day"),
        ({"start": 7, "end": "08:00", "low_c": 20, "high_c": 21}, "is no time of day"),
        ({"days": "workday", "start": "07:00", "end": "08:00", "low_c": 20, "high_c": 21}, "knows no holidays"),
        ({"days": ["lundi"], "start": "07:00", "end": "08:00", "low_c": 20, "high_c": 21}, "are no days"),
    ],
)
def test_a_comfort_window_that_is_none_is_refused(window, words):
    with pytest.raises(DocumentError, match=words):
        site_from_document(changed(SITE, ("assets/0/preset/comfort", {"windows": [window]})))
