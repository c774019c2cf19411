"""States of a heat pump that is switched: its level, and how long its compressor must still run or rest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from voltherm.domain.assets import HeatPumpState
from voltherm.optimization.mode_dwell import DwellRule, Passed, first_counter, run_through
from voltherm.optimization.mode_levels import Levels, SwitchingCosts, first_level
from voltherm.optimization.model import Floats, Indices

Pair = tuple[int, int]
"""Level, and dwell counter."""
Runs = tuple[bool, ...]
"""Whether the compressor runs in each step of a stretch."""
Pattern = tuple[tuple[bool, ...], tuple[Runs, ...]]
"""By level: whether it ran at the end of the stretch before, and whether it runs in this one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SwitchStates:
    """What choosing a level in a stretch makes of a state, and what it costs.

    Parameters
    ----------
    firsts : NDArray of int, shape (n_stretches + 1,)
        First step of each stretch, and the number of steps.
    level : NDArray of int, shape (n_states,)
        The level of each state: that of the stretch before.
    following : tuple of NDArray of int, shape (n_states, n_levels), one a stretch; the first of shape (1, n_levels)
        The state after each level; the first stretch begins in the state of now, the only one.
    fee : tuple of NDArray of the same shapes
        Starts, changes of level, and missing hours. [currency]
    before : int or None
        Level before the first stretch; None where unknown.
    """

    firsts: Indices
    level: Indices
    following: tuple[Indices, ...]
    fee: tuple[Floats, ...]
    before: int | None

    @property
    def n_stretches(self) -> int:
        """Choices to make."""
        return len(self.firsts) - 1

    @property
    def n_states(self) -> int:
        """States after a stretch."""
        return len(self.level)

    def steps(self, stretch: int) -> range:
        """Return the steps of a stretch."""
        return range(int(self.firsts[stretch]), int(self.firsts[stretch + 1]))

    def by_step(self, level: Indices) -> Indices:
        """Return the level of each step, shape (n_steps,), from that of each stretch."""
        return np.repeat(level, np.diff(self.firsts))


def switch_states(
    rule: DwellRule, levels: Levels, firsts: Indices, state: HeatPumpState, costs: SwitchingCosts
) -> SwitchStates:
    """Return the states of a heat pump over the stretches of a grid.

    Parameters
    ----------
    rule : DwellRule
        Shortest times.
    levels : Levels
        Which of them run when.
    firsts : NDArray of int, shape (n_stretches,)
        First step of each stretch.
    state : HeatPumpState
        What the heat pump does now.
    costs : SwitchingCosts
        Of starts, changes and missing hours.
    """
    edges = np.append(firsts, levels.is_running.shape[1])
    during = [tuple(map(tuple, levels.is_running[:, first:end].tolist())) for first, end in pairwise(edges)]
    level_now = first_level(levels, state)
    begun = _begun(rule, during[0], state, (level_now, costs))
    patterns = [(tuple(runs[-1] for runs in before), after) for before, after in pairwise(during)]
    reached = _reached(rule, frozenset(begun.reached), frozenset(patterns))
    tables = {pattern: _table(rule, reached, pattern, costs) for pattern in set(patterns)}
    at = {pair: number for number, pair in enumerate(reached)}
    return SwitchStates(
        firsts=edges,
        level=np.array([level for level, _ in reached]),
        following=(np.array([[at[pair] for pair in begun.reached]]), *(tables[pattern][0] for pattern in patterns)),
        fee=(begun.fee, *(tables[pattern][1] for pattern in patterns)),
        before=level_now,
    )


class _Begun(NamedTuple):
    """The first stretch: level and counter after each level, and what it costs, shape (1, n_levels)."""

    reached: list[Pair]
    fee: Floats


def _begun(
    rule: DwellRule, during: tuple[Runs, ...], state: HeatPumpState, now: tuple[int | None, SwitchingCosts]
) -> _Begun:
    level_now, costs = now
    reached, fees = [], []
    for level, runs in enumerate(during):
        was = runs[0] if state.is_running is None else state.is_running
        passed = run_through(rule, (was, first_counter(rule, state)), runs)
        reached.append((level, passed.counter))
        is_change = level_now is not None and level_now != level
        fees.append(_fee(passed, costs) + is_change * costs.change)
    return _Begun(reached=reached, fee=np.array([fees]))


def _fee(passed: Passed, costs: SwitchingCosts) -> float:
    return passed.starts * costs.start + passed.missing_h * costs.dwell_per_h


@lru_cache(maxsize=256)
def _reached(rule: DwellRule, begun: frozenset[Pair], patterns: frozenset[Pattern]) -> tuple[Pair, ...]:
    """Every pair of level and counter that any order of the patterns leads to."""
    reached, fresh = set(begun), set(begun)
    while fresh:
        found = {
            (chosen, run_through(rule, (before[level], counter), runs).counter)
            for before, during in patterns
            for level, counter in fresh
            for chosen, runs in enumerate(during)
        }
        fresh = found - reached
        reached |= fresh
    return tuple(sorted(reached))


@lru_cache(maxsize=1024)
def _table(
    rule: DwellRule, reached: tuple[Pair, ...], pattern: Pattern, costs: SwitchingCosts
) -> tuple[Indices, Floats]:
    """The state after each state and level, and the fee, each of shape (n_states, n_levels)."""
    before, during = pattern
    at = {pair: number for number, pair in enumerate(reached)}
    following = np.zeros((len(reached), len(during)), dtype=np.intp)
    fee = np.zeros(following.shape)
    for number, (level, counter) in enumerate(reached):
        for chosen, runs in enumerate(during):
            passed = run_through(rule, (before[level], counter), runs)
            following[number, chosen] = at[chosen, passed.counter]
            fee[number, chosen] = _fee(passed, costs) + (chosen != level) * costs.change
    following.flags.writeable = fee.flags.writeable = False
    return following, fee
