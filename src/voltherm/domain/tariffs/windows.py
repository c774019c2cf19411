"""When a price or a demand charge counts: local clock windows, day types, months, dates and holidays."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.time import MINUTES_PER_DAY, LocalTimes, TimeGrid

ALL_DAY = ((0, MINUTES_PER_DAY),)
ALL_DAYS = frozenset(range(7))
ALL_MONTHS = frozenset(range(1, 13))
SUNDAY = 6


class HolidayTreatment(StrEnum):
    """What a holiday does to the day type."""

    SUNDAY = "sunday"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class HolidayRule:
    """The holidays of one component, already resolved into dates by whoever read the tariff.

    Parameters
    ----------
    calendar : str
        Name of the calendar, such as ``NO`` or ``US-CA``; for display and round trips only.
    treatment : HolidayTreatment
        ``SUNDAY``: a holiday counts as a Sunday; ``IGNORE``: it counts as the weekday it is.
    observed, only, add : str, tuple of str, tuple of str
        How the dates were chosen; for round trips only.
    days : frozenset of int
        Proleptic Gregorian ordinals of the holidays; empty when ignored.
    first_day, end_day : date
        The dates ``[first_day, end_day)`` for which ``days`` is complete.
    """

    calendar: str
    treatment: HolidayTreatment = HolidayTreatment.SUNDAY
    observed: str = "none"
    only: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    days: frozenset[int] = frozenset()
    first_day: date = date(2000, 1, 1)
    end_day: date = date(2051, 1, 1)

    def holds(self, day_ordinal: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether each day is a holiday that changes the day type.

        Raises
        ------
        InvalidInputError
            For a day outside the years for which the calendar was resolved.
        """
        table = _holiday_table(self)
        offset = day_ordinal - self.first_day.toordinal()
        if offset.size and (offset[0] < 0 or offset[-1] >= table.size):
            message = (
                f"holidays {self.calendar}: known for {self.first_day} to {self.end_day} only; "
                "resolve the calendar for more years"
            )
            raise InvalidInputError(message)
        return table[offset]


@lru_cache(maxsize=64)
def _holiday_table(rule: HolidayRule) -> NDArray[np.bool_]:
    first = rule.first_day.toordinal()
    table = np.zeros(rule.end_day.toordinal() - first, dtype=np.bool_)
    for ordinal in rule.days:
        if 0 <= ordinal - first < table.size:
            table[ordinal - first] = True
    return table


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The times that count, by the local clock: (own rule or any of ``also``) and none of ``unless``.

    Parameters
    ----------
    windows : tuple of (int, int)
        Half-open spans of the day as minutes since midnight, 0 to 1440; a span whose end is before its
        start wraps midnight, and then each part takes the day type of its own date.
    days : frozenset of int
        Weekdays that count, Monday 0 to Sunday 6, after holidays have been applied.
    months : frozenset of int
        Calendar months that count, 1 to 12.
    dates : ((month, day), (month, day)) or None
        Half-open span of the year that counts; it may wrap the new year.
    holidays : HolidayRule or None
        Dates that count as a Sunday.
    also, unless : tuple of When
        Further times that count; times that do not.

    Raises
    ------
    InvalidInputError
        For a window of no length or outside the day, a month or weekday that does not exist.
    """

    windows: tuple[tuple[int, int], ...] = ALL_DAY
    days: frozenset[int] = ALL_DAYS
    months: frozenset[int] = ALL_MONTHS
    dates: tuple[tuple[int, int], tuple[int, int]] | None = None
    holidays: HolidayRule | None = None
    also: tuple[When, ...] = ()
    unless: tuple[When, ...] = ()

    def __post_init__(self) -> None:
        for start, end in self.windows:
            if not (0 <= start < MINUTES_PER_DAY and 0 <= end <= MINUTES_PER_DAY) or start == end:
                message = f"window: {start} to {end} minutes must be two different times from 00:00 to 24:00"
                raise InvalidInputError(message)
        if not self.windows or not self.days or not self.months:
            message = "when: windows, days and months must each name at least one; leave the key out for all"
            raise InvalidInputError(message)
        if not (self.days <= ALL_DAYS and self.months <= ALL_MONTHS):
            message = f"when: days {sorted(self.days)} must be 0 to 6 and months {sorted(self.months)} 1 to 12"
            raise InvalidInputError(message)
        if self.dates is not None and self.dates[0] == self.dates[1]:
            message = "when: from and to are the same day, so nothing counts; leave both out for the whole year"
            raise InvalidInputError(message)

    @property
    def is_always(self) -> bool:
        """Whether every instant counts."""
        return self == ALWAYS

    def share(self, grid: TimeGrid, zone: ZoneInfo) -> NDArray[np.float64]:
        """Return the share of each step that counts, 0 to 1, shape (n_steps,), read-only.

        Exact for any step: a step that is cut by a window's edge has a fraction.
        """
        block, part = grid.block
        return _share(self, block, zone)[part]

    def holds_at(self, grid: TimeGrid, zone: ZoneInfo) -> NDArray[np.bool_]:
        """Return whether the start of each step counts, shape (n_steps,), read-only."""
        block, part = grid.block
        return _holds_at(self, block, zone)[part]

    def resolution_s(self, grid: TimeGrid) -> int:
        """Return the longest step that no edge of a window cuts and that divides the grid's step. [s]."""
        first = int(grid.start.timestamp())
        return math.gcd(grid.step_seconds, first, 60 * _edge_minutes(self))


ALWAYS = When()


@lru_cache(maxsize=256)
def _edge_minutes(when: When) -> int:
    """Greatest common divisor of a quarter-hour (zones shift by quarters) and every edge. [min]."""
    own = math.gcd(15, *(edge for window in when.windows for edge in window))
    return math.gcd(own, *(_edge_minutes(other) for other in when.also + when.unless))


@lru_cache(maxsize=256)
def _share(when: When, grid: TimeGrid, zone: ZoneInfo) -> NDArray[np.float64]:
    resolution_s = when.resolution_s(grid)
    if resolution_s == grid.step_seconds:
        share = when.holds_at(grid, zone).astype(np.float64)
    else:
        parts = grid.step_seconds // resolution_s
        fine = TimeGrid(grid.start, timedelta(seconds=resolution_s), grid.n_steps * parts)
        share = when.holds_at(fine, zone).reshape(-1, parts).mean(axis=1)
    share.flags.writeable = False
    return share


@lru_cache(maxsize=256)
def _holds_at(when: When, grid: TimeGrid, zone: ZoneInfo) -> NDArray[np.bool_]:
    holds = _holds(when, grid.local(zone))
    holds.flags.writeable = False
    return holds


def _holds(when: When, local: LocalTimes) -> NDArray[np.bool_]:
    holds = _minute_table(when.windows)[local.minute_of_day]
    if when.days != ALL_DAYS:
        weekday = local.weekday
        if when.holidays is not None:
            weekday = np.where(when.holidays.holds(local.day_ordinal), SUNDAY, weekday)
        holds &= _member_table(when.days, 7)[weekday]
    if when.months != ALL_MONTHS:
        holds &= _member_table(when.months, 13)[local.month]
    if when.dates is not None:
        holds &= _in_dates(when.dates, local)
    for other in when.also:
        holds |= _holds(other, local)
    for other in when.unless:
        holds &= ~_holds(other, local)
    return holds


def _in_dates(dates: tuple[tuple[int, int], tuple[int, int]], local: LocalTimes) -> NDArray[np.bool_]:
    first, end = (month * 100 + day for month, day in dates)
    # The day of the month follows from the ordinal: days since the first of the month.
    firsts = ((local.year - 1970) * 12 + local.month - 1).astype("datetime64[M]").astype("datetime64[D]")
    epoch = date(1970, 1, 1).toordinal()
    month_day = local.month * 100 + (local.day_ordinal - epoch - firsts.astype(np.int64)) + 1
    if first < end:
        return (month_day >= first) & (month_day < end)
    return (month_day >= first) | (month_day < end)


@lru_cache(maxsize=256)
def _minute_table(windows: tuple[tuple[int, int], ...]) -> NDArray[np.bool_]:
    table = np.zeros(MINUTES_PER_DAY, dtype=np.bool_)
    for start, end in windows:
        if start < end:
            table[start:end] = True
        else:
            table[start:] = True
            table[:end] = True
    return table


@lru_cache(maxsize=256)
def _member_table(members: frozenset[int], size: int) -> NDArray[np.bool_]:
    table = np.zeros(size, dtype=np.bool_)
    table[list(members)] = True
    return table
