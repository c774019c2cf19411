"""The audit of commands, written before they are sent; what the database does not take now waits in order."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from voltherm.domain.device import CommandStage, DeviceCommand
from voltherm.ports.errors import Malformed, OutsideError
from voltherm.ports.store import CommandEvent, CommandLog

LONGEST_WAIT_S: Final = 2.0
"""A command waits no longer for its row: the lease ends soon after the database is gone, and the row is kept. [s]."""
MOST_AT_ONCE: Final = 500
"""Rows in one transaction."""
MOST_WAITING: Final = 20_000
"""Rows kept while the database is away; it is never away for long while the lease holds. Older ones are dropped."""

FIRST_LOOK_BACK: Final = timedelta(minutes=10)
"""Commands of earlier holders are looked for so far back, and farther where there are none."""
LONGEST_LOOK_BACK: Final = timedelta(days=60)
CLOCKS_APART: Final = timedelta(days=2)
"""The wall clock of an earlier holder may have been so far ahead."""


class Journal:
    """Writes commands and what became of them, in order.

    Parameters
    ----------
    site_id : str
        Whose commands.
    log : CommandLog
        Where.
    """

    def __init__(self, site_id: str, log: CommandLog) -> None:
        self._site_id = site_id
        self._log = log
        self._waiting: deque[DeviceCommand | CommandEvent] = deque()
        self._writing = asyncio.Lock()
        self._aside: deque[DeviceCommand | CommandEvent] = deque(maxlen=MOST_WAITING)
        self._recent: dict[str, DeviceCommand] = {}
        self.n_dropped = 0
        self.trouble = ""
        self.refused = ""

    @property
    def n_waiting(self) -> int:
        """Rows that are not in the database yet."""
        return len(self._waiting) + len(self._aside)

    async def intend(self, command: DeviceCommand) -> None:
        """Write the command down before it is sent; without a database it waits in memory."""
        self._keep(command)
        await self.flush()

    def note(self, event: CommandEvent) -> None:
        """Write down what became of a command, with the next row at the latest."""
        self._keep(event)

    async def flush(self) -> None:
        """Write what waits, as far as the database takes it in time."""
        try:
            async with asyncio.timeout(LONGEST_WAIT_S), self._writing:
                while self._waiting:
                    n_before = self.n_dropped
                    n_written = await self._write(tuple(islice(self._waiting, MOST_AT_ONCE)))
                    for _ in range(n_written - (self.n_dropped - n_before)):
                        self._waiting.popleft()
                await self._write_aside()
            self.trouble = ""
        except TimeoutError:
            self.trouble = f"the database took longer than {LONGEST_WAIT_S:g} s"
        except OutsideError as error:
            self.trouble = str(error)

    async def _write(self, rows: tuple[DeviceCommand | CommandEvent, ...]) -> int:
        """Write rows and return how many are done with; one that the database will never take must not hold up more."""
        try:
            await self._log.append(self._site_id, rows)
        except Malformed:
            if not await self._takes(rows[0]):
                self._aside.append(rows[0])
            return 1
        return len(rows)

    async def _write_aside(self) -> None:
        """Try again what the database did not take, one after the other, until it does not take one."""
        for row in tuple(self._aside):
            if not await self._takes(row):
                self._aside.rotate(-1)
                return
            self._aside.popleft()
        self.refused = ""

    async def _takes(self, row: DeviceCommand | CommandEvent) -> bool:
        """Write a row, before an event its command, which a restored database may have lost; whether it was taken."""
        command = self._recent.get(row.command_id) if isinstance(row, CommandEvent) else None
        try:
            await self._log.append(self._site_id, (row,) if command is None else (command, row))
        except Malformed as error:
            self.refused = str(error)
            return False
        return True

    async def recover(self, device_id: str, epoch: int, now: datetime) -> int:
        """Mark the commands of earlier holders whose answer nobody wrote down, and return how many there were.

        Only whoever holds the lease may do so: an earlier epoch is over, while a command of the present one may still
        be on its way.

        Parameters
        ----------
        device_id : str
            Whose commands.
        epoch : int
            Of the lease that is held now.
        now : datetime
            The instant.

        Raises
        ------
        OutsideError
            When the database does not answer.
        """
        orphans = [
            command
            for command, events in await self._latest(now)
            if not events and command.device_id == device_id and command.epoch < epoch
        ]
        detail = "its sender ended before it knew the answer"
        events = [
            CommandEvent(command_id=command.id, at=now, stage=CommandStage.ORPHANED, detail=detail)
            for command in orphans
        ]
        await self._log.append(self._site_id, events)
        return len(orphans)

    async def _latest(self, now: datetime) -> tuple[tuple[DeviceCommand, tuple[CommandEvent, ...]], ...]:
        """The last commands before a pause of any length; the clock of their sender may have been ahead of ours."""
        back = FIRST_LOOK_BACK
        while True:
            found = await self._log.commands(self._site_id, now - back, now + CLOCKS_APART)
            if found or back > LONGEST_LOOK_BACK:
                return found
            back *= 4

    def _keep(self, row: DeviceCommand | CommandEvent) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()
            self.n_dropped += 1
        self._waiting.append(row)
        if isinstance(row, DeviceCommand):
            self._recent[row.id] = row
            if len(self._recent) > MOST_AT_ONCE:
                del self._recent[next(iter(self._recent))]
