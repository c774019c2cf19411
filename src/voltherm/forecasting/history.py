"""What a site's history says, brought onto the lattice of the forecast: one value a day and slot of the day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import VolthermError
from voltherm.domain.measurements import MeasurementView
from voltherm.domain.time import TimeGrid

DAY_S: Final = 86400

Clock = Callable[[TimeGrid], tuple[NDArray[np.int64], NDArray[np.int64]]]
"""Gives day and slot of the day of each step of a grid."""


class NoHistoryError(VolthermError):
    """Nothing was measured yet, so nothing can be forecast; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Past values on the forecast's lattice.

    Parameters
    ----------
    grid : TimeGrid
        Complete steps, as long as the forecast's and beginning at the same instants.
    values : array, shape (n_steps,)
        Interval means, short gaps bridged, NaN where missing.
    days, slots : array of int, shape (n_steps,)
        Day number and slot of the day of each step.
    """

    grid: TimeGrid
    values: NDArray[np.float64]
    days: NDArray[np.int64]
    slots: NDArray[np.int64]


def by_day(history: History, values: NDArray[np.float64], n_slots: int) -> NDArray[np.float64]:
    """Return values of the history's steps by day and slot, shape (n_days, n_slots), NaN where missing.

    Of a slot that comes twice on a day, as in autumn, the later value counts.
    """
    first = int(history.days[0])
    table = np.full((int(history.days[-1]) - first + 1, n_slots), np.nan)
    known = ~np.isnan(values)
    table[history.days[known] - first, history.slots[known]] = values[known]
    return table


def past(view: MeasurementView, column: str, grid: TimeGrid, clock: Clock, *, reach: timedelta) -> History | None:
    """Return what ``view`` knows of the last ``reach``, in steps like those of ``grid``; None when that is nothing."""
    known = view.since(view.now - reach) if column in view.names else None
    if known is None:
        return None
    same = known.bridged().resample(grid.step, anchor=grid.start)
    complete = min(same.grid.n_steps, (view.end - same.grid.start) // grid.step)
    if complete < 1:
        return None
    lattice = same.grid.part(0, complete)
    days, slots = clock(lattice)
    return History(grid=lattice, values=same.column(column)[:complete], days=days, slots=slots)


def lead_of(grid: TimeGrid, end: datetime) -> int:
    """Return how many whole steps lie between the end of the history and the begin of ``grid``; not below zero."""
    return max(0, (grid.start - end) // grid.step)


def n_slots(step: timedelta) -> int:
    """Return the slots of a day: its steps, at most one a minute."""
    return DAY_S // max(60, int(step.total_seconds()))


def wall_clock(zone: ZoneInfo) -> Clock:
    """Return the clock of people: local day (ordinal) and slot by the wall clock, also over 23 and 25 hours."""

    def day_and_slot(grid: TimeGrid) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        local = grid.local(zone)
        return local.day_ordinal, local.minute_of_day * 60 // max(60, grid.step_seconds)

    return day_and_slot


def sun_clock(grid: TimeGrid) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return day and slot in UTC: the sun keeps no summer time."""
    days, second_of_day = np.divmod(grid.epoch_seconds, DAY_S)
    return days, second_of_day // max(60, grid.step_seconds)
