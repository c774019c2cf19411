"""Charges by brackets: the same problem with a peak held below the edge of a bracket, and free up to there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from voltherm.optimization.model import Floats, LinearProblem
from voltherm.optimization.problem import SiteProblem
from voltherm.optimization.terms.demand import DemandColumns

MARGIN_KW = 1e-3
"""A plan stays a watt below the edge, whichever side the edge itself falls to."""


def stepped_peaks(problem: SiteProblem) -> list[DemandColumns]:
    """Return the peaks that are billed by brackets."""
    return [columns for columns in problem.demand if columns.edges_kw]


def held_below_edges(columns: DemandColumns, linear: LinearProblem, x: Floats) -> Iterator[LinearProblem]:
    """Yield the problem with the peak held in the bracket of the solution, then in each lower one in turn.

    Within a bracket a kW costs nothing, so the straight line below the brackets gives way to a bound. Brackets that
    are reached already cannot be left and are not tried.

    Parameters
    ----------
    columns : DemandColumns
        The peak.
    linear : LinearProblem
        The problem, other peaks possibly held already.
    x : NDArray, shape (n,)
        Its solution.
    """
    peak = int(columns.peak_kw[0])
    statistic_kw = columns.reached_kw + float(x[peak])
    above = [edge for edge in columns.edges_kw if edge > statistic_kw]
    below = [edge for edge in columns.edges_kw if edge <= statistic_kw]
    bounds_kw = [edge - MARGIN_KW - columns.reached_kw for edge in (*above[:1], *reversed(below))]
    if not above:
        bounds_kw.insert(0, float(linear.upper[peak]))
    for bound_kw in bounds_kw:
        if bound_kw <= 0:
            return
        cost, upper = linear.cost.copy(), linear.upper.copy()
        cost[columns.cost] = 0.0
        upper[peak] = bound_kw
        yield replace(linear, cost=cost, upper=upper)
