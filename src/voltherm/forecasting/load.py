"""Load forecast from the meter's own history: the usual day of its kind, and how today differs from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.measurements import MeasurementView
from voltherm.domain.series import Forecast, Series
from voltherm.domain.time import TimeGrid
from voltherm.forecasting.assembly import assembled, flat, no_history, provenance
from voltherm.forecasting.history import History, by_day, lead_of, n_slots, past, wall_clock
from voltherm.forecasting.intraday import REACH, Intraday, fit_intraday, normal_intraday
from voltherm.forecasting.profile import HALF_LIFE_DAYS, Profile, fit_profile, kinds_of, similarity
from voltherm.forecasting.temperature import ENOUGH, TemperatureEffect, fit_temperature, temperature_features

SOURCE: Final = "load forecast from history"
HISTORY: Final = timedelta(days=56)
"""Older days are not looked at; at the half-life of recency they count a sixteenth."""
ENOUGH_DAYS: Final = 3
"""With less history the spread is a guess, and nothing is learned about how deviations go on."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadModel:
    """A load model fitted to a history; frozen, so that whoever holds it decides when to fit again.

    Parameters
    ----------
    zone : ZoneInfo
        Zone of the wall clock that people live by.
    column : str
        The column that it forecasts.
    holidays : frozenset of int
        Ordinals (``date.toordinal``) of days that are like Sundays.
    step : timedelta
        Length of a step.
    n_leads : int
        Steps ahead that it was fitted for.
    fitted_day : int
        Ordinal of the local day on which it was fitted.
    usual, spread : array, shape (8, n_slots)
        The usual day by kind (Monday to Sunday, holiday), and how far days lie from it. [kW]
    intraday : Intraday
        How today's deviation goes on.
    temperature : TemperatureEffect or None
        What the outdoor temperature adds; None when the history has none.
    floor_kw : float
        The least that was ever measured, or zero. [kW]
    note : str
        What is poor about it, empty when nothing is.
    """

    zone: ZoneInfo
    column: str
    holidays: frozenset[int]
    step: timedelta
    n_leads: int
    fitted_day: int
    usual: Array
    spread: Array
    intraday: Intraday
    temperature: TemperatureEffect | None
    floor_kw: float
    note: str = ""

    def is_current(self, view: MeasurementView, grid: TimeGrid) -> bool:
        """Whether it was fitted on the local day of ``view.now``, for steps and a horizon like those of ``grid``."""
        same_day = self.fitted_day == _local_ordinal(view, self.zone)
        return same_day and self.step == grid.step and self.n_leads >= grid.n_steps

    def forecast(self, view: MeasurementView, grid: TimeGrid, *, t_out_c: Series | None = None) -> Forecast:
        """Return the forecast on ``grid`` with what ``view`` knows of the last day.

        Parameters
        ----------
        view : MeasurementView
            The history.
        grid : TimeGrid
            The steps to forecast, as long as those fitted for.
        t_out_c : Series, optional
            Outdoor temperature forecast; where it is missing, the usual temperature is assumed. [°C]
        """
        clock = wall_clock(self.zone)
        days, slots = clock(grid)
        kinds = kinds_of(days, self.holidays)
        recent = past(view, self.column, grid, clock, reach=REACH + 2 * self.step)
        leads = np.arange(grid.n_steps) + (0 if recent is None else lead_of(grid, recent.grid.end))
        spread = self.spread[kinds, slots]
        mean = self.usual[kinds, slots] + spread * self.intraday.deviation(self._recent(view, recent), self.step, leads)
        if self.temperature is not None:
            mean = mean + self.temperature.at(temperature_features(view, grid, t_out_c), kinds, slots)
        errors = {p: spread * error for p, error in self.intraday.quantiles(leads).items()}
        return assembled(grid, mean, errors, (self.floor_kw, np.inf), provenance(view, SOURCE, self.note))

    def _recent(self, view: MeasurementView, recent: History | None) -> Array:
        """Deviations of the last day from the usual one, in units of its spread."""
        if recent is None:
            return np.full(1, np.nan)
        kinds = kinds_of(recent.days, self.holidays)
        values = recent.values - self.usual[kinds, recent.slots]
        if self.temperature is not None:
            values = values - self.temperature.at(temperature_features(view, recent.grid), kinds, recent.slots)
        return np.asarray(values / self.spread[kinds, recent.slots])


def forecast_load(
    view: MeasurementView,
    grid: TimeGrid,
    zone: ZoneInfo,
    *,
    column: str = "load_kw",
    holidays: frozenset[int] = frozenset(),
    t_out_c: Series | None = None,
) -> Forecast:
    """Return the load expected on ``grid``, with quantiles, from what ``view`` knows.

    Fits and forecasts; who forecasts every step keeps the model of ``fit_load`` while it is current.

    Parameters
    ----------
    view : MeasurementView
        The history, which refuses lookahead; any amount of it.
    grid : TimeGrid
        The steps to forecast.
    zone : ZoneInfo
        Zone of the wall clock that people live by.
    column : str
        The column to forecast.
    holidays : frozenset of int
        Ordinals (``date.toordinal``) of days that are like Sundays.
    t_out_c : Series, optional
        Outdoor temperature forecast; of use when the history has ``t_out_c`` too. [°C]

    Raises
    ------
    NoHistoryError
        When the column was never measured.
    """
    model = fit_load(view, grid, zone, column=column, holidays=holidays)
    if model is None:
        return flat(view, grid, view.column(column), SOURCE)
    return model.forecast(view, grid, t_out_c=t_out_c)


def fit_load(
    view: MeasurementView,
    grid: TimeGrid,
    zone: ZoneInfo,
    *,
    column: str = "load_kw",
    holidays: frozenset[int] = frozenset(),
) -> LoadModel | None:
    """Return the model of the history for steps and a horizon like those of ``grid``; None below a day of history.

    Parameters are those of ``forecast_load``.

    Raises
    ------
    NoHistoryError
        When the column was never measured.
    """
    history = past(view, column, grid, wall_clock(zone), reach=HISTORY)
    if history is None or np.isnan(history.values).all():
        raise no_history(column, view, HISTORY)
    n_known = int((~np.isnan(history.values)).sum())
    if n_known * grid.step < timedelta(days=1):
        return None
    days = np.arange(history.days[0], history.days[-1] + 1)
    kinds = kinds_of(days, holidays)
    weights = similarity()[:, kinds] * 0.5 ** ((days[-1] - days) / HALF_LIFE_DAYS)
    table = by_day(history, history.values, n_slots(grid.step))
    effect = _effect(view, history, table, weights, kinds)
    if effect is not None:
        table = _without(effect, view, history, kinds)
    profile = fit_profile(table, weights, kinds)
    is_enough = n_known * grid.step >= timedelta(days=ENOUGH_DAYS)
    n_leads = grid.n_steps + lead_of(grid, history.grid.end)
    return LoadModel(
        zone=zone,
        column=column,
        holidays=holidays,
        step=grid.step,
        n_leads=n_leads,
        fitted_day=_local_ordinal(view, zone),
        usual=profile.usual,
        spread=profile.spread if is_enough else np.maximum(profile.spread, _guessed_spread_kw(history.values)),
        intraday=_learned(history, profile, kinds, n_leads) if is_enough else normal_intraday(n_leads),
        temperature=effect,
        floor_kw=min(0.0, float(np.nanmin(history.values))),
        note="" if is_enough else f"less than {ENOUGH_DAYS} days of history: the quantiles are a wide guess",
    )


def _learned(history: History, profile: Profile, kinds: NDArray[np.int64], n_leads: int) -> Intraday:
    day = history.days - history.days[0]
    deviation = profile.residuals[day, history.slots] / profile.spread[kinds[day], history.slots]
    return fit_intraday(deviation, history.grid.step, n_leads)


def _effect(
    view: MeasurementView,
    history: History,
    table: Array,
    weights: Array,
    kinds: NDArray[np.int64],
) -> TemperatureEffect | None:
    """What the temperature adds; None where there is too little of it, or it adds nothing."""
    features = temperature_features(view, history.grid)
    if np.isfinite(features).mean() < ENOUGH:
        return None
    tables = np.stack([by_day(history, column, table.shape[1]) for column in features.T])
    return fit_temperature(table, tables, weights, kinds)


def _without(effect: TemperatureEffect, view: MeasurementView, history: History, kinds: NDArray[np.int64]) -> Array:
    """Load by day and slot, less what the temperature adds."""
    added = effect.at(temperature_features(view, history.grid), kinds[history.days - history.days[0]], history.slots)
    return by_day(history, history.values - added, n_slots(history.grid.step))


def _guessed_spread_kw(values: Array) -> float:
    return 0.3 * float(np.nanstd(values)) + 0.1 * abs(float(np.nanmean(values)))


def _local_ordinal(view: MeasurementView, zone: ZoneInfo) -> int:
    return view.now.astimezone(zone).toordinal()
