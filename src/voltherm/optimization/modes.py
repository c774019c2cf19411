"""Schedules of levels: the cheapest sequence by a dynamic program over temperature, walked with exact temperatures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from voltherm.optimization.mode_course import Course
from voltherm.optimization.mode_grid import TempGrid
from voltherm.optimization.mode_guard import GuardedCourse
from voltherm.optimization.mode_room import RoomModel
from voltherm.optimization.mode_states import SwitchStates
from voltherm.optimization.model import Floats, Indices

BEAM: Final = 64
"""Partial schedules that the walk keeps in each stretch."""

SPARE: Final = 4
"""So many times the beam are looked at for those that are not alike."""

ALIKE_SHARE: Final = 0.1
"""Two partial schedules in the same state are one where their temperatures are nearer than this share of the grid's
spacing: the dearer is dropped."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModeProblem:
    """What a schedule of levels is chosen by.

    Parameters
    ----------
    room : RoomModel
        Start and end of the temperatures.
    states : SwitchStates
        Stretches, and what switching costs from stretch to stretch.
    courses : tuple of Course or GuardedCourse, one a stretch
        Temperatures within.
    paid : NDArray, shape (n_stretches, n_levels)
        What each level's electricity costs, above that of none. [currency]
    """

    room: RoomModel
    states: SwitchStates
    courses: tuple[Course, ...] | tuple[GuardedCourse, ...]
    paid: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModeSchedule:
    """What was found.

    Parameters
    ----------
    level : NDArray of int, shape (n_stretches,)
        Level of each stretch.
    cost : float
        By the problem's own prices: electricity, comfort, switching, less the worth of the heat at the end. [currency]
    others : NDArray of int, shape (n_others, n_stretches)
        What else was followed to the end, the cheaper first.
    """

    level: Indices
    cost: float
    others: Indices


def schedule_modes(problem: ModeProblem, grid: TempGrid, beam: int = BEAM) -> ModeSchedule:
    """Return the cheapest schedule that the program finds.

    Backwards, ``V_k(T, s) = min over levels of cost(level, T) + fee(s, level) + V_(k+1)(T', s')`` on a grid of room and
    mass temperatures, linear between its nodes, with the level before and the dwell counter in ``s``. Forwards, a few
    partial schedules are followed with exact temperatures and exact costs, and ranked with ``V`` for what is to come:
    the grid's error decides only between schedules that are as good as each other.

    Parameters
    ----------
    problem : ModeProblem
        Room, levels and their costs.
    grid : TempGrid
        Where ``V`` is kept.
    beam : int
        Partial schedules to follow.
    """
    return _walk(problem, grid, _values(problem, grid), beam)


def _values(problem: ModeProblem, grid: TempGrid) -> list[Floats]:
    """``V`` at the start of each stretch but the first, and at the end, each of shape (n_states, n_nodes)."""
    states = problem.states
    every = np.arange(states.n_states)[:, None]
    ending = problem.room.ending_cost(*grid.nodes(states.n_stretches))
    values = [np.broadcast_to(ending, (states.n_states, len(ending))).copy()]
    for stretch in range(states.n_stretches - 1, 0, -1):
        room, mass, cost = problem.courses[stretch].for_all_levels(grid.nodes(stretch))
        cost += problem.paid[stretch][:, None]
        place = grid.place(stretch + 1, room, mass)
        follows = grid.look_up(values[-1], every, place.of(states.level))
        follows += cost[states.level]
        following, fee = states.following[stretch], states.fee[stretch]
        best = follows[following[:, 0]]
        best += fee[:, 0, None]
        for level in range(1, following.shape[1]):
            tried = follows[following[:, level]]
            tried += fee[:, level, None]
            np.minimum(best, tried, out=best)
        values.append(best)
    return values[::-1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Labels:
    """Partial schedules, each an entry of every array; the parent is its index in the stretch before."""

    cost: Floats
    room: Floats
    mass: Floats
    state: Indices
    level: Indices
    parent: Indices


def _walk(problem: ModeProblem, grid: TempGrid, values: list[Floats], beam: int) -> ModeSchedule:
    start, none = problem.room.start_c, np.zeros(1, dtype=np.intp)
    labels = _Labels(cost=np.zeros(1), room=start[:1], mass=start[1:], state=none, level=none, parent=none)
    trail = []
    for stretch, after in enumerate(values):
        labels = _extended(problem, grid, stretch, labels, (after, beam))
        trail.append(labels)
    total = labels.cost + problem.room.ending_cost(labels.room, labels.mass)
    at = np.argsort(total, kind="stable")
    lowest = float(total[at[0]])
    chosen = np.empty((len(at), len(trail)), dtype=np.intp)
    for stretch in range(len(trail) - 1, -1, -1):
        chosen[:, stretch] = trail[stretch].level[at]
        at = trail[stretch].parent[at]
    return ModeSchedule(level=chosen[0], cost=lowest, others=chosen[1:])


def _extended(
    problem: ModeProblem, grid: TempGrid, stretch: int, labels: _Labels, ahead: tuple[Floats, int]
) -> _Labels:
    """Every partial schedule with every level: the best that differ. ``ahead`` is ``V`` at the end, and the beam."""
    after, beam = ahead
    room, mass, cost = problem.courses[stretch].for_all_levels(np.stack([labels.room, labels.mass]))
    n = room.shape[1]
    # Levels by rows, partial schedules by columns.
    state = problem.states.following[stretch][labels.state].T
    paid = cost + problem.paid[stretch][:, None] + problem.states.fee[stretch][labels.state].T
    paid += labels.cost
    place = grid.place(stretch + 1, room, mass)
    score = (paid + grid.look_up(after, state, place)).ravel()
    order = np.argsort(score, kind="stable")[: SPARE * beam]
    if len(order) > beam:
        key = place.cell(ALIKE_SHARE).ravel()[order] * problem.states.n_states + state.ravel()[order]
        order = order[np.sort(np.unique(key, return_index=True)[1])[:beam]]
    return _Labels(
        cost=paid.ravel()[order],
        room=room.ravel()[order],
        mass=mass.ravel()[order],
        state=state.ravel()[order],
        level=order // n,
        parent=order % n,
    )
