"""Billing periods: calendar months, months from an anchor day, meter read dates, years."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.time import Interval, local_midnight

LAST_DAY_OF_MONTH = 31


class Cycle(StrEnum):
    """How billing periods follow each other."""

    CALENDAR_MONTH = "calendar_month"
    ANCHOR_DAY = "anchor_day"
    READ_DATES = "read_dates"
    YEAR = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingCycle:
    """When a billing period begins, at local midnight of the tariff's zone.

    Parameters
    ----------
    cycle : Cycle
        Kind of period.
    anchor_day : int
        First day of each period with ``ANCHOR_DAY``, 1 to 31; in a shorter month its last day.
    read_dates : tuple of date
        First days of the periods with ``READ_DATES``, rising. After the last one, periods are assumed to go on
        monthly from that day of the month, until the next date is written down.
    year_start : (month, day)
        First day of the period with ``YEAR``.

    Raises
    ------
    InvalidInputError
        For an anchor day outside 1 to 31, or read dates that are fewer than two or do not rise.
    """

    cycle: Cycle = Cycle.CALENDAR_MONTH
    anchor_day: int = 1
    read_dates: tuple[date, ...] = ()
    year_start: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        if not 1 <= self.anchor_day <= LAST_DAY_OF_MONTH:
            message = f"billing.anchor_day: {self.anchor_day} must be 1 to 31"
            raise InvalidInputError(message)
        if self.year_start == (2, 29):
            message = "billing.starts: 02-29 is missing in most years; use 03-01"
            raise InvalidInputError(message)
        if self.cycle is not Cycle.READ_DATES:
            return
        pairs = zip(self.read_dates, self.read_dates[1:], strict=False)
        if len(self.read_dates) < 2 or any(after <= before for before, after in pairs):  # noqa: PLR2004 - a span has two ends
            message = "billing.dates: needs at least two dates that rise, each the first day of a period"
            raise InvalidInputError(message)

    def first_day(self, day: date) -> date:
        """Return the first day of the billing period that contains the local ``day``.

        Raises
        ------
        InvalidInputError
            For a day before the first read date.
        """
        match self.cycle:
            case Cycle.CALENDAR_MONTH:
                return day.replace(day=1)
            case Cycle.ANCHOR_DAY:
                return _anchored(day, self.anchor_day)
            case Cycle.YEAR:
                start = date(day.year, *self.year_start)
                return start if start <= day else date(day.year - 1, *self.year_start)
            case Cycle.READ_DATES:
                return self._last_reading(day)

    def next_first_day(self, first: date) -> date:
        """Return the first day of the period after the one that begins on ``first``."""
        match self.cycle:
            case Cycle.CALENDAR_MONTH | Cycle.ANCHOR_DAY:
                return _month_later(first, self.anchor_day)
            case Cycle.YEAR:
                return date(first.year + 1, *self.year_start)
            case Cycle.READ_DATES:
                later = [reading for reading in self.read_dates if reading > first]
                return later[0] if later else _month_later(first, self.read_dates[-1].day)

    def _last_reading(self, day: date) -> date:
        if day < self.read_dates[0]:
            message = f"billing.dates: {day} is before the first read date {self.read_dates[0]}; add the earlier ones"
            raise InvalidInputError(message)
        if day >= self.read_dates[-1]:
            return max(self.read_dates[-1], _anchored(day, self.read_dates[-1].day))
        return max(reading for reading in self.read_dates if reading <= day)


@lru_cache(maxsize=256)
def billing_period(cycle: BillingCycle, day: date, zone: ZoneInfo) -> Interval:
    """Return the billing period that contains the local ``day``, from local midnight to local midnight."""
    first = cycle.first_day(day)
    return Interval(local_midnight(first, zone), local_midnight(cycle.next_first_day(first), zone))


def billing_periods(cycle: BillingCycle, span: Interval, zone: ZoneInfo) -> list[Interval]:
    """Return the billing periods that overlap ``span``, in order, whole."""
    periods = [billing_period(cycle, _local_date(span.start, zone), zone)]
    while periods[-1].end < span.end:
        periods.append(billing_period(cycle, _local_date(periods[-1].end, zone), zone))
    return periods


def _local_date(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def _anchored(day: date, anchor_day: int) -> date:
    this_month = _day_of_month(day.year, day.month, anchor_day)
    if this_month <= day:
        return this_month
    return _day_of_month(day.year - (day.month == 1), (day.month - 2) % 12 + 1, anchor_day)


def _month_later(first: date, anchor_day: int) -> date:
    return _day_of_month(first.year + (first.month == 12), first.month % 12 + 1, anchor_day)  # noqa: PLR2004 - December


def _day_of_month(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))
