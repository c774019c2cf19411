"""The instants in a column of times: read, in UTC, and with the wall clock's jumps told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.adapters.documents.series_columns import TIME_NAMES
from voltherm.adapters.documents.series_findings import Complaint, Finding, SeriesFileError
from voltherm.adapters.documents.series_table import Table

YEARS: Final = (1971, 2200)
"""Nobody meters, or plans, beyond these."""
_DAY_S: Final = 86400
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - the zero of a wall clock without zone


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTimes:
    """When each row's interval begins.

    Parameters
    ----------
    positions : array of int, shape (n,)
        Rows with a usable time, counted from 0 below the header.
    seconds : array of int, shape (n,)
        Begin of each, seconds since 1970-01-01 UTC.
    cells : sequence of str
        The times of all rows, as written.
    column : str
        The column's name, as written.
    """

    positions: NDArray[np.int64]
    seconds: NDArray[np.int64]
    cells: Sequence[str]
    column: str


def row_times(table: Table, zone: ZoneInfo) -> tuple[RowTimes, list[Finding]]:
    """Return the begin of each row's interval, and what is to be said about rows without one.

    A time with an offset or ``Z`` is taken at its word. One without is UTC in ``time_utc``, and the wall clock of
    ``zone`` in ``time_local``: there a time that comes twice in autumn is the first and then the second pass of the
    doubled hour, and one that spring skips has no instant, so its row is left out.

    Raises
    ------
    SeriesFileError
        When there is no time column, no readable time, times with and without offset are mixed, or nothing says
        which zone they are in.
    """
    place, kind = _time_column(table)
    column, cells = table.names[place], table.columns[place]
    moments, unreadable = _parsed(cells)
    strange = Complaint(
        column=column,
        problem="is not a time, the row was left out",
        remedy="write ISO 8601, such as 2025-03-30T02:15:00Z",
    )
    findings = strange.at(unreadable, table.lines, cells)
    if len(unreadable) > len(cells) / 2:
        raise SeriesFileError(str(findings[0]))
    positions = np.array([p for p, m in enumerate(moments) if m is not None], dtype=np.int64)
    known = [moment for moment in moments if moment is not None]
    naive = _all_naive(known, positions, table, column)
    if not naive:
        seconds = np.array([int(moment.timestamp()) for moment in known], dtype=np.int64)
        return RowTimes(positions=positions, seconds=seconds, cells=cells, column=column), findings
    if kind not in {"time_utc", "time_local"}:
        message = (
            f"row {table.lines[positions[0]]}, {column}: {cells[positions[0]]!r} has no zone; "
            "name the column time_utc, or time_local for the site's wall clock, or write offsets"
        )
        raise SeriesFileError(message)
    wall = np.array(known, dtype="datetime64[s]").astype(np.int64)
    times = RowTimes(positions=positions, seconds=wall, cells=cells, column=column)
    if kind == "time_utc":
        return times, findings
    times, jumps = _from_wall_clock(times, zone, table)
    return times, findings + jumps


def _time_column(table: Table) -> tuple[int, str]:
    lowered = [name.lower() for name in table.names]
    for kind in TIME_NAMES:
        if kind in lowered:
            return lowered.index(kind), kind
    message = (
        f"row {table.header_line}: no column of times among {', '.join(table.names)}; "
        "name it time_utc, or time_local for the site's wall clock"
    )
    raise SeriesFileError(message)


def _parsed(cells: Sequence[str]) -> tuple[list[datetime | None], list[int]]:
    moments = [_moment(cell) for cell in cells]
    return moments, [position for position, moment in enumerate(moments) if moment is None]


def _moment(cell: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        return None
    first, last = YEARS
    return moment if first <= moment.year <= last else None


def _all_naive(known: list[datetime], positions: NDArray[np.int64], table: Table, column: str) -> bool:
    naive = np.array([moment.tzinfo is None for moment in known])
    if naive.any() and not naive.all():
        odd = positions[int(np.flatnonzero(naive != naive[0])[0])]
        raise SeriesFileError(
            f"row {table.lines[odd]}, {column}: times with and without offset are mixed; write all of them one way",
        )
    return bool(naive.all())


def _from_wall_clock(times: RowTimes, zone: ZoneInfo, table: Table) -> tuple[RowTimes, list[Finding]]:
    first, second = _offsets(times.seconds, zone)
    skipped, doubled = first < second, first > second
    again = doubled & (_occurrence(times.seconds, doubled) > 0)
    instants = times.seconds - np.where(again, second, first)
    findings = Complaint(
        column=times.column,
        problem="is a wall-clock time that the clock skipped in spring, the row was left out",
        remedy=f"nothing was measured then in {zone.key}; check the zone, or write time_utc",
    ).at(times.positions[skipped].tolist(), table.lines, times.cells)
    once = doubled & ~np.isin(times.seconds, times.seconds[again])
    findings += Complaint(
        column=times.column,
        problem="lies in the hour that autumn doubles and comes once, it was taken as the first pass; "
        "the second pass is missing",
        remedy="write both passes in their order, or time_utc",
    ).at(times.positions[once].tolist(), table.lines, times.cells)
    kept = RowTimes(
        positions=times.positions[~skipped],
        seconds=instants[~skipped],
        cells=times.cells,
        column=times.column,
    )
    return kept, findings


def _occurrence(seconds: NDArray[np.int64], doubled: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How often each doubled wall-clock time came before, in the order of the file; 0 elsewhere."""
    count: dict[int, int] = {}
    before = np.zeros(seconds.size, dtype=np.int64)
    for position in np.flatnonzero(doubled).tolist():
        moment = int(seconds[position])
        before[position] = count.get(moment, 0)
        count[moment] = int(before[position]) + 1
    return before


def _offsets(wall: NDArray[np.int64], zone: ZoneInfo) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Offset from UTC of each wall-clock time on its first and its second pass. [s]."""
    days, inverse = np.unique(wall // _DAY_S, return_inverse=True)
    at_start = np.array([_offset(int(day) * _DAY_S, zone, fold=0) for day in days], dtype=np.int64)
    at_end = np.array([_offset(int(day + 1) * _DAY_S, zone, fold=1) for day in days], dtype=np.int64)
    first = at_start[inverse]
    second = first.copy()
    for position in np.flatnonzero((at_start != at_end)[inverse]).tolist():
        first[position] = _offset(int(wall[position]), zone, fold=0)
        second[position] = _offset(int(wall[position]), zone, fold=1)
    return first, second


def _offset(wall_s: int, zone: ZoneInfo, *, fold: int) -> int:
    moment = (_EPOCH + timedelta(seconds=wall_s)).replace(tzinfo=zone, fold=fold)
    offset = moment.utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def instant(seconds: int) -> datetime:
    """Return the instant that lies ``seconds`` after 1970-01-01 UTC."""
    return datetime.fromtimestamp(seconds, tz=UTC)
