"""What the page says in words and figures, taken from a snapshot."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from voltherm.application.demo_snapshot import DemoSnapshot
from voltherm.application.policies import PolicyName
from voltherm.domain.plan import Plan
from voltherm.domain.site import Site
from voltherm.domain.tariffs import Bill
from voltherm.interfaces.report.tables import BillRow, rows_of_bills
from voltherm.interfaces.sentences import Facts, facts_of_steps, merged, number, sentence

SAME_TARGET_KW = 0.1
"""Targets closer than this are told as one."""

MOST_COMING_UP = 6
"""As many as are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RightNow:
    """What the batteries do.

    Parameters
    ----------
    power_kw : float or None
        Commanded to all batteries together, charging positive; None where nothing is commanded. [kW]
    until : datetime or None
        In the site's zone.
    sentence : str
        What and why.
    kwh_worth : str
        What one more kWh would cost now, with its currency; empty where it is not known.
    """

    power_kw: float | None = None
    until: datetime | None = None
    sentence: str
    kwh_worth: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowPeak:
    """The peak of one demand component in the running billing period.

    Parameters
    ----------
    label : str
        As on the bill.
    reached_kw : float
        With the battery. [kW]
    target_kw : float or None
        What the controller defends; None where it defends nothing. [kW]
    without_kw : float or None
        Billed with the battery at rest. [kW]
    price_per_kw : str
        Of one more kW, with its currency.
    """

    label: str
    reached_kw: float
    target_kw: float | None
    without_kw: float | None
    price_per_kw: str

    @property
    def is_above(self) -> bool:
        """Whether the target is lost."""
        return self.target_kw is not None and self.reached_kw > self.target_kw + SAME_TARGET_KW

    @property
    def reached_percent(self) -> float:
        """How much of the target, or of the peak without battery, is reached; 0 to 100."""
        whole = self.target_kw or self.without_kw or 0.0
        return 100.0 * min(1.0, self.reached_kw / whole) if whole > 0 else 0.0


def right_now(snapshot: DemoSnapshot) -> RightNow:
    """Return what the batteries do, until when and why."""
    decision, site = snapshot.decision, snapshot.site
    if decision is None:
        return RightNow(sentence="Recorded days are being replayed; the plan of now follows when they are through.")
    if decision.plan is None:
        return RightNow(sentence=f"No setpoint: {decision.why}")
    plan = decision.plan
    facts = facts_of_steps(plan, site)
    running = _running(facts)
    told = sentence(merged(running))
    return RightNow(
        power_kw=sum(command.power_kw for command in decision.commands) + 0.0,
        until=plan.grid.time_of(len(running)).astimezone(site.zone),
        sentence=f"{told[0].upper()}{told[1:]}.",
        kwh_worth=_worth(plan, site),
    )


def coming_up(snapshot: DemoSnapshot) -> list[tuple[datetime, str]]:
    """Return when the next things begin, in the site's zone, and what they are and why."""
    decision, site = snapshot.decision, snapshot.site
    if decision is None or decision.plan is None:
        return []
    plan = decision.plan
    facts = facts_of_steps(plan, site)
    found: list[tuple[datetime, str]] = []
    first = len(_running(facts))
    while first < len(facts) and len(found) < MOST_COMING_UP:
        alike = _running(facts[first:])
        told = sentence(merged(alike))
        found.append((plan.grid.time_of(first).astimezone(site.zone), told))
        first += len(alike)
    return found


def window_peaks(snapshot: DemoSnapshot) -> Iterator[WindowPeak]:
    """Yield the peak of each demand component."""
    tariff = snapshot.site.tariff
    period = tariff.period_of(snapshot.billed_from)
    targets = {} if snapshot.decision is None else snapshot.decision.targets_kw
    without = _quantities(snapshot.bill_without_battery)
    for rule in tariff.demand_rules:
        record = rule.record_in(period, snapshot.ledger, tariff.zone)
        yield WindowPeak(
            label=rule.label or rule.id,
            reached_kw=rule.reached_kw(record, tariff.zone),
            target_kw=targets.get(rule.id),
            without_kw=without.get(rule.id),
            price_per_kw=f"{number(rule.rate(period, tariff.zone))} {tariff.currency}",
        )


def bill_so_far(snapshot: DemoSnapshot) -> list[BillRow]:
    """Return the running bill line by line, with the battery (``mpc``) and with it at rest (``none``)."""
    if snapshot.bill is None or snapshot.bill_without_battery is None:
        return []
    return rows_of_bills({PolicyName.NONE: [snapshot.bill_without_battery], PolicyName.MPC: [snapshot.bill]})


def _running(facts: list[Facts]) -> list[Facts]:
    """The steps from the first on that share its reason and target."""

    def same(one: Facts) -> bool:
        first = facts[0]
        if one.target_kw is None or first.target_kw is None:
            is_near = one.target_kw is first.target_kw
        else:
            is_near = abs(one.target_kw - first.target_kw) < SAME_TARGET_KW
        return is_near and (one.reason, one.target_name) == (first.reason, first.target_name)

    end = next((index for index, one in enumerate(facts) if not same(one)), len(facts))
    return facts[:end]


def _worth(plan: Plan, site: Site) -> str:
    price = float(plan.marginal_price_per_kwh[0])
    return f"{number(price)} {site.tariff.currency}" if math.isfinite(price) else ""


def _quantities(bill: Bill | None) -> dict[str, float]:
    lines = () if bill is None else bill.lines
    return {line.component_id: line.quantity for line in lines if line.quantity is not None}
