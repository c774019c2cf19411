"""What else the weather may become: errors of a temperature forecast that grow with lead time, as a fixed ensemble."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

N_MEMBERS: Final = 50
"""In pairs of an error and its opposite, so that the mean of the members is the forecast itself."""
ERROR_NOW_K: Final = 1.0
"""Standard deviation at once: a house stands elsewhere than the weather station, among trees and neighbours. [K]"""
GROWTH_K2_PER_DAY: Final = 1.25
"""Growth of the variance: 1.5 K after a day, 1.9 K after two, 3.1 K after a week. An assumption, of the size that
weather services tell of their forecasts; measured at no house. [K2/day]"""
CORRELATION_H: Final = 24.0
"""Errors last: a front that comes late is late for a day. The correlation of two hours so far apart is 1/e. [h]"""
N_COMPONENTS: Final = 8
"""Principal components that are followed; over two days they hold more than nine tenths of the variance."""

Floats = NDArray[np.float64]


def temperature_errors_k(lead_h: Floats) -> Floats:
    """Return errors of a temperature forecast, shape (`N_MEMBERS`, n_steps). [K].

    ``e = L z`` with the covariance ``s(i) s(j) exp(-|i - j| / CORRELATION_H)``, ``s(h)^2 = ERROR_NOW_K^2 +
    GROWTH_K2_PER_DAY h / 24``, of which the largest principal components are kept, and each step's variance is then
    restored; ``z`` are normal and fill the space evenly (`normal_points`). The same leads give the same errors.

    Parameters
    ----------
    lead_h : NDArray, shape (n_steps,)
        From the issue of the forecast to the steps, ascending. [h]
    """
    spread = np.sqrt(ERROR_NOW_K**2 + GROWTH_K2_PER_DAY * np.maximum(lead_h, 0.0) / 24.0)
    correlation = np.exp(-np.abs(lead_h[:, None] - lead_h[None, :]) / CORRELATION_H)
    sizes, directions = np.linalg.eigh(correlation)
    kept = min(N_COMPONENTS, len(lead_h))
    loadings = directions[:, -kept:] * np.sqrt(np.maximum(sizes[-kept:], 0.0))
    loadings *= np.where(loadings[0] < 0, -1.0, 1.0)  # an eigenvector's sign is the library's choice
    loadings /= np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    return np.asarray(_POINTS[:, :kept] @ (loadings * spread[:, None]).T)


def start_errors() -> Floats:
    """Return a standard normal error of what a calculation starts with, one a member, that no weather goes with.

    Shape (`N_MEMBERS`,).
    """
    return _POINTS[:, -1]


def normal_points(n_dimensions: int) -> Floats:
    """Return `N_MEMBERS` points of a standard normal distribution, evenly spread, shape (N_MEMBERS, n_dimensions).

    The additive recurrence of the generalised golden ratio (Roberts, "The unreasonable effectiveness of quasirandom
    sequences", 2018), through the normal quantile, made uncorrelated and of variance one; each point with its opposite.

    Parameters
    ----------
    n_dimensions : int
        How many.
    """
    ratio = 2.0
    for _ in range(64):
        ratio = (1.0 + ratio) ** (1.0 / (n_dimensions + 1))
    steps = np.power(1.0 / ratio, np.arange(1, n_dimensions + 1))
    half = N_MEMBERS // 2
    points = ndtri((0.5 + np.outer(np.arange(1, half + 1), steps)) % 1.0)
    whitened = np.linalg.solve(np.linalg.cholesky(points.T @ points / half), points.T).T
    both = np.concatenate([whitened, -whitened])
    both.flags.writeable = False
    return both


_POINTS: Final = normal_points(N_COMPONENTS + 1)
