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

USUAL_OFFSET: Final = 0.5
"""Kinds of day differ by about so much, on the price's scale: half the width of all prices."""
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
    return UsualPrice(zone=zone, holidays=holidays, values=shape + _offsets(level, weights, kinds)[:, None])


def _offsets(level: Array, weights: Array, kinds: NDArray[np.int64]) -> Array:
    """How kinds of day differ from the week around them, shape (8,).

    Means drawn to zero where days of a kind are few for how much they differ among themselves (the mean of a normal
    distribution with known variances, given ``USUAL_OFFSET`` as its prior).
    """
    apart = off_week(level, reach=3)
    mean, total = (each[:, 0] for each in weighted_mean(apart[:, None], weights))
    noise = float(np.nanmean(np.square(apart - mean[kinds]))) if np.isfinite(apart).any() else 0.0
    return np.nan_to_num(mean * total / (total + noise / USUAL_OFFSET**2))
