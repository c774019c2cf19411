"""The search for the most likely house."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize

from tests.unit.physics.identified_house import HEAVY, LIGHT, NOISE, house
from voltherm.physics.building import Weather, simulate_building
from voltherm.physics.identify import find_reading, identify
from voltherm.physics.identify_filter import Record
from voltherm.physics.identify_fit import _Search, cost_of, fit
from voltherm.physics.identify_model import HEAT_FACTOR, NAMES, PLACE, Reading
from voltherm.physics.identify_prior import prior_of

PRESET = house(
    replace(HEAVY, loss_kw_per_k=0.14, mass_capacitance_kwh_per_k=4.0, capacitance_kwh_per_k=0.7, internal_gain_kw=0.4)
)


def recorded(room=HEAVY, reading=Reading.MEAN, days=6, seed=3) -> Record:
    """A house of the model with heat in blocks, read with noise; means come from a simulation of 30 s."""
    rng = np.random.default_rng(seed)
    step_h, fine = 0.25, 30
    n = round(days * 24 / step_h)
    hours = np.arange(n) * step_h
    outdoor = 2.0 - 4.0 * np.cos(2 * np.pi * hours / 24) + np.interp(hours, [0, 70, 144], [0, 6, -3])
    sun = 300.0 * np.clip(np.cos(2 * np.pi * (hours - 12) / 24), 0, None)
    heat = np.repeat(rng.uniform(0, 6, -(-n // 12)), 12)[:n]
    weather = Weather(outdoor_c=np.repeat(outdoor, fine), irradiance_w_m2=np.repeat(sun, fine))
    start = np.full(house(room).n_nodes, 20.0)
    temps = simulate_building(house(room), start, weather, np.repeat(heat, fine)[:, None], step_h / fine)[:, 0]
    means = (0.5 * (temps[:-1] + temps[1:])).reshape(n, fine).mean(axis=1)
    readings = {Reading.MEAN: means, Reading.START: temps[:-1:fine], Reading.END: temps[fine::fine]}[reading]
    begins = np.zeros(n, dtype=bool)
    begins[0] = True
    return Record(
        step_h=step_h,
        inputs=np.column_stack([outdoor, sun, heat, np.ones(n)]),
        readings_c=readings + 0.03 * rng.normal(size=n),
        begins=begins,
    )


@pytest.fixture(scope="module", name="record")
def _record() -> Record:
    return recorded()


def test_the_gradient_is_that_of_the_cost(record):
    prior = prior_of(PRESET, NOISE)
    here = prior.centre + 0.1 * prior.spread * np.isin(NAMES, prior.names)

    def cost(free):
        place = here.copy()
        place[prior.free] = free
        return cost_of(prior, record, Reading.MEAN, place[None])[0]

    slope = _Search(prior=prior, record=record, reading=Reading.MEAN).at(here).slope
    assert slope == pytest.approx(approx_fprime(here[prior.free], cost, 1e-6), rel=2e-3, abs=0.5)


def test_no_other_search_finds_a_more_likely_house(record):
    prior = prior_of(PRESET)
    found = fit(prior, record, Reading.MEAN)
    assert found.is_converged

    def cost(free):
        place = prior.centre.copy()
        place[prior.free] = free
        return cost_of(prior, record, Reading.MEAN, place[None])[0]

    other = minimize(cost, found.searched[prior.free], method="Powell", options={"maxfev": 800})
    assert found.cost <= other.fun + 0.02


def test_the_truth_lies_within_the_standard_errors(record):
    found = fit(prior_of(PRESET), record, Reading.MEAN)
    for name in ("loss_kw_per_k", "capacitance_kwh_per_k", "mass_capacitance_kwh_per_k", "solar_aperture_m2"):
        at = PLACE[name]
        away = np.log(found.values[at] / getattr(HEAVY, name)) / np.sqrt(found.covariance[at, at])
        assert abs(away) < 3.0, name
    assert found.values[PLACE["mass_capacitance_kwh_per_k"]] == pytest.approx(6.0, rel=0.1)


def test_a_room_without_mass_is_learned_as_one(record):
    found = fit(
        prior_of(house(replace(LIGHT, loss_kw_per_k=0.2, capacitance_kwh_per_k=2.0))), recorded(LIGHT), Reading.MEAN
    )
    assert not found.prior.has_mass
    assert found.values[PLACE["loss_kw_per_k"]] == pytest.approx(0.1, rel=0.1)
    assert found.values[PLACE["capacitance_kwh_per_k"]] == pytest.approx(1.0, rel=0.1)


def test_searches_from_far_apart_end_at_the_same_house(record):
    found = identify(prior_of(PRESET), record, Reading.MEAN)
    assert found.agreeing_starts == found.n_starts == 3


@pytest.mark.parametrize("reading", list(Reading))
def test_what_readings_stand_for_is_found(reading):
    known, _ = find_reading(prior_of(PRESET), recorded(reading=reading, days=4))
    assert known is reading


def test_held_parameters_stay_where_they_were_and_keep_their_doubt(record):
    prior = prior_of(PRESET).holding("mass_capacitance_kwh_per_k")
    found = fit(prior, record, Reading.MEAN, start=np.full(len(NAMES), 0.3))
    at = PLACE["mass_capacitance_kwh_per_k"]
    assert found.values[at] == pytest.approx(4.0)
    assert found.covariance[at, at] == pytest.approx(0.4**2)


def test_discarded_parameters_return_to_the_preset_and_the_others_stay(record):
    found = fit(prior_of(PRESET), record, Reading.MEAN)
    kept = found.discarding("mass_capacitance_kwh_per_k")
    loss, mass = PLACE["loss_kw_per_k"], PLACE["mass_capacitance_kwh_per_k"]
    assert kept.values[mass] == pytest.approx(4.0)
    assert kept.values[loss] == pytest.approx(found.values[loss])
    assert kept.covariance[loss, loss] == pytest.approx(found.covariance[loss, loss])


def test_what_the_preset_lacks_is_searched_where_houses_have_it():
    bare = house(replace(HEAVY, solar_aperture_m2=0.0, internal_gain_kw=0.0, heat_to_mass=0.0))
    prior = prior_of(bare)
    assert {"solar_aperture_m2", "internal_gain_kw", "heat_to_mass"} <= set(prior.names)
    assert HEAT_FACTOR not in prior.names
    assert "mass_loss_kw_per_k" not in prior_of(house(replace(HEAVY, mass_loss_kw_per_k=0.0))).names


def test_a_house_unlike_its_preset_is_named(record):
    dark = replace(HEAVY, solar_aperture_m2=0.0, internal_gain_kw=0.0)
    tight = house(replace(dark, loss_kw_per_k=0.0001, mass_loss_kw_per_k=0.0001))
    assert fit(prior_of(tight), record, Reading.MEAN).at_bounds
    assert not fit(prior_of(PRESET), record, Reading.MEAN).at_bounds
