"""The scale on which prices are learned: linear around the usual price, logarithmic far from it, either sign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.forecasting.profile import HALF_LIFE_DAYS

MAD_TO_SIGMA: Final = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
LEAST_WIDTH: Final = 0.01
"""Share of the usual price that is at least taken for its width, for prices that hardly ever change."""
SMALLEST_WIDTH: Final = 1e-6
"""Width of a price that is always zero. [currency/kWh]"""
BEYOND: Final = 3.0
"""A forecast leaves the range of the prices seen by at most this many times the range."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceScale:
    """z = asinh((price − centre) / width): spikes count by their logarithm, and prices may be negative.

    Uniejewski, Weron and Ziel, "Variance stabilizing transformations for electricity spot price forecasting", IEEE
    Transactions on Power Systems 33 (2018) 2219, with median and median absolute deviation as there; where the mean
    absolute deviation is more, that.

    Parameters
    ----------
    centre, width : float
        The usual price and how far prices usually lie from it. [currency/kWh]
    least, most : float
        Beyond these no forecast goes. [currency/kWh]
    """

    centre: float
    width: float
    least: float
    most: float

    def z(self, price_per_kwh: Array) -> Array:
        """Return prices on the scale; NaN stays NaN."""
        return np.asarray(np.arcsinh((price_per_kwh - self.centre) / self.width))

    def price_per_kwh(self, z: Array) -> Array:
        """Return the prices of places on the scale, within ``least`` and ``most``. [currency/kWh]."""
        most = np.arcsinh(((self.least - self.centre) / self.width, (self.most - self.centre) / self.width))
        return np.asarray(self.centre + self.width * np.sinh(np.clip(z, *most)))


def fit_scale(price_per_kwh: Array, age_days: Array) -> PriceScale:
    """Return the scale of prices, of which at least one is known; recent ones count for more, NaN is left out.

    Parameters
    ----------
    price_per_kwh : array, shape (n,)
        Prices. [currency/kWh]
    age_days : array, shape (n,)
        How old each is. [d]
    """
    is_known = ~np.isnan(price_per_kwh)
    known, weights = price_per_kwh[is_known], 0.5 ** (age_days[is_known] / HALF_LIFE_DAYS)
    centre = weighted_median(known, weights)
    distance = np.abs(known - centre)
    # The median distance is zero where one price holds for more than half of the time; the mean one is not.
    spread = max(MAD_TO_SIGMA * weighted_median(distance, weights), float(np.average(distance, weights=weights)))
    low, high = float(known.min()), float(known.max())
    reach = BEYOND * (high - low)
    width = max(spread, LEAST_WIDTH * abs(centre), SMALLEST_WIDTH)
    return PriceScale(centre=centre, width=width, least=low - reach, most=high + reach)


def weighted_median(values: Array, weights: Array) -> float:
    """Return the least value at which half of the weight is reached."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
