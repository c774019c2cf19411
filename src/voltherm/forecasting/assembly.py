"""A forecast put together from its parts: expected values, errors by probability, bounds, and what to say about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.measurements import MeasurementView
from voltherm.domain.series import Forecast, Provenance, Quality, Series
from voltherm.domain.time import TimeGrid
from voltherm.forecasting.history import NoHistoryError
from voltherm.forecasting.intraday import NORMAL_QUANTILES, PROBABILITIES

Array = NDArray[np.float64]


def assembled(
    grid: TimeGrid,
    mean: Array,
    errors: Mapping[float, Array],
    bounds: tuple[Array | float, Array | float],
    provenance: Provenance,
) -> Forecast:
    """Return the forecast ``mean`` with quantiles ``mean + errors``, all within ``bounds``; monotone in probability."""
    low, high = bounds
    quantiles = {}
    reached = np.full(grid.n_steps, -np.inf)
    for probability in sorted(errors):
        reached = np.maximum(reached, np.clip(mean + errors[probability], low, high))
        values = reached.copy()
        values.flags.writeable = False
        quantiles[probability] = values
    return Forecast(Series(grid, np.clip(mean, low, high), provenance), quantiles)


def flat(view: MeasurementView, grid: TimeGrid, recent: Array, source: str) -> Forecast:
    """Return the recent mean for every step, with wide quantiles: all that less than a day of history allows."""
    known = recent[~np.isnan(recent)]
    level = float(known[-4:].mean())
    width = max(0.5 * abs(level), float(known.std()))
    errors = {p: np.full(grid.n_steps, q * width) for p, q in zip(PROBABILITIES, NORMAL_QUANTILES, strict=True)}
    note = f"only {known.size} steps of history, less than a day: the last mean goes on, quantiles are a wide guess"
    return assembled(
        grid,
        np.full(grid.n_steps, level),
        errors,
        (min(0.0, float(known.min())), np.inf),
        provenance(view, source, note),
    )


def provenance(view: MeasurementView, source: str, note: str = "") -> Provenance:
    """Return the provenance of a forecast issued at the view's instant."""
    return Provenance(source=source, quality=Quality.FORECAST, issued_at=view.now, note=note)


def no_history(column: str, view: MeasurementView, reach: timedelta) -> NoHistoryError:
    """Return the error for a view in which ``column`` has no value within ``reach``."""
    return NoHistoryError(
        f"{column}: nothing was measured in the {reach.days} days before {view.now.isoformat()}; "
        "give measurements of at least some hours, or a forecast from elsewhere",
    )
