"""Arithmetic of interval means: regrouping them into other steps, and bridging short gaps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def regrouped(
    values: NDArray[np.float64],
    shape: tuple[int, int, int],
    n_steps: int,
    min_share: float,
) -> NDArray[np.float64]:
    """Return the means over ``n_steps`` new steps, weighted by time.

    Parameters
    ----------
    values : array, shape (n,)
        Means over the old steps, NaN where missing.
    shape : tuple of int
        Counts of equal parts of time: before the first old step, in an old step, in a new step.
    n_steps : int
        Number of new steps.
    min_share : float
        Share of a new step that must be present, 0 to 1, or its mean is missing.
    """
    lead, parts_old, parts_new = shape
    parts = np.full(n_steps * parts_new, np.nan)
    parts[lead : lead + values.size * parts_old] = np.repeat(values, parts_old)
    if parts_new == 1:
        return parts
    groups = parts.reshape(n_steps, parts_new)
    present = ~np.isnan(groups)
    count = present.sum(axis=1)
    total = np.where(present, groups, 0.0).sum(axis=1)
    enough = count >= max(1.0, min_share * parts_new - 1e-9)
    return np.where(enough, total / np.maximum(count, 1), np.nan)


def bridged_gaps(values: NDArray[np.float64], longest: int) -> NDArray[np.float64]:
    """Return ``values`` with each run of at most ``longest`` missing ones set to the mean of its two neighbours."""
    missing = np.isnan(values)
    if longest < 1 or not missing.any():
        return values
    edges = np.flatnonzero(np.diff(missing, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    short = (ends - starts <= longest) & (starts > 0) & (ends < values.size)
    starts, ends = starts[short], ends[short]
    filled = values.copy()
    steps = np.concatenate([np.arange(a, b) for a, b in zip(starts, ends, strict=True)] or [np.empty(0, np.intp)])
    filled[steps] = np.repeat((values[starts - 1] + values[ends % values.size]) / 2, ends - starts)
    return filled
