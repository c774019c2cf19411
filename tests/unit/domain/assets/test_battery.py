"""A battery that cannot exist is refused at birth, with field, value and range."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from voltherm.domain.assets import Battery, BatteryState, Pv
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.site import Connection

BATTERY = Battery(id="bess", capacity_kwh=100.0, charge_limit_kw=50.0, discharge_limit_kw=40.0)


@pytest.mark.pitfall("M28")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("capacity_kwh", -1.0),
        ("capacity_kwh", 0.0),
        ("capacity_kwh", float("nan")),
        ("capacity_kwh", float("inf")),
        ("charge_limit_kw", -1.0),
        ("discharge_limit_kw", -1.0),
        ("discharge_limit_kw", float("inf")),
        ("charge_efficiency", 0.0),
        ("charge_efficiency", 1.01),
        ("discharge_efficiency", 1.01),
        ("discharge_efficiency", -0.5),
        ("soc_min", -0.1),
        ("soc_min", 10.0),
        ("soc_max", 90.0),
        ("reserve_soc", 1.1),
        ("wear_cost_per_kwh", -0.01),
        ("standing_loss_per_h", -0.01),
        ("standing_loss_per_h", 1.0),
        ("standby_kw", -1.0),
        ("ramp_limit_kw_per_min", 0.0),
        ("charge_taper_soc", 1.5),
        ("discharge_taper_soc", -0.5),
    ],
)
def test_an_impossible_value_is_refused_by_name(field, value):
    with pytest.raises(InvalidInputError, match=f"battery 'bess': {field} is "):
        replace(BATTERY, **{field: value})


@pytest.mark.pitfall("M28")
@pytest.mark.parametrize("band", [{"soc_min": 0.6, "soc_max": 0.5}, {"reserve_soc": 0.6, "soc_max": 0.5}])
def test_a_band_upside_down_is_refused(band):
    with pytest.raises(InvalidInputError, match=r"soc_max is 0\.5, must be at least the floor 0\.6"):
        replace(BATTERY, **band)


def test_the_floor_is_the_higher_of_minimum_and_reserve():
    assert replace(BATTERY, soc_min=0.1, reserve_soc=0.3).soc_floor == 0.3
    assert replace(BATTERY, soc_min=0.3, reserve_soc=0.1).soc_floor == 0.3


def test_the_round_trip_is_the_product_of_both_ways():
    lossy = replace(BATTERY, charge_efficiency=0.9, discharge_efficiency=0.8)
    assert lossy.round_trip_efficiency == pytest.approx(0.72)


def test_a_battery_does_not_change():
    with pytest.raises(FrozenInstanceError):
        BATTERY.capacity_kwh = 5.0


@pytest.mark.pitfall("M28")
@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"soc": 1.01}, "soc"),
        ({"soc": -0.01}, "soc"),
        ({"soc": 50.0}, "not percent"),
        ({"soc": float("nan")}, "soc"),
        ({"soc": 0.5, "charge_limit_kw": -1.0}, "charge_limit_kw"),
        ({"soc": 0.5, "discharge_limit_kw": np.array([1.0, np.nan])}, "discharge_limit_kw"),
        ({"soc": 0.5, "power_kw": float("inf")}, "power_kw"),
    ],
)
def test_an_impossible_state_is_refused_by_name(values, word):
    with pytest.raises(InvalidInputError, match=word):
        BatteryState(**values)


@pytest.mark.pitfall("M28")
def test_an_impossible_roof_or_connection_is_refused():
    with pytest.raises(InvalidInputError, match="rated_kw is -1"):
        Pv(id="roof", rated_kw=-1.0)
    with pytest.raises(InvalidInputError, match="import_limit_kw is -1"):
        Connection(import_limit_kw=-1.0)
    with pytest.raises(InvalidInputError, match="export_limit_kw is inf"):
        Connection(import_limit_kw=1.0, export_limit_kw=float("inf"))
