"""The usual day: weighted means by kind of day and slot, and how far single days lie from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.forecasting.quantile import quantiles_by_column

HOLIDAY: Final = 7
"""Kind of a holiday; Monday to Sunday are 0 to 6."""
HALF_LIFE_DAYS: Final = 14.0
"""After so many days a day counts half."""
OUTLIER: Final = 4.0
"""A value further from the profile than this many times the usual distance counts as if it lay there."""
MOST_LEVERAGE: Final = 0.5
"""A day that makes up more than this share of its own profile is judged as if it were this share."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The usual day of each kind.

    Parameters
    ----------
    usual : array, shape (n_kinds, n_slots)
        Weighted mean; NaN where no day has the slot.
    spread : array, shape (n_kinds, n_slots)
        Root mean square of the residuals, positive.
    residuals : array, shape (n_days, n_slots)
        Value less the profile made without that day.
    """

    usual: Array
    spread: Array
    residuals: Array


def kinds_of(days: NDArray[np.int64], holidays: frozenset[int]) -> NDArray[np.int64]:
    """Return the kind of each day, given as ordinal: its weekday, or ``HOLIDAY``."""
    kinds = (days + 6) % 7
    if holidays:
        kinds = np.where(np.isin(days, np.fromiter(holidays, np.int64, len(holidays))), HOLIDAY, kinds)
    return np.asarray(kinds, dtype=np.int64)


def similarity() -> Array:
    """Return how much a day of one kind tells of another, shape (8, 8).

    Weekdays are alike, more than Saturday and Sunday are; a holiday is most like a Sunday. Nothing is zero, so that
    a kind that has not come yet is still forecast, from the days that there are.
    """
    alike = np.full((HOLIDAY + 1, HOLIDAY + 1), 0.02)
    alike[:5, :5] = 0.8
    alike[5:, 5:] = 0.4
    alike[6:, 6:] = 0.6
    np.fill_diagonal(alike, 1.0)
    return alike


def fit_profile(table: Array, weights: Array, kinds: NDArray[np.int64]) -> Profile:
    """Return the profile of each kind.

    Values are drawn in to ``OUTLIER`` times the median distance of their slot once, then averaged again (Huber's
    proposal, one step). The residual of a day is against the profile without it, r (W / (W - w)).

    Parameters
    ----------
    table : array, shape (n_days, n_slots)
        Values by day and slot, NaN where missing.
    weights : array, shape (n_kinds, n_days)
        How much each day counts for each kind.
    kinds : array of int, shape (n_days,)
        Kind of each day.
    """
    usual, _ = weighted_mean(table, weights)
    own = usual[kinds]
    distance = np.abs(table - own)
    reach = OUTLIER * 1.4826 * quantiles_by_column(distance, (0.5,))
    usual, total = weighted_mean(np.clip(table, own - reach, own + reach), weights)
    own_weight = weights[kinds, np.arange(kinds.size)][:, None]
    share = np.minimum(own_weight / np.maximum(total[kinds], 1e-300), MOST_LEVERAGE)
    residuals = (table - usual[kinds]) / (1 - share)
    spread = np.sqrt(np.maximum(smoothed(np.nan_to_num(weighted_mean(residuals**2, weights)[0])), 0.0))
    floor = 1e-3 * float(np.nanmean(np.abs(table))) + 1e-6
    return Profile(usual=filled(usual), spread=np.maximum(spread, floor), residuals=residuals)


def smoothed(values: Array, reach: int = 2) -> Array:
    """Return the mean over ``reach`` slots to either side, around midnight as well."""
    return np.asarray(np.mean([np.roll(values, shift, axis=-1) for shift in range(-reach, reach + 1)], axis=0))


def weighted_mean(table: Array, weights: Array) -> tuple[Array, Array]:
    """Return the weighted mean (NaN where no day has the slot) and the sum of weights, both by kind and slot.

    Parameters
    ----------
    table : array, shape (n_days, n_slots)
        Values by day and slot, NaN where missing.
    weights : array, shape (n_kinds, n_days)
        How much each day counts for each kind.
    """
    known = ~np.isnan(table)
    total = weights @ known
    sums = weights @ np.where(known, table, 0.0)
    return np.where(total > 0, sums / np.where(total > 0, total, 1.0), np.nan), total


def filled(usual: Array) -> Array:
    """Return ``usual`` with slots that no day has interpolated between their neighbours, around the clock."""
    missing = np.isnan(usual)
    if not missing.any():
        return usual
    n_slots = usual.shape[1]
    slots = np.arange(n_slots)
    rows = [
        np.interp(slots, slots[~gone], row[~gone], period=n_slots) for row, gone in zip(usual, missing, strict=True)
    ]
    return np.stack(rows)
