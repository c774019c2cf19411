"""The tariff: its billing periods, its rules, and the bills that follow from metered usage."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.ledger import Ledger
from voltherm.domain.tariffs.accounts import Accounts, TariffRule
from voltherm.domain.tariffs.bill import Bill
from voltherm.domain.tariffs.billing import BillingCycle, billing_period, billing_periods
from voltherm.domain.tariffs.demand import Demand
from voltherm.domain.tariffs.energy import Energy
from voltherm.domain.tariffs.usage import Usage
from voltherm.domain.time import Interval, local_midnight

LATER_BILLS = " (later bills)"
"""Ending of the line id under which a plan shows what its peak adds to later bills."""


class TariffValidityError(InvalidInputError):
    """Usage outside the dates for which a tariff version holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What one meter pays: rules that add up, between billing dates of the tariff's own zone.

    Parameters
    ----------
    id, version : str
        Name of the tariff, and of this version of its figures.
    currency : str
        ISO 4217 code; all prices and amounts are in it.
    zone : ZoneInfo
        Zone of windows, days and billing dates.
    components : tuple of TariffRule
        Rules with unique ids, in the order of the bill; taxes may fall on earlier taxes.
    billing : BillingCycle
        Billing periods.
    valid_from, valid_until : date or None
        Local dates ``[from, until)`` for which the version holds; None is open.
    vat_included : bool
        Whether the prices include VAT.
    rounding_line : float or None
        Each line is rounded to a multiple of this, halves away from zero. [currency]
    area : str
        Price or tax area that was chosen among those of the document; for display and round trips.
    source, notes : str
        Where the figures come from, and what to know about them.

    Raises
    ------
    InvalidInputError
        For ids that are used twice, a validity that ends before it begins, a rounding that is not positive.
    """

    id: str
    version: str = "1"
    currency: str
    zone: ZoneInfo
    components: tuple[TariffRule, ...] = ()
    billing: BillingCycle = field(default_factory=BillingCycle)
    valid_from: date | None = None
    valid_until: date | None = None
    vat_included: bool = False
    rounding_line: float | None = None
    area: str = ""
    source: str = ""
    notes: str = ""

    def __post_init__(self) -> None:
        ids = [rule.id for rule in self.components]
        doubled = sorted({name for name in ids if ids.count(name) > 1})
        if doubled:
            message = f"tariff {self.id}: component ids {doubled} are used twice; ids are unique"
            raise InvalidInputError(message)
        if self.valid_from and self.valid_until and self.valid_until <= self.valid_from:
            message = f"tariff {self.id}: valid until {self.valid_until} is not after {self.valid_from}; swap them"
            raise InvalidInputError(message)
        if self.rounding_line is not None and not 0 < self.rounding_line < math.inf:
            message = f"tariff {self.id}: rounding {self.rounding_line} must be above 0, such as 0.01"
            raise InvalidInputError(message)

    @property
    def accounts(self) -> Accounts:
        """The rules at work."""
        return Accounts(rules=self.components, zone=self.zone)

    @property
    def energy_rules(self) -> tuple[Energy, ...]:
        """The energy components, in the order of the bill."""
        return self.accounts.energy

    @property
    def demand_rules(self) -> tuple[Demand, ...]:
        """The demand components, in the order of the bill."""
        return self.accounts.demand

    @property
    def series_names(self) -> frozenset[str]:
        """Names of the price series that a usage must carry."""
        return frozenset(price.series for rule in self.energy_rules for price in rule.prices if price.series)

    @property
    def approximations(self) -> tuple[str, ...]:
        """Where a plan cannot follow the bill exactly, in words; empty where it can."""
        energy = (rule.approximation for rule in self.energy_rules)
        demand = (rule.approximation for rule in self.demand_rules)
        return tuple(note for note in (*energy, *demand) if note is not None)

    def periods(self, interval: Interval) -> list[Interval]:
        """Return the billing periods that overlap ``interval``, whole, in order."""
        return billing_periods(self.billing, interval, self.zone)

    def period_of(self, moment: datetime) -> Interval:
        """Return the billing period that contains ``moment``."""
        return billing_period(self.billing, moment.astimezone(self.zone).date(), self.zone)

    def tax_factors(
        self, ledger: Ledger, interval: Interval | None = None
    ) -> tuple[Mapping[str, float], tuple[str, ...]]:
        """Return by component what one more unit of its amount costs with every tax on it, and the approximations.

        First order: a tax that depends on the bill's energy counts by what the ledger has seen of the billing period in
        which ``interval`` begins; the second value names such taxes while more import can still change them.

        Parameters
        ----------
        ledger : Ledger
            What is metered.
        interval : Interval or None
            What is planned; None for the ledger's own period.
        """
        periods = [] if interval is None else self.periods(interval)
        is_running = not periods or ledger.period_start == periods[0].start
        metered_kwh = ledger.import_kwh if is_running else 0.0
        notes = tuple(
            f"{tax.id}: depends on the energy of the bill, planned by what is metered so far"
            for tax in self.accounts.taxes
            if tax.is_conditional and (len(periods) > 1 or not tax.is_settled(metered_kwh))
        )
        return self.accounts.tax_factors(metered_kwh), notes

    def advance(self, ledger: Ledger, usage: Usage) -> Ledger:
        """Return the ledger with the usage folded in. See `voltherm.domain.ledger.advance`."""
        self._check(ledger, usage)
        for period, part in self._parts(usage):
            ledger = self.accounts.folded(ledger, part, period)
        return ledger

    def bill(self, usage: Usage, ledger: Ledger | None = None) -> list[Bill]:
        """Return the bill of each billing period that the usage overlaps.

        Each is the bill of its whole period: what the ledger holds of it already is in it, fixed charges are whole,
        and `Bill.complete` says whether the whole period is metered.

        Parameters
        ----------
        usage : Usage
            What the meter counted.
        ledger : Ledger or None
            What it counted before; None for nothing.

        Raises
        ------
        InvalidInputError
            When the usage begins before the ledger's instant or lies outside the validity, or lacks a price series or
            reactive power that the tariff needs.
        """
        ledger = ledger or Ledger.empty()
        self._check(ledger, usage)
        bills = []
        for period, part in self._parts(usage):
            ledger = self.accounts.folded(ledger, part, period)
            covers = ledger.since is not None and ledger.since <= period.start and part.grid.end >= period.end
            lines = tuple(self.accounts.lines(ledger, period, self.rounding_line))
            bills.append(Bill(period=period, lines=lines, complete=covers))
        return bills

    def bill_so_far(self, ledger: Ledger) -> Bill | None:
        """Return the bill of the running billing period as far as the ledger has it; None before anything is metered.

        Fixed charges are whole; demand is billed as it would be if the period ended now.
        """
        if ledger.period_start is None:
            return None
        period = self.period_of(ledger.period_start)
        lines = tuple(self.accounts.lines(ledger, period, self.rounding_line))
        is_whole = ledger.since is not None and ledger.since <= period.start
        covers = is_whole and ledger.as_of is not None and ledger.as_of >= period.end
        return Bill(period=period, lines=lines, complete=covers)

    def bill_above(self, usage: Usage, ledger: Ledger | None = None) -> dict[str, float]:
        """Return what the usage costs above what is metered: the bill with it less the bill with no power at all.

        Both from the same ledger and without rounding, by component; with it, as ``"<id> (later bills)"`` and with
        the unconditional taxes on it, what the peaks add to later bills. In a period after the first, both sides
        remember the first one's peaks as the ledger has them: what a planned peak does there is in its later bills.
        Reactive power that the usage does not carry is left out, and then kVA are taken as kW.

        Parameters
        ----------
        usage : Usage
            What a plan imports and exports.
        ledger : Ledger or None
            What is metered before it; None for nothing.
        """
        ledger = ledger or Ledger.empty()
        self._check(ledger, usage)
        accounts = self.accounts if usage.reactive_kvar is not None else self.accounts.without_reactive()
        lines: dict[str, float] = {rule.id: 0.0 for rule in accounts.rules}
        with_usage = without = ledger
        for period, part in self._parts(usage):
            with_usage = accounts.folded(with_usage, part, period)
            without = accounts.untouched(without, part, period)
            for sign, side in ((1.0, with_usage), (-1.0, without)):
                for name, amount in accounts.amounts(side, period).items():
                    lines[name] += sign * amount
            for name, amount in self._later_bills(accounts, (with_usage, without), period):
                lines[name] = lines.get(name, 0.0) + amount
            with_usage, without = (replace(side, demand=ledger.demand) for side in (with_usage, without))
        return lines

    def _later_bills(
        self, accounts: Accounts, sides: tuple[Ledger, Ledger], period: Interval
    ) -> Iterator[tuple[str, float]]:
        rules = [rule for rule in accounts.demand if rule.over_periods is not None or rule.statistic_rule.months > 1]
        factors = accounts.lasting().tax_factors(0.0) if rules else {}
        for rule in rules:
            above, below = (
                rule.later_bills(
                    rule.reached_kw(side.demand[rule.id], self.zone), side.demand[rule.id], period, self.zone
                )
                for side in sides
            )
            yield f"{rule.id}{LATER_BILLS}", factors[rule.id] * (above - below)

    def _check(self, ledger: Ledger, usage: Usage) -> None:
        span = usage.grid.interval
        if ledger.as_of is not None and span.start < ledger.as_of:
            held = ledger.as_of.isoformat()
            message = f"usage: begins {span.start.isoformat()}, but the ledger already holds all until {held}"
            raise InvalidInputError(message)
        first, end = self.valid_from, self.valid_until
        early = first is not None and span.start < local_midnight(first, self.zone)
        late = end is not None and span.end > local_midnight(end, self.zone)
        if early or late:
            message = (
                f"tariff {self.id} version {self.version}: holds from {first or 'ever'} to {end or 'further notice'}, "
                f"the usage is {span}; use the version of those dates, or split the usage there"
            )
            raise TariffValidityError(message)

    def _parts(self, usage: Usage) -> Iterator[tuple[Interval, Usage]]:
        """The billing periods with their part of the usage; a step that a period's end cuts is cut there."""
        periods = self.periods(usage.grid.interval)
        start, step_s = usage.grid.start, usage.grid.step_seconds
        cuts = [int((period.start - start).total_seconds()) for period in periods[1:]]
        unit_s = math.gcd(step_s, *cuts)
        if unit_s < step_s:
            usage, step_s = usage.refined(step_s // unit_s), unit_s
        edges = [0, *(cut // step_s for cut in cuts), usage.grid.n_steps]
        for period, (first, last) in zip(periods, pairwise(edges), strict=True):
            yield period, usage.part(first, last - first)
