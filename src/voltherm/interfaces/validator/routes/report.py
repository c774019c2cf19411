"""``GET /api/report`` and ``GET /api/log``: where the energy went, and the truth of every command."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from voltherm.interfaces.validator.answers import SinceQuery, answered, documented
from voltherm.interfaces.validator.documents import LogDocument, LogEntryDocument, ReportDocument
from voltherm.interfaces.validator.live import LiveSite

MOST_ENTRIES: Final = 5_000
"""In one answer."""
LARGEST_NUMBER: Final = 2**53

AfterQuery = Annotated[int, Query(ge=0, le=LARGEST_NUMBER)]


def report_router(live: LiveSite) -> APIRouter:
    """Return the routes of the truth."""
    router = APIRouter(prefix="/api", tags=["truth"])
    report_answers = documented(ReportDocument, "Energies since the begin")
    log_answers = documented(LogDocument, "Entries of the log", p422="`since` is no time, or `after` no number")

    @router.get(
        "/report", summary="Where the energy went", operation_id="report", response_model=None, responses=report_answers
    )
    async def report() -> Response:
        """Return the energies since the simulation began; what came in is what went out, was lost and is stored."""
        return answered(report_document(live))

    @router.get(
        "/log", summary="What was commanded and done", operation_id="log", response_model=None, responses=log_answers
    )
    async def log(since: SinceQuery = None, after: AfterQuery = 0) -> Response:
        """Return entries from ``since`` on, above number ``after``, oldest first, at most 5,000 at once."""
        live.look()
        found = live.virtual.log.entries(since=since, after=after)[:MOST_ENTRIES]
        document = LogDocument(
            last_number=live.virtual.log.last_number,
            entries=[LogEntryDocument(**asdict(entry)) for entry in found],
            **live.told().model_dump(),
        )
        return answered(document)

    return router


def report_document(live: LiveSite) -> ReportDocument:
    """Return where the energy went up to now."""
    view = live.look()
    stored_more_kwh = live.virtual.stored_more_kwh(view)
    capacity_kwh = sum(battery.capacity_kwh for battery in live.site.batteries)
    through_kwh = (view.totals.charged_kwh + view.totals.discharged_kwh) / 2
    return ReportDocument(
        site=live.site.id,
        began=live.virtual.began,
        until=view.at,
        **asdict(view.totals),
        stored_more_kwh=stored_more_kwh,
        imbalance_kwh=view.totals.imbalance_kwh(stored_more_kwh),
        full_cycles=through_kwh / capacity_kwh if capacity_kwh else 0.0,
        **live.told().model_dump(),
    )
