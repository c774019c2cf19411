"""The validator's memory in a file: one SQLite transaction an answer, so that a kill leaves it whole."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from voltherm.application.virtual_log import MOST_ENTRIES, LogEntry
from voltherm.application.virtual_meter import MeteredInterval
from voltherm.application.virtual_site import VirtualSite
from voltherm.application.virtual_snapshot import SiteSnapshot
from voltherm.domain.errors import VolthermError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), snapshot TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS intervals (start_s INTEGER PRIMARY KEY, metered TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS log (number INTEGER PRIMARY KEY, entry TEXT NOT NULL);
"""
_SNAPSHOT = TypeAdapter(SiteSnapshot)
_METERED = TypeAdapter(MeteredInterval)
_ENTRY = TypeAdapter(LogEntry)


class StateFileError(VolthermError):
    """A state file that cannot be read or written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedState:
    """What the file holds.

    Parameters
    ----------
    snapshot : SiteSnapshot
        The site when it was last seen.
    intervals : list of MeteredInterval
        What was metered, oldest first.
    entries : list of LogEntry
        The truth log, oldest first.
    """

    snapshot: SiteSnapshot
    intervals: list[MeteredInterval]
    entries: list[LogEntry]


class StateFile:
    """A file that a simulated site is kept in.

    Parameters
    ----------
    path : Path
        The file; made where there is none.

    Raises
    ------
    StateFileError
        When it cannot be opened, or is no state file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise self._failed(error) from error
        try:
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = NORMAL")
            self._base.executescript(_SCHEMA)
            self._last_start_s = self._highest("start_s", "intervals")
            self._last_entry = self._highest("number", "log")
        except sqlite3.Error as error:
            self._base.close()
            raise self._failed(error) from error

    def load(self) -> SavedState | None:
        """Return what the file holds; None when it is new.

        Raises
        ------
        StateFileError
            When it holds something else.
        """
        try:
            with closing(self._base.cursor()) as cursor:
                row = cursor.execute("SELECT snapshot FROM state").fetchone()
                if row is None:
                    return None
                metered = cursor.execute("SELECT metered FROM intervals ORDER BY start_s").fetchall()
                entries = cursor.execute("SELECT entry FROM log ORDER BY number").fetchall()
            return SavedState(
                snapshot=_SNAPSHOT.validate_json(row[0]),
                intervals=[_METERED.validate_json(text) for (text,) in metered],
                entries=[_ENTRY.validate_json(text) for (text,) in entries],
            )
        except (sqlite3.Error, ValidationError) as error:
            raise self._failed(error) from error

    def save(self, site: VirtualSite) -> None:
        """Keep the site as it is now, with the intervals and log entries since the last time.

        Raises
        ------
        StateFileError
            When the file cannot be written.
        """
        since = datetime.fromtimestamp(self._last_start_s + 1, UTC)
        metered = [(int(one.start.timestamp()), _METERED.dump_json(one).decode()) for one in site.meter.since(since)]
        entries = [(one.number, _ENTRY.dump_json(one).decode()) for one in site.log.entries(after=self._last_entry)]
        try:
            self._base.execute("BEGIN IMMEDIATE")
            snapshot = _SNAPSHOT.dump_json(site.snapshot()).decode()
            self._base.execute("INSERT OR REPLACE INTO state VALUES (1, ?)", (snapshot,))
            self._base.executemany("INSERT OR REPLACE INTO intervals VALUES (?, ?)", metered)
            self._base.executemany("INSERT OR REPLACE INTO log VALUES (?, ?)", entries)
            if metered:
                self._forget(site)
            self._base.execute("COMMIT")
        except sqlite3.Error as error:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            raise self._failed(error) from error
        self._last_start_s = metered[-1][0] if metered else self._last_start_s
        self._last_entry = site.log.last_number

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _forget(self, site: VirtualSite) -> None:
        oldest_s = int(site.meter.intervals[0].start.timestamp())
        self._base.execute("DELETE FROM intervals WHERE start_s < ?", (oldest_s,))
        self._base.execute("DELETE FROM log WHERE number <= ?", (site.log.last_number - MOST_ENTRIES,))

    def _highest(self, column: str, table: str) -> int:
        query = f"SELECT coalesce(max({column}), 0) FROM {table}"  # noqa: S608 - names of ours
        return int(self._base.execute(query).fetchone()[0])

    def _failed(self, error: Exception) -> StateFileError:
        reason = "does not hold a validator's state" if isinstance(error, ValidationError) else str(error)
        return StateFileError(f"{self._path}: {reason}; check the file, or name another with --state")
