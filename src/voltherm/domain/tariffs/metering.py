"""Metering intervals: which parts of which steps form the means that a demand charge counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.tariffs.windows import ALWAYS, When
from voltherm.domain.time import Interval, TimeGrid, local_day

MINUTES_PER_HOUR = 60
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Bucket(StrEnum):
    """Of which group of metering intervals only the highest counts."""

    NONE = "none"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metering:
    """How the means of one demand component are formed.

    Parameters
    ----------
    interval_minutes : int or None
        Length of the metering interval, aligned to the local clock's hour; a divisor of 60. None: one mean a local
        day, over all of ``when`` of that day (E10).
    when : When
        An interval counts when its start does. With one mean a day, exactly the time inside counts.
    weights : tuple of (When, factor)
        Factors on the mean of an interval whose start lies in the When; several multiply. Not with one mean a day.
    bucket : Bucket
        Whether every interval is a value of its own, or only the highest of a local day or ISO week is.

    Raises
    ------
    InvalidInputError
        For an interval that does not divide the hour, a negative factor, or weights with one mean a day.
    """

    interval_minutes: int | None = 15
    when: When = ALWAYS
    weights: tuple[tuple[When, float], ...] = ()
    bucket: Bucket = Bucket.NONE

    def __post_init__(self) -> None:
        minutes = self.interval_minutes
        if minutes is not None and (minutes < 1 or MINUTES_PER_HOUR % minutes):
            message = f"interval_minutes: {minutes} must divide 60, such as 15, 30 or 60"
            raise InvalidInputError(message)
        if any(not 0 <= factor < math.inf for _, factor in self.weights):
            message = "weight: factors must be finite and not negative"
            raise InvalidInputError(message)
        if minutes is None and self.weights:
            message = "weight: with interval_minutes: window there is one mean a day; leave the weight out"
            raise InvalidInputError(message)
        if minutes is None and self.bucket is Bucket.NONE:
            message = "interval_minutes: window gives one mean a day; bucket must be day or week"
            raise InvalidInputError(message)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeteredIntervals:
    """The counted metering intervals of one billing period on one grid, in time order.

    Parameters
    ----------
    step, interval : NDArray of int, shape (m,)
        Pairs of a step and an interval that share time.
    hours : NDArray, shape (m,)
        Time that each pair shares. [h]
    known_h : NDArray, shape (n_intervals,)
        Time of each interval that lies in the grid. [h]
    start_s : NDArray of int, shape (n_intervals,)
        Start of each interval, seconds since 1970; it may lie before the grid.
    last_end_s : int
        End of the last interval; it may lie after the grid.
    factor : NDArray, shape (n_intervals,)
        Weight of each interval's mean.
    bucket_id : NDArray of int, shape (n_intervals,)
        Start of the interval [s], local day ordinal, or ordinal of the week's Monday; never falling.
    """

    step: Integers
    interval: Integers
    hours: Floats
    known_h: Floats
    start_s: Integers
    last_end_s: int
    factor: Floats
    bucket_id: Integers


def bucket_key(bucket: Bucket, bucket_id: int) -> str:
    """Return the name of a bucket in the ledger: an instant, a date, or an ISO week."""
    match bucket:
        case Bucket.NONE:
            return datetime.fromtimestamp(bucket_id, UTC).isoformat()
        case Bucket.DAY:
            return date.fromordinal(bucket_id).isoformat()
        case Bucket.WEEK:
            year, week, _ = date.fromordinal(bucket_id).isocalendar()
            return f"{year}-W{week:02d}"


def bucket_first_day(key: str) -> date | None:
    """Return the first day of a day or week bucket by its key; None for other keys."""
    try:
        if "-W" in key:
            return date.fromisocalendar(int(key[:4]), int(key[6:]), 1)
        return date.fromisoformat(key)
    except ValueError:
        return None


def interval_of(metering: Metering, start: datetime, zone: ZoneInfo) -> tuple[float, str]:
    """Return weight and bucket key of the metering interval that starts at ``start``."""
    minutes = metering.interval_minutes or 15
    clock = TimeGrid(start, timedelta(minutes=minutes), 1)
    bucket_id = int(_bucket_ids(metering, clock, zone)[0])
    return float(_factors(metering, clock, zone)[0]), bucket_key(metering.bucket, bucket_id)


def interval_end(metering: Metering, start: datetime, zone: ZoneInfo) -> datetime:
    """Return the end of the metering interval that starts at ``start``."""
    if metering.interval_minutes is not None:
        return start + timedelta(minutes=metering.interval_minutes)
    return local_day(start.astimezone(zone).date(), zone).end


@lru_cache(maxsize=256)
def metered_intervals(metering: Metering, grid: TimeGrid, zone: ZoneInfo, period: Interval) -> MeteredIntervals | None:
    """Return the counted intervals of ``period`` on ``grid``; None when there is none.

    A step longer than the interval is cut into intervals of the same power. A shorter one is part of an interval; an
    interval that the grid covers in part has the mean over that part: what is not known does not count as metered.
    """
    if metering.interval_minutes is None:
        return _day_means(metering, grid, zone, period)
    length_s = MINUTES_PER_HOUR * metering.interval_minutes
    first_s = _aligned_start(grid, zone, length_s)
    grid_end_s = int(grid.epoch_seconds[0]) + grid.n_steps * grid.step_seconds
    n_clock = -((first_s - grid_end_s) // length_s)
    if first_s == grid.epoch_seconds[0] and length_s == grid.step_seconds:
        clock = grid
    else:
        clock = TimeGrid(datetime.fromtimestamp(first_s, UTC), timedelta(seconds=length_s), n_clock)
    counts = metering.when.holds_at(clock, zone) & _inside(clock.epoch_seconds, period)
    kept = np.flatnonzero(counts)
    if not len(kept):
        return None
    step, interval, unit_s = _pieces(grid, clock, counts)
    hours = np.full(len(step), unit_s / 3600)
    return MeteredIntervals(
        step=step,
        interval=interval,
        hours=hours,
        known_h=_summed(hours, interval, len(kept)),
        start_s=clock.epoch_seconds[kept],
        last_end_s=int(clock.epoch_seconds[kept[-1]]) + length_s,
        factor=_factors(metering, clock, zone)[kept],
        bucket_id=_bucket_ids(metering, clock, zone)[kept],
    )


def _pieces(grid: TimeGrid, clock: TimeGrid, counts: NDArray[np.bool_]) -> tuple[Integers, Integers, int]:
    """Step and interval of each piece of time that belongs to one of each, and its length. [s]."""
    renumbered = np.cumsum(counts) - 1
    if clock is grid:
        return np.flatnonzero(counts), renumbered[counts], grid.step_seconds
    first_s, length_s = int(clock.epoch_seconds[0]), clock.step_seconds
    grid_start_s = int(grid.epoch_seconds[0])
    unit_s = math.gcd(grid.step_seconds, length_s, grid_start_s - first_s)
    per_step = grid.step_seconds // unit_s
    starts_s = grid_start_s + unit_s * np.arange(grid.n_steps * per_step, dtype=np.int64)
    interval = (starts_s - first_s) // length_s
    kept = counts[interval]
    step = np.repeat(np.arange(grid.n_steps, dtype=np.int64), per_step)
    return step[kept], renumbered[interval[kept]], unit_s


def _day_means(metering: Metering, grid: TimeGrid, zone: ZoneInfo, period: Interval) -> MeteredIntervals | None:
    unit_s = metering.when.resolution_s(grid)
    per_step = grid.step_seconds // unit_s
    fine = grid if per_step == 1 else TimeGrid(grid.start, timedelta(seconds=unit_s), grid.n_steps * per_step)
    pieces = np.flatnonzero(metering.when.holds_at(fine, zone) & _inside(fine.epoch_seconds, period))
    if not len(pieces):
        return None
    days, interval = np.unique(fine.local(zone).day_ordinal[pieces], return_inverse=True)
    spans = [local_day(date.fromordinal(int(day)), zone) for day in days]
    hours = np.full(len(pieces), unit_s / 3600)
    return MeteredIntervals(
        step=pieces // per_step,
        interval=interval,
        hours=hours,
        known_h=_summed(hours, interval, len(days)),
        start_s=np.array([int(span.start.timestamp()) for span in spans]),
        last_end_s=int(spans[-1].end.timestamp()),
        factor=np.ones(len(days)),
        bucket_id=_week_start(days) if metering.bucket is Bucket.WEEK else days,
    )


def _summed(values: Floats, index: Integers, size: int) -> Floats:
    """Sum of the values by index."""
    return np.bincount(index, values, size).astype(np.float64, copy=False)


def _aligned_start(grid: TimeGrid, zone: ZoneInfo, length_s: int) -> int:
    """Start of the metering interval, aligned to the local clock's hour, in which the grid begins. [s]."""
    start_s = int(grid.epoch_seconds[0])
    offset = grid.start.astimezone(zone).utcoffset() or timedelta(0)
    shift_s = int(offset.total_seconds()) % length_s
    return (start_s + shift_s) // length_s * length_s - shift_s


def _inside(epoch_s: Integers, period: Interval) -> NDArray[np.bool_]:
    return (epoch_s >= int(period.start.timestamp())) & (epoch_s < int(period.end.timestamp()))


def _factors(metering: Metering, clock: TimeGrid, zone: ZoneInfo) -> Floats:
    factor = np.ones(clock.n_steps)
    for when, weight in metering.weights:
        factor[when.holds_at(clock, zone)] *= weight
    return factor


def _bucket_ids(metering: Metering, clock: TimeGrid, zone: ZoneInfo) -> Integers:
    match metering.bucket:
        case Bucket.NONE:
            return clock.epoch_seconds
        case Bucket.DAY:
            return clock.local(zone).day_ordinal
        case Bucket.WEEK:
            return _week_start(clock.local(zone).day_ordinal)


def _week_start(day_ordinal: Integers) -> Integers:
    """Ordinal of the Monday; ordinal 1 was a Monday."""
    return day_ordinal - (day_ordinal - 1) % 7
