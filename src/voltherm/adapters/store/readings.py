"""What the meters saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from voltherm.adapters.store.history import history_of
from voltherm.adapters.store.partitions import ensure_months
from voltherm.adapters.store.tables import readings as table
from voltherm.adapters.store.transactions import Transactions
from voltherm.domain.control import Measured
from voltherm.domain.measurements import Measurements
from voltherm.domain.site import Site
from voltherm.domain.time import Interval, TimeGrid

MOST_AT_ONCE: Final = 3_000
"""Intervals that one transaction takes or gives: a month of quarter-hours stays within the deadline."""


class SqlReadingStore:
    """Keeps interval means.

    Parameters
    ----------
    transactions : Transactions
        The way to the database.
    column_of : callable
        Names the column of a load, a PV plant or a price series in a site's history.
    """

    def __init__(self, transactions: Transactions, column_of: Callable[[Site, str], str]) -> None:
        self._transactions = transactions
        self._column_of = column_of

    async def save_readings(self, site_id: str, readings: tuple[Measured, ...]) -> int:
        """Keep interval means and return how many were new or changed; an interval told again is corrected.

        A later value counts; what it leaves out stays as it was.

        Raises
        ------
        InvalidInputError
            For an interval that is no step of a grid, such as seven minutes.
        OutsideError
            When the database fails; intervals before that stay kept.
        """
        told: dict[Interval, Measured] = {}
        for reading in readings:
            TimeGrid(reading.interval.start, reading.interval.end - reading.interval.start, 1)
            told[reading.interval] = _corrected(told.get(reading.interval), reading)
        ordered = sorted(told.values(), key=lambda reading: reading.interval)
        parts = [ordered[first : first + MOST_AT_ONCE] for first in range(0, len(ordered), MOST_AT_ONCE)]
        return sum([await self._save(site_id, part) for part in parts])

    async def _save(self, site_id: str, readings: list[Measured]) -> int:
        async with self._transactions.writing(f"readings {site_id}") as connection:
            await ensure_months(connection, table.name, (reading.interval.start for reading in readings))
            span = (readings[0].interval.start, max(reading.interval.end for reading in readings))
            held = {reading.interval: reading for reading in await _select(connection, _within(site_id, *span))}
            whole = [_corrected(held.get(reading.interval), reading) for reading in readings]
            new = [_row(site_id, reading) for reading in whole if reading.interval not in held]
            changed = [_row(site_id, reading) for reading in whole if held.get(reading.interval, reading) != reading]
            if new:
                await connection.execute(insert(table), new)
            if changed:
                await connection.execute(
                    _CORRECT, [{f"new_{name}": value for name, value in row.items()} for row in changed]
                )
            return len(new) + len(changed)

    async def readings(self, site_id: str, since: datetime, until: datetime) -> tuple[Measured, ...]:
        """Return the intervals that lie within ``[since, until)``, oldest first.

        Raises
        ------
        OutsideError
            When the database fails.
        """
        return tuple(await self._found(_within(site_id, since, until)))

    async def history(self, site: Site, since: datetime, step: timedelta) -> Measurements | None:
        """Return the readings as columns of the site on steps of ``step``; None where there is nothing.

        Raises
        ------
        OutsideError
            When the database fails.
        """
        readings = await self._found(_of(site.id).where(table.c.start_at >= since))
        return history_of(site, readings, step, self._column_of)

    async def _found(self, wanted: Select[Any]) -> list[Measured]:
        """All of them, in parts that each stay within the deadline and let others work in between."""
        found: list[Measured] = []
        rest = wanted
        while True:
            async with self._transactions.reading() as connection:
                part = await _select(connection, rest.limit(MOST_AT_ONCE))
            found += part
            if len(part) < MOST_AT_ONCE:
                return found
            last = part[-1].interval
            rest = wanted.where(tuple_(table.c.start_at, table.c.end_at) > (last.start, last.end))


_KEY: Final = ("site_id", "start_at", "end_at")
_CORRECT: Final = (
    update(table)
    .where(*(table.c[name] == bindparam(f"new_{name}") for name in _KEY))
    .values({name: bindparam(f"new_{name}") for name in table.c.keys() if name not in _KEY})  # noqa: SIM118 - columns
)


def _of(site_id: str) -> Select[Any]:
    return select(table).where(table.c.site_id == site_id).order_by(table.c.start_at, table.c.end_at)


def _within(site_id: str, since: datetime, until: datetime) -> Select[Any]:
    return _of(site_id).where(table.c.start_at >= since, table.c.end_at <= until)


async def _select(connection: AsyncConnection, wanted: Select[Any]) -> list[Measured]:
    return [_measured(row) for row in await connection.execute(wanted)]


def _corrected(old: Measured | None, new: Measured) -> Measured:
    """What is known of an interval after it was told again."""
    if old is None:
        return new
    return replace(
        new,
        grid_kw=old.grid_kw if new.grid_kw is None else new.grid_kw,
        power_kw={**old.power_kw, **new.power_kw},
        soc={**old.soc, **new.soc},
        prices_per_kwh={**old.prices_per_kwh, **new.prices_per_kwh},
        t_out_c=old.t_out_c if new.t_out_c is None else new.t_out_c,
        reactive_kvar=old.reactive_kvar if new.reactive_kvar is None else new.reactive_kvar,
    )


def _row(site_id: str, reading: Measured) -> Mapping[str, object]:
    return {
        "site_id": site_id,
        "start_at": reading.interval.start,
        "end_at": reading.interval.end,
        "grid_kw": reading.grid_kw,
        "power_kw": _floats(reading.power_kw),
        "soc": _floats(reading.soc),
        "prices_per_kwh": _floats(reading.prices_per_kwh),
        "t_out_c": reading.t_out_c,
        "reactive_kvar": reading.reactive_kvar,
    }


def _floats(values: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}


def _measured(row: Row[Any]) -> Measured:
    return Measured(
        interval=Interval(row.start_at, row.end_at),
        grid_kw=row.grid_kw,
        power_kw=row.power_kw,
        soc=row.soc,
        prices_per_kwh=row.prices_per_kwh,
        t_out_c=row.t_out_c,
        reactive_kvar=row.reactive_kvar,
    )
