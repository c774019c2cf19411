"""From a site's problem to the best candidate: brackets in turn, binaries where needed, heat pumps switched."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

from voltherm.application.candidate import Candidate, idle, judge, outcome_of, stake
from voltherm.application.frame import Frame
from voltherm.application.switch_heat_pumps import is_switched, switch_heat_pumps
from voltherm.domain.plan import Fallback, Optimal, PlanInputs
from voltherm.domain.site import Site
from voltherm.optimization.brackets import Hold, holds_of, stepped_peaks
from voltherm.optimization.model import LinearProblem
from voltherm.optimization.problem import SiteProblem
from voltherm.optimization.solver import Unsolved, solve

LEAST_SOLVE_S = 0.2
"""What a round of the integer search gets, however late it is. [s]."""


def solve_site(site: Site, inputs: PlanInputs, problem: SiteProblem, linear: LinearProblem) -> Candidate:
    """Return the best plan found, with its proof.

    Parameters
    ----------
    site, inputs
        What is planned.
    problem : SiteProblem
        Its model; grows by binaries.
    linear : LinearProblem
        The model as built.
    """
    frame = Frame(problem)
    best, frame = _in_brackets(site, inputs, frame, linear)
    if isinstance(best.outcome, Fallback) or not any(is_switched(pump) for pump in site.heat_pumps):
        return best
    return switch_heat_pumps(site, inputs, frame, best)


def _in_brackets(site: Site, inputs: PlanInputs, frame: Frame, linear: LinearProblem) -> tuple[Candidate, Frame]:
    """Solve, and where a peak is billed by brackets hold it in those in reach, one after the other."""
    problem = frame.problem
    relaxed = best = _solved_exactly(site, inputs, frame, linear)
    kept: tuple[Hold, ...] = ()
    for columns in stepped_peaks(problem):
        if isinstance(best.outcome, Fallback):
            break
        for tries in holds_of(columns, float(best.x[columns.peak_kw[0]])):
            before = kept
            for hold in tries:
                holds = (*before, hold)
                held = frame.holding(holds)
                tried = _solved_exactly(site, inputs, held, held.linear())
                if isinstance(tried.outcome, Fallback):
                    break
                if tried.total < best.total:
                    best, kept = tried, holds
    if best is relaxed:
        return relaxed, frame
    gap = (best.total - relaxed.bound) / stake(best.total, inputs, problem) if problem.is_below_bill else relaxed.gap
    best = replace(best, bound=relaxed.bound, gap=gap, outcome=outcome_of(gap, problem, ""))
    return best, frame.holding(kept)


def _solved_exactly(site: Site, inputs: PlanInputs, frame: Frame, linear: LinearProblem) -> Candidate:
    """Solve without binaries, look, and add binaries only where both directions of a pair are used to advantage."""
    until = perf_counter() + inputs.options.solve_limit_s
    candidate: Candidate | None = None
    while True:
        solved = solve(linear, max(LEAST_SOLVE_S, until - perf_counter()))
        if isinstance(solved, Unsolved):
            return candidate or idle(site, inputs, frame.problem, f"no solver answered ({solved.why})")
        candidate = judge(site, inputs, frame.problem, linear, solved)
        fresh = frame.overlaps(solved.x)
        if isinstance(candidate.outcome, Optimal) or not fresh or perf_counter() > until:
            return candidate
        frame.forbid(fresh)
        linear = frame.linear()
