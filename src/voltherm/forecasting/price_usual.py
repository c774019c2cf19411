"""The usual price: its course over the hours of each kind of day, and how much weekends lie below workdays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.time import TimeGrid
from voltherm.forecasting.history import History, by_day, n_slots, wall_clock
from voltherm.forecasting.price_weather import off_week
from voltherm.forecasting.profile import HALF_LIFE_DAYS, fit_profile, kinds_of, similarity, weighted_mean

DOUBT_DAYS: Final = 2.0
"""A kind of day that has come so often is believed half to differ from the others."""
LEAST_HOURS: Final = 12
"""Hours of a day that must be known for its mean."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsualPrice:
    """The usual price by kind of day and hour of the wall clock, as difference from the price of all hours.

    Parameters
    ----------
    zone : ZoneInfo
        Zone of the wall clock.
    holidays : frozenset of int
        Ordinals of days that are like Sundays.
    values : array, shape (8, 24)
        Monday to Sunday and holiday, on the price's scale.
    """

    zone: ZoneInfo
    holidays: frozenset[int]
    values: Array

    def at(self, hours: TimeGrid) -> Array:
        """Return the usual price of each hour of a grid."""
        days, slots = wall_clock(self.zone)(hours)
        return np.asarray(self.values[kinds_of(days, self.holidays), slots])


def fit_usual(hours: TimeGrid, z: Array, zone: ZoneInfo, holidays: frozenset[int]) -> UsualPrice:
    """Return the usual price of a history; recent days count for more, and kinds of day learn from each other.

    Parameters
    ----------
    hours : TimeGrid
        Whole hours.
    z : array, shape (n_hours,)
        Prices on their scale, NaN where missing.
    zone : ZoneInfo
        Zone of the wall clock.
    holidays : frozenset of int
        Ordinals of days that are like Sundays.
    """
    days, slots = wall_clock(zone)(hours)
    history = History(grid=hours, values=z, days=days, slots=slots)
    table = by_day(history, z, n_slots(hours.step))
    ordinals = np.arange(days[0], days[-1] + 1)
    kinds = kinds_of(ordinals, holidays)
    weights = similarity()[:, kinds] * 0.5 ** ((ordinals[-1] - ordinals) / HALF_LIFE_DAYS)
    known = (~np.isnan(table)).sum(axis=1)
    level = np.where(known >= LEAST_HOURS, np.nansum(table, axis=1) / np.maximum(known, 1), np.nan)
    shape = fit_profile(table - level[:, None], weights, kinds).usual
    return UsualPrice(zone=zone, holidays=holidays, values=shape + _offsets(level, weights)[:, None])


def _offsets(level: Array, weights: Array) -> Array:
    """How kinds of day differ from the week around them, drawn to zero where they have come seldom, shape (8,)."""
    apart, total = weighted_mean(off_week(level, reach=3)[:, None], weights)
    return np.nan_to_num(apart * total / (total + DOUBT_DAYS))[:, 0]
