"""What the components of a tariff document say of each other: ids, taxes, hours of use."""

from __future__ import annotations

from fnmatch import fnmatchcase

from voltherm.adapters.documents.tariff_head import TariffDocument
from voltherm.adapters.documents.tariff_report import Report
from voltherm.adapters.documents.yaml_text import Plain
from voltherm.domain.tariffs import Cycle, Demand, Energy, TariffRule, Tax

Numbered = list[tuple[int, TariffRule]]
"""Components with their place in the document."""


def check_references(components: Numbered, report: Report, *, is_partial: bool) -> None:
    """Note doubled ids and names of components that do not exist.

    Parameters
    ----------
    components : list of (index, rule)
        What could be read.
    report : Report
        Takes the problems.
    is_partial : bool
        Some components could not be read: then a name may well be one of theirs.
    """
    _check_ids(components, report)
    if is_partial:
        return
    for position, (index, rule) in enumerate(components):
        if isinstance(rule, Tax):
            _check_tax(rule, index, components[:position], components, report)
        elif isinstance(rule, Energy | Demand):
            _check_demand_names(rule, index, components, report)


def check_against_head(head: TariffDocument, raw: Plain, report: Report) -> None:
    """Note what single components say that the head of the tariff does not allow.

    Parameters
    ----------
    head : TariffDocument
        The head.
    raw : Plain
        The components as they are written.
    report : Report
        Takes the problems.
    """
    for index, component in enumerate(raw if isinstance(raw, list) else []):
        if not isinstance(component, dict):
            continue
        variant = component.get("variant")
        if isinstance(variant, dict) and variant.get("period") == "year" and head.billing.cycle is not Cycle.YEAR:
            report.add(
                ("components", index, "variant", "period"),
                "needs bills of a year",
                "write billing: {cycle: year}, or period: bill",
                "year",
            )
        if component.get("included") is True and not head.vat_included:
            report.add(
                ("components", index, "included"),
                "does not fit prices without VAT",
                "write vat_included: true in the head, or leave it out",
            )


def _check_ids(components: Numbered, report: Report) -> None:
    seen: dict[str, int] = {}
    for index, rule in components:
        if rule.id in seen:
            first = seen[rule.id]
            report.add(
                ("components", index, "id"), f"is used twice, first in components[{first}]", "rename one", rule.id
            )
        seen.setdefault(rule.id, index)


def _check_tax(tax: Tax, index: int, before: Numbered, components: Numbered, report: Report) -> None:
    taxable = {rule.id for _, rule in components if not isinstance(rule, Tax)}
    taxable |= {rule.id for _, rule in before if isinstance(rule, Tax)}
    for number, pattern in enumerate(tax.on):
        if any(fnmatchcase(name, pattern) for name in taxable):
            continue
        path = ("components", index, "on", number)
        if any(rule.id == pattern for _, rule in components):
            report.add(path, "is a tax that does not come before this one", "move it up in the list", pattern)
        else:
            report.add(path, "matches no component", f"name one of {', '.join(sorted(taxable))}", pattern)


def _check_demand_names(rule: Energy | Demand, index: int, components: Numbered, report: Report) -> None:
    demands = sorted(other.id for _, other in components if isinstance(other, Demand))
    tiers = rule.tiers if isinstance(rule, Energy) else None
    named = {"variant": rule.variant and rule.variant.demand, "tiers": tiers and tiers.demand}
    for key, name in named.items():
        if name and name not in demands:
            listed = ", ".join(demands) or "none: add one"
            report.add(("components", index, key, "demand"), "is no demand component", f"name one of {listed}", name)
