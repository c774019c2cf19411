"""Measurements from a CSV file with self-describing columns, with a finding for whatever is odd in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from voltherm.adapters.documents.series_columns import numbers, quantities
from voltherm.adapters.documents.series_findings import Finding, SeriesFileError
from voltherm.adapters.documents.series_grid import place
from voltherm.adapters.documents.series_plausibility import checked
from voltherm.adapters.documents.series_table import read_table
from voltherm.adapters.documents.series_times import row_times
from voltherm.domain.measurements import Measurements

__all__ = ["Finding", "MeasurementFile", "SeriesFileError", "read_measurements"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementFile:
    """What a file holds, and what is to be said about it.

    Parameters
    ----------
    measurements : Measurements
        The columns in base units on one grid, NaN where missing.
    findings : tuple of Finding
        Gaps, doubled hours, cells that are no numbers, unknown columns and the like, in the order of rows.
    currency : str or None
        Of the price columns, such as ``EUR``; None where their names do not say.
    """

    measurements: Measurements
    findings: tuple[Finding, ...]
    currency: str | None = None


def read_measurements(source: Path | str, zone: ZoneInfo, *, step: timedelta | None = None) -> MeasurementFile:
    """Return the measurements of a CSV file.

    Parameters
    ----------
    source : Path or str
        The file; a string with a line break in it is the text itself.
    zone : ZoneInfo
        The site's zone, which ``time_local`` is in.
    step : timedelta, optional
        Length of a step; by default found from the times, which are the begins of intervals.

    Raises
    ------
    SeriesFileError
        When nothing sound can be made of the file; the message names the row and the remedy.
    """
    table = read_table(_text(source))
    known, findings = quantities(table)
    times, time_findings = row_times(table, zone)
    placed, place_findings = place(times, table, step)
    findings += table.findings + time_findings + place_findings
    columns = {}
    for at, quantity in known:
        cells = table.columns[at]
        raw, cell_findings = numbers(cells, quantity.written, table)
        values = quantity.converted(raw[placed.positions], placed.hours)
        result = checked(quantity, values, placed.positions, cells, table)
        columns[quantity.name] = placed.spread(result.values)
        findings += cell_findings + result.findings
    return MeasurementFile(
        measurements=Measurements(placed.grid, columns),
        findings=tuple(sorted(findings, key=lambda finding: (finding.row, finding.column))),
        currency=next((quantity.currency for _, quantity in known if quantity.currency), None),
    )


def _text(source: Path | str) -> str:
    if isinstance(source, str) and ("\n" in source or "\r" in source or not source.strip()):
        return source
    try:
        return Path(source).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SeriesFileError(f"{source}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    except (OSError, ValueError) as error:
        raise SeriesFileError(f"{source}: cannot be read ({error}); give the path of a CSV file") from error
