"""Tariff documents: YAML or JSON text, a parsed mapping, and the library that ships with Voltherm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from typing import cast

from voltherm.adapters.documents.problem import Problem
from voltherm.adapters.documents.tariff_demand import DemandDocument, demand_from_document, demand_to_document
from voltherm.adapters.documents.tariff_energy import EnergyDocument, energy_from_document, energy_to_document
from voltherm.adapters.documents.tariff_fixed import (
    FixedDocument,
    TaxDocument,
    fixed_from_document,
    fixed_to_document,
    tax_from_document,
    tax_to_document,
)
from voltherm.adapters.documents.tariff_head import TariffDocument, head_to_document, tariff_of
from voltherm.adapters.documents.tariff_references import check_against_head, check_references
from voltherm.adapters.documents.tariff_report import Report, TariffDocumentError
from voltherm.adapters.documents.yaml_text import Path, Plain, parse_yaml
from voltherm.domain.tariffs import Demand, Energy, Fixed, Tariff, TariffRule, Tax

__all__ = [
    "TariffDocumentError",
    "library_names",
    "read_library",
    "read_tariff",
    "tariff_from_document",
    "tariff_to_document",
]

KINDS = ("energy", "demand", "fixed", "tax")
_LIBRARY = "tariff_library"


def read_tariff(text: str, name: str, *, area: str | None = None) -> Tariff:
    """Return the tariff that a YAML or JSON text describes.

    Parameters
    ----------
    text : str
        The document.
    name : str
        File name, for messages.
    area : str or None
        Price or tax area, instead of the document's own.

    Raises
    ------
    TariffDocumentError
        With every problem of the text: ``name:line: path``, what is wrong, the value found, the remedy.
    """
    parsed = parse_yaml(text, name)
    if parsed.problems and not parsed.lines:
        raise TariffDocumentError(parsed.problems)
    report = Report(name=name, raw=parsed.value, lines=parsed.lines, problems=parsed.problems)
    return _read(report, area)


def tariff_from_document(document: Mapping[str, object], where: str = "", *, area: str | None = None) -> Tariff:
    """Return the tariff of an already parsed document, such as the ``tariff`` of a request.

    Parameters
    ----------
    document : mapping
        As JSON gave it.
    where : str
        Path of the tariff in the larger document, for messages.
    area : str or None
        Price or tax area, instead of the document's own.

    Raises
    ------
    TariffDocumentError
        With every problem of the document.
    """
    return _read(Report(name=where, raw=cast("Plain", document)), area)


def _read(report: Report, area: str | None) -> Tariff:
    head = report.read((), TariffDocument, report.raw)
    tariff = None if head is None else tariff_of(head, report)
    raw = report.raw.get("components") if isinstance(report.raw, dict) else None
    chosen = area if area is not None else str(report.raw.get("area", "")) if isinstance(report.raw, dict) else ""
    currency = head.currency if head is not None else "EUR"
    components = []
    for index, component in enumerate(raw if isinstance(raw, list) else []):
        rule = _component(component, ("components", index), report, (currency, chosen))
        if rule is not None:
            components.append((index, rule))
    if head is not None:
        check_against_head(head, raw, report)
    check_references(components, report, is_partial=bool(report.problems))
    if tariff is not None and not report.problems:
        rules = tuple(rule for _, rule in components)
        head_only = tariff
        tariff = report.attempt((), lambda: replace(head_only, components=rules, area=chosen))
    report.raise_if_any()
    if tariff is None:
        raise TariffDocumentError(report.problems)
    return tariff


def _component(raw: Plain, path: Path, report: Report, known: tuple[str, str]) -> TariffRule | None:
    kind = raw.get("kind") if isinstance(raw, dict) else None
    currency, area = known
    if not isinstance(raw, dict):
        report.add(path, "is no component with named keys", f"write id, kind ({', '.join(KINDS)}) and its figures", raw)
        return None
    if not _is_in_area(raw, area, path, report):
        return None
    match kind:
        case "energy":
            energy = report.read(path, EnergyDocument, raw)
            return None if energy is None else energy_from_document(energy, path, report, currency)
        case "demand":
            demand = report.read(path, DemandDocument, raw)
            return None if demand is None else demand_from_document(demand, path, report, currency)
        case "fixed":
            fixed = report.read(path, FixedDocument, raw)
            return None if fixed is None else fixed_from_document(fixed, path, report)
        case "tax":
            tax = report.read(path, TaxDocument, raw)
            return None if tax is None else tax_from_document(tax, path, report)
        case _:
            report.add((*path, "kind"), "is no kind of component", f"use one of {', '.join(KINDS)}", kind)
            return None


def _is_in_area(raw: dict[str, Plain], area: str, path: Path, report: Report) -> bool:
    """Whether the component holds in the chosen area; one that names areas needs a choice."""
    areas = raw.get("areas")
    if not isinstance(areas, list):
        return True
    if not area:
        report.add((*path, "areas"), "holds in some areas only", "choose one with area: in the head of the tariff")
        return False
    return area in areas


def tariff_to_document(tariff: Tariff) -> dict[str, object]:
    """Return the document of the tariff: reading it again gives an equal tariff."""
    components = [_component_to_document(rule) for rule in tariff.components]
    return {**head_to_document(tariff), "components": components}


def _component_to_document(rule: TariffRule) -> dict[str, object]:
    match rule:
        case Energy():
            return energy_to_document(rule)
        case Demand():
            return demand_to_document(rule)
        case Fixed():
            return fixed_to_document(rule)
        case Tax():
            return tax_to_document(rule)


def library_names() -> list[str]:
    """Return the ids of the tariffs that ship with Voltherm, in alphabetical order."""
    folder = resources.files("voltherm.adapters.documents") / _LIBRARY
    return sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml"))


@lru_cache(maxsize=64)
def read_library(tariff_id: str) -> Tariff:
    """Return a tariff that ships with Voltherm.

    Raises
    ------
    TariffDocumentError
        When there is none of that id; the message lists those that there are.
    """
    names = library_names()
    if tariff_id not in names:
        remedy = f"use one of {', '.join(names)}"
        raise TariffDocumentError(
            [Problem(field="library", value=tariff_id, problem="has no such tariff", remedy=remedy)]
        )
    file = resources.files("voltherm.adapters.documents") / _LIBRARY / f"{tariff_id}.yaml"
    return read_tariff(file.read_text(encoding="utf-8"), file.name)
