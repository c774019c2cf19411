"""Quantiles by column where values are missing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def quantiles_by_column(values: NDArray[np.float64], probabilities: Sequence[float]) -> NDArray[np.float64]:
    """Return quantiles of each column without its missing values, linear between order statistics.

    Parameters
    ----------
    values : array, shape (n_rows, n_columns)
        NaN where missing.
    probabilities : sequence of float
        0 to 1.

    Returns
    -------
    array, shape (n_probabilities, n_columns)
        NaN where a column is missing altogether.
    """
    ordered = np.sort(values, axis=0)
    last = np.maximum((~np.isnan(values)).sum(axis=0) - 1, 0)
    place = np.array(probabilities)[:, None] * last
    low = np.floor(place).astype(np.int64)
    at_low = np.take_along_axis(ordered, low, axis=0)
    at_high = np.take_along_axis(ordered, np.minimum(low + 1, last), axis=0)
    return np.asarray(at_low + (place - low) * (at_high - at_low))
