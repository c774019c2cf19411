"""The monthly partitions of PostgreSQL: made before they are needed, dropped whole."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, NamedTuple, Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from voltherm.adapters.store.append_only import no_truncate
from voltherm.adapters.store.transactions import is_postgresql, lock_out

APPEND_ONLY: Final = ("commands", "command_events")
MONTHS_PER_YEAR: Final = 12
LOCK: Final = "partitions"
_PARTITIONS: Final = text(
    "SELECT parent.relkind, child.relname FROM pg_class parent "
    "LEFT JOIN pg_inherits ON inhparent = parent.oid LEFT JOIN pg_class child ON child.oid = inhrelid "
    "WHERE parent.oid = CAST(CAST(:table_name AS text) AS regclass)"
)
_NAME: Final = re.compile(r".*_(\d{4})_(\d{2})")


class Month(NamedTuple):
    """A calendar month of UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """Return the month that contains the instant."""
        local = moment.astimezone(UTC)
        return cls(local.year, local.month)

    @property
    def start(self) -> datetime:
        """Its first instant."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    def later(self, n_months: int) -> Month:
        """Return the month that lies ``n_months`` after this one, before it where negative."""
        years, month = divmod(MONTHS_PER_YEAR * self.year + self.month - 1 + n_months, MONTHS_PER_YEAR)
        return Month(years, month + 1)

    def partition_of(self, table: str) -> str:
        """Return the name of the table's partition for the month."""
        return f"{table}_{self.year:04d}_{self.month:02d}"


async def ensure_months(connection: AsyncConnection, table: str, moments: Iterable[datetime]) -> None:
    """Make the partitions of the months in which the moments lie, and of the months after them, where they lack.

    The month after exists long before its first row: nobody waits for a lock on the table at midnight. A partition is
    made apart and then attached, which leaves readers and writers of the others alone.
    """
    if not is_postgresql(connection):
        return
    wanted = {Month.of(moment) for moment in moments}
    wanted |= {month.later(1) for month in wanted}
    if not _missing(await _known(connection, table), table, wanted):
        return
    await lock_out(connection, LOCK)
    for month in _missing(await _known(connection, table), table, wanted):
        name, bounds = month.partition_of(table), (month.start.isoformat(), month.later(1).start.isoformat())
        statements = [
            f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
            f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{bounds[0]}') TO ('{bounds[1]}')",
            *([no_truncate(name)] if table in APPEND_ONLY else []),
        ]
        for statement in statements:
            await connection.execute(text(statement))


async def partitions_before(connection: AsyncConnection, table: str, cut: datetime) -> list[str] | None:
    """Return the names of the partitions that lie wholly before ``cut``, oldest first; None for a hypertable."""
    known = await _known(connection, table)
    if known is None:
        return None
    return sorted(name for name in known if (match := _NAME.fullmatch(name)) and _end(match) <= cut)


def _end(match: re.Match[str]) -> datetime:
    return Month(int(match[1]), int(match[2])).later(1).start


async def _known(connection: AsyncConnection, table: str) -> frozenset[str] | None:
    """The names of the partitions; None where the table has none because it is a hypertable."""
    rows = (await connection.execute(_PARTITIONS, {"table_name": table})).all()
    if any(_as_text(row.relkind) != "p" for row in rows):
        return None
    return frozenset(row.relname for row in rows if row.relname is not None)


def _as_text(char: str | bytes) -> str:
    """PostgreSQL's type "char" arrives as bytes."""
    return char.decode() if isinstance(char, bytes) else char


def _missing(known: frozenset[str] | None, table: str, wanted: set[Month]) -> list[Month]:
    return [] if known is None else sorted(month for month in wanted if month.partition_of(table) not in known)
