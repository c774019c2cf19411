"""What a learned house foretells, and what it leaves over."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.physics.identified_house import HEAVY, NOISE, house
from voltherm.physics.building import Weather, simulate_building
from voltherm.physics.identify_check import ahead_rmse_k, errors_of, free_run_c, whiteness_of
from voltherm.physics.identify_filter import Belief, Record
from voltherm.physics.identify_model import Noise, Reading, parameters_of

VALUES = parameters_of(house(), NOISE)


def simulated(days=4, building=None) -> Record:
    rng = np.random.default_rng(5)
    n = days * 96
    inputs = np.column_stack(
        [rng.normal(0, 4, n), rng.uniform(0, 200, n), np.repeat(rng.uniform(0, 6, n // 8), 8), np.ones(n)]
    )
    weather = Weather(outdoor_c=inputs[:, 0], irradiance_w_m2=inputs[:, 1])
    known = building or house()
    temps = simulate_building(known, np.array([21.0, 20.8]), weather, inputs[:, 2:3], 0.25)
    begins = np.zeros(n, dtype=bool)
    begins[0] = True
    return Record(step_h=0.25, inputs=inputs, readings_c=temps[:-1, 0], begins=begins)


def test_a_free_run_is_the_simulation_of_the_building():
    record = simulated()
    start = Belief(temps_c=np.array([[21.0], [20.8]]), covariance_k2=np.zeros((2, 2, 1)))
    unseen = record.part(slice(0, None), continues=True)
    assert free_run_c(VALUES, unseen, Reading.START, start) == pytest.approx(record.readings_c, abs=1e-9)


def test_the_right_house_makes_no_errors_but_those_of_its_start():
    errors = errors_of(VALUES, simulated(), Reading.START, 288)
    assert errors.hours == 24.0
    assert errors.free_run_rmse_k < 0.02
    assert errors.ahead_rmse_k < 0.02
    assert errors.one_step_rmse_k < 0.02


def test_a_house_with_more_loss_than_assumed_ends_colder_than_foretold():
    leaky = simulated(building=house(replace(HEAVY, loss_kw_per_k=0.13)))
    errors = errors_of(VALUES, leaky, Reading.START, 192)
    assert errors.free_run_bias_k < -0.2
    assert errors.free_run_rmse_k >= -errors.free_run_bias_k
    assert errors.one_step_rmse_k < errors.ahead_rmse_k


def test_forecasts_do_not_cross_a_break():
    first, other = simulated(), simulated(building=house(replace(HEAVY, internal_gain_kw=1.5))).part(slice(192, None))
    together = Record(
        step_h=0.25,
        inputs=np.concatenate([first.inputs[:96], other.inputs]),
        readings_c=np.concatenate([first.readings_c[:96], other.readings_c]),
        begins=np.concatenate([first.begins[:96], other.begins]),
    )
    values = [ahead_rmse_k(VALUES, part, Reading.START) for part in (first.part(slice(0, 96)), other, together)]
    assert min(values[:2]) < values[2] < max(values[:2])


def test_no_forecast_fits_into_a_record_that_is_still_settling():
    assert np.isnan(ahead_rmse_k(VALUES, simulated().part(slice(0, 20)), Reading.START))


def test_errors_of_the_right_noise_are_white_and_those_of_the_wrong_house_are_not():
    rng = np.random.default_rng(11)
    record = simulated(days=6)
    noisy = replace(record, readings_c=record.readings_c + 0.1 * rng.normal(size=record.n_steps))
    quiet = Noise(air_k_per_sqrt_h=1e-4, mass_k_per_sqrt_h=1e-4, reading_k=0.1)
    right = whiteness_of(parameters_of(house(), quiet), noisy, Reading.START)
    wrong = whiteness_of(parameters_of(house(replace(HEAVY, loss_kw_per_k=0.15)), quiet), noisy, Reading.START)
    assert right.p_value > 0.05
    assert abs(right.lag_one) < 0.1
    assert wrong.p_value < 1e-6


def test_gaps_do_not_make_white_errors_coloured():
    rng = np.random.default_rng(13)
    record = simulated(days=6)
    readings = record.readings_c + 0.1 * rng.normal(size=record.n_steps)
    readings[rng.random(record.n_steps) < 0.3] = np.nan
    readings[0] = record.readings_c[0]
    quiet = Noise(air_k_per_sqrt_h=1e-4, mass_k_per_sqrt_h=1e-4, reading_k=0.1)
    found = whiteness_of(parameters_of(house(), quiet), replace(record, readings_c=readings), Reading.START)
    assert found.p_value > 0.05
