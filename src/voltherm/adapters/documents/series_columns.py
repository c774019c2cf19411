"""What a column's name says of its values, and the numbers in its cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.adapters.documents.series_findings import Complaint, Finding, SeriesFileError
from voltherm.adapters.documents.series_table import Table

TIME_NAMES: Final = ("time_utc", "time_local", "time", "timestamp", "datetime")
NOTHING: Final = frozenset({"", "nan", "na", "n/a", "null", "none", "-", "--"})
LARGEST: Final = 1e15
"""A number beyond this is none that a meter wrote."""
ENDINGS: Final = (
    "_kw, _w, _mw, _kwh, _wh, _mwh, _kvar, _var, _c, _f, soc, soc_pct, _w_m2, _m_s, "
    "price_<currency>_per_kwh or price_<currency>_per_mwh"
)

_PRICE = re.compile(r"(?P<stem>(?:\w+_)?price)(?:_(?P<currency>[a-z]{3}))?_per_(?P<unit>kwh|mwh)")
_SOC_PERCENT = re.compile(r"(?P<stem>(?:\w+_)?soc)_(?:pct|percent)")
_SOC = re.compile(r"(?:\w+_)?soc")
_AS_IT_IS = re.compile(r"\w+_(?:w_m2|m_s|kw|kvar|c)")
_SCALED: Final = {"_mw": ("_kw", 1e3), "_w": ("_kw", 1e-3), "_var": ("_kvar", 1e-3)}
_ENERGY: Final = {"_kwh": 1.0, "_wh": 1e-3, "_mwh": 1e3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A column that is understood: ``value = factor * (cell - offset)``, divided by the step's hours for an energy."""

    written: str
    name: str
    factor: float = 1.0
    offset: float = 0.0
    is_energy: bool = False
    currency: str | None = None

    def converted(self, cells: NDArray[np.float64], hours: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values in base units; ``hours`` is the length of each row's interval."""
        values = self.factor * (cells - self.offset)
        return values / hours if self.is_energy else values


def quantity_of(written: str) -> Quantity | None:
    """Return what a header's name says, or None where it says nothing known."""
    name = written.lower()
    if price := _PRICE.fullmatch(name):
        factor = 1e-3 if price["unit"] == "mwh" else 1.0
        currency = price["currency"].upper() if price["currency"] else None
        return Quantity(written=written, name=f"{price['stem']}_per_kwh", factor=factor, currency=currency)
    if percent := _SOC_PERCENT.fullmatch(name):
        return Quantity(written=written, name=percent["stem"], factor=0.01)
    if _AS_IT_IS.fullmatch(name) or _SOC.fullmatch(name):
        return Quantity(written=written, name=name)
    if name.endswith("_f"):
        return Quantity(written=written, name=f"{name[:-2]}_c", factor=5 / 9, offset=32.0)
    if "_per_" in name:
        return None
    for ending, factor in _ENERGY.items():
        if name.endswith(ending):
            return Quantity(written=written, name=f"{name.removesuffix(ending)}_kw", factor=factor, is_energy=True)
    for ending, (base, factor) in _SCALED.items():
        if name.endswith(ending):
            return Quantity(written=written, name=name.removesuffix(ending) + base, factor=factor)
    return None


def quantities(table: Table) -> tuple[list[tuple[int, Quantity]], list[Finding]]:
    """Return the understood columns with their place, and a finding for each that is not.

    Raises
    ------
    SeriesFileError
        When there is none, two give the same quantity, or prices are in two currencies.
    """
    known: list[tuple[int, Quantity]] = []
    findings: list[Finding] = []
    for place, written in enumerate(table.names):
        if written.lower() in TIME_NAMES:
            continue
        quantity = quantity_of(written)
        if quantity is None:
            findings.append(_unknown(written, table.header_line))
        elif twin := next((other for _, other in known if other.name == quantity.name), None):
            message = f"row {table.header_line}: {twin.written!r} and {written!r} both give {quantity.name}; keep one"
            raise SeriesFileError(message)
        else:
            known.append((place, quantity))
    currencies = sorted({q.currency for _, q in known if q.currency})
    if len(currencies) > 1:
        message = (
            f"row {table.header_line}: prices in {' and '.join(currencies)}; a site has one currency, convert them"
        )
        raise SeriesFileError(message)
    if not known:
        message = f"row {table.header_line}: no column with values; name one as quantity and unit, ending in {ENDINGS}"
        raise SeriesFileError(message)
    return known, findings


def numbers(
    cells: Sequence[str],
    written: str,
    table: Table,
) -> tuple[NDArray[np.float64], list[Finding]]:
    """Return the number in each cell, NaN where there is none, and what is to be said about those.

    A comma is the decimal sign when it does not separate the cells.
    """
    try:
        values = np.array([float(cell) for cell in cells])
    except ValueError:
        values, strange = _numbers_one_by_one(cells, decimal_comma=table.separator != ",")
    else:
        strange = []
    strange += np.flatnonzero(np.abs(values) > LARGEST).tolist()
    values[strange] = np.nan
    missing = set(np.flatnonzero(np.isnan(values)).tolist()).difference(strange)
    not_a_number = Complaint(
        column=written,
        problem="is not a number, it counts as missing",
        remedy="write a plain number, without thousands separator or unit",
    )
    nothing = Complaint(column=written, problem="means that nothing was measured", remedy="fill it in if it is known")
    return values, not_a_number.at(strange, table.lines, cells) + nothing.at(missing, table.lines, cells)


def _numbers_one_by_one(cells: Sequence[str], *, decimal_comma: bool) -> tuple[NDArray[np.float64], list[int]]:
    values = np.full(len(cells), np.nan)
    strange: list[int] = []
    for position, cell in enumerate(cells):
        if cell.lower() in NOTHING:
            continue
        plain = cell.replace(",", ".") if decimal_comma and "." not in cell else cell
        try:
            values[position] = float(plain)
        except ValueError:
            strange.append(position)
    return values, strange


def _unknown(written: str, line: int) -> Finding:
    return Finding(
        row=line,
        column=written,
        value=written,
        problem="is not a known column, it was not read",
        remedy=f"end its name with its unit: {ENDINGS}",
    )
