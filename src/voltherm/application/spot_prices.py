"""Spot prices over a planning grid: published ones as they are, beyond them the forecast, each step labelled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.external_forecast import PartialSeries
from voltherm.domain.measurements import Measurements, MeasurementView
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.time import TimeGrid
from voltherm.forecasting import Ahead, NoHistoryError, PriceModel, fit_price, forecast_price

COLUMN: Final = "price_per_kwh"

Floats = NDArray[np.float64]


class PriceQuality(StrEnum):
    """Where the price of a step comes from."""

    PUBLISHED = "published"
    """As the market published it."""
    FORECAST = "forecast"
    """Forecast from what was published before."""
    DEMO = "demo"
    """Recorded elsewhere or at another time, and shown as a demo; forecasts from such prices are a demo too."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpotPrices:
    """Prices on a grid.

    Parameters
    ----------
    series : Series
        Without taxes. [currency/kWh]
    quality : tuple of PriceQuality, one a step
        Where each comes from.
    """

    series: Series
    quality: tuple[PriceQuality, ...]

    def part(self, first: int, n_steps: int) -> SpotPrices:
        """Return the prices of ``n_steps`` steps from step ``first``."""
        return SpotPrices(series=self.series.part(first, n_steps), quality=self.quality[first : first + n_steps])


def known_on(known: PartialSeries | None, grid: TimeGrid) -> Floats:
    """Return the known price of each step of the grid, joined by time, NaN where a part of it is not known."""
    if known is None:
        return np.full(grid.n_steps, np.nan)
    return Measurements(known.grid, {COLUMN: known.values}).on(grid, min_share=1.0).column(COLUMN)


class SpotForecasts:
    """Continues known prices, and keeps the model of each price area while it is current.

    Parameters
    ----------
    zone : ZoneInfo
        Zone of the clock that people in the areas live by.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._models: dict[str, PriceModel | None] = {}

    def on(self, area: str, known: PartialSeries | None, grid: TimeGrid, now: datetime) -> SpotPrices | None:
        """Return the prices of the grid, or of as many of its leading steps as can be told; None where of none.

        Parameters
        ----------
        area : str
            Price area.
        known : PartialSeries or None
            What is published, history and all; in steps of the market. [currency/kWh]
        grid : TimeGrid
            The steps to price.
        now : datetime
            When the forecast is made; what is known was known by then.
        """
        if known is None:
            return None
        values = known_on(known, grid)
        is_known = ~np.isnan(values)
        origin = known.provenance
        if not is_known.all():
            further = self._further(area, known, grid, now)
            values = np.where(is_known, values, further)
            origin = _continued(origin, grid, is_known, values)
        missing = np.flatnonzero(np.isnan(values))
        n_steps = int(missing[0]) if missing.size else grid.n_steps
        if not n_steps:
            return None
        series = Series(grid.part(0, n_steps), values[:n_steps], origin)
        return SpotPrices(series=series, quality=_qualities(is_known[:n_steps], origin.quality))

    def _further(self, area: str, known: PartialSeries, grid: TimeGrid, now: datetime) -> Floats:
        """Forecast prices of the grid, NaN where there is too little to forecast from."""
        view = MeasurementView(Measurements(known.grid, {COLUMN: known.values}), now)
        ahead = Ahead(published=_from(known, now))
        model = self._models.get(area)
        try:
            if model is None or not model.is_current(view, grid, ahead):
                model = self._models[area] = fit_price(view, grid, self._zone, column=COLUMN, ahead=ahead)
            if model is None:
                return forecast_price(view, grid, self._zone, column=COLUMN, ahead=ahead).mean.values
            return model.forecast(view, grid, ahead).mean.values
        except NoHistoryError:
            return np.full(grid.n_steps, np.nan)


def _from(known: PartialSeries, now: datetime) -> PartialSeries | None:
    """What is published of the running step of the market and of those to come."""
    first = max(0, (now - known.grid.start) // known.grid.step)
    if first >= known.grid.n_steps:
        return None
    part = known.grid.part(first, known.grid.n_steps - first)
    return PartialSeries(grid=part, values=known.values[first:], provenance=known.provenance)


def _continued(origin: Provenance, grid: TimeGrid, is_known: NDArray[np.bool_], values: Floats) -> Provenance:
    forecast = np.flatnonzero(~is_known & ~np.isnan(values))
    if not forecast.size:
        return origin
    note = f"forecast from {grid.time_of(int(forecast[0])).isoformat()} on"
    quality = Quality.DEMO if origin.quality is Quality.DEMO else Quality.FORECAST
    return replace(origin, quality=quality, note="; ".join(filter(None, (origin.note, note))))


def _qualities(is_known: NDArray[np.bool_], quality: Quality) -> tuple[PriceQuality, ...]:
    if quality is Quality.DEMO:
        return (PriceQuality.DEMO,) * len(is_known)
    return tuple(PriceQuality.PUBLISHED if known else PriceQuality.FORECAST for known in is_known.tolist())
