"""The contract of ``/api/mpc`` on running programs: fields, signs, status words, who may write, and no 5xx of ours."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path
from urllib.request import Request, urlopen

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.services import PROGRAM, Process, eventually, free_port

DEMO_SITE = Path(__file__).parents[2] / "src/voltherm/interfaces/demo_data/site.yaml"
TOKEN = "a-token-of-this-test"  # noqa: S105 - opens nothing but this test's service


class Running:
    """A service with its simulated battery."""

    def __init__(self, url: str, battery_url: str) -> None:
        self.url, self.battery_url = url, battery_url

    def get(self, path: str, **more) -> httpx2.Response:
        return httpx2.get(self.url + path, timeout=30, **more)

    def trigger(self, **headers: str) -> httpx2.Response:
        return httpx2.post(f"{self.url}/api/mpc/trigger", timeout=60, headers=headers)


def started(stack: ExitStack, folder: Path, **env: str) -> Running:
    """Start a validator and the service in front of it, and wait until it follows a plan."""
    battery_port, port = free_port(), free_port()
    options = ("--port", str(battery_port), "--site", str(DEMO_SITE), "--days", "14", "--faults")
    validator = Process(str(PROGRAM), "validator", *options, folder=folder, name="validator")
    stack.callback(validator.stop)
    validator.wait_until_ready(f"http://127.0.0.1:{battery_port}/health")
    sites = folder / "sites.yaml"
    sites.write_text(f"- site: {DEMO_SITE}\n  bms_base_url: http://127.0.0.1:{battery_port}\n")
    environment = {"SITES_FILE": str(sites), "LOG_DIR": "", "GUARD_INTERVAL_SECONDS": "2", **env}
    service = Process(str(PROGRAM), "serve", "--port", str(port), folder=folder, env=environment, name="serve")
    stack.callback(service.stop)
    service.wait_until_ready(f"http://127.0.0.1:{port}/health/ready")
    running = Running(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{battery_port}")
    eventually(lambda: running.get("/api/mpc/current_dispatch").json()["rung"] == "fresh_plan", "a plan is followed")
    return running


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Running]:
    with ExitStack() as stack:
        yield started(stack, tmp_path_factory.mktemp("mpc"))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory) -> Iterator[Running]:
    with ExitStack() as stack:
        yield started(stack, tmp_path_factory.mktemp("guarded"), API_TOKEN=TOKEN)


@pytest.mark.pitfall("M7")
@pytest.mark.pitfall("M14")
def test_the_current_dispatch_has_the_documented_fields(running):
    answer = running.get("/api/mpc/current_dispatch").json()

    assert {"timestamp", "battery_power_kw", "status"} <= answer.keys()
    assert answer["status"] == "optimal"
    assert answer["timestamp"].endswith("Z")
    assert isinstance(answer["battery_power_kw"], float)
    assert answer["command_id"]
    assert datetime.fromisoformat(answer["valid_until"]) > datetime.fromisoformat(answer["timestamp"])


@pytest.mark.pitfall("M29")
def test_the_full_schedule_has_the_documented_fields_and_says_when_each_step_is(running):
    answer = running.get("/api/mpc/full_schedule").json()
    n_steps = len(answer["battery_power_schedule"])

    assert answer["horizon_hours"] == 48
    assert n_steps == len(answer["grid_power_schedule"]) == len(answer["times"]) == 192
    assert len(answer["soc_schedule"]) == 193
    assert answer["total_cost"] == pytest.approx(answer["energy_cost"] + answer["demand_cost"] + answer["other_cost"])
    assert answer["peak_demand"] == pytest.approx(max(answer["grid_power_schedule"]), abs=0.001)  # it is rounded
    assert answer["solver_status"] in {"optimal", "fallback"}
    assert answer["solver_time"] > 0
    assert (answer["start"], answer["step_minutes"], answer["zone"]) == (answer["times"][0], 15, "America/Costa_Rica")
    assert answer["provenance"].keys() == {"building", "roof"}


@pytest.mark.pitfall("M1")
def test_charging_is_positive_and_raises_the_planned_import(running):
    answer = running.get("/api/mpc/full_schedule").json()
    soc, power = answer["soc_schedule"], answer["battery_power_schedule"]
    risen = [later > earlier for earlier, later in pairwise(soc)]

    assert all(is_risen == (kw > 0) for is_risen, kw in zip(risen, power, strict=True) if abs(kw) > 0.1)


@pytest.mark.pitfall("M16")
def test_the_measured_soc_and_the_predicted_one_are_told_apart(running):
    status = running.get("/api/mpc/status").json()
    battery = httpx2.get(f"{running.battery_url}/api/battery/soc").json()

    assert status["current_soc"] == pytest.approx(battery["soc"], abs=0.02)
    assert status["soc_measured_at"] is not None
    assert status["predicted_soc"] is not None
    assert status["status"] == "controlling"
    assert status["leases"]["battery"].startswith("held")


@pytest.mark.pitfall("M14")
def test_what_is_commanded_is_what_the_battery_follows(running):
    def agrees() -> bool:
        told = running.get("/api/mpc/current_dispatch").json()
        follows = httpx2.get(f"{running.battery_url}/api/battery/soc").json()["command"]
        return follows is not None and follows["power_kw"] == pytest.approx(told["battery_power_kw"])

    eventually(agrees, "the battery follows what is commanded")


def test_a_trigger_plans_at_once(running):
    before = running.get("/api/mpc/status").json()
    answer = running.trigger()
    after = running.get("/api/mpc/status").json()

    assert answer.status_code == HTTPStatus.OK
    assert answer.json()["status"] == "optimal"
    assert answer.json()["plan_id"] not in (None, before["plan_id"])
    assert after["cycles"] > before["cycles"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [([("siteid", "nowhere")], "siteid"), ([("site_id", "music-building"), ("site_id", "nowhere")], "site_id")],
)
def test_a_mistyped_parameter_is_not_answered_with_the_first_site(running, asked, field):
    answer = running.get("/api/mpc/current_dispatch", params=asked)

    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]


@pytest.mark.pitfall("M28")
def test_another_site_is_asked_for_by_its_id(running):
    known = running.get("/api/mpc/status", params={"site_id": "music-building"})
    unknown = running.get("/api/mpc/status", params={"site_id": "nowhere"})

    assert known.json()["site_id"] == "music-building"
    assert unknown.status_code == HTTPStatus.NOT_FOUND
    assert unknown.headers["content-type"] == "application/problem+json"
    assert "music-building" in unknown.json()["detail"]


@pytest.mark.pitfall("M26")
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "example.com"},
        {"Sec-Fetch-Site": "cross-site"},
        {"X-Forwarded-For": "203.0.113.9"},
    ],
)
def test_without_a_token_only_a_program_on_this_machine_may_move_the_battery(running, headers):
    answer = running.trigger(**headers)

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "API_TOKEN" in answer.json()["detail"]


@pytest.mark.pitfall("M26")
def test_with_a_token_nobody_without_it_may_move_the_battery(guarded):
    without, wrong, right = (
        guarded.trigger(**headers)
        for headers in ({}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": f"Bearer {TOKEN}"})
    )

    assert without.status_code == wrong.status_code == HTTPStatus.UNAUTHORIZED
    assert without.json() == wrong.json()
    assert right.status_code == HTTPStatus.OK
    assert guarded.get("/api/mpc/current_dispatch").status_code == HTTPStatus.OK


@pytest.mark.pitfall("M25")
@pytest.mark.fault(1)
def test_readiness_says_503_and_why_while_the_battery_is_not_believed(guarded):
    assert guarded.get("/health/ready").status_code == HTTPStatus.OK
    fault = Request(  # noqa: S310 - our own validator
        f"{guarded.battery_url}/api/faults",
        data=json.dumps({"soc": "NaN"}).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    with urlopen(fault) as answered:  # noqa: S310 - likewise
        assert answered.status == HTTPStatus.OK

    def is_not_ready() -> bool:
        return guarded.get("/health/ready").status_code == HTTPStatus.SERVICE_UNAVAILABLE

    eventually(is_not_ready, "the service says that it cannot control")
    ready, dispatch = guarded.get("/health/ready").json(), guarded.get("/api/mpc/current_dispatch").json()
    httpx2.delete(f"{guarded.battery_url}/api/faults")

    assert "no SOC" in ready["checks"]["control"]
    assert (dispatch["status"], dispatch["battery_power_kw"]) == ("error", None)
    assert guarded.get("/health").status_code == HTTPStatus.OK
    eventually(lambda: guarded.get("/health/ready").status_code == HTTPStatus.OK, "the service controls again")


def test_metrics_tell_of_the_site(running):
    text = running.get("/metrics").text

    for name in ("voltherm_cycles_total", "voltherm_rung", "voltherm_lease_held", "voltherm_battery_soc_ratio"):
        assert f"\n{name}{{" in text
    assert 'voltherm_rung{rung="fresh_plan",site="music-building"} 1.0' in text


@pytest.mark.pitfall("M26")
def test_whatever_is_sent_to_any_endpoint_the_answer_is_a_documented_one(running):
    schema = schemathesis.openapi.from_url(f"{running.url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]

    assert {"GET /api/mpc/current_dispatch", "POST /api/mpc/trigger"} <= {each.label for each in operations}
    for operation in operations:
        check_operation(operation, running.url)


def check_operation(operation, base_url: str) -> None:
    @given(case=operation.as_strategy())
    @settings(
        max_examples=20,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def answers_as_documented(case) -> None:
        response = case.call(base_url=base_url)
        assert str(response.status_code) in operation.definition.raw["responses"], (operation.label, response.text)
        assert response.status_code != HTTPStatus.INTERNAL_SERVER_ERROR

    answers_as_documented()
