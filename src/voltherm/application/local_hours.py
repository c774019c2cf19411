"""The hours of a local day, 23 or 25 of them on the days of change."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from voltherm.domain.time import TimeGrid, local_day

HOUR: Final = timedelta(hours=1)
QUARTER: Final = timedelta(minutes=15)


def local_hours(day: date, zone: ZoneInfo) -> TimeGrid:
    """Return the hours of a local day.

    Where a zone changes by half an hour, the last of them ends in the next day.

    Parameters
    ----------
    day : date
        Local date.
    zone : ZoneInfo
        Of the day.
    """
    span = local_day(day, zone)
    return TimeGrid(span.start, HOUR, -((span.start - span.end) // HOUR))


def next_quarter(moment: datetime) -> datetime:
    """Return the first quarter-hour at or after ``moment``; every zone's offset is whole quarters."""
    rest = timedelta(seconds=moment.timestamp() % QUARTER.total_seconds())
    return moment + QUARTER - rest if rest else moment
