"""How the quarters of an hour usually differ from its mean, in markets that trade quarter-hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.measurements import MeasurementView
from voltherm.domain.time import TimeGrid
from voltherm.forecasting.history import wall_clock
from voltherm.forecasting.price_known import HOUR, Ahead, joined, whole_hour
from voltherm.forecasting.quantile import quantiles_by_column

REACH: Final = timedelta(days=28)
"""The sun moves the morning and evening ramps on, so older days say less."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarters:
    """Differences by part of an hour.

    Parameters
    ----------
    zone : ZoneInfo
        Zone of the wall clock.
    step : timedelta
        Length of a part; an hour or more means that there are none.
    apart_per_kwh : array, shape (n_slots,)
        Median difference from the hour's mean by slot of the day; zero where hours have one price. [currency/kWh]
    """

    zone: ZoneInfo
    step: timedelta
    apart_per_kwh: Array

    def at(self, grid: TimeGrid) -> Array:
        """Return the difference of each step from its hour; zero for steps that are no parts of whole hours."""
        if grid.step != self.step or not _parts_hours(grid):
            return np.zeros(grid.n_steps)
        _, slots = wall_clock(self.zone)(grid)
        return np.asarray(self.apart_per_kwh[slots])


def fit_quarters(view: MeasurementView, column: str, ahead: Ahead, grid: TimeGrid, zone: ZoneInfo) -> Quarters:
    """Return the differences between the parts of hours in steps like those of ``grid``.

    Parameters
    ----------
    view : MeasurementView
        The history.
    column : str
        The price's column.
    ahead : Ahead
        Published prices.
    grid : TimeGrid
        The steps to forecast.
    zone : ZoneInfo
        Zone of the wall clock.
    """
    n_slots = timedelta(days=1) // grid.step
    n_parts = HOUR // grid.step
    if not _parts_hours(grid):
        return Quarters(zone=zone, step=grid.step, apart_per_kwh=np.zeros(n_slots))
    start = whole_hour(view.now - REACH)
    end = view.now if ahead.published is None else max(view.now, ahead.published.grid.end)
    lattice = TimeGrid(start, grid.step, -((start - end) // HOUR) * n_parts)
    values = joined(view, column, ahead.published, lattice).reshape(-1, n_parts)
    apart = (values - values.mean(axis=1, keepdims=True)).ravel()
    days, slots = wall_clock(zone)(lattice)
    table = np.full((int(days[-1] - days[0]) + 1, n_slots), np.nan)
    table[days - days[0], slots] = apart
    median = np.nan_to_num(quantiles_by_column(table, (0.5,))[0])
    return Quarters(zone=zone, step=grid.step, apart_per_kwh=median)


def _parts_hours(grid: TimeGrid) -> bool:
    """Whether the steps are parts of whole hours, at least a minute long."""
    is_part = timedelta(minutes=1) <= grid.step < HOUR
    return is_part and not (grid.start - whole_hour(grid.start)) % grid.step
