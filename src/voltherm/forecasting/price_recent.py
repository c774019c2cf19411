"""How the last days' deviation from the usual price goes on, by days ahead, and how far off that was by hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from voltherm.forecasting.intraday import PROBABILITIES
from voltherm.forecasting.quantile import quantiles_by_column

DAY: Final = 24
"""Hours of a day ahead; days are counted from the last known price, so a change of the clock is no special case."""
WEEK: Final = 7
N_FEATURES: Final = 5
RIDGE_DAYS: Final = 2.0
"""Weight of 'prices go back to the usual', in days of unit variance."""
ROBUST: Final = 1.345
"""Residuals beyond this many standard deviations count by their distance only (Huber's constant)."""
PASSES: Final = 3
MIDPOINTS: Final = tuple((i + 0.5) / 20 for i in range(20))
"""Equally probable parts of the distribution, whose mean is the expected price."""
NEAR: Final = 2
"""Hours to either side whose errors are taken together."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """A fitted relation between the last week and the days ahead.

    Parameters
    ----------
    coefficients : array, shape (n_days_ahead, 5)
        Of the features of ``features``, by days ahead from 1.
    errors : array, shape (n_days_ahead, 24, 27)
        Deviation less its forecast by hour after the last known price, at ``MIDPOINTS`` and then ``PROBABILITIES``.
    """

    coefficients: Array
    errors: Array

    def distribution(self, deviation: Array, leads: NDArray[np.int64]) -> Array:
        """Return the deviation at ``leads`` hours after the end of ``deviation``, shape (n_leads, 27).

        Parameters
        ----------
        deviation : array, shape (n,)
            Of the hours up to the last known price, at least a week of them, NaN where missing.
        leads : array of int, shape (n_leads,)
            From 0; those before it are hours without a price in the middle of known ones, taken as the next day's.
        """
        day, hour = np.divmod(leads, DAY)
        day = np.clip(day, 0, self.coefficients.shape[0] - 1)
        phi = features(deviation[-WEEK * DAY :][None])[0]
        mean = np.einsum("hf,hf->h", phi[hour], self.coefficients[day])
        return np.asarray(mean[:, None] + self.errors[day, hour])


def features(weeks: Array) -> Array:
    """Return what weeks of deviations say of each hour of a day after them, shape (n_weeks, 24, 5).

    The mean of the last day, of the last two, of the week; how the hour of the last day lay from that day's mean; and
    how the hour of all seven days lay from the week's. Zero, the usual, where nothing is known.

    Parameters
    ----------
    weeks : array, shape (n_weeks, 168)
        Deviations, NaN where missing.
    """
    days = weeks.reshape(-1, WEEK, DAY)
    last, two, week = (_mean(days[:, -n:], (1, 2)) for n in (1, 2, WEEK))
    two = np.where(np.isnan(two), last, two)
    week = np.where(np.isnan(week), two, week)
    hour_of_last = days[:, -1] - last[:, None]
    hour_of_week = _mean(days, (1,)) - week[:, None]
    levels = np.repeat(np.stack([last, two, week], axis=-1)[:, None], DAY, axis=1)
    found: Array = np.concatenate([levels, hour_of_last[..., None], hour_of_week[..., None]], axis=-1)
    return np.nan_to_num(found)


def fit_recent(deviation: Array, n_days: int) -> Recent:
    """Return the relation learned from a history of deviations.

    For each day ahead k: robust ridge regression (Huber's weights) of the 24 hours that begin k − 1 days after an
    origin on the features of the week before it, over origins a whole number of days before the end. The errors of an
    origin are those of coefficients fitted without it and the day to either side of it.

    Parameters
    ----------
    deviation : array, shape (n,)
        By hour up to the last known price, a week or more; NaN where missing.
    n_days : int
        Days ahead, at least one.
    """
    n_whole = deviation.size // DAY
    whole = deviation[-n_whole * DAY :].reshape(n_whole, DAY)
    # Origins of the first days know less than a week: the rest counts as missing.
    padded = np.concatenate([np.full((WEEK - 1, DAY), np.nan), whole])
    weeks = np.moveaxis(sliding_window_view(padded, WEEK, axis=0), -1, 1).reshape(n_whole, WEEK * DAY)
    phi = features(weeks)
    fits = [_fit_day(phi[:-k], whole[k:]) for k in range(1, min(n_days, n_whole - 1) + 1)]
    fits += [fits[-1]] * (n_days - len(fits))
    return Recent(coefficients=np.stack([fit[0] for fit in fits]), errors=np.stack([fit[1] for fit in fits]))


def _fit_day(phi: Array, ahead: Array) -> tuple[Array, Array]:
    """Coefficients and errors of one day ahead, from features (n_origins, 24, 5) and deviations (n_origins, 24)."""
    known = ~np.isnan(ahead)
    y = np.where(known, ahead, 0.0)
    weights = known.astype(np.float64)
    beta = np.zeros((1, N_FEATURES))
    for _ in range(PASSES):
        square, right = _sums(phi, y, weights)
        beta = _solved(square.sum(axis=0)[None], right.sum(axis=0)[None])
        error = np.abs(y - phi @ beta[0])
        sigma = max(float(np.sqrt(np.mean(np.square(error), where=known))), 1e-9)
        weights = known * np.minimum(1.0, ROBUST * sigma / np.maximum(error, 1e-12))
    square, right = _sums(phi, y, weights)
    without = _solved(_all_but_near(square), _all_but_near(right))
    left_over = np.where(known, y - np.einsum("ohf,of->oh", phi, without), np.nan)
    return beta[0], _quantiles(left_over)


def _sums(phi: Array, y: Array, weights: Array) -> tuple[Array, Array]:
    weighted = phi * weights[..., None]
    return np.swapaxes(weighted, 1, 2) @ phi, np.einsum("ohf,oh->of", weighted, y)


def _solved(square: Array, right: Array) -> Array:
    ridge = RIDGE_DAYS * DAY * np.eye(N_FEATURES)
    return np.asarray(np.linalg.solve(square + ridge, right[..., None])[..., 0])


def _all_but_near(sums: Array) -> Array:
    """The total without each origin and its neighbours, whose hours overlap or follow its own."""
    near = sums.copy()
    near[1:] += sums[:-1]
    near[:-1] += sums[1:]
    return np.asarray(sums.sum(axis=0) - near)


def _quantiles(left_over: Array) -> Array:
    """Quantiles of the errors by hour, those of ``NEAR`` hours together, shape (24, 27).

    Of few days the outermost errors count for more, as the next one lies beyond n errors with probability
    2 / (n + 1): the rank p (n + 1) of conformal prediction, with n the number of days.
    """
    n_days = int(np.isfinite(left_over).any(axis=1).sum())
    wanted = np.array([*MIDPOINTS, *PROBABILITIES])
    ranks = np.clip((wanted * (n_days + 1) - 1) / max(n_days - 1, 1), 0.0, 1.0)
    around = np.concatenate(
        [np.pad(left_over, ((0, 0), (NEAR, NEAR)), mode="edge")[:, s : s + DAY] for s in range(2 * NEAR + 1)]
    )
    return np.nan_to_num(quantiles_by_column(around, ranks.tolist())).T


def _mean(values: Array, axes: tuple[int, ...]) -> Array:
    """Mean of the known values, NaN where less than half is known."""
    known = ~np.isnan(values)
    count = known.sum(axis=axes)
    n_all = int(np.prod([values.shape[axis] for axis in axes]))
    total = np.where(known, values, 0.0).sum(axis=axes)
    return np.where(2 * count >= n_all, total / np.maximum(count, 1), np.nan)
