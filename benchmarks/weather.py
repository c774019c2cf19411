"""Scores of the outdoor temperature from history in the winter months of a recorded year, beside two simple guesses."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from benchmarks.houses import DATA, MONTHS, TOWNS
from benchmarks.measure import markdown_table
from voltherm.adapters.documents.series_csv import read_measurements
from voltherm.domain.measurements import MeasurementView
from voltherm.domain.series import Forecast, Provenance, Quality, Series
from voltherm.domain.time import TimeGrid, zone_named
from voltherm.forecasting import Forecaster, score_rolling, seasonal_naive
from voltherm.forecasting.weather import HISTORY, forecast_outdoor

HOURS = (6, 24, 48)
EVERY_H = 7
"""An origin every so many hours comes by every time of the day."""
OURS, LAST, DAY_BEFORE = "Voltherm", "the last hour goes on", "same time the day before"


def report() -> str:
    """Return the table of scores."""
    recorded = read_measurements(DATA, zone_named("Europe/Helsinki")).measurements
    origins = [
        at for at in recorded.grid.times()[HISTORY // timedelta(hours=1) : -max(HOURS) : EVERY_H] if _is_winter(at)
    ]
    rows = []
    for town, column in TOWNS.items():
        rivals: dict[str, Forecaster] = {
            OURS: lambda view, grid, column=column: forecast_outdoor(view, grid, column=column),
            LAST: _persistence(column),
            DAY_BEFORE: seasonal_naive(column, timedelta(days=1)),
        }
        for hours in HOURS:
            scores = score_rolling(recorded, column, rivals, origins=origins, n_steps=hours)
            figures = [f"{scores[name].mae:.2f}" for name in (LAST, DAY_BEFORE, OURS)]
            inside = f"{100 * scores[OURS].coverage:.0f} %"
            rows.append((f"{town}, {hours} h", str(scores[OURS].n_forecasts), *figures, inside))
    head = ("town, ahead", "n", LAST, DAY_BEFORE, OURS, "in 5-95 %")
    title = (
        "## Outdoor temperature from history: mean absolute error, K, January to March and October to December 2023\n"
    )
    return "\n".join([title, markdown_table(head, rows), ""])


def _is_winter(moment: datetime) -> bool:
    return moment.month in MONTHS.values()


def _persistence(column: str) -> Forecaster:
    def forecast(view: MeasurementView, grid: TimeGrid) -> Forecast:
        known = view.column(column)
        values = np.full(grid.n_steps, known[~np.isnan(known)][-1])
        return Forecast(Series(grid, values, Provenance(source=LAST, quality=Quality.FORECAST, issued_at=view.now)))

    return forecast
