"""The filter of the identified house, against the joint normal distribution of all readings."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from tests.unit.physics.identified_house import HEAVY, NOISE, house
from voltherm.domain.assets import Room
from voltherm.physics import identify_filter
from voltherm.physics.identify_filter import Record, filtered, first_belief
from voltherm.physics.identify_lag import lagged_heat_kw
from voltherm.physics.identify_model import Reading, noisy_steps, parameters_of

VALUES = parameters_of(house(), NOISE)[None]


def record(n_steps=14, step_h=0.25, seed=1, missing=()) -> Record:
    rng = np.random.default_rng(seed)
    inputs = np.column_stack(
        [rng.normal(0, 5, n_steps), rng.uniform(0, 300, n_steps), rng.uniform(0, 6, n_steps), np.ones(n_steps)]
    )
    readings = 21.0 + rng.normal(0, 0.5, n_steps)
    readings[list(missing)] = np.nan
    begins = np.zeros(n_steps, dtype=bool)
    begins[0] = True
    return Record(step_h=step_h, inputs=inputs, readings_c=readings, begins=begins)


def joint_distribution(of: Record, reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of all readings, written as one linear map of the first state and every step's noise."""
    steps = noisy_steps(VALUES, of.step_h, reading)
    a, b, m, n = steps.transition[..., 0], steps.inputs[..., 0], steps.seen[:, 0], steps.seen_inputs[:, 0]
    noise = np.block([[steps.walk[..., 0], steps.joint], [steps.joint.T, steps.blur[None]]])
    first = first_belief(VALUES, of.readings_c[0], of.inputs[0, 0])
    count = of.n_steps
    mean, maps = np.empty(count), np.zeros((count, 2 + 3 * count))
    state, state_map = first.temps_c[:, 0], np.zeros((2, 2 + 3 * count))
    state_map[:, :2] = np.eye(2)
    for step in range(count):
        at = 2 + 3 * step
        mean[step] = m @ state + n @ of.inputs[step]
        maps[step] = m @ state_map
        maps[step, at + 2] += 1.0
        state, state_map = a @ state + b @ of.inputs[step], a @ state_map
        state_map[:, at : at + 2] += np.eye(2)
    spread = np.zeros((2 + 3 * count,) * 2)
    spread[:2, :2] = first.covariance_k2[..., 0]
    for step in range(count):
        at = 2 + 3 * step
        spread[at : at + 3, at : at + 3] = noise
    return mean, maps @ spread @ maps.T


@pytest.mark.parametrize("reading", list(Reading))
@pytest.mark.parametrize("missing", [(), (3, 4, 5, 9)])
def test_the_likelihood_is_that_of_all_readings_together(reading, missing):
    measured = record(missing=missing)
    run = filtered(VALUES, measured, reading)
    seen = np.isfinite(measured.readings_c)
    mean, covariance = joint_distribution(measured, reading)
    expected = multivariate_normal(mean[seen], covariance[np.ix_(seen, seen)]).logpdf(measured.readings_c[seen])
    e, s = run.innovations_k[seen, 0], run.variances_k2[seen, 0]
    assert -0.5 * (e**2 / s + np.log(2 * np.pi * s)).sum() == pytest.approx(expected, rel=1e-9)


def test_candidates_do_not_touch_each_other():
    other = VALUES.copy()
    other[0, 1] *= 2
    together = filtered(np.vstack([VALUES, other]), record(), Reading.MEAN)
    assert together.innovations_k[:, 1] == pytest.approx(filtered(other, record(), Reading.MEAN).innovations_k[:, 0])


def test_gains_that_are_kept_once_settled_change_nothing(monkeypatch):
    long = record(n_steps=900, missing=(400, 401, 700))
    quick = filtered(VALUES, long, Reading.MEAN)
    monkeypatch.setattr(identify_filter, "SETTLED", -1.0)
    exact = filtered(VALUES, long, Reading.MEAN)
    assert quick.innovations_k == pytest.approx(exact.innovations_k, abs=1e-9)
    assert quick.variances_k2 == pytest.approx(exact.variances_k2, rel=1e-9)


def test_a_filter_that_goes_on_ends_where_one_that_ran_through_does():
    whole = record(n_steps=40, missing=(20,))
    values = parameters_of(house(), NOISE, lag_h=0.4)[None]
    first = filtered(values, whole.part(slice(0, 20)), Reading.MEAN)
    rest = filtered(values, whole.part(slice(20, None), continues=True), Reading.MEAN, first.end)
    through = filtered(values, whole, Reading.MEAN)
    assert rest.end.temps_c == pytest.approx(through.end.temps_c, rel=1e-12)
    assert rest.end.covariance_k2 == pytest.approx(through.end.covariance_k2, rel=1e-12)
    assert rest.expected_c == pytest.approx(through.expected_c[20:], rel=1e-12)


def test_what_lies_before_a_break_is_forgotten():
    broken = record(n_steps=30)
    broken.begins[15] = True
    alone = filtered(VALUES, broken.part(slice(15, None)), Reading.MEAN)
    assert filtered(VALUES, broken, Reading.MEAN).innovations_k[15:] == pytest.approx(alone.innovations_k)


def test_a_room_without_mass_is_filtered_by_its_air_alone():
    room = Room(id="hut", capacitance_kwh_per_k=2.0, loss_kw_per_k=0.1)
    values = parameters_of(house(room), NOISE)[None]
    run = filtered(values, record(), Reading.START)
    kept = np.exp(-0.1 / 2.0 * 0.25)
    temp, variance = record().readings_c[0], 0.3**2
    noise = 0.2**2 * (1 - kept**2) / (2 * 0.1 / 2.0)
    for step in range(5):
        assert run.expected_c[step, 0] == pytest.approx(temp, rel=1e-9)
        gain = variance / (variance + 0.1**2)
        temp += gain * (record().readings_c[step] - temp)
        outdoor, _, heat, _ = record().inputs[step]
        temp = kept * temp + (1 - kept) * (outdoor + heat / 0.1)
        variance = kept**2 * (1 - gain) * variance + noise


def test_lagging_heat_comes_out_as_a_fine_simulation_has_it():
    given, step_h, lag_h = np.array([0.0, 6.0, 6.0, 0.0, 3.0]), 0.25, 0.2
    means, end = lagged_heat_kw(np.array([lag_h, 0.0]), given, [slice(0, 5)], step_h, np.array([1.0, 1.0]))
    out, n = 1.0, 20_000
    for step, kw in enumerate(given):
        total = 0.0
        for _ in range(n):
            before = out
            out += step_h / n / lag_h * (kw - out)
            total += 0.5 * (before + out) / n
        assert means[step, 0] == pytest.approx(total, abs=1e-3)
    assert end[0] == pytest.approx(out, abs=1e-3)
    assert means[:, 1] == pytest.approx(given)


def test_after_a_break_what_is_given_comes_out_at_once():
    means, _ = lagged_heat_kw(np.array([0.5]), np.array([1.0, 1.0, 4.0, 4.0]), [slice(0, 2), slice(2, 4)], 0.25, None)
    assert means[:, 0] == pytest.approx([1.0, 1.0, 4.0, 4.0])


def test_the_first_belief_puts_the_mass_behind_the_air():
    belief = first_belief(VALUES, 21.0, 1.0)
    share = HEAVY.mass_loss_kw_per_k / (HEAVY.mass_loss_kw_per_k + HEAVY.mass_coupling_kw_per_k)
    assert belief.temps_c[:, 0] == pytest.approx([21.0, 21.0 - 20.0 * share])
    assert belief.emitted_kw is None
