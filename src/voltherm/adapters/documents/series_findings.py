"""What is to be said about a file of series: findings with their rows, and the error that stops the reading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import VolthermError

MOST_ALIKE: Final = 20
"""Findings of one kind that are listed; the rest is counted in one more."""


class SeriesFileError(VolthermError):
    """A file of series that cannot be read; the message names row, column, value and remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something in the file that its reader should know.

    Parameters
    ----------
    row : int
        Line of the file, the first is 1.
    column : str
        Name of the column as written; empty for the row as a whole.
    value : str
        The value in that row, as written.
    problem : str
        What is wrong and what was made of it.
    remedy : str
        What would put it right.
    n_rows : int
        Number of consecutive rows it concerns, from ``row`` on.
    """

    row: int
    column: str
    value: str
    problem: str
    remedy: str
    n_rows: int = 1

    def __str__(self) -> str:
        rows = f"row {self.row}" if self.n_rows == 1 else f"row {self.row} and {self.n_rows - 1} more"
        place = f"{rows}, {self.column}" if self.column else rows
        return f"{place}: {self.value!r} {self.problem}; {self.remedy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A problem and its remedy, before it is known which rows have it."""

    column: str
    problem: str
    remedy: str

    def at(self, positions: Iterable[int], lines: NDArray[np.int64], cells: Sequence[str]) -> list[Finding]:
        """Return one finding for each run of neighbouring rows, at most ``MOST_ALIKE`` and one for the rest.

        Parameters
        ----------
        positions : iterable of int
            Rows concerned, counted from 0 below the header.
        lines : array of int
            Line of the file of each row.
        cells : sequence of str
            The value of each row, as written.
        """
        where = np.asarray(sorted(positions), dtype=np.int64)
        runs = np.split(where, np.flatnonzero(np.diff(where) > 1) + 1) if where.size else []
        found = [self._finding(run, lines, cells, "") for run in runs[:MOST_ALIKE]]
        if len(runs) > MOST_ALIKE:
            rest = np.concatenate(runs[MOST_ALIKE:])
            found.append(self._finding(rest, lines, cells, "here and in rows further down, not listed one by one: "))
        return found

    def _finding(self, run: NDArray[np.int64], lines: NDArray[np.int64], cells: Sequence[str], prefix: str) -> Finding:
        return Finding(
            row=int(lines[run[0]]),
            column=self.column,
            value=cells[run[0]],
            problem=prefix + self.problem,
            remedy=self.remedy,
            n_rows=int(run.size),
        )
