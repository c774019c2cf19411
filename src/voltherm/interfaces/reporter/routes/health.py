"""``GET /health``: is the process alive; ``GET /health/ready``: does it forecast the load, and know its meter."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from voltherm.application.serve_forecasts import NotMade
from voltherm.domain.external_forecast import ForecastKind
from voltherm.interfaces.api.openapi import HEALTH_OPERATION, READY_OPERATION
from voltherm.interfaces.api.routes.health import Health, Readiness
from voltherm.interfaces.reporter.asked import USUAL_MINUTES, asked_for
from voltherm.interfaces.reporter.desk import Desk
from voltherm.ports.errors import OutsideError


def health_router(desk: Desk) -> APIRouter:
    """Return the routes that tell how the reporter is."""
    router = APIRouter(tags=["health"])

    @router.head("/health", include_in_schema=False)
    @router.get("/health", summary="Liveness", openapi_extra=HEALTH_OPERATION, operation_id="health")
    async def health() -> Response:
        """Return 200 as long as the process answers; it says nothing of the data."""
        return _json(Health(service="voltherm reporter"), 200)

    @router.head("/health/ready", include_in_schema=False)
    @router.get("/health/ready", summary="Readiness", openapi_extra=READY_OPERATION, operation_id="ready")
    async def ready() -> Response:
        """Return 200 when the load can be forecast and the meter answers, 503 when not."""
        found = {"load": await _load(desk), "meter": None if desk.feed is None else desk.feed.trouble}
        is_ready = not any(found.values())
        status: Literal["ready", "not ready"] = "ready" if is_ready else "not ready"
        words = {name: wrong or "ok" for name, wrong in found.items()}
        return _json(Readiness(status=status, checks=words), 200 if is_ready else 503)

    return router


async def _load(desk: Desk) -> str | None:
    """Why the load cannot be forecast; None when it can."""
    step = timedelta(minutes=USUAL_MINUTES[ForecastKind.LOAD])
    asked = asked_for(desk.site, ForecastKind.LOAD, None, alias=desk.alias, step=step)
    try:
        made = await desk.forecasts.forecast(asked)
    except OutsideError as error:
        return str(error)
    return made.why if isinstance(made, NotMade) else None


def _json(document: BaseModel, status: int) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(document.model_dump_json(), status_code=status, media_type="application/json", headers=headers)
