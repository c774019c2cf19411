"""The reporter, put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version

import structlog
from fastapi import FastAPI, Request, Response
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, SecretStr
from starlette.types import Lifespan

from voltherm.interfaces.api.logs import log_request
from voltherm.interfaces.api.openapi import describe
from voltherm.interfaces.api.problems import ProblemDocument, answer_errors_with_problems, problem_response
from voltherm.interfaces.api.routes.health import Health, Readiness
from voltherm.interfaces.api.routes.redoc import redoc_router
from voltherm.interfaces.reporter.access import WantsToken
from voltherm.interfaces.reporter.answers import ForecastDocument, LoadRowDocument, SolarRowDocument
from voltherm.interfaces.reporter.desk import Desk
from voltherm.interfaces.reporter.page import ReporterDocument
from voltherm.interfaces.reporter.reading_document import KeptDocument, KeptReadingsDocument, ReadingsDocument
from voltherm.interfaces.reporter.routes.forecasts import forecasts_router
from voltherm.interfaces.reporter.routes.health import health_router
from voltherm.interfaces.reporter.routes.readings import readings_router
from voltherm.interfaces.reporter.routes.root import root_router
from voltherm.interfaces.timed_requests import TimesRequests
from voltherm.ports.errors import OutsideError

WRITTEN: tuple[type[BaseModel], ...] = (
    ForecastDocument,
    LoadRowDocument,
    SolarRowDocument,
    KeptDocument,
    KeptReadingsDocument,
    ReporterDocument,
    ProblemDocument,
    Health,
    Readiness,
)

Step = Callable[[], Awaitable[None]]

_log = structlog.get_logger(__name__)


def create_reporter(
    desk: Desk, *, token: SecretStr | None = None, begin: Step | None = None, end: Step | None = None
) -> FastAPI:
    """Return the service.

    Parameters
    ----------
    desk : Desk
        The site's readings and forecasts.
    token : SecretStr, optional
        Wanted on every path below ``/api``; by default everybody may ask.
    begin, end : callable, optional
        Awaited when the service starts, before it answers, and when it stops: what opens and closes its adapters.
    """
    app: FastAPI = FastAPIOffline(
        redoc_url=None,
        title="Voltherm reporter",
        summary="Forecasts a site's load and sun from its meter's readings",
        version=version("voltherm"),
        lifespan=_lifespan(desk, begin, end),
        redirect_slashes=False,
    )
    if token is not None:
        app.add_middleware(WantsToken, token=token)
    app.add_middleware(TimesRequests, told=log_request)
    answer_errors_with_problems(app)
    app.add_exception_handler(OutsideError, _outside)
    app.include_router(forecasts_router(desk))
    app.include_router(readings_router(desk))
    app.include_router(health_router(desk))
    app.include_router(root_router(desk))
    app.include_router(redoc_router(app.title, "/openapi.json", "/static-offline-docs/favicon.png"))
    describe(app, read=[ReadingsDocument], written=WRITTEN)
    return app


async def _outside(_: Request, error: Exception) -> Response:
    """Tell that the database does not answer; a meter that does not is no error of a request."""
    _log.error("store_failed", why=str(error))
    detail = "The readings cannot be reached now; ask again in some seconds, or look into the reporter's log."
    return problem_response(503, "unavailable", detail, headers={"Retry-After": "5"})


def _lifespan(desk: Desk, begin: Step | None, end: Step | None) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if begin is not None:
            await begin()
        try:
            async with asyncio.TaskGroup() as tasks:
                following = None if desk.feed is None else tasks.create_task(desk.feed.run())
                yield
                if following is not None:
                    following.cancel()
        finally:
            if end is not None:
                await end()

    return lifespan
