"""The rest of a site while its heat pumps' levels are held: a smaller linear problem, and what it says of prices."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from voltherm.optimization.blocks.battery import BatteryColumns
from voltherm.optimization.blocks.heat_pump import HeatPumpColumns
from voltherm.optimization.mode_supply import Ceiling, Standing
from voltherm.optimization.model import Floats, Indices, LinearProblem
from voltherm.optimization.problem import SiteProblem
from voltherm.optimization.terms.demand import DemandColumns, peak_line

EDGE_KW = 1e-9
"""A peak this close below the end of a segment of its cost counts as at it. [kW]"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RestOfSite:
    """A site's problem without the blocks of some heat pumps.

    Parameters
    ----------
    linear : LinearProblem
        What is left; the first equality rows are still the balance.
    columns : NDArray of int
        Which columns of the whole problem are left.
    n_columns : int
        Columns of the whole problem.
    equalities : NDArray of int
        Which equality rows are left.
    import_kw : NDArray of int, shape (n_steps,)
        Import columns of what is left.
    over_price : float
        Of a kW beyond the connection for a step. [currency/kW]
    """

    linear: LinearProblem
    columns: Indices
    n_columns: int
    equalities: Indices
    import_kw: Indices
    over_price: float

    def drawing(self, power_kw: Floats) -> LinearProblem:
        """Return the problem with what the heat pumps draw, shape (n_steps,), as load.

        Where that is more than the connection gives, what is beyond it comes in columns of its own, at a steep price:
        a heat pump that is held cannot give way.
        """
        linear, n = self.linear, len(power_kw)
        rhs = linear.equality_rhs.copy()
        rhs[:n] += power_kw
        over = rhs[:n] - linear.upper[self.import_kw]
        steps = np.flatnonzero(over > 0)
        if not len(steps):
            return replace(linear, equality_rhs=rhs)
        columns = sp.csc_matrix((np.ones(len(steps)), (steps, np.arange(len(steps)))), (len(rhs), len(steps)))
        nothing = sp.csc_matrix((linear.inequality.shape[0], len(steps)))
        return replace(
            linear,
            cost=np.append(linear.cost, np.full(len(steps), self.over_price)),
            equality=sp.hstack([linear.equality, columns], format="csc"),
            equality_rhs=rhs,
            inequality=sp.hstack([linear.inequality, nothing], format="csc"),
            lower=np.append(linear.lower, np.zeros(len(steps))),
            upper=np.append(linear.upper, over[steps]),
            integer=np.append(linear.integer, np.zeros(len(steps), dtype=np.bool_)),
        )

    def whole(self, x: Floats) -> Floats:
        """Return a solution in the columns of the whole problem, those that are not left at zero."""
        whole = np.zeros(self.n_columns)
        whole[self.columns] = x[: len(self.columns)]
        return whole


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatBlock:
    """The block of one heat pump alone, with its building.

    Parameters
    ----------
    linear : LinearProblem
        The block.
    compressor_kw, backup_kw, room_kw
        Its columns.
    """

    linear: LinearProblem
    compressor_kw: Indices
    backup_kw: Indices
    room_kw: Indices

    def giving(self, compressor_kw: Floats, backup_kw: Floats) -> LinearProblem:
        """Return the problem of dividing heat among the rooms, each of shape (n_steps,). [kW]."""
        lower, upper = self.linear.lower.copy(), self.linear.upper.copy()
        for columns, given in ((self.compressor_kw, compressor_kw), (self.backup_kw, backup_kw)):
            if len(columns):
                lower[columns] = upper[columns] = np.clip(given, lower[columns], upper[columns])
        return replace(self.linear, lower=lower, upper=upper)


def rest_of_site(
    linear: LinearProblem, blocks: list[HeatPumpColumns], import_kw: Indices, over_price: float
) -> RestOfSite:
    """Return the problem without the heat pumps' blocks, which meet the rest in the balance alone.

    Parameters
    ----------
    linear : LinearProblem
        The whole.
    blocks : list of HeatPumpColumns
        Columns of the heat pumps to leave out; rows and slacks that hang on them go with them.
    import_kw : NDArray of int, shape (n_steps,)
        The import columns.
    over_price : float
        Of a kW beyond the connection for a step. [currency/kW]
    """
    parts = [_part(linear, block) for block in blocks]
    columns, equalities, inequalities = (
        np.setdiff1d(np.arange(n), np.concatenate(taken))
        for n, taken in zip(
            (len(linear.cost), linear.equality.shape[0], linear.inequality.shape[0]),
            zip(*parts, strict=True),
            strict=True,
        )
    )
    left = replace(_cut(linear, columns, equalities, inequalities), offset=linear.offset)
    return RestOfSite(
        linear=left,
        columns=columns,
        n_columns=len(linear.cost),
        equalities=equalities,
        import_kw=np.searchsorted(columns, import_kw),
        over_price=over_price,
    )


def heat_block(linear: LinearProblem, block: HeatPumpColumns) -> HeatBlock:
    """Return the block of a heat pump without the rest of the site.

    Parameters
    ----------
    linear : LinearProblem
        The whole.
    block : HeatPumpColumns
        Columns of the heat pump.
    """
    columns, equalities, inequalities = _part(linear, block)
    place = np.full(len(linear.cost), -1)
    place[columns] = np.arange(len(columns))
    return HeatBlock(
        linear=_cut(linear, columns, equalities, inequalities),
        compressor_kw=place[block.compressor_kw],
        backup_kw=place[block.backup_kw],
        room_kw=place[block.room_kw],
    )


def _part(linear: LinearProblem, block: HeatPumpColumns) -> tuple[Indices, Indices, Indices]:
    """Columns, equality rows and inequality rows of a block: what its temperatures touch, and what touches that."""
    inner = np.concatenate([block.room_kw.ravel(), block.gained_k.ravel()])
    powers = np.concatenate([block.compressor_kw, block.backup_kw])
    equalities = np.unique(linear.equality[:, inner].indices)
    inequalities = np.unique(linear.inequality[:, np.concatenate([inner, powers])].indices)
    slacks = linear.inequality.tocsr()[inequalities].indices
    columns = np.unique(np.concatenate([inner, powers, slacks]))
    return columns.astype(np.intp), equalities.astype(np.intp), inequalities.astype(np.intp)


def _cut(linear: LinearProblem, columns: Indices, equalities: Indices, inequalities: Indices) -> LinearProblem:
    return LinearProblem(
        cost=linear.cost[columns],
        offset=0.0,
        equality=sp.csc_matrix(linear.equality[equalities][:, columns]),
        equality_rhs=linear.equality_rhs[equalities],
        inequality=sp.csc_matrix(linear.inequality[inequalities][:, columns]),
        inequality_upper=linear.inequality_upper[inequalities],
        lower=linear.lower[columns],
        upper=linear.upper[columns],
        integer=linear.integer[columns],
    )


def standing_of(problem: SiteProblem, linear: LinearProblem, x: Floats, equality_dual: Floats) -> Standing:
    """Return what a solution says of stored energy and of peaks.

    Parameters
    ----------
    problem : SiteProblem
        Where the columns are.
    linear : LinearProblem
        The whole problem.
    x : NDArray, shape (n_columns,)
        The solution.
    equality_dual : NDArray, shape (n_equalities,)
        Multipliers of the equalities of the whole problem.
    """
    stored = {name: -equality_dual[_storage_rows(linear, columns)] for name, columns in problem.batteries.items()}
    import_kw = x[problem.connection.import_kw]
    ceilings = tuple(_ceiling(columns, linear, x, import_kw) for columns in problem.demand)
    return Standing(stored_value=stored, ceilings=ceilings)


def _storage_rows(linear: LinearProblem, columns: BatteryColumns) -> Indices:
    """Rows of the storage's dynamics: where the charge columns stand besides the balance."""
    steps = len(columns.charge_kw)
    block = linear.equality[:, columns.charge_kw].tocoo()
    found = np.empty(steps, dtype=np.intp)
    inside = block.row >= steps
    found[block.col[inside]] = block.row[inside]
    return found


def _ceiling(columns: DemandColumns, linear: LinearProblem, x: Floats, import_kw: Floats) -> Ceiling:
    n, layout = columns.n_steps, columns.layout
    ceiling, rate = np.full(n, np.inf), np.zeros(n)
    risen = float(x[columns.peak_kw[0]])
    slopes, edges = linear.cost[columns.cost], np.cumsum(linear.upper[columns.cost])
    slope = float(slopes[min(int(np.searchsorted(edges, risen + EDGE_KW)), len(slopes) - 1)])
    level = np.full(n, columns.reached_kw + risen)
    if columns.rule.top_k > 1:
        level, _ = peak_line(columns, import_kw, 0.0)
    whole = np.bincount(layout.interval, layout.weight, len(layout.constant_kw))[layout.interval]
    ceiling[layout.step] = np.divide(level[layout.step], whole, out=np.full(len(whole), np.inf), where=whole > 0)
    rate[layout.step] = slope * layout.weight / columns.rule.top_k
    return Ceiling(kw=ceiling, price=rate)
