"""The database: one object with every store, the upgrade of its tables, and its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy import select

from voltherm.adapters.store.address import database_url
from voltherm.adapters.store.commands import SqlCommandLog
from voltherm.adapters.store.day_plans import SqlDayPlans
from voltherm.adapters.store.devices import SqlDeviceRegistry
from voltherm.adapters.store.forecasts import SqlForecastStore
from voltherm.adapters.store.heat_readings import SqlHeatReadings
from voltherm.adapters.store.leases import SqlLeaseStore
from voltherm.adapters.store.ledgers import SqlLedgerStore
from voltherm.adapters.store.migrations import migrate
from voltherm.adapters.store.plans import SqlPlanStore
from voltherm.adapters.store.readings import SqlReadingStore
from voltherm.adapters.store.retention import Retention
from voltherm.adapters.store.sites import SqlSiteStore
from voltherm.adapters.store.transactions import Transactions
from voltherm.domain.site import Site


class Database:
    """Every store, on one small pool of connections.

    Parameters
    ----------
    transactions : Transactions
        The way to the database.
    column_of : callable
        Names the column of a load, a PV plant or a price series in a site's history.
    """

    def __init__(self, transactions: Transactions, column_of: Callable[[Site, str], str]) -> None:
        self._transactions = transactions
        self.sites: Final = SqlSiteStore(transactions)
        self.readings: Final = SqlReadingStore(transactions, column_of)
        self.forecasts: Final = SqlForecastStore(transactions)
        self.plans: Final = SqlPlanStore(transactions)
        self.commands: Final = SqlCommandLog(transactions)
        self.ledgers: Final = SqlLedgerStore(transactions)
        self.leases: Final = SqlLeaseStore(transactions)
        self.devices: Final = SqlDeviceRegistry(transactions)
        self.heat_readings: Final = SqlHeatReadings(transactions)
        self.day_plans: Final = SqlDayPlans(transactions)
        self.retention: Final = Retention(transactions)

    @classmethod
    def at(cls, url: str, *, column_of: Callable[[Site, str], str], timeout_s: float = 5.0) -> Database:
        """Return the database at an address; nothing is connected yet.

        Parameters
        ----------
        url : str
            ``sqlite:///path``, ``sqlite://`` (in memory) or ``postgresql://user:password@host/database``.
        column_of : callable
            Names the column of a load, a PV plant or a price series in a site's history.
        timeout_s : float
            Longest time that a call may take, waiting for a connection included. [s]

        Raises
        ------
        DatabaseUrlError
            When the address is none of these.
        """
        return cls(Transactions(database_url(url), timeout_s), column_of)

    @property
    def name(self) -> str:
        """The address without its password."""
        return self._transactions.name

    async def upgrade(self) -> None:
        """Bring an empty or older database up to this program's tables.

        Raises
        ------
        OutsideError
            ``Unavailable``, ``Refused``, or ``Malformed`` for a database of a newer program.
        """
        async with self._transactions.upgrading() as connection:
            await connection.run_sync(migrate)

    async def ping(self) -> None:
        """Return when the database has answered.

        Raises
        ------
        OutsideError
            When it did not.
        """
        async with self._transactions.reading() as connection:
            await connection.execute(select(1))

    async def close(self) -> None:
        """Close all connections."""
        await self._transactions.close()
