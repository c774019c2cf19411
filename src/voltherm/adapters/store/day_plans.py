"""Daily plans of registered devices."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from sqlalchemy import delete, insert, select

from voltherm.adapters.store.packed import packed, unpacked
from voltherm.adapters.store.partitions import ensure_months
from voltherm.adapters.store.tables import day_plans as table
from voltherm.adapters.store.transactions import Transactions
from voltherm.ports.registry import DayPlan


class SqlDayPlans:
    """Keeps the last plan of a device for a local day, with everything that it was made from.

    Parameters
    ----------
    transactions : Transactions
        The way to the database.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def save_day_plan(self, plan: DayPlan) -> None:
        """Keep a plan; one that was made later, or at the same instant, replaces that of the same device and day.

        A plan that was made earlier than the one that is kept changes nothing: of two requests at once the fresher
        plan stays, whichever comes last.

        Raises
        ------
        OutsideError
            When the database fails.
        """
        day_at = _stored_day(plan.day)
        document = packed(DayPlan, plan)
        is_it = (table.c.device_id == plan.device_id) & (table.c.day_at == day_at)
        async with self._transactions.writing(f"day plans {plan.device_id}") as connection:
            await ensure_months(connection, table.name, [day_at])
            kept = (await connection.execute(select(table.c.made_at).where(is_it))).one_or_none()
            if kept is not None and kept.made_at > plan.made_at:
                return
            await connection.execute(delete(table).where(is_it))
            row = {"device_id": plan.device_id, "day_at": day_at, "made_at": plan.made_at, "document": document}
            await connection.execute(insert(table), row)

    async def day_plan(self, device_id: str, day: date) -> DayPlan | None:
        """Return the last plan of a device for a local day; None where there is none.

        Raises
        ------
        OutsideError
            When the database fails.
        """
        wanted = select(table.c.document).where(table.c.device_id == device_id, table.c.day_at == _stored_day(day))
        async with self._transactions.reading() as connection:
            row = (await connection.execute(wanted)).one_or_none()
            return None if row is None else unpacked(DayPlan, row.document)


def _stored_day(day: date) -> datetime:
    """The local date as midnight in UTC: partitions and retention go by instants."""
    return datetime.combine(day, time(0), tzinfo=UTC)
