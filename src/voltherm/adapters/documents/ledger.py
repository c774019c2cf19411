"""The ledger document: everything that the meter has seen in the billing period, to keep between two plans."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from voltherm.adapters.documents.fields import Document, Identifier, Instant, NonNegative, Number, Whole
from voltherm.domain.ledger import DemandRecord, EnergyRecord, Ledger

MOST_ENTRIES = 10_000


def parse_day(raw: object) -> date:
    """Return the day that a text such as ``2026-01-15`` names.

    Raises
    ------
    PydanticCustomError
        For anything else.
    """
    try:
        if isinstance(raw, str):
            return date.fromisoformat(raw)
    except ValueError:
        pass
    raise PydanticCustomError("refused", "is not a day", {"remedy": "write it as 2026-01-15"})


Day = Annotated[
    date,
    PlainValidator(parse_day),
    PlainSerializer(date.isoformat, return_type=str),
    WithJsonSchema({"type": "string", "format": "date"}),
]


class DemandRecordDocument(Document):
    """What one demand component remembers; ``buckets`` are pairs of key and kW, ``past`` pairs of day and kW."""

    period_start: Instant | None = None
    buckets: Annotated[tuple[tuple[Identifier, NonNegative], ...], Field(max_length=MOST_ENTRIES)] = ()
    past: Annotated[tuple[tuple[Day, NonNegative], ...], Field(max_length=MOST_ENTRIES)] = ()
    running_start: Instant | None = None
    running_kwh: Number = 0.0
    running_h: NonNegative = 0.0


class EnergyRecordDocument(Document):
    """What one energy component remembers."""

    year: Annotated[Whole, Field(ge=0, le=9999)] = 0
    kwh_bill: Number = 0.0
    kwh_year: Number = 0.0
    row_kwh: Annotated[tuple[Number, ...], Field(max_length=MOST_ENTRIES)] = ()
    row_amounts: Annotated[tuple[Number, ...], Field(max_length=MOST_ENTRIES)] = ()


class LedgerDocument(Document):
    """The memory of one meter under one tariff."""

    since: Instant | None = None
    as_of: Instant | None = None
    period_start: Instant | None = None
    import_kwh: Number = 0.0
    demand: dict[str, DemandRecordDocument] = Field(default_factory=dict)
    energy: dict[str, EnergyRecordDocument] = Field(default_factory=dict)


def ledger_from_document(document: LedgerDocument) -> Ledger:
    """Return the ledger that a document describes."""
    return Ledger(
        since=document.since,
        as_of=document.as_of,
        period_start=document.period_start,
        import_kwh=document.import_kwh,
        demand={name: _demand(record) for name, record in document.demand.items()},
        energy={name: _energy(record) for name, record in document.energy.items()},
    )


def ledger_to_document(ledger: Ledger) -> LedgerDocument:
    """Return the document that keeps a ledger."""
    return LedgerDocument.model_validate(
        {
            "since": ledger.since,
            "as_of": ledger.as_of,
            "period_start": ledger.period_start,
            "import_kwh": ledger.import_kwh,
            "demand": {name: _demand_fields(record) for name, record in ledger.demand.items()},
            "energy": {name: _energy_fields(record) for name, record in ledger.energy.items()},
        }
    )


def _demand(document: DemandRecordDocument) -> DemandRecord:
    return DemandRecord(
        period_start=document.period_start,
        buckets=document.buckets,
        past=document.past,
        running_start=document.running_start,
        running_kwh=document.running_kwh,
        running_h=document.running_h,
    )


def _demand_fields(record: DemandRecord) -> dict[str, object]:
    return {
        "period_start": record.period_start,
        "buckets": record.buckets,
        "past": [(day.isoformat(), kw) for day, kw in record.past],
        "running_start": record.running_start,
        "running_kwh": record.running_kwh,
        "running_h": record.running_h,
    }


def _energy(document: EnergyRecordDocument) -> EnergyRecord:
    return EnergyRecord(
        year=document.year,
        kwh_bill=document.kwh_bill,
        kwh_year=document.kwh_year,
        row_kwh=document.row_kwh,
        row_amounts=document.row_amounts,
    )


def _energy_fields(record: EnergyRecord) -> dict[str, object]:
    return {
        "year": record.year,
        "kwh_bill": record.kwh_bill,
        "kwh_year": record.kwh_year,
        "row_kwh": record.row_kwh,
        "row_amounts": record.row_amounts,
    }
