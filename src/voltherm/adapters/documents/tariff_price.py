"""Prices of a tariff document: a number, a formula on a series, one a month, and steps."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from voltherm.adapters.documents.fields import Document, Identifier, Number
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.tariffs import Price, StepEdge, Steps

CENTS = {"c", "ct", "öre", "øre", "p", "Rp"}
"""Names of a hundredth of a currency in units such as ``öre/kWh``."""
PER = {
    "kWh": 1.0,
    "MWh": 1e-3,
    "kvarh": 1.0,
    "Mvarh": 1e-3,
    "kW": 1.0,
    "MW": 1e-3,
    "kvar": 1.0,
    "Mvar": 1e-3,
    "kVA": 1.0,
}


class PriceDocument(Document):
    """A price: a number, or exactly one of const, by_month and series with its formula."""

    const: Number | None = None
    by_month: Annotated[list[Number], Field(min_length=12, max_length=12)] | None = None
    series: Identifier | None = None
    scale: Number = 1.0
    add: Number = 0.0
    min: Number | None = None
    max: Number | None = None
    unit: Annotated[str, Field(max_length=20)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _number_is_const(cls, raw: object) -> object:
        return {"const": raw} if isinstance(raw, (int, float)) and not isinstance(raw, bool) else raw


class StepsDocument(Document):
    """One sum by the bracket of the billed kW."""

    rows: Annotated[list[tuple[Number, Number]], Field(min_length=1)]
    edge: StepEdge = StepEdge.LOWER_IN
    per: Literal["bill", "day", "month", "year"] | None = None


def price_from_document(document: PriceDocument, currency: str) -> Price:
    """Return the price in the currency per kWh or kW.

    Raises
    ------
    InvalidInputError
        For none or several of const, by_month and series, or a unit that is not understood.
    """
    factor = 1.0 if document.unit is None else unit_factor(document.unit, currency)
    if document.series is None and document.model_fields_set & {"scale", "add", "min", "max"}:
        message = "price: scale, add, min and max belong to a series; name the series, or leave them out"
        raise InvalidInputError(message)
    if document.series is not None and factor != 1:
        message = (
            f"price.unit: {document.unit!r} does not go with a series, which is per kWh; write add, min and max so"
        )
        raise InvalidInputError(message)
    return Price(
        const=None if document.const is None else document.const * factor,
        by_month=None if document.by_month is None else tuple(price * factor for price in document.by_month),
        series=document.series,
        scale=document.scale,
        add=document.add,
        minimum=document.min,
        maximum=document.max,
    )


def unit_factor(unit: str, currency: str) -> float:
    """Return what a figure in ``unit`` is multiplied by to be in ``currency`` per kWh, kW, kvarh or kvar.

    Raises
    ------
    InvalidInputError
        For a unit that is not understood.
    """
    money, _, per = unit.partition("/")
    if per in PER and money in {currency, *CENTS}:
        return PER[per] * (1.0 if money == currency else 0.01)
    message = f"price.unit: {unit!r} is not known; write {currency}/kWh, {currency}/MWh, c/kWh or {currency}/kW"
    raise InvalidInputError(message)


def price_to_document(price: Price) -> dict[str, object] | float:
    """Return the shortest document of the price."""
    if price.const is not None:
        return price.const
    if price.by_month is not None:
        return {"by_month": list(price.by_month)}
    optional = {"min": price.minimum, "max": price.maximum}
    given = {key: value for key, value in optional.items() if value is not None}
    scale = {} if price.scale == 1 else {"scale": price.scale}
    add = {} if price.add == 0 else {"add": price.add}
    return {"series": price.series, **scale, **add, **given}


def steps_from_document(document: StepsDocument | None) -> Steps | None:
    """Return the steps; the sums are for whatever ``per`` says."""
    if document is None:
        return None
    return Steps(rows=tuple((edge, price) for edge, price in document.rows), edge=document.edge)
