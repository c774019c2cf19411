"""Energy price: so much a kWh imported, or paid for a kWh exported."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.ledger import EnergyRecord, Ledger
from voltherm.domain.tariffs.bill import BillLine
from voltherm.domain.tariffs.hours_use import BillFacts, HoursUse
from voltherm.domain.tariffs.price import Price, month_of
from voltherm.domain.tariffs.proration import days_in
from voltherm.domain.tariffs.quantity import ENERGY_UNIT, Direction, PowerQuantity, Unit
from voltherm.domain.tariffs.tiers import TierMode, TierPer, Tiers
from voltherm.domain.tariffs.usage import Usage
from voltherm.domain.tariffs.windows import ALWAYS, When
from voltherm.domain.time import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """A price per kWh: ``amount = sum over steps of price * power * step_h * share of the step in the windows``.

    Parameters
    ----------
    id, label : str
        Name within the tariff, and what the bill calls it.
    price : Price or None
        Per kWh (kvarh), paid for import and received for export; None with ``tiers``.
    tiers : Tiers or None
        Blocks of energy with a price each.
    when : When
        The times that count.
    quantity : PowerQuantity
        What is counted: import or export of kWh, or kvarh.
    variant : HoursUse or None
        Another price below so many hours of use.

    Raises
    ------
    InvalidInputError
        For neither or both of price and tiers, a variant with tiers, or kVA.
    """

    id: str
    label: str = ""
    price: Price | None = None
    tiers: Tiers | None = None
    when: When = ALWAYS
    quantity: PowerQuantity = field(default_factory=PowerQuantity)
    variant: HoursUse | None = None

    def __post_init__(self) -> None:
        if (self.price is None) == (self.tiers is None):
            message = f"energy {self.id}: give either a price per kWh or tiers"
            raise InvalidInputError(message)
        if self.variant is not None and self.tiers is not None:
            message = f"energy {self.id}: a variant and tiers do not go together; write two tariffs"
            raise InvalidInputError(message)
        if self.quantity.unit is Unit.KVA:
            message = f"energy {self.id}: kVAh is not counted; use kWh or kvarh"
            raise InvalidInputError(message)

    @property
    def direction(self) -> Direction:
        """Whether import or export is counted."""
        return self.quantity.direction

    @property
    def sign(self) -> float:
        """1 where the customer pays, -1 where active energy is sold."""
        return -1.0 if self.quantity.unit is Unit.KW and self.direction is Direction.EXPORT else 1.0

    @property
    def prices(self) -> tuple[Price, ...]:
        """Each price of the component: its one, its tiers', or below and above the variant's hours of use."""
        if self.tiers is not None:
            return tuple(row.price for row in self.tiers.rows)
        ordinary = () if self.price is None else (self.price,)
        return ordinary if self.variant is None else (self.variant.price, *ordinary)

    @property
    def approximation(self) -> str | None:
        """Where a plan at the price of one tier cannot follow the bill exactly, in words; None where it can."""
        if self.quantity.unit is Unit.KVAR:
            return f"{self.id}: billed on kvarh, not planned"
        if self.tiers is not None and len(self.tiers.rows) > 1:
            return f"{self.id}: billed in tiers, planned at the price of the tier reached"
        if self.variant is not None:
            return f"{self.id}: the price depends on the hours of use, planned at the price above them"
        return None

    def price_per_kwh(self, usage: Usage, zone: ZoneInfo) -> NDArray[np.float64]:
        """Return the price of one more kWh in each step, in the first tier, before taxes, shape (n_steps,).

        0 outside the windows, the share inside times the price at their edges. Received for export, paid for import;
        0 for kvarh. Of ``usage`` only grid and price series matter.
        """
        return self._row_price(usage, zone, 0 if self.variant is None else 1)

    def price_per_kwh_at(self, usage: Usage, zone: ZoneInfo, ledger: Ledger, period: Interval) -> NDArray[np.float64]:
        """Return the price of one more kWh in each step, in the tier that the ledger has reached, before taxes.

        Limits in kWh per kW are not known before the bill is: then the first tier.
        """
        if self.tiers is None or self.tiers.demand is not None:
            return self.price_per_kwh(usage, zone)
        record = self.record_in(period, ledger, zone)
        total = record.kwh_year if self.tiers.per is TierPer.YEAR else record.kwh_bill
        reached = np.searchsorted(self.tiers.limits(self._limit_scale(period)), total, side="right")
        return self._row_price(usage, zone, min(int(reached), len(self.tiers.rows) - 1))

    def _row_price(self, usage: Usage, zone: ZoneInfo, row: int) -> NDArray[np.float64]:
        if self.quantity.unit is not Unit.KW:
            return np.zeros(usage.grid.n_steps)
        return self.when.share(usage.grid, zone) * self.prices[row].per_step(usage, zone)

    def record_in(self, period: Interval, ledger: Ledger, zone: ZoneInfo) -> EnergyRecord:
        """Return what the component remembers, as the billing period sees it."""
        record = ledger.energy_record(self.id)
        year = period.start.astimezone(zone).year
        zeros = (0.0,) * len(self.prices)
        if ledger.period_start == period.start and record.row_kwh:
            return record
        kwh_year = record.kwh_year if record.year == year else 0.0
        return EnergyRecord(year=year, kwh_year=kwh_year, row_kwh=zeros, row_amounts=zeros)

    def fold(self, ledger: Ledger, usage: Usage, period: Interval, zone: ZoneInfo) -> EnergyRecord:
        """Return what the component remembers after the usage, which lies inside the billing period."""
        record = self.record_in(period, ledger, zone)
        kwh = self.quantity.of(usage) * usage.grid.step_h
        if not self.when.is_always:
            kwh = kwh * self.when.share(usage.grid, zone)
        total = float(kwh.sum())
        rows_kwh = self._rows_kwh(kwh, record, period)
        row_kwh = tuple(
            held + (total if rows_kwh is None else float(rows_kwh[row].sum()))
            for row, held in enumerate(record.row_kwh)
        )
        row_amounts = tuple(
            held + _money(kwh if rows_kwh is None else rows_kwh[row], price.per_step(usage, zone))
            for row, (held, price) in enumerate(zip(record.row_amounts, self.prices, strict=True))
        )
        return EnergyRecord(
            year=record.year,
            kwh_bill=record.kwh_bill + total,
            kwh_year=record.kwh_year + total,
            row_kwh=row_kwh,
            row_amounts=row_amounts,
        )

    def _rows_kwh(
        self, kwh: NDArray[np.float64], record: EnergyRecord, period: Interval
    ) -> list[NDArray[np.float64]] | None:
        """Energy of each step by tier, in order of time; None where every price sees all of it."""
        tiers = self.tiers
        if tiers is None or tiers.mode is TierMode.WHOLE or tiers.demand is not None:
            return None
        begun = record.kwh_year if tiers.per is TierPer.YEAR else record.kwh_bill
        passed = begun + np.concatenate([[0.0], np.cumsum(kwh)])
        edges = (0.0, *tiers.limits(self._limit_scale(period)))
        return [np.diff(np.clip(passed, lower, upper)) for lower, upper in pairwise(edges)]

    def _limit_scale(self, period: Interval) -> float:
        return float(days_in(period)) if self.tiers is not None and self.tiers.per is TierPer.DAY else 1.0

    def lines(self, record: EnergyRecord, period: Interval, zone: ZoneInfo, facts: BillFacts) -> list[BillLine]:
        """Return the component's lines of the bill, before rounding.

        Parameters
        ----------
        record : EnergyRecord
            As seen by the period.
        period : Interval
            The billing period.
        zone : ZoneInfo
            The tariff's zone.
        facts : BillFacts
            For hours of use and limits in kWh per kW.
        """
        if self.tiers is None:
            row = 1 if self.variant is not None and not self.variant.applies(facts) else 0
            return [self._line(record.row_kwh[row], record.row_amounts[row])]
        if self.tiers.mode is TierMode.WHOLE:
            total = record.kwh_year if self.tiers.per is TierPer.YEAR else record.kwh_bill
            return [self._whole_line(self.tiers, record, total, self._scale(period, facts))]
        return self._block_lines(self.tiers, record, self._scale(period, facts), month_of(period, zone))

    def _scale(self, period: Interval, facts: BillFacts) -> float:
        if self.tiers is not None and self.tiers.demand is not None:
            return facts.billed_kw.get(self.tiers.demand, 0.0)
        return self._limit_scale(period)

    def _whole_line(self, tiers: Tiers, record: EnergyRecord, total: float, scale: float) -> BillLine:
        row = tiers.row_of(total, scale)
        return self._line(record.kwh_bill, record.row_amounts[row], note=_limits_note(tiers, row, scale))

    def _block_lines(self, tiers: Tiers, record: EnergyRecord, scale: float, month: int) -> list[BillLine]:
        by_row = record.row_kwh
        amounts = record.row_amounts
        if tiers.demand is not None:
            by_row = tiers.kwh_by_row(record.kwh_bill, scale)
            amounts = tuple(kwh * row.price.in_month(month) for kwh, row in zip(by_row, tiers.rows, strict=True))
        lines = []
        for number, row in enumerate(tiers.rows):
            is_due = row.block_sum is not None and (number == 0 or by_row[number] > 0)
            amount = amounts[number] + (row.block_sum or 0.0) * is_due
            if number == 0 or by_row[number] > 0:
                lines.append(self._line(by_row[number], amount, note=_limits_note(tiers, number, scale)))
        return lines

    def _line(self, kwh: float, amount: float, note: str = "") -> BillLine:
        signed = self.sign * amount
        return BillLine(
            component_id=self.id,
            label=self.label or self.id,
            quantity=kwh,
            unit=ENERGY_UNIT[self.quantity.unit],
            rate=signed / kwh if kwh else None,
            amount=signed,
            note=note,
        )


def _money(kwh: NDArray[np.float64], price: NDArray[np.float64] | float) -> float:
    if isinstance(price, float | int):
        return price * float(kwh.sum())
    return float(kwh @ price)


def _limits_note(tiers: Tiers, row: int, scale: float) -> str:
    limits = (0.0, *tiers.limits(scale))
    if limits[row + 1] == float("inf"):
        return f"above {limits[row]:g} kWh"
    return f"{limits[row]:g} to {limits[row + 1]:g} kWh"
