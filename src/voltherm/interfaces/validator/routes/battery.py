"""``GET /api/battery/soc`` and ``POST /api/battery/dispatch``."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any  # a body with a fault in it is whatever a broken device sends

from fastapi import APIRouter, Request, Response

from voltherm.adapters.documents.problem import DocumentError
from voltherm.application.virtual_battery import VirtualBattery
from voltherm.application.virtual_site import SiteView
from voltherm.domain.device import DeviceMode
from voltherm.interfaces.api.body import read_json_body
from voltherm.interfaces.validator.answers import DeviceQuery, answered, documented
from voltherm.interfaces.validator.command_document import LARGEST_COMMAND, CommandDocument, read_command, received
from voltherm.interfaces.validator.documents import DispatchDocument, EchoDocument, SocDocument
from voltherm.interfaces.validator.faults import FaultsDocument
from voltherm.interfaces.validator.live import LiveSite

SOURCE = "simulator"

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/CommandDocument"},
                "examples": {
                    "plain": {
                        "summary": "The plain shape: holds for 60 s; charging is positive",
                        "value": {"power_kw": 25.0, "timestamp": "2026-03-10T06:00:05Z"},
                    }
                },
            }
        },
    }
}
_REFUSED = {"model": DispatchDocument, "description": "The command is refused; `detail` says why"}
_GONE = "The battery cannot be reached (a fault that was asked for), or cannot keep what it has seen"


def battery_router(live: LiveSite) -> APIRouter:
    """Return the routes of the battery."""
    router = APIRouter(prefix="/api/battery", tags=["battery"])
    frozen: dict[str, Frozen] = {}

    soc_answers = documented(SocDocument, "The battery of now", p404="No such battery", p422="Name one", p503=_GONE)

    @router.get("/soc", summary="The battery of now", operation_id="soc", response_model=None, responses=soc_answers)
    async def soc(device_id: DeviceQuery = None) -> Response:
        """Return state of charge, power, limits of now, and the command that is followed."""
        device = live.device(device_id)
        name = device.battery.id
        await live.faults.require_reachable(name)
        view = live.look()
        document = _soc(live, device, view)
        faults = live.faults.of(name)
        if faults.is_frozen:
            document = frozen.setdefault(name, Frozen(document)).instead_of(document)
        else:
            frozen.pop(name, None)
        await live.faults.delay(name)
        return answered(document) if faults.spares_the_answer else _faulty(document, faults)

    answers = {
        **documented(
            DispatchDocument,
            "The command is accepted",
            p400="The body ended early",
            p404="No such battery",
            p408="The body did not arrive in time",
            p413="The body is too large",
            p415="The body is not JSON by its header",
            p422="The body is no command, or one from the future; each problem is listed",
            p503=_GONE,
        ),
        409: _REFUSED,
    }

    @router.post(
        "/dispatch",
        summary="Command the battery",
        operation_id="dispatch",
        response_model=None,
        responses=answers,
        openapi_extra=_BODY,
    )
    async def dispatch(request: Request) -> Response:
        """Take a command, until it expires; the same id again gives the first answer again and does nothing."""
        try:
            document = read_command(await read_json_body(request, LARGEST_COMMAND))
            return await _dispatched(live, document)
        except DocumentError as error:
            live.note_malformed(str(error).splitlines()[0])
            raise

    return router


async def _dispatched(live: LiveSite, document: CommandDocument) -> Response:
    device = live.device(document.device_id)
    name = device.battery.id
    await live.faults.require_reachable(name)
    live.advance()
    command = received(document, live.virtual.now, live.virtual.log.last_number + 1)
    answer, _ = live.receive(name, command)
    await live.faults.delay(name)
    told = DispatchDocument(
        accepted=answer.is_accepted,
        command_id=answer.command_id,
        power_kw=answer.power_kw,
        valid_until=answer.valid_until,
        detail=answer.detail,
        **live.told().model_dump(),
    )
    return answered(told, HTTPStatus.OK if answer.is_accepted else HTTPStatus.CONFLICT)


def _soc(live: LiveSite, device: VirtualBattery, view: SiteView) -> SocDocument:
    name, command, told_kw = device.battery.id, device.command, device.told_kw
    echo = None
    if command is not None and told_kw is not None:
        echo = EchoDocument(id=command.id, power_kw=told_kw, valid_until=command.valid_until)
    return SocDocument(
        soc=view.soc[name],
        timestamp=view.at,
        source=SOURCE,
        power_kw=view.power_kw[name],
        charge_limit_kw=device.charge_limit_kw,
        discharge_limit_kw=device.discharge_limit_kw,
        mode=device.conditions.mode,
        heartbeat=int((view.at - live.virtual.began).total_seconds()),
        alarms=["fault"] if device.conditions.mode is DeviceMode.FAULT else [],
        command=echo,
        **live.told().model_dump(),
    )


class Frozen:
    """What a battery tells whose measurement stands still: the old state of charge, heartbeat and time.

    Parameters
    ----------
    document : SocDocument
        The last honest answer.
    """

    def __init__(self, document: SocDocument) -> None:
        self._still = {name: getattr(document, name) for name in ("soc", "heartbeat", "timestamp")}

    def instead_of(self, document: SocDocument) -> SocDocument:
        """Return the answer with what stands still."""
        return document.model_copy(update=self._still)


def _faulty(document: SocDocument, faults: FaultsDocument) -> Response:
    """Return the answer as a battery with these faults would give it; it need not fit the document any more."""
    body: dict[str, Any] = document.model_dump(mode="json")
    body["soc"] += faults.soc_jump
    if faults.overrides_soc:
        body["soc"] = faults.soc
    stamp = document.timestamp + timedelta(seconds=faults.clock_offset_s)
    body["timestamp"] = datetime.isoformat(stamp)
    return Response(json.dumps(body), media_type="application/json", headers={"Cache-Control": "no-store"})
