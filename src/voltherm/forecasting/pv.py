"""PV forecast from the plant's own history: what a clear day gives, and how clear it is today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.measurements import MeasurementView
from voltherm.domain.series import Forecast
from voltherm.domain.time import TimeGrid
from voltherm.forecasting.assembly import assembled, no_history, provenance
from voltherm.forecasting.history import History, by_day, lead_of, n_slots, past, sun_clock
from voltherm.forecasting.intraday import REACH, Intraday, fit_intraday, normal_intraday
from voltherm.forecasting.profile import filled, fit_profile
from voltherm.forecasting.quantile import quantiles_by_column

SOURCE: Final = "PV forecast from history"
HISTORY: Final = timedelta(days=35)
HALF_LIFE_DAYS: Final = 10.0
"""The sun's path moves: after so many days a day counts half."""
ENVELOPE_DAYS: Final = 20
"""The clear-day envelope is made of so many last days."""
ENVELOPE_SHARE: Final = 0.9
"""Quantile of a slot's values that counts as clear."""
NIGHT: Final = 0.01
"""An envelope below this share of its maximum is night: the forecast is zero."""
HEADROOM: Final = 1.1
"""Nothing above this many times the largest value of the slot and its neighbours is forecast."""
ENOUGH_DAYS: Final = 3

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PvModel:
    """A PV model fitted to a history; frozen, so that whoever holds it decides when to fit again.

    Parameters
    ----------
    column : str
        The column that it forecasts.
    step : timedelta
        Length of a step.
    n_leads : int
        Steps ahead that it was fitted for.
    zone : ZoneInfo
        Zone in which a new day makes it old.
    fitted_day : int
        Ordinal of the local day on which it was fitted.
    usual_kw, envelope_kw, most_kw : array, shape (n_slots,)
        By slot of the UTC day: mean, clear-day power (0 at night), and the most that may be forecast. [kW]
    intraday : Intraday
        How today's deviation, as a share of the envelope, goes on.
    note : str
        What is poor about it, empty when nothing is.
    """

    column: str
    step: timedelta
    n_leads: int
    zone: ZoneInfo
    fitted_day: int
    usual_kw: Array
    envelope_kw: Array
    most_kw: Array
    intraday: Intraday
    note: str = ""

    def is_current(self, view: MeasurementView, grid: TimeGrid) -> bool:
        """Whether it was fitted on the local day of ``view.now``, for steps and a horizon like those of ``grid``."""
        same_day = self.fitted_day == view.now.astimezone(self.zone).toordinal()
        return same_day and self.step == grid.step and self.n_leads >= grid.n_steps

    def forecast(self, view: MeasurementView, grid: TimeGrid) -> Forecast:
        """Return the forecast on ``grid`` with what ``view`` knows of the last day."""
        _, slots = sun_clock(grid)
        recent = past(view, self.column, grid, sun_clock, reach=REACH + 2 * self.step)
        leads = np.arange(grid.n_steps) + (0 if recent is None else lead_of(grid, recent.grid.end))
        envelope = self.envelope_kw[slots]
        mean = self.usual_kw[slots] + envelope * self.intraday.deviation(self._recent(recent), self.step, leads)
        errors = {p: envelope * error for p, error in self.intraday.quantiles(leads).items()}
        most = np.where(envelope > 0, self.most_kw[slots], 0.0)
        return assembled(grid, mean, errors, (0.0, most), provenance(view, SOURCE, self.note))

    def _recent(self, recent: History | None) -> Array:
        """Deviations of the last day from the usual one, as shares of the envelope; missing at night."""
        if recent is None:
            return np.full(1, np.nan)
        return _shares(recent.values - self.usual_kw[recent.slots], self.envelope_kw[recent.slots])


def forecast_pv(view: MeasurementView, grid: TimeGrid, zone: ZoneInfo, *, column: str = "pv_kw") -> Forecast:
    """Return the PV power expected on ``grid``, with quantiles, from what ``view`` knows.

    Fits and forecasts; who forecasts every step keeps the model of ``fit_pv`` while it is current.

    Parameters
    ----------
    view : MeasurementView
        The history, which refuses lookahead; any amount of it.
    grid : TimeGrid
        The steps to forecast.
    zone : ZoneInfo
        The site's zone, which says when a day begins.
    column : str
        The column to forecast, non-negative.

    Raises
    ------
    NoHistoryError
        When the column was never measured.
    """
    return fit_pv(view, grid, zone, column=column).forecast(view, grid)


def fit_pv(view: MeasurementView, grid: TimeGrid, zone: ZoneInfo, *, column: str = "pv_kw") -> PvModel:
    """Return the model of the history for steps and a horizon like those of ``grid``.

    Parameters and errors are those of ``forecast_pv``.
    """
    history = past(view, column, grid, sun_clock, reach=HISTORY)
    if history is None or np.isnan(history.values).all():
        raise no_history(column, view, HISTORY)
    table = np.maximum(by_day(history, history.values, n_slots(grid.step)), 0.0)
    days = (~np.isnan(history.values)).sum() * grid.step / timedelta(days=1)
    n_leads = grid.n_steps + lead_of(grid, history.grid.end)
    fitted = (
        _first_day(table, n_leads) if days < 1 else _learned(table, history, n_leads, is_enough=days >= ENOUGH_DAYS)
    )
    usual, envelope, most, intraday = fitted
    return PvModel(
        column=column,
        step=grid.step,
        n_leads=n_leads,
        zone=zone,
        fitted_day=view.now.astimezone(zone).toordinal(),
        usual_kw=usual,
        envelope_kw=envelope,
        most_kw=most,
        intraday=intraday,
        note=_note(float(days)),
    )


def _learned(
    table: Array,
    history: History,
    n_leads: int,
    *,
    is_enough: bool,
) -> tuple[Array, Array, Array, Intraday]:
    n_days = table.shape[0]
    recency = 0.5 ** (np.arange(n_days - 1, -1, -1) / HALF_LIFE_DAYS)
    profile = fit_profile(table, recency[None, :], np.zeros(n_days, dtype=np.int64))
    envelope, most = _envelope(table[-ENVELOPE_DAYS:])
    if not is_enough:
        return profile.usual[0], envelope, most, normal_intraday(n_leads)
    residuals = profile.residuals[history.days - history.days[0], history.slots]
    return (
        profile.usual[0],
        envelope,
        most,
        fit_intraday(_shares(residuals, envelope[history.slots]), history.grid.step, n_leads),
    )


def _first_day(table: Array, n_leads: int) -> tuple[Array, Array, Array, Intraday]:
    """What was seen today, nothing at other hours, and quantiles up to the most that was seen."""
    seen = np.where(np.isnan(table), -np.inf, table).max(axis=0)
    most = np.full(seen.size, max(0.0, float(seen.max())))
    return np.maximum(seen, 0.0), most / 2, most, normal_intraday(n_leads)


def _note(days: float) -> str:
    if days >= ENOUGH_DAYS:
        return ""
    unseen = "; hours not seen yet count as zero" if days < 1 else ""
    return f"{days:.1f} days of history: the quantiles are a wide guess{unseen}"


def _envelope(table: Array) -> tuple[Array, Array]:
    """Clear-day power by slot, zero at night, and the most that may be forecast, from neighbouring slots as well."""
    known = np.where(np.isnan(table), -np.inf, table)
    near = np.maximum.reduce([np.roll(known, shift, axis=1) for shift in (-1, 0, 1)])
    near = np.where(np.isneginf(near), np.nan, near)
    clear, largest = filled(quantiles_by_column(near, (ENVELOPE_SHARE, 1.0)))
    return np.where(clear > NIGHT * clear.max(), clear, 0.0), HEADROOM * largest


def _shares(deviation_kw: Array, envelope_kw: Array) -> Array:
    lit = envelope_kw > 0
    return np.where(lit, deviation_kw / np.where(lit, envelope_kw, 1.0), np.nan)
