"""The only file that solves: two solvers, one answer, and a bound that holds whatever the multipliers."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import linprog

from voltherm.optimization import solver
from voltherm.optimization.model import LinearProblem
from voltherm.optimization.solver import Solved, Unsolved, dual_bound, solve

SHARE = st.floats(-1, 1, width=32)


def problem(cost, equality, rhs, inequality, below, upper, *, integer=None, offset=0.0) -> LinearProblem:
    n = len(cost)
    return LinearProblem(
        cost=np.array(cost, dtype=float),
        offset=offset,
        equality=sp.csc_matrix(np.array(equality, dtype=float).reshape(-1, n)),
        equality_rhs=np.array(rhs, dtype=float),
        inequality=sp.csc_matrix(np.array(inequality, dtype=float).reshape(-1, n)),
        inequality_upper=np.array(below, dtype=float),
        lower=np.zeros(n),
        upper=np.array(upper, dtype=float),
        integer=np.zeros(n, dtype=bool) if integer is None else np.array(integer),
    )


TWO_FUELS = problem([1.0, 3.0], [1.0, 1.0], [5.0], [], [], [4.0, 9.0], offset=100.0)
"""Five units are needed; four come cheap, the fifth dear."""


def test_the_cheap_source_is_used_first_and_the_dear_one_sets_the_price():
    solved = solve(TWO_FUELS, 1.0)
    assert isinstance(solved, Solved)
    assert solved.solver == "PIQP"
    assert solved.x.tolist() == pytest.approx([4.0, 1.0], abs=1e-6)
    assert solved.equality_dual.tolist() == pytest.approx([3.0], abs=1e-5)
    assert solved.bound == pytest.approx(107.0, rel=1e-7)


@pytest.mark.pitfall("M19")
def test_highs_takes_over_when_piqp_gives_up(monkeypatch):
    monkeypatch.setattr(solver, "_solve_piqp", lambda _: Unsolved(why="PIQP: numerics"))
    solved = solve(TWO_FUELS, 1.0)
    assert isinstance(solved, Solved)
    assert solved.solver == "HiGHS"
    assert solved.x.tolist() == pytest.approx([4.0, 1.0])
    assert solved.equality_dual.tolist() == pytest.approx([3.0])
    assert solved.bound == pytest.approx(107.0)


@pytest.mark.pitfall("M19")
def test_what_both_solvers_said_is_told_when_neither_answers(monkeypatch):
    monkeypatch.setattr(solver, "_solve_piqp", lambda _: Unsolved(why="PIQP: numerics"))
    impossible = problem([1.0], [1.0], [5.0], [], [], [1.0])
    answer = solve(impossible, 1.0)
    assert isinstance(answer, Unsolved)
    assert "PIQP: numerics" in answer.why
    assert "HiGHS: Infeasible" in answer.why


def test_columns_that_cannot_move_are_taken_out_and_put_back():
    fixed = problem([1.0, 3.0, 7.0], [1.0, 1.0, 1.0], [5.0], [0.0, 0.0, 1.0], [2.5], [4.0, 9.0, 0.0])
    fixed.lower[2] = fixed.upper[2] = 2.0
    solved = solve(fixed, 1.0)
    assert isinstance(solved, Solved)
    assert solved.x.tolist() == pytest.approx([3.0, 0.0, 2.0], abs=1e-6)
    assert solved.bound == pytest.approx(17.0, rel=1e-7)


def test_integers_are_searched_and_their_bound_reported():
    # Three items of value 5, 4, 3 and weight 2, 3, 1 into a sack of 4: the first and the last.
    knapsack = problem([-5.0, -4.0, -3.0], [], [], [2.0, 3.0, 1.0], [4.0], [1.0] * 3, integer=[True] * 3)
    solved = solve(knapsack, 1.0)
    assert isinstance(solved, Solved)
    assert solved.solver == "HiGHS"
    assert solved.x.tolist() == pytest.approx([1.0, 0.0, 1.0], abs=1e-6)
    assert solved.bound == pytest.approx(-8.0, rel=1e-6)


@given(hnp.arrays(float, 1, elements=SHARE), hnp.arrays(float, 1, elements=SHARE))
def test_any_multipliers_give_a_bound_that_no_solution_beats(equality_dual, inequality_dual):
    limited = problem([1.0, 3.0], [1.0, 1.0], [5.0], [1.0, 0.0], [3.0], [4.0, 9.0])
    assert dual_bound(limited, 10 * equality_dual, 10 * inequality_dual) <= 9.0 + 1e-12


@given(st.integers(0, 10**6))
def test_both_solvers_agree_with_scipy(seed):
    draw = np.random.default_rng(seed)
    n, m, k = 8, 3, 4
    inside = draw.uniform(0.2, 0.8, n)
    equality, inequality = draw.normal(size=(m, n)), draw.normal(size=(k, n))
    random = problem(
        draw.normal(size=n), equality, equality @ inside, inequality, inequality @ inside + 0.1, np.ones(n)
    )
    reference = linprog(
        random.cost, inequality, random.inequality_upper, equality, random.equality_rhs, bounds=(0, 1)
    ).fun
    for answer in (solver._solve_piqp(random), solver._solve_highs(random, 1.0)):
        assert isinstance(answer, Solved)
        assert random.cost @ answer.x == pytest.approx(reference, rel=1e-6, abs=1e-7)
        assert answer.bound == pytest.approx(reference, rel=1e-6, abs=1e-7)
        assert answer.bound <= reference + 1e-7
