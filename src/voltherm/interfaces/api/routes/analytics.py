"""``/analytics``: what a proposed schedule would do to comfort."""

from __future__ import annotations

from typing import Any  # an OpenAPI document is whatever JSON is

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from voltherm.adapters.documents.plan_request import parsed_json
from voltherm.application.assess_comfort import assess_comfort
from voltherm.application.house_facts import HouseFacts
from voltherm.application.planned_day import NoPlan
from voltherm.application.proposed_hours import proposed_hours
from voltherm.interfaces.api.body import read_json_body
from voltherm.interfaces.api.documents.strategy import (
    COMFORT_RISK_EXAMPLE,
    LARGEST_REQUEST,
    ComfortRiskRequest,
    read_comfort_risk_request,
)
from voltherm.interfaces.api.house_desk import HouseDesk
from voltherm.interfaces.api.openapi import answers, reads
from voltherm.interfaces.api.routes.devices import open_store
from voltherm.interfaces.api.routes.strategy import BUSY, json_response, refuse_without_plan
from voltherm.interfaces.api.strategy_view import comfort_risk
from voltherm.interfaces.api.workers import PlanWorkers

_RISK: dict[str, Any] = reads(
    answers(
        "ComfortRiskAnswer",
        "How comfortable it is likely to be",
        {
            **BUSY,
            "404": "No device of that id is registered",
            "503": "The weather of those hours is not known, or a store or source does not answer",
        },
    ),
    "ComfortRiskRequest",
    COMFORT_RISK_EXAMPLE,
)


def analytics_router(desk: HouseDesk, workers: PlanWorkers) -> APIRouter:
    """Return the routes that judge schedules; nothing is stored.

    Parameters
    ----------
    desk : HouseDesk
        What is known of houses.
    workers : PlanWorkers
        Threads that simulate.
    """
    router = APIRouter(prefix="/analytics", tags=["analytics"], dependencies=[Depends(open_store(desk.heat))])

    @router.post("/comfort-risk", summary="Judge a schedule", openapi_extra=_RISK, operation_id="comfortRisk")
    async def judge(request: Request) -> Response:
        """Simulate the proposed modes by the physics of the plans, over an ensemble of weather.

        The score is 100 less the mean share of lost hours: an hour that ends a kelvin outside the band is lost whole.
        """
        content = await read_json_body(request, LARGEST_REQUEST)
        asked = read_comfort_risk_request(parsed_json(content, LARGEST_REQUEST))
        facts = await desk.facts(asked.device_id, asked.asked)
        return json_response(await workers.run(lambda: _judged(facts, asked)))

    return router


def _judged(facts: HouseFacts, asked: ComfortRiskRequest) -> BaseModel:
    day, hours = proposed_hours(facts, asked.asked, [each.hour for each in asked.proposed_schedule])
    risk = assess_comfort(facts, day, hours, [each.mode for each in asked.proposed_schedule])
    if isinstance(risk, NoPlan):
        raise refuse_without_plan(risk)
    return comfort_risk(risk)
