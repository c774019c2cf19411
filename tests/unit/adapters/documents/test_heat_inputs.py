"""Heat and weather of a plan request: states by room, weather by time, and what is refused."""

import copy

import numpy as np
import pytest

from tests.unit.adapters.documents.test_heat_pump import PRESET, REMOVED, WRITTEN, changed
from voltherm.adapters.documents.plan_request import request_from_document
from voltherm.adapters.documents.problem import DocumentError
from voltherm.domain.assets import HeatMode
from voltherm.domain.series import Quality

REQUEST = {
    "site": {
        "id": "house",
        "zone": "Europe/Helsinki",
        "connection": {"import_limit_kw": 17.25},
        "assets": [{"kind": "heat_pump", "id": "pump", "preset": PRESET}],
        "tariff": {"library": "finland-spot"},
    },
    "now": "2026-01-15T06:00:00+02:00",
    "grid": {"start": "2026-01-15T06:00:00+02:00", "step_minutes": 15, "steps": 8},
    "heat": {"pump": {"room_c": 20.5}},
    "weather": {
        "outdoor_c": [-8.0, -8.0, -8.5, -9.0, -9.0, -9.5, -10.0, -10.0],
        "irradiance_w_m2": [0, 0, 0, 0, 5, 10, 20, 30],
        "source": "forecast of the institute",
    },
    "prices": {"fi_spot": {"price_eur_per_mwh": [40.0] * 8}},
}
TWO_ROOMS = {
    **WRITTEN,
    "building": {
        "rooms": [
            {"id": "up", "capacitance_kwh_per_k": 2.0, "loss_kw_per_k": 0.1},
            {
                "id": "down",
                "capacitance_kwh_per_k": 2.0,
                "loss_kw_per_k": 0.1,
                "mass_capacitance_kwh_per_k": 9.0,
                "mass_coupling_kw_per_k": 0.5,
            },
        ],
        "walls": [{"rooms": ["up", "down"], "conductance_kw_per_k": 0.2}],
    },
}


def problems_of(document):
    with pytest.raises(DocumentError) as caught:
        request_from_document(document)
    return {problem.field: problem for problem in caught.value.problems}


def test_a_house_and_its_weather_are_read():
    inputs = request_from_document(REQUEST).inputs

    state = inputs.heat["pump"]
    assert state.building.room_c == {"house": 20.5}
    assert state.building.mass_c == {}
    assert (state.is_running, state.since_h, state.mode) == (None, float("inf"), None)
    np.testing.assert_array_equal(inputs.weather["outdoor_c"].values, REQUEST["weather"]["outdoor_c"])
    assert inputs.weather["irradiance_w_m2"].provenance.source == "forecast of the institute"


def test_what_the_heat_pump_does_now_is_read():
    told = {"room_c": 20.5, "mass_c": 21.0, "is_running": True, "since_h": 0.25, "mode": "ECO"}
    state = request_from_document(changed(REQUEST, ("heat/pump", told))).inputs.heat["pump"]

    assert state.building.mass_c == {"house": 21.0}
    assert (state.is_running, state.since_h, state.mode) == (True, 0.25, HeatMode.ECO)


def test_several_rooms_are_told_by_name():
    document = changed(REQUEST, ("site/assets/0", TWO_ROOMS), ("weather/irradiance_w_m2", REMOVED))
    document["heat"]["pump"] = {"room_c": {"up": 19.0, "down": 21.0}, "mass_c": {"down": 20.0}}

    state = request_from_document(document).inputs.heat["pump"]

    assert state.building.room_c == {"up": 19.0, "down": 21.0}
    assert state.building.mass_c == {"down": 20.0}


@pytest.mark.pitfall("A9")
def test_hourly_weather_is_joined_by_time():
    document = changed(
        REQUEST,
        ("weather/outdoor_c", [-8.0, -9.0, -10.0]),
        ("weather/irradiance_w_m2", [0, None, 30]),
        ("weather/start", "2026-01-15T05:00:00+02:00"),
        ("weather/step_minutes", 60),
    )

    weather = request_from_document(document).inputs.weather

    np.testing.assert_array_equal(weather["outdoor_c"].values, [-9.0] * 4 + [-10.0] * 4)
    assert weather["outdoor_c"].provenance.quality is Quality.FORECAST
    assert weather["irradiance_w_m2"].provenance.quality is Quality.REPAIRED


@pytest.mark.pitfall("A9")
def test_weather_of_another_day_is_refused():
    problems = problems_of(changed(REQUEST, ("weather/start", "2026-01-14T06:00:00+02:00")))

    assert "covers" in problems["weather.outdoor_c"].problem


def test_modes_may_be_held_for_whole_hours():
    options = request_from_document(changed(REQUEST, ("options", {"mode_hold_h": 1}))).inputs.options

    assert options.mode_hold_h == 1.0
    assert request_from_document(REQUEST).inputs.options.mode_hold_h is None


BAD = [
    ("options", {"mode_hold_h": 0}, "options.mode_hold_h", "above 0"),
    ("options", {"mode_hold_h": 48}, "options.mode_hold_h", "at most 24"),
    ("heat", REMOVED, "heat.pump", "is missing"),
    ("heat/pump/room_c", REMOVED, "heat.pump.room_c", "is missing"),
    ("heat/pump/room_c", "warm", "heat.pump.room_c", "is no temperature"),
    ("heat/pump/room_c", float("nan"), "heat.pump.room_c", "is no temperature"),
    ("heat/pump/room_c", {"house": True}, "heat.pump.room_c.house", "is no temperature"),
    ("heat/pump/room_c", 69.0, "heat.pump", "a broken sensor"),
    ("heat/pump/room_c", {"cellar": 20.0}, "heat.pump.room_c.cellar", "is no room"),
    ("heat/pump/room_c", {"cellar": 20.0}, "heat.pump.room_c.house", "is missing"),
    ("heat/pump/mass_c", {"cellar": 20.0}, "heat.pump.mass_c.cellar", "is no room"),
    ("heat/pump/mode", "WARM", "heat.pump.mode", "'BOOST'"),
    ("heat/pump/since_h", -1, "heat.pump.since_h", "at least 0"),
    ("heat/boiler", {"room_c": 20.0}, "heat.boiler", "is no heat pump"),
    ("weather", REMOVED, "weather.outdoor_c", "is missing"),
    ("weather/outdoor_c", REMOVED, "weather.outdoor_c", "is missing"),
    ("weather/irradiance_w_m2", REMOVED, "weather.irradiance_w_m2", "is missing"),
    ("weather/outdoor_c/3", 265.0, "weather.outdoor_c", "is outside -60 to 55 at index 3"),
    ("weather/irradiance_w_m2/7", -3, "weather.irradiance_w_m2", "is outside 0 to 1500 at index 7"),
    ("weather/outdoor_c", [1.0, 2.0], "weather.outdoor_c", "has 2 values"),
    ("weather/wind", [1.0] * 8, "weather.wind", "is not a known field"),
]


@pytest.mark.parametrize(("path", "value", "field", "words"), BAD)
def test_each_problem_of_heat_and_weather_is_told(path, value, field, words):
    problems = problems_of(changed(copy.deepcopy(REQUEST), (path, value)))

    assert words in problems[field].problem
    assert problems[field].remedy


def test_one_number_does_not_stand_for_several_rooms():
    problems = problems_of(changed(REQUEST, ("site/assets/0", TWO_ROOMS), ("weather/irradiance_w_m2", REMOVED)))

    assert problems["heat.pump.room_c"].remedy == "give it by room, as {room: degC}; there are: up, down"
