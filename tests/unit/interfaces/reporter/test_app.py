"""The reporter over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from tests.unit.interfaces.reporter.bench import NOW, Bench, load_kw, metered
from voltherm.adapters.forecasts.rows import Reading, forecast_of_rows
from voltherm.adapters.forecasts.shapes import head_and_rows
from voltherm.domain.external_forecast import ForecastKind
from voltherm.interfaces.api.problems import ProblemDocument
from voltherm.interfaces.reporter.answers import ForecastDocument
from voltherm.interfaces.reporter.app import create_reporter
from voltherm.interfaces.reporter.desk import Desk
from voltherm.interfaces.reporter.page import ReporterDocument
from voltherm.ports.errors import Unavailable

TOKEN = "0123456789abcdef-0123"  # noqa: S105 - of a test
HTML = {"Accept": "text/html,application/xhtml+xml,*/*"}


async def client_with_history(zone="UTC", now=NOW, **more):
    bench = Bench(zone, now, **more)
    await bench.tell(metered(now, 30))
    return bench, TestClient(bench.app, raise_server_exceptions=False)


def problem_in(response, status):
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    return ProblemDocument.model_validate_json(response.content)


def read_by_the_service(response, kind, zone):
    """The forecast as our own client understands it."""
    head, rows = head_and_rows(response.json(), kind)
    return forecast_of_rows(rows, Reading(kind=kind, fetched_at=NOW, zone=zone), head)


# -- Forecasts


@pytest.mark.pitfall("M29")
async def test_load_comes_hourly_in_the_documented_shape():
    _, client = await client_with_history()

    answer = ForecastDocument.model_validate_json(client.get("/api/forecasts/load").content)

    assert answer.source == "voltherm reporter"
    assert answer.quality == "forecast"
    assert answer.issued_at == NOW
    assert answer.known_until == datetime(2026, 3, 10, 6, tzinfo=UTC)
    assert (answer.resolution_minutes, answer.unit, len(answer.points)) == (60, "kW", 168)
    assert answer.points[0].time == datetime(2026, 3, 10, 6, tzinfo=UTC)
    assert answer.points[6].power == pytest.approx(load_kw(datetime(2026, 3, 10, 12, tzinfo=UTC)), abs=3)
    assert answer.points[6].quantiles["0.1"] <= answer.points[6].quantiles["0.9"]


@pytest.mark.parametrize(
    ("query", "step", "n_points"),
    [
        ("solar", 15, 672),
        ("solar?hours=48", 15, 192),
        ("load?resolution_minutes=15&hours=1", 15, 4),
        ("load?resolution_minutes=20&hours=168", 20, 504),
        ("solar?resolution_minutes=60&hours=2", 60, 2),
        ("solar/poi_1", 15, 672),
        ("load/site", 60, 168),
        ("load/load", 60, 168),
    ],
)
async def test_resolution_reach_and_point_are_as_asked(query, step, n_points):
    _, client = await client_with_history()

    answer = ForecastDocument.model_validate_json(client.get(f"/api/forecasts/{query}").content)

    assert (answer.resolution_minutes, len(answer.points)) == (step, n_points)
    assert answer.points[1].time - answer.points[0].time == timedelta(minutes=step)


async def test_a_kept_forecast_begins_with_the_step_that_is_running_now():
    bench, client = await client_with_history()
    client.get("/api/forecasts/solar")
    bench.clock.moment += timedelta(minutes=10)

    answer = ForecastDocument.model_validate_json(client.get("/api/forecasts/solar").content)

    assert answer.issued_at == NOW
    assert answer.points[0].time == datetime(2026, 3, 10, 6, 15, tzinfo=UTC)
    assert len(answer.points) == 672


async def test_our_own_client_reads_both_shapes_alike():
    bench, client = await client_with_history("America/Costa_Rica")
    zone = bench.site.zone
    for kind in ForecastKind:
        path = f"/api/forecasts/{kind.value}?resolution_minutes=60"
        ours = read_by_the_service(client.get(path), kind, zone).power_kw
        rows = read_by_the_service(client.get(f"{path}&shape=rows"), kind, zone).power_kw
        ahead = (ours.grid.start - rows.grid.start) // rows.grid.step
        assert rows.grid.time_of(ahead) == ours.grid.start
        assert rows.values[ahead : ahead + 100].tolist() == ours.values[:100].tolist()


async def test_several_problems_of_a_query_are_named_at_once():
    _, client = await client_with_history()

    problem = problem_in(client.get("/api/forecasts/load?resolution_minutes=7&hours=x&shape=csv&days=3"), 422)

    assert {each.field for each in problem.errors} == {"resolution_minutes", "hours", "shape", "days"}
    assert all(each.remedy for each in problem.errors)


async def test_an_unknown_point_is_told_with_those_that_are_known():
    _, client = await client_with_history()

    assert "site, poi_1, roof" in problem_in(client.get("/api/forecasts/solar/garage"), 404).detail


@pytest.mark.pitfall("M11")
@pytest.mark.parametrize("path", ["load", "solar", "load/poi_1", "load?shape=rows"])
async def test_without_history_there_is_no_forecast_but_a_reason_and_a_remedy(path):
    problem = problem_in(TestClient(Bench().app).get(f"/api/forecasts/{path}"), 503)

    assert problem.type == "urn:voltherm:problem:too-little-history"
    assert "POST /api/readings" in problem.detail


# -- Rows of the field


@pytest.mark.pitfall("M7")
@pytest.mark.parametrize(
    ("now", "n_rows", "doubled", "skipped"),
    [
        (datetime(2026, 3, 10, 12, 7, tzinfo=UTC), 168, 0, 0),
        (datetime(2026, 3, 25, 12, 7, tzinfo=UTC), 167, 0, 1),
        (datetime(2026, 10, 20, 22, 7, tzinfo=UTC), 169, 1, 0),
        (datetime(2026, 3, 28, 23, 30, tzinfo=UTC), 167, 0, 1),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 169, 1, 0),
    ],
)
async def test_rows_are_seven_local_days_from_midnight_also_where_the_clocks_change(now, n_rows, doubled, skipped):
    _, client = await client_with_history("Europe/Helsinki", now)

    rows = client.get("/api/forecasts/load?shape=rows").json()

    times = [row["ds"] for row in rows]
    assert len(rows) == n_rows
    assert times[0].endswith("00:00:00")
    assert times[-1].endswith("23:00:00")
    assert len(times) - len(set(times)) == doubled
    assert sum(time.endswith("03:00:00") for time in times) == 7 + doubled - skipped
    assert all(row["hourly_power"] is not None for row in rows)


async def test_rows_of_today_that_are_over_are_what_was_measured():
    _, client = await client_with_history()

    rows = client.get("/api/forecasts/load?shape=rows").json()

    assert rows[3] == {
        "ds": "2026-03-10 03:00:00",
        "hourly_power": round(load_kw(datetime(2026, 3, 10, 3, tzinfo=UTC)), 3),
    }
    assert client.get("/api/forecasts/solar?shape=rows").json()[0] == {
        "index": "2026-03-10 00:00:00",
        "power_expected": 0.0,
    }


async def test_an_hour_that_nobody_measured_and_that_is_over_is_null():
    bench = Bench()
    await bench.tell(tuple(each for each in metered(NOW) if each.interval.start.hour != 2))

    rows = TestClient(bench.app).get("/api/forecasts/load?shape=rows").json()

    assert rows[2]["hourly_power"] is None


async def test_rows_begin_at_midnight_in_a_zone_of_half_hours():
    _, client = await client_with_history("Asia/Kolkata")

    rows = client.get("/api/forecasts/load?shape=rows").json()

    assert rows[0]["ds"] == "2026-03-10 00:00:00"
    assert len(rows) == 168
    assert None not in [row["hourly_power"] for row in rows]


# -- Readings


def posted(*readings, unit="kW"):
    return {"unit": unit, "readings": list(readings)}


def test_posted_readings_are_kept_once_and_come_back_in_kw():
    client = TestClient(Bench().app)
    batch = posted(
        {"start": "2026-03-10T05:00:00Z", "power": {"load": 182400, "roof": -20}, "t_out_c": -3.5, "grid": 182400},
        {"start": "2026-03-09T23:15:00-06:00", "power": {"load": 181000, "roof": None}},
        unit="W",
    )

    assert client.post("/api/readings", json=batch).json() == {"received": 2, "changed": 2}
    assert client.post("/api/readings", json=batch).json() == {"received": 2, "changed": 0}
    assert client.get("/api/readings?since=2026-03-10T05:00:00Z").json() == {
        "unit": "kW",
        "readings": [
            {
                "start": "2026-03-10T05:00:00Z",
                "interval_minutes": 15.0,
                "grid": 182.4,
                "power": {"load": 182.4, "roof": 0.0},
                "t_out_c": -3.5,
            },
            {
                "start": "2026-03-10T05:15:00Z",
                "interval_minutes": 15.0,
                "grid": None,
                "power": {"load": 181.0},
                "t_out_c": None,
            },
        ],
    }


def test_posted_readings_are_forecast_from():
    bench = Bench()
    client = TestClient(bench.app)
    assert client.get("/api/forecasts/load").status_code == 503
    told = [
        {"start": each.interval.start.isoformat(), "power": {"load": each.power_kw["load"]}}
        for each in metered(NOW, 10)
    ]

    assert client.post("/api/readings", json=posted(*told)).json()["changed"] == 960
    assert client.get("/api/forecasts/load").status_code == 200


@pytest.mark.pitfall("M28")
def test_every_problem_of_a_batch_is_named_and_nothing_of_it_is_kept():
    client = TestClient(Bench().app)
    batch = posted(
        {"start": "2026-03-10T05:00:00Z", "power": {"load": 1.0}},
        {"start": "2026-03-10T05:00:00Z", "power": {"load": 2.0}},
        {"start": "2026-03-10T05:07:00Z", "power": {"load": 2.0}},
        {"start": "2026-03-10T06:00:00Z", "power": {"load": 2.0}},
        {"start": "2026-03-10T04:00:00Z", "power": {"garage": 2.0, "roof": -50.0, "load": 1e9}},
    )

    problem = problem_in(client.post("/api/readings", json=batch), 422)

    assert [(each.field, each.problem) for each in problem.errors] == [
        ("readings[1].start", "tells the interval of readings[0] again"),
        ("readings[2].start", "is not aligned"),
        ("readings[3].start", "begins an interval that is not over"),
        ("readings[4].power.garage", "is no asset of the site"),
        ("readings[4].power.roof", "is negative"),
        ("readings[4].power.load", "is beyond 1e+06 kW"),
    ]
    assert client.get("/api/readings").json()["readings"] == []


@pytest.mark.pitfall("M7")
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"start": "2026-03-10T05:00:00"}, "readings[0].start"),
        ({"start": "soon"}, "readings[0].start"),
        ({"power": {"load": "12"}}, "readings[0].power.load"),
        ({"interval_minutes": 7}, "readings[0].interval_minutes"),
        ({"t_out_c": 300}, "readings[0].t_out_c"),
        ({"powr": {}}, "readings[0].powr"),
    ],
)
def test_a_field_that_is_wrong_is_named(change, field):
    batch = posted({"start": "2026-03-10T05:00:00Z", "power": {"load": 1.0}} | change)

    problem = problem_in(TestClient(Bench().app).post("/api/readings", json=batch), 422)

    assert [each.field for each in problem.errors] == [field]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 422),
        (b'{"unit": "kW", "readings": []}', 422),
        (b'{"readings": [{"start": "2026-03-10T05:00:00Z"}]}', 422),
        (b'{"unit": "kWh", "readings": [{"start": "2026-03-10T05:00:00Z"}]}', 422),
        (b'{"unit": "kW", "readings": [{"start": "2026-03-10T05:00:00Z", "grid": NaN}]}', 422),
        (b" " * 2_000_001, 413),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_a_remedy(content, status):
    headers = {"Content-Type": "application/json"}

    problem = problem_in(TestClient(Bench().app).post("/api/readings", content=content, headers=headers), status)

    assert problem.detail


def test_more_readings_than_a_month_are_refused():
    many = posted(*({"start": "2026-03-10T05:00:00Z"} for _ in range(2977)))

    problem = problem_in(TestClient(Bench().app).post("/api/readings", json=many), 422)

    assert problem.errors[0].field == "readings"


async def test_readings_come_in_portions_from_since_on():
    _, client = await client_with_history()

    first = client.get("/api/readings?since=2026-02-08T00:00:00+00:00").json()["readings"]
    rest = client.get("/api/readings", params={"since": "2026-03-10T05:00:00Z"}).json()["readings"]

    assert len(first) == 30 * 96
    assert [each["start"] for each in rest] == [f"2026-03-10T05:{minute}:00Z" for minute in ("00", "15", "30", "45")]


@pytest.mark.parametrize("since", ["yesterday", "2026-03-10T05:00:00", "2026-03-10", "0001-01-01T00:00:00Z"])
def test_a_since_that_is_no_instant_is_refused(since):
    problem = problem_in(TestClient(Bench().app).get("/api/readings", params={"since": since}), 422)

    assert [each.field for each in problem.errors] == ["since"]


# -- Who may ask, and what does not answer


@pytest.mark.pitfall("M26")
@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xe9", TOKEN]
)
@pytest.mark.parametrize("path", ["/api/forecasts/load", "/api/readings", "/api/nothing"])
def test_with_a_token_set_nobody_gets_below_api_without_it(header, path):
    client = TestClient(Bench(token=TOKEN).app)
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}

    response = client.get(path, headers=headers)

    problem_in(response, 401)
    assert response.headers["www-authenticate"] == "Bearer"


async def test_with_the_token_everything_answers_and_health_needs_none():
    _, client = await client_with_history(token=TOKEN)

    assert client.get("/api/forecasts/load", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200
    assert client.get("/health").status_code == 200


class BrokenReadings:
    async def readings(self, site_id, since, until):
        raise Unavailable("postgresql://host: no connection")

    async def save_readings(self, site_id, readings):
        raise Unavailable("postgresql://host: no connection")

    async def history(self, site, since, step):
        raise Unavailable("postgresql://host: no connection")


@pytest.mark.parametrize("path", ["/api/forecasts/load", "/api/readings", "/", "/health/ready"])
def test_a_database_that_does_not_answer_is_a_503_without_its_address(path):
    bench = Bench()
    bench.forecasts._readings = BrokenReadings()
    desk = Desk(site=bench.site, readings=BrokenReadings(), forecasts=bench.forecasts, clock=bench.clock)
    client = TestClient(create_reporter(desk), raise_server_exceptions=False)

    response = client.get(path)

    assert response.status_code == 503
    if path != "/health/ready":
        assert "postgresql" not in problem_in(response, 503).detail


# -- For people, and for those who watch


class TellingMeter:
    def __init__(self):
        self.error = None

    async def read_intervals(self, since):
        if self.error is not None:
            raise self.error
        return tuple(each for each in metered(NOW, 30) if each.interval.start >= since)


async def test_ready_means_a_load_forecast_and_a_meter_that_answers():
    meter = TellingMeter()
    bench = Bench(meter=meter)
    client = TestClient(bench.app)
    assert client.get("/health/ready").status_code == 503

    await bench.feed.catch_up()
    assert client.get("/health/ready").json() == {"status": "ready", "checks": {"load": "ok", "meter": "ok"}}

    meter.error = Unavailable("http://meter: gone")
    bench.clock.moment += timedelta(minutes=15)
    await bench.feed.catch_up()
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"]["meter"] == "http://meter: gone"


async def test_a_forecast_asks_a_meter_that_is_behind_first():
    client = TestClient(Bench(meter=TellingMeter()).app)

    assert client.get("/api/forecasts/load").status_code == 200


async def test_the_page_shows_forecast_days_and_scores_and_needs_no_other_host():
    _, client = await client_with_history("Europe/Helsinki")

    response = client.get("/", headers=HTML)

    assert response.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in response.headers["content-security-policy"]
    assert response.text.count("<svg") == 2
    for words in ("Tuesday 10 March, from now on", "Wednesday 11 March", "same hour a week before", "30.0 days"):
        assert words in response.text
    assert "http://" not in response.text
    assert "https://" not in response.text
    assert "a demo" not in response.text


async def test_the_page_of_an_empty_reporter_says_why_and_what_to_do():
    text = TestClient(Bench().app).get("/", headers=HTML).text

    assert text.count("There is no forecast.") == 2
    assert "POST /api/readings" in text


async def test_programs_get_the_same_as_json():
    _, client = await client_with_history()

    about = ReporterDocument.model_validate_json(client.get("/").content)

    assert about.site == "site"
    assert [each.kind for each in about.forecasts] == [ForecastKind.LOAD, ForecastKind.SOLAR]
    assert about.forecasts[0].points == ["site", "poi_1", "load"]
    assert about.forecasts[0].hours_known == 30 * 24
    assert about.forecasts[0].scores[0].days == 7


@pytest.mark.pitfall("A11")
async def test_a_recording_is_called_a_demo_everywhere_and_takes_no_readings():
    bench = Bench()
    await bench.tell(metered(NOW, 30))
    desk = Desk(
        site=bench.site,
        readings=bench.readings,
        forecasts=bench.forecasts,
        clock=bench.clock,
        demo_label="A House 2018",
    )
    client = TestClient(create_reporter(desk))

    answer = client.get("/api/forecasts/load").json()
    assert answer["source"] == "demo: voltherm reporter, A House 2018"
    assert answer["quality"] == "demo"
    assert "a recording of A House 2018" in client.get("/", headers=HTML).text
    batch = posted({"start": "2026-03-10T05:00:00Z", "power": {"load": 1.0}})
    assert problem_in(client.post("/api/readings", json=batch), 409).type == "urn:voltherm:problem:demo"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/health"])
def test_documentation_and_health_answer_without_any_data(path):
    assert TestClient(Bench().app).get(path).status_code == 200


async def test_what_the_service_stands_on_is_opened_before_and_closed_after():
    bench, story = Bench(), []

    async def begin():
        story.append("begin")

    async def end():
        story.append("end")

    with TestClient(create_reporter(bench.desk, token=SecretStr(TOKEN), begin=begin, end=end)) as client:
        story.append(client.get("/health").status_code)

    assert story == ["begin", 200, "end"]
