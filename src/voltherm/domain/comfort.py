"""Comfort: the band of room temperature that people want, over the day and the week."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.time import MINUTES_PER_DAY, TimeGrid

LEAST_TEMP_C, MOST_TEMP_C = 5.0, 35.0
"""Bands outside these are taken for a mistake in the unit or the sign. [degC]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComfortWindow:
    """Another band at certain local times.

    Parameters
    ----------
    days : frozenset of int
        Weekdays on which the window begins, 0 is Monday.
    start_minute, end_minute : int
        Local clock, minutes after midnight; an end at or before the start lies on the next day.
    low_c, high_c : float
        The band. [degC]
    """

    days: frozenset[int]
    start_minute: int
    end_minute: int
    low_c: float
    high_c: float

    def __post_init__(self) -> None:
        if not self.days or not self.days <= frozenset(range(7)):
            message = f"comfort window: days are {sorted(self.days)}, must be one or more of 0 (Monday) to 6"
            raise InvalidInputError(message)
        for name in ("start_minute", "end_minute"):
            if not 0 <= getattr(self, name) <= MINUTES_PER_DAY:
                message = f"comfort window: {name} is {getattr(self, name)}, must be 0 to {MINUTES_PER_DAY}"
                raise InvalidInputError(message)
        _require_band("comfort window", self.low_c, self.high_c)

    def holds(self, weekday: NDArray[np.int64], minute: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether the window is open at each local time."""
        today = np.isin(weekday, list(self.days))
        if self.end_minute > self.start_minute:
            return np.asarray(today & (minute >= self.start_minute) & (minute < self.end_minute))
        yesterday = np.isin((weekday - 1) % 7, list(self.days))
        return np.asarray((today & (minute >= self.start_minute)) | (yesterday & (minute < self.end_minute)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comfort:
    """The band that a plan keeps, softly: leaving it is priced by how far and how long.

    Parameters
    ----------
    low_c, high_c : float
        The band outside all windows. [degC]
    windows : tuple of ComfortWindow
        Later ones win.
    cold_price_per_kh, heat_price_per_kh : float or None
        Price of an hour one kelvin below, or above, in the site's currency; None prices it so high that no tariff pays
        for it.

    Raises
    ------
    InvalidInputError
        For a band that is empty or outside 5 to 35 degC, or a negative price.
    """

    low_c: float = 20.0
    high_c: float = 23.0
    windows: tuple[ComfortWindow, ...] = ()
    cold_price_per_kh: float | None = None
    heat_price_per_kh: float | None = None

    def __post_init__(self) -> None:
        _require_band("comfort", self.low_c, self.high_c)
        for name in ("cold_price_per_kh", "heat_price_per_kh"):
            price = getattr(self, name)
            if price is not None and not 0 <= price < float("inf"):
                message = f"comfort: {name} is {price}, must be finite and at least 0, or absent"
                raise InvalidInputError(message)

    @property
    def least_c(self) -> float:
        """Lowest lower edge of the day and the week. [degC]."""
        return min(self.low_c, *(window.low_c for window in self.windows)) if self.windows else self.low_c

    @property
    def most_c(self) -> float:
        """Highest upper edge of the day and the week. [degC]."""
        return max(self.high_c, *(window.high_c for window in self.windows)) if self.windows else self.high_c

    def band(self, grid: TimeGrid, zone: ZoneInfo) -> ComfortBand:
        """Return the band of each step: what holds at the step's end, and between its start and end with it.

        Parameters
        ----------
        grid : TimeGrid
            The steps.
        zone : ZoneInfo
            Of the windows' clock: the site's.
        """
        return _band(self, grid, zone)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComfortBand:
    """The band on a grid.

    Parameters
    ----------
    low_c, high_c : NDArray, shape (n_steps,)
        Edges for the temperature at the end of each step. [degC]
    """

    low_c: NDArray[np.float64]
    high_c: NDArray[np.float64]


@lru_cache(maxsize=256)
def _band(comfort: Comfort, grid: TimeGrid, zone: ZoneInfo) -> ComfortBand:
    low, high = np.full(grid.n_steps, comfort.low_c), np.full(grid.n_steps, comfort.high_c)
    if comfort.windows:
        local = grid.local(zone)
        for window in comfort.windows:
            holds = window.holds(local.weekday, local.minute_of_day)
            low[holds], high[holds] = window.low_c, window.high_c
    low.flags.writeable = high.flags.writeable = False
    return ComfortBand(low_c=low, high_c=high)


def _require_band(where: str, low_c: float, high_c: float) -> None:
    if not LEAST_TEMP_C <= low_c <= high_c <= MOST_TEMP_C:
        message = (
            f"{where}: low_c is {low_c} and high_c {high_c}; "
            f"must be {LEAST_TEMP_C:g} <= low_c <= high_c <= {MOST_TEMP_C:g} degC"
        )
        raise InvalidInputError(message)
