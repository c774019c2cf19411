"""Readings as columns on one grid, as forecasts want them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

import numpy as np

from voltherm.domain.control import Measured
from voltherm.domain.measurements import Measurements
from voltherm.domain.site import Site
from voltherm.domain.time import Interval, TimeGrid

_Kind = tuple[timedelta, float]
"""Length of the intervals, and where they begin within that length. [s]"""


def history_of(
    site: Site, readings: Iterable[Measured], step: timedelta, column_of: Callable[[Site, str], str]
) -> Measurements | None:
    """Return the readings as columns on steps of ``step``; None where no reading has anything for a column.

    Parameters
    ----------
    site : Site
        Whose loads, PV plants and price series become columns.
    readings : iterable of Measured
        In any order; intervals of several lengths are averaged apart, and the shorter ones count where both say.
    step : timedelta
        Length of a step.
    column_of : callable
        Names the column of a load, a PV plant or a price series of the site.
    """
    kinds: dict[_Kind, dict[datetime, Mapping[str, float]]] = defaultdict(dict)
    names = _names(site, column_of)
    for reading in readings:
        if columns := _columns(reading, names):
            start, length = reading.interval.start, reading.interval.end - reading.interval.start
            kinds[length, start.timestamp() % length.total_seconds()][start] = columns
    history: Measurements | None = None
    for (length, phase_s), rows in sorted(kinds.items(), reverse=True):
        part = _on_one_grid(rows, length)
        if length != step or phase_s:
            part = part.resample(step)
        history = part if history is None else history.append(part)
    return history


def _names(site: Site, column_of: Callable[[Site, str], str]) -> tuple[dict[str, str], dict[str, str], frozenset[str]]:
    """Columns of assets and of price series by their ids, and which columns are of PV."""
    powers = {asset.id: column_of(site, asset.id) for asset in site.forecast_assets}
    prices = {name: column_of(site, name) for name in site.tariff.series_names}
    return powers, prices, frozenset(powers[plant.id] for plant in site.pv_plants)


def _columns(
    reading: Measured, names: tuple[Mapping[str, str], Mapping[str, str], frozenset[str]]
) -> Mapping[str, float]:
    powers, prices, plants = names
    columns = {powers[name]: value for name, value in reading.power_kw.items() if name in powers}
    for plant in plants & columns.keys():  # what an inverter draws at night is no production
        columns[plant] = max(columns[plant], 0.0)
    columns |= {prices[name]: value for name, value in reading.prices_per_kwh.items() if name in prices}
    return columns if reading.t_out_c is None else {**columns, "t_out_c": reading.t_out_c}


def _on_one_grid(rows: Mapping[datetime, Mapping[str, float]], length: timedelta) -> Measurements:
    grid = TimeGrid.over(Interval(min(rows), max(rows) + length), length)
    names = dict.fromkeys(name for row in rows.values() for name in row)
    arrays = {name: np.full(grid.n_steps, np.nan) for name in names}
    for start, row in rows.items():
        index = grid.index_of(start)
        for name, value in row.items():
            arrays[name][index] = value
    return Measurements(grid, arrays)
