"""The truth log of a simulated battery: what it was told, what it answered, and what it did."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from voltherm.domain.time import utc_instant

MOST_ENTRIES: Final = 100_000
"""Older entries are forgotten; two weeks of a command every 20 s, with its begin."""


class LogEvent(StrEnum):
    """What happened."""

    RECEIVED = "received"
    """A command came; the verdict says what became of it."""
    STARTED = "started"
    """It is followed from now on."""
    REPLACED = "replaced"
    """A newer one took its place."""
    EXPIRED = "expired"
    """Its validity ended."""
    RELEASED = "released"
    """A release ended it."""
    SUSPENDED = "suspended"
    """The battery left the mode in which it takes setpoints, which ended it."""
    REVERTED = "reverted"
    """The battery is back at its own default: it rests."""
    RESTARTED = "restarted"
    """The program began anew; no command outlives it."""
    SKIPPED = "skipped"
    """The clock went ahead by more than is kept; nothing was simulated between."""


class Verdict(StrEnum):
    """What became of a command that came."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    REPEATED = "repeated"
    """It had been answered before; the first answer was given again."""
    MALFORMED = "malformed"
    """It could not be read as a command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One thing that happened.

    Parameters
    ----------
    number : int
        Counts up from 1, without gaps; 0 before it is written.
    at : datetime
        When, in UTC.
    event : LogEvent
        What.
    device_id : str
        Which battery; empty where a command named none.
    verdict : Verdict or None
        Of a command that came.
    command_id : str
        Which command; empty where none is meant.
    epoch, sequence : int or None
        Of the command.
    power_kw : float or None
        Asked for, where a command came; followed, where one started; flowing until then, where one ended; 0 at a
        reversion. Charging positive. [kW]
    detail : str
        In words.
    """

    number: int = 0
    at: datetime
    event: LogEvent
    device_id: str = ""
    verdict: Verdict | None = None
    command_id: str = ""
    epoch: int | None = None
    sequence: int | None = None
    power_kw: float | None = None
    detail: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", utc_instant(self.at, "at"))


class VirtualLog:
    """The latest entries, oldest first.

    Parameters
    ----------
    entries : iterable of LogEntry
        What an earlier run wrote.
    most : int
        How many are kept.
    """

    def __init__(self, entries: Iterable[LogEntry] = (), *, most: int = MOST_ENTRIES) -> None:
        self._entries = deque(entries, maxlen=most)
        self.last_number = self._entries[-1].number if self._entries else 0

    def write(self, entry: LogEntry) -> None:
        """Add what happened, under the next number."""
        self.last_number += 1
        self._entries.append(replace(entry, number=self.last_number))

    def entries(self, *, since: datetime | None = None, after: int = 0) -> list[LogEntry]:
        """Return the entries at ``since`` or later whose number is above ``after``, oldest first."""
        found = list(self._entries)
        if after and found:
            found = found[max(0, after - found[0].number + 1) :]
        return found if since is None else [entry for entry in found if entry.at >= since]

    def latest(self, n: int) -> list[LogEntry]:
        """Return the last ``n`` entries, newest first."""
        return list(self._entries)[: -n - 1 : -1]
