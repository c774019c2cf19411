"""A bill as text of 80 columns."""

from __future__ import annotations

from voltherm.domain.site import Site
from voltherm.domain.tariffs import Bill, BillLine
from voltherm.interfaces.metered import Metered
from voltherm.interfaces.sentences import number

LABEL_WIDTH = 34


def bill_text(bill: Bill, site: Site, metered: Metered) -> str:
    """Return the bill of one period, with what is missing in it said first."""
    zone = site.tariff.zone
    start, end = bill.period.start.astimezone(zone), bill.period.end.astimezone(zone)
    head = f"{site.id}: {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} ({zone.key})"
    lines = [head, *_remarks(bill, metered)]
    lines += [_line(line, site.tariff.currency) for line in bill.lines]
    lines.append(f"{'Total':<{LABEL_WIDTH}} {'':>24} {bill.total:>14,.2f} {site.tariff.currency}")
    return "\n".join(lines) + "\n"


def _remarks(bill: Bill, metered: Metered) -> list[str]:
    remarks = []
    if not bill.complete:
        remarks.append("incomplete: the data does not cover the whole period")
    missing_h = metered.missing_h(bill.period)
    if missing_h:
        remarks.append(f"incomplete: {missing_h:g} h without reading count as zero")
    return remarks


def _line(line: BillLine, currency: str) -> str:
    counted = ""
    if line.quantity is not None and line.rate is not None:
        counted = f"{number(line.quantity)} {line.unit} x {number(line.rate)}"
    elif line.quantity is not None:
        counted = f"{number(line.quantity)} {line.unit}"
    label = f"{line.label} (included)" if line.is_included else line.label
    return f"{label[:LABEL_WIDTH]:<{LABEL_WIDTH}} {counted[:24]:>24} {line.amount:>14,.2f} {currency}"
