"""Fixed charge or credit: so much a day, month, year or bill, whatever is used."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.tariffs.bill import BillLine
from voltherm.domain.tariffs.proration import Per, Proration, times_charged
from voltherm.domain.time import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """A sum that does not depend on the meter.

    Parameters
    ----------
    id, label : str
        Name within the tariff, and what the bill calls it.
    amount : float
        Negative for a credit. [currency per day, month, year or bill]
    per : Per
        What the amount is for.
    proration : Proration
        How months and years are cut to the billing period.

    Raises
    ------
    InvalidInputError
        For an amount that is not finite.
    """

    id: str
    label: str = ""
    amount: float = 0.0
    per: Per = Per.MONTH
    proration: Proration = Proration.NONE

    def __post_init__(self) -> None:
        if not abs(self.amount) < float("inf"):
            message = f"fixed {self.id}: amount {self.amount} must be a finite number"
            raise InvalidInputError(message)

    def line(self, period: Interval, zone: ZoneInfo) -> BillLine:
        """Return the component's line of the bill, before rounding; an unfinished period is charged whole."""
        times = times_charged(self.per, self.proration, period, zone)
        return BillLine(
            component_id=self.id,
            label=self.label or self.id,
            quantity=times,
            unit=str(self.per),
            rate=self.amount,
            amount=times * self.amount,
        )
