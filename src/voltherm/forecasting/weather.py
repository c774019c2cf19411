"""Outdoor temperature from a site's own history: the usual day, and how far the last hours are from it, fading."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.measurements import MeasurementView
from voltherm.domain.series import Forecast
from voltherm.domain.time import TimeGrid
from voltherm.forecasting.assembly import assembled, flat, no_history, provenance
from voltherm.forecasting.history import History, by_day, n_slots, past, sun_clock
from voltherm.forecasting.intraday import NORMAL_QUANTILES, PROBABILITIES
from voltherm.forecasting.profile import filled

SOURCE: Final = "outdoor temperature from history"
HISTORY: Final = timedelta(days=14)
"""The usual day is the mean of so many last days; older ones belong to another part of the season."""
RECENT: Final = timedelta(hours=1)
"""The anomaly of now is the mean over so long: a single reading of a minute may be sun on the sensor."""
FADES_IN_H: Final = 60.0
"""An anomaly falls to a third (1/e) in two and a half days: a high or a low takes about that long to pass. [h]"""
SHAPE_REACH_H: Final = 2.0
"""The day's shape is smoothed over so much to either side; two weeks alone leave it ragged. [h]"""
COLDEST_C, WARMEST_C = -60.0, 55.0
"""What air can be. [degC]"""

Array = NDArray[np.float64]


def forecast_outdoor(view: MeasurementView, grid: TimeGrid, *, column: str = "t_out_c") -> Forecast:
    """Return the outdoor temperature expected on ``grid``, with quantiles, from what ``view`` knows. [degC].

    ``T(t) = usual(t) + a exp(-lead / 60 h)``: the usual temperature of the time of the day, and the anomaly ``a`` of
    the last hours, which fades. The quantiles are those of such a process (AR(1)): the spread around the usual day
    times ``sqrt(1 - exp(-2 lead / 60 h))``.

    Parameters
    ----------
    view : MeasurementView
        The history, which refuses lookahead; any amount of it.
    grid : TimeGrid
        The steps to forecast.
    column : str
        The column to forecast.

    Raises
    ------
    NoHistoryError
        When the column was not measured in the last days.
    """
    history = past(view, column, grid, sun_clock, reach=HISTORY)
    if history is None or np.isnan(history.values).all():
        raise no_history(column, view, HISTORY)
    n_days = float((~np.isnan(history.values)).sum() * grid.step / timedelta(days=1))
    if n_days < 1:
        return flat(view, grid, history.values, SOURCE)
    usual = _usual_day(history, n_slots(grid.step), grid.step_h)
    anomaly = history.values - usual[history.slots]
    recent = anomaly[-max(1, RECENT // grid.step) :]
    now = float(np.nanmean(recent)) if np.isfinite(recent).any() else 0.0
    middles_h = (grid.epoch_seconds - int(history.grid.end.timestamp())) / 3600.0 + 0.5 * grid.step_h
    kept = np.exp(-np.maximum(middles_h, 0.0) / FADES_IN_H)
    spread = float(np.nanstd(anomaly)) * np.sqrt(1.0 - kept**2)
    mean = usual[sun_clock(grid)[1]] + now * kept
    errors = {p: q * spread for p, q in zip(PROBABILITIES, NORMAL_QUANTILES, strict=True)}
    return assembled(grid, mean, errors, (COLDEST_C, WARMEST_C), provenance(view, SOURCE, _note(n_days)))


def _usual_day(history: History, slots: int, step_h: float) -> Array:
    """Mean temperature by slot of the UTC day, shape (n_slots,), smoothed around the clock."""
    table = by_day(history, history.values, slots)
    known = ~np.isnan(table)
    count = known.sum(axis=0)
    mean = np.where(count > 0, np.where(known, table, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)
    whole = filled(mean[None, :])[0]
    reach = round(SHAPE_REACH_H / step_h)
    return np.asarray(np.mean([np.roll(whole, shift) for shift in range(-reach, reach + 1)], axis=0))


def _note(n_days: float) -> str:
    return "" if n_days >= HISTORY / timedelta(days=2) else f"{n_days:.1f} days of history"
