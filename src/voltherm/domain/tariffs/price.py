"""Prices: constants, one a month, formulas on a named series, and steps of a capacity fee."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.tariffs.usage import Usage
from voltherm.domain.time import Interval

MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A price per kWh, kW, kvar or kvarh in the tariff's currency; negative where it pays.

    Exactly one of ``const``, ``by_month`` and ``series`` is given.

    Parameters
    ----------
    const : float or None
        The same at all times.
    by_month : tuple of 12 floats or None
        January to December.
    series : str or None
        Name of a price series [currency/kWh]; the price is ``min(maximum, max(minimum, scale * series + add))``.
    scale, add : float
        Factor, and adder [currency/kWh], of the series.
    minimum, maximum : float or None
        Floor and cap of this component's formula; margins and taxes are other components and come after.

    Raises
    ------
    InvalidInputError
        When none or several are given, a number is not finite, or the floor is above the cap.
    """

    const: float | None = None
    by_month: tuple[float, ...] | None = None
    series: str | None = None
    scale: float = 1.0
    add: float = 0.0
    minimum: float | None = None
    maximum: float | None = None

    def __post_init__(self) -> None:
        if sum(given is not None for given in (self.const, self.by_month, self.series)) != 1:
            message = "price: give exactly one of const, by_month and series"
            raise InvalidInputError(message)
        numbers = [self.const, self.scale, self.add, self.minimum, self.maximum, *(self.by_month or ())]
        if not all(np.isfinite(number) for number in numbers if number is not None):
            message = f"price: {numbers} must be finite numbers"
            raise InvalidInputError(message)
        if self.by_month is not None and len(self.by_month) != MONTHS:
            message = f"price.by_month: has {len(self.by_month)} prices, must have 12, January first"
            raise InvalidInputError(message)
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            message = f"price: min {self.minimum} is above max {self.maximum}; swap them"
            raise InvalidInputError(message)

    def per_step(self, usage: Usage, zone: ZoneInfo) -> NDArray[np.float64] | float:
        """Return the price in each step, shape (n_steps,), or one number where it never changes.

        Raises
        ------
        InvalidInputError
            When the usage does not carry the series.
        """
        if self.const is not None:
            return self.const
        if self.by_month is not None:
            return np.array(self.by_month)[usage.grid.local(zone).month - 1]
        values = self.scale * usage.series(self.series or "") + self.add
        if self.minimum is not None or self.maximum is not None:
            values = np.clip(values, self.minimum, self.maximum)
        return values

    def in_month(self, month: int) -> float:
        """Return the price of a charge that belongs to one month, 1 to 12.

        Raises
        ------
        InvalidInputError
            For a price that follows a series: it has no one value in a month.
        """
        if self.const is not None:
            return self.const
        if self.by_month is None:
            message = f"price: series {self.series!r} has no one value in a month; give const or by_month"
            raise InvalidInputError(message)
        return self.by_month[month - 1]


class StepEdge(StrEnum):
    """In which bracket a value exactly on an edge falls."""

    LOWER_IN = "lower_in"
    """``[from, next)``: the edge belongs to the bracket that begins there."""
    UPPER_IN = "upper_in"
    """``(from, next]``: the edge belongs to the bracket that ends there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """A capacity fee: one sum by the bracket in which the billed kW falls.

    Parameters
    ----------
    rows : tuple of (from_kw, sum)
        Rising lower edges [kW], the first 0, and the sum [currency] of each bracket.
    edge : StepEdge
        Where a value exactly on an edge belongs.

    Raises
    ------
    InvalidInputError
        For no rows, edges that do not rise, or a first edge that is not 0.
    """

    rows: tuple[tuple[float, float], ...]
    edge: StepEdge = StepEdge.LOWER_IN

    def __post_init__(self) -> None:
        edges = [row[0] for row in self.rows]
        if not edges or edges[0] != 0 or any(after <= before for before, after in pairwise(edges)):
            message = f"steps: the edges {edges} must begin at 0 kW and rise"
            raise InvalidInputError(message)
        if not np.isfinite(self.rows).all():
            message = f"steps: {self.rows} must be finite numbers"
            raise InvalidInputError(message)

    def sum_at(self, billed_kw: float) -> float:
        """Return the sum of the bracket of ``billed_kw``. [currency]."""
        edges = [row[0] for row in self.rows]
        side: Literal["left", "right"] = "right" if self.edge is StepEdge.LOWER_IN else "left"
        index = int(np.searchsorted(edges, billed_kw, side=side)) - 1
        return self.rows[max(index, 0)][1]


def month_of(period: Interval, zone: ZoneInfo) -> int:
    """Return the local calendar month, 1 to 12, in which a billing period begins."""
    return period.start.astimezone(zone).month
