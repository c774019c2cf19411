"""``/devices`` and ``/v1/devices/{id}/measurements``: heat pumps that somebody registered, and what they measured."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import TypeAdapter

from voltherm.adapters.documents.fields import Instant
from voltherm.adapters.documents.plan_request import parsed_json
from voltherm.adapters.documents.problem import DocumentError, Problem, Problems
from voltherm.application.register_device import register_device
from voltherm.bootstrap import HeatParts
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.registered_device import RegisteredDevice
from voltherm.interfaces.api.access import Access
from voltherm.interfaces.api.body import read_json_body
from voltherm.interfaces.api.documents.devices import (
    DEVICE_ID,
    LARGEST_REGISTRATION,
    LONGEST_ID,
    REGISTRATION_EXAMPLE,
    Device,
    device_document,
    read_registration,
    refused_by_physics,
)
from voltherm.interfaces.api.documents.heat_readings import (
    LARGEST_BATCH,
    MEASUREMENTS_EXAMPLE,
    MOST_AT_ONCE,
    MeasurementPage,
    MeasurementsTaken,
    measurement,
    read_batch,
)
from voltherm.interfaces.api.openapi import answers, answers_list, reads
from voltherm.interfaces.api.problems import Refusal
from voltherm.ports.errors import Unavailable
from voltherm.ports.registry import DeviceTakenError

OPEN_S: Final = 10.0
"""Longest wait for a database that is being brought up. [s]"""
A_DAY: Final = timedelta(days=1)

Limit = Annotated[int, Query(ge=1, le=200, description="how many at most")]
After = Annotated[
    str, Query(max_length=LONGEST_ID, description="the last id of the page before; by default from the first on")
]
Since = Annotated[Instant | None, Query(description="from when on; by default a day before the end")]
Until = Annotated[Instant | None, Query(description="before when; by default now")]
MostReadings = Annotated[int, Query(ge=1, le=MOST_AT_ONCE, description="how many at most, the oldest first")]

_STORE = {"503": "The store of devices does not answer now"}
_UNKNOWN = {"404": "No device of that id is registered", **_STORE}
_REGISTER = reads(
    answers("Device", "The device, with what was made of it", {"409": "The id is taken", **_STORE}, "201"),
    "DeviceRegistration",
    REGISTRATION_EXAMPLE,
)
_LIST = answers_list("Device", "Devices in the order of their ids", _STORE)
_DEVICE = answers("Device", "The device", _UNKNOWN)
_TAKE = reads(answers("MeasurementsTaken", "They are kept", _UNKNOWN), "MeasurementsIn", MEASUREMENTS_EXAMPLE)
_SHOW = answers("MeasurementPage", "What was measured", _UNKNOWN)

_devices: Final = TypeAdapter(list[Device])


def devices_router(heat: HeatParts, access: Access) -> APIRouter:
    """Return the routes of registered devices.

    Parameters
    ----------
    heat : HeatParts
        What devices share.
    access : Access
        Who may register, and tell what was measured.
    """
    router = APIRouter(tags=["devices"], dependencies=[Depends(open_store(heat))])
    _add_devices(router, heat, access)
    _add_measurements(router, heat, access)
    return router


def _add_devices(router: APIRouter, heat: HeatParts, access: Access) -> None:
    @router.post(
        "/devices/register", summary="Register a heat pump", openapi_extra=_REGISTER, operation_id="registerDevice"
    )
    async def register(request: Request) -> Response:
        """Register a heat pump with its house, and return the parameters that plans will be made with.

        ``rated_power`` is rated *heat* output in kW at the rating point (B0/W35 of a ground source, A7/W35 of an air
        source), not electric power, and ``cop_rating`` the COP there.
        """
        access.require_writer(request)
        raw = parsed_json(await read_json_body(request, LARGEST_REGISTRATION), LARGEST_REGISTRATION)
        registration = read_registration(raw, heat.comfort, heat.zone.key)
        try:
            device = await register_device(registration, heat.registry, heat.clock.now())
        except InvalidInputError as error:
            raise refused_by_physics(error) from error
        except DeviceTakenError as error:
            raise Refusal(HTTPStatus.CONFLICT, "taken", f"{error}.") from error
        headers = {"Location": f"/devices/{device.device_id}"}
        return Response(
            device_document(device).model_dump_json(), HTTPStatus.CREATED, headers, media_type="application/json"
        )

    @router.get("/devices", summary="Registered heat pumps", openapi_extra=_LIST, operation_id="devices")
    async def devices(request: Request, after: After = "", limit: Limit = 100) -> Response:
        """Return the devices page by page; ``Link`` names the next page where there is one."""
        require_only(request, "after", "limit")
        if after:
            _require_id(after)
        found = await heat.registry.devices(after, limit + 1)
        link = None if len(found) <= limit else {"after": found[limit - 1].device_id, "limit": limit}
        content = _devices.dump_json([device_document(each) for each in found[:limit]])
        return _page(content, "/devices", link)

    @router.get("/devices/{device_id}", summary="A heat pump", openapi_extra=_DEVICE, operation_id="device")
    async def device(request: Request, device_id: str) -> Response:
        """Return a device with the parameters that plans are made with."""
        require_only(request)
        found = await known_device(heat, device_id)
        return _page(device_document(found).model_dump_json().encode(), "", None)


def _add_measurements(router: APIRouter, heat: HeatParts, access: Access) -> None:
    path = "/v1/devices/{device_id}/measurements"

    @router.post(path, summary="Tell what was measured", openapi_extra=_TAKE, operation_id="tellMeasurements")
    async def tell(request: Request, device_id: str) -> Response:
        """Keep a batch of measurements.

        A batch may be sent again: of one instant the values that are named count, and what was told before stays.
        """
        access.require_writer(request)
        found = await known_device(heat, device_id)
        content = await read_json_body(request, LARGEST_BATCH)
        now = heat.clock.now()
        readings = await asyncio.to_thread(lambda: read_batch(parsed_json(content, LARGEST_BATCH), now))
        changed = await heat.readings.save_heat_readings(found.device_id, readings)
        taken = MeasurementsTaken(device_id=found.device_id, received=len(readings), changed=changed)
        return _page(taken.model_dump_json().encode(), "", None)

    @router.get(path, summary="What was measured", openapi_extra=_SHOW, operation_id="measurements")
    async def show(
        request: Request, device_id: str, since: Since = None, until: Until = None, limit: MostReadings = 1000
    ) -> Response:
        """Return the measurements from ``since`` to before ``until``; ``Link`` names the next page."""
        require_only(request, "since", "until", "limit")
        end = heat.clock.now() if until is None else until
        start = end - A_DAY if since is None else since
        if start >= end:
            raise _empty_span(start, end)
        found = await known_device(heat, device_id)
        readings = await heat.readings.heat_readings(found.device_id, start, end, limit + 1)
        link = None
        if len(readings) > limit:
            link = {"since": _text(readings[limit].at), "until": _text(end), "limit": limit}
        page = MeasurementPage(
            device_id=found.device_id, measurements=[measurement(reading) for reading in readings[:limit]]
        )
        return _page(page.model_dump_json().encode(), path.format(device_id=found.device_id), link)


def open_store(heat: HeatParts) -> Callable[[], Awaitable[None]]:
    """Return the dependency of routes that need the store: it waits until the store is open.

    Raises
    ------
    OutsideError
        When called, while the store cannot be opened.
    """

    async def opened() -> None:
        try:
            async with asyncio.timeout(OPEN_S):
                await heat.open_store()
        except TimeoutError:
            raise Unavailable(f"devices: the database is not open after {OPEN_S:g} s; check the log") from None

    return opened


async def known_device(heat: HeatParts, device_id: str) -> RegisteredDevice:
    """Return the device of that id.

    Raises
    ------
    Refusal
        404 when there is none.
    OutsideError
        When the store fails.
    """
    found = await heat.registry.device(device_id) if DEVICE_ID.fullmatch(device_id) else None
    if found is None:
        detail = "No device of that id is registered; GET /devices lists them, POST /devices/register adds one."
        raise Refusal(HTTPStatus.NOT_FOUND, "no-such-device", detail)
    return found


def require_only(request: Request, *known: str) -> None:
    """Let the request pass; a mistyped parameter must not be passed over.

    Raises
    ------
    DocumentError
        With every parameter that is not known, and with each that is given twice.
    """
    problems = Problems()
    for name in dict.fromkeys(request.query_params.keys()):
        if name not in known:
            remedy = f"use {', '.join(known)}" if known else "leave it out"
            problems.add([name], "is not a known parameter", remedy, request.query_params[name])
        elif len(request.query_params.getlist(name)) > 1:
            problems.add([name], "is given twice", "give it once")
    problems.raise_if_any()


def _require_id(after: str) -> None:
    if not DEVICE_ID.fullmatch(after):
        problems = Problems()
        problems.add(["after"], "is no device's id", "give the last device_id of the page before", after)
        problems.raise_if_any()


def _empty_span(start: datetime, end: datetime) -> DocumentError:
    problem, remedy = f"is not before until, which is {end.isoformat()}", "give an earlier since, or a later until"
    return DocumentError([Problem(field="since", value=start.isoformat(), problem=problem, remedy=remedy)])


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _page(content: bytes, path: str, link: dict[str, object] | None) -> Response:
    headers = {"Cache-Control": "no-store"}
    if link is not None:
        headers["Link"] = f'<{path}?{urlencode(link)}>; rel="next"'
    return Response(content, media_type="application/json", headers=headers)
