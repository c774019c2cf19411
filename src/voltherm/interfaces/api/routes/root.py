"""``GET /``: what this is and where to look, as JSON for programs and as a page for browsers."""

from __future__ import annotations

import re
from importlib.metadata import version
from importlib.resources import files

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict

from voltherm.interfaces.api.openapi import ROOT_OPERATION


class Link(BaseModel):
    """A place to look."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    path: str
    what: str


class Root(BaseModel):
    """What this is and where to look."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str
    version: str
    what: str
    links: list[Link]


WHAT = "Plans batteries and PV behind one meter against the tariff that the site really pays."
LINKS = (
    Link(method="POST", path="/v1/plan", what="a plan request in, a validated plan with its reasons out"),
    Link(method="GET", path="/docs", what="every endpoint, with requests to try"),
    Link(method="GET", path="/redoc", what="the same, to read"),
    Link(method="GET", path="/openapi.json", what="the same, for programs"),
    Link(method="GET", path="/health", what="whether the process answers"),
    Link(method="GET", path="/health/ready", what="whether it can do its work, and why not"),
)
DEMO_LINKS = (
    Link(method="GET", path="/demo", what="a demo site, replayed from recorded data: what its battery does and saves"),
    Link(method="GET", path="/v1/demo", what="the same, for programs: its meters, its bill, its plan"),
)
MPC_LINKS = (
    Link(method="GET", path="/api/mpc/current_dispatch", what="what the battery is told now"),
    Link(method="GET", path="/api/mpc/full_schedule", what="the plan behind it"),
    Link(method="GET", path="/api/mpc/status", what="how the service is: rung, ages, leases, peaks, alarms"),
    Link(method="POST", path="/api/mpc/trigger", what="plan now"),
    Link(method="GET", path="/metrics", what="for Prometheus"),
)
DEVICE_LINKS = (
    Link(method="POST", path="/devices/register", what="a heat pump with its house"),
    Link(method="GET", path="/devices", what="the registered heat pumps"),
    Link(method="POST", path="/strategy/daily-plan", what="a heat pump's local day, one mode an hour"),
    Link(method="GET", path="/strategy/current-action/{device_id}", what="what it should do right now"),
    Link(method="POST", path="/analytics/comfort-risk", what="what a schedule would do to comfort"),
)
USUAL_HOST = "localhost:8001"
"""Shown where the request names no host that could be pasted into a shell."""
_PLAIN_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?")


def root_router(links: tuple[Link, ...] = LINKS) -> APIRouter:
    """Return the route that tells where to look."""
    router = APIRouter(tags=["about"])
    page = _page(links)
    about = Root(service="voltherm", version=version("voltherm"), what=WHAT, links=list(links))

    @router.head("/", include_in_schema=False)
    @router.get("/", summary="What this is and where to look", openapi_extra=ROOT_OPERATION, operation_id="root")
    async def root(request: Request) -> Response:
        """Return JSON, or a page where the client prefers HTML."""
        headers = {"Vary": "Accept", "Cache-Control": "no-store"}
        if prefers_html(request.headers.get("accept", "")):
            return Response(page.replace("{{address}}", _address(request)), media_type="text/html", headers=headers)
        return Response(about.model_dump_json(), media_type="application/json", headers=headers)

    return router


def prefers_html(accept: str) -> bool:
    """Return whether an Accept header names HTML before JSON; a browser does, curl does not."""
    named = [part.split(";")[0].strip().lower() for part in accept.split(",")]
    if "text/html" not in named:
        return False
    return "application/json" not in named or named.index("text/html") < named.index("application/json")


def _address(request: Request) -> str:
    """Return where the client reached the service."""
    host = request.headers.get("host", "")
    scheme = "https" if request.scope["scheme"] == "https" else "http"
    return f"{scheme}://{host if _PLAIN_HOST.fullmatch(host) else USUAL_HOST}"


def _page(links: tuple[Link, ...]) -> str:
    template = files("voltherm.interfaces.api").joinpath("root.html").read_text(encoding="utf-8")
    rows = "\n".join(_row(link) for link in links)
    return template.replace("{{what}}", WHAT).replace("{{rows}}", rows).replace("{{version}}", version("voltherm"))


def _row(link: Link) -> str:
    shown = f'<a href="{link.path}">{link.path}</a>' if link.method == "GET" else f"<code>{link.path}</code>"
    return f"<tr><td>{link.method}</td><td>{shown}</td><td>{link.what}</td></tr>"
