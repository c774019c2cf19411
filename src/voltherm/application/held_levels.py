"""Schedules of switched heat pumps, tried: run by the physics, the rest of the site planned with them, both priced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from voltherm.application.price_plan import PricedSeries, price_series
from voltherm.domain.plan import PlanInputs
from voltherm.domain.site import Site
from voltherm.optimization.mode_board import Board
from voltherm.optimization.mode_rest import HeatBlock, RestOfSite, heat_block, rest_of_site
from voltherm.optimization.model import Floats, Indices, LinearProblem
from voltherm.optimization.problem import SiteProblem
from voltherm.optimization.solution import PlannedSeries, planned_series, room_shares
from voltherm.optimization.solver import Solved, Unsolved, solve
from voltherm.physics.heat_pump import HeatPumpRun, HeatRequest, simulate_heat_pump

OVER_KW = 1e-6
"""A milliwatt beyond the connection is a solver's rounding. [kW]"""

Chosen = Mapping[str, Indices]
"""Level of each stretch, by heat pump."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tried:
    """What schedules come to.

    Parameters
    ----------
    chosen : Mapping of heat pump id to NDArray of int, shape (n_stretches,)
        The schedules.
    series : PlannedSeries
        As the physics replay it.
    priced : PricedSeries
        By the tariff's own bill.
    x : NDArray, shape (n_columns,)
        In the columns of the whole problem.
    equality_dual : NDArray
        Multipliers of the rest of the site's equalities; those that are not in it are zero.
    drawn_kw : NDArray, shape (n_steps,)
        Electric power of the switched heat pumps. [kW]
    rest_cost : float
        What the linear problem says the rest of the site costs. [currency]
    over_kw : float
        Sum over the steps of what the connection would have to give beyond its limit. [kW]
    unruly : tuple of str
        Heat pumps that do other than asked, because their own guards and limits act.
    """

    chosen: Chosen
    series: PlannedSeries
    priced: PricedSeries
    x: Floats
    equality_dual: Floats
    drawn_kw: Floats
    rest_cost: float
    over_kw: float
    unruly: tuple[str, ...]

    @property
    def rank(self) -> tuple[bool, float]:
        """The lower the better: no plan overloads the connection where another one does not."""
        return self.over_kw > OVER_KW, self.total

    @property
    def total(self) -> float:
        """The objective. [currency]."""
        return self.priced.objective.total

    @property
    def own_cost(self) -> float:
        """What is not in the linear problem of the rest: comfort, switching, heat at the end. [currency]."""
        return self.total - self.rest_cost

    @property
    def slope(self) -> Floats:
        """What a kW more costs in each step, at least. [currency/kW]."""
        return self.equality_dual[: len(self.drawn_kw)]


class LevelHolder:
    """Holds switched heat pumps at levels, and plans what is left.

    Parameters
    ----------
    site, inputs, problem
        What is planned.
    boards : Mapping of heat pump id to Board
        The heat pumps that are switched.
    """

    def __init__(self, site: Site, inputs: PlanInputs, problem: SiteProblem, boards: Mapping[str, Board]) -> None:
        self.site, self.inputs, self.problem, self.boards = site, inputs, problem, boards

    def take(self, linear: LinearProblem, x: Floats) -> None:
        """Take the whole problem, and a solution of it: its binaries stay as they are, while that is possible."""
        problem = self.problem
        over_price = problem.penalties.connection_per_kwh * self.inputs.grid.step_h
        columns = {name: problem.heat_pumps[name] for name in self.boards}
        self._n_equalities = linear.equality.shape[0]
        self._rest = rest_of_site(linear, list(columns.values()), problem.connection.import_kw, over_price)
        self._fixed = _with_binaries_fixed(self._rest, x)
        self._blocks = {
            name: heat_block(linear, columns[name])
            for name, board in self.boards.items()
            if len(board.setting.pump.building.rooms) > 1
        }

    def run(self, name: str, level: Indices) -> HeatPumpRun:
        """Return what a heat pump and its building do at levels, one a stretch."""
        board = self.boards[name]
        setting = board.setting
        request = board.levels.request(board.states.by_step(level))
        block = self._blocks.get(name)
        if block is not None:
            request = _shared_out(block, request, self.inputs.options.solve_limit_s)
        return simulate_heat_pump(
            setting.pump, setting.start_c, setting.points, setting.weather, request, setting.step_h
        )

    def try_levels(self, chosen: Chosen, *, is_final: bool = False) -> Tried | None:
        """Return what schedules come to; None where nothing can be planned with them.

        Parameters
        ----------
        chosen : Mapping of heat pump id to NDArray of int, shape (n_stretches,)
            The schedules.
        is_final : bool
            Whether binaries are free, which takes longer.
        """
        x, drawn = np.zeros(self._rest.n_columns), np.zeros(self.inputs.grid.n_steps)
        runs = {name: self.run(name, level) for name, level in chosen.items()}
        for name, run in runs.items():
            columns = self.problem.heat_pumps[name]
            x[columns.compressor_kw] = run.compressor_kw
            if len(columns.backup_kw):
                x[columns.backup_kw] = run.backup_kw
            if len(columns.room_kw):
                x[columns.room_kw] = run.heat_kw.T
            drawn += run.power_kw
        solved = self._solved(drawn, is_final=is_final)
        if solved is None:
            return None
        x += self._rest.whole(solved.x)
        switched = {
            name: board.levels.switched(board.states.by_step(chosen[name]), board.states.before)
            for name, board in self.boards.items()
        }
        series = planned_series(self.site, self.inputs, self.problem, x, switched)
        dual = np.zeros(self._n_equalities)
        dual[self._rest.equalities] = solved.equality_dual
        linear = self._rest.linear
        return Tried(
            chosen=chosen,
            series=series,
            priced=price_series(self.site, self.inputs, self.problem, series),
            x=x,
            equality_dual=dual,
            drawn_kw=drawn,
            rest_cost=float(linear.cost @ solved.x[: len(linear.cost)]) + linear.offset,
            over_kw=float(solved.x[len(linear.cost) :].sum()),
            unruly=tuple(name for name, run in runs.items() if not run.is_followed),
        )

    def _solved(self, drawn_kw: Floats, *, is_final: bool) -> Solved | None:
        frames = [self._rest] if is_final else [self._fixed, self._rest]
        for frame in frames:
            solved = solve(frame.drawing(drawn_kw), self.inputs.options.solve_limit_s)
            if isinstance(solved, Solved):
                return solved
        return None


def _with_binaries_fixed(rest: RestOfSite, x: Floats) -> RestOfSite:
    linear = rest.linear
    if not linear.integer.any():
        return rest
    lower, upper = linear.lower.copy(), linear.upper.copy()
    lower[linear.integer] = upper[linear.integer] = np.round(x[rest.columns][linear.integer])
    return replace(rest, linear=replace(linear, lower=lower, upper=upper, integer=np.zeros_like(linear.integer)))


def _shared_out(block: HeatBlock, request: HeatRequest, time_limit_s: float) -> HeatRequest:
    """The request with its heat divided among the rooms as is cheapest; by their losses where no division is found."""
    solved = solve(block.giving(request.compressor_kw, request.backup_kw), time_limit_s)
    if isinstance(solved, Unsolved):
        return request
    return replace(request, shares=room_shares(solved.x[block.room_kw]))
