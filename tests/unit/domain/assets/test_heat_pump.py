"""Heat pumps are valid from birth, and say what is wrong with one that is not."""

import pytest

from tests.heated_sites import A7, building, heat_pump
from voltherm.domain.assets import (
    BackupHeater,
    BuildingState,
    GroundTemperature,
    HeatingCurve,
    HeatPumpState,
    RatingPoint,
)
from voltherm.domain.errors import InvalidInputError

HOME = BuildingState(room_c={"home": 20.0})


def test_normal_holds_the_middle_of_the_band_or_the_set_point():
    assert heat_pump().normal_c == 21.5
    assert heat_pump(set_point_c=20.5).normal_c == 20.5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rating_points": ()}, "'pump': has no rating points"),
        ({"modulation_floor": 1.2}, "modulation_floor is 1.2, must be 0 to 1"),
        ({"lowest_source_c": 20.0}, "lowest_source_c is 20.0, must be -40 to 10 degC"),
        ({"min_run_h": 30.0}, "min_run_h is 30.0, must be 0 to 24 h"),
        ({"start_cost": float("nan")}, "start_cost is nan"),
        ({"standby_kw": -0.1}, "standby_kw"),
        ({"set_point_c": 4.0}, "set_point_c is 4.0, must lie between the building's frost_guard_c 5 and cut_out_c 30"),
    ],
)
def test_a_wrong_heat_pump_is_told(changes, words):
    with pytest.raises(InvalidInputError, match=words):
        heat_pump(building(), **changes)


@pytest.mark.pitfall("A2")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"heat_kw": 12_000.0}, "heat_kw is 12000.0, must be 0.05 to 10000 kW"),
        ({"cop": 0.4}, "cop is 0.4, must be 1 to 12"),
        ({"supply_c": 308.0}, "supply_c"),
        ({"supply_c": 16.0}, "must lie 10 K or more above source_c, which is 7.0"),
    ],
)
def test_a_wrong_rating_point_is_told(changes, words):
    plain = {"source_c": A7.source_c, "supply_c": A7.supply_c, "heat_kw": A7.heat_kw, "cop": A7.cop}
    with pytest.raises(InvalidInputError, match=words):
        RatingPoint(**(plain | changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cold_c": 15.0}, "cold_c is 15.0, must be below mild_c"),
        ({"cold_supply_c": 20.0}, "cold_supply_c is 20.0, must be at least mild_supply_c"),
        ({"cold_supply_c": 95.0}, "must be 15 to 80 degC"),
    ],
)
def test_a_wrong_heating_curve_is_told(changes, words):
    with pytest.raises(InvalidInputError, match=words):
        HeatingCurve(**changes)


def test_a_wrong_backup_heater_is_told():
    with pytest.raises(InvalidInputError, match="leave the heater out for none"):
        BackupHeater(limit_kw=0.0)
    with pytest.raises(InvalidInputError, match=r"efficiency is 1\.2, must be 0\.1 to 1"):
        BackupHeater(limit_kw=3.0, efficiency=1.2)


def test_a_wrong_ground_is_told():
    with pytest.raises(InvalidInputError, match=r"mean_c is 280\.0"):
        GroundTemperature(mean_c=280.0)


@pytest.mark.parametrize("since_h", [-1.0, float("nan")])
def test_a_state_does_not_begin_in_the_future(since_h):
    with pytest.raises(InvalidInputError, match="since_h"):
        HeatPumpState(building=HOME, is_running=True, since_h=since_h)
