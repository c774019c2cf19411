import json
import threading

import pytest
from starlette.testclient import TestClient

from voltherm.adapters.documents.plan_answer import PlanAnswerDocument
from voltherm.interfaces.api.app import create_app
from voltherm.interfaces.api.examples import PLAN_REQUESTS
from voltherm.interfaces.api.problems import ProblemDocument
from voltherm.interfaces.api.workers import PlanWorkers

REQUEST = PLAN_REQUESTS["demand"]["value"]


@pytest.fixture(scope="module")
def client():
    with TestClient(create_app(), raise_server_exceptions=False) as client:
        yield client


def problem_in(response):
    assert response.headers["content-type"] == "application/problem+json"
    problem = ProblemDocument.model_validate_json(response.content)
    assert problem.status == response.status_code
    return problem


@pytest.mark.parametrize("name", PLAN_REQUESTS)
def test_each_documented_request_is_planned(client, name):
    response = client.post("/v1/plan", json=PLAN_REQUESTS[name]["value"])

    assert response.status_code == 200
    answer = PlanAnswerDocument.model_validate_json(response.content)
    assert answer.outcome == "optimal"
    assert answer.findings == []


@pytest.mark.pitfall("M29")
def test_every_series_of_the_answer_has_start_step_unit_and_zone(client):
    answer = client.post("/v1/plan", json=REQUEST).json()

    assert answer["grid"]["start"] == answer["times"][0] == "2026-01-15T06:00:00-06:00"
    assert answer["grid"]["step_minutes"] == 15
    assert answer["grid"]["steps"] == len(answer["times"]) == len(answer["grid"]["power_kw"]) == 16
    assert answer["grid"]["zone"] == "America/Costa_Rica"
    assert answer["units"]["power_kw"] == "kW"
    assert answer["units"]["marginal_price_per_kwh"] == "CRC/kWh"
    assert len(answer["assets"]["bess"]["soc"]) == 17
    assert answer["provenance"]["roof"] == {
        "source": "yesterday",
        "issued_at": None,
        "age_minutes": None,
        "quality": "forecast",
        "note": "",
    }


@pytest.mark.pitfall("M7")
def test_a_naive_time_is_refused_with_field_value_and_remedy(client):
    response = client.post("/v1/plan", json={**REQUEST, "now": "2026-01-15T06:00:00"})

    assert response.status_code == 422
    (error,) = problem_in(response).errors
    assert error.field == "now"
    assert error.value == "2026-01-15T06:00:00"
    assert "offset" in error.remedy


@pytest.mark.pitfall("A29")
@pytest.mark.parametrize("body", ["[]", "null", "{}", '{"site": {"assets": [{}]}}', '"text"', "{", "", '{"now": NaN}'])
def test_a_body_of_another_shape_is_422(client, body):
    response = client.post("/v1/plan", content=body, headers={"content-type": "application/json"})

    assert response.status_code == 422
    assert problem_in(response).errors


def test_what_the_domain_refuses_is_422_with_its_remedy(client):
    tariff = {**REQUEST["site"]["tariff"], "valid": ["2020-01-01", "2021-01-01"]}
    response = client.post("/v1/plan", json={**REQUEST, "site": {**REQUEST["site"], "tariff": tariff}})

    assert response.status_code == 422
    (error,) = problem_in(response).errors
    assert "2021" in error.problem
    assert error.remedy


def test_a_forgotten_content_type_is_415_with_the_remedy(client):
    response = client.post("/v1/plan", content="{}", headers={"content-type": "application/x-www-form-urlencoded"})

    assert response.status_code == 415
    assert "Content-Type: application/json" in problem_in(response).detail


def test_a_compressed_body_is_415(client):
    headers = {"content-type": "application/json", "content-encoding": "gzip"}

    assert client.post("/v1/plan", content=b"x", headers=headers).status_code == 415


def test_a_large_body_is_413_by_its_header(client):
    headers = {"content-type": "application/json", "content-length": "10000001"}
    response = client.post("/v1/plan", content=b"x", headers=headers)

    assert response.status_code == 413
    problem_in(response)


def test_a_large_body_without_length_is_413_while_it_arrives(client):
    chunks = (b" " * 1_000_000 for _ in range(11))
    response = client.post("/v1/plan", content=chunks, headers={"content-type": "application/json"})

    assert response.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/v1/plan", 405), ("POST", "/", 405), ("POST", "/v1/plan/", 404)],
)
def test_other_paths_and_methods_are_problems_too(client, method, path, status):
    response = client.request(method, path)

    assert response.status_code == status
    assert problem_in(response).detail


def test_the_root_is_json_for_programs_and_a_page_for_browsers(client):
    as_json = client.get("/", headers={"accept": "*/*"})
    page = client.get("/", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})

    assert {"/v1/plan", "/docs", "/health"} <= {link["path"] for link in as_json.json()["links"]}
    assert page.headers["content-type"].startswith("text/html")
    assert 'href="/docs"' in page.text


@pytest.mark.parametrize("path", ["/", "/health", "/health/ready"])
def test_head_answers_like_get(client, path):
    response = client.head(path)

    assert response.status_code == 200


@pytest.mark.pitfall("M25")
def test_liveness_and_readiness_differ():
    app = create_app(checks={"meter": lambda: "no reading for 20 minutes"})

    with TestClient(app) as client:
        ready = client.get("/health/ready")
        assert client.get("/health").status_code == 200
        assert ready.status_code == 503
        assert ready.json() == {
            "status": "not ready",
            "checks": {"planner": "ok", "meter": "no reading for 20 minutes"},
        }


@pytest.mark.pitfall("A25")
@pytest.mark.pitfall("M26")
def test_an_error_of_ours_tells_nothing_of_its_text(monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("secret-in-exception")

    monkeypatch.setattr("voltherm.interfaces.api.routes.plan.plan_site", fail)
    with TestClient(create_app(), raise_server_exceptions=False) as client:
        response = client.post("/v1/plan", json=REQUEST)

    assert response.status_code == 500
    assert problem_in(response).errors == []
    assert "secret-in-exception" not in response.text


def test_more_requests_than_places_are_429_and_the_service_still_answers(monkeypatch):
    release, began = threading.Event(), threading.Event()

    def wait(*_):
        began.set()
        release.wait(10)
        return "{}"

    monkeypatch.setattr("voltherm.interfaces.api.routes.plan._answer", wait)
    workers = PlanWorkers(n_workers=1, most_waiting=0)
    with TestClient(create_app(workers=workers)) as client:
        first = threading.Thread(target=client.post, args=["/v1/plan"], kwargs={"json": REQUEST})
        first.start()
        began.wait(10)
        second = client.post("/v1/plan", json=REQUEST)
        alive, ready = client.get("/health"), client.get("/health/ready")
        release.set()
        first.join()

    assert second.status_code == 429
    assert second.headers["retry-after"] == "1"
    assert alive.status_code == 200
    assert ready.status_code == 503


def test_a_plan_that_takes_too_long_is_given_up(monkeypatch):
    release = threading.Event()
    monkeypatch.setattr("voltherm.interfaces.api.routes.plan._answer", lambda _: release.wait(10))

    with TestClient(create_app(workers=PlanWorkers(n_workers=1, deadline_s=0.05))) as client:
        response = client.post("/v1/plan", json=REQUEST)
        release.set()

    assert response.status_code == 422
    assert problem_in(response).type.endswith("too-hard")


def test_the_openapi_document_carries_valid_examples_and_no_loose_references(client):
    document = client.get("/openapi.json").json()

    text = json.dumps(document)
    names = set(document["components"]["schemas"])
    referred = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert referred <= names
    assert set(document["paths"]) == {"/", "/health", "/health/ready", "/v1/plan"}
    media = document["paths"]["/v1/plan"]["post"]["requestBody"]["content"]["application/json"]
    assert set(media["examples"]) == {"free", "neutral", "demand", "house"}


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_documentation_names_no_other_host(client, path):
    page = client.get(path)

    assert page.status_code == 200
    assert "https://" not in page.text
