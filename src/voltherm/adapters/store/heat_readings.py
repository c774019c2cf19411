"""What was measured at registered devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from voltherm.adapters.documents.exact import RecordError
from voltherm.adapters.store.partitions import ensure_months
from voltherm.adapters.store.tables import heat_readings as table
from voltherm.adapters.store.transactions import Transactions
from voltherm.domain.assets import HeatMode
from voltherm.domain.registered_device import HeatReading

MOST_AT_ONCE: Final = 3_000
"""Readings that one transaction takes or gives: they stay within the deadline."""


class SqlHeatReadings:
    """Keeps readings by device and instant.

    Parameters
    ----------
    transactions : Transactions
        The way to the database.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def save_heat_readings(self, device_id: str, readings: Sequence[HeatReading]) -> int:
        """Keep readings and return how many were new or changed; one of the same instant replaces what it names.

        Raises
        ------
        OutsideError
            When the database fails; readings before that stay kept.
        """
        told: dict[datetime, HeatReading] = {}
        for reading in readings:
            told[reading.at] = _merged(told.get(reading.at), reading)
        ordered = [told[at] for at in sorted(told)]
        parts = [ordered[first : first + MOST_AT_ONCE] for first in range(0, len(ordered), MOST_AT_ONCE)]
        return sum([await self._save(device_id, part) for part in parts])

    async def _save(self, device_id: str, readings: list[HeatReading]) -> int:
        async with self._transactions.writing(f"heat readings {device_id}") as connection:
            await ensure_months(connection, table.name, (reading.at for reading in readings))
            span = _of(device_id).where(table.c.at >= readings[0].at, table.c.at <= readings[-1].at)
            held = {reading.at: reading for reading in await _select(connection, span)}
            whole = [_merged(held.get(reading.at), reading) for reading in readings]
            new = [_row(device_id, reading) for reading in whole if reading.at not in held]
            changed = [_row(device_id, reading) for reading in whole if held.get(reading.at, reading) != reading]
            if new:
                await connection.execute(insert(table), new)
            if changed:
                await connection.execute(_CORRECT, [{f"new_{name}": row[name] for name in row} for row in changed])
            return len(new) + len(changed)

    async def heat_readings(
        self, device_id: str, since: datetime, until: datetime, limit: int | None = None
    ) -> tuple[HeatReading, ...]:
        """Return the readings within ``[since, until)``, oldest first, and of these at most the first ``limit``.

        Raises
        ------
        OutsideError
            When the database fails.
        """
        found: list[HeatReading] = []
        rest = _of(device_id).where(table.c.at >= since, table.c.at < until)
        while limit is None or len(found) < limit:
            n_wanted = MOST_AT_ONCE if limit is None else min(MOST_AT_ONCE, limit - len(found))
            async with self._transactions.reading() as connection:
                part = await _select(connection, rest.limit(n_wanted))
            found += part
            if len(part) < n_wanted:
                break
            rest = _of(device_id).where(table.c.at > part[-1].at, table.c.at < until)
        return tuple(found)


_KEY: Final = ("device_id", "at")
_CORRECT: Final = (
    update(table)
    .where(*(table.c[name] == bindparam(f"new_{name}") for name in _KEY))
    .values({name: bindparam(f"new_{name}") for name in table.c.keys() if name not in _KEY})  # noqa: SIM118 - columns
)


def _of(device_id: str) -> Select[Any]:
    return select(table).where(table.c.device_id == device_id).order_by(table.c.at)


async def _select(connection: AsyncConnection, wanted: Select[Any]) -> list[HeatReading]:
    return [_reading(row) for row in await connection.execute(wanted)]


def _merged(old: HeatReading | None, new: HeatReading) -> HeatReading:
    """What is known of an instant after it was told again."""
    if old is None:
        return new
    return replace(
        new,
        indoor_c=old.indoor_c if new.indoor_c is None else new.indoor_c,
        outdoor_c=old.outdoor_c if new.outdoor_c is None else new.outdoor_c,
        power_kw=old.power_kw if new.power_kw is None else new.power_kw,
        mode=old.mode if new.mode is None else new.mode,
    )


def _row(device_id: str, reading: HeatReading) -> Mapping[str, object]:
    return {
        "device_id": device_id,
        "at": reading.at,
        "indoor_c": reading.indoor_c,
        "outdoor_c": reading.outdoor_c,
        "power_kw": reading.power_kw,
        "mode": None if reading.mode is None else reading.mode.value,
    }


def _reading(row: Row[Any]) -> HeatReading:
    return HeatReading(
        at=row.at, indoor_c=row.indoor_c, outdoor_c=row.outdoor_c, power_kw=row.power_kw, mode=_mode(row.mode)
    )


def _mode(name: str | None) -> HeatMode | None:
    try:
        return None if name is None else HeatMode(name)
    except ValueError as error:
        message = f"heat_readings.mode: {name!r} is no mode; read it with the newer program that wrote it"
        raise RecordError(message) from error
