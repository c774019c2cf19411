"""Whether values can be what their column's name says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.adapters.documents.series_columns import Quantity
from voltherm.adapters.documents.series_findings import Complaint, Finding, SeriesFileError
from voltherm.adapters.documents.series_table import Table

IMPOSSIBLE_KW: Final = 1e6
"""No site draws a gigawatt."""
PERHAPS_W: Final = 10_000.0
"""A median power above this in kW is rather in W."""
SPIKE: Final = 20.0
"""So many times the 99th percentile is worth a look."""
NOISE_KW: Final = 0.05
NOISE_SHARE: Final = 0.02
"""Below zero by no more than this, or this share of the 99th percentile, is standby or a meter's noise."""
WRONG_SIGN_SHARE: Final = 0.05
"""With more negative values than this the column is something else than its name says."""
TEMPERATURES_C: Final = (-90.0, 70.0)
SOC_SLACK: Final = 0.05
NON_NEGATIVE: Final = ("load", "pv")
OF_AN_AREA: Final = ("wind", "nuclear")
"""Powers whose names begin so are a country's, and no site's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A column's values with impossible ones missing, and what is to be said about it."""

    values: NDArray[np.float64]
    findings: list[Finding]


def checked(
    quantity: Quantity,
    values: NDArray[np.float64],
    positions: NDArray[np.int64],
    cells: Sequence[str],
    table: Table,
) -> Checked:
    """Return the values that can be true; an impossible one is missing and told, a strange one is kept and told.

    Parameters
    ----------
    quantity : Quantity
        What the column is.
    values : array, shape (n,)
        In base units, NaN where missing.
    positions : array of int, shape (n,)
        Row of each value, counted from 0 below the header.
    cells : sequence of str
        The column as written, all rows.
    table : Table
        The file, for its lines.

    Raises
    ------
    SeriesFileError
        When the column as a whole is something else: load or PV with the other sign, per cent in a state of charge.
    """
    rule = _rule(quantity.name)
    kept, findings = values.copy(), []
    for judged in rule(quantity, values) if np.isfinite(values).any() else []:
        bad = np.flatnonzero(judged.mask)
        if bad.size and judged.is_fatal:
            found = judged.complaint.at(positions[bad[:1]].tolist(), table.lines, cells)
            raise SeriesFileError(str(found[0]))
        findings += judged.complaint.at(positions[bad].tolist(), table.lines, cells)
        if judged.removes:
            kept[bad] = np.nan
    return Checked(values=kept, findings=findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    mask: NDArray[np.bool_]
    complaint: Complaint
    removes: bool = False
    is_fatal: bool = False


_Rule = Callable[[Quantity, NDArray[np.float64]], list[_Judged]]


def _rule(name: str) -> _Rule:
    if name.endswith("soc"):
        return _soc
    if name.endswith("_c"):
        return _temperature
    if name.endswith(("_kw", "_kvar")) and not name.startswith(OF_AN_AREA):
        return _power
    return lambda _quantity, _values: []


def _soc(quantity: Quantity, values: NDArray[np.float64]) -> list[_Judged]:
    outside = (values < -SOC_SLACK) | (values > 1 + SOC_SLACK)
    is_per_cent = quantity.factor == 1.0 and np.nanmedian(values) > 1 + SOC_SLACK
    remedy = "if it is in per cent, name the column soc_pct" if quantity.factor == 1.0 else "correct it"
    problem = "is no state of charge, 0 to 1" if is_per_cent else "is no state of charge, it counts as missing"
    complaint = Complaint(column=quantity.written, problem=problem, remedy=remedy)
    return [_Judged(mask=outside, complaint=complaint, removes=True, is_fatal=bool(is_per_cent))]


def _temperature(quantity: Quantity, values: NDArray[np.float64]) -> list[_Judged]:
    low, high = TEMPERATURES_C
    complaint = Complaint(
        column=quantity.written,
        problem=f"is no temperature between {low:g} and {high:g} °C, it counts as missing",
        remedy="correct it; if it is in Fahrenheit, let the column's name end in _f",
    )
    return [_Judged(mask=(values < low) | (values > high), complaint=complaint, removes=True)]


def _power(quantity: Quantity, values: NDArray[np.float64]) -> list[_Judged]:
    size = np.abs(values)
    usual = float(np.nanpercentile(size, 99))
    impossible = size > IMPOSSIBLE_KW
    judged = [_Judged(mask=impossible, complaint=_impossible(quantity), removes=True)]
    if np.nanmedian(size) > PERHAPS_W:
        judged.append(_Judged(mask=np.cumsum(size > PERHAPS_W) == 1, complaint=_perhaps_w(quantity)))
    elif usual > 0:
        judged.append(_Judged(mask=(size > SPIKE * usual) & ~impossible, complaint=_spike(quantity)))
    if quantity.name.startswith(NON_NEGATIVE):
        judged.append(_negative(quantity, values, max(NOISE_KW, NOISE_SHARE * usual)))
    return judged


def _negative(quantity: Quantity, values: NDArray[np.float64], noise_kw: float) -> _Judged:
    below = values < -noise_kw
    too_many = int(below.sum()) > WRONG_SIGN_SHARE * int(np.isfinite(values).sum())
    remedy = "write consumption in load_kw and generation in pv_kw as positive numbers, the meter's balance in grid_kw"
    problem = "is negative, as are too many others" if too_many else "is negative, it counts as missing"
    complaint = Complaint(column=quantity.written, problem=problem, remedy=remedy)
    return _Judged(mask=below, complaint=complaint, removes=True, is_fatal=too_many)


def _impossible(quantity: Quantity) -> Complaint:
    return Complaint(
        column=quantity.written,
        problem="is above a gigawatt, it counts as missing",
        remedy="correct it, or the unit in the column's name",
    )


def _perhaps_w(quantity: Quantity) -> Complaint:
    return Complaint(
        column=quantity.written,
        problem="is large for kW and so are most others, they were kept as written",
        remedy="if they are W, let the column's name end in _w (or _wh)",
    )


def _spike(quantity: Quantity) -> Complaint:
    return Complaint(
        column=quantity.written,
        problem=f"is more than {SPIKE:g} times the 99th percentile, it was kept as written",
        remedy="if it is a meter's fault, leave the cell empty: one such value sets a month's peak",
    )
