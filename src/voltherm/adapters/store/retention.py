"""How long things are kept: what is older goes, by whole months."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Table, bindparam, delete, func, literal_column, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from voltherm.adapters.store.append_only import allow_delete, forbid_delete
from voltherm.adapters.store.audit_chain import audit_lock
from voltherm.adapters.store.hypertable import drop_chunks_statement
from voltherm.adapters.store.partitions import APPEND_ONLY, LOCK, Month, partitions_before
from voltherm.adapters.store.tables import (
    audit_heads,
    command_events,
    commands,
    day_plans,
    forecasts,
    heat_readings,
    plans,
    readings,
)
from voltherm.adapters.store.transactions import Transactions, is_postgresql, lock_out
from voltherm.domain.errors import InvalidInputError

LEAST_MONTHS: Final = 2
"""Whole calendar months before the running one: they hold the running and the last billing month of any cycle."""
ROWS_AT_ONCE: Final = 5_000
"""Rows that SQLite deletes in one transaction, so that other writers come in between."""

_KEPT: Final[Mapping[str, tuple[Table, ...]]] = {
    "readings": (readings, heat_readings),
    "forecasts": (forecasts,),
    "plans": (plans, day_plans),
    "commands": (command_events, commands),
}
_TIMES: Final = {
    "readings": "start_at",
    "heat_readings": "at",
    "forecasts": "issue_at",
    "plans": "made_at",
    "day_plans": "day_at",
    "commands": "issued_at",
    "command_events": "at",
}


class Retention:
    """Removes what has been kept long enough; sites, devices, tariffs, ledgers and leases stay.

    Parameters
    ----------
    transactions : Transactions
        The way to the database.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def apply(self, now: datetime, months: Mapping[str, int]) -> tuple[str, ...]:
        """Remove what is older than its months, and return in words what was removed.

        Parameters
        ----------
        now : datetime
            The instant.
        months : Mapping of str to int
            Whole calendar months before the running one that are kept, at least 2, of ``readings`` (heat pumps'
            included), ``forecasts``, ``plans`` (likewise) and ``commands``; what is not named is kept for ever.

        Raises
        ------
        InvalidInputError
            For an unknown name, or fewer than two months.
        OutsideError
            When the database fails; what was removed before stays removed.
        """
        for name, kept in months.items():
            _check(name, kept)
        removed: list[str] = []
        for name, kept in months.items():
            cut = Month.of(now).later(-kept).start
            for table in _KEPT[name]:
                removed += await self._remove(table, cut)
        return tuple(removed)

    async def _remove(self, table: Table, cut: datetime) -> list[str]:
        async with self._transactions.writing("retention") as connection:
            if is_postgresql(connection):
                return await _drop_months(connection, table, cut)
        n_rows = 0
        while n_deleted := await self._delete(table, cut):
            n_rows += n_deleted
        return [f"{n_rows} rows of {table.name} before {cut:%Y-%m-%d}"] if n_rows else []

    async def _delete(self, table: Table, cut: datetime) -> int:
        """Delete some rows; the guard of the audit is lifted within this transaction, where nobody else can write."""
        is_old = table.c[_TIMES[table.name]] < cut
        rowid: ColumnElement[int] = literal_column("rowid")
        async with self._transactions.writing("retention") as connection:
            oldest = (
                await connection.execute(select(rowid).select_from(table).where(is_old).limit(ROWS_AT_ONCE))
            ).all()
            if not oldest:
                return 0
            guards = [table.name] if table.name in APPEND_ONLY else []
            for guarded in guards:
                await _note_kept_from(connection, table, is_old)
                await connection.execute(text(allow_delete(guarded)))
            await connection.execute(
                delete(table).where(rowid == bindparam("old")), [{"old": row[0]} for row in oldest]
            )
            for guarded in guards:
                await connection.execute(text(forbid_delete(guarded)))
            return len(oldest)


async def _drop_months(connection: AsyncConnection, table: Table, cut: datetime) -> list[str]:
    """Drop whole partitions, in the order of locks that writers take: the audits, the partitions, the table."""
    if table.name in APPEND_ONLY:
        for site_id in (
            await connection.execute(select(audit_heads.c.site_id).order_by(audit_heads.c.site_id))
        ).scalars():
            await lock_out(connection, audit_lock(site_id))
    await lock_out(connection, LOCK)
    names = await partitions_before(connection, table.name, cut)
    if names is None:
        return [str(chunk) for chunk in (await connection.execute(drop_chunks_statement(table.name, cut))).scalars()]
    if table.name in APPEND_ONLY and names:
        await _note_kept_from(connection, table, table.c[_TIMES[table.name]] < cut)
    for name in names:
        await connection.execute(text(f"DROP TABLE {name}"))
    return names


async def _note_kept_from(connection: AsyncConnection, table: Table, is_old: ColumnElement[bool]) -> None:
    """Write down the first number of each site's chain that is left, so that the rest still verifies."""
    first_left = func.max(table.c.number) + 1
    for site_id, number in await connection.execute(
        select(table.c.site_id, first_left).where(is_old).group_by(table.c.site_id)
    ):
        is_lower = (audit_heads.c.site_id == site_id) & (audit_heads.c.kept_from < number)
        await connection.execute(update(audit_heads).where(is_lower).values(kept_from=number))


def _check(name: str, months: int) -> None:
    if name not in _KEPT:
        message = f"retention: {name!r} is nothing that ends; name {', '.join(_KEPT)}"
        raise InvalidInputError(message)
    if months < LEAST_MONTHS:
        message = f"retention.{name}: {months} months would drop billing months in use; keep at least {LEAST_MONTHS}"
        raise InvalidInputError(message)
