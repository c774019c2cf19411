"""Transactions, each with a deadline and with its failures in our words."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import event, text
from sqlalchemy.engine import URL, Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.util import await_only

from voltherm.adapters.store.address import shown
from voltherm.adapters.store.driver import AT_ONCE
from voltherm.adapters.store.failures import FOREIGN, translated

POOL_SIZE: Final = 5
"""Connections that a process holds at most; a small server allows a hundred in all."""
UPGRADE_LIMIT_S: Final = 120.0
"""How long new tables may take, another instance's work on them included. [s]"""
BUSY_SHARE: Final = 0.8
"""Part of the deadline that SQLite waits for a lock, so that it gives up by itself before we do."""
_WRITES: Final = "voltherm_writes"
_UPGRADES: Final = "voltherm_upgrades"
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_WITHOUT_LIMITS: Final = tuple(
    text(f"SET LOCAL {setting} = 0")
    for setting in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
)


class Transactions:
    """The way to the database that all stores share.

    Parameters
    ----------
    url : URL
        The database, with its asynchronous driver.
    timeout_s : float
        Longest time that a transaction may take, waiting for a connection included. [s]
    """

    def __init__(self, url: URL, timeout_s: float) -> None:
        self.name: Final = shown(url)
        self.engine: Final = _postgresql(url, timeout_s) if _is_postgresql(url) else _sqlite(url, timeout_s)
        self._writers = self.engine.execution_options(**{_WRITES: True})
        self._timeout_s = timeout_s

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that only reads.

        Raises
        ------
        OutsideError
            ``Unavailable``, ``Refused`` or ``Malformed``.
        """
        async with self._within(self.engine, self._timeout_s) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self, lock: str = "") -> AsyncIterator[AsyncConnection]:
        """Open a transaction that writes, alone among those with the same ``lock``; it is kept when the block ends.

        Raises
        ------
        OutsideError
            ``Unavailable``, ``Refused`` or ``Malformed``.
        """
        async with self._within(self._writers, self._timeout_s) as connection:
            if lock:
                await lock_out(connection, lock)
            yield connection

    @asynccontextmanager
    async def upgrading(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that changes tables, alone among all instances.

        Raises
        ------
        OutsideError
            ``Unavailable``, ``Refused`` or ``Malformed``.
        """
        upgraders = self._writers.execution_options(**{_UPGRADES: True})
        async with self._within(upgraders, UPGRADE_LIMIT_S) as connection:
            if is_postgresql(connection):
                for statement in _WITHOUT_LIMITS:
                    await connection.execute(statement)
            await lock_out(connection, "schema")
            yield connection
            if not is_postgresql(connection):
                await connection.exec_driver_sql(_busy_for(self._timeout_s))

    async def close(self) -> None:
        """Close all connections; one that does not answer is cut after a part of the deadline."""
        for _ in range(POOL_SIZE):
            try:
                async with asyncio.timeout(self._timeout_s / POOL_SIZE):
                    return await self.engine.dispose()
            except TimeoutError:  # that connection is cut: on with the next
                continue
        return None

    @asynccontextmanager
    async def _within(self, engine: AsyncEngine, timeout_s: float) -> AsyncIterator[AsyncConnection]:
        try:
            async with asyncio.timeout(timeout_s), engine.begin() as connection:
                yield connection
        except FOREIGN as error:
            raise translated(error, self.name, timeout_s) from error


def is_postgresql(connection: AsyncConnection | Connection) -> bool:
    """Whether the connection is to PostgreSQL; otherwise it is to SQLite."""
    return connection.dialect.name == "postgresql"


async def lock_out(connection: AsyncConnection, name: str) -> None:
    """Wait until no other transaction holds the lock of that name, and hold it until the end of this one.

    SQLite has one writer at a time by itself.
    """
    if is_postgresql(connection):
        await connection.execute(_LOCK, {"name": f"voltherm {name}"})


def _is_postgresql(url: URL) -> bool:
    return url.get_backend_name() == "postgresql"


def _postgresql(url: URL, timeout_s: float) -> AsyncEngine:
    """An engine whose transactions the server ends too: one of a frozen process must not hold its locks for ever."""
    limit_ms = str(int(1000 * timeout_s))
    settings = {
        "statement_timeout": limit_ms,
        "lock_timeout": limit_ms,
        "idle_in_transaction_session_timeout": limit_ms,
        "application_name": "voltherm",
        "timezone": "UTC",
    }
    return create_async_engine(
        url.set(drivername=AT_ONCE),
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=timeout_s,
        pool_pre_ping=True,
        connect_args={"timeout": timeout_s, "server_settings": settings},
    )


def _sqlite(url: URL, timeout_s: float) -> AsyncEngine:
    """An engine whose transactions begin where we say so, and are on the disk when they end."""
    in_memory = url.database in (None, "", ":memory:")
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1 if in_memory else POOL_SIZE,  # every connection to memory would be a database of its own
        max_overflow=0,
        pool_timeout=timeout_s,
        connect_args={"isolation_level": None, "timeout": BUSY_SHARE * timeout_s},
    )
    if not in_memory:
        event.listen(engine.sync_engine, "do_connect", _open_once)
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _open_once(_dialect: object, _record: object, place: list[Any], options: dict[str, Any]) -> None:
    """Open the file and close it, in a thread that is waited for.

    A file that cannot be opened is told of here: the connection's own thread would tell it to an event loop that may
    be closed by then, and print a traceback instead.
    """
    await_only(asyncio.to_thread(lambda: sqlite3.connect(*place, **options).close()))


def _prepare(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Take the write lock at once where it will be needed: of two readers that turn to writing one would fail."""
    if connection.get_execution_options().get(_UPGRADES):  # another instance may be at it for longer than a deadline
        connection.exec_driver_sql(_busy_for(UPGRADE_LIMIT_S))
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _busy_for(timeout_s: float) -> str:
    """The statement after which SQLite waits for locks a little shorter than that."""
    return f"PRAGMA busy_timeout = {int(1000 * BUSY_SHARE * timeout_s)}"
