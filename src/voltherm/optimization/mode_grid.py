"""The grid of temperatures on which a dynamic program keeps its values: rooms about their band, masses along a path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from voltherm.optimization.mode_room import RoomModel
from voltherm.optimization.model import Floats, Indices

OUTER_K: Final = 10.0
"""Beyond the evenly spaced nodes lies one more on each side, so far away that no schedule worth following gets there.
What lies between is interpolated like the rest: extrapolated values would feed on themselves from stretch to stretch.
[K]"""

ALMOST_ONE: Final = 1.0 - 1e-9
"""A place at the outermost node lies just below it, so that there is always a node above."""

LEAST_MARGIN_K, MOST_MARGIN_K = 0.5, 2.0
"""The even part of the room's axis reaches beyond band and path by the former and what a run adds, at most the latter.
[K]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridSize:
    """Nodes, and how far from the path the mass is followed.

    Parameters
    ----------
    n_room, n_mass : int
        Evenly spaced nodes; `n_mass` counts where there is a mass.
    mass_reach, mass_reach_k : float
        Reach on either side of the path: by so many runs of full heat, and so many kelvins more. [K]
    """

    n_room: int
    n_mass: int
    mass_reach: float
    mass_reach_k: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Evenly spaced nodes and one far out on each side; or a single node, where nothing moves.

    Parameters
    ----------
    first_c, spacing_k : float
        First of the evenly spaced nodes, and their distance. [degC], [K]
    n_inner : int
        How many they are; 1 means the only node.
    """

    first_c: float
    spacing_k: float
    n_inner: int

    @property
    def nodes_c(self) -> Floats:
        """Return the nodes. [degC]."""
        inner = self.first_c + self.spacing_k * np.arange(self.n_inner)
        if self.n_inner == 1:
            return np.asarray(inner, dtype=np.float64)
        return np.concatenate([[inner[0] - OUTER_K], inner, [inner[-1] + OUTER_K]])

    def place(self, temps_c: Floats) -> tuple[Indices, Floats]:
        """Return the node below each temperature, and how far it is to the next, 0 to 1."""
        place = temps_c - self.first_c
        place /= self.spacing_k
        below = np.minimum(place, 0.0)
        above = np.maximum(place - (self.n_inner - 1), 0.0)
        place -= below
        place -= above
        # Out to the far node on either side, and no further.
        below *= self.spacing_k / OUTER_K
        above *= self.spacing_k / OUTER_K
        place += np.maximum(below, -1.0)
        place += np.minimum(above, ALMOST_ONE)
        place += 1.0
        node = place.astype(np.intp)
        place -= node
        return node, place


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """Places between nodes, arrays of one shape.

    Parameters
    ----------
    first : NDArray of int
        The node below in both temperatures.
    room_part, mass_part : NDArray, or None without a mass
        How far it is to the next node, 0 to 1.
    """

    first: Indices
    room_part: Floats
    mass_part: Floats | None

    def of(self, level: Indices) -> Place:
        """Return the rows of some levels."""
        mass_part = None if self.mass_part is None else self.mass_part[level]
        return Place(first=self.first[level], room_part=self.room_part[level], mass_part=mass_part)

    def cell(self, share: float) -> Indices:
        """Return a number for each place, the same for those within a share of the spacing."""
        parts = round(1.0 / share) + 1
        cell = self.first * parts + np.rint(self.room_part / share).astype(np.intp)
        if self.mass_part is None:
            return cell
        return cell * parts + np.rint(self.mass_part / share).astype(np.intp)


@dataclass(frozen=True, kw_only=True, eq=False)
class TempGrid:
    """Nodes at the start of each stretch and at the end; room by mass, the mass running fastest.

    Parameters
    ----------
    room : Axis
        The same in all stretches.
    mass : Axis
        About the path.
    path_c : NDArray, shape (n_stretches + 1,)
        About which the mass moves. [degC]
    """

    room: Axis
    mass: Axis
    path_c: Floats

    @classmethod
    def about(cls, model: RoomModel, path_c: Floats, run_k: Floats, size: GridSize) -> TempGrid:
        """Return a grid about a path of temperatures.

        Parameters
        ----------
        model : RoomModel
            Its comfort band is inside the grid.
        path_c : NDArray, shape (n_stretches + 1, 2)
            Room and mass at the start of each stretch and at the end, of a plan that is near the best. [degC]
        run_k : NDArray, shape (2,)
            How far a run of full heat moves room and mass. [K]
        size : GridSize
            Nodes and reach.
        """
        margin = min(MOST_MARGIN_K, LEAST_MARGIN_K + float(run_k[0]))
        low = min(float(model.low_c.min()), float(path_c[:, 0].min())) - margin
        high = max(float(model.high_c.max()), float(path_c[:, 0].max())) + margin
        mass = Axis(first_c=0.0, spacing_k=1.0, n_inner=1)
        if model.has_mass:
            reach = size.mass_reach * float(run_k[1]) + size.mass_reach_k
            mass = Axis(first_c=-reach, spacing_k=2.0 * reach / (size.n_mass - 1), n_inner=size.n_mass)
        spacing = (high - low) / (size.n_room - 1)
        return cls(room=Axis(first_c=low, spacing_k=spacing, n_inner=size.n_room), mass=mass, path_c=path_c[:, 1])

    @cached_property
    def _about_zero(self) -> Floats:
        mass = self.mass.nodes_c
        return np.stack([np.repeat(self.room.nodes_c, len(mass)), np.tile(mass, self.room.n_inner + 2)])

    def nodes(self, stretch: int) -> Floats:
        """Return room and mass of every node at the start of a stretch, shape (2, n_nodes). [degC]."""
        return np.asarray(self._about_zero + np.array([[0.0], [self.path_c[stretch]]]))

    def place(self, stretch: int, room_c: Floats, mass_c: Floats) -> Place:
        """Return where temperatures of any one shape lie between the nodes at the start of a stretch. [degC]."""
        below, part = self.room.place(room_c)
        if self.mass.n_inner == 1:
            return Place(first=below, room_part=part, mass_part=None)
        first, across = self.mass.place(mass_c - self.path_c[stretch])
        first += below * (self.mass.n_inner + 2)
        return Place(first=first, room_part=part, mass_part=across)

    def look_up(self, values: Floats, state: Indices, place: Place) -> Floats:
        """Return values between the nodes, bilinear.

        Parameters
        ----------
        values : NDArray, shape (n_states, n_nodes)
            At the nodes.
        state : NDArray of int
            State of each place.
        place : Place
            Where, of the same shape or one that it broadcasts to.
        """
        flat = values.ravel()
        first = state * values.shape[1] + place.first
        if place.mass_part is None:
            return _between(flat, first, 1, place.room_part)
        cold = _between(flat, first, 1, place.mass_part)
        first += self.mass.n_inner + 2
        warm = _between(flat, first, 1, place.mass_part)
        warm -= cold
        warm *= place.room_part
        warm += cold
        return warm


def _between(flat: Floats, first: Indices, stride: int, part: Floats) -> Floats:
    low = flat.take(first)
    rise = flat.take(first + stride)
    rise -= low
    rise *= part
    rise += low
    return rise
