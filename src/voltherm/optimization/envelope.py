"""The convex function that lies closest below given points: what a linear problem can see of any cost curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherm.optimization.model import Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segments:
    """A convex piecewise linear function from its start, as widths with rising slopes.

    Parameters
    ----------
    widths, slopes : NDArray, shape (k,)
        Length of each segment, and cost per unit in it.
    """

    widths: Floats
    slopes: Floats


def lower_envelope(x: Floats, y: Floats) -> Segments:
    """Return the greatest convex function below the points (their lower convex hull).

    Parameters
    ----------
    x : NDArray, shape (n,)
        Rising; steps of a discontinuous curve are given just before and at the jump.
    y : NDArray, shape (n,)
        Values.
    """
    hull: list[int] = []
    for index in range(len(x)):
        while len(hull) > 1 and _is_above(x, y, hull[-2], hull[-1], index):
            hull.pop()
        hull.append(index)
    at = np.array(hull)
    widths = np.diff(x[at])
    slopes = np.diff(y[at]) / widths
    return Segments(widths=widths, slopes=slopes)


def _is_above(x: Floats, y: Floats, left: int, middle: int, right: int) -> bool:
    """Whether the middle point lies on or above the chord from left to right."""
    return bool((y[middle] - y[left]) * (x[right] - x[left]) >= (y[right] - y[left]) * (x[middle] - x[left]))
