"""Measurements from a CSV file with self-describing columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from voltherm.domain.errors import VolthermError
from voltherm.domain.measurements import Measurements


class SeriesFileError(VolthermError):
    """A file of series that cannot be read; the message names row, column, value and remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something in the file that its reader should know.

    Parameters
    ----------
    row : int
        Line of the file, the first is 1.
    n_rows : int
        Number of consecutive rows it concerns.
    column : str
        Name of the column as written; empty for the row as a whole.
    value : str
        The value of the first row, as written.
    problem, remedy : str
        What is wrong, what was done about it, and what would put it right.
    """

    row: int
    column: str
    value: str
    problem: str
    remedy: str
    n_rows: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementFile:
    """What a file holds, and what is to be said about it."""

    measurements: Measurements
    findings: tuple[Finding, ...]
    currency: str | None = None


def read_measurements(source: Path | str, zone: ZoneInfo, *, step: timedelta | None = None) -> MeasurementFile:
    """Return the measurements of a CSV file, or of its text when ``source`` holds a line break."""
    raise NotImplementedError
