"""A reporter that answers what a script says for the simulated time."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.faults.simulated.descending import LOAD_KW

Script = Callable[[str, datetime], tuple[int, object]]
"""Told the kind of forecast and the instant, it says status and body."""
PV_KW = 30.0


class ReporterStub(ThreadingHTTPServer):
    """Answers by its script.

    Parameters
    ----------
    script : callable
        What to answer.
    now : callable
        The simulated time.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, script: Script, now: Callable[[], datetime]) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.script = script
        self.now = now

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ReporterStub

    def do_GET(self) -> None:
        status, body = self.server.script(self.path.split("/")[3].split("?")[0], self.server.now())
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def reporter_of(script: Script, now: Callable[[], datetime]) -> Iterator[ReporterStub]:
    """Yield a reporter that listens on a port of its own."""
    stub = ReporterStub(script, now)
    thread = threading.Thread(target=stub.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.shutdown()
        thread.join()
        stub.server_close()


def power_kw(kind: str, start: datetime) -> float:
    """Return what the recording has for an instant, as `descending.write_recording` writes it. [kW]."""
    if kind == "solar":
        return PV_KW if 6 <= start.hour < 18 else 0.0
    return LOAD_KW + start.hour / 10


def forecast(kind: str, issued_at: datetime, *, minutes: int | None = None, hours: int = 72) -> dict[str, Any]:
    """Return a good forecast: load by the hour and sun by the quarter-hour, unless said otherwise."""
    step = timedelta(minutes=minutes or (15 if kind == "solar" else 60))
    begin = issued_at.replace(minute=0, second=0, microsecond=0)
    times = [begin + index * step for index in range(int(timedelta(hours=hours) / step))]
    return {
        "source": "stub",
        "issued_at": issued_at.isoformat(),
        "resolution_minutes": step / timedelta(minutes=1),
        "unit": "kW",
        "points": [{"time": time.isoformat(), "power": power_kw(kind, time)} for time in times],
    }


def scaled(document: dict[str, Any], factor: float) -> dict[str, Any]:
    """Return a forecast with all its powers times a factor."""
    points = [point | {"power": point["power"] * factor} for point in document["points"]]
    return document | {"points": points}
