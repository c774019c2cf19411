"""``/strategy`` and ``/analytics`` over HTTP: the first users' fields, every error a problem, nothing invented."""

import re
import secrets
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from benchmarks.__main__ import REGISTERED
from tests.heat_service import NOW, OULU, heat_app
from voltherm.domain.registered_device import HeatReading
from voltherm.ports.errors import Unavailable

DEVICE = OULU["device_id"]
TOMORROW = "2026-01-09"
HOURS = [{"hour": hour, "mode": "ECO"} for hour in range(24)]
DOCUMENTED_HOUR = {
    "hour",
    "timestamp",
    "mode",
    "expected_indoor_temp",
    "outdoor_temp",
    "electricity_price",
    "reason",
}


@contextmanager
def serving(**variables):
    """Serve one registered device to this machine; ``service`` is what the app is made of."""
    app, service = heat_app(**variables)
    local = {"base_url": "http://localhost", "client": ("127.0.0.1", 50000), "raise_server_exceptions": False}
    with TestClient(app, **local) as client:
        assert client.post("/devices/register", json=OULU).status_code == 201
        client.service = service
        yield client


@pytest.fixture(scope="module")
def client():
    with serving() as client:
        yield client


@pytest.fixture
def own():
    """Return a service of the test's own."""
    with serving() as client:
        yield client


def planned(client, **more):
    response = client.post("/strategy/daily-plan", json={"device_id": DEVICE, **more})
    assert response.status_code == 200, response.text
    return response.json()


def refused(response, status, kind):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == f"urn:voltherm:problem:{kind}"
    return {error["field"]: error for error in response.json()["errors"]}


# -- Daily plan


def test_a_daily_plan_has_the_documented_fields(client):
    plan = planned(client)

    documented = {"device_id", "generated_at", "schedule", "estimated_cost", "estimated_savings", "total_energy_kwh"}
    assert documented <= plan.keys()
    assert all(hour.keys() >= DOCUMENTED_HOUR for hour in plan["schedule"])
    assert [hour["hour"] for hour in plan["schedule"]] == list(range(24))
    assert {hour["mode"] for hour in plan["schedule"]} <= {"BOOST", "NORMAL", "ECO", "OFF"}


@pytest.mark.parametrize(
    "target_date",
    [TOMORROW, f"{TOMORROW}T00:00:00", f"{TOMORROW}T00:00:00+02:00", "2026-01-08T22:00:00Z", "2026-01-09T10:00:00Z"],
)
def test_a_date_a_local_midnight_and_an_instant_mean_the_same_local_day(client, target_date):
    plan = planned(client, target_date=target_date)

    assert (plan["target_date"], plan["target_date_note"]) == (TOMORROW, "as asked")
    assert plan["schedule"][0]["timestamp"] == f"{TOMORROW}T00:00:00+02:00"
    assert plan["schedule"][-1]["timestamp"] == f"{TOMORROW}T23:00:00+02:00"


def test_tomorrow_is_chosen_once_its_prices_are_published_and_today_before(own):
    afternoon = planned(own)
    own.service.clock.at = NOW.replace(hour=9)
    morning = planned(own)

    assert (afternoon["target_date"], morning["target_date"]) == (TOMORROW, "2026-01-08")
    assert afternoon["target_date_note"] == "tomorrow, because its prices are known"
    assert morning["target_date_note"] == "today, because the prices of tomorrow are not known yet"


@pytest.mark.pitfall("A14")
@pytest.mark.parametrize(
    ("now", "day", "hours", "doubled"),
    [
        (datetime.fromisoformat("2026-03-28T18:00:00Z"), "2026-03-29", 23, []),
        (
            datetime.fromisoformat("2026-10-24T18:00:00Z"),
            "2026-10-25",
            25,
            ["2026-10-25T03:00:00+03:00", "2026-10-25T03:00:00+02:00"],
        ),
    ],
)
def test_on_days_of_change_the_offset_tells_hours_apart(own, now, day, hours, doubled):
    own.service.clock.at = now

    schedule = planned(own, target_date=day)["schedule"]

    stamps = [hour["timestamp"] for hour in schedule]
    assert len(set(stamps)) == hours
    assert [hour["timestamp"] for hour in schedule if stamps and hour["hour"] == 3] == doubled


def test_every_time_has_its_offset(client):
    plan = planned(client)

    times = [plan["generated_at"], plan["planned_from"], *(hour["timestamp"] for hour in plan["schedule"])]
    assert all(datetime.fromisoformat(text).utcoffset() == timedelta(hours=2) for text in times)


@pytest.mark.pitfall("A27")
def test_prices_are_told_as_the_exchange_has_them_and_as_they_are_paid(client):
    hour = planned(client)["schedule"][12]

    assert list(hour["price_components"]) == ["spot", "margin", "network_energy", "electricity_tax", "vat"]
    assert hour["price_components"]["spot"] == pytest.approx(hour["electricity_price"] / 1000, abs=1e-6)
    assert hour["price_per_kwh"] == pytest.approx(sum(hour["price_components"].values()), abs=1e-5)


@pytest.mark.pitfall("A6")
def test_the_baseline_is_named_and_the_savings_follow_from_it(client):
    plan = planned(client)
    baseline = plan["baseline"]

    assert baseline["description"] == "thermostat at 21.0 °C, same physics, weather and end state"
    expected = baseline["cost"] - plan["estimated_cost"] + baseline["stored_heat_value"]
    assert plan["estimated_savings"] == pytest.approx(expected, abs=2e-4)


@pytest.mark.pitfall("A11")
def test_the_demos_prices_and_weather_are_called_a_demo(client):
    plan = planned(client)

    assert plan["is_demo"] is True
    assert {hour["price_quality"] for hour in plan["schedule"]} == {"demo"}
    assert plan["provenance"]["fi_spot"]["source"].startswith("demo: Finland 2023")
    assert sum("demo: Finland 2023" in warning for warning in plan["warnings"]) == 2


@pytest.mark.pitfall("A8")
async def test_a_plan_tells_the_reading_that_it_began_with(own):
    told = {"measurements": [{"time": "2026-01-08T13:20:00Z", "indoor_c": 20.25}]}
    own.post(f"/v1/devices/{DEVICE}/measurements", json=told).raise_for_status()

    plan = planned(own)

    assert (plan["start_temperature"], plan["indoor_temp"]) == ("measured", 20.25)
    assert plan["indoor_measured_at"] == "2026-01-08T15:20:00+02:00"


# -- Current action


def act(client):
    response = client.get(f"/strategy/current-action/{DEVICE}")
    assert response.status_code == 200, response.text
    return response.json()


def test_without_a_plan_one_is_made_and_the_next_answer_follows_it(own):
    first, second = act(own), act(own)

    assert (first["source"], second["source"]) == ("replanned", "stored_plan")
    assert second["plan_made_at"] == first["timestamp"]
    assert first["mode"] == second["mode"]


def test_the_stored_daily_plan_is_followed_the_next_day(own):
    plan = planned(own, target_date=TOMORROW)
    own.service.clock.at = NOW + timedelta(hours=20)

    action = act(own)

    hour = plan["schedule"][11]
    assert action["source"] == "stored_plan"
    assert (action["mode"], action["reason_code"]) == (hour["mode"], hour["reason_code"])
    assert action["electricity_price"] == hour["electricity_price"]
    assert action["plan_made_at"] == plan["generated_at"]
    assert action["valid_until"] == "2026-01-09T12:00:00+02:00"


@pytest.mark.pitfall("A8")
def test_an_action_tells_what_was_measured_and_how_old_it_is(own):
    told = {"measurements": [{"time": "2026-01-08T13:00:00Z", "indoor_c": 15.5, "outdoor_c": -3.0}]}
    own.post(f"/v1/devices/{DEVICE}/measurements", json=told).raise_for_status()

    action = act(own)

    assert (action["indoor_temp"], action["indoor_age_minutes"], action["outdoor_temp"]) == (15.5, 30.0, -3.0)
    assert action["should_run"] is True
    assert action["action"] == "RUN"


async def test_a_plan_that_cannot_be_kept_is_still_an_answer(own):
    async def failing(_plan):
        raise Unavailable("the disk is full")

    own.service.heat.day_plans.save_day_plan = failing

    assert act(own)["source"] == "replanned"
    refused(own.post("/strategy/daily-plan", json={"device_id": DEVICE}), 503, "unavailable")


# -- Comfort risk


def judged(client, **more):
    return client.post("/analytics/comfort-risk", json={"device_id": DEVICE, "proposed_schedule": HOURS, **more})


def test_a_comfort_risk_has_the_documented_fields(client):
    response = judged(client)

    assert response.status_code == 200, response.text
    risk = response.json()
    documented = {"device_id", "comfort_score", "min_predicted_temp", "max_predicted_temp", "hours_below_comfort"}
    assert documented | {"warnings", "recommendation"} <= risk.keys()
    assert risk["target_date"] == TOMORROW
    assert [hour["mode"] for hour in risk["hours"]] == ["ECO"] * 24


def test_a_day_without_heat_is_colder_than_one_in_eco(client):
    eco = judged(client).json()
    off = judged(client, proposed_schedule=[{"hour": hour, "mode": "OFF"} for hour in range(24)]).json()

    assert off["comfort_score"] < eco["comfort_score"]
    assert off["min_predicted_temp"] < eco["min_predicted_temp"]


@pytest.mark.pitfall("A7")
def test_a_plans_schedule_can_be_sent_as_it_is_on_a_day_of_25_hours(own):
    own.service.clock.at = datetime.fromisoformat("2026-10-24T18:00:00Z")
    plan = planned(own, target_date="2026-10-25")
    proposed = [{"hour": hour["hour"], "mode": hour["mode"]} for hour in plan["schedule"]]

    risk = judged(own, proposed_schedule=proposed, target_date="2026-10-25").json()

    assert [hour["timestamp"] for hour in risk["hours"]] == [hour["timestamp"] for hour in plan["schedule"]]


# -- Refusals


@pytest.mark.pitfall("A29")
@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        ([], "proposed_schedule"),
        (HOURS + HOURS, "proposed_schedule"),
        ("ECO", "proposed_schedule"),
        (None, "proposed_schedule"),
        ([{"hour": 0}], "proposed_schedule[0].mode"),
        ([{"mode": "ECO"}], "proposed_schedule[0].hour"),
        ([{"hour": 0, "mode": "eco"}], "proposed_schedule[0].mode"),
        ([{"hour": 0, "mode": "TURBO"}], "proposed_schedule[0].mode"),
        ([{"hour": "0", "mode": "ECO"}], "proposed_schedule[0].hour"),
        ([{"hour": 0.5, "mode": "ECO"}], "proposed_schedule[0].hour"),
        ([{"hour": True, "mode": "ECO"}], "proposed_schedule[0].hour"),
        ([{"hour": -1, "mode": "ECO"}], "proposed_schedule[0].hour"),
        ([{"hour": 25, "mode": "ECO"}], "proposed_schedule[0].hour"),
        ([{"hour": 0, "mode": "ECO", "power": 3}], "proposed_schedule[0].power"),
        ([["ECO"]], "proposed_schedule[0]"),
        ([{"hour": 20, "mode": "ECO"}, {"hour": 22, "mode": "ECO"}], "proposed_schedule"),
        ([{"hour": 20, "mode": "ECO"}, {"hour": 20, "mode": "OFF"}], "proposed_schedule"),
        ([{"hour": 21, "mode": "ECO"}, {"hour": 20, "mode": "OFF"}], "proposed_schedule"),
    ],
)
def test_a_schedule_that_is_none_is_refused_by_its_field(client, schedule, field):
    response = judged(client, proposed_schedule=schedule)

    assert field in refused(response, 422, "invalid-document")


@pytest.mark.pitfall("A29")
@pytest.mark.parametrize(
    "target_date",
    [
        "tomorrow",
        "2026-13-01",
        "2026-01-09T07:00:00",
        "2026-01-07",
        "2026-02-09",
        "0001-01-01",
        "9999-12-31T23:59:59Z",
        20260109,
        "x" * 1000,
        "",
    ],
)
@pytest.mark.parametrize("path", ["/strategy/daily-plan", "/analytics/comfort-risk"])
def test_a_date_that_is_no_day_to_plan_is_refused(client, path, target_date):
    body = {"device_id": DEVICE, "target_date": target_date}
    if "risk" in path:
        body["proposed_schedule"] = HOURS

    errors = refused(client.post(path, json=body), 422, "invalid-document")

    assert errors["target_date"]["remedy"]


@pytest.mark.parametrize("device_id", ["nobody", "../etc", "a b", "ä", "#", "x" * 100])
def test_a_device_that_nobody_registered_is_not_found(client, device_id):
    body = {"device_id": device_id}

    refused(client.post("/strategy/daily-plan", json=body), 404, "no-such-device")
    refused(client.post("/analytics/comfort-risk", json={**body, "proposed_schedule": HOURS}), 404, "no-such-device")


@pytest.mark.parametrize("device_id", ["nobody", "a%20b", "%23"])
def test_an_action_for_a_device_that_nobody_registered_is_not_found(client, device_id):
    refused(client.get(f"/strategy/current-action/{device_id}"), 404, "no-such-device")


@pytest.mark.pitfall("A29")
@pytest.mark.parametrize("body", ["[]", "{}", "null", '{"device_id": 7}', '{"device_id": "x", "more": 1}', "{"])
@pytest.mark.parametrize("path", ["/strategy/daily-plan", "/analytics/comfort-risk"])
def test_a_body_that_is_no_request_is_refused(client, path, body):
    response = client.post(path, content=body, headers={"Content-Type": "application/json"})

    refused(response, 422, "invalid-document")


@pytest.mark.pitfall("A11")
def test_without_prices_there_is_no_plan_and_the_remedy_is_told(tmp_path):
    file = tmp_path / "prices.csv"
    file.write_text("time,price_eur_per_mwh\n2024-01-01T00:00:00Z,10\n2024-01-01T01:00:00Z,20\n")

    with serving(PRICES_FILE=str(file)) as client:
        response = client.post("/strategy/daily-plan", json={"device_id": DEVICE})
        action = act(client)

    refused(response, 503, "no-prices")
    assert "PRICES_FILE" in response.json()["detail"]
    assert (action["mode"], action["source"], action["electricity_price"]) == ("NORMAL", "own_control", None)


def test_a_plan_takes_the_token_where_one_is_set_and_questions_do_not():
    token = secrets.token_hex(16)
    app, _ = heat_app(API_TOKEN=token)
    with TestClient(app, base_url="http://localhost", client=("127.0.0.1", 50000)) as client:
        headers = {"Authorization": f"Bearer {token}"}
        assert client.post("/devices/register", json=OULU, headers=headers).status_code == 201
        body = {"device_id": DEVICE}

        refused(client.post("/strategy/daily-plan", json=body), 401, "not-authenticated")

        assert client.post("/strategy/daily-plan", json=body, headers=headers).status_code == 200
        assert client.get(f"/strategy/current-action/{DEVICE}").status_code == 200
        assert judged(client).status_code == 200


def test_a_reading_of_the_very_instant_counts(own):
    heat = own.service.heat
    own.portal.call(heat.readings.save_heat_readings, DEVICE, [HeatReading(at=NOW, indoor_c=19.0)])

    assert act(own)["indoor_age_minutes"] == 0.0


# -- Figures


@pytest.mark.pitfall("A30")
def test_the_page_claims_no_speed_without_the_command_that_measures_it():
    page = (Path(__file__).parents[4] / "docs" / "strategy-api.md").read_text(encoding="utf-8")
    before, _, speed = page.partition("## Speed")
    figure = re.compile(r"\d+(\.\d+)?\s*(ms|milliseconds|requests|devices|%\s*cache)\b")

    assert not figure.search(before)
    assert "python3 dev.py bench daily_plan" in speed
    assert REGISTERED["daily_plan"] == "benchmarks.daily_plan"
