"""Instants, half-open intervals, and the one time grid that every problem lives on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import InvalidInputError

MINUTES_PER_DAY = 1440

BLOCK_STEPS = 1024
"""Calendars are worked out for so many steps at once: ten days of quarter-hours."""


def utc_instant(moment: datetime, name: str = "time") -> datetime:
    """Return the same instant in UTC.

    Raises
    ------
    InvalidInputError
        When ``moment`` carries no zone: a naive time is a guess about the reader's zone.
    """
    if moment.tzinfo is None:
        message = f"{name}: {moment.isoformat()} has no zone; write it as UTC ('Z') or with an offset"
        raise InvalidInputError(message)
    return moment.astimezone(UTC)


def zone_named(name: str) -> ZoneInfo:
    """Return the IANA zone of that name, such as ``Europe/Helsinki``.

    Raises
    ------
    InvalidInputError
        When the time zone database knows no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"zone: {name!r} is not in the IANA time zone database; use a name such as 'Europe/Helsinki'"
        raise InvalidInputError(message) from error


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """The half-open span ``[start, end)`` between two UTC instants."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", utc_instant(self.start, "start"))
        object.__setattr__(self, "end", utc_instant(self.end, "end"))
        if self.end <= self.start:
            message = f"interval: end {self.end.isoformat()} is not after start {self.start.isoformat()}"
            raise InvalidInputError(message)

    @property
    def hours(self) -> float:
        """Length. [h]."""
        return (self.end - self.start) / timedelta(hours=1)

    def contains(self, moment: datetime) -> bool:
        """Whether ``moment`` lies in ``[start, end)``."""
        return self.start <= moment < self.end

    def __str__(self) -> str:
        return f"{self.start.isoformat()}/{self.end.isoformat()}"


@dataclass(frozen=True)
class TimeGrid:
    """``n_steps`` adjacent half-open steps of equal length, the first beginning at ``start``.

    Parameters
    ----------
    start : datetime
        First instant, aware; kept in UTC.
    step : timedelta
        Length of a step; whole seconds that divide an hour, or whole hours that divide a day.
    n_steps : int
        Number of steps, at least one.

    Raises
    ------
    InvalidInputError
        For a naive start, a step that does not divide the hour or the day, or no steps.
    """

    start: datetime
    step: timedelta
    n_steps: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", utc_instant(self.start, "grid.start"))
        seconds = self.step.total_seconds()
        divides_hour = 0 < seconds <= 3600 and 3600 % seconds == 0  # noqa: PLR2004 - seconds of an hour
        divides_day = seconds > 0 and seconds % 3600 == 0 and 86400 % seconds == 0
        if not (divides_hour or divides_day):
            message = f"grid.step: {self.step} must divide an hour, or be whole hours that divide a day"
            raise InvalidInputError(message)
        if self.n_steps < 1:
            message = f"grid.steps: {self.n_steps} must be at least 1"
            raise InvalidInputError(message)

    @classmethod
    def over(cls, interval: Interval, step: timedelta) -> TimeGrid:
        """Return the grid that fills ``interval`` with whole steps."""
        n_steps, rest = divmod(interval.end - interval.start, step)
        if rest:
            message = f"grid: {interval} is not a whole number of steps of {step}"
            raise InvalidInputError(message)
        return cls(interval.start, step, n_steps)

    @property
    def end(self) -> datetime:
        """First instant after the last step."""
        return self.start + self.n_steps * self.step

    @property
    def interval(self) -> Interval:
        """The whole span of the grid."""
        return Interval(self.start, self.end)

    @cached_property
    def step_h(self) -> float:
        """Length of a step. [h]."""
        return self.step / timedelta(hours=1)

    @cached_property
    def step_seconds(self) -> int:
        """Length of a step. [s]."""
        return int(self.step.total_seconds())

    @cached_property
    def epoch_seconds(self) -> NDArray[np.int64]:
        """Start of each step as seconds since 1970-01-01 UTC, shape (n_steps,)."""
        first = int(self.start.timestamp())
        values = first + np.arange(self.n_steps, dtype=np.int64) * self.step_seconds
        values.flags.writeable = False
        return values

    def time_of(self, index: int) -> datetime:
        """Return the start of step ``index``; ``n_steps`` gives the end of the grid."""
        return self.start + index * self.step

    def times(self) -> list[datetime]:
        """Return the start of every step, in UTC."""
        return [self.start + index * self.step for index in range(self.n_steps)]

    def index_of(self, moment: datetime) -> int:
        """Return the index of the step that contains ``moment``.

        Raises
        ------
        InvalidInputError
            When ``moment`` is outside the grid.
        """
        index = (utc_instant(moment) - self.start) // self.step
        if not 0 <= index < self.n_steps:
            message = f"time: {moment.isoformat()} is outside the grid {self.interval}"
            raise InvalidInputError(message)
        return int(index)

    def part(self, first: int, n_steps: int) -> TimeGrid:
        """Return the grid of ``n_steps`` steps that begins at step ``first``."""
        return TimeGrid(self.time_of(first), self.step, n_steps)

    @cached_property
    def block(self) -> tuple[TimeGrid, slice]:
        """A longer grid that many neighbours of this one share, and where this one lies in it.

        Calendars are worked out on it and cut, so that a plan that begins a step later finds them done.
        """
        first, rest = divmod(int(self.epoch_seconds[0]), self.step_seconds)
        if rest:
            return self, slice(0, self.n_steps)
        offset = first % BLOCK_STEPS
        n_steps = -(-(offset + self.n_steps) // BLOCK_STEPS) * BLOCK_STEPS
        return TimeGrid(self.start - offset * self.step, self.step, n_steps), slice(offset, offset + self.n_steps)

    def local(self, zone: ZoneInfo) -> LocalTimes:
        """Return the wall-clock fields of every step's start in ``zone``."""
        block, part = self.block
        return _local_times(block, zone).cut(part)


@dataclass(frozen=True)
class LocalTimes:
    """Wall-clock fields of the starts of a grid's steps; each an array of shape (n_steps,)."""

    day_ordinal: NDArray[np.int64]
    """Proleptic Gregorian ordinal of the local date, as ``date.toordinal``."""
    minute_of_day: NDArray[np.int64]
    """Minutes since local midnight by the wall clock, 0 to 1439."""
    weekday: NDArray[np.int64]
    """Monday 0 to Sunday 6."""
    month: NDArray[np.int64]
    """January 1 to December 12."""
    year: NDArray[np.int64]
    """Calendar year."""

    def cut(self, part: slice) -> LocalTimes:
        """Return the fields of some adjacent steps."""
        return LocalTimes(
            self.day_ordinal[part], self.minute_of_day[part], self.weekday[part], self.month[part], self.year[part]
        )


_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_ORDINAL_ONE_IS_MONDAY = 6


@lru_cache(maxsize=64)
def _local_times(grid: TimeGrid, zone: ZoneInfo) -> LocalTimes:
    local_seconds = grid.epoch_seconds + _utc_offset_seconds(grid, zone)
    days, second_of_day = np.divmod(local_seconds, 86400)
    calendar = days.astype("datetime64[D]")
    months = calendar.astype("datetime64[M]").astype(np.int64)
    fields = (
        days + _EPOCH_ORDINAL,
        second_of_day // 60,
        (days + _EPOCH_ORDINAL + _ORDINAL_ONE_IS_MONDAY) % 7,
        months % 12 + 1,
        months // 12 + 1970,
    )
    for values in fields:
        values.flags.writeable = False
    return LocalTimes(*fields)


def _utc_offset_seconds(grid: TimeGrid, zone: ZoneInfo) -> NDArray[np.int64]:
    """Offset of local from UTC at each step; asked of the zone once a quarter-day where nothing changes."""
    offsets = np.empty(grid.n_steps, dtype=np.int64)
    block = max(1, 6 * 3600 // grid.step_seconds)
    for first in range(0, grid.n_steps, block):
        last = min(first + block, grid.n_steps)
        at_first, at_last = (_offset_at(grid.time_of(index), zone) for index in (first, last - 1))
        if at_first == at_last:
            offsets[first:last] = at_first
        else:
            offsets[first:last] = [_offset_at(grid.time_of(index), zone) for index in range(first, last)]
    return offsets


def _offset_at(moment: datetime, zone: ZoneInfo) -> int:
    offset = moment.astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def local_midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of the local ``day``, in UTC (the first one that exists, where midnight is skipped)."""
    naive = datetime.combine(day, time(0))
    instant = naive.replace(tzinfo=zone).astimezone(UTC)
    while instant.astimezone(zone).date() < day:
        instant += timedelta(minutes=15)
    return instant


def local_day(day: date, zone: ZoneInfo) -> Interval:
    """Return the local calendar day as an interval of 23, 24 or 25 hours."""
    return Interval(local_midnight(day, zone), local_midnight(day + timedelta(days=1), zone))
