"""What wind power and outdoor temperature add to a price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.forecasting.temperature import HEATING_BASE_C

WEEK_H: Final = 168
RIDGE_SHARE: Final = 0.1
"""Weight of 'no effect': a weather that varied a tenth of its usual variance teaches half."""
LEAST_GAIN: Final = 0.03
"""Share of the squared deviations that the weather must foretell, on weeks left out, to be used."""
LEAST_KNOWN: Final = 0.8
"""Share of the hours with a price for which a weather must be known to be used."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherEffect:
    """A fitted effect: z += Σ slope · (x − usual), with x the wind power, or the kelvins below the heating base.

    Parameters
    ----------
    slopes : Mapping of name to float
        On the price's scale, per kW or per K.
    usual : Mapping of name to float
        Mean of x in the history. [kW], [K]
    """

    slopes: Mapping[str, float]
    usual: Mapping[str, float]

    def at(self, weather: Mapping[str, Array]) -> Array:
        """Return the effect by hour on the price's scale; of hours without weather that of the usual one, zero."""
        parts = [slope * (driver(name, weather[name]) - self.usual[name]) for name, slope in self.slopes.items()]
        return np.asarray(np.sum([np.nan_to_num(part) for part in parts], axis=0))


def driver(name: str, values: Array) -> Array:
    """Return what moves the price: wind power as it is, of the temperature the kelvins below the heating base."""
    return np.maximum(HEATING_BASE_C - values, 0.0) if name == "t_out_c" else values


def fit_weather(z: Array, usual: Array, weather: Mapping[str, Array]) -> WeatherEffect | None:
    """Return the effect of weather on prices, or None where it does not foretell weeks that it was not fitted to.

    Ridge regression on both sides' deviations from their mean over the week around (Frisch and Waugh): a fuel that
    grows dearer as the winter comes is not taken for the effect of cold.

    Parameters
    ----------
    z : array, shape (n_hours,)
        Prices on their scale, NaN where missing.
    usual : array, shape (n_hours,)
        What is usual at the hour of the day and week, on the same scale.
    weather : Mapping of name to array, shape (n_hours,)
        ``wind_kw`` and ``t_out_c``, NaN where missing.
    """
    is_priced = np.isfinite(z)
    names = [name for name, values in weather.items() if np.isfinite(values[is_priced]).mean() >= LEAST_KNOWN]
    if not names:
        return None
    drivers = {name: driver(name, weather[name]) for name in names}
    columns = np.stack([off_week(values) for values in drivers.values()], axis=1)
    off_z = off_week(z - usual)
    known = np.isfinite(off_z) & np.isfinite(columns).all(axis=1)
    odd_week = (np.arange(z.size) // WEEK_H % 2 == 1)[known]
    x, y = columns[known], off_z[known]
    if not x.size or odd_week.all() or not odd_week.any():
        return None
    left = [y[test] - x[test] @ _slopes(x[~test], y[~test]) for test in (odd_week, ~odd_week)]
    if sum(float(part @ part) for part in left) > (1 - LEAST_GAIN) * float(y @ y):
        return None
    return WeatherEffect(
        slopes=dict(zip(names, _slopes(x, y).tolist(), strict=True)),
        usual={name: float(np.nanmean(values)) for name, values in drivers.items()},
    )


def off_week(values: Array, reach: int = WEEK_H // 2) -> Array:
    """Return values less the mean of those up to ``reach`` away, or what there is of them; NaN stays NaN."""
    known = np.isfinite(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    count = np.concatenate([[0], np.cumsum(known)])
    at = np.arange(values.size)
    first, last = np.maximum(at - reach, 0), np.minimum(at + reach + 1, values.size)
    return np.asarray(values - (total[last] - total[first]) / np.maximum(count[last] - count[first], 1))


def _slopes(x: Array, y: Array) -> Array:
    scale = np.maximum(x.std(axis=0), 1e-12)
    standard = x / scale
    normal = standard.T @ standard + RIDGE_SHARE * y.size * np.eye(x.shape[1])
    return np.asarray(np.linalg.solve(normal, standard.T @ y) / scale, dtype=np.float64)
