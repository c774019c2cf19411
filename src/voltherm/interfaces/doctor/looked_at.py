"""A database and a Date header, as the doctor asks for them: nothing is made, changed or followed."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

import httpx2
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection

from voltherm.adapters.store import migrations
from voltherm.adapters.store.address import database_url
from voltherm.adapters.store.leases import SqlLeaseStore
from voltherm.adapters.store.transactions import Transactions, is_postgresql
from voltherm.ports.errors import Unavailable

_POSTGRESQL_S: Final = text("SELECT CAST(extract(epoch FROM clock_timestamp()) AS double precision)")
_SQLITE_S: Final = text("SELECT (julianday('now') - 2440587.5) * 86400.0")


class LookedAtDatabase:
    """The database of the settings.

    Parameters
    ----------
    url : str
        Its address.
    timeout_s : float
        Longest time that a question may take. [s]
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = database_url(url)
        self._transactions = Transactions(self._url, timeout_s)
        self.leases = SqlLeaseStore(self._transactions)

    @property
    def name(self) -> str:
        """The address without its password."""
        return self._transactions.name

    @property
    def is_missing(self) -> bool:
        """Whether it is a file that is not there; asking it would make it."""
        file = self._url.database
        is_file = self._url.get_backend_name() == "sqlite" and file not in (None, "", ":memory:")
        return is_file and not Path(str(file)).exists()

    async def revisions(self) -> tuple[str | None, str]:
        """Return the version of its tables, None without tables, and the one that this program needs."""
        script = ScriptDirectory(str(Path(migrations.__file__).parent))
        async with self._transactions.reading() as connection:
            return await connection.run_sync(_revision), script.get_current_head() or ""

    async def now(self) -> datetime:
        """Return the time by its clock, in UTC."""
        async with self._transactions.reading() as connection:
            question = _POSTGRESQL_S if is_postgresql(connection) else _SQLITE_S
            return datetime.fromtimestamp((await connection.execute(question)).scalar_one(), UTC)

    async def close(self) -> None:
        """Close its connections."""
        await self._transactions.engine.dispose()


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


async def date_of(url: str, timeout_s: float) -> datetime | None:
    """Return the ``Date`` header of an answer, whatever it answers; None without one.

    Raises
    ------
    Unavailable
        When no answer came.
    """
    try:
        async with (
            httpx2.AsyncClient(timeout=timeout_s, trust_env=False) as client,
            client.stream("GET", url) as answer,
        ):
            return parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return None
    except httpx2.HTTPError as error:
        raise Unavailable(f"{url}: no answer ({type(error).__name__})") from error
