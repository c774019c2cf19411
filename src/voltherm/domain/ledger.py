"""What the meter has seen in the billing period so far: the memory that a bill and a plan start from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.time import Interval, utc_instant

if TYPE_CHECKING:
    from voltherm.domain.tariffs.demand import Demand
    from voltherm.domain.tariffs.tariff import Tariff
    from voltherm.domain.tariffs.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandRecord:
    """What one demand component remembers.

    Parameters
    ----------
    period_start : datetime or None
        First instant of the billing period that ``buckets`` belong to; None before anything was metered.
    buckets : tuple of (key, kW)
        Highest weighted interval mean of each bucket of the period (or of the rolling horizon): keys are the start of
        the interval, the local day, or the ISO week, and names such as ``given-1`` for values that a caller stated.
    past : tuple of (date, kW)
        First day of each earlier billing period and its statistic, oldest first.
    running_start : datetime or None
        Start of the metering interval in progress at the ledger's instant; None between intervals.
    running_kwh, running_h : float
        Energy [kWh] (kVAh, kvarh) and hours [h] metered in that interval so far, before any weight.
    """

    period_start: datetime | None = None
    buckets: tuple[tuple[str, float], ...] = ()
    past: tuple[tuple[date, float], ...] = ()
    running_start: datetime | None = None
    running_kwh: float = 0.0
    running_h: float = 0.0

    def __post_init__(self) -> None:
        for name in ("period_start", "running_start"):
            moment = getattr(self, name)
            if moment is not None:
                object.__setattr__(self, name, utc_instant(moment, name))
        if any(kw < 0 for _, kw in self.buckets + self.past):
            message = f"ledger: {self.buckets} and {self.past} must not be negative kW"
            raise InvalidInputError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyRecord:
    """What one energy component remembers.

    Parameters
    ----------
    year : int
        Calendar year of ``kwh_year``: that of the first day of the running billing period.
    kwh_bill, kwh_year : float
        Energy counted in the running billing period, and in all bills whose first day lies in ``year``. [kWh]
    row_kwh, row_amounts : tuple of float
        Energy [kWh] and money [currency] counted so far at each price of the component: one price, a price for each
        tier, or the two prices of a variant.
    """

    year: int = 0
    kwh_bill: float = 0.0
    kwh_year: float = 0.0
    row_kwh: tuple[float, ...] = ()
    row_amounts: tuple[float, ...] = ()


_NO_DEMAND = DemandRecord()
_NO_ENERGY = EnergyRecord()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The memory of one meter under one tariff.

    Parameters
    ----------
    since, as_of : datetime or None
        First and last instant of what was metered in the running billing period; None before anything was.
    period_start : datetime or None
        First instant of the running billing period.
    import_kwh : float
        All energy imported in the running billing period. [kWh]
    demand, energy : mapping of component id to record
        What each component remembers.
    """

    since: datetime | None = None
    as_of: datetime | None = None
    period_start: datetime | None = None
    import_kwh: float = 0.0
    demand: Mapping[str, DemandRecord] = field(default_factory=dict)
    energy: Mapping[str, EnergyRecord] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("since", "as_of", "period_start"):
            moment = getattr(self, name)
            if moment is not None:
                object.__setattr__(self, name, utc_instant(moment, f"ledger.{name}"))

    @classmethod
    def empty(cls) -> Ledger:
        """Return the ledger of a meter that has seen nothing."""
        return cls()

    def demand_record(self, component_id: str) -> DemandRecord:
        """Return what the demand component remembers; an empty record where it remembers nothing."""
        return self.demand.get(component_id, _NO_DEMAND)

    def energy_record(self, component_id: str) -> EnergyRecord:
        """Return what the energy component remembers; an empty record where it remembers nothing."""
        return self.energy.get(component_id, _NO_ENERGY)

    def reached_kw(self, rule: Demand) -> float:
        """Return the statistic of the buckets that the demand component holds so far. [kW]."""
        return rule.statistic([kw for _, kw in self.demand_record(rule.id).buckets])

    def with_reached(self, component_id: str, kw: float | Sequence[float], period: Interval) -> Ledger:
        """Return the ledger in which the component has reached ``kw`` in the billing period.

        Parameters
        ----------
        component_id : str
            A demand component.
        kw : float or sequence of float
            The highest mean, or the highest means of different buckets, not negative. [kW]
        period : Interval
            The billing period they were reached in.
        """
        values = (float(kw),) if isinstance(kw, int | float) else tuple(float(value) for value in kw)
        held = self.demand_record(component_id)
        buckets = tuple((f"given-{number}", value) for number, value in enumerate(values, start=1))
        record = replace(held, period_start=period.start, buckets=buckets)
        return replace(
            self, period_start=self.period_start or period.start, demand={**self.demand, component_id: record}
        )

    def conceding(self, tariff: Tariff, targets_kw: Mapping[str, float], at: datetime) -> Ledger:
        """Return the ledger in which each component has reached at least its target in the period of ``at``.

        A plan from it pays only for what lies above both the peak reached and the target.

        Parameters
        ----------
        tariff : Tariff
            Whose components the targets name.
        targets_kw : mapping of component id to float
            Statistic conceded for the billing period. [kW]
        at : datetime
            An instant of that period.
        """
        if not targets_kw:
            return self
        period = tariff.period_of(at)
        conceded = dict(self.demand)
        for rule in tariff.demand_rules:
            if rule.id in targets_kw:
                conceded[rule.id] = rule.conceding(self, targets_kw[rule.id], period, tariff.zone)
        return replace(self, demand=conceded)


def advance(tariff: Tariff, ledger: Ledger, usage: Usage) -> Ledger:
    """Return the ledger with the metered usage folded in; each part of a usage in turn gives the same as the whole.

    Raises
    ------
    InvalidInputError
        When the usage begins before the ledger's instant, or lies outside the tariff's validity.
    """
    return tariff.advance(ledger, usage)
