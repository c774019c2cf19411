"""Inputs that do not fit the site are told with field, value and remedy."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tests.heated_sites import building, heat_pump, heated_inputs, hut, room, state
from tests.sites import FREE, ROOF, START, battery, inputs_of, site_of
from tests.tariffs import demand, energy, tariff_of
from voltherm.application.check_inputs import check_inputs
from voltherm.domain.assets import BatteryState, BuildingState, HeatPumpState
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.series import Series
from voltherm.domain.time import TimeGrid

SITE = site_of(tariff_of(energy(series="spot"), demand(5.0)), battery(), ROOF)
GOOD = inputs_of(SITE, [1.0] * 4, pv_kw=[0.0] * 4, prices={"spot": [0.1] * 4})
LATER = TimeGrid(START + timedelta(minutes=15), timedelta(minutes=15), 4)


def test_good_inputs_pass():
    check_inputs(SITE, GOOD)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"power_kw": {"roof": GOOD.power_kw["roof"]}}, ("forecasts", "'load'", "missing")),
        ({"power_kw": {**GOOD.power_kw, "load": Series(LATER, np.ones(4))}}, ("forecasts.load", "2026-03-10")),
        ({"power_kw": {**GOOD.power_kw, "roof": Series(GOOD.grid, -np.ones(4))}}, ("forecasts.roof", "negative")),
        ({"states": {}}, ("state", "'bess'", "no plan")),
        ({"states": {**GOOD.states, "spare": BatteryState(soc=0.5)}}, ("'spare'", "no battery", "bess")),
        ({"states": {"bess": BatteryState(soc=0.5, charge_limit_kw=np.ones(3))}}, ("charge_limit_kw", "(3,)")),
        ({"prices": {}}, ("prices", "'spot'", "missing")),
        ({"prices": {"spot": Series(LATER, np.ones(4))}}, ("prices.spot",)),
        ({"options": replace(FREE, peak_targets_kw={"peek": 5.0})}, ("peak_targets_kw", "'peek'", "peak")),
    ],
)
def test_a_wrong_input_is_named_with_its_remedy(changes, words):
    with pytest.raises(InvalidInputError) as error:
        check_inputs(SITE, replace(GOOD, **changes))
    for word in words:
        assert word in str(error.value)


HOUSE = site_of(tariff_of(), heat_pump(building(room("bath", solar_aperture_m2=2.0), hut("hall"))))
WINTER = heated_inputs(HOUSE, [-5.0] * 4, sun_w_m2=50.0, start=state({"bath": 21.0, "hall": 20.0}, HOUSE.heat_pumps[0]))


def temperatures(room_c, **mass_c):
    return {"heat": {"pump": HeatPumpState(building=BuildingState(room_c=room_c, mass_c=mass_c))}}


def weather(**changes):
    series = {name: Series(WINTER.grid, np.asarray(values, dtype=float)) for name, values in changes.items()}
    return {"weather": {**WINTER.weather, **series}}


def test_good_inputs_of_a_house_pass():
    check_inputs(HOUSE, WINTER)


def test_a_house_without_windows_needs_no_sun():
    dark = site_of(tariff_of(), heat_pump())
    inputs = heated_inputs(dark, [-5.0] * 4)
    check_inputs(dark, replace(inputs, weather={"outdoor_c": inputs.weather["outdoor_c"]}))


@pytest.mark.pitfall("A8")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"heat": {}}, ("heat", "'pump'", "missing", "no plan")),
        (temperatures({"bath": 21.0}), ("heat.pump.room_c", "'hall'", "degC")),
        (temperatures({"bath": 21.0, "hall": 20.0, "attic": 15.0}), ("'attic'", "known: bath, hall")),
        (temperatures({"bath": 21.0, "hall": 20.0}, hall=19.0), ("'hall'", "has no mass")),
        ({"heat": {**WINTER.heat, "spare": WINTER.heat["pump"]}}, ("'spare'", "no heat pump", "known: pump")),
    ],
)
def test_a_wrong_temperature_is_named_with_its_remedy(changes, words):
    with pytest.raises(InvalidInputError) as error:
        check_inputs(HOUSE, replace(WINTER, **changes))
    for word in words:
        assert word in str(error.value)


@pytest.mark.pitfall("A9")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weather": {}}, ("weather.outdoor_c", "missing", "weather.irradiance_w_m2", "solar_aperture_m2")),
        ({"weather": {"outdoor_c": WINTER.weather["outdoor_c"]}}, ("weather.irradiance_w_m2", "set it to 0")),
        (
            {"weather": {**WINTER.weather, "outdoor_c": Series(LATER, np.zeros(4))}},
            ("weather.outdoor_c", "2026-03-10", "the plan on"),
        ),
        (weather(outdoor_c=[-5.0, 268.0, 0.0, 0.0]), ("weather.outdoor_c", "268 at step 1", "-60 to 55")),
        (weather(irradiance_w_m2=[0.0, 0.0, -3.0, 0.0]), ("weather.irradiance_w_m2", "-3 at step 2", "0 to 1500")),
        (weather(wind_m_s=[1.0] * 4), ("'wind_m_s'", "not known", "outdoor_c, irradiance_w_m2")),
    ],
)
def test_a_wrong_weather_is_named_with_its_remedy(changes, words):
    with pytest.raises(InvalidInputError) as error:
        check_inputs(HOUSE, replace(WINTER, **changes))
    for word in words:
        assert word in str(error.value)


def test_every_problem_is_told_at_once():
    with pytest.raises(InvalidInputError) as error:
        check_inputs(HOUSE, replace(WINTER, heat={}, weather={}, power_kw={}))
    assert len(str(error.value).splitlines()) == 4
