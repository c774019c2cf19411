"""``GET /``: what is forecast, from what, and how far off it was."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from voltherm.interfaces.api.routes.redoc import OWN_SOURCES
from voltherm.interfaces.api.routes.root import prefers_html
from voltherm.interfaces.reporter.desk import Desk
from voltherm.interfaces.reporter.openapi import ROOT_OPERATION
from voltherm.interfaces.reporter.page import look, page


def root_router(desk: Desk) -> APIRouter:
    """Return the route of the page."""
    router = APIRouter(tags=["about"])

    @router.head("/", include_in_schema=False)
    @router.get("/", summary="What is forecast, and from what", openapi_extra=ROOT_OPERATION, operation_id="root")
    async def root(request: Request) -> Response:
        """Return JSON, or a page where the client prefers HTML."""
        about, seen = await look(desk)
        headers = {"Vary": "Accept", "Cache-Control": "no-store"}
        if prefers_html(request.headers.get("accept", "")):
            headers["Content-Security-Policy"] = OWN_SOURCES
            return Response(page(desk, about, seen), media_type="text/html", headers=headers)
        return Response(about.model_dump_json(), media_type="application/json", headers=headers)

    return router
