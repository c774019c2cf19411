"""What is expected over the horizon: given forecasts joined by time, the rest forecast from the site's history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltherm.application.own_forecasts import OwnForecasts
from voltherm.domain.assets import Load, Pv
from voltherm.domain.errors import InvalidInputError, VolthermError
from voltherm.domain.external_forecast import PartialSeries
from voltherm.domain.measurements import Measurements, MeasurementView
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.site import Site
from voltherm.domain.time import TimeGrid
from voltherm.forecasting import NoHistoryError

DAY = timedelta(days=1)

Given = Mapping[str, Series | PartialSeries]
"""Forecasts from elsewhere, by id of a load or PV plant or by name of a price series."""


class MissingOutlookError(VolthermError):
    """Neither a forecast nor a history says what to expect; ``covered_steps`` tells how far the forecasts reach."""


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
    given: Given
    own: OwnForecasts


class _Known(NamedTuple):
    """What a given series says of each step, NaN where it says nothing."""

    values: NDArray[np.float64]
    provenance: Provenance

    @property
    def missing(self) -> NDArray[np.bool_]:
        return np.isnan(self.values)


def covered_steps(given: Given, grid: TimeGrid) -> int:
    """Return how many leading steps of the grid every given series covers, short gaps bridged; 0 without any.

    Parameters
    ----------
    given : Mapping of name to Series or PartialSeries
        Those for which there is no history to go on with.
    grid : TimeGrid
        The steps wanted.
    """
    missing = [known.missing for name in given if (known := _known(name, given, grid)) is not None]
    if not missing:
        return 0
    first = np.flatnonzero(np.logical_or.reduce(missing))
    return int(first[0]) if first.size else grid.n_steps


def look_out(
    site: Site,
    history: Measurements | None,
    now: datetime,
    grid: TimeGrid,
    given: Given,
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
    given : Mapping of asset id or price series name to Series or PartialSeries
        Forecasts from elsewhere. Gaps of up to an hour are bridged; longer ones, and what lies beyond the end of a
        given series, are forecast here.
    own : OwnForecasts
        Models of the site's own history.

    Raises
    ------
    InvalidInputError
        When a given forecast is of nothing that the site has.
    MissingOutlookError
        When something is neither given nor in the history; ``covered_steps`` says whether a shorter grid would do.
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
    known = _known(asset.id, wanted.given, wanted.grid)
    if known is None or known.missing.all():
        return _own_power(site, asset, view, wanted)
    if not known.missing.any():
        return Series(wanted.grid, known.values, known.provenance)
    own = _own_power(site, asset, view, wanted)
    note = f"{int(known.missing.sum())} steps not covered are forecast from history"
    return Series(wanted.grid, np.where(known.missing, own.values, known.values), _noted(known.provenance, note))


def _own_power(site: Site, asset: Load | Pv, view: MeasurementView | None, wanted: Wanted) -> Series:
    column = column_of(site, asset.id)
    if view is None or column not in view.names:
        covered = covered_steps({asset.id: wanted.given[asset.id]}, wanted.grid) if asset.id in wanted.given else 0
        lack = f"the given forecast covers the first {covered} steps only" if covered else "no forecast is given"
        message = f"{asset.id}: {lack} and the history has no column {column!r}; give either"
        raise MissingOutlookError(message)
    try:
        return wanted.own.forecast(asset, column, view, wanted.grid).mean
    except NoHistoryError as error:
        message = f"{asset.id}: {error}"
        raise MissingOutlookError(message) from error


def _price(site: Site, name: str, view: MeasurementView | None, grid: TimeGrid, given: Given) -> Series:
    """Known prices, and beyond them the last known price of the same time of day, labelled as assumed."""
    known = _known(name, given, grid)
    if known is not None and not known.missing.any():
        return Series(grid, known.values, known.provenance)
    values = np.full(grid.n_steps, np.nan) if known is None else known.values
    column = column_of(site, name)
    metered = None if view is None or column not in view.names else view.since(grid.start - 8 * DAY)
    past = np.empty(0)
    if metered is not None:
        before = TimeGrid(grid.start - 8 * DAY, grid.step, 8 * DAY // grid.step)
        past = Measurements(metered.grid, {column: metered.column(column)}).on(before).column(column)
    whole = _repeated_daily(np.concatenate([past, values]), DAY // grid.step)[len(past) :]
    if np.isnan(whole).any():
        message = f"{name}: no price is known for any day at the times of the horizon; give the price series"
        raise MissingOutlookError(message)
    source = "history" if known is None else known.provenance.source
    note = f"{int(np.isnan(values).sum())} steps beyond the known prices repeat the last known day"
    return Series(grid, whole, Provenance(source=source, quality=Quality.ASSUMED, issued_at=None, note=note))


def _repeated_daily(values: NDArray[np.float64], day: int) -> NDArray[np.float64]:
    filled = values.copy()
    for at in np.flatnonzero(np.isnan(filled)).tolist():
        if at >= day:
            filled[at] = filled[at - day]
    return filled


def _known(name: str, given: Given, grid: TimeGrid) -> _Known | None:
    """Return a given series on the grid, joined by time, its short gaps bridged; None where none is given.

    Means stay means: a step of an hour gives its quarters its own value, and energy stays where it was forecast.
    """
    series = given.get(name)
    if series is None:
        return None
    if series.grid == grid and isinstance(series, Series):
        return _Known(series.values, series.provenance)
    raw = Measurements(series.grid, {"power_kw": series.values})
    values = raw.bridged().on(grid, min_share=1.0).column("power_kw")
    n_bridged = int((np.isnan(raw.on(grid, min_share=1.0).column("power_kw")) & ~np.isnan(values)).sum())
    if not n_bridged:
        return _Known(values, series.provenance)
    return _Known(values, _noted(series.provenance, f"{n_bridged} steps in short gaps bridged", is_repaired=True))


def _noted(origin: Provenance, note: str, *, is_repaired: bool = False) -> Provenance:
    quality = Quality.REPAIRED if is_repaired and origin.quality in _BETTER_THAN_REPAIRED else origin.quality
    return replace(origin, quality=quality, note="; ".join(filter(None, (origin.note, note))))


_BETTER_THAN_REPAIRED = frozenset({Quality.MEASURED, Quality.FORECAST})
