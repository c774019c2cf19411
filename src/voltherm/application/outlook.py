"""What is expected over the horizon: given forecasts joined by time, the rest forecast from the site's history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltherm.application.own_forecasts import OwnForecasts
from voltherm.domain.assets import Load, Pv
from voltherm.domain.errors import InvalidInputError, VolthermError
from voltherm.domain.measurements import Measurements, MeasurementView
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.site import Site
from voltherm.domain.time import TimeGrid
from voltherm.forecasting import NoHistoryError

DAY = timedelta(days=1)


class MissingOutlookError(VolthermError):
    """Neither a forecast nor a history says what to expect."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outlook:
    """Expected series on one grid.

    Parameters
    ----------
    grid : TimeGrid
        The steps.
    power_kw : Mapping of asset id to Series
        Loads and PV plants. [kW]
    prices : Mapping of name to Series
        Price series. [currency/kWh]
    """

    grid: TimeGrid
    power_kw: Mapping[str, Series]
    prices: Mapping[str, Series]


def column_of(site: Site, name: str) -> str:
    """Return the history's column of a load, a PV plant or a price series.

    A site's only load is ``load_kw`` and its only plant ``pv_kw``, as in data files; several carry their id.
    """
    if any(load.id == name for load in site.loads):
        return "load_kw" if len(site.loads) == 1 else f"{name}_kw"
    if any(plant.id == name for plant in site.pv_plants):
        return "pv_kw" if len(site.pv_plants) == 1 else f"{name}_kw"
    return "price_per_kwh" if len(site.tariff.series_names) == 1 else f"{name}_price_per_kwh"


class Wanted(NamedTuple):
    """The steps to cover, the forecasts from elsewhere, and the models of the site's own history."""

    grid: TimeGrid
    given: Mapping[str, Series]
    own: OwnForecasts


def look_out(
    site: Site,
    history: Measurements | None,
    now: datetime,
    grid: TimeGrid,
    given: Mapping[str, Series],
    own: OwnForecasts,
) -> Outlook:
    """Return what to expect on the grid.

    Parameters
    ----------
    site : Site
        Which assets and price series are needed.
    history : Measurements or None
        What was measured; only steps complete at ``now`` are looked at.
    now : datetime
        When the outlook is made.
    grid : TimeGrid
        The steps to cover.
    given : Mapping of asset id or price series name to Series
        Forecasts from elsewhere; a given series may be shorter than the grid, the rest is then forecast here.
    own : OwnForecasts
        Models of the site's own history.

    Raises
    ------
    InvalidInputError
        When a given forecast is of nothing that the site has.
    MissingOutlookError
        When something is neither given nor in the history.
    """
    known = {asset.id for asset in site.forecast_assets} | site.tariff.series_names
    unknown = sorted(set(given) - known)
    if unknown:
        message = f"forecasts: {unknown[0]!r} is no load, PV plant or price series; known: {', '.join(sorted(known))}"
        raise InvalidInputError(message)
    view = None if history is None else MeasurementView(history, now)
    power = {asset.id: _power(site, asset, view, Wanted(grid, given, own)) for asset in site.forecast_assets}
    prices = {name: _price(site, name, view, grid, given) for name in sorted(site.tariff.series_names)}
    return Outlook(grid=grid, power_kw=power, prices=prices)


def _power(site: Site, asset: Load | Pv, view: MeasurementView | None, wanted: Wanted) -> Series:
    values = _given_values(asset.id, wanted.given, wanted.grid)
    missing = np.isnan(values)
    if not missing.any():
        return Series(wanted.grid, values, wanted.given[asset.id].provenance)
    own = _own_power(site, asset, view, wanted)
    if missing.all():
        return own
    note = f"{int(missing.sum())} steps not covered are forecast from history"
    return _joined(values, own, wanted.given[asset.id], note)


def _own_power(site: Site, asset: Load | Pv, view: MeasurementView | None, wanted: Wanted) -> Series:
    column = column_of(site, asset.id)
    if view is None or column not in view.names:
        message = f"{asset.id}: no forecast is given and the history has no column {column!r}; give either"
        raise MissingOutlookError(message)
    try:
        return wanted.own.forecast(asset, column, view, wanted.grid).mean
    except NoHistoryError as error:
        message = f"{asset.id}: {error}"
        raise MissingOutlookError(message) from error


def _price(site: Site, name: str, view: MeasurementView | None, grid: TimeGrid, given: Mapping[str, Series]) -> Series:
    """Known prices, and beyond them the last known price of the same time of day, labelled as assumed."""
    values = _given_values(name, given, grid)
    if not np.isnan(values).any():
        return Series(grid, values, given[name].provenance)
    column = column_of(site, name)
    known = None if view is None or column not in view.names else view.since(grid.start - 8 * DAY)
    past = np.empty(0)
    if known is not None:
        before = TimeGrid(grid.start - 8 * DAY, grid.step, 8 * DAY // grid.step)
        past = Measurements(known.grid, {column: known.column(column)}).on(before).column(column)
    whole = _repeated_daily(np.concatenate([past, values]), DAY // grid.step)[len(past) :]
    if np.isnan(whole).any():
        message = f"{name}: no price is known for any day at the times of the horizon; give the price series"
        raise MissingOutlookError(message)
    source = given[name].provenance.source if name in given else "history"
    note = f"{int(np.isnan(values).sum())} steps beyond the known prices repeat the last known day"
    return Series(grid, whole, Provenance(source=source, quality=Quality.ASSUMED, issued_at=None, note=note))


def _repeated_daily(values: NDArray[np.float64], day: int) -> NDArray[np.float64]:
    filled = values.copy()
    for at in np.flatnonzero(np.isnan(filled)).tolist():
        if at >= day:
            filled[at] = filled[at - day]
    return filled


def _given_values(name: str, given: Mapping[str, Series], grid: TimeGrid) -> NDArray[np.float64]:
    series = given.get(name)
    if series is None:
        return np.full(grid.n_steps, np.nan)
    if series.grid == grid:
        return series.values
    return Measurements(series.grid, {"power_kw": series.values}).on(grid, min_share=1.0).column("power_kw")


def _joined(values: NDArray[np.float64], own: Series, given: Series, note: str) -> Series:
    whole = np.where(np.isnan(values), own.values, values)
    origin = given.provenance
    return Series(
        own.grid, whole, Provenance(source=origin.source, quality=origin.quality, issued_at=origin.issued_at, note=note)
    )
