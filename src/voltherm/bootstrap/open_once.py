"""One upgrade of the database for all that need it."""

from __future__ import annotations

import asyncio

from voltherm.adapters.store.database import Database


class OpenOnce:
    """Brings the database up to date at the first call; later ones return at once.

    Parameters
    ----------
    database : Database
        The database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = asyncio.Lock()
        self._is_open = False

    async def __call__(self) -> None:
        """Return when the database is up.

        Raises
        ------
        OutsideError
            When it cannot be brought up now; the next call tries again.
        """
        async with self._lock:
            if not self._is_open:
                await self._database.upgrade()
                self._is_open = True
