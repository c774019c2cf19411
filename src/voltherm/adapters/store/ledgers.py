"""The peaks and energies that the meter has reached."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import insert, select, update

from voltherm.adapters.documents.exact import from_plain, to_plain
from voltherm.adapters.store.tables import ledgers as table
from voltherm.adapters.store.transactions import Transactions
from voltherm.domain.ledger import Ledger

BEFORE_ALL: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for the time of a ledger in which nothing was metered yet."""


class SqlLedgerStore:
    """Keeps the last ledger of each billing period.

    Parameters
    ----------
    transactions : Transactions
        The way to the database.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def save_ledger(self, site_id: str, ledger: Ledger, tariff: tuple[str, str]) -> None:
        """Keep the ledger as of its instant, with id and version of the tariff that it was kept by.

        It takes the place of an earlier one of its billing period; an older one than is kept changes nothing.

        Raises
        ------
        OutsideError
            When the database fails.
        """
        key = {
            "site_id": site_id,
            "tariff_id": tariff[0],
            "tariff_version": tariff[1],
            "period_start": ledger.period_start or BEFORE_ALL,
        }
        row = {"as_of": ledger.as_of or BEFORE_ALL, "document": to_plain(Ledger, ledger)}
        async with self._transactions.writing(f"ledgers {site_id}") as connection:
            held = (await connection.execute(select(table.c.as_of).filter_by(**key))).scalar_one_or_none()
            if held is None:
                await connection.execute(insert(table), {**key, **row})
            elif held <= row["as_of"]:
                await connection.execute(update(table).filter_by(**key).values(**row))

    async def last_ledger(self, site_id: str, tariff: tuple[str, str]) -> Ledger | None:
        """Return the latest ledger kept by that tariff; None where there is none.

        Raises
        ------
        OutsideError
            When the database fails.
        """
        wanted = (
            select(table.c.document)
            .where(table.c.site_id == site_id, table.c.tariff_id == tariff[0], table.c.tariff_version == tariff[1])
            .order_by(table.c.as_of.desc(), table.c.period_start.desc())
            .limit(1)
        )
        async with self._transactions.reading() as connection:
            row = (await connection.execute(wanted)).one_or_none()
            return None if row is None else from_plain(Ledger, row.document)
