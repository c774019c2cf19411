"""``GET /v1/demo``: what the demo site does now, what it did, and what it will do."""

from __future__ import annotations

import math
from datetime import datetime
from http import HTTPStatus
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import APIRouter, Response
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict

from voltherm.adapters.documents.plan_answer import PlanAnswerDocument
from voltherm.application.demo_snapshot import DemoSeries, DemoSnapshot
from voltherm.domain.tariffs import Bill
from voltherm.interfaces.answer import answer_document
from voltherm.interfaces.api.demo_feed import DemoFeed
from voltherm.interfaces.api.openapi import DEMO_OPERATION
from voltherm.interfaces.api.problems import Refusal
from voltherm.interfaces.api.workers import RETRY

SHOWN_DECIMALS = 3


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class MeasuredDocument(_Part):
    """What the simulated meters saw, one mean for each step that is over; ``ceiling_kw`` null where none held."""

    start: AwareDatetime
    step_minutes: float
    steps: int
    zone: str
    load_kw: list[float]
    pv_kw: list[float]
    pv_curtailed_kw: list[float]
    battery_kw: list[float]
    grid_kw: list[float]
    without_battery_kw: list[float]
    soc: list[float]
    ceiling_kw: list[float | None]


class BillDocument(_Part):
    """The running billing period so far, by tariff component."""

    total: float
    lines: dict[str, float]


class DemoDocument(_Part):
    """The demo site: made from recorded data, and never connected to a device."""

    label: str
    quality: str
    site: str
    currency: str
    now: AwareDatetime
    replayed_until: AwareDatetime
    is_caught_up: bool
    soc: dict[str, float]
    measured: MeasuredDocument | None
    billed_from: AwareDatetime
    bill: BillDocument | None
    bill_without_battery: BillDocument | None
    plan: PlanAnswerDocument | None


def demo_router(feed: DemoFeed) -> APIRouter:
    """Return the route that shows ``feed``."""
    router = APIRouter(tags=["demo"])

    @router.get("/v1/demo", summary="The demo site", openapi_extra=DEMO_OPERATION, operation_id="demo")
    def demo() -> Response:
        """Return the demo's last days, its bill with and without the battery, and its plan."""
        if feed.snapshot is None:
            detail = "The demo is starting; try again in a second."
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "starting", detail, headers=RETRY)
        content = demo_document(feed.snapshot).model_dump_json()
        return Response(content, media_type="application/json", headers={"Cache-Control": "no-store"})

    return router


def demo_document(snapshot: DemoSnapshot) -> DemoDocument:
    """Return a snapshot as a document, in the site's zone."""
    site, decision = snapshot.site, snapshot.decision
    plan = None if decision is None else decision.plan
    return DemoDocument(
        label=snapshot.label,
        quality=snapshot.provenance.quality.value,
        site=site.id,
        currency=site.tariff.currency,
        now=_local(snapshot.now, site.zone),
        replayed_until=_local(snapshot.replayed_until, site.zone),
        is_caught_up=snapshot.is_caught_up,
        soc=snapshot.soc,
        measured=None if snapshot.measured is None else _measured(snapshot.measured, site.zone),
        billed_from=_local(snapshot.billed_from, site.zone),
        bill=_bill(snapshot.bill),
        bill_without_battery=_bill(snapshot.bill_without_battery),
        plan=None if plan is None else answer_document(plan, site),
    )


def _measured(series: DemoSeries, zone: ZoneInfo) -> MeasuredDocument:
    return MeasuredDocument(
        start=_local(series.grid.start, zone),
        step_minutes=series.grid.step_seconds / 60,
        steps=series.grid.n_steps,
        zone=zone.key,
        load_kw=_listed(series.load_kw),
        pv_kw=_listed(series.pv_kw),
        pv_curtailed_kw=_listed(series.pv_curtailed_kw),
        battery_kw=_listed(series.battery_kw),
        grid_kw=_listed(series.grid_kw),
        without_battery_kw=_listed(series.without_battery_kw),
        soc=_listed(series.soc),
        ceiling_kw=[value if math.isfinite(value) else None for value in _listed(series.ceiling_kw)],
    )


def _bill(bill: Bill | None) -> BillDocument | None:
    if bill is None:
        return None
    amounts: dict[str, float] = {}
    for line in bill.lines:
        if not line.is_included:
            amounts[line.component_id] = amounts.get(line.component_id, 0.0) + line.amount
    return BillDocument(total=bill.total, lines=amounts)


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone)


def _listed(values: NDArray[np.float64]) -> list[float]:
    rounded: list[float] = (np.round(values, SHOWN_DECIMALS) + 0.0).tolist()
    return rounded
