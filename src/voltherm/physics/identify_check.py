"""How well a learned house foretells what it was not fitted to, and whether what it leaves over is white."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.stats import chi2

from voltherm.physics.identify_filter import Belief, Record, filtered, forcing_of
from voltherm.physics.identify_model import Floats, Reading, noisy_steps

AHEAD_H: Final = 24.0
"""How far ahead the errors are counted that decide between models: a day, as a plan looks. [h]"""
ORIGINS_EVERY_H: Final = 2.0
LAGS: Final = 20
"""Lags of the whiteness test."""
SETTLING_H: Final = 6.0
"""The filter knows little of the mass at first: no forecast begins so soon after the start of a stretch. [h]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Errors of the room temperature over steps that the parameters were not fitted to.

    Parameters
    ----------
    hours : float
        Steps with a reading. [h]
    free_run_rmse_k, free_run_bias_k : float
        Of a simulation through all of them that sees no reading; bias is measured minus simulated. [K]
    ahead_rmse_k : float
        Of forecasts of up to a day from the filter's states, every two hours; NaN where none fits. [K]
    one_step_rmse_k : float
        Of forecasts by one step. [K]
    """

    hours: float
    free_run_rmse_k: float
    free_run_bias_k: float
    ahead_rmse_k: float
    one_step_rmse_k: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Whiteness:
    """Whether the one-step errors of the fit are random.

    Parameters
    ----------
    p_value : float
        Of Ljung and Box's test: how often white noise would look less white.
    lag_one : float
        Correlation of neighbouring errors.
    n_lags : int
        Lags of the test.
    """

    p_value: float
    lag_one: float
    n_lags: int


def free_run_c(values: Floats, record: Record, reading: Reading, start: Belief) -> Floats:
    """Return the readings that a simulation foretells which sees none of them, shape (n_steps,). [degC].

    Parameters
    ----------
    values : NDArray, shape (14,)
        Parameters.
    record : Record
        Inputs; after a gap in them the simulation begins anew from the first reading.
    reading : Reading
        What a reading stands for.
    start : Belief
        Temperatures before the first step, of one candidate.
    """
    unseen = replace(record, readings_c=np.where(record.begins, record.readings_c, np.nan))
    return np.asarray(filtered(values[None], unseen, reading, start).expected_c[:, 0])


def errors_of(values: Floats, record: Record, reading: Reading, n_fitted: int) -> Errors:
    """Return the errors over the steps from ``n_fitted`` on, with the filter run over all of the record.

    Parameters
    ----------
    values : NDArray, shape (14,)
        Parameters.
    record : Record
        What was measured, fitted part first.
    reading : Reading
        What a reading stands for.
    n_fitted : int
        Steps before the held-out ones, above 0.
    """
    run = filtered(values[None], record, reading)
    start = filtered(values[None], record.part(slice(0, n_fitted)), reading).end
    kept = record.part(slice(n_fitted, None), continues=not record.begins[n_fitted])
    free = kept.readings_c - free_run_c(values, kept, reading, start)
    seen = np.isfinite(record.readings_c[n_fitted:])
    return Errors(
        hours=float(seen.sum()) * record.step_h,
        free_run_rmse_k=_rms(free[seen]),
        free_run_bias_k=float(free[seen].mean()),
        ahead_rmse_k=_ahead_rmse_k(values, record, reading, run.starts_c[:, :, 0], n_fitted),
        one_step_rmse_k=_rms(run.innovations_k[n_fitted:, 0][seen]),
    )


def ahead_rmse_k(values: Floats, record: Record, reading: Reading, first: int = 0) -> float:
    """Return the error of forecasts of up to a day that begin at step ``first`` or later; NaN where none fits. [K]."""
    return _ahead_rmse_k(values, record, reading, filtered(values[None], record, reading).starts_c[:, :, 0], first)


def whiteness_of(values: Floats, record: Record, reading: Reading) -> Whiteness:
    """Return whether the standardised one-step errors are white.

    ``Q = sum_k n_k r_k^2`` over the lags is chi-squared where they are; ``n_k`` pairs count (Ljung and Box, Biometrika
    65, 1978; with gaps: Stoffer and Toloi, Statistics and Probability Letters 13, 1992).

    Parameters
    ----------
    values : NDArray, shape (14,)
        Parameters.
    record : Record
        What was fitted.
    reading : Reading
        What a reading stands for.
    """
    run = filtered(values[None], record, reading)
    seen = np.isfinite(record.readings_c)
    scaled = np.where(seen, run.innovations_k[:, 0] / np.sqrt(run.variances_k2[:, 0]), 0.0)
    power = float((scaled**2).sum()) / seen.sum()
    stretch = np.cumsum(record.begins)
    total, lag_one = 0.0, 0.0
    for lag in range(1, LAGS + 1):
        pairs = seen[lag:] & seen[:-lag] & (stretch[lag:] == stretch[:-lag])
        correlation = float((scaled[lag:] * scaled[:-lag])[pairs].mean()) / power if pairs.any() else 0.0
        total += pairs.sum() * correlation**2
        lag_one = correlation if lag == 1 else lag_one
    return Whiteness(p_value=float(chi2.sf(total, LAGS)), lag_one=lag_one, n_lags=LAGS)


def _ahead_rmse_k(values: Floats, record: Record, reading: Reading, starts_c: Floats, first: int) -> float:
    """All origins at once, one hour of the day after the other."""
    steps = noisy_steps(values[None], record.step_h, reading)
    transition = steps.transition[:, :, 0]
    forcing = forcing_of(values[None], steps, record, None)
    seen, offset, forced = steps.seen[:, 0], forcing.shown_k[:, 0], forcing.added_k[:, :, 0]
    stretch, age = np.cumsum(record.begins), _steps_since_begin(record)
    every = max(1, round(ORIGINS_EVERY_H / record.step_h))
    origins = np.arange(first, record.n_steps, every)
    origins = origins[age[origins] * record.step_h >= SETTLING_H]
    temps, squares = starts_c[origins], []
    for ahead in range(max(1, round(AHEAD_H / record.step_h))):
        at = np.minimum(origins + ahead, record.n_steps - 1)
        errors = record.readings_c[at] - temps @ seen - offset[at]
        counts = (origins + ahead < record.n_steps) & (stretch[at] == stretch[origins]) & np.isfinite(errors)
        squares.append(errors[counts] ** 2)
        temps = temps @ transition.T + forced[at]
    together = np.concatenate(squares)
    return float(np.sqrt(together.mean())) if together.size else float("nan")


def _steps_since_begin(record: Record) -> Floats:
    places = np.arange(record.n_steps)
    return np.asarray(places - np.maximum.accumulate(np.where(record.begins, places, 0)))


def _rms(errors: Floats) -> float:
    return float(np.sqrt(np.mean(errors**2))) if errors.size else float("nan")
