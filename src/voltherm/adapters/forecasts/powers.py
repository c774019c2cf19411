"""What each row of a forecast says, in kW: units, and the values that are none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.external_forecast import ForecastKind
from voltherm.ports.errors import Malformed

ABSURD_KW: Final = 1e6
"""Nobody plans a gigawatt behind one meter: such a value is an error of the source, and so may be its others."""
DARK_SHARE: Final = 0.02
"""PV below zero by up to this share of its peak is the inverter's own need, or rounding: it counts as 0."""
DARK_KW: Final = 0.1
"""So is this much, whatever the peak: a forecast of the night has none. [kW]"""
_KW: Final = {"w": 0.001, "kw": 1.0, "mw": 1000.0}


class Powers(NamedTuple):
    """Powers in kW, NaN where nothing is known, with what was done to them in words."""

    values_kw: NDArray[np.float64]
    notes: tuple[str, ...]
    is_repaired: bool


def kw_per(unit: str | None) -> float:
    """Return how many kW one of the unit is; kW where it is not said.

    Raises
    ------
    Malformed
        When it is no unit of power.
    """
    if unit is None:
        return 1.0
    try:
        return _KW[unit.strip().lower()]
    except KeyError:
        raise Malformed(f"its unit is {unit[:20]!r}; give kW, W or MW, the mean over each interval") from None


def powers_of(cells: Sequence[object], kind: ForecastKind, unit: str | None, *, allows_negative: bool) -> Powers:
    """Return what the rows say.

    Parameters
    ----------
    cells : sequence of object
        One a row, as sent. Whatever is no number is missing.
    kind : ForecastKind
        Load below zero is missing, PV slightly below zero is 0 and else missing.
    unit : str or None
        As declared.
    allows_negative : bool
        Whether this load may be negative, as where it is metered net of a plant that is not known here.

    Raises
    ------
    Malformed
        For an unknown unit, absurd powers, or when not one power is left.
    """
    factor = kw_per(unit)
    numbers = [_number(cell) for cell in cells]
    values = np.array([math.nan if number is None else number for number in numbers]) * factor
    notes = [] if unit is not None else ["unit not declared, taken as kW"]
    n_strange = sum(number is None and cell is not None for number, cell in zip(numbers, cells, strict=True))
    notes += _counted(n_strange, "powers are no numbers and count as missing")
    notes += _counted(sum(cell is None for cell in cells), "powers are null")
    too_much = np.flatnonzero(np.abs(values) >= ABSURD_KW)
    if too_much.size:
        raise Malformed(f"row {too_much[0]} says {values[too_much[0]]:g} kW, which no site behind one meter has")
    is_repaired = False
    if not (kind is ForecastKind.LOAD and allows_negative):
        values, below, is_repaired = _not_negative(values, kind)
        notes += below
    if np.isnan(values).all():
        raise Malformed("not one of its powers is known")
    return Powers(values, tuple(notes), is_repaired)


def _not_negative(values: NDArray[np.float64], kind: ForecastKind) -> tuple[NDArray[np.float64], list[str], bool]:
    negative = values < 0
    if not negative.any():
        return values, [], False
    dark = np.zeros_like(negative)
    if kind is ForecastKind.SOLAR:
        dark = negative & (values >= -max(DARK_SHARE * np.nanmax(values), DARK_KW))
    wrong = negative & ~dark
    notes = _counted(int(dark.sum()), "powers slightly below zero count as 0")
    notes += _counted(int(wrong.sum()), "powers are negative and count as missing")
    return np.where(wrong, math.nan, np.where(dark, 0.0, values)), notes, bool(dark.any())


def _number(cell: object) -> float | None:
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return None
    try:
        value = float(cell)
    except OverflowError:
        return math.inf  # an integer of hundreds of digits: absurd, as inf is below
    return None if math.isnan(value) else value


def _counted(n: int, what: str) -> list[str]:
    return [f"{n} {what}"] if n else []
