"""``/api/mpc``: what the controlled batteries are told, the plan behind it, and how the service is."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from voltherm.adapters.documents.problem import Problems
from voltherm.application.site_control.ladder import RunningPlan, unfit
from voltherm.application.site_control.site_loop import ControlledSite, NotHeld
from voltherm.bootstrap import Service
from voltherm.interfaces.api.access import Access
from voltherm.interfaces.api.mpc_view import current_dispatch, full_schedule, site_status, triggered
from voltherm.interfaces.api.openapi import answers
from voltherm.interfaces.api.problems import Refusal

AGAIN = {"Retry-After": "5"}
SITE_ID = Query(
    alias="site_id",
    max_length=100,
    description="which site, where several are controlled; by default the first",
)
SiteId = Annotated[str | None, SITE_ID]

_NO_SITE = {"404": "No site of that id is controlled", "503": "No site is configured, or it cannot answer yet"}
_DISPATCH = answers("CurrentDispatch", "What is commanded now", _NO_SITE)
_SCHEDULE = answers("FullSchedule", "The plan that is followed", _NO_SITE)
_STATUS = answers("SiteStatus", "Health and statistics", _NO_SITE)
_TRIGGER = answers(
    "Triggered",
    "What came of the cycle",
    {
        "401": "The token is missing or wrong",
        "403": "No token is set, and the request is not from this machine",
        **_NO_SITE,
    },
)


def mpc_router(service: Service, access: Access) -> APIRouter:
    """Return the routes of the controlled sites.

    Parameters
    ----------
    service : Service
        Whose sites.
    access : Access
        Who may ask for a cycle, which moves a device.
    """
    router = APIRouter(prefix="/api/mpc", tags=["mpc"], dependencies=[Depends(require_known_parameters)])
    told: dict[str, tuple[RunningPlan | None, str]] = {}  # a plan is written out once, and asked for often

    @router.get("/current_dispatch", summary="The command of now", openapi_extra=_DISPATCH, operation_id="dispatch")
    async def dispatch(site_id: SiteId = None) -> Response:
        """Return the power that the battery is told now, positive to charge; null while nothing is commanded."""
        return _json(current_dispatch(_site(service, site_id), service.clock))

    @router.get("/full_schedule", summary="The whole plan", openapi_extra=_SCHEDULE, operation_id="schedule")
    async def schedule(site_id: SiteId = None) -> Response:
        """Return the plan that is followed, over its whole horizon, with its costs and reasons."""
        controlled = _site(service, site_id)
        running = controlled.state.running
        why = controlled.state.plan_trouble or controlled.state.standing.why or "none has been made"
        if running is not None:
            now, now_s = service.clock.now(), service.clock.monotonic_s()
            why = unfit(running, now, now_s, controlled.state.settings.ladder)
        if running is None or why:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "no-plan", f"There is no plan: {why}.", headers=AGAIN)
        name, (told_of, text) = controlled.state.site.id, told.get(controlled.state.site.id, (None, ""))
        if told_of is not running:
            text = full_schedule(controlled.state.site, running).model_dump_json()
            told[name] = running, text
        return _text(text)

    @router.get("/status", summary="Health and statistics", openapi_extra=_STATUS, operation_id="status")
    async def status(site_id: SiteId = None) -> Response:
        """Return how the site is controlled: the rung and why, ages, leases, cycles, peaks, alarms."""
        states = {name: str(http.breaker_state) for name, http in service.outside.items()}
        return _json(site_status(_site(service, site_id), service.clock, service.holder, states))

    @router.post("/trigger", summary="Plan now", openapi_extra=_TRIGGER, operation_id="trigger")
    async def trigger(request: Request, site_id: SiteId = None) -> Response:
        """Run a cycle now and dispatch it; while one is running, return that one's outcome.

        It moves a device: it takes the service's token, or, where none is set, a program on this machine.
        """
        access.require_writer(request)
        controlled = _site(service, site_id)
        try:
            report = await controlled.trigger()
        except NotHeld as error:
            detail = f"The site is not commanded by this instance: {error}."
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "not-controlling", detail, headers=AGAIN) from None
        return _json(triggered(controlled, report, service.clock))

    return router


async def require_known_parameters(request: Request) -> None:
    """Let the request pass; a mistyped ``site_id`` must not be answered with the first site.

    Raises
    ------
    DocumentError
        With every parameter that is not known, and with a site that is named twice.
    """
    problems = Problems()
    for name, value in request.query_params.multi_items():
        if name != "site_id":
            problems.add([name], "is not a known parameter", "use site_id", value)
    if len(request.query_params.getlist("site_id")) > 1:
        problems.add(["site_id"], "is given twice", "give it once")
    problems.raise_if_any()


def _site(service: Service, site_id: str | None) -> ControlledSite:
    if not service.sites:
        detail = "No site is controlled: set BMS_BASE_URL, or SITES_FILE, and start again."
        raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "no-site", detail)
    if site_id is None:
        return next(iter(service.sites.values()))
    if site_id not in service.sites:
        known = ", ".join(sorted(service.sites))
        raise Refusal(HTTPStatus.NOT_FOUND, "no-such-site", f"No such site is controlled; there are: {known}.")
    return service.sites[site_id]


def _json(document: BaseModel) -> Response:
    return _text(document.model_dump_json())


def _text(content: str) -> Response:
    return Response(content, media_type="application/json", headers={"Cache-Control": "no-store"})
