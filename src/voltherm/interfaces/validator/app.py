"""The validator, put together: a simulated battery with meter and bill as a service of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from importlib.metadata import version

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from voltherm.application.virtual_profile import VirtualProfile
from voltherm.application.virtual_site import VirtualSite
from voltherm.domain.site import Site
from voltherm.interfaces.api.logs import log_request
from voltherm.interfaces.api.openapi import describe
from voltherm.interfaces.api.problems import ProblemDocument, answer_errors_with_problems
from voltherm.interfaces.timed_requests import TimesRequests
from voltherm.interfaces.validator.command_document import CommandDocument
from voltherm.interfaces.validator.faults import FaultsDocument
from voltherm.interfaces.validator.live import LiveSite
from voltherm.interfaces.validator.page import WHAT
from voltherm.interfaces.validator.routes.about import about_router
from voltherm.interfaces.validator.routes.battery import battery_router
from voltherm.interfaces.validator.routes.costs import costs_router
from voltherm.interfaces.validator.routes.faults import faults_router
from voltherm.interfaces.validator.routes.meter import meter_router
from voltherm.interfaces.validator.routes.report import report_router
from voltherm.interfaces.validator.state_file import StateFile


def live_site(
    site: Site,
    profile: VirtualProfile,
    now: Callable[[], datetime],
    *,
    soc: float = 0.5,
    metered_before: timedelta = timedelta(0),
    state: StateFile | None = None,
) -> LiveSite:
    """Return a simulated site that lives by a clock; it goes on from its state file where that holds one.

    Parameters
    ----------
    site : Site
        Assets, connection and tariff.
    profile : VirtualProfile
        Load and sun.
    now : callable
        The clock.
    soc : float
        Of every battery at the begin, 0 to 1.
    metered_before : timedelta
        How long before now a new simulation begins; until now its batteries rest.
    state : StateFile or None
        Where it is kept.
    """
    virtual = VirtualSite(site, profile, now() - metered_before, soc)
    saved = None if state is None else state.load()
    if saved is not None:
        virtual.resume(saved.snapshot, saved.intervals, saved.entries)
    live = LiveSite(virtual, now, state)
    live.look()
    return live


def create_validator(live: LiveSite, *, has_faults: bool = False) -> FastAPI:
    """Return the validator as a service.

    Parameters
    ----------
    live : LiveSite
        The site.
    has_faults : bool
        Whether faults may be asked for.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        live.close()

    app: FastAPI = FastAPIOffline(
        redoc_url=None,
        title="Voltherm validator",
        summary=WHAT,
        version=version("voltherm"),
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.add_middleware(TimesRequests, told=log_request)
    answer_errors_with_problems(app)
    app.include_router(battery_router(live))
    app.include_router(meter_router(live))
    app.include_router(costs_router(live))
    app.include_router(report_router(live))
    app.include_router(about_router(live, has_faults=has_faults))
    if has_faults:
        app.include_router(faults_router(live))
    describe(app, read=[CommandDocument, *([FaultsDocument] if has_faults else [])], written=[ProblemDocument])
    return app
