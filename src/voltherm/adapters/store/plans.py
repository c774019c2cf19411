"""Plans with everything that they were made from."""

from __future__ import annotations

import zlib
from datetime import datetime

from sqlalchemy import insert, select

from voltherm.adapters.store.packed import packed, unpacked
from voltherm.adapters.store.partitions import ensure_months
from voltherm.adapters.store.tables import plans as table
from voltherm.adapters.store.transactions import Transactions
from voltherm.ports.errors import Malformed
from voltherm.ports.store import PlanRecord


class SqlPlanStore:
    """Keeps plans; the site in the version that they name must be kept before.

    Parameters
    ----------
    transactions : Transactions
        The way to the database.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def save_plan(self, record: PlanRecord) -> None:
        """Keep a plan; the same plan again changes nothing.

        Raises
        ------
        OutsideError
            When the database fails; ``Malformed`` when another plan has the id, or the site's version is not kept.
        """
        document = packed(PlanRecord, record)
        async with self._transactions.writing(f"plans {record.plan.site_id}") as connection:
            await ensure_months(connection, table.name, [record.plan.made_at])
            held = (await connection.execute(select(table.c.document).where(table.c.id == record.id))).one_or_none()
            if held is not None:
                if zlib.decompress(held.document) == zlib.decompress(document):
                    return
                message = f"plan {record.id!r}: another plan of that id is kept; ids are unique"
                raise Malformed(message)
            await connection.execute(
                insert(table),
                {
                    "id": record.id,
                    "made_at": record.plan.made_at,
                    "site_id": record.plan.site_id,
                    "site_version": record.site_version,
                    "document": document,
                },
            )

    async def plan(self, plan_id: str) -> PlanRecord | None:
        """Return a plan; None where there is none.

        Raises
        ------
        OutsideError
            When the database fails.
        """
        async with self._transactions.reading() as connection:
            row = (await connection.execute(select(table.c.document).where(table.c.id == plan_id))).one_or_none()
            return None if row is None else unpacked(PlanRecord, row.document)

    async def plan_ids(self, site_id: str, since: datetime, until: datetime) -> tuple[str, ...]:
        """Return the ids of the plans made within ``[since, until)``, oldest first.

        Raises
        ------
        OutsideError
            When the database fails.
        """
        wanted = (
            select(table.c.id)
            .where(table.c.site_id == site_id, table.c.made_at >= since, table.c.made_at < until)
            .order_by(table.c.made_at, table.c.id)
        )
        async with self._transactions.reading() as connection:
            return tuple((await connection.execute(wanted)).scalars())
