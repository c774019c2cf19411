"""A battery and a meter in memory behind HTTP, in the shapes of docs/wire.md; for tests of clients."""

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from tests.unit.adapters.transports.http_stub import answer
from voltherm.domain.device import CommandKind, CommandSource, DeviceCommand
from voltherm.ports.errors import Unavailable


class DeviceServer:
    """Serves what the devices in memory say; a silent one hangs up."""

    def __init__(self, battery=None, meter=None):
        self.battery = battery
        self.meter = meter
        self.url = ""

    async def serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                lengths = [int(line.split(":")[1]) for line in head.lower().split("\r\n") if "content-length" in line]
                body = await reader.readexactly(lengths[0]) if lengths else b"null"
                method, target = head.split(" ")[:2]
                writer.write(await self._answer(method, urlsplit(target), json.loads(body)))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, Unavailable):
            pass
        finally:
            writer.close()

    async def _answer(self, method, target, body):
        match method, target.path:
            case "GET", "/api/battery/soc":
                return answer(state_body(await self.battery.read_state(), self.battery))
            case "POST", "/api/battery/dispatch":
                said = await self.battery.send(command_from(body))
                return answer(acknowledgement_body(said), 200 if said.is_accepted else 409)
            case "GET", "/api/meter":
                return answer(meter_body(await self.meter.read_meter()))
            case "GET", "/api/meter/intervals":
                since = datetime.fromisoformat(parse_qs(target.query)["since"][0])
                return answer(intervals_body(await self.meter.read_intervals(since)))
        return answer({}, 404)


@asynccontextmanager
async def devices_served(**devices):
    """Serve the devices on a free port."""
    served = DeviceServer(**devices)
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    served.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield served
    finally:
        server.close()


def state_body(state, battery):
    echo = state.echo
    told = state.soc if battery.faults.soc_override is None else battery.faults.soc_override
    return {
        "soc": told,
        "timestamp": state.measured_at.isoformat(),
        "source": "memory",
        "power_kw": state.power_kw,
        "charge_limit_kw": state.charge_limit_kw,
        "discharge_limit_kw": state.discharge_limit_kw,
        "mode": state.mode.value,
        "heartbeat": state.heartbeat,
        "alarms": list(state.alarms),
        "command": None if echo is None else {"id": echo.command_id, "power_kw": echo.power_kw, "valid_until": None},
    }


def command_from(body):
    return DeviceCommand(
        id=body["id"],
        site_id="site",
        device_id=body["device_id"],
        epoch=body["epoch"],
        sequence=body["sequence"],
        kind=CommandKind(body["kind"]),
        power_kw=body["power_kw"],
        planned_kw=None,
        issued_at=datetime.fromisoformat(body["timestamp"]),
        valid_until=datetime.fromisoformat(body["valid_until"]),
        source=CommandSource(body["source"]),
        reason=body["reason"],
    )


def acknowledgement_body(said):
    return {
        "accepted": said.is_accepted,
        "command_id": said.command_id,
        "power_kw": said.power_kw,
        "valid_until": None if said.valid_until is None else said.valid_until.isoformat(),
        "detail": said.detail,
    }


def meter_body(state):
    start = state.interval_start
    return {
        "grid_kw": state.grid_kw,
        "timestamp": state.measured_at.isoformat(),
        "interval_start": None if start is None else start.isoformat(),
        "interval_mean_kw": state.interval_mean_kw,
    }


def intervals_body(intervals, most=2976):
    rows = [
        {
            "start": each.interval.start.isoformat(),
            "grid_kw": each.grid_kw,
            "power_kw": dict(each.power_kw),
            "soc": dict(each.soc),
        }
        for each in intervals[:most]
    ]
    return {"interval_minutes": 15, "intervals": rows}
