"""``GET /``: a page for people, JSON for programs; ``GET /health``."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter, Request, Response

from voltherm.interfaces.api.routes.root import prefers_html
from voltherm.interfaces.validator.answers import answered, documented
from voltherm.interfaces.validator.documents import AboutDocument, HealthDocument, LinkDocument
from voltherm.interfaces.validator.live import LiveSite
from voltherm.interfaces.validator.page import WHAT, validator_page

LINKS = (
    LinkDocument(method="GET", path="/api/battery/soc", what="the battery of now"),
    LinkDocument(method="POST", path="/api/battery/dispatch", what="a command in, its answer out"),
    LinkDocument(method="GET", path="/api/meter", what="the meter of now"),
    LinkDocument(method="GET", path="/api/meter/intervals", what="metering intervals that are over"),
    LinkDocument(method="GET", path="/api/costs", what="the bill with the battery and without it"),
    LinkDocument(method="GET", path="/api/report", what="where the energy went"),
    LinkDocument(method="GET", path="/api/log", what="every command, and what became of it"),
    LinkDocument(method="GET", path="/docs", what="every endpoint, with requests to try"),
    LinkDocument(method="GET", path="/health", what="whether the process answers"),
)
_SAFE = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def about_router(live: LiveSite, *, has_faults: bool) -> APIRouter:
    """Return the routes that tell what this is.

    Parameters
    ----------
    live : LiveSite
        What is shown.
    has_faults : bool
        Whether faults may be asked for.
    """
    router = APIRouter(tags=["about"])
    answers = documented(AboutDocument, "What this is, how it stands, and where to look")
    answers[200]["content"] = {"text/html": {"schema": {"type": "string"}}}

    @router.head("/", include_in_schema=False)
    @router.get("/", summary="What this is", operation_id="about", response_model=None, responses=answers)
    async def about(request: Request) -> Response:
        """Return JSON, or a page where the client prefers HTML."""
        view = live.look()
        headers = {"Vary": "Accept", "Cache-Control": "no-store"}
        if prefers_html(request.headers.get("accept", "")):
            headers["Content-Security-Policy"] = _SAFE
            page = validator_page(live, view, LINKS)
            return Response(page, media_type="text/html", headers=headers)
        document = AboutDocument(
            service="voltherm validator",
            version=version("voltherm"),
            what=WHAT,
            site=live.site.id,
            now=view.at,
            soc=dict(view.soc),
            has_faults=has_faults,
            links=list(LINKS),
            **live.told().model_dump(),
        )
        return Response(document.model_dump_json(), media_type="application/json", headers=headers)

    @router.head("/health", include_in_schema=False)
    @router.get(
        "/health",
        summary="Liveness",
        operation_id="health",
        response_model=None,
        responses=documented(HealthDocument, "The process answers"),
    )
    async def health() -> Response:
        """Return 200 as long as the process answers."""
        return answered(HealthDocument())

    return router
