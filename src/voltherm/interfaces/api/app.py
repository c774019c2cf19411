"""The service, put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel
from starlette.types import Lifespan

from voltherm.adapters.documents.plan_answer import PlanAnswerDocument
from voltherm.adapters.documents.plan_request import PlanRequestDocument
from voltherm.bootstrap import HeatParts, Service
from voltherm.interfaces.api.access import Access
from voltherm.interfaces.api.control import trouble_of
from voltherm.interfaces.api.demo_feed import DemoFeed
from voltherm.interfaces.api.documents.devices import Device, DeviceRegistration
from voltherm.interfaces.api.documents.heat_readings import MeasurementPage, MeasurementsIn, MeasurementsTaken
from voltherm.interfaces.api.documents.mpc import CurrentDispatch, FullSchedule, SiteStatus, Triggered
from voltherm.interfaces.api.documents.strategy import (
    ComfortRiskAnswer,
    ComfortRiskRequest,
    CurrentActionAnswer,
    DailyPlan,
    DailyPlanRequest,
)
from voltherm.interfaces.api.house_desk import HouseDesk
from voltherm.interfaces.api.logs import log_request
from voltherm.interfaces.api.openapi import describe
from voltherm.interfaces.api.problems import ProblemDocument, answer_errors_with_problems
from voltherm.interfaces.api.routes.analytics import analytics_router
from voltherm.interfaces.api.routes.demo import DemoDocument, demo_router
from voltherm.interfaces.api.routes.demo_page import demo_page_router
from voltherm.interfaces.api.routes.devices import devices_router
from voltherm.interfaces.api.routes.health import Health, Readiness, ReadinessCheck, health_router
from voltherm.interfaces.api.routes.mpc import mpc_router
from voltherm.interfaces.api.routes.plan import plan_router
from voltherm.interfaces.api.routes.redoc import redoc_router
from voltherm.interfaces.api.routes.root import DEMO_LINKS, DEVICE_LINKS, LINKS, MPC_LINKS, Link, Root, root_router
from voltherm.interfaces.api.routes.strategy import strategy_router
from voltherm.interfaces.api.workers import PlanWorkers
from voltherm.interfaces.metrics.metrics import ServiceMetrics
from voltherm.interfaces.metrics.observe import observe
from voltherm.interfaces.metrics.route import measured_by, metrics_router
from voltherm.interfaces.timed_requests import TimesRequests


def create_app(
    *,
    workers: PlanWorkers | None = None,
    checks: Mapping[str, ReadinessCheck] | None = None,
    demo: DemoFeed | None = None,
    service: Service | None = None,
    access: Access | None = None,
    metrics: ServiceMetrics | None = None,
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
    service : Service, optional
        Sites to keep under control.
    access : Access, optional
        Who may write; by default whoever is on this machine.
    metrics : ServiceMetrics, optional
        What counts the service's events; answers at ``/metrics`` then.
    """
    planners = PlanWorkers() if workers is None else workers
    all_checks = {"planner": partial(_trouble_of_planners, planners), **(checks or {})}
    app = _bare_app(_lifespan(planners, demo, service))
    app.include_router(plan_router(planners))
    read: list[type[BaseModel]] = [PlanRequestDocument]
    written: list[type[BaseModel]] = [PlanAnswerDocument, ProblemDocument, Health, Readiness, Root]
    links: tuple[Link, ...] = LINKS
    if demo is not None:
        all_checks["demo"] = demo.readiness
        app.include_router(demo_page_router(demo, planners))
        app.include_router(demo_router(demo))
        written.append(DemoDocument)
        links = (*DEMO_LINKS, *LINKS)
    if service is not None:
        all_checks["control"] = partial(trouble_of, service)
        app.include_router(mpc_router(service, access or Access(None)))
        if metrics is not None:
            app.add_middleware(TimesRequests, told=measured_by(metrics))
            app.include_router(metrics_router(metrics, partial(observe, metrics, service)))
        written += [CurrentDispatch, FullSchedule, SiteStatus, Triggered]
        links = (*links, *MPC_LINKS)
        if service.heat is not None:
            _add_heat(app, service.heat, planners, access or Access(None))
            read += HEAT_READ
            written += HEAT_WRITTEN
            links = (*links, *DEVICE_LINKS)
    app.include_router(health_router(all_checks))
    app.include_router(root_router(links))
    app.include_router(redoc_router(app.title, "/openapi.json", "/static-offline-docs/favicon.png"))
    describe(app, read=read, written=written)
    return app


def _trouble_of_planners(planners: PlanWorkers) -> str | None:
    return None if planners.has_room() else "too many plans are waiting"


HEAT_READ: Final = (DeviceRegistration, MeasurementsIn, DailyPlanRequest, ComfortRiskRequest)
HEAT_WRITTEN: Final = (Device, MeasurementPage, MeasurementsTaken, DailyPlan, CurrentActionAnswer, ComfortRiskAnswer)
"""The documents that routes of registered heat pumps read and write."""


def _add_heat(app: FastAPI, heat: HeatParts, planners: PlanWorkers, access: Access) -> None:
    desk = HouseDesk(heat)
    app.include_router(devices_router(heat, access))
    app.include_router(strategy_router(desk, planners, access))
    app.include_router(analytics_router(desk, planners))


def _bare_app(lifespan: Lifespan[FastAPI]) -> FastAPI:
    app: FastAPI = FastAPIOffline(
        redoc_url=None,
        title="Voltherm",
        summary="Plans batteries and PV behind one meter against the tariff that the site really pays",
        version=version("voltherm"),
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.add_middleware(TimesRequests, told=log_request)
    answer_errors_with_problems(app)
    return app


def _lifespan(planners: PlanWorkers, demo: DemoFeed | None, service: Service | None) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(part.run()) for part in (demo, service) if part is not None]
            yield
            for task in running:
                task.cancel()
        planners.close()

    return lifespan
