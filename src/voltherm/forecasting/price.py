"""Price forecast beyond the published prices: the usual day, how the last week differs from it, and the weather."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements, MeasurementView
from voltherm.domain.series import Forecast, Provenance, Quality
from voltherm.domain.time import TimeGrid
from voltherm.forecasting.assembly import assembled, no_history
from voltherm.forecasting.intraday import PROBABILITIES
from voltherm.forecasting.price_assumed import repeated_day
from voltherm.forecasting.price_known import HOUR, NOTHING_AHEAD, Ahead, joined, known_by_hour, quality_with, whole_hour
from voltherm.forecasting.price_quarters import Quarters, fit_quarters
from voltherm.forecasting.price_recent import DAY, MIDPOINTS, WEEK, Recent, fit_recent
from voltherm.forecasting.price_scale import PriceScale, fit_scale
from voltherm.forecasting.price_usual import UsualPrice, fit_usual
from voltherm.forecasting.price_weather import WeatherEffect, fit_weather

SOURCE: Final = "price forecast from history"
HISTORY: Final = timedelta(days=56)
"""Older prices are not looked at: fuel, season and power plants were others."""
FEW_DAYS: Final = 21
"""With fewer days of prices the quantiles rest on too few errors."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceModel:
    """A price model fitted to a history; frozen, so that whoever holds it decides when to fit again.

    Parameters
    ----------
    zone : ZoneInfo
        Zone of the wall clock that people live by.
    column : str
        The column that it forecasts.
    fitted_day : int
        Ordinal of the local day on which it was fitted.
    origin : datetime
        End of the last known price when it was fitted.
    n_days : int
        Days beyond the origin that it was fitted for.
    weather : tuple of str
        Weather that was asked for when it was fitted, used or not.
    scale : PriceScale
        The scale on which it was learned.
    usual : UsualPrice
        The usual price by kind of day and hour, on the scale.
    effect : WeatherEffect or None
        What weather adds; None where none is known well enough, or it adds nothing.
    recent : Recent
        How the last week goes on.
    quarters : Quarters
        How the parts of an hour differ, in markets of quarter-hours.
    note : str
        What is poor about it, empty when nothing is.
    """

    zone: ZoneInfo
    column: str
    fitted_day: int
    origin: datetime
    n_days: int
    weather: tuple[str, ...]
    scale: PriceScale
    usual: UsualPrice
    effect: WeatherEffect | None
    recent: Recent
    quarters: Quarters
    note: str = ""

    def is_current(self, view: MeasurementView, grid: TimeGrid, ahead: Ahead = NOTHING_AHEAD) -> bool:
        """Whether it was fitted on the local day of ``view.now`` for a horizon and for weather like these.

        The errors are known by hour beyond the last known price, so that must fall on the hour that it was fitted for.
        """
        hours = known_by_hour(view, self.column, ahead, view.now - HISTORY)
        if hours is None or (hours.grid.end - self.origin) % timedelta(days=1):
            return False
        same_day = self.fitted_day == view.now.astimezone(self.zone).toordinal()
        return same_day and self.weather == tuple(ahead.weather) and self.n_days >= _n_days(hours.grid.end, grid)

    def forecast(self, view: MeasurementView, grid: TimeGrid, ahead: Ahead = NOTHING_AHEAD) -> Forecast:
        """Return the forecast on ``grid`` from what is known at ``view.now``; known prices are returned as they are.

        Parameters
        ----------
        view : MeasurementView
            The history.
        grid : TimeGrid
            The steps to forecast. [currency/kWh]
        ahead : Ahead
            Published prices, and forecasts of the weather that it was fitted with.

        Raises
        ------
        NoHistoryError
            When no price of the last weeks is known any more.
        InvalidInputError
            When weather is missing that it was fitted with.
        """
        used = () if self.effect is None else tuple(self.effect.slopes)
        lacking = sorted(set(used) - set(ahead.weather))
        if lacking:
            raise InvalidInputError(f"weather: {lacking[0]!r} is missing; give it, or fit without it")
        known = _known(view, self.column, ahead)
        start = whole_hour(grid.start)
        hours = TimeGrid(start, HOUR, -((start - grid.end) // HOUR))
        z = self._distribution(view, known, hours, ahead)
        columns = {f"{i}_per_kwh": values for i, values in enumerate(self._prices(z).T)}
        on_grid = np.stack(list(Measurements(hours, columns).on(grid).columns.values())) + self.quarters.at(grid)
        price = joined(view, self.column, ahead.published, grid)
        is_known = ~np.isnan(price)
        mean = np.where(is_known, price, on_grid[0])
        errors = {
            p: np.where(is_known, 0.0, values - mean) for p, values in zip(PROBABILITIES, on_grid[1:], strict=True)
        }
        origin = Provenance(
            source=f"{SOURCE} and {', '.join(used)}" if used else SOURCE,
            quality=quality_with(Quality.FORECAST, [ahead.published, *(ahead.weather[name] for name in used)]),
            issued_at=view.now,
            note="" if is_known.all() else self._note(grid.time_of(int(np.argmin(is_known))), known.grid.end),
        )
        return assembled(grid, mean, errors, (-np.inf, np.inf), origin)

    def _note(self, since: datetime, known_until: datetime) -> str:
        old = f"no price is known after {known_until.isoformat()}" if since - known_until >= timedelta(days=1) else ""
        return "; ".join(filter(None, (f"forecast from {since.isoformat()} on", old, self.note)))

    def _distribution(self, view: MeasurementView, known: Measurements, hours: TimeGrid, ahead: Ahead) -> Array:
        """Places on the scale by hour, shape (n_hours, 27)."""
        price = known.column(self.column)[-WEEK * DAY :]
        week = known.part(known.grid.n_steps - price.size, price.size)
        deviation = self.scale.z(price) - self.usual.at(week.grid)
        leads = (hours.epoch_seconds - int(known.grid.end.timestamp())) // hours.step_seconds
        usual = self.usual.at(hours)
        if self.effect is not None:
            deviation = deviation - self.effect.at(week.columns)
            coming = {name: joined(view, name, given, hours) for name, given in ahead.weather.items()}
            usual = usual + self.effect.at(coming)
        return usual[:, None] + self.recent.distribution(_a_week(deviation), leads)

    def _prices(self, z: Array) -> Array:
        """Expected price and quantiles by hour, shape (n_hours, 8). [currency/kWh]."""
        price = self.scale.price_per_kwh(z)
        n_parts = len(MIDPOINTS)
        return np.concatenate([price[:, :n_parts].mean(axis=1, keepdims=True), price[:, n_parts:]], axis=1)


def forecast_price(
    view: MeasurementView,
    grid: TimeGrid,
    zone: ZoneInfo,
    *,
    column: str = "price_per_kwh",
    ahead: Ahead = NOTHING_AHEAD,
    holidays: frozenset[int] = frozenset(),
) -> Forecast:
    """Return the price expected on ``grid``, with quantiles, from what was known at ``view.now``. [currency/kWh].

    Fits and forecasts; who forecasts every step keeps the model of ``fit_price`` while it is current. Known prices are
    returned as they are. With less than a week of prices the last known day is repeated, labelled as assumed.

    Parameters
    ----------
    view : MeasurementView
        The history, which refuses lookahead.
    grid : TimeGrid
        The steps to forecast.
    zone : ZoneInfo
        Zone of the wall clock that people live by.
    column : str
        The column to forecast.
    ahead : Ahead
        Published prices and forecasts of the weather, each with its time of issue.
    holidays : frozenset of int
        Ordinals (``date.toordinal``) of days that are like Sundays.

    Raises
    ------
    NoHistoryError
        When not even a day of prices is known.
    LookaheadError
        When weather that is given cannot have been known at ``view.now``.
    """
    model = fit_price(view, grid, zone, column=column, ahead=ahead, holidays=holidays)
    return repeated_day(view, grid, column, ahead) if model is None else model.forecast(view, grid, ahead)


def fit_price(
    view: MeasurementView,
    grid: TimeGrid,
    zone: ZoneInfo,
    *,
    column: str = "price_per_kwh",
    ahead: Ahead = NOTHING_AHEAD,
    holidays: frozenset[int] = frozenset(),
) -> PriceModel | None:
    """Return the model of the history for a horizon like that of ``grid``; None below a week of known prices.

    Parameters are those of ``forecast_price``.

    Raises
    ------
    LookaheadError
        When weather that is given cannot have been known at ``view.now``.
    """
    known = known_by_hour(view, column, ahead, view.now - HISTORY)
    if known is None or np.isfinite(known.column(column)).sum() < WEEK * DAY:
        return None
    hours, price = known.grid, known.column(column)
    scale = fit_scale(price, np.arange(price.size)[::-1] / DAY)
    z = scale.z(price)
    usual = fit_usual(hours, z, zone, holidays)
    effect = fit_weather(z, usual.at(hours), {name: known.column(name) for name in ahead.weather})
    if effect is not None:
        z = z - effect.at(known.columns)
        usual = fit_usual(hours, z, zone, holidays)
    n_days = _n_days(hours.end, grid)
    n_known = np.isfinite(z).sum() / DAY
    return PriceModel(
        zone=zone,
        column=column,
        fitted_day=view.now.astimezone(zone).toordinal(),
        origin=hours.end,
        n_days=n_days,
        weather=tuple(ahead.weather),
        scale=scale,
        usual=usual,
        effect=effect,
        recent=fit_recent(z - usual.at(hours), n_days),
        quarters=fit_quarters(view, column, ahead, grid, zone),
        note="" if n_known >= FEW_DAYS else f"{n_known:.0f} days of prices are known: the quantiles are rough",
    )


def _known(view: MeasurementView, column: str, ahead: Ahead) -> Measurements:
    known = known_by_hour(view, column, ahead, view.now - HISTORY)
    if known is None:
        raise no_history(column, view, HISTORY)
    return known


def _n_days(origin: datetime, grid: TimeGrid) -> int:
    """Days ahead to fit for, at most a week: further ahead the last one counts."""
    return int(min(max(1, -((origin - grid.end) // timedelta(days=1))), WEEK))


def _a_week(deviation: Array) -> Array:
    return np.concatenate([np.full(max(0, WEEK * DAY - deviation.size), np.nan), deviation])
