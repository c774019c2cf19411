"""The reporter as a process of its own: started, asked, interrupted."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest

DEMO_SITE = Path(__file__).parents[2] / "src/voltherm/interfaces/demo_data/site.yaml"

PROGRAM = Path(sys.executable).with_name("voltherm")
QUARTER = timedelta(minutes=15)
TOKEN = "0123456789abcdef-0123"  # noqa: S105 - of a test


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(**more):
    ours = ("METER_", "REPORTER_", "VOLTHERM_CLOCK")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | more


@contextmanager
def reporter(*arguments, ends_with=signal.SIGTERM, **environ):
    port = free_port()
    command = [PROGRAM, "reporter", "--port", str(port), *map(str, arguments)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment(**environ)) as process:
        log = []
        reading = threading.Thread(target=lambda: log.extend(process.stderr), daemon=True)
        reading.start()
        address = f"http://127.0.0.1:{port}"
        try:
            wait_for(f"{address}/health", process)
            yield address, process
        finally:
            process.send_signal(ends_with)
            code = process.wait(timeout=30)
        reading.join()
        assert code in (0, -ends_with), "".join(log)
        assert "Traceback" not in "".join(log)


def wait_for(url, process):
    for _ in range(300):
        if process.poll() is not None:
            pytest.fail(f"the reporter ended with {process.returncode}")
        try:
            return urlopen(url, timeout=5).close()  # noqa: S310 - our own address
        except URLError:
            time.sleep(0.1)
    return pytest.fail("the reporter did not answer within 30 s")


def answer_of(url, body=None, token=None):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = Request(url, None if body is None else json.dumps(body).encode(), headers)  # noqa: S310 - our own address
    try:
        with urlopen(request, timeout=30) as response:  # noqa: S310 - likewise
            return response.status, json.load(response)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


def wait_until_gone(pid):
    """Return when a process has ended; one that nobody reaps, as its parent has ended, counts as ended."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except (FileNotFoundError, ProcessLookupError):
            return
        time.sleep(0.1)
    pytest.fail(f"process {pid} outlived the reporter")


def children_of(pid):
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("ends_with", [signal.SIGTERM, signal.SIGINT])
def test_the_demo_answers_and_ends_with_all_its_workers(ends_with):
    with reporter(ends_with=ends_with) as (address, process):
        status, load = answer_of(f"{address}/api/forecasts/load")
        _, sun = answer_of(f"{address}/api/forecasts/solar")
        _, rows = answer_of(f"{address}/api/forecasts/load/poi_1?shape=rows")
        ready, _ = answer_of(f"{address}/health/ready")
        workers = children_of(process.pid)

    assert (status, ready) == (200, 200)
    assert load["source"].startswith("demo")
    assert (len(load["points"]), len(sun["points"]), len(rows)) == (168, 672, 168)
    assert workers
    for pid in workers:
        wait_until_gone(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.fault(19)
def test_a_worker_that_is_killed_costs_no_forecast():
    with reporter() as (address, process):
        answer_of(f"{address}/health/ready")
        for pid in children_of(process.pid):
            if "resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_text():
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.5)

        assert answer_of(f"{address}/api/forecasts/solar?resolution_minutes=30")[0] == 200


class Meter(BaseHTTPRequestHandler):
    """Ten days of quarter-hours, as docs/wire.md has them, from a gateway that asks for a token."""

    def do_GET(self):
        url = urlsplit(self.path)
        is_known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        status = 401 if not is_known else 200 if url.path == "/api/meter/intervals" else 404
        content = json.dumps(self.intervals(url.query) if status == 200 else {}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def intervals(self, query):
        since = datetime.fromisoformat(parse_qs(query)["since"][0])
        now = datetime.now(UTC)
        end = datetime.fromtimestamp(now.timestamp() // 900 * 900, tz=UTC)
        start = max(since, end - timedelta(days=10))
        starts = [start + n * QUARTER for n in range(int((end - start) / QUARTER))]
        told = [
            {"start": at.isoformat(), "grid_kw": 90.0, "power_kw": {"building": 100.0, "roof": 10.0}} for at in starts
        ]
        return {"interval_minutes": 15, "intervals": told}

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def meter():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Meter)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_it_follows_a_meter_and_keeps_its_readings_over_a_restart(tmp_path):
    database = f"sqlite:///{tmp_path}/reporter.db"
    with (
        meter() as url,
        reporter("--site", DEMO_SITE, "--database", database, METER_BASE_URL=url, METER_TOKEN=TOKEN) as (address, _),
    ):
        status, load = answer_of(f"{address}/api/forecasts/load")
        assert status == 200, load
        assert load["points"][5]["power"] == pytest.approx(100.0, abs=1.0)
        assert load["source"] == "voltherm reporter"

    with reporter("--site", DEMO_SITE, "--database", database) as (address, _):
        status, load = answer_of(f"{address}/api/forecasts/load")
        assert status == 200, load
        assert load["points"][5]["power"] == pytest.approx(100.0, abs=1.0)


def test_posted_readings_are_forecast_from_and_the_token_is_asked_for(tmp_path):
    end = datetime.fromtimestamp(datetime.now(UTC).timestamp() // 900 * 900, tz=UTC)
    told = [{"start": (end - n * QUARTER).isoformat(), "power": {"building": 42.0}} for n in range(1, 5 * 96)]
    with reporter("--site", DEMO_SITE, "--database", f"sqlite:///{tmp_path}/reporter.db", REPORTER_TOKEN=TOKEN) as (
        address,
        _,
    ):
        assert answer_of(f"{address}/api/forecasts/load")[0] == 401
        status, problem = answer_of(f"{address}/api/forecasts/load", token=TOKEN)
        assert (status, problem["type"]) == (503, "urn:voltherm:problem:too-little-history")

        assert answer_of(f"{address}/api/readings", {"unit": "kW", "readings": told}, TOKEN)[1]["changed"] == len(told)
        _, load = answer_of(f"{address}/api/forecasts/load", token=TOKEN)

    assert load["points"][0]["power"] == pytest.approx(42.0, abs=0.5)


def test_bad_options_end_with_the_reason(voltherm):
    ended = voltherm("reporter", "--meter", "localhost:8002")

    assert ended.returncode == 2
    assert ended.stderr.startswith("error: ")
