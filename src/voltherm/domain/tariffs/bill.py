"""The bill: what one billing period costs, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from voltherm.domain.time import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One line of a bill.

    Parameters
    ----------
    component_id : str
        The tariff component that charges it.
    label : str
        What the bill calls it.
    quantity : float or None
        What is counted, in ``unit``; None where the line has no one quantity.
    unit : str
        Of the quantity, such as kWh, kW, day.
    rate : float or None
        Mean price of one unit; None where there is none. [currency per unit]
    amount : float
        What is to be paid; negative for what is paid out. [currency]
    note : str
        What else there is to say.
    is_included : bool
        The amount is contained in other lines and not added to the total (the share of a tax that prices include).
    """

    component_id: str
    label: str
    quantity: float | None
    unit: str
    rate: float | None
    amount: float
    note: str = ""
    is_included: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What one billing period costs.

    Parameters
    ----------
    period : Interval
        The whole billing period.
    lines : tuple of BillLine
        In the order of the tariff's components.
    complete : bool
        Whether the whole period is metered.
    """

    period: Interval
    lines: tuple[BillLine, ...]
    complete: bool

    @property
    def total(self) -> float:
        """Sum of the lines as printed. [currency]."""
        return sum(line.amount for line in self.lines if not line.is_included)


def rounded(amount: float, quantum: float | None) -> float:
    """Return the amount rounded to a multiple of ``quantum``, halves away from zero; None leaves it as it is."""
    if quantum is None:
        return amount
    unit = Decimal(repr(quantum))
    # Twelve digits first: 2.675 is a half, though its binary value lies below.
    exact = Decimal(f"{amount:.12g}")
    return float((exact / unit).quantize(Decimal(1), ROUND_HALF_UP) * unit)
