"""Heat pumps at a running service without any setting: the first users' curl lines, strangers, a restart."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.services import PROGRAM, Process, free_port, unavailable

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
PAGE = (Path(__file__).parents[2] / "docs" / "devices-api.md").read_text()
FIRST_USERS_CURL = """\
curl -X POST http://localhost:8000/devices/register \\
  -H "Content-Type: application/json" \\
  -d '{
    "device_id": "TEST_001",
    "name": "Test Device",
    "latitude": 65.0,
    "longitude": 25.5,
    "insulation_level": "medium",
    "floor_area": 120.0,
    "volume": 360.0,
    "heat_pump_type": "GSHP",
    "rated_power": 10.0,
    "comfort_min_temp": 19.0,
    "comfort_max_temp": 23.0
  }'
"""
"""The command of the first users' document, word for word."""


def serving(folder: Path, name: str) -> tuple[Process, str]:
    """Start the service without any setting but its port, and wait until it answers."""
    port = free_port()
    service = Process(str(PROGRAM), "serve", "--port", str(port), folder=folder, name=name)
    service.wait_until_ready(f"http://127.0.0.1:{port}/health/ready")
    return service, f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def url(tmp_path_factory) -> Iterator[str]:
    service, address = serving(tmp_path_factory.mktemp("devices"), "serve")
    yield address
    service.stop()


def curled(command: str, url: str) -> dict[str, object]:
    """Run a command of a document against the service at ``url``, and return what it prints."""
    program = shutil.which("curl")
    if program is None:
        unavailable("there is no curl")
    words = shlex.split(command.replace("\\\n", " "))[1:]
    there = [re.sub(r"^http://localhost:\d+", url, word) for word in words]
    finished = subprocess.run([program, "--silent", *there], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(finished.stdout)


def commands_of(page: str) -> list[str]:
    blocks = re.findall(r"```\n(curl .*?)```", page, re.DOTALL)
    return [block.strip() for block in blocks]


def test_the_first_users_command_registers_a_device(url):
    answer = curled(FIRST_USERS_CURL, url)

    assert (answer["device_id"], answer["rated_power"], answer["vpp_enabled"]) == ("TEST_001", 10.0, False)
    assert "TEST_001" in [each["device_id"] for each in httpx2.get(f"{url}/devices").json()]


def test_the_commands_of_the_page_work_one_after_the_other(url):
    register, tell = commands_of(PAGE)

    assert curled(register, url)["device_id"] == "MY_HEAT_PUMP_001"
    assert curled(tell, url)["changed"] == 1
    assert curled(tell, url)["changed"] == 0


@pytest.mark.pitfall("A29")
def test_of_many_registrations_of_an_id_at_once_one_succeeds_and_none_is_an_error_of_ours(url):
    body = json.loads(re.search(r"-d '(.*)'", FIRST_USERS_CURL, re.DOTALL).group(1)) | {"device_id": "RACE"}

    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: httpx2.post(f"{url}/devices/register", json=body, timeout=60), range(24)))

    assert sorted(answer.status_code for answer in answers) == [HTTPStatus.CREATED] + 23 * [HTTPStatus.CONFLICT]


def test_devices_and_measurements_are_there_after_a_restart(tmp_path):
    service, url = serving(tmp_path, "first")
    register, _ = commands_of(PAGE)
    registered = curled(register, url)
    told = {"measurements": [{"time": datetime.now(UTC).isoformat(), "indoor_c": 20.5}]}
    path = "/v1/devices/MY_HEAT_PUMP_001/measurements"
    httpx2.post(url + path, json=told).raise_for_status()
    service.stop()

    again, url = serving(tmp_path, "second")
    shown, measured = httpx2.get(f"{url}/devices/MY_HEAT_PUMP_001").json(), httpx2.get(url + path).json()
    again.stop()

    assert shown == registered
    assert [each["indoor_c"] for each in measured["measurements"]] == [20.5]


@pytest.mark.pitfall("A29")
def test_whatever_is_sent_about_devices_the_answer_is_a_documented_one(url):
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]

    assert {"POST /devices/register", "GET /devices", "GET /devices/{device_id}"} <= {each.label for each in operations}
    for operation in operations:
        if "devices" in operation.label:
            validate_operation(operation, url)


def validate_operation(operation, base_url: str) -> None:
    @given(case=operation.as_strategy())
    @settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def answers_as_documented(case) -> None:
        case.call_and_validate(base_url=base_url, checks=CHECKS)

    answers_as_documented()
