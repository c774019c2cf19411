"""How sure learned figures are."""

import numpy as np
import pytest

from tests.unit.physics.identified_house import HEAVY, LIGHT, NOISE, house
from voltherm.physics.building import network
from voltherm.physics.identify_certainty import (
    certainty_of,
    correlation_of,
    time_constants_h,
    total_capacity_kwh_per_k,
    total_loss_kw_per_k,
)
from voltherm.physics.identify_fit import Fit
from voltherm.physics.identify_model import natural, parameters_of, searched
from voltherm.physics.identify_prior import prior_of


def fitted(room=HEAVY, held=()) -> Fit:
    """A fit with known covariance: factors of about 1.1, loss and gains going together."""
    prior = prior_of(house(room)).holding(*held)
    n = len(prior.names)
    covariance = 0.01 * np.eye(n)
    one, other = prior.names.index("loss_kw_per_k"), prior.names.index("internal_gain_kw")
    covariance[one, other] = covariance[other, one] = 0.008
    return Fit(
        searched=searched(parameters_of(house(room), NOISE, lag_h=0.1)),
        cost=0.0,
        information=np.linalg.inv(covariance),
        prior=prior,
        is_converged=True,
    )


def figures(fit, **changes):
    return {estimate.name: estimate for estimate in certainty_of(fit, **({"is_moved": True} | changes))}


def test_totals_are_those_of_the_building():
    values = parameters_of(house(), NOISE)
    assert total_loss_kw_per_k(values) == pytest.approx(house().loss_kw_per_k)
    assert total_capacity_kwh_per_k(values) == pytest.approx(7.5)


def test_time_constants_are_the_eigenvalues_of_the_network():
    net = network(house())
    rates = np.linalg.eigvals(-net.conductance_kw_per_k / net.capacitance_kwh_per_k[:, None])
    assert time_constants_h(parameters_of(house(), NOISE)) == pytest.approx(sorted(-1.0 / rates))


def test_the_doubt_of_a_total_is_that_of_drawn_houses():
    fit = fitted()
    drawn = fit.searched + np.random.default_rng(2).multivariate_normal(np.zeros(14), fit.covariance, size=4000)
    losses = np.log([total_loss_kw_per_k(values) for values in natural(drawn)])
    known = figures(fit)["total_loss_kw_per_k"]
    assert known.relative_sd == pytest.approx(np.hypot(losses.std(), 0.05), rel=0.05)
    assert known.low < known.value < known.high
    assert known.high / known.value == pytest.approx(np.exp(1.96 * known.relative_sd), rel=1e-3)


def test_a_capacity_that_was_not_charged_is_less_sure():
    fit = fitted()
    moved, still = figures(fit), figures(fit, is_moved=False)
    assert still["total_capacity_kwh_per_k"].relative_sd > moved["total_capacity_kwh_per_k"].relative_sd
    assert still["total_loss_kw_per_k"] == moved["total_loss_kw_per_k"]


def test_a_held_capacity_is_as_unsure_as_the_preset_and_not_learned():
    known = figures(fitted(held=("capacitance_kwh_per_k", "mass_capacitance_kwh_per_k")))
    assert not known["total_capacity_kwh_per_k"].is_learned
    assert known["total_capacity_kwh_per_k"].relative_sd > 0.3
    assert known["total_loss_kw_per_k"].is_learned


def test_a_share_stays_a_share():
    share = figures(fitted())["solar_to_mass"]
    assert 0.0 < share.low < share.value < share.high < 1.0


def test_a_room_without_mass_has_one_time_constant():
    known = figures(fitted(LIGHT))
    assert known["slow_time_constant_h"].value == pytest.approx(10.0)
    assert known["total_capacity_kwh_per_k"].value == pytest.approx(1.0)
    assert "quick_time_constant_h" not in known
    assert not any("mass" in name for name in known)


def test_the_correlation_is_that_of_the_errors():
    correlation = correlation_of(fitted())
    assert correlation.between("loss_kw_per_k", "internal_gain_kw") == pytest.approx(0.8)
    assert correlation.between("loss_kw_per_k", "loss_kw_per_k") == pytest.approx(1.0)
