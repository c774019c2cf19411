"""The course through a stretch where the unit's own frost guard and limits of heating act, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from voltherm.optimization.mode_room import RoomModel
from voltherm.optimization.model import Floats

LEAST_KW: Final = 1e-9
"""Heat that no division is by. [kW]"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GuardedCourse:
    """One stretch.

    Parameters
    ----------
    model : RoomModel
        The room.
    steps : range
        Of the stretch.
    heat_kw, cost : NDArray, shape (n_levels, n_steps of the grid)
        Heat of each level [kW], and what its electricity costs. [currency]
    full_kw, full_cost : NDArray, shape (n_steps of the grid,)
        Heat of everything that the frost guard runs, and what its electricity costs. [kW], [currency]
    """

    model: RoomModel
    steps: range
    heat_kw: Floats
    cost: Floats
    full_kw: Floats
    full_cost: Floats

    def for_all_levels(self, start_c: Floats) -> tuple[Floats, Floats, Floats]:
        """Return room and mass at the end, and the cost, electricity with it: arrays of shape (n_levels, m).

        Parameters
        ----------
        start_c : NDArray, shape (2, m)
            Room and mass at the start. [degC]
        """
        model = self.model
        temps = np.broadcast_to(start_c[:, None, :], (2, len(self.heat_kw), start_c.shape[1]))
        total: Floats = np.zeros(temps.shape[1:])
        for step in self.steps:
            still = np.tensordot(model.transition, temps, axes=1) + model.forcing_c[step][:, None, None]
            heat, paid = self._at_least(step, still[0])
            given = np.minimum(heat, self._most_kw(still))
            total += paid * np.divide(given, heat, out=np.ones_like(given), where=heat > 0)
            temps = still + model.heat_k_per_kw[:, None, None] * given
            total += self._discomfort(step, temps[0])
        return temps[0], temps[1], total

    def _at_least(self, step: int, still_c: Floats) -> tuple[Floats, Floats]:
        """Heat and its cost with what the frost guard needs; ``still_c`` is the room at the step's end without any."""
        heat, paid = self.heat_kw[:, step, None], self.cost[:, step, None]
        rise, full = float(self.model.heat_k_per_kw[0]), float(self.full_kw[step])
        missing_k = np.maximum(self.model.frost_guard_c - still_c, 0.0)
        needed = np.minimum(missing_k / rise, full) if rise > 0 else np.where(missing_k > 0, full, 0.0)
        more = np.maximum(needed - heat, 0.0)
        dearer = (self.full_cost[step] - paid) / np.maximum(full - heat, LEAST_KW)
        return heat + more, paid + dearer * more

    def _most_kw(self, still_c: Floats) -> Floats:
        """Heat up to which neither room nor mass ends the step above its limit; ``still_c`` is its end without any."""
        most = np.full(still_c.shape[1:], np.inf)
        for still, limit_c, rise in zip(still_c, self.model.limits_c, self.model.heat_k_per_kw, strict=True):
            if rise > 0:
                most = np.minimum(most, np.maximum(limit_c - still, 0.0) / rise)
        return most

    def _discomfort(self, step: int, room_c: Floats) -> Floats:
        model = self.model
        cold = model.cold_price * np.maximum(model.low_c[step] - room_c, 0.0)
        hot = model.heat_price * np.maximum(room_c - model.high_c[step], 0.0)
        return np.asarray(cold + hot + model.frost_price * np.maximum(model.frost_guard_c - room_c, 0.0))
