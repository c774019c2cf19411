"""How often a monthly, yearly or daily charge falls into one billing period."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import assert_never
from zoneinfo import ZoneInfo

from voltherm.domain.time import Interval

DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / 12


class Per(StrEnum):
    """What one charge is for."""

    BILL = "bill"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class Proration(StrEnum):
    """How a charge is cut to the length of the billing period."""

    NONE = "none"
    """Whole months: 28, 30 and 31 days pay the same, a year's charge is paid in twelfths."""
    DAYS = "days"
    """By the share of the calendar months, or years, that the period covers."""
    DAYS_365_25 = "days_365_25"
    """The year's charge times days over 365.25."""


def days_in(period: Interval) -> int:
    """Return the number of local days of a billing period (of 23, 24 or 25 hours each)."""
    return round(period.hours / 24)


def nominal_months(period: Interval) -> int:
    """Return the whole number of months nearest to the period's length, at least one: 28 to 32 days are one month."""
    return max(1, round(days_in(period) / DAYS_PER_MONTH))


@lru_cache(maxsize=1024)
def times_charged(per: Per, proration: Proration, period: Interval, zone: ZoneInfo) -> float:
    """Return how many times a charge ``per`` day, month or year falls into the period.

    Parameters
    ----------
    per : Per
        What one charge is for; once a bill and per day know no proration.
    proration : Proration
        How months and years are cut.
    period : Interval
        The billing period, between local midnights.
    zone : ZoneInfo
        Zone of those midnights.
    """
    if per is Per.BILL:
        return 1.0
    days = days_in(period)
    if per is Per.DAY:
        return float(days)
    match proration:
        case Proration.NONE:
            months = float(nominal_months(period))
        case Proration.DAYS_365_25:
            months = 12 * days / DAYS_PER_YEAR
        case Proration.DAYS:
            return _calendar_share(per, period, zone)
        case _:
            assert_never(proration)
    return months if per is Per.MONTH else months / 12


def _calendar_share(per: Per, period: Interval, zone: ZoneInfo) -> float:
    first, end = (moment.astimezone(zone).date() for moment in (period.start, period.end))
    share, day = 0.0, first
    while day < end:
        if per is Per.MONTH:
            length = calendar.monthrange(day.year, day.month)[1]
            following = day.replace(day=1) + timedelta(days=length)
        else:
            length = 366 if calendar.isleap(day.year) else 365
            following = date(day.year + 1, 1, 1)
        following = min(following, end)
        share += (following - day).days / length
        day = following
    return share
