"""The head of a tariff document: name, zone, currency, validity, billing periods."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field

from voltherm.adapters.documents.currency_code import CURRENCIES
from voltherm.adapters.documents.fields import Document, Flag, Identifier, Positive, Whole
from voltherm.adapters.documents.tariff_report import Report
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.tariffs import BillingCycle, Cycle, Tariff
from voltherm.domain.time import zone_named

MOST_COMPONENTS = 200
Text = Annotated[str, Field(strict=True, max_length=5000)]


def _as_text(raw: object) -> object:
    """Version 2 and version 1.5 are texts, even where they look like numbers."""
    return str(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else raw


class BillingDocument(Document):
    """How billing periods follow each other."""

    cycle: Cycle = Cycle.CALENDAR_MONTH
    anchor_day: Whole | None = None
    dates: list[str] | None = None
    starts: str | None = None


class RoundingDocument(Document):
    """How lines are rounded."""

    line: Positive


class TariffDocument(Document):
    """A tariff; its components are read one by one."""

    id: Identifier
    version: Annotated[str, BeforeValidator(_as_text)] = "1"
    currency: str
    zone: str
    valid: tuple[str | None, str | None] = (None, None)
    billing: BillingDocument = Field(default_factory=BillingDocument)
    vat_included: Flag = False
    rounding: RoundingDocument | None = None
    area: str = ""
    source: Text = ""
    notes: Text = ""
    components: Annotated[list[object], Field(min_length=1, max_length=MOST_COMPONENTS)]


def tariff_of(document: TariffDocument, report: Report) -> Tariff | None:
    """Return the tariff without its components, or None when a problem was noted."""
    before = len(report.problems)
    zone = report.attempt(("zone",), lambda: zone_named(document.zone))
    report.attempt(("currency",), lambda: _check_currency(document.currency))
    billing = report.attempt(("billing",), lambda: _billing(document.billing))
    first, end = (_valid_day(document, index, report) for index in (0, 1))
    if len(report.problems) > before or billing is None or zone is None:
        return None
    return report.attempt((), lambda: _tariff(document, zone, billing, (first, end)))


def _valid_day(document: TariffDocument, index: int, report: Report) -> date | None:
    return report.attempt(("valid", index), lambda: _day(document.valid[index]))


def _tariff(
    document: TariffDocument, zone: ZoneInfo, billing: BillingCycle, valid: tuple[date | None, date | None]
) -> Tariff:
    return Tariff(
        id=document.id,
        version=str(document.version),
        currency=document.currency,
        zone=zone,
        billing=billing,
        valid_from=valid[0],
        valid_until=valid[1],
        vat_included=document.vat_included,
        rounding_line=None if document.rounding is None else document.rounding.line,
        area=document.area,
        source=document.source,
        notes=document.notes,
    )


def _check_currency(code: str) -> None:
    if code not in CURRENCIES:
        message = f"{code!r} is not a currency of ISO 4217; write its three letters, such as EUR"
        raise InvalidInputError(message)


def _billing(document: BillingDocument) -> BillingCycle:
    belongs = {
        "anchor_day": (Cycle.ANCHOR_DAY, document.anchor_day),
        "dates": (Cycle.READ_DATES, document.dates),
        "starts": (Cycle.YEAR, document.starts),
    }
    for key, (cycle, value) in belongs.items():
        if value is not None and document.cycle is not cycle:
            message = f"billing: {key} belongs to cycle {cycle}, not {document.cycle}; write cycle: {cycle}"
            raise InvalidInputError(message)
        if value is None and document.cycle is cycle and key != "starts":
            message = f"billing: cycle {cycle} needs {key}; add it"
            raise InvalidInputError(message)
    dates = [_day(text) for text in document.dates or ()]
    return BillingCycle(
        cycle=document.cycle,
        anchor_day=document.anchor_day or 1,
        read_dates=tuple(day for day in dates if day is not None),
        year_start=(1, 1) if document.starts is None else _year_start(document.starts),
    )


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is no date; write YYYY-MM-DD, or null for an open end"
        raise InvalidInputError(message) from error


def _year_start(text: str) -> tuple[int, int]:
    try:
        day = date.fromisoformat(f"2001-{text}")
    except ValueError as error:
        message = f"billing.starts: {text!r} is no day of every year; write MM-DD, such as 04-01"
        raise InvalidInputError(message) from error
    return day.month, day.day


def head_to_document(tariff: Tariff) -> dict[str, object]:
    """Return the document of everything but the components."""
    document: dict[str, object] = {
        "id": tariff.id,
        "version": tariff.version,
        "currency": tariff.currency,
        "zone": tariff.zone.key,
        "billing": _billing_to_document(tariff.billing),
    }
    if tariff.valid_from is not None or tariff.valid_until is not None:
        days = (tariff.valid_from, tariff.valid_until)
        document["valid"] = [None if day is None else day.isoformat() for day in days]
    if tariff.vat_included:
        document["vat_included"] = True
    if tariff.rounding_line is not None:
        document["rounding"] = {"line": tariff.rounding_line}
    texts = {"area": tariff.area, "source": tariff.source, "notes": tariff.notes}
    return document | {key: text for key, text in texts.items() if text}


def _billing_to_document(billing: BillingCycle) -> dict[str, object]:
    document: dict[str, object] = {"cycle": str(billing.cycle)}
    match billing.cycle:
        case Cycle.ANCHOR_DAY:
            document["anchor_day"] = billing.anchor_day
        case Cycle.READ_DATES:
            document["dates"] = [day.isoformat() for day in billing.read_dates]
        case Cycle.YEAR:
            document["starts"] = f"{billing.year_start[0]:02d}-{billing.year_start[1]:02d}"
        case Cycle.CALENDAR_MONTH:
            pass
    return document
