from datetime import UTC, date, datetime

from voltherm.adapters.documents.ledger import LedgerDocument, ledger_from_document, ledger_to_document
from voltherm.domain.ledger import DemandRecord, EnergyRecord, Ledger


def test_a_ledger_survives_its_document():
    start = datetime(2026, 1, 1, 6, tzinfo=UTC)
    ledger = Ledger(
        since=start,
        as_of=datetime(2026, 1, 15, 6, 5, tzinfo=UTC),
        period_start=start,
        import_kwh=1234.5,
        demand={
            "peak": DemandRecord(
                period_start=start,
                buckets=(("2026-01-14T10:15", 212.0),),
                past=((date(2025, 12, 1), 198.0),),
                running_start=start,
                running_kwh=12.0,
                running_h=0.1,
            )
        },
        energy={"energy": EnergyRecord(year=2026, kwh_bill=3.0, kwh_year=3.0, row_kwh=(3.0,), row_amounts=(0.3,))},
    )

    text = ledger_to_document(ledger).model_dump_json()

    assert ledger_from_document(LedgerDocument.model_validate_json(text)) == ledger


def test_an_empty_document_is_an_empty_ledger():
    assert ledger_from_document(LedgerDocument()) == Ledger.empty()
