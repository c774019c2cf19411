"""How good forecasts are: losses, coverage, and a rolling origin that lets no future in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements, MeasurementView
from voltherm.domain.series import Forecast, Provenance, Quality, Series
from voltherm.domain.time import TimeGrid
from voltherm.forecasting.history import NoHistoryError

Array = NDArray[np.float64]
Forecaster = Callable[[MeasurementView, TimeGrid], Forecast]
"""Anything that forecasts a grid from a view."""

WEEK: Final = timedelta(days=7)
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Scores of forecasts against what was measured; in the unit of the column unless said.

    Parameters
    ----------
    n_forecasts, n_values : int
        Forecasts scored, and values measured in them.
    mae, rmse, bias : float
        Mean absolute, root mean square and mean error (forecast less measured) of the mean.
    pinball : float
        Mean pinball loss over the forecasts' quantiles; NaN when they have none.
    coverage : float
        Share of values between the lowest and the highest quantile, 0 to 1; NaN when there are none.
    nominal_coverage : float
        What the coverage should be.
    peak_error : float
        Mean of forecast less measured maximum over the first day.
    peak_time_error_h : float
        Mean distance in time of the two maxima. [h]
    """

    n_forecasts: int
    n_values: int
    mae: float
    rmse: float
    bias: float
    pinball: float
    coverage: float
    nominal_coverage: float
    peak_error: float
    peak_time_error_h: float


def pinball_loss(measured: Array, quantile: Array, probability: float) -> float:
    """Return the mean pinball loss of a quantile: p (y - q) above it, (1 - p) (q - y) below; NaN left out."""
    error = measured - quantile
    return float(np.nanmean(np.maximum(probability * error, (probability - 1) * error)))


def coverage(measured: Array, low: Array, high: Array) -> float:
    """Return the share of measured values within ``[low, high]``, 0 to 1.

    Left out are missing values, and steps at which the forecast leaves no doubt, as PV at night.
    """
    known = ~np.isnan(measured) & (high > low)
    if not known.any():
        return float("nan")
    inside = (measured >= low) & (measured <= high)
    return float(inside[known].mean())


def seasonal_naive(column: str, period: timedelta = WEEK) -> Forecaster:
    """Return the forecaster to beat: the value one ``period`` (default a week) before, or the newest whole periods."""

    def forecast(view: MeasurementView, grid: TimeGrid) -> Forecast:
        back = period * max(1, -((view.end - grid.end) // period))
        shifted = TimeGrid(grid.start - back, grid.step, grid.n_steps)
        known = view.since(shifted.start - view.step)
        values = np.full(grid.n_steps, np.nan) if known is None else known.bridged().on(shifted).column(column)
        if np.isnan(values).any():
            raise NoHistoryError(f"{column}: no value {back} before; give a longer history")
        source = Provenance(source=f"value {back} before", quality=Quality.FORECAST, issued_at=view.now)
        return Forecast(Series(grid, values, source))

    return forecast


def score_rolling(
    measurements: Measurements,
    column: str,
    forecasters: Mapping[str, Forecaster],
    *,
    origins: Iterable[datetime],
    n_steps: int,
) -> dict[str, Scores]:
    """Return the scores of each forecaster over the same origins, each seeing only what was complete at its origin.

    An origin at which any of them has too little history, or of which nothing was measured afterwards, is passed over.

    Parameters
    ----------
    measurements : Measurements
        Everything, in the steps of the forecasts.
    column : str
        What they forecast.
    forecasters : mapping of str to Forecaster
        By name.
    origins : iterable of datetime
        Instants of issue, begins of steps.
    n_steps : int
        Steps of each forecast.

    Raises
    ------
    InvalidInputError
        When no origin is left.
    """
    made: dict[str, list[Forecast]] = {name: [] for name in forecasters}
    truths: list[Array] = []
    for origin in origins:
        grid = TimeGrid(origin, measurements.grid.step, n_steps)
        truth = measurements.on(grid).column(column)
        forecasts = _all_at(origin, grid, measurements, forecasters)
        if forecasts is None or np.isnan(truth).all():
            continue
        truths.append(truth)
        for name, forecast in forecasts.items():
            made[name].append(forecast)
    if not truths:
        raise InvalidInputError(f"scores: no origin has history before it and {column} after it; give others")
    return {name: score(forecasts, truths) for name, forecasts in made.items()}


def score(forecasts: list[Forecast], truths: list[Array]) -> Scores:
    """Return the scores of forecasts against what was measured on their grids, NaN where it was not."""
    truth = np.stack(truths)
    mean = np.stack([forecast.mean.values for forecast in forecasts])
    error = mean - truth
    probabilities = sorted(forecasts[0].quantiles)
    quantiles = {p: np.stack([forecast.quantiles[p] for forecast in forecasts]) for p in probabilities}
    losses = [pinball_loss(truth, values, p) for p, values in quantiles.items()]
    peak_error, peak_time_error_h = _peak_errors(mean, truth, forecasts[0].grid)
    return Scores(
        n_forecasts=len(forecasts),
        n_values=int((~np.isnan(truth)).sum()),
        mae=float(np.nanmean(np.abs(error))),
        rmse=float(np.sqrt(np.nanmean(error**2))),
        bias=float(np.nanmean(error)),
        pinball=float(np.mean(losses)) if losses else float("nan"),
        coverage=coverage(truth, quantiles[probabilities[0]], quantiles[probabilities[-1]]) if losses else float("nan"),
        nominal_coverage=probabilities[-1] - probabilities[0] if losses else float("nan"),
        peak_error=peak_error,
        peak_time_error_h=peak_time_error_h,
    )


def _all_at(
    origin: datetime,
    grid: TimeGrid,
    measurements: Measurements,
    forecasters: Mapping[str, Forecaster],
) -> dict[str, Forecast] | None:
    view = MeasurementView(measurements, origin)
    try:
        return {name: forecaster(view, grid) for name, forecaster in forecasters.items()}
    except NoHistoryError:
        return None


def _peak_errors(mean: Array, truth: Array, grid: TimeGrid) -> tuple[float, float]:
    """Mean error of the first day's maximum and of its time, over days measured without a gap."""
    first_day = min(grid.n_steps, max(1, DAY // grid.step))
    mean, truth = mean[:, :first_day], truth[:, :first_day]
    whole = ~np.isnan(truth).any(axis=1)
    if not whole.any():
        return float("nan"), float("nan")
    mean, truth = mean[whole], truth[whole]
    apart = np.abs(mean.argmax(axis=1) - truth.argmax(axis=1))
    return float((mean.max(axis=1) - truth.max(axis=1)).mean()), float(apart.mean() * grid.step_h)
