"""``GET /health``: is the process alive; ``GET /health/ready``: can it plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from voltherm.interfaces.api.openapi import HEALTH_OPERATION, READY_OPERATION


class ReadinessCheck(Protocol):
    """Something that must hold for the service to do its work."""

    def __call__(self) -> str | None:
        """Return what is wrong, in words; None when nothing is."""


class Health(BaseModel):
    """The process answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Literal["ok"] = "ok"
    service: str = "voltherm"


class Readiness(BaseModel):
    """Whether the service can do its work, check by check."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Literal["ready", "not ready"]
    checks: dict[str, str]


def health_router(checks: Mapping[str, ReadinessCheck]) -> APIRouter:
    """Return the routes that tell how the service is.

    Parameters
    ----------
    checks : mapping of name to ReadinessCheck
        Each is asked again on every request.
    """
    router = APIRouter(tags=["health"])

    @router.head("/health", include_in_schema=False)
    @router.get("/health", summary="Liveness", openapi_extra=HEALTH_OPERATION, operation_id="health")
    async def health() -> Response:
        """Return 200 as long as the process answers; it says nothing of the data."""
        return _json(Health(), 200)

    @router.head("/health/ready", include_in_schema=False)
    @router.get("/health/ready", summary="Readiness", openapi_extra=READY_OPERATION, operation_id="ready")
    async def ready() -> Response:
        """Return 200 when every check holds, 503 when one does not."""
        found = {name: check() for name, check in checks.items()}
        is_ready = not any(found.values())
        words = {name: wrong or "ok" for name, wrong in found.items()}
        status: Literal["ready", "not ready"] = "ready" if is_ready else "not ready"
        return _json(Readiness(status=status, checks=words), 200 if is_ready else 503)

    return router


def _json(document: BaseModel, status: int) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(document.model_dump_json(), status_code=status, media_type="application/json", headers=headers)
