"""What outdoor temperature adds to a load: heating below one base temperature, cooling above another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.measurements import Measurements, MeasurementView
from voltherm.domain.series import Series
from voltherm.domain.time import TimeGrid
from voltherm.forecasting.profile import weighted_mean

COLUMN: Final = "t_out_c"
HEATING_BASE_C: Final = 16.0
COOLING_BASE_C: Final = 22.0
STORAGE: Final = timedelta(hours=24)
"""A building answers to the mean of the last day as well as to the moment."""
RIDGE_K2: Final = 1.0
"""Weight of 'no effect', a step: a temperature that never moves by more than a kelvin teaches nothing."""
LEAST_GAIN: Final = 0.03
"""Share of the squared deviations that the temperature must foretell, on days left out, to be used."""
ENOUGH: Final = 0.8
"""Share of the history that must have a temperature."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperatureEffect:
    """A fitted effect.

    Parameters
    ----------
    slope_kw_per_k : array, shape (4,)
        Of each feature of ``features_k``.
    usual_kw : array, shape (n_kinds, n_slots)
        Effect of the temperatures in the history, by kind of day and slot; for steps without a temperature.
    """

    slope_kw_per_k: Array
    usual_kw: Array

    def at(self, features: Array, kinds: NDArray[np.int64], slots: NDArray[np.int64]) -> Array:
        """Return the effect of the features; that of usual temperatures where they are missing. [kW]."""
        effect = features @ self.slope_kw_per_k
        return np.where(np.isnan(effect), self.usual_kw[kinds, slots], effect)


def temperature_features(view: MeasurementView, grid: TimeGrid, ahead: Series | None = None) -> Array:
    """Return the features of each step, shape (n_steps, 4), NaN where there is no temperature. [K].

    Temperatures are those of the view and, after its instant, of the forecast ``ahead``.
    """
    n_before = STORAGE // grid.step
    reach = TimeGrid(grid.start - n_before * grid.step, grid.step, n_before + grid.n_steps)
    t_out_c = np.full(reach.n_steps, np.nan)
    known = view.since(reach.start - view.step) if COLUMN in view.names else None
    if known is not None:
        t_out_c = known.bridged().on(reach).column(COLUMN)
    if ahead is not None:
        given = Measurements(ahead.grid, {COLUMN: ahead.values}).on(reach).column(COLUMN)
        t_out_c = np.where(np.isnan(t_out_c), given, t_out_c)
    return features_k(t_out_c, grid.step)[n_before:]


def features_k(t_out_c: Array, step: timedelta) -> Array:
    """Return kelvins below the heating and above the cooling base, now and in the last day's mean, shape (n, 4)."""
    known = ~np.isnan(t_out_c)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, t_out_c, 0.0))])
    count = np.concatenate([[0], np.cumsum(known)])
    ends = np.arange(1, t_out_c.size + 1)
    starts = np.maximum(ends - STORAGE // step, 0)
    day_mean = (total[ends] - total[starts]) / np.maximum(count[ends] - count[starts], 1)
    below = [np.maximum(HEATING_BASE_C - t, 0.0) for t in (t_out_c, day_mean)]
    above = [np.maximum(t - COOLING_BASE_C, 0.0) for t in (t_out_c, day_mean)]
    return np.stack([*below, *above], axis=1)


def fit_temperature(
    load_table: Array, feature_tables: Array, weights: Array, kinds: NDArray[np.int64]
) -> TemperatureEffect | None:
    """Return the effect, from deviations from the usual day on both sides.

    Ridge regression of load less its usual day on features less theirs (Frisch and Waugh: the same slopes as with the
    usual day as further regressors), so that a warm afternoon is not taken for the effect of the afternoon. None where
    it does not foretell days that it was not fitted to: many a load does not care.

    Parameters
    ----------
    load_table : array, shape (n_days, n_slots)
        Load by day and slot, NaN where missing. [kW]
    feature_tables : array, shape (4, n_days, n_slots)
        Features by day and slot, NaN where missing. [K]
    weights : array, shape (n_kinds, n_days)
        How much each day counts for each kind.
    kinds : array of int, shape (n_days,)
        Kind of each day.
    """
    usual_k = np.stack([weighted_mean(table, weights)[0] for table in feature_tables])
    off_load = (load_table - weighted_mean(load_table, weights)[0][kinds]).ravel()
    off_k = (feature_tables - usual_k[:, kinds]).reshape(feature_tables.shape[0], -1)
    known = ~np.isnan(off_load) & ~np.isnan(off_k).any(axis=0)
    x, y = off_k[:, known], off_load[known]
    odd_day = (np.arange(off_load.size) // load_table.shape[1] % 2 == 1)[known]
    left = [y[test] - _slope(x[:, ~test], y[~test]) @ x[:, test] for test in (odd_day, ~odd_day)]
    if sum(float(part @ part) for part in left) > (1 - LEAST_GAIN) * float(y @ y):
        return None
    slope = _slope(x, y)
    return TemperatureEffect(slope_kw_per_k=slope, usual_kw=np.nan_to_num(np.tensordot(slope, usual_k, axes=1)))


def _slope(x: Array, y: Array) -> Array:
    normal = x @ x.T + RIDGE_K2 * max(1, y.size) * np.eye(x.shape[0])
    return np.asarray(np.linalg.solve(normal, x @ y), dtype=np.float64)
