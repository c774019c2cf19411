"""The service, put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel
from starlette.types import Lifespan

from voltherm.adapters.documents.plan_answer import PlanAnswerDocument
from voltherm.adapters.documents.plan_request import PlanRequestDocument
from voltherm.interfaces.api.demo_feed import DemoFeed
from voltherm.interfaces.api.logs import LogsRequests
from voltherm.interfaces.api.openapi import describe
from voltherm.interfaces.api.problems import ProblemDocument, answer_errors_with_problems
from voltherm.interfaces.api.routes.demo import DemoDocument, demo_router
from voltherm.interfaces.api.routes.demo_page import demo_page_router
from voltherm.interfaces.api.routes.health import Health, Readiness, ReadinessCheck, health_router
from voltherm.interfaces.api.routes.plan import plan_router
from voltherm.interfaces.api.routes.redoc import redoc_router
from voltherm.interfaces.api.routes.root import DEMO_LINKS, LINKS, Link, Root, root_router
from voltherm.interfaces.api.workers import PlanWorkers


def create_app(
    *,
    workers: PlanWorkers | None = None,
    checks: Mapping[str, ReadinessCheck] | None = None,
    demo: DemoFeed | None = None,
) -> FastAPI:
    """Return the service.

    Parameters
    ----------
    workers : PlanWorkers, optional
        Threads that plan; by default two.
    checks : mapping of name to ReadinessCheck, optional
        What must hold besides for ``/health/ready`` to answer 200.
    demo : DemoFeed, optional
        A demo to run beside the service.
    """
    planners = PlanWorkers() if workers is None else workers

    def planner() -> str | None:
        return None if planners.has_room() else "too many plans are waiting"

    all_checks = {"planner": planner, **(checks or {})}
    app = _bare_app(_lifespan(planners, demo))
    app.include_router(plan_router(planners))
    written: list[type[BaseModel]] = [PlanAnswerDocument, ProblemDocument, Health, Readiness, Root]
    links: tuple[Link, ...] = LINKS
    if demo is not None:
        all_checks["demo"] = demo.readiness
        app.include_router(demo_page_router(demo, planners))
        app.include_router(demo_router(demo))
        written.append(DemoDocument)
        links = (*DEMO_LINKS, *LINKS)
    app.include_router(health_router(all_checks))
    app.include_router(root_router(links))
    app.include_router(redoc_router(app.title, "/openapi.json", "/static-offline-docs/favicon.png"))
    describe(app, read=[PlanRequestDocument], written=written)
    return app


def _bare_app(lifespan: Lifespan[FastAPI]) -> FastAPI:
    app: FastAPI = FastAPIOffline(
        redoc_url=None,
        title="Voltherm",
        summary="Plans batteries and PV behind one meter against the tariff that the site really pays",
        version=version("voltherm"),
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.add_middleware(LogsRequests)
    answer_errors_with_problems(app)
    return app


def _lifespan(planners: PlanWorkers, demo: DemoFeed | None) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            running = None if demo is None else tasks.create_task(demo.run())
            yield
            if running is not None:
                running.cancel()
        planners.close()

    return lifespan
