"""The audit of commands: appended to, never changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from voltherm.adapters.store.audit_chain import Chain, appended_links, audit_lock, head_of, plain_row
from voltherm.adapters.store.partitions import Month, ensure_months
from voltherm.adapters.store.tables import command_events, commands
from voltherm.adapters.store.transactions import Transactions
from voltherm.domain.device import CommandKind, CommandSource, CommandStage, DeviceCommand
from voltherm.ports.errors import Malformed
from voltherm.ports.store import CommandEvent

PAGE: Final = 1_000
"""Rows of the audit that are verified within one deadline."""


class SqlCommandLog:
    """Keeps commands and what became of them, each row linked to the one before it by a hash.

    Parameters
    ----------
    transactions : Transactions
        The way to the database.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._months: dict[str, set[Month]] = defaultdict(set)

    async def append(self, site_id: str, rows: Sequence[DeviceCommand | CommandEvent]) -> None:
        """Write rows down in their order and in one transaction; a row that is there already changes nothing.

        Raises
        ------
        OutsideError
            When the database fails; ``Malformed`` where an event is of a command that was not written down.
        """
        if not rows:
            return
        async with self._transactions.writing(audit_lock(site_id)) as connection:
            months = await self._ensure_months(connection, rows)
            fresh = await self._unwritten(connection, site_id, rows)
            linked = await appended_links(connection, site_id, [row for _, row in fresh])
            for table in (commands, command_events):
                chosen = [row for (each, _), row in zip(fresh, linked, strict=True) if each is table]
                if chosen:
                    await connection.execute(insert(table), chosen)
        for name, unknown in months.items():  # not before the end: a partition goes with its transaction
            self._months[name] |= unknown

    async def _ensure_months(
        self, connection: AsyncConnection, rows: Sequence[DeviceCommand | CommandEvent]
    ) -> dict[str, set[Month]]:
        """Make partitions that lack, and return the months of each table that were not known to be there."""
        wanted = {
            commands.name: {Month.of(row.issued_at) for row in rows if isinstance(row, DeviceCommand)},
            command_events.name: {Month.of(row.at) for row in rows if isinstance(row, CommandEvent)},
        }
        unknown = {name: months - self._months[name] for name, months in wanted.items()}
        for name, months in unknown.items():
            if months:
                await ensure_months(connection, name, [month.start for month in months])
        return unknown

    async def _unwritten(
        self, connection: AsyncConnection, site_id: str, rows: Sequence[DeviceCommand | CommandEvent]
    ) -> list[tuple[Table, dict[str, object]]]:
        """The rows that the database does not have yet, each with its table."""
        ids = {row.id if isinstance(row, DeviceCommand) else row.command_id for row in rows}
        written = set((await connection.execute(select(commands.c.id).where(commands.c.id.in_(ids)))).scalars())
        became = {row.command_id for row in rows if isinstance(row, CommandEvent)} & written
        held = select(command_events).where(command_events.c.command_id.in_(became))
        told = [plain_row(_row_of_event(site_id, _event(row))) for row in await connection.execute(held)]
        fresh: list[tuple[Table, dict[str, object]]] = []
        for row in rows:
            if isinstance(row, DeviceCommand):
                if row.id not in written:
                    written.add(row.id)
                    fresh.append((commands, _row_of_command(row)))
                continue
            if row.command_id not in written:
                message = f"command {row.command_id!r}: an event of a command that is not kept; append it first"
                raise Malformed(message)
            event = _row_of_event(site_id, row)
            if plain_row(event) not in told:
                told.append(plain_row(event))
                fresh.append((command_events, event))
        return fresh

    async def commands(
        self, site_id: str, since: datetime, until: datetime
    ) -> tuple[tuple[DeviceCommand, tuple[CommandEvent, ...]], ...]:
        """Return the commands issued within ``[since, until)`` with their events, oldest first.

        Raises
        ------
        OutsideError
            When the database fails.
        """
        chosen = (commands.c.site_id == site_id, commands.c.issued_at >= since, commands.c.issued_at < until)
        wanted = select(commands).where(*chosen).order_by(commands.c.issued_at, commands.c.number)
        of_them = command_events.c.command_id.in_(select(commands.c.id).where(*chosen))
        became = select(command_events).where(of_them).order_by(command_events.c.number)
        async with self._transactions.reading() as connection:
            found = [_command(row) for row in await connection.execute(wanted)]
            events: dict[str, list[CommandEvent]] = defaultdict(list)
            for row in await connection.execute(became):
                events[row.command_id].append(_event(row))
        return tuple((command, tuple(events[command.id])) for command in found)

    async def verify(self, site_id: str) -> tuple[str, ...]:
        """Return what is wrong with the site's audit, in words; empty where nothing was changed, removed or put in.

        Raises
        ------
        OutsideError
            When the database fails.
        """
        async with self._transactions.reading() as connection:
            chain = Chain(await head_of(connection, site_id))
        while rows := await self._page(site_id, chain):
            for row in rows:
                chain.follow(row)
        return chain.problems()

    async def _page(self, site_id: str, chain: Chain) -> list[Mapping[str, Any]]:
        """The next rows of both tables, by number."""
        rows: list[Mapping[str, Any]] = []
        async with self._transactions.reading() as connection:
            for table in (commands, command_events):
                numbers = table.c.number.between(chain.number + 1, chain.head.last_number)
                wanted = select(table).where(table.c.site_id == site_id, numbers).order_by(table.c.number).limit(PAGE)
                rows += [dict(row) for row in (await connection.execute(wanted)).mappings()]
        return sorted(rows, key=lambda row: int(row["number"]))[:PAGE]


def _row_of_command(command: DeviceCommand) -> dict[str, object]:
    return {
        "id": command.id,
        "issued_at": command.issued_at,
        "site_id": command.site_id,
        "device_id": command.device_id,
        "epoch": int(command.epoch),
        "sequence": int(command.sequence),
        "kind": str(command.kind),
        "power_kw": float(command.power_kw),
        "planned_kw": None if command.planned_kw is None else float(command.planned_kw),
        "valid_until": command.valid_until,
        "source": str(command.source),
        "reason": str(command.reason),
        "clamps": list(command.clamps),
        "plan_id": command.plan_id,
    }


def _row_of_event(site_id: str, event: CommandEvent) -> dict[str, object]:
    return {
        "site_id": site_id,
        "at": event.at,
        "command_id": event.command_id,
        "stage": str(event.stage),
        "detail": event.detail,
        "measured_kw": None if event.measured_kw is None else float(event.measured_kw),
    }


def _command(row: Row[Any]) -> DeviceCommand:
    return DeviceCommand(
        id=row.id,
        site_id=row.site_id,
        device_id=row.device_id,
        epoch=row.epoch,
        sequence=row.sequence,
        kind=CommandKind(row.kind),
        power_kw=row.power_kw,
        planned_kw=row.planned_kw,
        issued_at=row.issued_at,
        valid_until=row.valid_until,
        source=CommandSource(row.source),
        reason=row.reason,
        clamps=tuple(row.clamps),
        plan_id=row.plan_id,
    )


def _event(row: Row[Any]) -> CommandEvent:
    return CommandEvent(
        command_id=row.command_id,
        at=row.at,
        stage=CommandStage(row.stage),
        detail=row.detail,
        measured_kw=row.measured_kw,
    )
