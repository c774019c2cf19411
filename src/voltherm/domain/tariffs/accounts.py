"""The rules of a tariff at work: metered usage into the ledger, the ledger into the lines of a bill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from voltherm.domain.ledger import Ledger
from voltherm.domain.tariffs.bill import BillLine, rounded
from voltherm.domain.tariffs.demand import Demand
from voltherm.domain.tariffs.energy import Energy
from voltherm.domain.tariffs.fixed import Fixed
from voltherm.domain.tariffs.hours_use import BillFacts
from voltherm.domain.tariffs.quantity import Unit
from voltherm.domain.tariffs.tax import Tax
from voltherm.domain.tariffs.usage import Usage
from voltherm.domain.time import Interval

TariffRule = Energy | Demand | Fixed | Tax


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """The rules of one tariff in its zone.

    Parameters
    ----------
    rules : tuple of TariffRule
        In the order of the bill.
    zone : ZoneInfo
        The tariff's zone.
    """

    rules: tuple[TariffRule, ...]
    zone: ZoneInfo

    @property
    def energy(self) -> tuple[Energy, ...]:
        """The energy components."""
        return tuple(rule for rule in self.rules if isinstance(rule, Energy))

    @property
    def demand(self) -> tuple[Demand, ...]:
        """The demand components."""
        return tuple(rule for rule in self.rules if isinstance(rule, Demand))

    @property
    def taxes(self) -> tuple[Tax, ...]:
        """The taxes."""
        return tuple(rule for rule in self.rules if isinstance(rule, Tax))

    def folded(self, ledger: Ledger, usage: Usage, period: Interval) -> Ledger:
        """Return the ledger with the usage, which lies inside the billing period, folded in."""
        goes_on = ledger.period_start == period.start
        imported = float(usage.import_kw.sum()) * usage.grid.step_h
        return Ledger(
            since=ledger.since if goes_on and ledger.since is not None else usage.grid.start,
            as_of=usage.grid.end,
            period_start=period.start,
            import_kwh=(ledger.import_kwh if goes_on else 0.0) + imported,
            demand={rule.id: rule.fold(ledger, usage, period, self.zone) for rule in self.demand},
            energy={rule.id: rule.fold(ledger, usage, period, self.zone) for rule in self.energy},
        )

    def untouched(self, ledger: Ledger, usage: Usage, period: Interval) -> Ledger:
        """Return ``folded`` of the same steps without any power, the short way where nothing is in progress."""
        goes_on = ledger.period_start == period.start
        idle = usage.without_power() if any(record.running_start for record in ledger.demand.values()) else None
        return Ledger(
            since=ledger.since if goes_on and ledger.since is not None else usage.grid.start,
            as_of=usage.grid.end,
            period_start=period.start,
            import_kwh=ledger.import_kwh if goes_on else 0.0,
            demand={
                rule.id: rule.record_in(period, ledger, self.zone)
                if idle is None
                else rule.fold(ledger, idle, period, self.zone)
                for rule in self.demand
            },
            energy={rule.id: rule.record_in(period, ledger, self.zone) for rule in self.energy},
        )

    def lines(self, ledger: Ledger, period: Interval, rounding: float | None = None) -> list[BillLine]:
        """Return the lines of the period's bill in the order of the rules, rounded to multiples of ``rounding``.

        Taxes fall on the rounded lines of all other rules, wherever these stand, and of earlier taxes.
        """
        facts = self._facts(ledger, period)
        amounts: dict[str, float] = {}
        lines: dict[str, list[BillLine]] = {rule.id: [] for rule in self.rules}
        for rule in sorted(self.rules, key=lambda rule: isinstance(rule, Tax)):
            for line in self._rule_lines(rule, ledger, (period, facts), amounts):
                amount = rounded(line.amount, rounding)
                if not line.is_included:
                    amounts[rule.id] = amounts.get(rule.id, 0.0) + amount
                lines[rule.id].append(line if rounding is None else replace(line, amount=amount))
        return [line for found in lines.values() for line in found]

    def amounts(self, ledger: Ledger, period: Interval) -> dict[str, float]:
        """Return what the period's bill adds up to by component, without rounding."""
        amounts: dict[str, float] = {}
        for line in self.lines(ledger, period):
            if not line.is_included:
                amounts[line.component_id] = amounts.get(line.component_id, 0.0) + line.amount
        return amounts

    def _facts(self, ledger: Ledger, period: Interval) -> BillFacts:
        reached, billed = {}, {}
        for rule in self.demand:
            record = rule.record_in(period, ledger, self.zone)
            reached[rule.id] = rule.reached_kw(record, self.zone)
            billed[rule.id] = rule.billed_kw(reached[rule.id], record, period, self.zone)
        return BillFacts(import_kwh=ledger.import_kwh, reached_kw=reached, billed_kw=billed)

    def _rule_lines(
        self, rule: TariffRule, ledger: Ledger, known: tuple[Interval, BillFacts], amounts: Mapping[str, float]
    ) -> list[BillLine]:
        period, facts = known
        match rule:
            case Energy():
                return rule.lines(rule.record_in(period, ledger, self.zone), period, self.zone, facts)
            case Demand():
                return [rule.line(period, self.zone, facts)]
            case Fixed():
                return [rule.line(period, self.zone)]
            case Tax():
                return [rule.line(amounts, facts.import_kwh)]

    def tax_factors(self, import_kwh: float) -> dict[str, float]:
        """Return by component what one more unit of its amount costs with every tax on it.

        Parameters
        ----------
        import_kwh : float
            Import of the bill so far, by which conditional taxes count or not. [kWh]
        """
        factors = {}
        added = [tax for tax in self.taxes if not tax.included]
        for rule in self.rules:
            if isinstance(rule, Tax):
                continue
            marginal = {rule.id: 1.0}
            for tax in added:
                marginal[tax.id] = tax.base(marginal) * tax.rate * tax.marginal_share(import_kwh)
            factors[rule.id] = sum(marginal.values())
        return factors

    def lasting(self) -> Accounts:
        """Return the accounts without the taxes that depend on a bill's energy: what bills not yet begun will have."""
        kept = tuple(rule for rule in self.rules if not (isinstance(rule, Tax) and rule.is_conditional))
        return replace(self, rules=kept)

    def without_reactive(self) -> Accounts:
        """Return the accounts without kvar and kvarh, and with kVA counted as kW."""
        quantities = [rule.quantity for rule in self.energy] + [rule.quantity for rule in self.demand]
        if not any(quantity.needs_reactive for quantity in quantities):
            return self
        kept: list[TariffRule] = []
        for rule in self.rules:
            if isinstance(rule, Energy | Demand) and rule.quantity.unit is Unit.KVAR:
                continue
            if isinstance(rule, Demand) and rule.quantity.unit is Unit.KVA:
                kept.append(replace(rule, quantity=replace(rule.quantity, unit=Unit.KW)))
            else:
                kept.append(rule)
        return replace(self, rules=tuple(kept))
