"""Schedules next to a schedule, and what each costs but for electricity."""

from __future__ import annotations

from typing import Final

import numpy as np

from voltherm.optimization.mode_board import Board
from voltherm.optimization.model import Floats, Indices

LONGEST_RUN: Final = 8
"""Runs of up to so many stretches are given another level at once."""
SPAN: Final = 12
"""A choice is moved by up to so many stretches."""
MOST_PAIRS: Final = 4000
"""Of two stretches that are changed together; where there are more, those that lie nearest to each other."""

ROW_BASE: Final = 0x9E3779B97F4A7C15
"""Odd, and about two to the 64 by the golden ratio, as in Knuth's multiplicative hashing."""


def neighbours(level: Indices, n_levels: int) -> Indices:
    """Return schedules that differ by a run, by two stretches, or by a choice that comes sooner or later.

    Parameters
    ----------
    level : NDArray of int, shape (n_stretches,)
        The schedule.
    n_levels : int
        Levels to choose from.

    Returns
    -------
    NDArray of int, shape (n_schedules, n_stretches)
        Without the schedule itself, and without doubles.
    """
    found = np.concatenate([_runs(level, n_levels), _moved(level), _pairs(level, n_levels)])
    found = found[(found != level).any(axis=1)]
    # Rows are told apart by the value of a polynomial, modulo two to the 64.
    powers = np.cumprod(np.full(len(level), ROW_BASE, dtype=np.uint64))
    return np.asarray(found[np.unique(found.astype(np.uint64) @ powers, return_index=True)[1]])


def _runs(level: Indices, n_levels: int) -> Indices:
    n = len(level)
    first, length, chosen = (
        part.ravel()[:, None]
        for part in np.meshgrid(np.arange(n), np.arange(1, min(n, LONGEST_RUN) + 1), np.arange(n_levels))
    )
    at = np.arange(n)
    found = np.where((at >= first) & (at < first + length), chosen, level)
    return np.asarray(found[(first + length <= n).ravel()])


def _moved(level: Indices) -> Indices:
    """A choice is taken out, what lies between moves up, and the gap is filled with the choice on either side of it."""
    n, at = len(level), np.arange(len(level))
    out, into = (part.ravel()[:, None] for part in np.meshgrid(at, at))
    near = (np.abs(out - into) <= SPAN).ravel() & (out != into).ravel()
    out, into = out[near], into[near]
    source = at + ((at >= out) & (at < into)) - ((at > into) & (at <= out))
    moved = level[source]
    rows = np.arange(len(moved))
    found = []
    for beside in (-1, 1):
        filled = moved.copy()
        filled[rows, into.ravel()] = moved[rows, np.clip(into.ravel() + beside, 0, n - 1)]
        found.append(filled)
    return np.concatenate(found)


def _pairs(level: Indices, n_levels: int) -> Indices:
    n = len(level)
    at, chosen = (part.ravel() for part in np.meshgrid(np.arange(n), np.arange(n_levels), indexing="ij"))
    is_other = chosen != level[at]
    at, chosen = at[is_other], chosen[is_other]
    one, other = np.nonzero(at[:, None] < at[None, :])
    apart = at[other] - at[one]
    if len(apart) > MOST_PAIRS:
        near = np.argsort(apart, kind="stable")[:MOST_PAIRS]
        one, other = one[near], other[near]
    found = np.tile(level, (len(one), 1))
    rows = np.arange(len(one))
    found[rows, at[one]], found[rows, at[other]] = chosen[one], chosen[other]
    return found


def own_costs(board: Board, schedules: Indices) -> Floats:
    """Return what schedules cost but for electricity: comfort, switching, less the worth of heat at the end.

    Parameters
    ----------
    board : Board
        The heat pump; its guards are not reckoned with.
    schedules : NDArray of int, shape (n_schedules, n_stretches)
        Levels.

    Returns
    -------
    NDArray, shape (n_schedules,)
        [currency]
    """
    states, n = board.states, len(schedules)
    temps = np.repeat(board.room.start_c[:, None], n, axis=1)
    cost, state = np.zeros(n), np.zeros(n, dtype=np.intp)
    for stretch, course in enumerate(board.courses):
        chosen = schedules[:, stretch]
        cost += states.fee[stretch][state, chosen]
        state = states.following[stretch][state, chosen]
        room, mass, discomfort = course.for_levels(temps, chosen)
        cost += discomfort
        temps = np.stack([room, mass])
    return cost + board.room.ending_cost(temps[0], temps[1])
