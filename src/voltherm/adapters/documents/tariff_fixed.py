"""Fixed charges and taxes of a tariff document."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from voltherm.adapters.documents.fields import Document, Flag, NonNegative, Number
from voltherm.adapters.documents.tariff_energy import ComponentDocument
from voltherm.adapters.documents.tariff_report import Report
from voltherm.adapters.documents.yaml_text import Path
from voltherm.domain.tariffs import Fixed, Per, Proration, Tax


class FixedDocument(ComponentDocument):
    """A sum that does not depend on the meter."""

    amount: Number
    per: Per = Per.MONTH
    proration: Proration = Proration.NONE


class AppliesIfDocument(Document):
    """When a tax falls due."""

    bill_kwh_gt: NonNegative


class TaxDocument(ComponentDocument):
    """A share of other lines."""

    rate: NonNegative
    on: Annotated[list[str], Field(min_length=1)]
    included: Flag = False
    applies_if: AppliesIfDocument | None = None
    base_first_kwh: NonNegative | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_list(cls, raw: object) -> object:
        if isinstance(raw, dict) and isinstance(raw.get("on"), str):
            return {**raw, "on": [raw["on"]]}
        return raw


def fixed_from_document(document: FixedDocument, path: Path, report: Report) -> Fixed | None:
    """Return the component, or None when a problem was noted."""
    return report.attempt(
        path,
        lambda: Fixed(
            id=document.id,
            label=document.label,
            amount=document.amount,
            per=document.per,
            proration=document.proration,
        ),
    )


def tax_from_document(document: TaxDocument, path: Path, report: Report) -> Tax | None:
    """Return the component, or None when a problem was noted."""
    above = None if document.applies_if is None else document.applies_if.bill_kwh_gt
    return report.attempt(
        path,
        lambda: Tax(
            id=document.id,
            label=document.label,
            rate=document.rate,
            on=tuple(document.on),
            included=document.included,
            applies_above_kwh=above,
            base_first_kwh=document.base_first_kwh,
        ),
    )


def fixed_to_document(rule: Fixed) -> dict[str, object]:
    """Return the shortest document of the component."""
    document: dict[str, object] = {"id": rule.id, "kind": "fixed"}
    if rule.label:
        document["label"] = rule.label
    document |= {"amount": rule.amount, "per": str(rule.per)}
    if rule.proration is not Proration.NONE:
        document["proration"] = str(rule.proration)
    return document


def tax_to_document(rule: Tax) -> dict[str, object]:
    """Return the shortest document of the component."""
    document: dict[str, object] = {"id": rule.id, "kind": "tax"}
    if rule.label:
        document["label"] = rule.label
    document |= {"rate": rule.rate, "on": list(rule.on)}
    if rule.included:
        document["included"] = True
    if rule.applies_above_kwh is not None:
        document["applies_if"] = {"bill_kwh_gt": rule.applies_above_kwh}
    if rule.base_first_kwh is not None:
        document["base_first_kwh"] = rule.base_first_kwh
    return document
