"""Heat in the plan answer: what a heat pump gives, and how warm it gets."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from voltherm.domain.assets import HeatMode, HeatPump
from voltherm.domain.plan import HeatPlan, HeatReason

SHOWN_DECIMALS = 9
"""As the other series of the answer."""


class HeatAnswer(BaseModel):
    """What a heat pump and its building do: means of the steps, and temperatures at their edges, by room."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    heat_kw: dict[str, list[float]]
    compressor_kw: list[float]
    backup_kw: list[float]
    cop: list[float]
    room_c: dict[str, list[float]]
    mass_c: dict[str, list[float]]
    modes: list[HeatMode] | None
    reasons: list[HeatReason]

    def lengths(self) -> Iterator[tuple[str, int]]:
        """Yield the name of each series and how many steps it tells."""
        yield from (("compressor_kw", len(self.compressor_kw)), ("backup_kw", len(self.backup_kw)))
        yield from (("cop", len(self.cop)), ("reasons", len(self.reasons)))
        if self.modes is not None:
            yield "modes", len(self.modes)
        yield from ((f"heat_kw.{room}", len(values)) for room, values in self.heat_kw.items())
        yield from ((f"room_c.{room}", len(values) - 1) for room, values in self.room_c.items())
        yield from ((f"mass_c.{room}", len(values) - 1) for room, values in self.mass_c.items())


def heat_to_document(heat: HeatPlan, pump: HeatPump) -> HeatAnswer:
    """Return the answer that tells what ``pump`` does by ``heat``."""
    rooms = [room.id for room in pump.building.rooms]
    with_mass = [room.id for room in pump.building.rooms if room.has_mass]
    airs, masses = heat.temps_c[:, : len(rooms)], heat.temps_c[:, len(rooms) :]
    return HeatAnswer(
        heat_kw=_by_room(rooms, heat.heat_kw),
        compressor_kw=_listed(heat.compressor_kw),
        backup_kw=_listed(heat.backup_kw),
        cop=_listed(heat.cop),
        room_c=_by_room(rooms, airs),
        mass_c=_by_room(with_mass, masses),
        modes=None if heat.modes is None else list(heat.modes),
        reasons=list(heat.reasons),
    )


def _by_room(rooms: list[str], values: NDArray[np.float64]) -> dict[str, list[float]]:
    return {room: _listed(column) for room, column in zip(rooms, values.T, strict=True)}


def _listed(values: NDArray[np.float64]) -> list[float]:
    rounded: list[float] = (np.round(values, SHOWN_DECIMALS) + 0.0).tolist()
    return rounded
