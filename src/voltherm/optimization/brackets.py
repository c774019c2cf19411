"""Charges by brackets: the same problem with a peak held below the edge of a bracket, at that bracket's sum."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from voltherm.optimization.model import Indices, LinearProblem
from voltherm.optimization.problem import SiteProblem
from voltherm.optimization.terms.demand import DemandColumns

MARGIN_KW = 1e-3
"""A plan stays a watt below the edge, whichever side the edge itself falls to."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hold:
    """A peak that may rise to a bound for one sum.

    Parameters
    ----------
    peak : int
        Column of the peak above what is reached.
    cost_columns : Indices
        Columns that carry its cost in the problem without holds.
    bound_kw : float
        How far the peak may rise. [kW]
    cost : float
        What the bracket costs more than the one that is reached, taxes included. [currency]
    """

    peak: int
    cost_columns: Indices
    bound_kw: float
    cost: float


def stepped_peaks(problem: SiteProblem) -> list[DemandColumns]:
    """Return the peaks that are billed by brackets."""
    return [columns for columns in problem.demand if columns.brackets]


def holds_of(columns: DemandColumns, rise_kw: float) -> tuple[list[Hold], list[Hold]]:
    """Return the brackets to try: that of a solution and each lower one in turn; and the higher ones.

    Parameters
    ----------
    columns : DemandColumns
        The peak.
    rise_kw : float
        How far the solution raises it above what is reached. [kW]
    """
    holds = [
        Hold(
            peak=int(columns.peak_kw[0]),
            cost_columns=columns.cost,
            bound_kw=upper_kw - columns.reached_kw - MARGIN_KW,
            cost=cost,
        )
        for upper_kw, cost in columns.brackets
    ]
    holds = [hold for hold in holds if hold.bound_kw > 0]
    higher = [hold for hold in holds if hold.bound_kw + MARGIN_KW > rise_kw]
    lower = [hold for hold in holds if hold.bound_kw + MARGIN_KW <= rise_kw]
    return [*higher[:1], *reversed(lower)], higher[1:]


def held_below(linear: LinearProblem, holds: Iterable[Hold]) -> LinearProblem:
    """Return the problem with each held peak bounded and free up to the bound, for the bracket's sum."""
    for hold in holds:
        cost, upper = linear.cost.copy(), linear.upper.copy()
        cost[hold.cost_columns] = 0.0
        upper[hold.peak] = hold.bound_kw
        linear = replace(linear, cost=cost, upper=upper, offset=linear.offset + hold.cost)
    return linear
