"""How quickly the running service answers the strategy endpoints, weather and prices in its memory."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2

from benchmarks.measure import machine_note, markdown_table
from tests.services import PROGRAM, Process, free_port

SECONDS = 30
TARGET_MS = 100.0
WARM_UP = 20
HOUSES = ("low", "medium", "high")
CLIENTS = (1, 2)
SCRIPT = """\
local bodies, at = {{ {bodies} }}, 0
wrk.method, wrk.headers["Content-Type"] = "{method}", "application/json"
function request()
  at = at % #bodies + 1
  return wrk.format(nil, {path}, nil, {body})
end
"""


def report() -> str:
    """Return the table of answer times; without wrk, why there is none."""
    title = "## Strategy endpoints through HTTP\n"
    if shutil.which("wrk") is None:
        return f"{title}\nNot measured: wrk is not installed.\n"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        service, url, names = _started(stack, folder)
        rows = [row for n_clients in CLIENTS for row in _measured(service, url, folder, names, n_clients)]
    header = (
        "endpoint, clients at once",
        "answers/s",
        "CPU ms an answer",
        "median ms",
        "p99 ms",
        "not 2xx",
        f"p99 below {TARGET_MS:g} ms",
    )
    note = (
        f"`voltherm serve` without any setting: SQLite, the demo's weather and prices in memory; {len(names)} houses "
        f"in turn, each with a day of quarter-hourly readings; wrk, each client asks again as soon as it is answered, "
        f"{SECONDS} s each after {WARM_UP} answers to warm up; {machine_note()}.\n"
    )
    return "\n".join([title, note, markdown_table(header, rows), ""])


def _started(stack: ExitStack, folder: Path) -> tuple[Process, str, list[str]]:
    port = free_port()
    env = {"LOG_DIR": "", "LOG_LEVEL": "WARNING"}
    service = Process(str(PROGRAM), "serve", "--port", str(port), folder=folder, env=env, name="serve")
    stack.callback(service.stop)
    url = f"http://127.0.0.1:{port}"
    service.wait_until_ready(f"{url}/health/ready")
    names = [_registered(url, level) for level in HOUSES]
    for number in range(WARM_UP):
        body = {"device_id": names[number % len(names)]}
        httpx2.post(f"{url}/strategy/daily-plan", json=body, timeout=60).raise_for_status()
    return service, url, names


def _registered(url: str, level: str) -> str:
    name = f"HOUSE_{level}"
    house = {
        "device_id": name,
        "name": name,
        "latitude": 65.0,
        "longitude": 25.5,
        "insulation_level": level,
        "floor_area": 140.0,
        "volume": 370.0,
        "heat_pump_type": "GSHP",
        "rated_power": 12.0,
    }
    httpx2.post(f"{url}/devices/register", json=house, timeout=60).raise_for_status()
    last = datetime.now(UTC).replace(second=0, microsecond=0)
    told = [
        {"time": (last - number * timedelta(minutes=15)).isoformat(), "indoor_c": 21.0 + 0.1 * (number % 3)}
        for number in range(96)
    ]
    path = f"{url}/v1/devices/{name}/measurements"
    httpx2.post(path, json={"measurements": told}, timeout=60).raise_for_status()
    return name


def _measured(service: Process, url: str, folder: Path, names: list[str], n_clients: int) -> list[tuple[str, ...]]:
    plans = [json.dumps({"device_id": name}) for name in names]
    schedule = [{"hour": hour, "mode": "ECO" if 7 <= hour < 10 else "NORMAL"} for hour in range(24)]
    risks = [json.dumps({"device_id": name, "proposed_schedule": schedule}) for name in names]
    asked = (
        ("POST /strategy/daily-plan", plans, ('"/strategy/daily-plan"', "bodies[at]"), "POST"),
        ("GET /strategy/current-action", names, ('"/strategy/current-action/" .. bodies[at]', "nil"), "GET"),
        ("POST /analytics/comfort-risk", risks, ('"/analytics/comfort-risk"', "bodies[at]"), "POST"),
    )
    rows = []
    for name, bodies, (path, body), method in asked:
        script = folder / "ask.lua"
        quoted = ", ".join(f"[==[{each}]==]" for each in bodies)
        script.write_text(SCRIPT.format(bodies=quoted, path=path, body=body, method=method))
        before = _cpu_seconds(service)
        said = _asked(url, script, n_clients)
        rows.append(_row(f"{name}, {n_clients}", said, _cpu_seconds(service) - before))
    return rows


def _asked(url: str, script: Path, n_clients: int) -> str:
    command = ["wrk", "-t1", f"-c{n_clients}", f"-d{SECONDS}s", "--latency", "--timeout", "20s", "-s", str(script), url]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _row(name: str, said: str, cpu_s: float) -> tuple[str, ...]:
    median_ms, p99_ms = (_milliseconds(said, share) for share in ("50%", "99%"))
    answers = re.search(r"(\d+) requests in", said)
    n_answers = int(answers[1]) if answers else 0
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    cpu_ms = f"{1e3 * cpu_s / n_answers:.1f}" if n_answers else "-"
    figures = (f"{n_answers / SECONDS:.0f}", cpu_ms, f"{median_ms:.1f}", f"{p99_ms:.1f}", bad[1] if bad else "0")
    return (name, *figures, "met" if p99_ms < TARGET_MS else "NOT met")


def _cpu_seconds(service: Process) -> float:
    """CPU time of the service so far, all of its threads."""
    fields = Path(f"/proc/{service.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _milliseconds(said: str, share: str) -> float:
    found = re.search(rf"^\s*{share}\s+([\d.]+)(us|ms|s)", said, re.MULTILINE)
    if found is None:
        message = f"wrk did not say its {share}: {said}"
        raise AssertionError(message)
    return float(found[1]) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[found[2]]
