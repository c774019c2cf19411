"""``GET /api/forecasts/load`` and ``/solar``, of the whole site or of a point."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from voltherm.application.serve_forecasts import Made, NotMade
from voltherm.domain.external_forecast import ForecastKind
from voltherm.interfaces.api.problems import Refusal
from voltherm.interfaces.reporter.answers import forecast_document, rows_json
from voltherm.interfaces.reporter.asked import ROWS, asked_for, read_forecast_query
from voltherm.interfaces.reporter.desk import Desk
from voltherm.interfaces.reporter.openapi import forecast_operation

NO_STORE = {"Cache-Control": "no-store"}
RETRY_S = 10


def forecasts_router(desk: Desk) -> APIRouter:
    """Return the routes of both kinds."""
    router = APIRouter(tags=["forecasts"])
    for kind in ForecastKind:
        _add(router, desk, kind)
    return router


def _add(router: APIRouter, desk: Desk, kind: ForecastKind) -> None:
    path, operation = f"/api/forecasts/{kind.value}", forecast_operation(kind)

    @router.get(
        path, summary=f"The site's {kind.value}", openapi_extra=operation, operation_id=f"{kind.value}_forecast"
    )
    async def of_site(request: Request) -> Response:
        """Return the forecast, made from what was complete when it was issued."""
        return await _answer(desk, kind, None, request)

    @router.get(
        f"{path}/{{point}}",
        summary=f"The {kind.value} of a point",
        openapi_extra=operation,
        operation_id=f"{kind.value}_forecast_of_point",
    )
    async def of_point(point: str, request: Request) -> Response:
        """Return the forecast of the site by its id, or of one of its loads or PV plants by theirs."""
        return await _answer(desk, kind, point, request)


async def _answer(desk: Desk, kind: ForecastKind, point: str | None, request: Request) -> Response:
    query = read_forecast_query(request.query_params, kind)
    asked = asked_for(desk.site, kind, point, alias=desk.alias, step=query.step)
    await desk.catch_up()
    made = _made(await desk.forecasts.forecast(asked))
    now = desk.clock.now()
    if query.shape == ROWS:
        content = rows_json(made, now, kind, desk.site.zone)
    else:
        is_demo = bool(desk.demo_label)
        content = forecast_document(made, now, query.hours, source=desk.source, is_demo=is_demo).model_dump_json()
    return Response(content, media_type="application/json", headers=NO_STORE)


def _made(made: Made | NotMade) -> Made:
    if isinstance(made, Made):
        return made
    kind, headers = ("busy", {"Retry-After": str(RETRY_S)}) if made.is_passing else ("too-little-history", None)
    raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, kind, made.why, headers=headers)
