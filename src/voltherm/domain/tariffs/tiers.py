"""Blocks of energy: how much of it is priced by which row."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.tariffs.price import Price


class TierMode(StrEnum):
    """What a block's price applies to."""

    MARGINAL = "marginal"
    """To the energy inside the block, in order of time; a block may cost a fixed sum instead."""
    WHOLE = "whole"
    """To all energy of the bill, at the price of the block in which the total falls."""


class TierPer(StrEnum):
    """Over what the blocks' limits are counted."""

    BILL = "bill"
    DAY = "day"
    """Limits are kWh a day, times the days of the billing period."""
    YEAR = "year"
    """Limits count from the first bill of the calendar year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TierRow:
    """One block.

    Parameters
    ----------
    upto : float
        Upper limit [kWh, or kWh per kW]; infinite for the last block. Exactly the limit still belongs to the block.
    price : Price
        Per kWh in the block; 0 where the block costs a sum.
    block_sum : float or None
        What the block costs as a whole: the first block always, a later one as soon as it is entered. [currency]
    """

    upto: float
    price: Price = field(default_factory=lambda: Price(const=0.0))
    block_sum: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiers:
    """The blocks of one energy component, by its own energy.

    Parameters
    ----------
    rows : tuple of TierRow
        Blocks with rising limits, the last without one.
    mode : TierMode
        What a price applies to.
    per : TierPer
        Over what limits are counted.
    demand : str or None
        With limits in kWh per kW (E5): the demand component whose billed kW multiplies them.

    Raises
    ------
    InvalidInputError
        For limits that do not rise or a last block with a limit; sums per year or in mode whole; kWh per kW with
        prices that follow a series or with other limits than those of a bill.
    """

    rows: tuple[TierRow, ...]
    mode: TierMode = TierMode.MARGINAL
    per: TierPer = TierPer.BILL
    demand: str | None = None

    def __post_init__(self) -> None:
        limits = [row.upto for row in self.rows]
        rises = all(after > before for before, after in zip([0.0, *limits], limits, strict=False))
        if not limits or not rises or limits[-1] != float("inf"):
            message = f"tiers: the limits {limits} must rise from above 0, and the last row has none"
            raise InvalidInputError(message)
        has_sums = any(row.block_sum is not None for row in self.rows)
        if has_sums and (self.mode is TierMode.WHOLE or self.per is TierPer.YEAR):
            message = "tiers: a block's sum belongs to mode marginal, per bill or day"
            raise InvalidInputError(message)
        if self.demand is not None and (self.per is not TierPer.BILL or any(row.price.series for row in self.rows)):
            message = "tiers: limits in kwh_per_kw are per bill, and their prices do not follow a series"
            raise InvalidInputError(message)

    def limits(self, scale: float) -> tuple[float, ...]:
        """Return the upper limits of the blocks, multiplied by ``scale``. [kWh]."""
        return tuple(row.upto * scale if row.upto != float("inf") else row.upto for row in self.rows)

    def row_of(self, total: float, scale: float) -> int:
        """Return the block in which ``total`` kWh fall; exactly a limit belongs to the block below it."""
        return min(int(np.searchsorted(self.limits(scale), total, side="left")), len(self.rows) - 1)

    def kwh_by_row(self, total: float, scale: float) -> tuple[float, ...]:
        """Return how much of ``total`` kWh lies in each block."""
        uppers = self.limits(scale)
        lowers = (0.0, *uppers[:-1])
        return tuple(max(0.0, min(total, upper) - lower) for lower, upper in zip(lowers, uppers, strict=True))
