"""How sure the learned parameters are, and what follows from them: total loss, total capacity, time constants."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import norm

from voltherm.physics.identify_fit import Fit
from voltherm.physics.identify_model import NAMES, NOISES, PLACE, Floats, natural

Derived = Callable[[Floats], float]

CENTRAL: Final = float(norm.ppf(0.975))
"""Standard deviations on each side of 95 % of a normal distribution."""
MODEL_ERROR: Final = {"loss": 0.05, "capacity": 0.15}
"""What two temperatures cannot show of a house, added to the standard errors of the totals: with it, about 95 % of
the intervals held the truth of simulated houses whose people, lags and masses are not those of the model."""
UNMOVED_CAPACITY_ERROR: Final = 0.35
"""As above for the capacity, where the room only swung about one temperature: the slow mass was hardly charged."""
PROBE: Final = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A learned figure and how sure it is.

    Parameters
    ----------
    name : str
        With its unit.
    value : float
        Most likely.
    low, high : float
        Ends of the 95 % interval.
    relative_sd : float
        Standard deviation of its logarithm, or of the logit for a share.
    is_learned : bool
        False where the data say nothing of it and the preset's stands.
    """

    name: str
    value: float
    low: float
    high: float
    relative_sd: float
    is_learned: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """How the errors of the parameters go together.

    Parameters
    ----------
    names : tuple of str
        Of rows and columns.
    matrix : tuple of tuples of float
        Of the logarithms' errors, 1 on the diagonal.
    """

    names: tuple[str, ...]
    matrix: tuple[tuple[float, ...], ...]

    def between(self, one: str, other: str) -> float:
        """Return the correlation of two parameters' errors."""
        return self.matrix[self.names.index(one)][self.names.index(other)]


def total_loss_kw_per_k(values: Floats) -> float:
    """Return the loss of air and mass together in steady state; parameters of shape (14,). [kW/K]."""
    loss, inward, outward = (
        float(values[PLACE[name]]) for name in ("loss_kw_per_k", "mass_coupling_kw_per_k", "mass_loss_kw_per_k")
    )
    return loss + inward * outward / (inward + outward)


def total_capacity_kwh_per_k(values: Floats) -> float:
    """Return the capacitances of air and mass together; parameters of shape (14,). [kWh/K]."""
    return float(values[PLACE["capacitance_kwh_per_k"]] + values[PLACE["mass_capacitance_kwh_per_k"]])


def time_constants_h(values: Floats) -> tuple[float, float]:
    """Return the quick and the slow time constant of the free house; parameters of shape (14,). [h]."""
    air, loss, mass, inward, outward = (float(value) for value in values[:5])
    a, d = -(loss + inward) / air, -(inward + outward) / mass
    quick = 0.5 * (a + d) - math.sqrt(0.25 * (a - d) ** 2 + inward**2 / (air * mass))
    slow = (loss * inward + loss * outward + inward * outward) / (air * mass) / quick
    return -1.0 / quick, -1.0 / slow


def certainty_of(fit: Fit, *, is_moved: bool) -> tuple[Estimate, ...]:
    """Return every total and every parameter with its 95 % interval, by the delta method.

    Parameters
    ----------
    fit : Fit
        What was found.
    is_moved : bool
        Whether the room's mean over hours moved enough to charge the mass.
    """
    capacity_error = MODEL_ERROR["capacity"] if is_moved else UNMOVED_CAPACITY_ERROR
    both = math.hypot(MODEL_ERROR["loss"], capacity_error)
    totals: list[tuple[str, Derived, float]] = [
        ("total_loss_kw_per_k", total_loss_kw_per_k, MODEL_ERROR["loss"]),
        ("total_capacity_kwh_per_k", total_capacity_kwh_per_k, capacity_error),
        ("slow_time_constant_h", lambda values: time_constants_h(values)[1], both),
    ]
    if fit.prior.has_mass:
        totals.append(("quick_time_constant_h", lambda values: time_constants_h(values)[0], both))
    else:
        air, loss = PLACE["capacitance_kwh_per_k"], PLACE["loss_kw_per_k"]
        totals[1] = ("total_capacity_kwh_per_k", lambda values: float(values[air]), capacity_error)
        totals[2] = ("slow_time_constant_h", lambda values: float(values[air] / values[loss]), both)
    derived = [_total(fit, name, of, error) for name, of, error in totals]
    present = (name for name in NAMES if name not in fit.prior.absent and name not in NOISES)
    return (*derived, *(_parameter(fit, name) for name in present))


def total_loss_estimate(fit: Fit) -> Estimate:
    """Return the total loss with its 95 % interval. [kW/K]."""
    return _total(fit, "total_loss_kw_per_k", total_loss_kw_per_k, MODEL_ERROR["loss"])


def correlation_of(fit: Fit) -> Correlation:
    """Return the correlation of the searched parameters' errors."""
    covariance = fit.covariance[np.ix_(fit.prior.free, fit.prior.free)]
    scale = np.sqrt(np.diag(covariance))
    matrix = covariance / np.outer(scale, scale)
    return Correlation(names=fit.prior.names, matrix=tuple(tuple(float(cell) for cell in row) for row in matrix))


def _total(fit: Fit, name: str, of: Derived, model_error: float) -> Estimate:
    slopes = np.array([_log_slope(fit, of, at) for at in range(len(NAMES))])
    deviation = math.hypot(math.sqrt(float(slopes @ fit.covariance @ slopes)), model_error)
    is_learned = name == "total_loss_kw_per_k" or "capacitance_kwh_per_k" in fit.prior.names
    value = of(fit.values)
    factor = math.exp(CENTRAL * deviation)
    return Estimate(
        name=name,
        value=value,
        low=value / factor,
        high=value * factor,
        relative_sd=deviation,
        is_learned=is_learned,
    )


def _parameter(fit: Fit, name: str) -> Estimate:
    at = PLACE[name]
    deviation = math.sqrt(float(fit.covariance[at, at]))
    ends = np.repeat(fit.searched[None], 2, axis=0)
    ends[:, at] += np.array([-CENTRAL, CENTRAL]) * deviation
    low, high = natural(ends)[:, at]
    return Estimate(
        name=name,
        value=float(fit.values[at]),
        low=float(low),
        high=float(high),
        relative_sd=deviation,
        is_learned=name in fit.prior.names,
    )


def _log_slope(fit: Fit, of: Derived, at: int) -> float:
    moved = np.repeat(fit.searched[None], 2, axis=0)
    moved[0, at] += PROBE
    moved[1, at] -= PROBE
    up, down = natural(moved)
    return (math.log(of(up)) - math.log(of(down))) / (2.0 * PROBE)
