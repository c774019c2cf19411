"""How quickly the running service answers reads at a steady rate, with plan cycles running all the time and without."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx2

from benchmarks.measure import machine_note, markdown_table
from tests.services import PROGRAM, Process, eventually, free_port

RATE_PER_S = 200
CONNECTIONS = 20
SECONDS = 20
TARGET_MS = 50.0
PATHS = ("/api/mpc/current_dispatch", "/api/mpc/status", "/api/mpc/full_schedule", "/health/ready")
SITE = Path(__file__).parents[1] / "src/voltherm/interfaces/demo_data/site.yaml"
PACE = """\
function delay() return {delay_ms} end
local paths, at = {{ {paths} }}, 0
function request() at = at % #paths + 1; return wrk.format("GET", paths[at]) end
"""


def report() -> str:
    """Return the table of answer times; without wrk, why there is none."""
    title = "## Reads of the service\n"
    if shutil.which("wrk") is None:
        return f"{title}\nNot measured: wrk is not installed.\n"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = _started(stack, folder)
        rows = [_measured("no cycle running", url, folder), _measured_with_cycles(url, folder)]
    header = (
        "reads",
        "requests/s",
        "median ms",
        "p99 ms",
        "not 2xx",
        "cycles meanwhile",
        f"p99 below {TARGET_MS:g} ms",
    )
    note = (
        f"`voltherm serve` with one site and its simulated battery; wrk, {CONNECTIONS} connections paced to "
        f"{RATE_PER_S} requests/s in turn over {', '.join(PATHS)}; {SECONDS} s each; {machine_note()}.\n"
    )
    return "\n".join([title, note, markdown_table(header, rows), ""])


def _started(stack: ExitStack, folder: Path) -> str:
    battery_port, port = free_port(), free_port()
    options = ("--port", str(battery_port), "--site", str(SITE), "--days", "20")
    validator = Process(str(PROGRAM), "validator", *options, folder=folder, name="validator")
    stack.callback(validator.stop)
    validator.wait_until_ready(f"http://127.0.0.1:{battery_port}/health")
    sites = folder / "sites.yaml"
    sites.write_text(f"- site: {SITE}\n  bms_base_url: http://127.0.0.1:{battery_port}\n")
    env = {"SITES_FILE": str(sites), "LOG_DIR": ""}
    service = Process(str(PROGRAM), "serve", "--port", str(port), folder=folder, env=env, name="serve")
    stack.callback(service.stop)
    url = f"http://127.0.0.1:{port}"
    service.wait_until_ready(f"{url}/health/ready")
    eventually(lambda: _dispatch(url) == "fresh_plan", "a plan is followed")
    return url


def _dispatch(url: str) -> str:
    return str(httpx2.get(f"{url}/api/mpc/current_dispatch", timeout=30).json()["rung"])


def _measured_with_cycles(url: str, folder: Path) -> tuple[str, ...]:
    """Measure while one cycle follows the other."""
    is_over = threading.Event()
    count = [0]

    def cycle() -> None:
        while not is_over.is_set():
            with suppress(httpx2.HTTPError):
                count[0] += httpx2.post(f"{url}/api/mpc/trigger", timeout=60).status_code == 200

    thread = threading.Thread(target=cycle)
    thread.start()
    try:
        row = _measured("cycles without a pause", url, folder)
    finally:
        is_over.set()
        thread.join()
    return (*row[:5], str(count[0]), row[6])


def _measured(name: str, url: str, folder: Path) -> tuple[str, ...]:
    script = folder / "pace.lua"
    quoted = ", ".join(f'"{path}"' for path in PATHS)
    script.write_text(PACE.format(delay_ms=round(1000 * CONNECTIONS / RATE_PER_S), paths=quoted))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-s", str(script), url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    median_ms, p99_ms = (_milliseconds(said, share) for share in ("50%", "99%"))
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    verdict = "met" if p99_ms < TARGET_MS else "NOT met"
    figures = (f"{float(rate[1]) if rate else 0:.0f}", f"{median_ms:.1f}", f"{p99_ms:.1f}", bad[1] if bad else "0")
    return (name, *figures, "0", verdict)


def _milliseconds(said: str, share: str) -> float:
    found = re.search(rf"^\s*{share}\s+([\d.]+)(us|ms|s)", said, re.MULTILINE)
    if found is None:
        message = f"wrk did not say its {share}: {said}"
        raise AssertionError(message)
    return float(found[1]) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[found[2]]
