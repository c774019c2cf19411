"""Forecasts as they go over the wire: our documented shape, and the plain rows of the field."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict

from voltherm.application.serve_forecasts import POWER, STEP, Made
from voltherm.domain.external_forecast import ForecastKind
from voltherm.domain.measurements import Measurements
from voltherm.domain.series import Quality
from voltherm.domain.time import Interval, TimeGrid, local_midnight

DECIMALS: Final = 3
TOLD_QUANTILES: Final = (0.1, 0.5, 0.9)
ROW_DAYS: Final = 7


class PointDocument(BaseModel):
    """The mean over one step from ``time`` on, with quantiles by probability. [kW]."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    time: AwareDatetime
    power: float | None
    quantiles: dict[str, float]


class ForecastDocument(BaseModel):
    """A forecast in our documented shape; ``quality`` is ``demo`` where the readings are a recording."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    quality: str
    issued_at: AwareDatetime
    known_until: AwareDatetime
    resolution_minutes: int
    unit: str
    note: str
    points: list[PointDocument]


class LoadRowDocument(BaseModel):
    """One hour of the plain rows: local wall-clock time without zone, mean load. [kW]."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ds: str
    hourly_power: float | None


class SolarRowDocument(BaseModel):
    """One hour of the plain rows: local wall-clock time without zone, mean production. [kW]."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    index: str
    power_expected: float | None


def forecast_document(made: Made, now: datetime, hours: int, *, source: str, is_demo: bool) -> ForecastDocument:
    """Return the next ``hours`` of a forecast, from the step that is running at ``now``."""
    forecast = made.forecast
    grid = forecast.grid
    first = max(0, (now - grid.start) // grid.step)
    last = min(grid.n_steps, first + timedelta(hours=hours) // grid.step)
    powers = _rounded(forecast.mean.values)
    quantiles = {f"{p:g}": _rounded(forecast.quantiles[p]) for p in TOLD_QUANTILES if p in forecast.quantiles}
    points = [
        PointDocument(
            time=grid.time_of(index),
            power=powers[index],
            quantiles={p: values[index] for p, values in quantiles.items()},
        )
        for index in range(first, last)
    ]
    return ForecastDocument(
        source=source,
        quality=(Quality.DEMO if is_demo else Quality.FORECAST).value,
        issued_at=made.issued_at,
        known_until=known_until(made.measured),
        resolution_minutes=grid.step_seconds // 60,
        unit="kW",
        note=forecast.mean.provenance.note,
        points=points,
    )


def rows_json(made: Made, now: datetime, kind: ForecastKind, zone: ZoneInfo) -> str:
    """Return the plain rows: seven local days from midnight, one a step, by the wall clock.

    What is over today is what was measured, null where nothing is known; the rest is the forecast. Where the clocks
    change, each step that there really is has its row: a skipped hour has none, a doubled hour two.
    """
    today = now.astimezone(zone).date()
    end = local_midnight(today + timedelta(days=ROW_DAYS), zone)
    forecast = made.forecast.mean
    grid = TimeGrid.over(Interval(local_midnight(today, zone), end), forecast.grid.step)
    expected = Measurements(forecast.grid, {POWER: forecast.values}).resample(STEP)
    whole = expected.append(Measurements(made.measured.grid, {POWER: made.measured.column(POWER)}))
    values = whole.on(grid).column(POWER)
    time_key, power_key = ("ds", "hourly_power") if kind is ForecastKind.LOAD else ("index", "power_expected")
    rows = [
        {
            time_key: f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            power_key: None if math.isnan(value) else round(value, DECIMALS) + 0.0,
        }
        for moment, value in zip(grid.times(), values.tolist(), strict=True)
    ]
    return json.dumps(rows, allow_nan=False)


def known_until(measured: Measurements) -> datetime:
    """Return the end of the last step in which power was measured."""
    last = np.flatnonzero(~np.isnan(measured.column(POWER)))[-1]
    return measured.grid.time_of(int(last) + 1)


def _rounded(values: NDArray[np.float64]) -> list[float]:
    rounded: list[float] = (np.round(values, DECIMALS) + 0.0).tolist()
    return rounded
