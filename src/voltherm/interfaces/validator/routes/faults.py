"""``POST`` and ``DELETE /api/faults``, where the program was started with ``--faults``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from voltherm.adapters.documents.problem import DocumentError, problems_of
from voltherm.interfaces.api.body import read_json_body
from voltherm.interfaces.validator.answers import DeviceQuery, answered, documented
from voltherm.interfaces.validator.faults import SITE, FaultsDocument
from voltherm.interfaces.validator.live import LiveSite

LARGEST_FAULTS = 10_000
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/FaultsDocument"}}},
    }
}


def faults_router(live: LiveSite) -> APIRouter:
    """Return the routes that make the battery and the meter fail."""
    router = APIRouter(prefix="/api", tags=["faults"])
    cleared = documented(
        FaultsDocument, "The faults of now", p404="No such battery", p422="The query is not as documented"
    )
    posted = documented(
        FaultsDocument,
        "The faults of now",
        p400="The body ended early",
        p404="No such battery",
        p408="The body did not arrive in time",
        p413="The body is too large",
        p415="The body is not JSON by its header",
        p422="A fault is not as documented; each problem is listed",
    )

    @router.post(
        "/faults",
        summary="Ask for faults",
        operation_id="set_faults",
        response_model=None,
        responses=posted,
        openapi_extra=_BODY,
    )
    async def set_faults(request: Request, device_id: DeviceQuery = None) -> Response:
        """Set the faults that the body names, of one battery or of all and the meter; the others stay."""
        names = _names(live, device_id)
        content = await read_json_body(request, LARGEST_FAULTS)
        try:
            asked = FaultsDocument.model_validate_json(content)
        except ValidationError as error:
            raise DocumentError(problems_of(error)) from None
        live.faults.set([*names, SITE] if asked.names_the_meter else names, asked)
        return _changed(live, names)

    @router.delete(
        "/faults", summary="Take the faults back", operation_id="clear_faults", response_model=None, responses=cleared
    )
    async def clear_faults(device_id: DeviceQuery = None) -> Response:
        """Take all faults back, of one battery or of all and the meter."""
        names = _names(live, device_id)
        live.faults.clear(names)
        return _changed(live, names)

    return router


def _names(live: LiveSite, device_id: str | None) -> list[str]:
    return [SITE, *live.virtual.devices] if device_id is None else [live.device(device_id).battery.id]


def _changed(live: LiveSite, names: list[str]) -> Response:
    for name in names:
        if name != SITE:
            live.change(name, live.faults.of(name).conditions)
    return answered(live.faults.of(names[0]))
