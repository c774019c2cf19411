"""A site's forecasts from its own history, with models that are fitted once a local day."""

from __future__ import annotations

from voltherm.domain.assets import Load, Pv
from voltherm.domain.measurements import MeasurementView
from voltherm.domain.series import Forecast
from voltherm.domain.site import Site
from voltherm.domain.time import TimeGrid
from voltherm.forecasting import LoadModel, PvModel, fit_load, fit_pv, forecast_load


class OwnForecasts:
    """Forecasts loads and PV plants, and keeps each asset's model while it is current.

    Parameters
    ----------
    site : Site
        For the zone.
    """

    def __init__(self, site: Site) -> None:
        self._zone = site.zone
        self._loads: dict[str, LoadModel | None] = {}
        self._plants: dict[str, PvModel] = {}

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
