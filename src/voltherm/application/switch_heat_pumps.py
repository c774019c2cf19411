"""Heat pumps that are switched: their levels by a dynamic program, the rest of the site by the linear one, in turns."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Final

import numpy as np

from voltherm.application.candidate import OPTIMAL_GAP, Candidate, idle, outcome_of, stake
from voltherm.application.frame import Frame
from voltherm.application.held_levels import OVER_KW, Chosen, LevelHolder, Tried
from voltherm.domain.assets import HeatPump, Schedule
from voltherm.domain.plan import PlanInputs
from voltherm.domain.site import Site
from voltherm.optimization.blocks.heat_pump import HeatWorth
from voltherm.optimization.mode_board import FINE, WIDE, Board, board_of
from voltherm.optimization.mode_grid import GridSize
from voltherm.optimization.mode_levels import mode_costs, stretches
from voltherm.optimization.mode_moves import neighbours, own_costs
from voltherm.optimization.mode_rest import EDGE_KW, standing_of
from voltherm.optimization.mode_room import room_model
from voltherm.optimization.mode_supply import Ceiling, Standing, supply_of
from voltherm.optimization.model import Floats, Indices
from voltherm.optimization.modes import ModeProblem
from voltherm.optimization.problem import SiteProblem
from voltherm.physics.heat_pump import HeatPumpRun

TURNS: Final = 3
"""Times that prices are passed back; mostly the second finds nothing new."""
CEILINGS: Final = 6
"""Import ceilings that are tried, evenly spread, shared by the demand components."""
NEXT_CEILINGS: Final = 4
"""Those next to the best, likewise."""
LONG: Final = 96
"""Above so many stretches only what is near the best plan is looked at."""
TRIES: Final = 40
"""Neighbours of the best plan that are tried with the linear problem."""
LEAST_GAIN: Final = 1e-7
"""Of the objective: a schedule that is better by less is as good."""


def is_switched(pump: HeatPump) -> bool:
    """Return whether a heat pump is planned in levels, and not as power."""
    return pump.schedule is not Schedule.CONTINUOUS


def switch_heat_pumps(site: Site, inputs: PlanInputs, frame: Frame, relaxed: Candidate) -> Candidate:
    """Return the best plan found in which heat pumps that are switched keep to their levels.

    The relaxation prices stored energy and peaks; a dynamic program answers with a schedule; the rest of the site is
    planned with it, which gives other prices; and so on. A site without battery, demand charge or another heat pump
    needs one turn, because the cost of power in a step then depends on nothing but the step. Else import ceilings are
    tried, and at last neighbours of the best schedule: the linear problem is convex in what the heat pumps draw, so
    each solution bounds from below what any other schedule costs, and only those that could be better are tried.

    Parameters
    ----------
    site, inputs
        What is planned.
    frame : Frame
        The whole problem, with the binaries that the relaxation needed.
    relaxed : Candidate
        Its solution with the heat pumps as power; its bound holds for every schedule.
    """
    problem = frame.problem
    boards = {pump.id: _board(site, inputs, problem, pump) for pump in site.heat_pumps if is_switched(pump)}
    search = _Search(LevelHolder(site, inputs, problem, boards), frame, relaxed)
    best = search.result()
    if best is None and frame.holds:
        best = _Search(search.holder, frame.holding(()), relaxed).result()
    if best is None:
        return idle(site, inputs, problem, "no solver answered for any schedule of the heat pumps")
    total, money = best.total, stake(best.total, inputs, problem)
    gap = float(total - relaxed.bound) / money
    if problem.approximations and not problem.is_below_bill:
        gap = relaxed.gap + (total - relaxed.priced.objective.total) / money
    why = "heat pumps are switched, and the bound is that of any power up to their capacity"
    if best.unruly:
        why = f"{best.unruly[0]}: its frost guard or its room limit acts against what is cheapest"
    if gap < -OPTIMAL_GAP and (best.unruly or best.over_kw > OVER_KW):
        # What the guard does, and what overloads the connection, lies outside the problem that the bound is of.
        gap = float("inf")
    return Candidate(
        series=best.series,
        priced=best.priced,
        x=best.x,
        bound=relaxed.bound,
        gap=gap,
        equality_dual=best.equality_dual,
        outcome=outcome_of(gap, problem, why),
    )


def _board(site: Site, inputs: PlanInputs, problem: SiteProblem, pump: HeatPump) -> Board:
    setting = problem.heat[pump.id]
    worth = HeatWorth(terminal=problem.ending.terminal, value_per_kwh=problem.heat_value_per_kwh[pump.id])
    return board_of(
        setting,
        inputs.heat[pump.id],
        room_model(setting, worth, problem.penalties),
        stretches(inputs.grid, site.zone, inputs.options.mode_hold_h),
        mode_costs(setting, problem.prices, problem.penalties),
    )


class _Search:
    """Schedules tried so far, and the best of them."""

    def __init__(self, holder: LevelHolder, frame: Frame, relaxed: Candidate) -> None:
        self.holder, self.frame, self.relaxed = holder, frame, relaxed
        self.site, self.inputs, self.problem, self.boards = holder.site, holder.inputs, holder.problem, holder.boards
        self.linear = frame.linear()
        self.best: Tried | None = None
        self._tried: dict[bytes, Tried | None] = {}
        self._others: dict[str, list[Indices]] = {name: [] for name in self.boards}
        longest = max(board.states.n_stretches for board in self.boards.values())
        self._sizes = (WIDE, FINE) if longest <= LONG else (FINE,)
        holder.take(self.linear, relaxed.x)

    def result(self) -> Tried | None:
        """Return the best schedule found; None where nothing could be planned with any."""
        standing = standing_of(self.problem, self.linear, self.relaxed.x, self.relaxed.equality_dual)
        self._try(self._answer(standing, self.relaxed.series.heat_pumps, (WIDE, FINE)))
        if self.best is not None and not self._is_alone():
            self._take_turns(standing, self.best)
            for component in range(len(standing.ceilings)):
                self._try_ceilings(standing, component, self.best)
            for name in self.boards:
                self._try_neighbours(name)
        return self._settled()

    def _is_alone(self) -> bool:
        """Whether one room is all that there is to plan: no step's electricity then depends on another step."""
        n_rooms = sum(len(pump.building.rooms) for pump in self.site.heat_pumps)
        return n_rooms == 1 and not self.problem.batteries and not self.problem.demand

    def _settled(self) -> Tried | None:
        """The best schedule with all binaries free, and new ones where both directions of a pair are used."""
        until = perf_counter() + self.inputs.options.solve_limit_s
        best, linear = self.best, self.linear
        while best is not None:
            fresh = self.frame.overlaps(best.x)
            is_fixed = best is self.best and linear.integer.any()
            if perf_counter() > until or not (fresh or is_fixed):
                break
            if fresh:
                self.frame.forbid(fresh)
                linear = self.frame.linear()
                self.holder.take(linear, np.append(best.x, np.zeros(len(linear.cost) - len(best.x))))
            again = self.holder.try_levels(best.chosen, is_final=True)
            if again is None:
                break
            best = again
        if best is not None and self.best is not None and self.best.rank < best.rank:
            return self.best
        return best

    def _try(self, chosen: Chosen) -> Tried | None:
        key = b"".join(level.tobytes() for level in chosen.values())
        if key not in self._tried:
            tried = self._tried[key] = self.holder.try_levels(chosen)
            if tried is not None and (self.best is None or tried.rank < self.best.rank):
                self.best = tried
        return self._tried[key]

    def _answer(
        self, standing: Standing, around: Mapping[str, HeatPumpRun], sizes: tuple[GridSize, ...]
    ) -> dict[str, Indices]:
        """The schedules that are cheapest at the prices of a standing, each with the others as they are."""
        supply = supply_of(self.site, self.inputs, self.problem, standing)
        runs, chosen = dict(around), {}
        still = np.zeros(self.inputs.grid.n_steps)
        for name in self.boards:
            board = self.boards[name].near(runs[name].temps_c)
            others = sum((run.power_kw for other, run in runs.items() if other != name), still)
            net_kw = self.problem.fixed_net_kw + others
            chosen[name], runs[name] = self._schedule(name, board.problem(supply, net_kw), runs[name], sizes)
            if not runs[name].is_followed:
                guarded = board.problem(supply, net_kw, is_guarded=True)
                chosen[name], runs[name] = self._schedule(name, guarded, runs[name], sizes)
        return chosen

    def _schedule(
        self, name: str, problem: ModeProblem, run: HeatPumpRun, sizes: tuple[GridSize, ...]
    ) -> tuple[Indices, HeatPumpRun]:
        """A schedule near a run, then one near its own run, and so on."""
        level = np.empty(0, dtype=np.intp)
        for size in sizes:
            found = self.boards[name].schedule(problem, run.temps_c, size)
            self._others[name].append(found.others)
            level = found.level
            run = self.holder.run(name, level)
        return level, run

    def _standing(self, tried: Tried) -> Standing:
        return standing_of(self.problem, self.linear, tried.x, tried.equality_dual)

    def _take_turns(self, standing: Standing, tried: Tried) -> None:
        """Price, answer, plan the rest, and price again."""
        for _ in range(TURNS):
            standing = standing.halfway(self._standing(tried))
            n_tried = len(self._tried)
            answered = self._try(self._answer(standing, tried.series.heat_pumps, self._sizes))
            if answered is None or len(self._tried) == n_tried:
                return
            tried = answered

    def _try_ceilings(self, standing: Standing, component: int, best: Tried) -> None:
        """Answer to import ceilings from the relaxation's up to what a schedule reaches that heeds none."""
        reached = self._standing(best)
        halfway = standing.halfway(reached)
        heedless = self._try(self._answer(halfway.below(component, np.inf), best.series.heat_pumps, (WIDE,)))
        highest = reached if heedless is None else self._standing(heedless)
        ends = (each.ceilings[component].lowest_kw for each in (standing, reached, highest))
        low, at_best, high = ends
        if not np.isfinite([low, at_best, high]).all():
            return
        totals = {at_best: best.total}
        if heedless is not None:
            totals[high] = heedless.total
        possible = self._possible_ceilings(standing.ceilings[component], (low, max(high, at_best)))
        share = len(standing.ceilings)
        for kw in _spread(possible, -(-CEILINGS // share)).tolist():
            totals[kw] = self._total_below(halfway.below(component, kw), best)
        for _ in range(-(-NEXT_CEILINGS // share)):
            kw = _between(totals, possible)
            if kw is None:
                return
            totals[kw] = self._total_below(halfway.below(component, kw), best)

    def _possible_ceilings(self, ceiling: Ceiling, ends_kw: tuple[float, float]) -> Floats:
        """Ceilings worth trying: net load with each level, where no battery shaves it; else evenly spread."""
        low, high = ends_kw
        if self.problem.batteries or len(self.site.heat_pumps) > 1:
            return np.linspace(low, high, 4 * CEILINGS)[:-1]
        (board,) = self.boards.values()
        counts = np.isfinite(ceiling.kw)
        levels_kw = np.unique((self.problem.fixed_net_kw + board.levels.power_kw)[:, counts])
        return levels_kw[(levels_kw > low) & (levels_kw < high - EDGE_KW)] + EDGE_KW

    def _total_below(self, standing: Standing, best: Tried) -> float:
        tried = self._try(self._answer(standing, best.series.heat_pumps, (WIDE,)))
        return float("inf") if tried is None else tried.total

    def _try_neighbours(self, name: str) -> None:
        """Move to a better neighbour while there is one, and while tries are left."""
        left = TRIES
        while left > 0 and self.best is not None:
            best = self.best
            left = self._move(name, best, left)
            if self.best is best:
                return

    def _move(self, name: str, best: Tried, left: int) -> int:
        """Try those neighbours that no solution so far rules out, until one is better."""
        board = self.boards[name].near(best.series.heat_pumps[name].temps_c)
        level = best.chosen[name]
        candidates = np.concatenate([neighbours(level, len(board.levels.modes)), *self._others[name]])
        own = own_costs(board, np.vstack([candidates, level]))
        own = best.own_cost + own[:-1] - own[-1]
        steps = np.arange(self.inputs.grid.n_steps)
        power = board.levels.power_kw
        drawn = power[np.repeat(candidates, np.diff(board.states.firsts), axis=1), steps]
        drawn += best.drawn_kw - power[board.states.by_step(level), steps]
        bound = own + np.max([_cut(tried, drawn) for tried in self._tried.values() if tried is not None], axis=0)
        wanted = best.total - LEAST_GAIN * max(1.0, abs(best.total))
        while left > 0 and bound.min() < wanted:
            at = int(bound.argmin())
            tried = self._try({**best.chosen, name: candidates[at]})
            left -= 1
            if self.best is not best:
                return left
            if tried is not None:
                bound = np.maximum(bound, own + _cut(tried, drawn))
            bound[at] = np.inf
        return left


def _cut(tried: Tried, drawn_kw: Floats) -> Floats:
    """What the rest of the site costs at least when so much is drawn, shape (m, n_steps), by one solution's prices."""
    return np.asarray(tried.rest_cost + (drawn_kw - tried.drawn_kw) @ tried.slope)


def _spread(values: Floats, n: int) -> Floats:
    """So many of the values, evenly spread with both ends; all where there are fewer."""
    return values[np.unique(np.linspace(0, len(values) - 1, n).astype(np.intp))] if len(values) else values


def _between(totals: Mapping[float, float], possible: Floats) -> float | None:
    """The middle of those ceilings that lie next to the best one so far, on the side where more are left."""
    known = sorted(totals)
    at = min(range(len(known)), key=lambda index: totals[known[index]])
    sides = [
        possible[(possible > known[low]) & (possible < known[low + 1])]
        for low in (at - 1, at)
        if 0 <= low < len(known) - 1
    ]
    longest = max(sides, key=len, default=np.empty(0))
    return float(longest[len(longest) // 2]) if len(longest) else None
