"""A modelling layer of a page: named column and row blocks, assembled into plain arrays that every solver takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearProblem:
    """``min cost @ x + offset`` subject to equalities, inequalities, bounds and integrality.

    Parameters
    ----------
    cost : NDArray, shape (n,)
        Cost of each column. [currency per unit]
    offset : float
        Constant part of the objective. [currency]
    equality, equality_rhs : csc_matrix, shape (m, n), and NDArray, shape (m,)
        ``equality @ x == equality_rhs``; the first rows are the site's balance, one a step.
    inequality, inequality_upper : csc_matrix, shape (k, n), and NDArray, shape (k,)
        ``inequality @ x <= inequality_upper``.
    lower, upper : NDArray, shape (n,)
        Finite bounds, so that multipliers of any quality give a rigorous bound.
    integer : NDArray of bool, shape (n,)
        Columns that are integer.
    """

    cost: Floats
    offset: float
    equality: sp.csc_matrix
    equality_rhs: Floats
    inequality: sp.csc_matrix
    inequality_upper: Floats
    lower: Floats
    upper: Floats
    integer: NDArray[np.bool_]


@dataclass(slots=True)
class _Rows:
    """Triplets and right-hand sides of one kind of row."""

    n_rows: int = 0
    rhs: list[Floats] = field(default_factory=list)
    row: list[Indices] = field(default_factory=list)
    column: list[Indices] = field(default_factory=list)
    value: list[tuple[int, ArrayLike]] = field(default_factory=list)

    def add(self, rhs: Floats) -> Indices:
        first = self.n_rows
        self.n_rows += len(rhs)
        self.rhs.append(rhs)
        return np.arange(first, self.n_rows)

    def put(self, rows: Indices, columns: Indices, values: ArrayLike) -> None:
        self.row.append(rows)
        self.column.append(columns)
        self.value.append((len(rows), values))

    def matrix(self, n_columns: int) -> sp.csc_matrix:
        if not self.row:
            return sp.csc_matrix((self.n_rows, n_columns))
        rows, columns = np.concatenate(self.row), np.concatenate(self.column)
        order, firsts, pattern = _pattern(self.n_rows, n_columns, rows.tobytes(), columns.tobytes())
        values = np.add.reduceat(_joined(self.value)[order], firsts)
        return sp.csc_matrix((values, pattern.indices, pattern.indptr), shape=pattern.shape, copy=False)


def _joined(parts: list[tuple[int, ArrayLike]]) -> Floats:
    """One array from blocks of a length and either one value or one for each place."""
    whole = np.empty(sum(length for length, _ in parts))
    first = 0
    for length, values in parts:
        whole[first : first + length] = values
        first += length
    return whole


@lru_cache(maxsize=64)
def _pattern(n_rows: int, n_columns: int, rows: bytes, columns: bytes) -> tuple[Indices, Indices, sp.csc_matrix]:
    """Order of the triplets, where each entry begins in it (equal places add up), and the matrix without its values.

    Sites of one shape share all three, so a site is sorted once and not at every plan.
    """
    row, column = np.frombuffer(rows, dtype=np.intp), np.frombuffer(columns, dtype=np.intp)
    order = np.lexsort((row, column))
    row, column = row[order], column[order]
    is_first = np.ones(len(row), dtype=np.bool_)
    is_first[1:] = (row[1:] != row[:-1]) | (column[1:] != column[:-1])
    firsts = np.flatnonzero(is_first)
    starts = np.concatenate([[0], np.cumsum(np.bincount(column[firsts], minlength=n_columns))])
    return order, firsts, sp.csc_matrix((np.zeros(len(firsts)), row[firsts], starts), shape=(n_rows, n_columns))


class Model:
    """Collects columns and rows; ``build`` gives the plain arrays.

    Parameters
    ----------
    n_steps : int
        Steps of the grid; the first ``n_steps`` equality rows are the balance.
    fixed_net_kw : NDArray, shape (n_steps,)
        What loads draw less what PV gives: right-hand side of the balance. [kW]

    Notes
    -----
    The balance reads ``import - export - (what assets draw) == fixed_net_kw``: an asset that draws one kW more makes
    the meter import one kW more.
    """

    def __init__(self, n_steps: int, fixed_net_kw: Floats) -> None:
        self.n_columns = 0
        self.offset = 0.0
        self._cost: list[tuple[int, ArrayLike]] = []
        self._extra_cost: list[tuple[Indices, Floats]] = []
        self._lower: list[tuple[int, ArrayLike]] = []
        self._upper: list[tuple[int, ArrayLike]] = []
        self._binaries: list[Indices] = []
        self._equalities = _Rows()
        self._inequalities = _Rows()
        self.balance = self._equalities.add(fixed_net_kw)
        self.steps = np.arange(n_steps)

    def columns(self, n: int, lower: ArrayLike, upper: ArrayLike, cost: ArrayLike = 0.0) -> Indices:
        """Add ``n`` continuous columns and return their indices."""
        first = self.n_columns
        self.n_columns += n
        for store, values in ((self._lower, lower), (self._upper, upper), (self._cost, cost)):
            store.append((n, values))
        return np.arange(first, self.n_columns)

    def binaries(self, n: int) -> Indices:
        """Add ``n`` columns that are 0 or 1 and return their indices."""
        indices = self.columns(n, 0.0, 1.0)
        self._binaries.append(indices)
        return indices

    def upper_bounds(self) -> Floats:
        """Return the upper bound of every column so far."""
        return _joined(self._upper)

    def add_cost(self, columns: Indices, cost: ArrayLike) -> None:
        """Add to the cost of columns that were added before, each column once a call."""
        self._extra_cost.append((columns, np.asarray(cost, dtype=np.float64)))

    def equalities(self, rhs: Floats) -> Indices:
        """Add equality rows and return their indices."""
        return self._equalities.add(rhs)

    def inequalities(self, upper: Floats) -> Indices:
        """Add rows ``... <= upper`` and return their indices."""
        return self._inequalities.add(upper)

    def put_equal(self, rows: Indices, columns: Indices, values: ArrayLike) -> None:
        """Set coefficients of equality rows."""
        self._equalities.put(rows, columns, values)

    def put_below(self, rows: Indices, columns: Indices, values: ArrayLike) -> None:
        """Set coefficients of inequality rows."""
        self._inequalities.put(rows, columns, values)

    def draw(self, columns: Indices, steps: Indices, sign: float) -> None:
        """Let the columns draw ``sign`` times their value from the meter in the given steps."""
        self._equalities.put(self.balance[steps], columns, -sign)

    def supply(self, columns: Indices, steps: Indices, sign: float) -> None:
        """Let the meter's columns carry ``sign`` times their value in the given steps, import positive."""
        self._equalities.put(self.balance[steps], columns, sign)

    def build(self) -> LinearProblem:
        """Return the arrays."""
        n = self.n_columns
        cost = _joined(self._cost)
        for columns, extra in self._extra_cost:
            cost[columns] += extra
        integer = np.zeros(n, dtype=np.bool_)
        for indices in self._binaries:
            integer[indices] = True
        below = self._inequalities.rhs
        return LinearProblem(
            cost=cost,
            offset=self.offset,
            equality=self._equalities.matrix(n),
            equality_rhs=np.concatenate(self._equalities.rhs),
            inequality=self._inequalities.matrix(n),
            inequality_upper=np.concatenate(below) if below else np.empty(0),
            lower=_joined(self._lower),
            upper=_joined(self._upper),
            integer=integer,
        )
