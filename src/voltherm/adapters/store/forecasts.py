"""Forecasts with their issue time."""

from __future__ import annotations

from sqlalchemy import insert, select

from voltherm.adapters.store.packed import packed, unpacked
from voltherm.adapters.store.partitions import ensure_months
from voltherm.adapters.store.tables import forecasts as table
from voltherm.adapters.store.transactions import Transactions
from voltherm.domain.external_forecast import ExternalForecast, ForecastKind


class SqlForecastStore:
    """Keeps forecasts as they arrived.

    Parameters
    ----------
    transactions : Transactions
        The way to the database.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def save_forecast(self, site_id: str, forecast: ExternalForecast) -> None:
        """Keep a forecast; one with the same kind, source and issue time is kept once.

        Where the source does not say when it issued it, the time of its arrival stands for that.

        Raises
        ------
        OutsideError
            When the database fails.
        """
        provenance = forecast.power_kw.provenance
        issue_at = forecast.fetched_at if provenance.issued_at is None else provenance.issued_at
        key = {"site_id": site_id, "kind": str(forecast.kind), "source": provenance.source, "issue_at": issue_at}
        async with self._transactions.writing(f"forecasts {site_id}") as connection:
            await ensure_months(connection, table.name, [issue_at])
            if (await connection.execute(select(table.c.kind).filter_by(**key))).one_or_none() is None:
                document = packed(ExternalForecast, forecast)
                await connection.execute(
                    insert(table), {**key, "fetched_at": forecast.fetched_at, "document": document}
                )

    async def last_forecast(self, site_id: str, kind: ForecastKind) -> ExternalForecast | None:
        """Return the one that was fetched last; None where there is none.

        Raises
        ------
        OutsideError
            When the database fails.
        """
        latest = (
            select(table.c.document)
            .where(table.c.site_id == site_id, table.c.kind == str(kind))
            .order_by(table.c.fetched_at.desc(), table.c.issue_at.desc())
            .limit(1)
        )
        async with self._transactions.reading() as connection:
            row = (await connection.execute(latest)).one_or_none()
            return None if row is None else unpacked(ExternalForecast, row.document)
