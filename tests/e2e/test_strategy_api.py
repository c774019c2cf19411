"""The strategy endpoints of a running service without any setting: the first users' document, strangers."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
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
PAGE = (Path(__file__).parents[2] / "docs" / "strategy-api.md").read_text(encoding="utf-8")
DEVICE = {
    "device_id": "DEVICE_OULU_001",
    "name": "My Home in Oulu",
    "latitude": 65.0121,
    "longitude": 25.4651,
    "insulation_level": "high",
    "floor_area": 150.0,
    "volume": 450.0,
    "heat_pump_type": "GSHP",
    "rated_power": 12.0,
    "cop_rating": 4.0,
    "comfort_min_temp": 19.0,
    "comfort_max_temp": 23.0,
}
OF_THE_PAGE = "MY_HEAT_PUMP_001"
FIRST_USERS_CURL = """\
curl -X POST http://localhost:8000/strategy/daily-plan \\
  -H "Content-Type: application/json" \\
  -d '{
    "device_id": "DEVICE_OULU_001"
  }'
"""
"""The command of the first users' document, word for word."""
HOURS_OF_A_DAY = (23, 24, 25)


def serving(folder: Path, name: str) -> tuple[Process, str]:
    """Start the service without any setting but its port, and wait until it answers."""
    port = free_port()
    service = Process(str(PROGRAM), "serve", "--port", str(port), folder=folder, name=name)
    service.wait_until_ready(f"http://127.0.0.1:{port}/health/ready")
    return service, f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def url(tmp_path_factory) -> Iterator[str]:
    service, address = serving(tmp_path_factory.mktemp("strategy"), "serve")
    for name in (DEVICE["device_id"], OF_THE_PAGE):
        house = {**DEVICE, "device_id": name}
        httpx2.post(f"{address}/devices/register", json=house, timeout=60).raise_for_status()
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


def test_the_first_users_command_plans_a_day(url):
    plan = curled(FIRST_USERS_CURL, url)

    assert plan["device_id"] == "DEVICE_OULU_001"
    assert len(plan["schedule"]) in HOURS_OF_A_DAY
    assert {"estimated_cost", "estimated_savings", "total_energy_kwh"} <= plan.keys()


def test_the_first_users_target_date_means_the_local_day(url):
    tomorrow = httpx2.post(f"{url}/strategy/daily-plan", json={"device_id": DEVICE["device_id"]}).json()["target_date"]

    body = {"device_id": DEVICE["device_id"], "target_date": f"{tomorrow}T00:00:00"}
    plan = httpx2.post(f"{url}/strategy/daily-plan", json=body, timeout=60).json()

    assert plan["target_date"] == tomorrow
    assert plan["schedule"][0]["timestamp"].startswith(f"{tomorrow}T00:00:00")


def test_the_commands_of_the_page_work_one_after_the_other(url):
    plan, act, judge = re.findall(r"```\n(curl .*?)```", PAGE, re.DOTALL)

    planned = curled(plan, url)
    acted = curled(act, url)
    judged = curled(judge, url)

    assert planned["schedule"]
    assert acted["source"] in {"stored_plan", "replanned"}
    assert 0 <= judged["comfort_score"] <= 100


@pytest.mark.pitfall("A29")
def test_whatever_is_sent_about_strategies_the_answer_is_a_documented_one(url):
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operations = {found.ok().label: found.ok() for found in schema.get_all_operations()}
    ours = {label: each for label, each in operations.items() if "/strategy/" in label or "/analytics/" in label}

    assert ours.keys() == {
        "POST /strategy/daily-plan",
        "GET /strategy/current-action/{device_id}",
        "POST /analytics/comfort-risk",
    }
    for operation in ours.values():
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
        if isinstance(case.body, dict) and "device_id" in case.body:
            case.body["device_id"] = DEVICE["device_id"]  # so that more than its absence is found
        case.call_and_validate(base_url=base_url, checks=CHECKS)

    answers_as_documented()
