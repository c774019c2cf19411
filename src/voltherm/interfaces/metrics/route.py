"""``GET /metrics``, and the middleware that measures every answer."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import choose_encoder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voltherm.interfaces.metrics.metrics import ServiceMetrics

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


class MeasuresRequests:
    """Middleware that measures each answer by the pattern of its route.

    Parameters
    ----------
    app : ASGIApp
        What answers.
    metrics : ServiceMetrics
        Is told.
    """

    def __init__(self, app: ASGIApp, metrics: ServiceMetrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, and measure it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        began = perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "other"
            route = getattr(scope.get("route"), "path", NO_ROUTE)
            self._metrics.request(method, route, status, perf_counter() - began)
