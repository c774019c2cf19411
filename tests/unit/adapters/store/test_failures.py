import sqlite3

import asyncpg
import pytest
from sqlalchemy import exc

from voltherm.adapters.documents.exact import RecordError
from voltherm.adapters.store.failures import translated
from voltherm.ports.errors import Malformed, Refused, Unavailable


def of_sqlite(name):
    error = sqlite3.OperationalError("said by SQLite")
    error.sqlite_errorname = name
    return exc.OperationalError("SELECT", {}, error)


def of_postgresql(kind, *, is_disconnect=False):
    error = kind("said by PostgreSQL")
    return exc.DBAPIError("SELECT :secret", {"secret": "geheim"}, error, connection_invalidated=is_disconnect)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), Unavailable),
        (exc.TimeoutError("the pool is empty"), Unavailable),
        (ConnectionRefusedError("nobody listens"), Unavailable),
        (OSError("no such host"), Unavailable),
        (asyncpg.InterfaceError("connection is closed"), Unavailable),
        (asyncpg.TooManyConnectionsError("full"), Unavailable),
        (asyncpg.CannotConnectNowError("starting up"), Unavailable),
        (asyncpg.InvalidCatalogNameError("no such database"), Unavailable),
        (asyncpg.InvalidPasswordError("wrong"), Refused),
        (of_postgresql(asyncpg.InsufficientPrivilegeError), Refused),
        (of_postgresql(asyncpg.AdminShutdownError), Unavailable),
        (of_postgresql(asyncpg.DiskFullError), Unavailable),
        (of_postgresql(asyncpg.LockNotAvailableError), Unavailable),
        (of_postgresql(asyncpg.QueryCanceledError), Unavailable),
        (of_postgresql(asyncpg.DeadlockDetectedError), Unavailable),
        (of_postgresql(asyncpg.ReadOnlySQLTransactionError), Unavailable),
        (of_postgresql(asyncpg.IdleInTransactionSessionTimeoutError), Unavailable),
        (of_postgresql(asyncpg.PostgresError, is_disconnect=True), Unavailable),
        (of_postgresql(asyncpg.UniqueViolationError), Malformed),
        (of_postgresql(asyncpg.UndefinedTableError), Malformed),
        (of_postgresql(asyncpg.RaiseError), Malformed),
        (of_sqlite("SQLITE_BUSY"), Unavailable),
        (of_sqlite("SQLITE_BUSY_SNAPSHOT"), Unavailable),
        (of_sqlite("SQLITE_FULL"), Unavailable),
        (of_sqlite("SQLITE_IOERR_WRITE"), Unavailable),
        (of_sqlite("SQLITE_READONLY"), Unavailable),
        (of_sqlite("SQLITE_CANTOPEN"), Unavailable),
        (of_sqlite("SQLITE_ERROR"), Malformed),
        (of_sqlite("SQLITE_CORRUPT"), Malformed),
        (of_sqlite("SQLITE_NOTADB"), Malformed),
        (exc.IntegrityError("INSERT", {}, sqlite3.IntegrityError("twice")), Malformed),
        (RecordError("Plan.grid: is missing"), Malformed),
        (exc.ArgumentError("ours"), Malformed),
    ],
)
def test_a_failure_says_whether_later_may_help(error, kind):
    told = translated(error, "sqlite:///a.db", 5.0)

    assert type(told) is kind
    assert str(told).startswith("database sqlite:///a.db: ")


def test_a_failure_does_not_show_what_was_sent():
    told = translated(of_postgresql(asyncpg.UniqueViolationError), "here", 5.0)

    assert "said by PostgreSQL" in str(told)
    assert "geheim" not in str(told)
