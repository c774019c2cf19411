"""``/strategy``: the daily plan of a registered heat pump, and what it should do right now."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final  # an OpenAPI document is whatever JSON is

import structlog
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from voltherm.adapters.documents.plan_request import parsed_json
from voltherm.application.decide_action import decide_action
from voltherm.application.house_facts import HouseFacts
from voltherm.application.plan_day import day_asked_for, plan_day
from voltherm.application.planned_day import NoPlan, PlannedDay
from voltherm.interfaces.api.access import Access
from voltherm.interfaces.api.body import read_json_body
from voltherm.interfaces.api.documents.strategy import (
    DAILY_PLAN_EXAMPLE,
    LARGEST_REQUEST,
    DailyPlanRequest,
    read_daily_plan_request,
)
from voltherm.interfaces.api.house_desk import HouseDesk
from voltherm.interfaces.api.openapi import answers, reads
from voltherm.interfaces.api.problems import Refusal
from voltherm.interfaces.api.routes.devices import open_store, require_only
from voltherm.interfaces.api.strategy_view import current_action, daily_plan
from voltherm.interfaces.api.workers import PlanWorkers
from voltherm.ports.errors import OutsideError

_log = structlog.get_logger(__name__)

BUSY: Final[Mapping[str, str]] = {"429": "Too much is being planned; Retry-After says when to come back"}
_UNKNOWN = {"404": "No device of that id is registered"}
_PLAN: dict[str, Any] = reads(
    answers(
        "DailyPlan",
        "The plan",
        {
            **_UNKNOWN,
            **BUSY,
            "503": "Prices or weather of that day are not known, or a store or source does not answer",
        },
    ),
    "DailyPlanRequest",
    DAILY_PLAN_EXAMPLE,
)
_ACTION = answers(
    "CurrentActionAnswer", "What to do now", {**_UNKNOWN, **BUSY, "503": "A store or a source does not answer"}
)


def strategy_router(desk: HouseDesk, workers: PlanWorkers, access: Access) -> APIRouter:
    """Return the routes of daily plans.

    Parameters
    ----------
    desk : HouseDesk
        What is known of houses.
    workers : PlanWorkers
        Threads that plan.
    access : Access
        Who may have a plan made, which replaces the stored one.
    """
    router = APIRouter(prefix="/strategy", tags=["strategy"], dependencies=[Depends(open_store(desk.heat))])

    @router.post("/daily-plan", summary="Plan a local day", openapi_extra=_PLAN, operation_id="dailyPlan")
    async def plan(request: Request) -> Response:
        """Return the cheapest plan of a local day that keeps comfort: one mode an hour, and what it saves.

        It is stored, and followed by ``/strategy/current-action``.
        """
        access.require_writer(request)
        content = await read_json_body(request, LARGEST_REQUEST)
        asked = read_daily_plan_request(parsed_json(content, LARGEST_REQUEST))
        facts = await desk.facts(asked.device_id, asked.asked)
        planned, answer = await workers.run(lambda: _planned(facts, asked, desk))
        if planned.covers_its_day:
            await desk.heat.day_plans.save_day_plan(planned.kept)
        return json_response(answer)

    path = "/current-action/{device_id}"

    @router.get(path, summary="What to do now", openapi_extra=_ACTION, operation_id="currentAction")
    async def act(request: Request, device_id: str) -> Response:
        """Return what the heat pump should do right now: the stored plan, corrected by what was measured, and why."""
        require_only(request)
        facts = await desk.facts(device_id)
        action = await workers.run(lambda: decide_action(facts, desk.forecasts))
        if action.fresh is not None and action.fresh.covers_its_day:
            await _keep(desk, action.fresh)
        return json_response(current_action(action))

    return router


def refuse_without_plan(none: NoPlan) -> Refusal:
    """Return the refusal of what cannot be planned."""
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, none.kind, f"{none.why}; {none.remedy}.")


def json_response(document: BaseModel) -> Response:
    """Return a document that nobody may keep."""
    headers = {"Cache-Control": "no-store"}
    return Response(document.model_dump_json(), media_type="application/json", headers=headers)


def _planned(facts: HouseFacts, asked: DailyPlanRequest, desk: HouseDesk) -> tuple[PlannedDay, BaseModel]:
    planned = plan_day(facts, day_asked_for(facts, asked.asked), desk.forecasts)
    if isinstance(planned, NoPlan):
        raise refuse_without_plan(planned)
    return planned, daily_plan(planned, was_asked=asked.asked is not None)


async def _keep(desk: HouseDesk, planned: PlannedDay) -> None:
    """Keep a plan that was made to answer a question; the answer stands without."""
    try:
        await desk.heat.day_plans.save_day_plan(planned.kept)
    except OutsideError as error:
        _log.warning("day_plan_not_kept", device=planned.kept.device_id, why=str(error))
