"""The validator over HTTP, as docs/wire.md has it."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from starlette.testclient import TestClient

from tests.sites import battery, site_of
from tests.tariffs import energy, tariff_of
from tests.virtual_sites import START, TARIFF, one_battery_site, recorded
from voltherm.adapters.documents.site import load_site
from voltherm.application.virtual_profile import VirtualProfile
from voltherm.domain.tariffs import Usage
from voltherm.domain.time import TimeGrid
from voltherm.interfaces import demo_data
from voltherm.interfaces.validator.app import create_validator, live_site


def client_of(site, clock, data=None, **more):
    profile = VirtualProfile(data or recorded(), ZoneInfo("UTC"), site)
    return TestClient(create_validator(live_site(site, profile, clock.now, **more)), raise_server_exceptions=False)


def in_a_minute(clock):
    return (clock.now() + timedelta(seconds=60)).isoformat()


def problem_in(response, status=422):
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    return response.json()


def test_the_battery_tells_what_the_wire_contract_asks_for(client, clock, command):
    command(-20.0, id="01JP", epoch=7, sequence=214, valid_until=in_a_minute(clock))
    clock.turn(seconds=30)

    told = client.get("/api/battery/soc").json()

    assert told == {
        "data": "recorded, joined by time",
        "label": None,
        "clock": None,
        "soc": pytest.approx(0.5 - 20 / 0.9 * 30 / 3600 / 100),
        "timestamp": "2026-03-10T00:00:30Z",
        "source": "simulator",
        "power_kw": -20.0,
        "charge_limit_kw": 50.0,
        "discharge_limit_kw": 50.0,
        "mode": "ready",
        "heartbeat": 30,
        "alarms": [],
        "command": {"id": "01JP", "power_kw": -20.0, "valid_until": "2026-03-10T00:01:00Z"},
    }


def test_an_accepted_command_is_answered_with_what_will_be_followed_until_when(clock, command):
    answer = command(-80.0, id="01JP", epoch=7, sequence=214, valid_until=in_a_minute(clock))

    assert answer.status_code == 200
    assert answer.json() == {
        "data": "recorded, joined by time",
        "label": None,
        "clock": None,
        "accepted": True,
        "command_id": "01JP",
        "power_kw": -50.0,
        "valid_until": "2026-03-10T00:01:00Z",
        "detail": "cut from -80 kW to the limit of now",
    }


@pytest.mark.pitfall("M14")
def test_the_plain_shape_of_the_field_holds_for_60_seconds(client, clock):
    plain = {"power_kw": 12.5, "timestamp": clock.now().isoformat()}
    answer = client.post("/api/battery/dispatch", json=plain).json()

    assert (answer["accepted"], answer["valid_until"]) == (True, "2026-03-10T00:01:00Z")
    clock.turn(seconds=59.9)
    assert client.get("/api/battery/soc").json()["power_kw"] == 12.5
    clock.turn(seconds=0.1)
    told = client.get("/api/battery/soc").json()
    assert (told["power_kw"], told["command"]) == (0, None)


@pytest.mark.parametrize(
    ("first", "second", "detail"),
    [
        ({"epoch": 7, "sequence": 1}, {"epoch": 6, "sequence": 9}, "older epoch"),
        ({"epoch": 7, "sequence": 2}, {"epoch": 7, "sequence": 2}, "sequence not newer"),
        (
            {"epoch": 7, "sequence": 1},
            {"timestamp": "2026-03-09T23:59:00Z", "valid_until": "2026-03-10T00:00:00Z", "epoch": 7, "sequence": 2},
            "expired",
        ),
        ({"epoch": 7, "sequence": 1}, {}, "no epoch"),
    ],
)
def test_a_refused_command_answers_409_with_the_reason(command, first, second, detail):
    assert command(**first).status_code == 200
    refused = command(**second)

    assert refused.status_code == 409
    assert refused.json()["accepted"] is False
    assert refused.json()["detail"].startswith(detail)


@pytest.mark.fault(24)
def test_the_same_id_again_answers_as_at_first(client, clock, command):
    first = command(-20.0, id="one", epoch=1, sequence=1, valid_until=in_a_minute(clock))
    clock.turn(hours=1)
    again = command(30.0, id="one", epoch=5, sequence=1, valid_until=in_a_minute(clock))

    assert (again.status_code, again.json()) == (200, first.json())
    assert client.get("/api/battery/soc").json()["command"] is None


@pytest.mark.pitfall("M7")
@pytest.mark.parametrize(
    ("body", "field", "problem"),
    [
        ({"power_kw": 1, "timestamp": "2026-03-10T00:00:00"}, "timestamp", "has no time zone"),
        ({"power_kw": 1, "timestamp": "2026-03-10T00:00:06Z"}, "timestamp", "is in the future"),
        ({"power_kw": 1}, "timestamp", "is missing"),
        ({"timestamp": "2026-03-10T00:00:00Z"}, "power_kw", "is missing"),
        ({"power_kw": "1", "timestamp": "2026-03-10T00:00:00Z"}, "power_kw", "is not a number"),
        ({"power_kw": 1, "timestamp": "2026-03-10T00:00:00Z", "epoch": 3}, "sequence", "is missing"),
        (
            {"power_kw": 1, "timestamp": "2026-03-10T00:00:00Z", "valid_until": "2026-03-10T00:00:00Z"},
            "valid_until",
            "is not after timestamp",
        ),
    ],
)
def test_what_is_no_command_is_a_problem_with_field_and_remedy_and_stands_in_the_log(client, body, field, problem):
    found = problem_in(client.post("/api/battery/dispatch", json=body))

    (told,) = found["errors"]
    assert told["field"] == field
    assert told["problem"].startswith(problem)
    assert told["remedy"]
    (entry,) = client.get("/api/log").json()["entries"]
    assert (entry["event"], entry["verdict"]) == ("received", "malformed")
    assert entry["detail"].startswith(f"{field}: {problem}")


def test_not_a_number_is_no_power(client):
    body = '{"power_kw": NaN, "timestamp": "2026-03-10T00:00:00Z"}'
    response = client.post("/api/battery/dispatch", content=body, headers={"Content-Type": "application/json"})

    assert problem_in(response)["errors"][0]["field"] == "power_kw"


def test_fields_that_are_not_known_are_ignored(command):
    assert command(ramp="fast", comment={"a": 1}).status_code == 200


def test_a_battery_that_is_not_there_is_named_as_missing(client, command):
    assert problem_in(client.get("/api/battery/soc?device_id=other"), 404)["detail"].endswith("there are: bess.")
    assert problem_in(command(device_id="other"), 404)


def test_several_batteries_are_asked_by_name(clock):
    with client_of(site_of(TARIFF, battery("east"), battery("west")), clock) as client:
        assert "east, west" in problem_in(client.get("/api/battery/soc"))["detail"]
        assert client.get("/api/battery/soc?device_id=west").status_code == 200


def test_the_meter_tells_now_and_the_running_mean(client, clock, command):
    clock.turn(minutes=6)
    command(-20.0)
    clock.turn(seconds=30)

    told = client.get("/api/meter").json()

    assert (told["grid_kw"], told["interval_start"]) == (20.0, "2026-03-10T00:00:00Z")
    assert told["interval_mean_kw"] == pytest.approx(40 - 20 * 0.5 / 6.5)
    assert told["power_kw"] == {"load": 40.0, "bess": -20.0}


def test_intervals_that_are_over_are_paged_by_their_begin(client, clock):
    clock.turn(days=32)
    first = client.get("/api/meter/intervals").json()
    last = first["intervals"][-1]
    follows = client.get("/api/meter/intervals", params={"since": "2026-04-10T00:00:00Z"}).json()

    assert (len(first["intervals"]), first["interval_minutes"]) == (2976, 15)
    assert last["start"] == "2026-04-09T23:45:00Z"
    assert len(follows["intervals"]) == 96
    assert follows["intervals"][0] == {
        "start": "2026-04-10T00:00:00Z",
        "grid_kw": 40.0,
        "power_kw": {"load": 40.0, "bess": 0.0},
        "soc": {"bess": 0.5},
        "without_battery_kw": 40.0,
        "curtailed_kw": 0.0,
    }
    assert follows["data"] == "recorded, replayed by whole weeks"


def test_the_bill_is_the_tariffs_own_of_the_intervals_that_are_told_to_the_cent(clock):
    site = load_site(Path(demo_data.__file__).parent / "site.yaml")
    loads = 60 + 50 * np.sin(np.arange(96) / 7) ** 2
    with client_of(site, clock, recorded(loads, 30.0)) as client:
        for hour in range(4 * 25):
            now = clock.turn(hours=6)
            until = (now + timedelta(minutes=50)).isoformat()
            body = {"power_kw": 90 * np.cos(hour), "timestamp": now.isoformat(), "valid_until": until}
            client.post("/api/battery/dispatch", json=body)
        told = client.get("/api/costs", params={"from": START.isoformat(), "to": clock.now().isoformat()}).json()
        intervals = client.get("/api/meter/intervals").json()["intervals"]
        report = client.get("/api/report").json()

    grid = TimeGrid(START, timedelta(minutes=15), len(intervals))
    for side, key in (("with_battery", "grid_kw"), ("without_battery", "without_battery_kw")):
        bills = site.tariff.bill(Usage.of_net(grid, [one[key] for one in intervals]))
        assert len(bills) == len(told["periods"]) == 2
        for bill, period in zip(bills, told["periods"], strict=True):
            assert period[side]["total"] == pytest.approx(bill.total, abs=0.005)
            assert sum(line[side] for line in period["lines"]) == pytest.approx(bill.total, abs=0.005)
        assert told[side]["total"] == pytest.approx(sum(bill.total for bill in bills), abs=0.005)
        parts = [told[side][part] for part in ("energy", "demand", "fixed", "tax")]
        assert sum(parts) == pytest.approx(told[side]["total"])
    assert told["saved"] == pytest.approx(told["without_battery"]["total"] - told["with_battery"]["total"])
    assert abs(report["imbalance_kwh"]) < 1e-6


def test_the_bill_of_a_span_without_intervals_is_empty(client):
    told = client.get("/api/costs").json()

    assert (told["periods"], told["metered_from"], told["saved"]) == ([], None, 0)


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-03-10T00:00:00",
        "from=x",
        "to=2026-03-01T00:00:00Z&from=2026-03-02T00:00:00Z",
        "to=0001-01-01T00:00:00Z",
    ],
)
def test_times_that_make_no_span_are_refused(client, query):
    problem_in(client.get(f"/api/costs?{query}"))


def test_a_tariff_whose_prices_are_not_recorded_has_no_bill_and_the_page_says_why(clock):
    with client_of(site_of(tariff_of(energy(series="spot")), battery()), clock) as client:
        clock.turn(hours=1)

        assert "price series 'spot'" in str(problem_in(client.get("/api/costs")))
        assert "price series &#39;spot&#39;" in client.get("/", headers={"Accept": "text/html"}).text


def test_the_log_is_read_from_a_number_or_a_time_on(client, clock, command):
    command(-20.0, reason="shave_peak", source="plan")
    clock.turn(hours=1)
    everything = client.get("/api/log").json()

    assert [entry["event"] for entry in everything["entries"]] == ["received", "started", "expired", "reverted"]
    assert everything["entries"][0]["detail"] == "plan shave_peak"
    assert everything["last_number"] == 4
    assert len(client.get("/api/log?after=3").json()["entries"]) == 1
    assert len(client.get("/api/log?since=2026-03-10T00:00:30Z").json()["entries"]) == 2


@pytest.mark.fault(18)
def test_a_clock_that_went_back_stands_still_and_is_told(client, clock):
    clock.turn(hours=1)
    before = client.get("/api/battery/soc").json()
    clock.turn(minutes=-30)
    after = client.get("/api/battery/soc").json()

    assert after["timestamp"] == before["timestamp"]
    assert after["clock"].startswith("the clock went back by 1800 s")
    clock.turn(minutes=31)
    assert client.get("/api/battery/soc").json()["clock"] is None


def test_days_before_now_can_be_metered_already(clock):
    with client_of(one_battery_site(), clock, metered_before=timedelta(days=3)) as client:
        assert len(client.get("/api/meter/intervals").json()["intervals"]) == 3 * 96


def test_faults_are_not_there_unless_they_were_asked_for(clock):
    with client_of(one_battery_site(), clock) as client:
        assert client.post("/api/faults", json={}).status_code == 404
        assert client.delete("/api/faults").status_code == 404


def test_a_program_gets_json_and_a_person_a_page_that_needs_no_other_host(client, clock, command):
    clock.turn(hours=3)
    command(-20.0, id="<b>bold</b>")
    about = client.get("/").json()
    page = client.get("/", headers={"Accept": "text/html,*/*"})

    assert (about["service"], about["soc"], about["has_faults"]) == ("voltherm validator", {"bess": 0.5}, True)
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<b>bold" not in page.text
    assert "&lt;b&gt;bold" in page.text
    for told in ("50.0 %", "It discharges with 20.0 kW", "told -20.0 kW until", "Saved", "<polyline"):
        assert told in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert client.get("/health").json()["status"] == "ok"
    assert client.get("/docs").status_code == 200


def test_an_idle_site_without_a_battery_has_a_page_too(clock):
    with client_of(site_of(TARIFF), clock) as client:
        assert "The site has none." in client.get("/", headers={"Accept": "text/html"}).text
        assert "there are: none" in problem_in(client.get("/api/battery/soc"), 404)["detail"]


def test_a_wrong_parameter_is_named_with_its_value_and_the_reference_announces_problems_only(client):
    problem = problem_in(client.get("/api/meter/intervals?since=2026-03-10T06:00:00"), 422)
    document = client.get("/openapi.json").json()

    assert [(each["field"], each["value"]) for each in problem["errors"]] == [("since", "2026-03-10T06:00:00")]
    assert problem["errors"][0]["problem"] == "has no time zone"
    assert "with an offset" in problem["errors"][0]["remedy"]
    assert "HTTPValidationError" not in str(document)
    announced = document["paths"]["/api/meter/intervals"]["get"]["responses"]["422"]["content"]
    assert set(announced) == {"application/problem+json"}
