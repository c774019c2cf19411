"""The only file that solves: PIQP for continuous problems, HiGHS for integer ones and as the fallback."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import highspy
import numpy as np
import piqp
import scipy.sparse as sp
from numpy.typing import NDArray

from voltherm.optimization.model import Floats, LinearProblem

FIXED_WIDTH = 1e-9
"""Columns whose bounds are closer than this have no interior; they are taken out before the interior point starts."""

WORKING_SIZE = 10.0
"""Largest bound as the interior point sees it: its tolerances are absolute, and a site may be of 500 W or of 100 MW."""

STEP_SHARE = 0.999
"""How far the interior point goes towards its nearest bound; PIQP's own 0.99 needs one or two iterations more."""

DUALITY_GAP = 1e-8
"""Where the interior point stops; a hundredth of what a plan may be away from its bound to be called optimal."""

SHARP_GAP = 5e-7
"""A gap above this sends a continuous problem on from PIQP to HiGHS."""

MIP_RELATIVE_GAP = 1e-7
"""Where HiGHS may stop an integer search; a hundredth of a cent on a monthly bill of ten thousand."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """A solution with what it proves.

    Parameters
    ----------
    x : NDArray, shape (n,)
        Value of each column.
    bound : float
        No solution of the problem costs less than this. [currency]
    equality_dual : NDArray, shape (m,)
        Change of the objective when the right-hand side of each equality grows by one, integer columns held.
    solver : str
        Which solver it was.
    """

    x: Floats
    bound: float
    equality_dual: Floats
    solver: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsolved:
    """No solution.

    Parameters
    ----------
    why : str
        What the solvers said.
    """

    why: str


def solve(problem: LinearProblem, time_limit_s: float) -> Solved | Unsolved:
    """Return the solution of the problem and the bound that it proves.

    Parameters
    ----------
    problem : LinearProblem
        Continuous or mixed-integer.
    time_limit_s : float
        Wall-clock limit of HiGHS. [s]
    """
    if problem.integer.any():
        return _solve_integer(problem, time_limit_s)
    solved = _solve_piqp(problem)
    if isinstance(solved, Solved) and _is_sharp(problem, solved):
        return solved
    second = _solve_highs(problem, time_limit_s)
    if isinstance(second, Solved):
        return second
    return solved if isinstance(solved, Solved) else Unsolved(why=f"{solved.why}; {second.why}")


def dual_bound(problem: LinearProblem, equality_dual: Floats, inequality_dual: Floats) -> float:
    """Return a lower bound of the objective that holds for any multipliers. [currency].

    ``b'y - h'z + sum over columns of min(r * lower, r * upper)`` with the reduced costs ``r = c - A'y + G'z`` and
    ``z >= 0`` (weak duality over the box of the bounds).

    Parameters
    ----------
    problem : LinearProblem
        The problem; integrality is relaxed.
    equality_dual : NDArray, shape (m,)
        Multipliers ``y`` of the equalities, of any sign.
    inequality_dual : NDArray, shape (k,)
        Multipliers ``z`` of the inequalities; negative ones are taken as zero.
    """
    z = np.maximum(inequality_dual, 0.0)
    reduced = problem.cost - problem.equality.T @ equality_dual + problem.inequality.T @ z
    at_bounds = np.minimum(reduced * problem.lower, reduced * problem.upper)
    rows = problem.equality_rhs @ equality_dual - problem.inequality_upper @ z
    return float(rows + at_bounds.sum() + problem.offset)


def _is_sharp(problem: LinearProblem, solved: Solved) -> bool:
    cost = float(problem.cost @ solved.x) + problem.offset
    return cost - solved.bound <= SHARP_GAP * max(1.0, abs(cost))


def _solve_piqp(problem: LinearProblem) -> Solved | Unsolved:
    free = problem.upper - problem.lower > FIXED_WIDTH
    if free.all():
        return _piqp_free(problem, problem.cost, problem.lower, problem.upper, None)
    return _piqp_free(problem, problem.cost[free], problem.lower[free], problem.upper[free], free)


def _piqp_free(
    problem: LinearProblem, cost: Floats, lower: Floats, upper: Floats, free: NDArray[np.bool_] | None
) -> Solved | Unsolved:
    """Solve over the columns that have an interior; the others stand at their bound."""
    equality, rhs = problem.equality, problem.equality_rhs
    inequality, below = problem.inequality, problem.inequality_upper
    fixed = np.zeros(0)
    if free is not None:
        fixed = problem.lower[~free]
        rhs = rhs - equality[:, ~free] @ fixed
        below = below - inequality[:, ~free] @ fixed
        equality, inequality = equality[:, free], inequality[:, free]
    scale = 1.0 / max(float(np.abs(cost).max(initial=0.0)), 1e-12)
    size = max(float(upper.max(initial=0.0)), float(np.abs(lower).max(initial=0.0)), 1e-12) / WORKING_SIZE
    solver = piqp.SparseSolver()
    solver.settings.verbose = False
    solver.settings.tau = STEP_SHARE
    solver.settings.eps_duality_gap_abs = solver.settings.eps_duality_gap_rel = DUALITY_GAP
    none_below = np.full(len(below), -np.inf)
    solver.setup(
        _no_quadratic(len(cost)),
        cost * scale,
        equality,
        rhs / size,
        inequality,
        none_below,
        below / size,
        lower / size,
        upper / size,
    )
    status = solver.solve()
    if status != piqp.PIQP_SOLVED:
        return Unsolved(why=f"PIQP: {status}")
    result = solver.result
    x = np.clip(result.x * size, lower, upper)
    if free is not None:
        whole = problem.lower.copy()
        whole[free] = x
        x = whole
    equality_dual = -result.y / scale
    bound = dual_bound(problem, equality_dual, result.z_u / scale)
    return Solved(x=x, bound=bound, equality_dual=equality_dual, solver="PIQP")


@lru_cache(maxsize=64)
def _no_quadratic(n: int) -> sp.csc_matrix:
    return sp.csc_matrix((n, n))


def _solve_integer(problem: LinearProblem, time_limit_s: float) -> Solved | Unsolved:
    """Search with HiGHS, then hold the integers and solve once more for sharp values and prices."""
    found = _solve_highs(problem, time_limit_s)
    if isinstance(found, Unsolved):
        return found
    held = np.round(found.x[problem.integer])
    lower, upper = problem.lower.copy(), problem.upper.copy()
    lower[problem.integer] = upper[problem.integer] = held
    continuous = replace(problem, lower=lower, upper=upper, integer=np.zeros_like(problem.integer))
    sharp = solve(continuous, time_limit_s)
    if isinstance(sharp, Unsolved):
        return found
    return replace(sharp, bound=min(found.bound, sharp.bound), solver="HiGHS")


def _solve_highs(problem: LinearProblem, time_limit_s: float) -> Solved | Unsolved:
    highs = highspy.Highs()  # type: ignore[no-untyped-call]  # highspy ships no annotation for it
    highs.setOptionValue("output_flag", False)  # noqa: FBT003 - HiGHS's own signature
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("time_limit", time_limit_s)
    highs.setOptionValue("mip_rel_gap", MIP_RELATIVE_GAP)
    highs.passModel(_highs_model(problem))
    highs.run()
    status = highs.getModelStatus()
    info = highs.getInfo()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Unsolved(why=f"HiGHS: {highs.modelStatusToString(status)}")
    solution = highs.getSolution()
    x = np.clip(np.array(solution.col_value), problem.lower, problem.upper)
    row_dual = np.array(solution.row_dual)
    n_equal = problem.equality.shape[0]
    bound = dual_bound(problem, row_dual[:n_equal], -row_dual[n_equal:])
    if problem.integer.any():
        bound = float(info.mip_dual_bound)
    return Solved(x=x, bound=bound, equality_dual=row_dual[:n_equal], solver="HiGHS")


def _highs_model(problem: LinearProblem) -> highspy.HighsModel:
    matrix = sp.vstack([problem.equality, problem.inequality]).tocsc()
    model = highspy.HighsModel()
    lp = model.lp_
    lp.num_col_, lp.num_row_ = matrix.shape[1], matrix.shape[0]
    lp.col_cost_, lp.offset_ = problem.cost, problem.offset
    lp.col_lower_, lp.col_upper_ = problem.lower, problem.upper
    lp.row_lower_ = np.concatenate([problem.equality_rhs, np.full(len(problem.inequality_upper), -np.inf)])
    lp.row_upper_ = np.concatenate([problem.equality_rhs, problem.inequality_upper])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    if problem.integer.any():
        kinds = highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger
        lp.integrality_ = [kinds[int(is_integer)] for is_integer in problem.integer]
    return model
