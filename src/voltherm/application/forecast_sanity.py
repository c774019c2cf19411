"""Whether a forecast can be of this site: compared with what its own meter saw."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.external_forecast import ExternalForecast, ForecastKind
from voltherm.domain.measurements import MeasurementView

LOOK_BACK: Final = timedelta(days=7)
"""Holds every weekday once."""
LEAST_MEASURED: Final = timedelta(hours=4)
"""Less than this says nothing of a site."""
WHOLE_DAY: Final = timedelta(hours=24)
"""PV is judged over at least so much: a night is dark."""
LOW, HIGH = 0.2, 5.0
"""A forecast's level may be so much lower than the lowest, or higher than the highest, that is usual at the meter."""
UNIT_STEP: Final = 1000.0
"""W, kW and MW are so far apart."""
_UNIT_SLACK: Final = 5.0
_USUAL: Final = (10.0, 90.0)
"""Percentiles between which a power is usual: nights and Sundays are below the median, and no error."""


def measured_kw(view: MeasurementView | None, column: str) -> NDArray[np.float64]:
    """Return what was measured of a column in the last week, without gaps; empty where it is too little. [kW]."""
    if view is None or column not in view.names:
        return np.empty(0)
    recent = view.since(view.end - LOOK_BACK)
    if recent is None:
        return np.empty(0)
    values = recent.column(column)
    known = values[~np.isnan(values)]
    return known if known.size * view.step >= LEAST_MEASURED else np.empty(0)


def doubt_of(forecast: ExternalForecast, meter_kw: NDArray[np.float64], bound_kw: float) -> str:
    """Return why a forecast cannot be of this site, in words; empty where it can.

    Load is compared by its median, which must lie near what is usual at the meter. PV is compared by its highest
    power, as clouds make any lower one possible.

    Parameters
    ----------
    forecast : ExternalForecast
        What somebody outside says.
    meter_kw : array
        The same, measured, as ``measured_kw`` gives it.
    bound_kw : float
        What the load or plant cannot exceed by much; looked at where nothing was measured. [kW]
    """
    series = forecast.power_kw
    values = series.values[~np.isnan(series.values)]
    if not values.size:
        return ""
    is_sun = forecast.kind is ForecastKind.SOLAR
    if not meter_kw.size or meter_kw.max() <= 0:
        level = float(values.max() if is_sun else np.median(values))
        words = f"it says {level:.4g} kW where the connection or plant bears {bound_kw:.4g} kW; check its unit"
        return words if level > HIGH * bound_kw else ""
    if is_sun:
        return _doubt_of_sun(values, values.size * series.grid.step, meter_kw)
    return _doubt_of_load(values, meter_kw)


def _doubt_of_load(values: NDArray[np.float64], meter_kw: NDArray[np.float64]) -> str:
    level, usual = float(np.median(values)), float(np.median(meter_kw))
    low, high = (float(each) for each in np.percentile(meter_kw, _USUAL))
    if not values.any():
        return f"it is zero throughout, while the meter's median is {usual:.4g} kW"
    if min(low, LOW * low) <= level <= max(high, HIGH * high):
        return ""
    return _far_off("median", level, usual)


def _doubt_of_sun(values: NDArray[np.float64], covered: timedelta, meter_kw: NDArray[np.float64]) -> str:
    level, usual = float(values.max()), float(meter_kw.max())
    if covered < WHOLE_DAY:
        return "" if level <= HIGH * usual else _far_off("highest power", level, usual)
    if not values.any():
        return f"it is zero throughout, while the meter saw up to {usual:.4g} kW"
    if usual / UNIT_STEP * _UNIT_SLACK < level <= HIGH * usual:
        return ""
    return _far_off("highest power", level, usual)


def _far_off(what: str, level: float, usual: float) -> str:
    words = f"its {what} is {level:.4g} kW, at the meter it is {usual:.4g} kW"
    if usual <= 0:
        return words
    ratio = level / usual
    if UNIT_STEP / _UNIT_SLACK <= ratio <= UNIT_STEP * _UNIT_SLACK:
        return f"{words}: about 1000 times as much, so it seems to be in W; declare its unit"
    if 1 / (UNIT_STEP * _UNIT_SLACK) <= ratio <= _UNIT_SLACK / UNIT_STEP:
        return f"{words}: about a thousandth, so it seems to be in MW; declare its unit"
    return f"{words}: not of this site, or in another unit"
