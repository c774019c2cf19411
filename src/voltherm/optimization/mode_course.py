"""The course of the temperatures through a stretch in which the level is the same, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from voltherm.optimization.mode_room import N_NODES, RoomModel
from voltherm.optimization.model import Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """One stretch: every temperature in it is linear in room and mass at its start, and moved by each level.

    Parameters
    ----------
    room : NDArray, shape (n_steps, 2)
        Room at the end of each step, by room and mass at the start.
    room_by_level : NDArray, shape (n_steps, n_levels)
        What weather and heat add to it. [K]
    mass : NDArray, shape (2,)
        Mass at the end of the stretch, likewise.
    mass_by_level : NDArray, shape (n_levels,)
        What weather and heat add to it. [K]
    low_c, high_c : NDArray, shape (n_steps,)
        Comfort band. [degC]
    cold_price, heat_price : float
        Of a kelvin below, and above, at the end of a step. [currency/K]
    """

    room: Floats
    room_by_level: Floats
    mass: Floats
    mass_by_level: Floats
    low_c: Floats
    high_c: Floats
    cold_price: float
    heat_price: float

    def for_all_levels(self, start_c: Floats) -> tuple[Floats, Floats, Floats]:
        """Return room and mass at the end, and the discomfort, for each level: arrays of shape (n_levels, m).

        Parameters
        ----------
        start_c : NDArray, shape (2, m)
            Room and mass at the start. [degC]
        """
        room = (self.room @ start_c)[:, None, :] + self.room_by_level[:, :, None]
        mass = self.mass @ start_c + self.mass_by_level[:, None]
        return room[-1], mass, self._discomfort(room)

    def for_levels(self, start_c: Floats, level: np.ndarray) -> tuple[Floats, Floats, Floats]:
        """Return the same for one level each: arrays of shape (m,)."""
        room = (self.room @ start_c)[:, None, :] + self.room_by_level[:, level][:, None, :]
        mass = self.mass @ start_c + self.mass_by_level[level]
        return room[-1, 0], mass, self._discomfort(room)[0]

    def _discomfort(self, room_c: Floats) -> Floats:
        """Sum over the steps, which come first."""
        shape = -1, 1, 1
        cold = self.low_c.reshape(shape) - room_c
        np.maximum(cold, 0.0, out=cold)
        cold *= self.cold_price
        hot = room_c - self.high_c.reshape(shape)
        np.maximum(hot, 0.0, out=hot)
        hot *= self.heat_price
        cold += hot
        return cold[0] if len(cold) == 1 else np.asarray(cold.sum(axis=0))


def courses_of(model: RoomModel, heat_kw: Floats, firsts: list[int]) -> tuple[Course, ...]:
    """Return the course through each stretch.

    Parameters
    ----------
    model : RoomModel
        The room.
    heat_kw : NDArray, shape (n_levels, n_steps)
        Heat of each level. [kW]
    firsts : list of int, n_stretches + 1 of them
        First step of each stretch, and the number of steps.
    """
    added = model.forcing_c[:, :, None] + model.heat_k_per_kw[:, None] * heat_kw.T[:, None, :]
    return tuple(_course(model, added, first, end) for first, end in pairwise(firsts))


def _course(model: RoomModel, added_k: Floats, first: int, end: int) -> Course:
    kept, moved = np.eye(N_NODES), np.zeros((N_NODES, added_k.shape[2]))
    room, by_level = np.empty((end - first, N_NODES)), np.empty((end - first, added_k.shape[2]))
    for at, step in enumerate(range(first, end)):
        kept = model.transition @ kept
        moved = model.transition @ moved + added_k[step]
        room[at], by_level[at] = kept[0], moved[0]
    return Course(
        room=room,
        room_by_level=by_level,
        mass=kept[1],
        mass_by_level=moved[1],
        low_c=model.low_c[first:end],
        high_c=model.high_c[first:end],
        cold_price=model.cold_price,
        heat_price=model.heat_price,
    )
