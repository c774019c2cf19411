"""The one place where failures of the database become ours."""

from __future__ import annotations

import sqlite3
from typing import Final

import asyncpg  # type: ignore[import-untyped]  # ships no types
from alembic.util import CommandError
from sqlalchemy import exc

from voltherm.adapters.documents.exact import RecordError
from voltherm.adapters.documents.problem import DocumentError
from voltherm.ports.errors import Malformed, OutsideError, Refused, Unavailable

FOREIGN: Final = (
    exc.SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    sqlite3.Error,
    CommandError,
    RecordError,
    DocumentError,
    OSError,  # TimeoutError is one
)
"""What the database, its drivers, the network and the readers of stored documents may raise."""

_REFUSED_STATES: Final = ("28", "42501")
"""Wrong credentials, missing rights."""
_PASSING_STATES: Final = ("08", "25", "3D", "40", "53", "55", "57", "58")
"""Connection, read-only or ended transaction, no such database, serialization and deadlock, resources (connections,
disk, memory), locks, shutdown and cancelled statements, errors of the system."""
_PASSING_SQLITE: Final = ("BUSY", "LOCKED", "FULL", "IOERR", "READONLY", "CANTOPEN", "NOMEM", "PERM", "PROTOCOL")
_LONGEST: Final = 300


def translated(error: BaseException, database: str, timeout_s: float) -> OutsideError:
    """Return the failure in our words: ``Unavailable`` where later may help, ``Refused``, or ``Malformed``.

    Parameters
    ----------
    error : BaseException
        One of ``FOREIGN``.
    database : str
        Its address without password, for the message.
    timeout_s : float
        The deadline that the call had. [s]
    """
    if isinstance(error, TimeoutError | exc.TimeoutError):
        return Unavailable(f"database {database}: no answer within {timeout_s:g} s; check that it is up and not locked")
    kind = _kind(error)
    cause = error.orig if isinstance(error, exc.StatementError) and error.orig is not None else error
    said = " ".join(str(cause).split())[:_LONGEST] or type(cause).__name__
    return kind(f"database {database}: {said}; {_REMEDIES[kind]}")


_REMEDIES: Final[dict[type[OutsideError], str]] = {
    Unavailable: "check that it is up, has room and can be written",
    Refused: "check user, password and rights",
    Malformed: "check that the program and its tables are of one version, and the rows that are named",
}


def _kind(error: BaseException) -> type[OutsideError]:
    cause = error.orig if isinstance(error, exc.StatementError) else error
    state = getattr(cause, "sqlstate", None)
    if isinstance(state, str):
        if state.startswith(_REFUSED_STATES):
            return Refused
        return Unavailable if state.startswith(_PASSING_STATES) or _is_disconnect(error) else Malformed
    if isinstance(cause, sqlite3.Error):
        name = getattr(cause, "sqlite_errorname", None)
        is_passing = name is None or name.removeprefix("SQLITE_").startswith(_PASSING_SQLITE)
        return Unavailable if is_passing and not isinstance(cause, sqlite3.IntegrityError) else Malformed
    passing = (exc.InterfaceError, exc.OperationalError, asyncpg.InterfaceError, OSError)
    return Unavailable if _is_disconnect(error) or isinstance(error, passing) else Malformed


def _is_disconnect(error: BaseException) -> bool:
    return isinstance(error, exc.DBAPIError) and error.connection_invalidated
