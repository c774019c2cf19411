"""How the last hours' deviation from the usual day goes on, and how far off that was by lead time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from voltherm.forecasting.quantile import quantiles_by_column

WINDOWS: Final = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
"""The deviation is averaged over these spans before now, each at least a step long."""
REACH: Final = max(WINDOWS)
RIDGE: Final = 10.0
"""Weight of 'no deviation goes on', in steps of unit variance."""
PROBABILITIES: Final = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
NORMAL_QUANTILES: Final = (-1.645, -1.282, -0.674, 0.0, 0.674, 1.282, 1.645)
"""Of the standard normal distribution, at ``PROBABILITIES``."""
ORIGINS: Final = 600
"""About so many past forecasts are enough for the quantiles."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intraday:
    """A fitted correction.

    Parameters
    ----------
    coefficients : array, shape (n_leads, n_windows)
        Share of each window's mean deviation that is still there at each lead.
    errors : array, shape (n_probabilities, n_leads)
        Quantiles of the deviation less its forecast.
    """

    coefficients: Array
    errors: Array

    def deviation(self, recent: Array, step: timedelta, leads: NDArray[np.int64]) -> Array:
        """Return the expected deviation at ``leads`` after the end of ``recent``, which reaches a day back."""
        phi = window_means(recent, step)[-1]
        return np.asarray(self.coefficients[self._within(leads)] @ phi)

    def quantiles(self, leads: NDArray[np.int64]) -> Mapping[float, Array]:
        """Return the error by probability at ``leads``, ascending with the probability."""
        at = self._within(leads)
        return dict(zip(PROBABILITIES, self.errors[:, at], strict=True))

    def _within(self, leads: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.asarray(np.minimum(leads, self.coefficients.shape[0] - 1))


def window_means(deviation: Array, step: timedelta) -> Array:
    """Return the mean deviation over each window before each step, shape (n + 1, n_windows); 0 where none is known."""
    known = ~np.isnan(deviation)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, deviation, 0.0))])
    count = np.concatenate([[0], np.cumsum(known)])
    ends = np.arange(deviation.size + 1)
    columns = []
    for window in WINDOWS:
        starts = np.maximum(ends - max(1, window // step), 0)
        columns.append((total - total[starts]) / np.maximum(count - count[starts], 1))
    return np.stack(columns, axis=1)


def normal_intraday(n_leads: int) -> Intraday:
    """Return the correction for a history too short to learn one: none, and the normal distribution for errors."""
    errors = np.repeat(np.array(NORMAL_QUANTILES)[:, None], n_leads, axis=1)
    return Intraday(coefficients=np.zeros((n_leads, len(WINDOWS))), errors=errors)


def fit_intraday(deviation: Array, step: timedelta, n_leads: int) -> Intraday:
    """Return the correction learned from a history of deviations.

    For each lead j, ridge regression of z(i+j) on phi(i), the means of z over the windows before i, over all i;
    then the quantiles of what it leaves (the 'learned' belief of Voltherm's notes on peak control).

    Parameters
    ----------
    deviation : array, shape (n,)
        z: deviation from the usual day in units of its spread, NaN where missing.
    step : timedelta
        Length of a step.
    n_leads : int
        Number of leads, from 0.
    """
    phi = window_means(deviation, step)[:-1]
    padded = np.concatenate([deviation, np.full(n_leads - 1, np.nan)])
    ahead = sliding_window_view(padded, n_leads)
    known = ~np.isnan(ahead)
    n_windows = phi.shape[1]
    squares = (phi[:, :, None] * phi[:, None, :]).reshape(phi.shape[0], -1)
    normal = (known.T.astype(np.float64) @ squares).reshape(n_leads, n_windows, n_windows)
    right = np.where(known, ahead, 0.0).T @ phi
    coefficients = np.linalg.solve(normal + RIDGE * np.eye(n_windows), right[:, :, None])[:, :, 0]
    stride = max(1, deviation.size // ORIGINS)
    left_over = ahead[::stride] - phi[::stride] @ coefficients.T
    errors = np.nan_to_num(quantiles_by_column(left_over, PROBABILITIES))
    return Intraday(coefficients=coefficients, errors=_smooth_over_leads(errors))


def _smooth_over_leads(errors: Array, reach: int = 2) -> Array:
    """Mean over ``reach`` leads to either side, which keeps the order of the quantiles."""
    n_leads = errors.shape[1]
    total = np.concatenate([np.zeros((errors.shape[0], 1)), np.cumsum(errors, axis=1)], axis=1)
    leads = np.arange(n_leads)
    near = np.minimum(leads, reach)
    first, last = np.maximum(leads - near, 0), np.minimum(leads + near + 1, n_leads)
    return np.asarray((total[:, last] - total[:, first]) / (last - first))
