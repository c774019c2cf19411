"""``GET /api/meter`` and ``GET /api/meter/intervals``."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Response

from voltherm.application.virtual_meter import MeteredInterval
from voltherm.domain.site import Site
from voltherm.interfaces.validator.answers import SinceQuery, answered, documented
from voltherm.interfaces.validator.documents import IntervalDocument, IntervalsDocument, MeterDocument
from voltherm.interfaces.validator.faults import SITE
from voltherm.interfaces.validator.live import LiveSite

MOST_INTERVALS: Final = 2_976
"""In one answer; 31 days of quarter-hours."""
_GONE = "The meter cannot be reached (a fault that was asked for)"


def meter_router(live: LiveSite) -> APIRouter:
    """Return the routes of the meter."""
    router = APIRouter(prefix="/api/meter", tags=["meter"])
    site = live.site
    meter_answers = documented(MeterDocument, "The meter of now", p503=_GONE)
    interval_answers = documented(IntervalsDocument, "Intervals that are over", p422="`since` is no time", p503=_GONE)

    @router.get("", summary="The meter of now", operation_id="meter", response_model=None, responses=meter_answers)
    async def meter() -> Response:
        """Return the power of now and the mean of the running metering interval."""
        live.faults.require_meter()
        view = live.look()
        document = MeterDocument(
            grid_kw=view.flows.grid_kw,
            timestamp=view.at,
            interval_start=view.running.start,
            interval_mean_kw=view.running.grid_kw,
            power_kw=dict(view.power_kw),
            standby_kw=sum(battery.standby_kw for battery in site.batteries),
            curtailed_kw=view.flows.pv_curtailed_kw,
            **live.told().model_dump(),
        )
        return answered(document)

    @router.get(
        "/intervals",
        summary="Metering intervals that are over",
        operation_id="intervals",
        response_model=None,
        responses=interval_answers,
    )
    async def intervals(since: SinceQuery = None) -> Response:
        """Return exact means from ``since`` on (else from the first), oldest first, at most 2,976 at once."""
        live.faults.require_meter()
        live.look()
        found = live.virtual.meter.since(since or live.virtual.began)[:MOST_INTERVALS]
        times = 2 if live.faults.of(SITE).duplicate_intervals else 1
        documents = [_interval(one, site) for one in found]
        document = IntervalsDocument(
            interval_minutes=int(live.virtual.meter.step.total_seconds() // 60),
            intervals=[document for document in documents for _ in range(times)],
            **live.told(found).model_dump(),
        )
        return answered(document)

    return router


def _interval(metered: MeteredInterval, site: Site) -> IntervalDocument:
    return IntervalDocument(
        start=metered.start,
        grid_kw=metered.grid_kw,
        power_kw={asset.id: power for asset, power in zip(site.assets, metered.power_kw, strict=True)},
        soc={battery.id: soc for battery, soc in zip(site.batteries, metered.soc, strict=True)},
        without_battery_kw=metered.without_kw,
        curtailed_kw=metered.curtailed_kw,
    )
