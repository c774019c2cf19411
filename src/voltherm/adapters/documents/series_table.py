"""The rows and columns of a CSV text, whatever its separator."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.adapters.documents.series_findings import Complaint, Finding, SeriesFileError

SEPARATORS: Final = (",", ";", "\t")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells as text, column by column.

    Parameters
    ----------
    names : tuple of str
        Header, as written.
    header_line : int
        Line of the header.
    lines : array of int, shape (n_rows,)
        Line of the file of each row, the first is 1.
    columns : list of sequence of str
        The cells of each column, without blanks around.
    separator : str
        What separates the cells; behind anything but a comma, the comma may be the decimal sign.
    findings : list of Finding
        Rows with too few or too many cells.
    """

    names: tuple[str, ...]
    header_line: int
    lines: NDArray[np.int64]
    columns: list[list[str]]
    separator: str
    findings: list[Finding] = field(default_factory=list)


def read_table(text: str) -> Table:
    """Return the table of a CSV text; empty lines and lines that begin with ``#`` are passed over.

    Raises
    ------
    SeriesFileError
        For a text without header or rows, or whose rows do not fit the header.
    """
    numbered = _numbered_rows(text.removeprefix("\ufeff"))
    if not numbered:
        raise SeriesFileError("the file is empty; write a header such as 'time_utc,load_kw' and one row a step")
    (header_line, header), *body = numbered
    if not body:
        raise SeriesFileError(f"row {header_line}: there is no row below the header; write one row a step")
    lines = np.array([line for line, _ in body], dtype=np.int64)
    findings = _ragged(header, body, lines)
    width = len(header)
    rows = [row if len(row) == width else (row + [""] * width)[:width] for _, row in body]
    columns = [[cell.strip() for cell in column] for column in zip(*rows, strict=True)]
    return Table(
        names=tuple(name.strip() for name in header),
        header_line=header_line,
        lines=lines,
        columns=columns,
        separator=_separator(text),
        findings=findings,
    )


def _numbered_rows(text: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))
    try:
        return [(reader.line_num, row) for row in reader if row and any(row) and not row[0].startswith("#")]
    except csv.Error as error:
        message = f"row {reader.line_num}: {error}; save the file as plain CSV"
        raise SeriesFileError(message) from error


def _separator(text: str) -> str:
    header = next(
        (line for line in text.splitlines() if line.strip() and not line.lstrip("\ufeff").startswith("#")), ""
    )
    return max(SEPARATORS, key=header.count)


def _ragged(header: list[str], body: list[tuple[int, list[str]]], lines: NDArray[np.int64]) -> list[Finding]:
    width = len(header)
    sizes = np.array([len(row) for _, row in body])
    long = np.flatnonzero(sizes > width)
    if long.size > len(body) / 2:
        raise SeriesFileError(
            f"row {lines[long[0]]}: has {sizes[long[0]]} cells, the header has {width}; "
            "if numbers are written with a decimal comma, separate the cells by semicolons",
        )
    whole = [" ".join(row) for _, row in body] if (sizes != width).any() else []
    many = Complaint(
        column="",
        problem=f"has more cells than the header's {width}, those beyond were left out",
        remedy="write one cell for each name in the header",
    )
    few = Complaint(
        column="",
        problem=f"has fewer cells than the header's {width}, the others count as missing",
        remedy="write one cell for each name in the header, empty where nothing was measured",
    )
    return many.at(long.tolist(), lines, whole) + few.at(np.flatnonzero(sizes < width).tolist(), lines, whole)
