"""``GET /demo``: the demo site for people, on one page that refreshes itself."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter, Response

from voltherm.application.demo_snapshot import DemoSnapshot
from voltherm.interfaces.api.demo_feed import DemoFeed
from voltherm.interfaces.api.openapi import DEMO_PAGE_OPERATION
from voltherm.interfaces.api.routes.redoc import OWN_SOURCES
from voltherm.interfaces.api.workers import PlanWorkers

if TYPE_CHECKING:
    from voltherm.interfaces.api.demo_page.page import DrawnChart


def demo_page_router(feed: DemoFeed, workers: PlanWorkers) -> APIRouter:
    """Return the route of the page.

    Parameters
    ----------
    feed : DemoFeed
        What it shows.
    workers : PlanWorkers
        Threads that draw it.
    """
    router = APIRouter(tags=["demo"])
    pages = DemoPages(feed)

    @router.head("/demo", include_in_schema=False)
    @router.get("/demo", summary="The demo site as a page", openapi_extra=DEMO_PAGE_OPERATION, operation_id="demo_page")
    async def demo_page() -> Response:
        """Return a page that says what the battery does and why, what it saved, and that refreshes itself."""
        content = await workers.run(pages.page)
        headers = {"Cache-Control": "no-store", "Content-Security-Policy": OWN_SOURCES}
        return Response(content, media_type="text/html", headers=headers)

    return router


class DemoPages:
    """Renders the page; its chart is drawn once for each replayed step.

    Parameters
    ----------
    feed : DemoFeed
        What it shows.
    """

    def __init__(self, feed: DemoFeed) -> None:
        self._feed = feed
        self._lock = threading.Lock()
        self._drawn: tuple[tuple[datetime, bool], DrawnChart] | None = None

    def page(self) -> str:
        """Return the page of now. Plots come from a large library, imported when the first page is asked for."""
        from voltherm.interfaces.api.demo_page.page import demo_page  # noqa: PLC0415 - see above

        snapshot = self._feed.snapshot
        drawn = None if snapshot is None else self._chart(snapshot)
        return demo_page(snapshot, drawn, self._feed.now(), self._feed.readiness())

    def _chart(self, snapshot: DemoSnapshot) -> DrawnChart:
        from voltherm.interfaces.api.demo_page.page import draw  # noqa: PLC0415 - see `page`

        step = snapshot.replayed_until, snapshot.decision is not None
        with self._lock:
            if self._drawn is None or self._drawn[0] != step:
                self._drawn = step, draw(snapshot)
            return self._drawn[1]
