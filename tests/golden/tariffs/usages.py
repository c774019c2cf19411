"""Meter readings that have exactly the energy and the peaks of a printed bill."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.tariffs import Bill, Tariff, Usage
from voltherm.domain.time import Interval, TimeGrid, local_midnight

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)


def local_grid(zone: ZoneInfo, first: date, end: date, step: timedelta = QUARTER) -> TimeGrid:
    """Return the grid over the local days ``[first, end)``."""
    return TimeGrid.over(Interval(local_midnight(first, zone), local_midnight(end, zone)), step)


def at(grid: TimeGrid, zone: ZoneInfo, day: date, clock: str) -> int:
    """Return the step that begins at a local time."""
    return grid.index_of(datetime.combine(day, time.fromisoformat(clock), tzinfo=zone))


def usage_of(
    grid: TimeGrid, import_kw: NDArray[np.float64], prices: Mapping[str, float] | None = None, **more: object
) -> Usage:
    """Return a usage that imports, under prices that never change."""
    series = {name: np.full(grid.n_steps, price) for name, price in (prices or {}).items()}
    return Usage(grid=grid, import_kw=import_kw, export_kw=np.zeros(grid.n_steps), prices=series, **more)


def constant_kwh(grid: TimeGrid, kwh: float) -> NDArray[np.float64]:
    """Return the constant power that makes so much energy. [kW]."""
    return np.full(grid.n_steps, kwh / (grid.n_steps * grid.step_h))


def only_bill(tariff: Tariff, usage: Usage) -> Bill:
    """Return the bill of a usage that lies in one billing period."""
    (bill,) = tariff.bill(usage)
    return bill


def amounts(bill: Bill) -> dict[str, float]:
    """Return what the bill adds up to by component."""
    found: dict[str, float] = {}
    for line in bill.lines:
        found[line.component_id] = found.get(line.component_id, 0.0) + line.amount
    return found


def quantity(bill: Bill, component_id: str) -> float:
    """Return the quantity of the component's only line."""
    (found,) = [line.quantity for line in bill.lines if line.component_id == component_id]
    assert found is not None
    return found
