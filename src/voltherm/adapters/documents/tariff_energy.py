"""Energy components of a tariff document."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from voltherm.adapters.documents.fields import Document, Identifier, NonNegative, Number, Positive
from voltherm.adapters.documents.tariff_price import PriceDocument, price_from_document, price_to_document
from voltherm.adapters.documents.tariff_report import Report
from voltherm.adapters.documents.tariff_when import WhenDocument, when_from_document, when_to_document
from voltherm.adapters.documents.yaml_text import Path
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.tariffs import (
    Direction,
    Energy,
    HoursUse,
    PowerQuantity,
    Price,
    TierMode,
    TierPer,
    TierRow,
    Tiers,
    Unit,
    When,
)

INFINITE = float("inf")


class ComponentDocument(Document):
    """What every component has."""

    id: Identifier
    kind: str
    label: Annotated[str, Field(strict=True, max_length=100)] = ""
    areas: Annotated[list[str], Field(min_length=1)] | None = None


class FreeDocument(Document):
    """The free share of reactive power."""

    of_p: NonNegative


class VariantDocument(Document):
    """Two prices by hours of use."""

    by: Literal["hours_use"] = "hours_use"
    demand: Identifier
    below: Positive
    then: PriceDocument
    else_: PriceDocument = Field(alias="else")
    period: Literal["bill", "year"] = "bill"


class TierRowDocument(Document):
    """One block of energy."""

    upto: Positive | None = None
    price: PriceDocument | None = None
    price_per_kwh: Number | None = None
    sum: Number | None = None


class TiersDocument(Document):
    """Blocks of energy."""

    rows: Annotated[list[TierRowDocument], Field(min_length=1)]
    mode: Literal["marginal", "whole", "block_sum"] = "marginal"
    per: TierPer = TierPer.BILL
    unit: Literal["kwh", "kwh_per_kw"] = "kwh"
    demand: Identifier | None = None


class EnergyDocument(ComponentDocument):
    """A price per kWh or kvarh."""

    direction: Direction = Direction.IMPORT
    quantity: Literal["kWh", "kvarh"] = "kWh"
    free: FreeDocument | None = None
    price: PriceDocument | None = None
    price_per_kwh: Number | None = None
    price_per_kvarh: Number | None = None
    tiers: TiersDocument | None = None
    variant: VariantDocument | None = None
    when: WhenDocument = Field(default_factory=WhenDocument)


def energy_from_document(document: EnergyDocument, path: Path, report: Report, currency: str) -> Energy | None:
    """Return the component, or None when a problem was noted."""
    before = len(report.problems)
    when = when_from_document(document.when, (*path, "when"), report)
    per_unit = "price_per_kwh" if document.quantity == "kWh" else "price_per_kvarh"
    price = report.attempt(path, lambda: the_price(document, per_unit, currency))
    variant = report.attempt((*path, "variant"), lambda: hours_use(document.variant, currency))
    tiers = report.attempt((*path, "tiers"), lambda: _tiers(document.tiers, currency))
    unit = Unit.KW if document.quantity == "kWh" else Unit.KVAR
    quantity = report.attempt(path, lambda: quantity_of(unit, document.direction, document.free))
    if len(report.problems) > before or quantity is None:
        return None
    kept = when or When()
    return report.attempt(
        path,
        lambda: Energy(
            id=document.id,
            label=document.label,
            price=price,
            tiers=tiers,
            when=kept,
            quantity=quantity,
            variant=variant,
        ),
    )


def the_price(document: Document, per_unit: str, currency: str) -> Price | None:
    """Return the one price that a component gives, in ``price``, ``price_per_...`` or the variant's else.

    Raises
    ------
    InvalidInputError
        When it gives it twice, or for another unit.
    """
    price: PriceDocument | None = getattr(document, "price", None)
    variant: VariantDocument | None = getattr(document, "variant", None)
    numbers = {
        key: getattr(document, key)
        for key in type(document).model_fields
        if key.startswith("price_per_") and getattr(document, key) is not None
    }
    wrong = sorted(key for key in numbers if key != per_unit)
    if wrong:
        message = f"{wrong[0]} does not fit the quantity; write {per_unit}"
        raise InvalidInputError(message)
    if (price is not None) + len(numbers) + (variant is not None) > 1:
        message = f"the price is given twice; keep one of price, {per_unit} and variant"
        raise InvalidInputError(message)
    if variant is not None:
        return price_from_document(variant.else_, currency)
    if price is not None:
        return price_from_document(price, currency)
    return Price(const=numbers[per_unit]) if numbers else None


def hours_use(document: VariantDocument | None, currency: str) -> HoursUse | None:
    """Return the other price below the hours of use."""
    if document is None:
        return None
    return HoursUse(demand=document.demand, below_h=document.below, price=price_from_document(document.then, currency))


def quantity_of(unit: Unit, direction: Direction, free: FreeDocument | None) -> PowerQuantity:
    """Return what is counted."""
    return PowerQuantity(unit=unit, direction=direction, free_of_p=0.0 if free is None else free.of_p)


def _tiers(document: TiersDocument | None, currency: str) -> Tiers | None:
    if document is None:
        return None
    if (document.unit == "kwh_per_kw") != (document.demand is not None):
        message = "tiers: unit kwh_per_kw and demand belong together; name the demand component whose kW multiply"
        raise InvalidInputError(message)
    has_sums = any(row.sum is not None for row in document.rows)
    if document.mode == "block_sum" and not has_sums:
        message = "tiers: mode block_sum without a sum; give a row its sum, or write mode: marginal"
        raise InvalidInputError(message)
    mode = TierMode.WHOLE if document.mode == "whole" else TierMode.MARGINAL
    rows = tuple(_row(row, currency) for row in document.rows)
    return Tiers(rows=rows, mode=mode, per=document.per, demand=document.demand)


def _row(document: TierRowDocument, currency: str) -> TierRow:
    price = the_price(document, "price_per_kwh", currency)
    if price is None and document.sum is None:
        message = "tiers: a row has neither price nor sum; give price_per_kwh, price or sum"
        raise InvalidInputError(message)
    return TierRow(
        upto=INFINITE if document.upto is None else document.upto,
        price=price or Price(const=0.0),
        block_sum=document.sum,
    )


def energy_to_document(rule: Energy) -> dict[str, object]:
    """Return the shortest document of the component."""
    document: dict[str, object] = {"id": rule.id, "kind": "energy"}
    if rule.label:
        document["label"] = rule.label
    document["direction"] = str(rule.direction)
    is_reactive = rule.quantity.unit is Unit.KVAR
    if is_reactive:
        document["quantity"] = "kvarh"
    document |= free_to_document(rule.quantity)
    document |= price_fields(rule.price, rule.variant, "price_per_kvarh" if is_reactive else "price_per_kwh")
    if rule.tiers is not None:
        document["tiers"] = _tiers_to_document(rule.tiers)
    if not rule.when.is_always:
        document["when"] = when_to_document(rule.when)
    return document


def free_to_document(quantity: PowerQuantity) -> dict[str, object]:
    """Return the key ``free``, if it is needed."""
    return {"free": {"of_p": quantity.free_of_p}} if quantity.free_of_p else {}


def price_fields(price: Price | None, variant: HoursUse | None, per_unit: str) -> dict[str, object]:
    """Return the keys that say the price of a component."""
    if price is None:
        return {}
    document = price_to_document(price)
    if variant is not None:
        other = price_to_document(variant.price)
        return {"variant": {"demand": variant.demand, "below": variant.below_h, "then": other, "else": document}}
    return {"price": document} if isinstance(document, dict) else {per_unit: document}


def _tiers_to_document(tiers: Tiers) -> dict[str, object]:
    document: dict[str, object] = {"mode": str(tiers.mode), "per": str(tiers.per)}
    if tiers.demand is not None:
        document |= {"unit": "kwh_per_kw", "demand": tiers.demand}
    document["rows"] = [_row_to_document(row) for row in tiers.rows]
    return document


def _row_to_document(row: TierRow) -> dict[str, object]:
    document: dict[str, object] = {} if row.upto == INFINITE else {"upto": row.upto}
    if row.block_sum is not None:
        document["sum"] = row.block_sum
    if row.block_sum is None or row.price.const != 0:
        document |= price_fields(row.price, None, "price_per_kwh")
    return document
