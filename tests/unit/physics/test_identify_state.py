"""The observer: room and mass followed from step to step."""

import numpy as np
import pytest

from tests.unit.physics.identified_house import HEAVY, LIGHT, NOISE, house
from voltherm.domain.errors import InvalidInputError
from voltherm.physics.building import Weather, simulate_building, state_of
from voltherm.physics.identify_model import Noise, Reading
from voltherm.physics.identify_state import Observer, TempEstimate, estimate_temps, first_temps

STEP_H = 0.25
QUIET = Noise(air_k_per_sqrt_h=0.05, mass_k_per_sqrt_h=0.02, reading_k=0.1)
OBSERVER = Observer(building=house(), noise=QUIET, reading=Reading.START)


def lived(n=192, start_c=(21.0, 19.0), seed=8):
    """Weather, heat, and both temperatures of a house whose mass nobody measures."""
    rng = np.random.default_rng(seed)
    weather = Weather(outdoor_c=rng.normal(0, 4, n), irradiance_w_m2=rng.uniform(0, 200, n))
    heat = np.repeat(rng.uniform(0, 6, n // 8), 8)
    return weather, heat, simulate_building(house(), np.array(start_c), weather, heat[:, None], STEP_H)


@pytest.mark.pitfall("A8")
def test_the_mass_is_found_from_the_room_alone():
    weather, heat, temps = lived()
    readings = temps[:-1, 0] + 0.1 * np.random.default_rng(1).normal(size=len(heat))
    first = first_temps(OBSERVER, 21.0, 0.0)
    found = estimate_temps(OBSERVER, first, weather, heat, readings, STEP_H)
    assert abs(first.mass_c - 19.0) > 0.5
    assert found.mass_c == pytest.approx(temps[-1, 1], abs=3 * found.mass_sd_k)
    assert found.mass_sd_k < 0.3 < first.mass_sd_k
    assert found.room_c == pytest.approx(temps[-1, 0], abs=3 * found.room_sd_k)


@pytest.mark.pitfall("A8")
def test_without_a_reading_the_room_follows_the_physics_and_the_doubt_grows():
    weather, heat, temps = lived()
    known = TempEstimate(room_c=21.0, mass_c=19.0, room_sd_k=0.05, mass_sd_k=0.1)
    found = estimate_temps(OBSERVER, known, weather, heat, np.full(len(heat), np.nan), STEP_H)
    assert (found.room_c, found.mass_c) == pytest.approx(tuple(temps[-1]), abs=1e-6)
    assert found.room_sd_k > 1.5 * known.room_sd_k


def test_step_by_step_is_the_same_as_all_at_once():
    observer = Observer(building=house(), noise=QUIET, reading=Reading.MEAN, heat_lag_h=0.3)
    weather, heat, temps = lived(n=24)
    readings = 0.5 * (temps[1:, 0] + temps[:-1, 0])
    readings[5:8] = np.nan
    first = first_temps(observer, 21.0, 0.0)
    together = estimate_temps(observer, first, weather, heat, readings, STEP_H)
    now = first
    for step in range(len(heat)):
        here = Weather(outdoor_c=weather.outdoor_c[[step]], irradiance_w_m2=weather.irradiance_w_m2[[step]])
        now = estimate_temps(observer, now, here, heat[[step]], readings[[step]], STEP_H)
    assert (now.room_c, now.mass_c) == pytest.approx((together.room_c, together.mass_c), rel=1e-9)
    assert (now.mass_sd_k, now.emitted_kw) == pytest.approx((together.mass_sd_k, together.emitted_kw), rel=1e-9)


def test_the_standard_deviation_says_how_far_the_mass_is_off():
    errors, stated = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        weather, heat, temps = lived(n=64, start_c=(21.0, 20.0 + rng.normal()), seed=seed)
        readings = temps[:-1, 0] + 0.1 * rng.normal(size=64)
        found = estimate_temps(OBSERVER, first_temps(OBSERVER, readings[0], 0.0), weather, heat, readings, STEP_H)
        errors.append(found.mass_c - temps[-1, 1])
        stated.append(found.mass_sd_k)
    assert 0.3 < np.sqrt(np.mean(np.square(errors))) / np.mean(stated) < 1.5


def test_a_room_without_mass_has_only_its_own_temperature():
    observer = Observer(building=house(LIGHT), noise=NOISE)
    calm = Weather(outdoor_c=np.zeros(4), irradiance_w_m2=np.zeros(4))
    found = estimate_temps(observer, first_temps(observer, 20.0, 0.0), calm, np.full(4, 2.0), np.full(4, 20.0), STEP_H)
    assert found.mass_c == found.room_c
    assert found.state(house(LIGHT)).mass_c == {}


def test_the_estimate_becomes_the_state_that_a_plan_starts_from():
    estimate = TempEstimate(room_c=21.3, mass_c=20.1, room_sd_k=0.1, mass_sd_k=0.3)
    assert estimate.state(house()) == state_of(house(), np.array([21.3, 20.1]))
    lost = TempEstimate(room_c=80.0, mass_c=-60.0, room_sd_k=9.0, mass_sd_k=9.0).state(house())
    assert (lost.room_c[HEAVY.id], lost.mass_c[HEAVY.id]) == (60.0, -40.0)


def test_missing_heat_is_not_taken_for_none():
    weather, heat, temps = lived(n=8)
    heat[3] = np.nan
    with pytest.raises(InvalidInputError, match="heat_kw is missing in step 3"):
        estimate_temps(OBSERVER, first_temps(OBSERVER, 21.0, 0.0), weather, heat, temps[:-1, 0], STEP_H)
