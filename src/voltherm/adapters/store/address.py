"""Where the database is: the URL as people write it, as the driver wants it."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from voltherm.domain.errors import InvalidInputError

SQLITE: Final = "sqlite+aiosqlite"
POSTGRESQL: Final = "postgresql+asyncpg"
_DRIVERS: Final = {
    "sqlite": SQLITE,
    SQLITE: SQLITE,
    "postgres": POSTGRESQL,
    "postgresql": POSTGRESQL,
    POSTGRESQL: POSTGRESQL,
}
_POSTGRESQL_OPTIONS: Final = ("ssl", "sslmode", "target_session_attrs", "host", "port")
_REMEDY: Final = "write sqlite:///voltherm.db or postgresql://user:password@host:5432/database"


class DatabaseUrlError(InvalidInputError):
    """DATABASE_URL is not the address of a database."""


def database_url(text: str) -> URL:
    """Return the address with its asynchronous driver.

    Parameters
    ----------
    text : str
        ``sqlite:///path``, ``sqlite://`` (in memory), ``postgresql://...``, ``postgres://...``, or one of these with
        its driver named.

    Raises
    ------
    DatabaseUrlError
        For anything else; the message shows the text without its password.
    """
    try:
        url = make_url(text.strip())
    except (ArgumentError, ValueError) as error:
        raise _refused(text, "is not a URL") from error
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise _refused(text, f"is for {url.drivername!r}, which is neither SQLite nor PostgreSQL")
    return _sqlite(url, text) if driver == SQLITE else _postgresql(url, text)


def shown(url: URL) -> str:
    """Return the address for messages, without password."""
    return redacted(url.render_as_string(hide_password=True))


def redacted(text: str) -> str:
    """Return what may be a URL without the password in it."""
    hidden = re.sub(r"(://[^:/@]*):.*@", r"\1:***@", text.strip())
    return re.sub(r"(password=)[^&]*", r"\1***", hidden, flags=re.IGNORECASE)


def _sqlite(url: URL, text: str) -> URL:
    if url.host or url.username:
        raise _refused(text, "names a host, which SQLite does not have; a path needs three slashes, or four from /")
    return url.set(drivername=SQLITE)


def _postgresql(url: URL, text: str) -> URL:
    if not url.database:
        raise _refused(text, "names no database")
    unknown = sorted(set(url.query) - set(_POSTGRESQL_OPTIONS))
    if unknown:
        raise _refused(text, f"has the unknown option {unknown[0]!r} (known: {', '.join(_POSTGRESQL_OPTIONS)})")
    query = {("ssl" if name == "sslmode" else name): value for name, value in url.query.items()}
    return url.set(drivername=POSTGRESQL, query=query)


def _refused(text: str, problem: str) -> DatabaseUrlError:
    return DatabaseUrlError(f"DATABASE_URL: {redacted(text)!r} {problem}; {_REMEDY}")
