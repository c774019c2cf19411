"""A planned series with its cost, its proof and its outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherm.application.price_plan import PricedSeries, price_series
from voltherm.domain.plan import Fallback, Feasible, Optimal, Outcome, PlanInputs
from voltherm.domain.site import Site
from voltherm.optimization.model import Floats, LinearProblem
from voltherm.optimization.problem import SiteProblem
from voltherm.optimization.solution import PlannedSeries, idle_series, planned_series
from voltherm.optimization.solver import Solved

OPTIMAL_GAP = 1e-6
"""A plan within a millionth of its proven bound is called optimal."""

LEAST_STAKE = 1.0
"""One unit of the currency: where less is at stake, a gap of a millionth of it counts as none."""

STAKE_SHARE = 0.01
"""The gap is relative to the objective, or to this share of what the load would cost, where the objective is near 0."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A planned series.

    Parameters
    ----------
    series : PlannedSeries
        As the physics replay it.
    priced : PricedSeries
        By the tariff's own bill.
    x : NDArray, shape (n_columns,)
        The solution that it comes from.
    bound : float
        No plan costs less. [currency]
    gap : float
        Relative distance from it.
    equality_dual : NDArray
        Multipliers of the equalities; those of the balance come first.
    outcome : Outcome
        How good it is known to be.
    """

    series: PlannedSeries
    priced: PricedSeries
    x: Floats
    bound: float
    gap: float
    equality_dual: Floats
    outcome: Outcome

    @property
    def total(self) -> float:
        """The objective. [currency]."""
        return self.priced.objective.total


def judge(site: Site, inputs: PlanInputs, problem: SiteProblem, linear: LinearProblem, solved: Solved) -> Candidate:
    """Return a solution with the replayed series priced by the tariff's own bill, held against the proven bound.

    Parameters
    ----------
    site, inputs, problem
        What was planned.
    linear : LinearProblem
        What was solved.
    solved : Solved
        The solution.
    """
    series = planned_series(site, inputs, problem, solved.x)
    priced = price_series(site, inputs, problem, series)
    total = priced.objective.total
    if problem.approximations and not problem.is_below_bill:
        total = float(linear.cost @ solved.x) + linear.offset
    gap = float(total - solved.bound) / stake(total, inputs, problem)
    otherwise = f"{solved.solver} found nothing better in the time given"
    unruly = [name for name, run in series.heat_pumps.items() if not run.is_followed]
    if unruly:
        otherwise = f"{unruly[0]}: its frost guard or its room limit acts against what is cheapest"
        # The guard asks for no limit of the connection, and what it does may lie outside the problem.
        gap = gap if gap >= -OPTIMAL_GAP else float("inf")
    return Candidate(
        series=series,
        priced=priced,
        x=solved.x,
        bound=solved.bound,
        gap=gap,
        equality_dual=solved.equality_dual,
        outcome=outcome_of(gap, problem, otherwise),
    )


def stake(total: float, inputs: PlanInputs, problem: SiteProblem) -> float:
    """Return what a gap is relative to. [currency]."""
    at_stake = problem.penalties.money_per_kwh * inputs.grid.step_h * float(np.abs(problem.fixed_net_kw).sum())
    return max(abs(total), STAKE_SHARE * at_stake, LEAST_STAKE)


def outcome_of(gap: float, problem: SiteProblem, otherwise: str) -> Outcome:
    """Return what a gap makes of a plan; ``otherwise`` says what stopped the proof."""
    if abs(gap) <= OPTIMAL_GAP and problem.is_below_bill:
        return Optimal()
    if problem.approximations:
        return Feasible(gap=max(gap, 0.0), why="planned by a stated approximation of the tariff, billed exactly")
    return Feasible(gap=gap, why=otherwise)


def idle(site: Site, inputs: PlanInputs, problem: SiteProblem, why: str) -> Candidate:
    """Return the site left alone, as a fallback.

    Parameters
    ----------
    site, inputs, problem
        What was to be planned.
    why : str
        What went wrong.
    """
    series = idle_series(site, inputs, problem)
    return Candidate(
        series=series,
        priced=price_series(site, inputs, problem, series),
        x=np.zeros(problem.model.n_columns),
        bound=-float("inf"),
        gap=float("inf"),
        equality_dual=np.full(inputs.grid.n_steps, np.nan),
        outcome=Fallback(why=why),
    )
