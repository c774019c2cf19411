"""The parameters that make a record most likely, by the method of scoring and BFGS."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from voltherm.physics.identify_filter import Record, filtered
from voltherm.physics.identify_model import NAMES, PLACE, Floats, Reading, natural
from voltherm.physics.identify_prior import REACH, Prior

PROBE: Final = 1e-4
"""Half the distance between the candidates that a derivative is taken from."""
LONGEST_STEP: Final = 1.5
FIRST_DAMPING, LEAST_DAMPING, MOST_GROWTH = 1e-2, 1e-8, 16.0
CLOSE_ENOUGH: Final = 1e-3
"""Rise of the log-likelihood that the next step promises when the search ends: 0.04 standard errors."""
NEAR_ENOUGH: Final = 0.05
"""As above, for a search that could not end there: 0.3 standard errors."""
TOLERANCE: Final = 0.03
"""The same as a gradient, in rounded coordinates."""
MOST_STEPS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """Where the search ended.

    Parameters
    ----------
    searched : NDArray, shape (14,)
        Logarithms, and logits of shares.
    cost : float
        Negative logarithm of likelihood times prior, without constants.
    information : NDArray, shape (n_free, n_free)
        Expected Hessian of the cost: Fisher's information and the prior's.
    prior : Prior
        Of the search.
    is_converged : bool
        Whether it ended because there was nothing to gain.
    """

    searched: Floats
    cost: float
    information: Floats
    prior: Prior
    is_converged: bool

    @property
    def values(self) -> Floats:
        """Parameters, shape (14,)."""
        return np.asarray(natural(self.searched[None])[0])

    @property
    def covariance(self) -> Floats:
        """Covariance of all logarithms and logits, shape (14, 14): the prior's where a parameter was only held."""
        is_uncertain = np.array([name not in self.prior.absent for name in NAMES])
        covariance: Floats = np.diag(np.where(is_uncertain, self.prior.spread**2, 0.0))
        covariance[np.ix_(self.prior.free, self.prior.free)] = np.linalg.inv(self.information)
        return covariance

    def discarding(self, *names: str) -> Fit:
        """Return the fit with some parameters as they were thought before, and the others as they were found."""
        kept = self.prior.holding(*names)
        others = np.isin(self.prior.names, kept.names)
        covariance = np.linalg.inv(self.information)[np.ix_(others, others)]
        found = self.searched.copy()
        at = [PLACE[name] for name in names]
        found[at] = kept.centre[at]
        return replace(self, searched=found, information=np.linalg.inv(covariance), prior=kept)

    @property
    def at_bounds(self) -> tuple[str, ...]:
        """Names of the parameters that ended further from the preset than houses differ."""
        away = np.abs(self.searched - self.prior.centre) / self.prior.spread
        return tuple(NAMES[at] for at in self.prior.free if away[at] > REACH)


def fit(prior: Prior, record: Record, reading: Reading, start: Floats | None = None) -> Fit:
    """Return the parameters of greatest posterior density, searched from one start.

    Minimises ``1/2 sum (e^2 / S + ln S) + 1/2 sum ((z - centre) / spread)^2`` over the logarithms ``z``, with the
    innovations ``e`` and their variances ``S`` of the Kalman filter (Bacher and Madsen, Energy and Buildings 43,
    2011). The method of scoring comes near (Harvey, Forecasting, Structural Time Series Models and the Kalman Filter,
    1989, 3.4.5), damped as Nielsen proposes for Levenberg and Marquardt's (IMM-REP-1999-05); where the valley is bent
    and its steps fail, BFGS goes on, in the coordinates that Fisher's information makes round.

    Parameters
    ----------
    prior : Prior
        What is thought before, and what is searched.
    record : Record
        What was measured.
    reading : Reading
        What a reading stands for.
    start : NDArray, shape (14,), or None
        Where the search begins; None means the prior's centre.
    """
    search = _Search(prior=prior, record=record, reading=reading)
    here = prior.centre.copy()
    if start is not None:
        here[prior.free] = start[prior.free]
    point = _scored(search, search.at(here))
    if point.decrement > CLOSE_ENOUGH:
        point = _polished(search, point)
    return Fit(
        searched=point.place,
        cost=point.cost,
        information=point.information,
        prior=prior,
        is_converged=point.decrement <= NEAR_ENOUGH,
    )


def cost_of(prior: Prior, record: Record, reading: Reading, candidates: Floats) -> Floats:
    """Return what `fit` minimises at candidates of shape (n, 14), shape (n,)."""
    seen = np.isfinite(record.readings_c)
    run = filtered(natural(candidates), record, reading)
    innovations, variances = run.innovations_k[seen], run.variances_k2[seen]
    away = ((candidates - prior.centre) / prior.spread)[:, prior.free]
    return np.asarray(0.5 * (innovations**2 / variances + np.log(variances)).sum(axis=0) + 0.5 * (away**2).sum(axis=1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Point:
    """Cost at a place, its gradient, and its expected Hessian, over the searched parameters."""

    place: Floats
    cost: float
    slope: Floats
    information: Floats

    @property
    def decrement(self) -> float:
        """What a full step of scoring promises."""
        return 0.5 * float(self.slope @ np.linalg.solve(self.information, self.slope))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Search:
    prior: Prior
    record: Record
    reading: Reading

    def moved(self, place: Floats, step: NDArray[np.floating]) -> Floats:
        there = place.copy()
        there[self.prior.free] += step
        return there

    def at(self, place: Floats) -> _Point:
        """One run of the filter over the place and all its neighbours."""
        free, seen = self.prior.free, np.isfinite(self.record.readings_c)
        candidates = np.repeat(place[None], 1 + 2 * len(free), axis=0)
        candidates[1 + np.arange(len(free)), free] += PROBE
        candidates[1 + len(free) + np.arange(len(free)), free] -= PROBE
        run = filtered(natural(candidates), self.record, self.reading)
        innovations, variances = run.innovations_k[seen], run.variances_k2[seen]
        up, down = slice(1, 1 + len(free)), slice(1 + len(free), None)
        error, variance = innovations[:, :1], variances[:, :1]
        bent = (innovations[:, up] - innovations[:, down]) / (2.0 * PROBE)
        widened = (variances[:, up] - variances[:, down]) / (2.0 * PROBE * variance)
        spread = self.prior.spread[free]
        away = (place - self.prior.centre)[free] / spread
        slope = (bent * error / variance + 0.5 * widened * (1.0 - error**2 / variance)).sum(axis=0)
        fisher = bent.T @ (bent / variance) + 0.5 * widened.T @ widened
        return _Point(
            place=place,
            cost=0.5 * float((error**2 / variance + np.log(variance)).sum() + (away**2).sum()),
            slope=slope + away / spread,
            information=fisher + np.diag(1.0 / spread**2),
        )


def _scored(search: _Search, point: _Point) -> _Point:
    """Steps of scoring, as long as they succeed."""
    damping, growth = FIRST_DAMPING, 2.0
    for _ in range(MOST_STEPS):
        if point.decrement < CLOSE_ENOUGH or growth > MOST_GROWTH:
            break
        step = -np.linalg.solve(point.information + damping * np.diag(np.diag(point.information)), point.slope)
        step *= min(1.0, LONGEST_STEP / float(np.abs(step).max()))
        promised = -float(point.slope @ step + 0.5 * step @ point.information @ step)
        found = search.at(search.moved(point.place, step))
        if found.cost < point.cost:
            kept = (point.cost - found.cost) / promised
            damping = max(damping * max(1.0 / 3.0, 1.0 - (2.0 * kept - 1.0) ** 3), LEAST_DAMPING)
            growth, point = 2.0, found
        else:
            damping, growth = damping * growth, 2.0 * growth
    return point


def _polished(search: _Search, point: _Point) -> _Point:
    """BFGS from where the steps of scoring fail."""
    factor = np.linalg.cholesky(point.information)
    best = point

    def cost_and_slope(rounded: Floats) -> tuple[float, Floats]:
        nonlocal best
        found = search.at(search.moved(point.place, np.linalg.solve(factor.T, rounded)))
        best = found if found.cost < best.cost else best
        return found.cost, np.linalg.solve(factor, found.slope)

    start = np.zeros(len(factor))
    minimize(cost_and_slope, start, jac=True, method="BFGS", options={"gtol": TOLERANCE, "maxiter": MOST_STEPS})
    return best
