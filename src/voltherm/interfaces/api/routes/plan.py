"""``POST /v1/plan``: stateless, the same document as ``voltherm plan``."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from voltherm.adapters.documents.plan_request import LARGEST_REQUEST, read_request
from voltherm.application.plan_site import plan_site
from voltherm.interfaces.answer import answer_document
from voltherm.interfaces.api.body import read_json_body
from voltherm.interfaces.api.openapi import PLAN_OPERATION
from voltherm.interfaces.api.workers import PlanWorkers


def plan_router(workers: PlanWorkers) -> APIRouter:
    """Return the route that plans on ``workers``."""
    router = APIRouter(tags=["plan"])

    @router.post("/v1/plan", summary="Plan a site", openapi_extra=PLAN_OPERATION, operation_id="plan")
    async def plan(request: Request) -> Response:
        """Return the cheapest plan of the site, validated, with its reasons, bill lines and proof.

        Nothing is stored: the request carries everything that the plan depends on.
        """
        content = await read_json_body(request, LARGEST_REQUEST)
        answer = await workers.run(lambda: _answer(content))
        return Response(answer, media_type="application/json")

    return router


def _answer(content: bytes) -> str:
    asked = read_request(content)
    return answer_document(plan_site(asked.site, asked.inputs), asked.site).model_dump_json()
