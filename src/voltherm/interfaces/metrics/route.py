"""``GET /metrics``, and what measures every answer."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import choose_encoder
from starlette.types import Scope

from voltherm.interfaces.metrics.metrics import ServiceMetrics
from voltherm.interfaces.timed_requests import Told

NO_ROUTE = "none"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def metrics_router(metrics: ServiceMetrics, observe: Callable[[], None]) -> APIRouter:
    """Return the route that monitoring reads, in the form that it asks for.

    Parameters
    ----------
    metrics : ServiceMetrics
        What is read.
    observe : callable
        Called before each reading, to bring the gauges up to the present.
    """
    router = APIRouter(tags=["health"])

    @router.get("/metrics", include_in_schema=False)
    async def read(request: Request) -> Response:
        """Return every metric as text."""
        observe()
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        headers = {"Content-Type": content_type, "Cache-Control": "no-store"}
        return Response(encode(metrics.registry), headers=headers)

    return router


def measured_by(metrics: ServiceMetrics) -> Told:
    """Return what tells the metrics of each answer, by the pattern of its route."""

    def told(scope: Scope, status: int, elapsed_s: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else "other"
        route = getattr(scope.get("route"), "path", NO_ROUTE)
        metrics.request(method, route, status, elapsed_s)

    return told
