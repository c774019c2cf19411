"""The validator as a process of its own, asked as curl would ask it."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import sync_playwright

from voltherm.adapters.clock import FollowingClock
from voltherm.adapters.devices.bms_http import HttpBattery
from voltherm.adapters.devices.meter_http import HttpMeter
from voltherm.adapters.transports.http import JsonHttp
from voltherm.domain.device import CommandKind, CommandSource, DeviceCommand, DeviceMode

PROGRAM = Path(sys.executable).with_name("voltherm")
KEPT = ("PATH", "HOME", "LANG", "TMPDIR")
START = datetime(2026, 3, 10, 6, tzinfo=UTC)


@contextmanager
def process(*arguments, clock_file=None, **variables):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: os.environ[name] for name in KEPT if name in os.environ} | variables
    if clock_file is not None:
        environment["VOLTHERM_CLOCK_FILE"] = str(clock_file)
    command = [PROGRAM, "validator", "--port", str(port), *arguments]
    with subprocess.Popen(
        command, env=environment, cwd=tempfile.gettempdir(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        address = f"http://127.0.0.1:{port}"
        try:
            wait_for(f"{address}/health", running)
            yield address, running
        finally:
            running.terminate()


def wait_for(url, running):
    for _ in range(300):
        assert running.poll() is None, f"the validator ended with {running.returncode}"
        try:
            urlopen(url, timeout=1).close()  # noqa: S310 - our own address
        except URLError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the validator did not answer within 30 s")


def ask(url, body=None, method=None):
    content = None if body is None else json.dumps(body).encode()
    request = Request(url, content, {"Content-Type": "application/json"}, method=method)  # noqa: S310 - our own address
    try:
        with urlopen(request, timeout=30) as answer:  # noqa: S310 - see above
            return answer.status, json.load(answer)
    except HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def tell(clock_file, moment):
    fresh = clock_file.with_suffix(".next")
    fresh.write_text(moment.isoformat())
    fresh.replace(clock_file)


@pytest.fixture
def clock_file(tmp_path):
    file = tmp_path / "now.txt"
    tell(file, START)
    return file


def test_it_runs_without_any_option_and_says_that_it_is_a_demo():
    with process() as (address, _):
        status, told = ask(f"{address}/api/battery/soc")
        plain = {"power_kw": -41.5, "timestamp": datetime.now(UTC).isoformat()}
        commanded, answer = ask(f"{address}/api/battery/dispatch", plain)

        assert (status, told["soc"], told["mode"]) == (200, 0.5, "ready")
        assert told["data"] == "recorded, replayed by whole weeks"
        assert told["label"].startswith("demo data")
        assert (commanded, answer["accepted"]) == (200, True)
        assert ask(f"{address}/api/battery/soc")[1]["power_kw"] == -41.5
        assert ask(f"{address}/api/faults", {})[0] == 404


def test_it_follows_simulated_time_and_earns_what_its_bill_says(clock_file):
    with process("--soc", "0.9", clock_file=clock_file) as (address, _):
        for minute in range(0, 480, 15):
            now = START + timedelta(minutes=minute)
            tell(clock_file, now)
            order = {
                "id": f"c{minute}",
                "epoch": 1,
                "sequence": minute + 1,
                "kind": "setpoint",
                "power_kw": -20.0,
                "timestamp": now.isoformat(),
                "valid_until": (now + timedelta(minutes=15)).isoformat(),
            }
            assert ask(f"{address}/api/battery/dispatch", order)[1]["accepted"]
        tell(clock_file, START + timedelta(hours=8))
        costs = ask(f"{address}/api/costs")[1]
        report = ask(f"{address}/api/report")[1]
        intervals = ask(f"{address}/api/meter/intervals?since=2026-03-10T06:00:00Z")[1]["intervals"]

    assert len(intervals) == 32
    assert report["discharged_kwh"] == pytest.approx(20 * 8)
    assert sum(one["without_battery_kw"] - one["grid_kw"] for one in intervals) / 4 == pytest.approx(
        report["discharged_kwh"] - report["pv_curtailed_kwh"], abs=1e-6
    )
    assert abs(report["imbalance_kwh"]) < 1e-6
    assert costs["saved"] > 0


@pytest.mark.pitfall("M14")
async def test_the_clients_of_the_service_understand_it(clock_file):
    clock = FollowingClock(clock_file)
    with process("--days", "32", "--faults", clock_file=clock_file) as (address, _):
        http = JsonHttp(address, attempts=1)
        bess = HttpBattery(http, clock, device_id="battery", soc_unit="fraction")
        meter = HttpMeter(http, clock)
        order = DeviceCommand(
            id="one",
            site_id="site",
            device_id="battery",
            epoch=5,
            sequence=1,
            kind=CommandKind.SETPOINT,
            power_kw=-20.0,
            planned_kw=-20.0,
            issued_at=START,
            valid_until=START + timedelta(minutes=1),
            source=CommandSource.PLAN,
            reason="shave_peak",
        )
        taken, again = await bess.send(order), await bess.send(order)
        refused = await bess.send(replace(order, id="two", epoch=4))
        state, metered = await bess.read_state(), await meter.read_meter()
        intervals = await meter.read_intervals(START - timedelta(days=40))
        ask(f"{address}/api/faults", {"soc": 65535, "mode": "local"})
        broken = await bess.read_state()
        await http.aclose()

    assert taken == again
    assert (taken.is_accepted, taken.power_kw, taken.valid_until) == (True, -20.0, order.valid_until)
    assert (refused.is_accepted, refused.detail) == (False, "older epoch: 4, and 5 was seen")
    assert state.problems == meter.problems == ()
    assert (state.echo.command_id, state.power_kw, state.soc) == ("one", -20.0, 0.5)
    assert metered.measured_at == START
    assert [one.interval.start for one in intervals] == [START + timedelta(minutes=15 * n) for n in range(-32 * 96, 0)]
    assert (broken.soc, broken.mode) == (None, DeviceMode.LOCAL)


@pytest.mark.fault(6)
def test_killed_at_any_instant_it_goes_on_with_its_file_and_rests(clock_file, tmp_path):
    state = tmp_path / "state.db"
    arguments = ("--state", str(state), "--faults")
    with process(*arguments, clock_file=clock_file) as (address, running):
        order = {"id": "a", "epoch": 3, "sequence": 1, "power_kw": 50.0, "timestamp": START.isoformat()}
        order["valid_until"] = (START + timedelta(hours=2)).isoformat()
        ask(f"{address}/api/battery/dispatch", order)
        tell(clock_file, START + timedelta(minutes=30))
        before = ask(f"{address}/api/battery/soc")[1]
        running.send_signal(signal.SIGKILL)
        running.wait()
    tell(clock_file, START + timedelta(minutes=60))
    with process(*arguments, clock_file=clock_file) as (address, _):
        after = ask(f"{address}/api/battery/soc")[1]
        status, refused = ask(f"{address}/api/battery/dispatch", {**order, "id": "b", "epoch": 2})
        n_intervals = len(ask(f"{address}/api/meter/intervals")[1]["intervals"])

    assert before["power_kw"] == 50
    assert (after["soc"], after["power_kw"], after["command"]) == (pytest.approx(before["soc"]), 0, None)
    assert (status, refused["detail"]) == (409, "older epoch: 2, and 3 was seen")
    assert n_intervals == 4


def test_a_site_and_data_of_ones_own(tmp_path, examples):
    site = examples / "sites" / "ucsd-costa-rica.yaml"
    data = examples / "data" / "ucsd_2018_06_07.csv"
    clock = tmp_path / "now.txt"
    tell(clock, datetime(2018, 6, 20, 12, tzinfo=UTC))
    with process("--site", str(site), "--data", str(data), "--days", "2", clock_file=clock) as (address, _):
        told = ask(f"{address}/api/meter/intervals")[1]

        assert len(told["intervals"]) == 192
        assert (told["data"], told["label"]) == ("recorded, joined by time", None)
        tell(clock, datetime(2018, 8, 10, 12, tzinfo=UTC))
        assert ask(f"{address}/api/meter")[1]["data"] == "recorded, replayed by whole weeks"


def test_without_a_site_file_the_variables_of_the_service_describe_the_site():
    variables = {"BATTERY_POWER_MAX_KW": "30", "SITE_ID": "plant-7", "TARIFF": "costa-rica-tmt"}
    with process(**variables) as (address, _):
        assert ask(f"{address}/api/battery/soc?device_id=battery")[1]["discharge_limit_kw"] == 30
        assert ask(address)[1]["site"] == "plant-7"


def test_data_that_is_no_use_ends_it_with_a_message(tmp_path):
    data = tmp_path / "short.csv"
    rows = [f"2026-01-05 {hour:02}:00,10,0" for hour in range(24)]
    data.write_text("\n".join(["time_local,load_kw,pv_kw", *rows]))
    finished = subprocess.run([PROGRAM, "validator", "--data", data], capture_output=True, text=True, check=False)

    assert finished.returncode == 2
    assert "no whole week" in finished.stderr


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 390)])
def test_its_page_fits_and_reaches_no_other_host(chromium, tmp_path, scheme, width):
    with (
        process("--days", "2") as (address, _),
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"]) as browser,
    ):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        asked, complaints = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.goto(address, wait_until="load")
        page.locator("svg polyline").nth(1).wait_for()
        picture = page.screenshot(path=tmp_path / "page.png", full_page=True)

        assert complaints == []
        assert [url for url in asked if not url.startswith((address, "data:"))] == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert "demo data" in page.inner_text("nav")
        assert len(picture) > 30_000
