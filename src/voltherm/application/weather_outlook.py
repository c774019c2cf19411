"""The weather that a site's heat pumps will meet: as forecast elsewhere, the rest from the site's own history."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.application.outlook import Given, MissingOutlookError
from voltherm.application.own_forecasts import OwnForecasts
from voltherm.domain.assets import Pv
from voltherm.domain.external_forecast import PartialSeries
from voltherm.domain.measurements import Measurements, MeasurementView
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.site import Site
from voltherm.domain.time import TimeGrid
from voltherm.forecasting import NoHistoryError
from voltherm.forecasting.weather import forecast_outdoor

OUTDOOR, IRRADIANCE = "outdoor_c", "irradiance_w_m2"
WEATHER_COLUMNS: Final = {OUTDOOR: "t_out_c", IRRADIANCE: "irradiance_w_m2"}
"""Weather of a plan to its column of the history."""

NO_SUN: Final = Provenance(
    source="no irradiance is known", quality=Quality.ASSUMED, note="the sun is left out: rooms may become warmer"
)


def weather_of(site: Site) -> tuple[str, ...]:
    """Return which weather the site's heat pumps need: none without one, no sun where no room has an aperture."""
    if not site.heat_pumps:
        return ()
    is_sunny = any(room.solar_aperture_m2 > 0 for pump in site.heat_pumps for room in pump.building.rooms)
    return (OUTDOOR, IRRADIANCE) if is_sunny else (OUTDOOR,)


def look_out_weather(
    site: Site, history: Measurements | None, now: datetime, grid: TimeGrid, given: Given, own: OwnForecasts
) -> dict[str, Series]:
    """Return the weather on the grid, by the names of `PlanInputs.weather`; nothing for a site without heat pumps.

    Irradiance that is neither given nor in the history is left out: zero, labelled as assumed.

    Parameters
    ----------
    site : Site
        Whose heat pumps need it.
    history : Measurements or None
        What was measured; only steps complete at ``now`` are looked at.
    now : datetime
        When the outlook is made.
    grid : TimeGrid
        The steps to cover.
    given : Mapping of name to Series or PartialSeries
        Forecasts from elsewhere: ``outdoor_c`` [degC], ``irradiance_w_m2`` [W/m2].
    own : OwnForecasts
        Models of the site's own history.

    Raises
    ------
    MissingOutlookError
        When the outdoor temperature is neither given nor in the history.
    """
    view = None if history is None else MeasurementView(history, now)
    return {name: _weather(name, view, grid, given.get(name), own) for name in weather_of(site)}


def _weather(
    name: str, view: MeasurementView | None, grid: TimeGrid, given: Series | PartialSeries | None, own: OwnForecasts
) -> Series:
    values = np.full(grid.n_steps, np.nan) if given is None else _on_grid(given, grid)
    missing = np.isnan(values)
    if given is not None and not missing.any():
        return Series(grid, values, given.provenance)
    forecast = _own(name, view, grid, own)
    if given is None or missing.all():
        return forecast
    origin = given.provenance
    note = f"{int(missing.sum())} steps not covered are forecast from history"
    mixed = Provenance(
        source=f"{origin.source}, then {forecast.provenance.source}",
        quality=max(origin.quality, forecast.provenance.quality, key=list(type(origin.quality)).index),
        issued_at=origin.issued_at,
        note="; ".join(filter(None, (origin.note, note))),
    )
    return Series(grid, np.where(missing, forecast.values, values), mixed)


def _on_grid(given: Series | PartialSeries, grid: TimeGrid) -> NDArray[np.float64]:
    column = {"given_c": given.values}  # any unit: nothing is converted
    return Measurements(given.grid, column).bridged().on(grid, min_share=1.0).column("given_c")


def _own(name: str, view: MeasurementView | None, grid: TimeGrid, own: OwnForecasts) -> Series:
    column = WEATHER_COLUMNS[name]
    if view is None or column not in view.names:
        if name == IRRADIANCE:
            return Series(grid, np.zeros(grid.n_steps), NO_SUN)
        message = f"{name}: no forecast is given and the history has no column {column!r}; give either"
        raise MissingOutlookError(message)
    try:
        if name == OUTDOOR:
            return forecast_outdoor(view, grid, column=column).mean
        # Sun on a window and sun on a roof have the same days: the model of a plant knows no unit.
        return own.forecast(Pv(id=IRRADIANCE), column, view, grid).mean
    except NoHistoryError as error:
        message = f"{name}: {error}"
        raise MissingOutlookError(message) from error
