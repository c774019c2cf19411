"""``POST`` and ``GET /api/readings``: what the meters saw."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from voltherm.interfaces.api.body import read_json_body
from voltherm.interfaces.api.problems import Refusal
from voltherm.interfaces.reporter.asked import read_since
from voltherm.interfaces.reporter.desk import Desk
from voltherm.interfaces.reporter.openapi import READ_OPERATION, SAVE_OPERATION
from voltherm.interfaces.reporter.reading_document import LARGEST_BODY, KeptDocument, kept_readings, read_readings

NO_STORE = {"Cache-Control": "no-store"}
DEMO = "This reporter shows a recording, which takes no readings; begin it with --site, and --meter, --data or neither."


def readings_router(desk: Desk) -> APIRouter:
    """Return the routes of the readings."""
    router = APIRouter(tags=["readings"])

    @router.post("/api/readings", summary="Tell readings", openapi_extra=SAVE_OPERATION, operation_id="save_readings")
    async def save(request: Request) -> Response:
        """Keep a batch of interval means; an interval told again is corrected, the same again changes nothing."""
        if desk.demo_label:
            raise Refusal(HTTPStatus.CONFLICT, "demo", DEMO)
        content = await read_json_body(request, LARGEST_BODY)
        readings = read_readings(content, desk.site, desk.clock.now())
        n_changed = await desk.readings.save_readings(desk.site.id, readings)
        if n_changed:
            desk.forecasts.forget()
        return _json(KeptDocument(received=len(readings), changed=n_changed).model_dump_json())

    @router.get("/api/readings", summary="Kept readings", openapi_extra=READ_OPERATION, operation_id="read_readings")
    async def read(request: Request) -> Response:
        """Return the readings that began at ``since`` or later, oldest first, at most 2,976: 31 days."""
        now = desk.clock.now()
        since = read_since(request.query_params, now - timedelta(days=1))
        kept = await desk.readings.readings(desk.site.id, since, now)
        return _json(kept_readings(kept).model_dump_json())

    return router


def _json(content: str) -> Response:
    return Response(content, media_type="application/json", headers=NO_STORE)
