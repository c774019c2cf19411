"""Dwell: how long a compressor must run and rest, as a counter of what is left, and as what a plan misses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from voltherm.domain.assets import HeatPump, HeatPumpState
from voltherm.optimization.mode_levels import Flags
from voltherm.optimization.model import Floats

ROUNDING_H = 1e-9
"""A dwell time that is missed by less is kept. [h]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DwellRule:
    """Shortest times in steps.

    Parameters
    ----------
    run, off : int
        Steps of which a run, or a rest, has at least as many; 1 where anything goes.
    run_h, off_h : float
        The times themselves. [h]
    step_h : float
        Length of a step. [h]
    """

    run: int
    off: int
    run_h: float
    off_h: float
    step_h: float


class Passed(NamedTuple):
    """What steps make of the counter: its value then, hours by which runs and rests were too short, and starts."""

    counter: int
    missing_h: float
    starts: int


def dwell_rule(pump: HeatPump, step_h: float) -> DwellRule:
    """Return the shortest times of a heat pump on a grid, rounded up to whole steps."""
    run, off = (max(1, int(np.ceil((hours - ROUNDING_H) / step_h))) for hours in (pump.min_run_h, pump.min_off_h))
    return DwellRule(run=run, off=off, run_h=pump.min_run_h, off_h=pump.min_off_h, step_h=step_h)


def first_counter(rule: DwellRule, state: HeatPumpState) -> int:
    """Return how many steps the present run or rest must still last at the start of the grid."""
    if state.is_running is None:
        return 0
    left_h = max(0.0, (rule.run_h if state.is_running else rule.off_h) - state.since_h)
    return max(0, int(np.ceil((left_h - ROUNDING_H) / rule.step_h)))


def run_through(rule: DwellRule, before: tuple[bool, int], running: tuple[bool, ...]) -> Passed:
    """Return what steps make of a state.

    Parameters
    ----------
    rule : DwellRule
        Shortest times.
    before : tuple of bool and int
        Whether it ran, and how many steps it must still do what it did.
    running : tuple of bool
        Whether it runs in each step that follows.
    """
    was, left = before
    missing_h, starts = 0.0, 0
    for runs in running:
        if runs == was:
            left = max(0, left - 1)
        else:
            missing_h += _missing_h(rule, was=was, left=left)
            starts += runs
            left = (rule.run if runs else rule.off) - 1
        was = runs
    return Passed(counter=left, missing_h=missing_h, starts=starts)


def _missing_h(rule: DwellRule, *, was: bool, left: int) -> float:
    """Hours by which a run, or a rest, with so many steps left ended early."""
    whole, hours = (rule.run, rule.run_h) if was else (rule.off, rule.off_h)
    return max(0.0, hours - (whole - left) * rule.step_h) if left else 0.0


def count_starts(is_running: Flags, was_running: bool | None) -> int:  # noqa: FBT001 - as the state has it
    """Return the starts of the compressor; one in the first step counts where it is known to have rested.

    Parameters
    ----------
    is_running : NDArray of bool, shape (n_steps,)
        Whether it runs.
    was_running : bool or None
        Whether it ran before the first step.
    """
    before = is_running[0] if was_running is None else was_running
    return int((is_running & ~np.concatenate([[before], is_running[:-1]])).sum())


def missing_dwell_h(is_running: Flags, state: HeatPumpState, shortest_h: tuple[float, float], step_h: float) -> Floats:
    """Return by how much runs, and rests, were too short: at their last step, 0 elsewhere, shape (2, n_steps). [h].

    What begins before the grid counts with the time that is known; what still lasts at the end is not too short. A run
    that began at an unknown time, or a rest, counts as long.

    Parameters
    ----------
    is_running : NDArray of bool, shape (n_steps,)
        Whether the compressor runs.
    state : HeatPumpState
        Whether it ran before the first step, and since when.
    shortest_h : tuple of float
        Shortest run and shortest rest. [h]
    step_h : float
        Length of a step. [h]
    """
    missing = np.zeros((2, len(is_running)))
    edges = np.flatnonzero(is_running[1:] != is_running[:-1]) + 1
    begins = np.concatenate([[0], edges])
    lengths_h = np.diff(np.append(begins, len(is_running))) * step_h
    before_h = 0.0
    if state.is_running is None or state.is_running == bool(is_running[0]):
        before_h = float("inf") if state.is_running is None else state.since_h
    lengths_h[0] += before_h
    for begin, end, length_h in zip(begins[:-1], edges, lengths_h[:-1], strict=True):
        kind = 0 if is_running[begin] else 1
        missing[kind, end - 1] = max(0.0, shortest_h[kind] - length_h)
    if state.is_running is not None and state.is_running != bool(is_running[0]):
        kind = 0 if state.is_running else 1
        missing[kind, 0] += max(0.0, shortest_h[kind] - state.since_h)
    missing[missing < ROUNDING_H] = 0.0
    return missing
