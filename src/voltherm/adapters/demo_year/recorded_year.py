"""A recorded year that repeats for ever, mapped to any instant by week of the year, weekday and wall clock."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.adapters.documents.series_csv import read_measurements
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements
from voltherm.domain.time import Interval, TimeGrid

HOUR: Final = timedelta(hours=1)
HOURS_PER_DAY: Final = 24
DAYS_PER_WEEK: Final = 7
SHOWN: Final = ("price_per_kwh", "t_helsinki_c", "t_oulu_c")
WEEKS: Final = 52
"""Weeks of ISO 8601 that every year has; a 53rd is shown as the 52nd."""


class RecordedYear:
    """Hourly columns of a calendar year.

    A local date is shown as the recorded date of the same ISO week and weekday, an hour by the wall clock. Where the
    recorded spring skipped an hour, the one before stands in for it; of the doubled hour in autumn the second is shown.

    Parameters
    ----------
    recorded : Measurements
        Hours in UTC; the columns hold every hour of the year's 52 ISO weeks.
    year : int
        The ISO year that is shown.
    zone : ZoneInfo
        Whose wall clock.
    """

    def __init__(self, recorded: Measurements, year: int, zone: ZoneInfo) -> None:
        self.zone = zone
        local = recorded.grid.local(zone)
        day = local.day_ordinal - date.fromisocalendar(year, 1, 1).toordinal()
        shown = (day >= 0) & (day < WEEKS * DAYS_PER_WEEK)
        at = day[shown], local.minute_of_day[shown] // 60
        self._tables = {name: _table(name, values[shown], at) for name, values in recorded.columns.items()}

    def values(self, name: str, grid: TimeGrid) -> NDArray[np.float64]:
        """Return what a column shows on a grid of hours, shape (n_steps,)."""
        local = grid.local(self.zone)
        ordinals, place = np.unique(local.day_ordinal, return_inverse=True)
        days = np.array([_recorded_day(int(ordinal)) for ordinal in ordinals], dtype=np.int64)
        return np.asarray(self._tables[name][days[place], local.minute_of_day // 60])


def hours_over(interval: Interval) -> Interval:
    """Return the whole hours that the interval touches."""
    start = interval.start.replace(minute=0, second=0, microsecond=0)
    return Interval(start, start + -(-(interval.end - start) // HOUR) * HOUR)


@cache
def recorded_finland() -> RecordedYear:
    """Return Finland in 2023; it is read once in the life of the program."""
    text = files("voltherm.adapters.demo_year").joinpath("fi_hourly_2023.csv").read_text(encoding="utf-8")
    recorded = read_measurements(text, ZoneInfo("UTC"), step=HOUR).measurements
    shown = Measurements(recorded.grid, {name: recorded.column(name) for name in SHOWN})
    return RecordedYear(shown, 2023, ZoneInfo("Europe/Helsinki"))


def _table(
    name: str, values: NDArray[np.float64], at: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> NDArray[np.float64]:
    """The column by day and hour, shape (364, 24)."""
    table = np.full((WEEKS * DAYS_PER_WEEK, HOURS_PER_DAY), np.nan)
    table[at] = values
    flat = table.ravel()
    skipped = np.flatnonzero(np.isnan(flat))
    if skipped.size > 1 or (skipped == 0).any():
        message = f"demo: {name} lacks {skipped.size} hours of the recorded year; record all of them"
        raise InvalidInputError(message)
    flat[skipped] = flat[skipped - 1]
    table.flags.writeable = False
    return table


def _recorded_day(ordinal: int) -> int:
    """Place of the recorded day that is shown on a date."""
    _, week, weekday = date.fromordinal(ordinal).isocalendar()
    return (min(week, WEEKS) - 1) * DAYS_PER_WEEK + weekday - 1
