"""``/devices``: registration as the first users' document has it, and what strangers get."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.heat_service import NOW, OULU, heat_app, heat_client
from voltherm.interfaces.api.app import create_app
from voltherm.interfaces.api.documents.devices import REGISTRATION_EXAMPLE
from voltherm.ports.errors import Unavailable

MINUTE = timedelta(minutes=1)


@pytest.fixture
def client():
    with heat_client() as client:
        yield client


@pytest.fixture
def registered(client):
    assert client.post("/devices/register", json=OULU).status_code == 201
    return client


@pytest.fixture(scope="module")
def refusing():
    """Return a service with one device, to which a test only sends what is refused."""
    with heat_client() as client:
        assert client.post("/devices/register", json={**OULU, "device_id": "only"}).status_code == 201
        yield client


def without(*names, **changes):
    return {name: value for name, value in {**OULU, **changes}.items() if name not in names}


def errors_of(response, status=422):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return {error["field"]: error for error in response.json()["errors"]}


# -- Registering


def test_the_example_of_the_documentation_is_the_first_users_one():
    assert REGISTRATION_EXAMPLE == OULU


def test_a_heat_pump_is_registered_as_the_document_says(client):
    response = client.post("/devices/register", json=OULU)

    assert response.status_code == 201
    assert response.headers["location"] == "/devices/MY_HEAT_PUMP_001"
    answer = response.json()
    assert {name: answer[name] for name in OULU} == OULU
    assert answer["registered_at"] == "2026-01-08T13:30:00Z"
    assert answer["timezone"] == "Europe/Helsinki"


@pytest.mark.pitfall("A2")
def test_the_rated_power_is_heat_at_the_rating_point_and_the_cop_is_the_one_there(client):
    model = client.post("/devices/register", json=OULU).json()["model"]

    assert model["rating_points"][0] == {"source_c": 0.0, "supply_c": 35.0, "heat_kw": 12.0, "cop": 4.0}
    assert model["design_outdoor_c"] == -32.0


def test_what_is_left_out_is_usual_and_told(client):
    answer = client.post("/devices/register", json=without("cop_rating", "comfort_min_temp", "comfort_max_temp")).json()

    assert (answer["comfort_min_temp"], answer["comfort_max_temp"], answer["cop_rating"]) == (18.0, 24.0, None)
    assert answer["model"]["rating_points"][0]["cop"] == 4.4
    assert any("no COP is given" in note for note in answer["notes"])


def test_the_settings_say_what_is_usual():
    usual = {"DEFAULT_COMFORT_MIN_TEMP": "19.5", "DEFAULT_COMFORT_MAX_TEMP": "22", "TIMEZONE": "Europe/Stockholm"}
    with heat_client(**usual) as client:
        answer = client.post("/devices/register", json=without("comfort_min_temp", "comfort_max_temp")).json()

    assert (answer["comfort_min_temp"], answer["comfort_max_temp"], answer["timezone"]) == (
        19.5,
        22.0,
        "Europe/Stockholm",
    )


@pytest.mark.pitfall("A28")
def test_parameters_that_are_better_known_than_the_presets_are_taken_by_name(client):
    known = {"loss_kw_per_k": 0.1, "u_window_w_m2_k": 0.9, "window_share": 0.1, "modulation_floor": 0.5}
    plain = client.post("/devices/register", json=without(device_id="plain")).json()
    better = client.post("/devices/register", json=without(overrides=known, timezone="Europe/Oslo")).json()

    assert better["overrides"] == known
    assert better["model"]["solar_aperture_m2"] < plain["model"]["solar_aperture_m2"]
    assert better["model"]["loss_kw_per_k"] != plain["model"]["loss_kw_per_k"]
    assert better["timezone"] == "Europe/Oslo"


def test_a_second_registration_of_an_id_is_a_conflict_and_changes_nothing(registered):
    response = registered.post("/devices/register", json=without(name="Another"))

    assert response.status_code == 409
    assert "choose another id" in response.json()["detail"]
    assert registered.get("/devices/MY_HEAT_PUMP_001").json()["name"] == "My Home in Oulu"


@pytest.mark.pitfall("A29")
@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("device_id", "", "first a letter or a digit"),
        ("device_id", "../etc", "first a letter or a digit"),
        ("device_id", "lämpö", "first a letter or a digit"),
        ("device_id", "a\n", "first a letter or a digit"),
        ("device_id", "a" * 101, "at most 100"),
        ("device_id", 7, "not a text"),
        ("name", " \t", "cannot be printed"),
        ("name", "a\u0000b", "cannot be printed"),
        ("name", "a" * 201, "at most 200"),
        ("latitude", 90.5, "at most 90"),
        ("longitude", -181, "at least -180"),
        ("insulation_level", "HIGH", "'low', 'medium'"),
        ("floor_area", "150", "not a number"),
        ("floor_area", True, "not a number"),
        ("floor_area", 1e308, "at most 100000"),
        ("volume", -450, "at least 20"),
        ("volume", 4500.0, "30 m high"),
        ("heat_pump_type", "GAS", "'GSHP' or 'ASHP'"),
        ("rated_power", 12000, "at most 2000"),
        ("rated_power", None, "not a number"),
        ("cop_rating", 0.9, "at least 1"),
        ("comfort_min_temp", 66, "at most 30"),
        ("comfort_min_temp", 24.5, "leaves no band"),
        ("comfort_max_temp", 31, "at most 30"),
        ("cop_rating", 8.9, "more than Carnot's figure at B0/W35, which is 8.8"),
        ("vpp_enabled", "yes", "not true or false"),
        ("timezone", "Helsinki", "IANA"),
        ("storeys", 1.5, "not a whole number"),
        ("overrides", {"gravity": 9.81}, "not a known parameter"),
        ("overrides", {"loss_kw_per_k": -1}, "at least 0"),
        ("overrides", {"window_share": 50}, "0 to 1"),
        ("colour", "blue", "not a known field"),
    ],
)
def test_what_no_house_has_is_refused_with_field_value_and_remedy(refusing, field, value, words):
    found = errors_of(refusing.post("/devices/register", json={**OULU, field: value}))

    (name,) = found
    assert name.startswith(field)
    assert words in found[name]["problem"]
    assert found[name]["remedy"]
    assert [each["device_id"] for each in refusing.get("/devices").json()] == ["only"]


def test_every_problem_is_told_at_once(client):
    found = errors_of(client.post("/devices/register", json={"device_id": "a", "floor_area": "big"}))

    assert found.keys() == {
        *("name", "latitude", "longitude", "insulation_level", "floor_area", "volume", "heat_pump_type", "rated_power")
    }


@pytest.mark.pitfall("A29")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"[]", 422),
        (b"null", 422),
        (b"{", 422),
        (b'{"floor_area": NaN}', 422),
        (b'{"floor_area": 1e999, "volume": Infinity}', 422),
        (b'{"name": "\\ud800"}', 422),
        (b"\xff\xfe", 422),
        (b"[" * 10_000, 422),
        (b'{"a": "' + b"a" * 30_000 + b'"}', 413),
    ],
)
def test_no_body_of_a_stranger_is_an_error_of_ours(refusing, body, status):
    response = refusing.post("/devices/register", content=body, headers={"Content-Type": "application/json"})

    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("limit", [("rated_power", 0.5), ("floor_area", 100_000.0), ("rated_power", 2000.0)])
def test_a_house_at_the_edge_of_what_can_be_is_registered_or_refused_by_a_field(client, limit):
    name, value = limit
    body = {**OULU, name: value} | ({"volume": 3 * value} if name == "floor_area" else {})

    response = client.post("/devices/register", json=body)

    assert response.status_code in {201, 422}
    if response.status_code == 422:
        assert "document" not in errors_of(response)


def test_only_this_machine_registers_where_no_token_is_set(client):
    response = client.post("/devices/register", json=OULU, headers={"X-Forwarded-For": "203.0.113.9"})

    assert response.status_code == 403
    assert "API_TOKEN" in response.json()["detail"]


def test_with_a_token_nobody_registers_or_tells_without_it_and_everybody_reads():
    token = "a-token-of-this-test"  # noqa: S105 - opens nothing but this test's service
    with heat_client(API_TOKEN=token) as client:
        assert client.post("/devices/register", json=OULU).status_code == 401
        assert client.post("/v1/devices/a/measurements", json={}).status_code == 401
        headers = {"Authorization": f"Bearer {token}"}
        assert client.post("/devices/register", json=OULU, headers=headers).status_code == 201
        assert [each["device_id"] for each in client.get("/devices").json()] == ["MY_HEAT_PUMP_001"]


# -- Listing


def test_devices_are_listed_page_by_page(client):
    for name in ("b", "a", "c", "B", "d"):
        client.post("/devices/register", json={**OULU, "device_id": name})

    pages, path = [], "/devices?limit=2"
    while path:
        response = client.get(path)
        pages.append([each["device_id"] for each in response.json()])
        path = response.links.get("next", {}).get("url")

    assert pages == [["B", "a"], ["b", "c"], ["d"]]


@pytest.mark.parametrize("name", ["nobody", "a b", "%00", "%2e%2e%2fetc", "ä", "a" * 3000])
def test_a_device_that_nobody_registered_is_not_found(refusing, name):
    response = refusing.get(f"/devices/{name}")

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=201", "limit"), ("limit=two", "limit"), ("after=%00", "after"), ("page=2", "page")],
)
def test_a_query_that_is_not_documented_is_refused(refusing, query, field):
    assert field in errors_of(refusing.get(f"/devices?{query}"))


# -- Measurements


PATH = "/v1/devices/MY_HEAT_PUMP_001/measurements"


def batch(n, **values):
    times = [(NOW - (n - at) * MINUTE).isoformat() for at in range(n)]
    return {"measurements": [{"time": time, **values} for time in times]}


def test_a_batch_is_kept_and_comes_back_in_the_order_of_time(registered):
    told = {**batch(3, indoor_c=21.5, outdoor_c=-8.2, power_kw=2.0, mode="NORMAL")}
    told["measurements"].reverse()

    answer = registered.post(PATH, json=told).json()

    assert answer == {"device_id": "MY_HEAT_PUMP_001", "received": 3, "changed": 3}
    shown = registered.get(PATH).json()
    assert [each["time"] for each in shown["measurements"]] == [
        "2026-01-08T13:27:00Z",
        "2026-01-08T13:28:00Z",
        "2026-01-08T13:29:00Z",
    ]
    assert shown["measurements"][0] == {
        "time": "2026-01-08T13:27:00Z",
        "indoor_c": 21.5,
        "outdoor_c": -8.2,
        "power_kw": 2.0,
        "mode": "NORMAL",
    }


def test_a_batch_sent_again_changes_nothing_and_a_correction_what_it_names(registered):
    registered.post(PATH, json=batch(3, indoor_c=21.5, power_kw=2.0))

    assert registered.post(PATH, json=batch(3, indoor_c=21.5, power_kw=2.0)).json()["changed"] == 0
    assert registered.post(PATH, json=batch(1, indoor_c=20.0)).json()["changed"] == 1
    last = registered.get(PATH).json()["measurements"][-1]
    assert (last["indoor_c"], last["power_kw"]) == (20.0, 2.0)


def test_measurements_are_shown_page_by_page(registered):
    registered.post(PATH, json=batch(5, indoor_c=21.5))

    minutes, path = [], f"{PATH}?since=2026-01-08T15:00:00%2B02:00&limit=2"
    while path:
        response = registered.get(path)
        minutes.append([each["time"][14:16] for each in response.json()["measurements"]])
        path = response.links.get("next", {}).get("url")

    assert minutes == [["25", "26"], ["27", "28"], ["29"]]


@pytest.mark.pitfall("A29")
@pytest.mark.parametrize(
    ("entry", "field", "words"),
    [
        ({}, "measurements[0].time", "is missing"),
        ({"time": "2026-01-08T13:00:00Z"}, "measurements[0]", "says nothing"),
        ({"time": "2026-01-08T13:00:00", "indoor_c": 20.0}, "measurements[0].time", "no time zone"),
        ({"time": "2026-01-08T14:30:00Z", "indoor_c": 20.0}, "measurements[0].time", "in the future"),
        ({"time": "1999-01-08T14:30:00Z", "indoor_c": 20.0}, "measurements[0].time", "five years back"),
        ({"time": "2026-01-08T13:00:00Z", "indoor_c": 294.65}, "measurements[0].indoor_c", "at most 60"),
        ({"time": "2026-01-08T13:00:00Z", "power_kw": -1}, "measurements[0].power_kw", "at least 0"),
        ({"time": "2026-01-08T13:00:00Z", "mode": "COOL"}, "measurements[0].mode", "'BOOST'"),
        ({"time": "2026-01-08T13:00:00Z", "indoor_temp": 20}, "measurements[0].indoor_temp", "not a known field"),
    ],
)
def test_what_no_sensor_measures_is_refused_and_nothing_of_the_batch_is_kept(refusing, entry, field, words):
    path, good = "/v1/devices/only/measurements", batch(1, indoor_c=21.5)["measurements"][0]

    found = errors_of(refusing.post(path, json={"measurements": [entry, good]}))

    assert words in found[field]["problem"]
    assert refusing.get(path).json()["measurements"] == []


@pytest.mark.parametrize(("n", "status"), [(0, 422), (5000, 200), (5001, 422)])
def test_a_batch_has_one_to_five_thousand_measurements(registered, n, status):
    assert registered.post(PATH, json=batch(n, indoor_c=21.5)).status_code == status


@pytest.mark.parametrize("method", ["get", "post"])
def test_measurements_of_a_device_that_nobody_registered_are_not_found(refusing, method):
    more = {"json": batch(1, indoor_c=20.0)} if method == "post" else {}

    assert getattr(refusing, method)("/v1/devices/nobody/measurements", **more).status_code == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=2026-01-08T14:00:00Z", "since"),
        ("since=2026-01-08T13:00:00", "since"),
        ("until=yesterday", "until"),
        ("limit=5001", "limit"),
        ("from=2026-01-08T13:00:00Z", "from"),
    ],
)
def test_a_span_that_cannot_be_is_refused(refusing, query, field):
    assert field in errors_of(refusing.get(f"/v1/devices/only/measurements?{query}"))


# -- When the store fails


def test_while_the_store_does_not_answer_the_answer_is_503_without_a_word_of_its_message():
    async def fails():
        raise Unavailable("database postgresql://db.internal/voltherm: secrets of ours")

    _, service = heat_app()
    app = create_app(service=replace(service, heat=replace(service.heat, open_store=fails)))
    with TestClient(app, raise_server_exceptions=False) as client:
        response = client.get("/devices")

    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert "internal" not in response.text


def test_the_service_names_the_paths_of_devices(client):
    paths = {link["path"] for link in client.get("/").json()["links"]}

    assert {"/devices", "/devices/register"} <= paths


def test_the_page_of_the_documentation_shows_the_registration_that_works():
    page = (Path(__file__).resolve().parents[4] / "docs" / "devices-api.md").read_text()
    for name in OULU:
        assert f'"{name}"' in page


def test_times_of_readings_keep_their_microseconds(registered):
    at = datetime(2026, 1, 8, 13, 0, 0, 123456, tzinfo=UTC)
    registered.post(PATH, json={"measurements": [{"time": at.isoformat(), "indoor_c": 20.0}]})

    (shown,) = registered.get(f"{PATH}?since={at.isoformat().replace('+00:00', 'Z')}").json()["measurements"]
    assert shown["time"] == "2026-01-08T13:00:00.123456Z"
