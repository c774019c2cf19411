"""Prices that depend on the hours of use: energy of the bill divided by its billed kW (E5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.tariffs.price import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class BillFacts:
    """What the rules of one bill know of each other.

    Parameters
    ----------
    import_kwh : float
        All energy imported in the billing period. [kWh]
    reached_kw, billed_kw : mapping of demand component id to float
        Statistic of the billing period, and billed demand. [kW]
    """

    import_kwh: float = 0.0
    reached_kw: Mapping[str, float] = field(default_factory=dict)
    billed_kw: Mapping[str, float] = field(default_factory=dict)

    def hours_use(self, demand_id: str) -> float:
        """Return energy over billed demand; infinite while nothing is billed. [h]."""
        billed = self.billed_kw.get(demand_id, 0.0)
        return self.import_kwh / billed if billed > 0 else float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursUse:
    """Another price below so many hours of use.

    Parameters
    ----------
    demand : str
        Demand component whose billed kW divides the energy.
    below_h : float
        At exactly this many hours the component's ordinary price holds. [h]
    price : Price
        The price below; constant.
    """

    demand: str
    below_h: float
    price: Price

    def __post_init__(self) -> None:
        if not 0 < self.below_h < float("inf") or self.price.series is not None:
            message = f"variant: below {self.below_h} must be above 0 h, and its price must not follow a series"
            raise InvalidInputError(message)

    def applies(self, facts: BillFacts) -> bool:
        """Return whether the bill stays below the hours of use."""
        return facts.hours_use(self.demand) < self.below_h
