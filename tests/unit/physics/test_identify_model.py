"""The identified house's step: exact, with the covariance of its noise."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import expm

from tests.unit.physics.identified_house import HEAVY, LIGHT, NOISE, house
from voltherm.domain.assets import Building, Room
from voltherm.domain.errors import InvalidInputError
from voltherm.physics.building import dynamics
from voltherm.physics.identify_model import (
    NAMES,
    PLACE,
    Noise,
    Reading,
    building_with,
    natural,
    noise_of,
    noisy_steps,
    parameters_of,
    searched,
)


def continuous(room: Room) -> tuple[np.ndarray, np.ndarray]:
    """Written down once more from the equations in `Room`: air, mass, and the running integral of the air."""
    r = room
    c_a, c_m, g_m = r.capacitance_kwh_per_k, r.mass_capacitance_kwh_per_k, r.mass_coupling_kw_per_k
    matrix = np.array(
        [
            [-(r.loss_kw_per_k + g_m) / c_a, g_m / c_a, 0.0],
            [g_m / c_m, -(g_m + r.mass_loss_kw_per_k) / c_m, 0.0],
            [1.0, 0.0, 0.0],
        ]
    )
    sun = r.solar_aperture_m2 / 1000.0
    air = np.array([r.loss_kw_per_k, (1 - r.solar_to_mass) * sun, 1 - r.heat_to_mass, r.internal_gain_kw]) / c_a
    mass = np.array([r.mass_loss_kw_per_k, r.solar_to_mass * sun, r.heat_to_mass, 0.0]) / c_m
    return matrix, np.array([air, mass, np.zeros(4)])


def van_loan(matrix, spectral, step_h):
    """Covariance of the state's noise after a step (Van Loan 1978)."""
    n = len(matrix)
    block = expm(np.block([[-matrix, spectral], [np.zeros((n, n)), matrix.T]]) * step_h)
    return block[n:, n:].T @ block[:n, n:]


@pytest.mark.parametrize("room", [HEAVY, LIGHT])
@pytest.mark.parametrize("step_h", [0.25, 1.0])
def test_the_step_is_that_of_the_building(room, step_h):
    steps = noisy_steps(parameters_of(house(room), NOISE)[None], step_h, Reading.START)
    parts = dynamics(house(room), step_h)
    n = len(parts.transition)
    assert steps.transition[:n, :n, 0] == pytest.approx(parts.transition, abs=1e-9)
    columns = np.column_stack([parts.outdoor, parts.sun, parts.heat[:, 0], parts.constant])
    assert steps.inputs[:n, :, 0] == pytest.approx(columns, abs=1e-9)


@pytest.mark.parametrize("step_h", [0.1, 0.25, 1.0])
def test_a_mean_reading_and_its_noise_are_those_of_the_running_integral(step_h):
    steps = noisy_steps(parameters_of(house(), NOISE)[None], step_h, Reading.MEAN)
    matrix, inputs = continuous(HEAVY)
    moved = expm(matrix * step_h)
    joined = expm(np.block([[matrix, inputs], [np.zeros((4, 7))]]) * step_h)
    covariance = van_loan(matrix, np.diag([0.2**2, 0.05**2, 0.0]), step_h)
    assert steps.seen[:, 0] == pytest.approx(moved[2, :2] / step_h, rel=1e-9)
    assert steps.seen_inputs[:, 0] == pytest.approx(joined[2, 3:] / step_h, rel=1e-9)
    assert steps.walk[:, :, 0] == pytest.approx(covariance[:2, :2], rel=1e-8)
    assert steps.joint[:, 0] == pytest.approx(covariance[:2, 2] / step_h, rel=1e-8)
    assert steps.blur[0] == pytest.approx(covariance[2, 2] / step_h**2 + 0.1**2, rel=1e-8)


def test_a_reading_at_the_end_shares_the_noise_of_the_air():
    steps = noisy_steps(parameters_of(house(), NOISE)[None], 0.25, Reading.END)
    assert steps.seen[:, 0] == pytest.approx(steps.transition[0, :, 0])
    assert steps.seen_inputs[:, 0] == pytest.approx(steps.inputs[0, :, 0])
    assert steps.joint[:, 0] == pytest.approx(steps.walk[:, 0, 0])
    assert steps.blur[0] == pytest.approx(steps.walk[0, 0, 0] + 0.1**2)


def test_a_house_that_hardly_loses_heat_is_stepped_without_loss_of_digits():
    dark = replace(HEAVY, solar_aperture_m2=0.0, internal_gain_kw=0.0)
    tight = parameters_of(house(replace(dark, loss_kw_per_k=0.0, mass_loss_kw_per_k=1e-9)), NOISE)
    less_tight = parameters_of(house(replace(dark, loss_kw_per_k=0.0, mass_loss_kw_per_k=1e-4)), NOISE)
    steps = noisy_steps(np.stack([tight, less_tight]), 0.25, Reading.MEAN)
    assert steps.transition[:, :, 0].sum(axis=1) == pytest.approx([1.0, 1.0], abs=1e-9)
    assert steps.seen_inputs[2, 0] == pytest.approx(steps.seen_inputs[2, 1], rel=1e-5)


def test_parameters_come_back_from_their_logarithms():
    values = parameters_of(house(), NOISE, lag_h=0.1)
    assert natural(searched(values)[None])[0] == pytest.approx(values, rel=1e-9)


def test_a_building_is_given_the_named_parameters_and_keeps_the_rest():
    values = parameters_of(house(replace(HEAVY, loss_kw_per_k=0.2, internal_gain_kw=0.7)), NOISE)
    learned = building_with(house(), values, ("loss_kw_per_k", "reading_noise_k")).rooms[0]
    assert learned.loss_kw_per_k == pytest.approx(0.2)
    assert learned.internal_gain_kw == HEAVY.internal_gain_kw
    assert noise_of(values) == NOISE


def test_windows_that_would_overheat_the_house_are_cut_to_what_it_bears():
    values = parameters_of(house(), NOISE)
    values[PLACE["solar_aperture_m2"]] = 500.0
    learned = building_with(house(), values, NAMES)
    assert 5.0 < learned.rooms[0].solar_aperture_m2 < 500.0
    assert learned.sunny_rise_k.max() == pytest.approx(20.0, abs=1e-6)


def test_gains_that_would_overheat_the_house_are_refused():
    values = parameters_of(house(), NOISE)
    values[PLACE["internal_gain_kw"]] = 50.0
    with pytest.raises(InvalidInputError, match="internal_gain_kw"):
        building_with(house(), values, NAMES)


def test_several_rooms_are_refused():
    two = Building(rooms=(replace(HEAVY, id="a"), replace(HEAVY, id="b")))
    with pytest.raises(InvalidInputError, match="has 2 rooms"):
        parameters_of(two, NOISE)


def test_a_noise_of_zero_is_refused():
    with pytest.raises(InvalidInputError, match="reading_k is 0"):
        Noise(reading_k=0.0)
