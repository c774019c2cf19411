"""Heat as the room sees it: emitters and thermometer lag behind what is given."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Floats = NDArray[np.float64]

LEAST_LAG_H: Final = 1e-3
"""A shorter lag is none. [h]"""


def lagged_heat_kw(
    lags_h: Floats, given_kw: Floats, stretches: list[slice], step_h: float, before_kw: Floats | None
) -> tuple[Floats, Floats]:
    """Return the mean heat that comes out in each step, shape (n_steps, n), and what comes out at the end, (n,). [kW].

    What comes out follows ``lag dq/dt = given - q``, with ``given`` constant in a step: its mean over the step is
    ``given + (q_0 - given) (1 - exp(-h / lag)) lag / h``.

    Parameters
    ----------
    lags_h : NDArray, shape (n,)
        Time constant of each candidate. [h]
    given_kw : NDArray, shape (n_steps,)
        Mean heat given. [kW]
    stretches : list of slice
        Steps that follow each other in time; together all of them.
    step_h : float
        Length of a step. [h]
    before_kw : NDArray, shape (n,), or None
        What came out before the first step; None, and at every later stretch: what is given in its first step.
    """
    different, which = np.unique(lags_h, return_inverse=True)
    means = np.empty((len(given_kw), len(different)))
    ends = np.empty(len(different))
    first_kw = None if before_kw is None else {lag: before_kw[at] for at, lag in enumerate(lags_h.tolist())}
    for at, lag_h in enumerate(different.tolist()):
        for number, stretch in enumerate(stretches):
            given = given_kw[stretch]
            begin = float(given[0]) if number > 0 or first_kw is None else float(first_kw[lag_h])
            means[stretch, at], ends[at] = _through(given, lag_h, step_h, begin)
    return means[:, which], ends[which]


def _through(given: Floats, lag_h: float, step_h: float, begin_kw: float) -> tuple[Floats, float]:
    if lag_h < LEAST_LAG_H:
        return given, float(given[-1])
    kept = float(np.exp(-step_h / lag_h))
    after, _ = lfilter([1.0 - kept], [1.0, -kept], given, zi=[kept * begin_kw])
    before = np.concatenate([[begin_kw], after[:-1]])
    return given + (before - given) * (1.0 - kept) * lag_h / step_h, float(after[-1])
