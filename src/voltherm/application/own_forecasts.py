"""A site's forecasts from its own history, and of its prices, with models that are fitted once a local day."""

from __future__ import annotations

from voltherm.domain.assets import Load, Pv
from voltherm.domain.measurements import MeasurementView
from voltherm.domain.series import Forecast
from voltherm.domain.site import Site
from voltherm.domain.time import TimeGrid
from voltherm.forecasting import (
    Ahead,
    LoadModel,
    PriceModel,
    PvModel,
    fit_load,
    fit_price,
    fit_pv,
    forecast_load,
    forecast_price,
)


class OwnForecasts:
    """Forecasts loads, PV plants and prices, and keeps each model while it is current.

    Parameters
    ----------
    site : Site
        For the zone.
    """

    def __init__(self, site: Site) -> None:
        self._zone = site.zone
        self._loads: dict[str, LoadModel | None] = {}
        self._plants: dict[str, PvModel] = {}
        self._prices: dict[str, PriceModel | None] = {}

    def forecast(self, asset: Load | Pv, column: str, view: MeasurementView, grid: TimeGrid) -> Forecast:
        """Return the forecast of the asset on the grid. [kW].

        Parameters
        ----------
        asset : Load or Pv
            What to forecast.
        column : str
            Its column of the history.
        view : MeasurementView
            What is known.
        grid : TimeGrid
            The steps.

        Raises
        ------
        NoHistoryError
            When the column was never measured.
        """
        match asset:
            case Load():
                return self._load(asset.id, column, view, grid)
            case Pv():
                return self._pv(asset.id, column, view, grid)

    def price(self, column: str, view: MeasurementView, grid: TimeGrid, ahead: Ahead) -> Forecast:
        """Return the price on the grid, known prices as they are; the last known day again below a week of them.

        Parameters
        ----------
        column : str
            The price's column of the history.
        view : MeasurementView
            What is known.
        grid : TimeGrid
            The steps. [currency/kWh]
        ahead : Ahead
            Published prices and weather forecasts.

        Raises
        ------
        NoHistoryError
            When not even a day of prices is known.
        LookaheadError
            When weather that is given cannot have been known at the view's instant.
        """
        model = self._prices.get(column)
        if model is None or not model.is_current(view, grid, ahead):
            model = self._prices[column] = fit_price(view, grid, self._zone, column=column, ahead=ahead)
        if model is None:
            return forecast_price(view, grid, self._zone, column=column, ahead=ahead)
        return model.forecast(view, grid, ahead)

    def _load(self, asset_id: str, column: str, view: MeasurementView, grid: TimeGrid) -> Forecast:
        model = self._loads.get(asset_id)
        if model is None or not model.is_current(view, grid):
            model = self._loads[asset_id] = fit_load(view, grid, self._zone, column=column)
        return forecast_load(view, grid, self._zone, column=column) if model is None else model.forecast(view, grid)

    def _pv(self, asset_id: str, column: str, view: MeasurementView, grid: TimeGrid) -> Forecast:
        model = self._plants.get(asset_id)
        if model is None or not model.is_current(view, grid):
            model = self._plants[asset_id] = fit_pv(view, grid, self._zone, column=column)
        return model.forecast(view, grid)
