"""What is expected over the horizon: given forecasts joined by time, the rest forecast from the site's history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltherm.application.own_forecasts import OwnForecasts
from voltherm.domain.assets import Load, Pv
from voltherm.domain.errors import InvalidInputError, VolthermError
from voltherm.domain.external_forecast import PartialSeries
from voltherm.domain.measurements import LookaheadError, Measurements, MeasurementView
from voltherm.domain.series import Forecast, Provenance, Quality, Series, read_only
from voltherm.domain.site import Site
from voltherm.domain.time import TimeGrid
from voltherm.forecasting import Ahead, NoHistoryError
from voltherm.forecasting.price_known import refuse_lookahead

PRICE_WEATHER: Final = {"outdoor_c": "t_out_c", "wind_kw": "wind_kw"}
"""Weather that moves prices, to its column of the history."""
WEATHER: Final = frozenset({*PRICE_WEATHER, "irradiance_w_m2"})
"""What may be given besides the site's own series."""

Given = Mapping[str, Series | PartialSeries]
"""Forecasts from elsewhere: by id of a load or PV plant, by name of a price series, or one of ``WEATHER``."""


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
        Price series; where a part is forecast or assumed, quality and note say so. [currency/kWh]
    price_quantiles : Mapping of name to Forecast
        The same prices with their quantiles, of those series that are not known throughout. [currency/kWh]
    """

    grid: TimeGrid
    power_kw: Mapping[str, Series]
    prices: Mapping[str, Series]
    price_quantiles: Mapping[str, Forecast] = field(default_factory=dict)


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
        Those for which there is no history to go on with; weather does not count, as a plan can do without.
    grid : TimeGrid
        The steps wanted.
    """
    needed = [name for name in given if name not in WEATHER]
    missing = [known.missing for name in needed if (known := _known(name, given, grid)) is not None]
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
        given series, are forecast here. ``wind_kw`` and ``outdoor_c`` serve the price forecast, where the history has
        ``wind_kw`` and ``t_out_c`` too.
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
    unknown = sorted(set(given) - known - WEATHER)
    if unknown:
        message = f"forecasts: {unknown[0]!r} is no load, PV plant or price series; known: {', '.join(sorted(known))}"
        raise InvalidInputError(message)
    view = None if history is None else MeasurementView(history, now)
    wanted = Wanted(grid, given, own)
    power = {asset.id: _power(site, asset, view, wanted) for asset in site.forecast_assets}
    priced = {name: _price(site, name, view or _blind(now, grid), wanted) for name in sorted(site.tariff.series_names)}
    prices = {name: price.mean for name, price in priced.items()}
    doubtful = {name: price for name, price in priced.items() if price.quantiles}
    return Outlook(grid=grid, power_kw=power, prices=prices, price_quantiles=doubtful)


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


def _price(site: Site, name: str, view: MeasurementView, wanted: Wanted) -> Forecast:
    """Known prices, and beyond them a forecast with quantiles; without quantiles where all are known."""
    grid, given = wanted.grid, wanted.given
    known = _known(name, given, grid)
    if known is not None and not known.missing.any():
        return Forecast(Series(grid, known.values, known.provenance))
    weather, left_out = _price_weather(view, given)
    ahead = Ahead(published=given.get(name), weather=weather)
    try:
        forecast = wanted.own.price(column_of(site, name), view, grid, ahead)
    except NoHistoryError as error:
        message = f"{name}: {error}"
        raise MissingOutlookError(message) from error
    origin = _noted(forecast.mean.provenance, left_out)
    if known is None or known.missing.all():
        return replace(forecast, mean=replace(forecast.mean, provenance=origin))
    values = np.where(known.missing, forecast.mean.values, known.values)
    mean = Series(grid, values, _continued(known, origin))
    quantiles = {p: np.where(known.missing, each, known.values) for p, each in forecast.quantiles.items()}
    return Forecast(mean, {p: read_only(each, grid.n_steps, name) for p, each in quantiles.items()})


def _price_weather(view: MeasurementView, given: Given) -> tuple[dict[str, Series | PartialSeries], str]:
    """Return the weather that the price forecast may use, by column, and what is left out of it and why."""
    usable, left_out = {}, []
    for name, column in PRICE_WEATHER.items():
        if name in given:
            try:
                refuse_lookahead(view, {name: given[name]})
            except LookaheadError as error:
                left_out.append(f"{name} is left out: {error}")
            else:
                usable[column] = given[name]
    return usable, "; ".join(left_out)


def _continued(known: _Known, further: Provenance) -> Provenance:
    """Return the provenance of known values with others after them: as good as the poorer of the two."""
    order = list(Quality)
    note = f"{int(known.missing.sum())} steps are not known"
    return Provenance(
        source=f"{known.provenance.source}, then {further.source}",
        quality=max(known.provenance.quality, further.quality, key=order.index),
        issued_at=further.issued_at,
        note="; ".join(filter(None, (known.provenance.note, note, further.note))),
    )


def _blind(now: datetime, grid: TimeGrid) -> MeasurementView:
    """Return the view of a site that has measured nothing."""
    return MeasurementView(Measurements(TimeGrid(now, grid.step, 1), {}), now)


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
