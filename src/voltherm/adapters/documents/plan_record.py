"""The plan record document: a plan with everything that it was made from, from which it can be made again."""

from __future__ import annotations

from voltherm.adapters.documents.exact import Plain, from_plain, to_plain
from voltherm.ports.store import PlanRecord


def plan_record_to_document(record: PlanRecord) -> Plain:
    """Return the record as plain JSON values; nothing of it is left out or rounded."""
    return to_plain(PlanRecord, record)


def plan_record_from_document(raw: object) -> PlanRecord:
    """Return the record that a document describes; its arrays are bit for bit those that were written.

    Raises
    ------
    RecordError
        When it is not a plan record; the message names the field.
    """
    return from_plain(PlanRecord, raw)
