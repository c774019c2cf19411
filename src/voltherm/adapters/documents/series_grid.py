"""The grid that the rows of a file lie on: their step is found, and rows beside it are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.adapters.documents.series_findings import Complaint, Finding, SeriesFileError
from voltherm.adapters.documents.series_table import Table
from voltherm.adapters.documents.series_times import RowTimes, instant
from voltherm.domain.time import TimeGrid

STEPS_S: Final = (
    1,
    5,
    10,
    15,
    20,
    30,
    60,
    120,
    180,
    240,
    300,
    360,
    600,
    720,
    900,
    1200,
    1800,
    3600,
    7200,
    10800,
    14400,
)
JITTER: Final = 0.1
"""Share of a step by which a logger's clock may be off."""
NEAR: Final = 0.05
"""Share of a step by which the distance of two rows may differ from it."""
COMMON: Final = 0.05
"""The shortest distance that this share of the rows keeps is the step."""
SAME_SPACING: Final = 3
"""So many neighbouring rows, equally far apart, are longer intervals; fewer are gaps."""
ROWS_PER_STEP: Final = 1 / 50
"""A file with fewer rows a step than this has a wrong time in it, rather than a gap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where each usable row lies.

    Parameters
    ----------
    grid : TimeGrid
        The steps, from the first row to the end of the last.
    positions : array of int, shape (n,)
        The rows in the order of time, counted from 0 below the header.
    first_step : array of int, shape (n,)
        Step at which each row's interval begins.
    n_steps : array of int, shape (n,)
        Number of steps that it covers; one, but for rows further apart than the rest.
    """

    grid: TimeGrid
    positions: NDArray[np.int64]
    first_step: NDArray[np.int64]
    n_steps: NDArray[np.int64]

    @property
    def hours(self) -> NDArray[np.float64]:
        """Length of each row's interval. [h]."""
        return self.n_steps.astype(np.float64) * self.grid.step_h

    def spread(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the rows' means on the grid, NaN where there is no row."""
        out = np.full(self.grid.n_steps, np.nan)
        ends = np.cumsum(self.n_steps)
        within = np.arange(ends[-1]) - np.repeat(ends - self.n_steps, self.n_steps)
        out[np.repeat(self.first_step, self.n_steps) + within] = np.repeat(values, self.n_steps)
        return out


def place(times: RowTimes, table: Table, step: timedelta | None) -> tuple[Placed, list[Finding]]:
    """Return where the rows lie, and findings on order, doubles, jitter, gaps and mixed steps.

    Raises
    ------
    SeriesFileError
        When the step cannot be found, or a time is so far off that most of the grid would be empty.
    """
    if not times.seconds.size:
        raise SeriesFileError(
            f"row {table.lines[0]}, {times.column}: no row has an instant; check the zone and the times"
        )
    findings = _disorder(times, table)
    order = np.argsort(times.seconds, kind="stable")
    seconds, positions = times.seconds[order], times.positions[order]
    step_s = int(step.total_seconds()) if step else _found_step(seconds, positions, table, times)
    lattice, beside = _on_lattice(seconds, step_s)
    findings += _told(times, table, positions[beside & (lattice < 0)], _OFF_GRID)
    findings += _told(times, table, positions[beside & (lattice >= 0)], _JITTER)
    kept = lattice >= 0
    seconds, positions = lattice[kept], positions[kept]
    first = np.concatenate([[True], np.diff(seconds) > 0])
    findings += _told(times, table, positions[~first], _DOUBLE)
    seconds, positions = seconds[first], positions[first]
    steps = (seconds - seconds[0]) // step_s
    _refuse_mostly_empty(steps, positions, times, table)
    lengths = _lengths(steps)
    findings += _told(times, table, positions[lengths > 1], _LONGER)
    gaps = np.flatnonzero(np.diff(steps) > lengths[:-1])
    findings += [
        f for g in gaps for f in _gap(times, table, int(positions[g]), int(steps[g + 1] - steps[g] - lengths[g]))
    ]
    grid = TimeGrid(instant(int(seconds[0])), timedelta(seconds=step_s), int(steps[-1] + lengths[-1]))
    return Placed(grid=grid, positions=positions, first_step=steps, n_steps=lengths), findings


_OFF_GRID: Final = ("lies between the steps of the file, the row was left out", "write the begin of each interval")
_JITTER: Final = ("is off by a moment, it was moved to the nearest step", "write the begin of each interval")
_DOUBLE: Final = ("comes twice, the first row was kept", "write each interval once")
_LONGER: Final = (
    "is further from the next row than most: it was read as the mean (or energy) of that longer interval",
    "write one step throughout",
)
_UNSORTED: Final = ("is earlier than the row before, the rows were sorted", "write the rows in the order of time")


def _told(times: RowTimes, table: Table, positions: NDArray[np.int64], words: tuple[str, str]) -> list[Finding]:
    problem, remedy = words
    complaint = Complaint(column=times.column, problem=problem, remedy=remedy)
    return complaint.at(positions.tolist(), table.lines, times.cells)


def _disorder(times: RowTimes, table: Table) -> list[Finding]:
    back = np.flatnonzero(np.diff(times.seconds) < 0) + 1
    return _told(times, table, times.positions[back], _UNSORTED)


def _gap(times: RowTimes, table: Table, position: int, n_missing: int) -> list[Finding]:
    words = (f"is followed by {n_missing} missing steps", "fill them in if they are known")
    return _told(times, table, np.array([position]), words)


def _found_step(seconds: NDArray[np.int64], positions: NDArray[np.int64], table: Table, times: RowTimes) -> int:
    apart = np.diff(seconds)
    apart = apart[apart > 0]
    if not apart.size:
        raise SeriesFileError(
            f"row {table.lines[positions[0]]}: one instant only, so the step is unknown; give the step, or more rows",
        )
    lengths, counts = np.unique(_snapped(apart), return_counts=True)
    lengths, counts = lengths[lengths > 0], counts[lengths > 0]
    if lengths.size:
        enough = max(SAME_SPACING, COMMON * float(counts.sum()))
        return int(lengths[counts >= min(enough, counts.max())].min())
    first = int(apart[0])
    odd = positions[int(np.flatnonzero(np.diff(seconds) == first)[0])]
    raise SeriesFileError(
        f"row {table.lines[odd]}, {times.column}: {times.cells[odd]!r} and the next are {first} s apart; "
        "a step must divide the hour or the day: write means over such steps",
    )


def _snapped(apart: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the nearest possible step to each distance, 0 where none is near."""
    known = np.array(STEPS_S)
    near = known[np.abs(apart[:, None] - known).argmin(axis=1)]
    return np.where(np.abs(near - apart) <= NEAR * near, near, 0)


def _on_lattice(seconds: NDArray[np.int64], step_s: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Begin of the step that each row belongs to (-1 for none), and whether the row's time differs from it."""
    phases, counts = np.unique(seconds % step_s, return_counts=True)
    phase = int(phases[counts.argmax()])
    nearest = (seconds - phase + step_s // 2) // step_s * step_s + phase
    off = np.abs(seconds - nearest)
    return np.where(off <= JITTER * step_s, nearest, -1), off > 0


def _refuse_mostly_empty(steps: NDArray[np.int64], positions: NDArray[np.int64], times: RowTimes, table: Table) -> None:
    if steps.size >= ROWS_PER_STEP * (steps[-1] + 1):
        return
    widest = int(np.diff(steps).argmax())
    odd = int(positions[widest + 1 if 2 * (widest + 1) > steps.size else widest])
    raise SeriesFileError(
        f"row {table.lines[odd]}, {times.column}: {times.cells[odd]!r} is {int(np.diff(steps).max())} steps away from "
        "the next row in time, so most of the file would be missing; correct the time, or split the file",
    )


def _lengths(steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Steps that each row covers: the distance to the next, where neighbouring rows keep one longer distance."""
    apart = np.diff(steps)
    lengths = np.ones(steps.size, dtype=np.int64)
    if not apart.size:
        return lengths
    starts = np.concatenate([[0], np.flatnonzero(np.diff(apart)) + 1])
    ends = np.concatenate([starts[1:], [apart.size]])
    for start, end in zip(starts, ends, strict=True):
        if apart[start] > 1 and end - start >= SAME_SPACING:
            lengths[start:end] = apart[start]
            if end == apart.size:
                lengths[end] = apart[start]
    return lengths
