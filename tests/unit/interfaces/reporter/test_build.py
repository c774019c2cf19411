"""The reporter's parts, chosen by what the command line and the environment name."""

import pytest
from starlette.testclient import TestClient

from tests.unit.interfaces.reporter.bench import NOW, load_kw, metered
from voltherm.adapters.clock import begin_simulated_time
from voltherm.domain.errors import InvalidInputError, VolthermError
from voltherm.interfaces.reporter.build import Sources, build_reporter
from voltherm.interfaces.reporter.recorded_readings import DEMO_SITE

TOKEN = "0123456789abcdef-0123"  # noqa: S105 - of a test


@pytest.fixture
def environ(tmp_path):
    """Simulated time, so that the tests' readings are of today."""
    file = tmp_path / "clock"
    begin_simulated_time(file, NOW)
    return {"VOLTHERM_CLOCK_FILE": str(file)}


@pytest.fixture
def history(tmp_path):
    file = tmp_path / "history.csv"
    rows = [f"{each.interval.start:%Y-%m-%d %H:%M},{each.power_kw['load']}" for each in metered(NOW, 10)]
    file.write_text("\n".join(["time_utc,load_kw", *rows]))
    return file


def test_with_nothing_named_it_shows_the_recording_and_says_so(environ):
    with TestClient(build_reporter(Sources(), environ)) as client:
        answer = client.get("/api/forecasts/load").json()

    assert answer["source"].startswith("demo: ")
    assert answer["issued_at"] == "2026-03-10T06:07:12Z"


def test_a_file_is_what_it_begins_with(environ, history):
    with TestClient(build_reporter(Sources(data_file=history), environ)) as client:
        answer = client.get("/api/forecasts/load").json()
        no_sun = client.get("/api/forecasts/solar")

    assert answer["source"] == "voltherm reporter"
    assert answer["points"][6]["power"] == pytest.approx(load_kw(NOW.replace(hour=12)), abs=5)
    assert no_sun.status_code == 503


def test_readings_outlive_the_program_and_a_correction_outlives_the_file(environ, history, tmp_path):
    sources = Sources(site_file=DEMO_SITE, data_file=history, database_url=f"sqlite:///{tmp_path}/reporter.db")
    correction = {"unit": "kW", "readings": [{"start": "2026-03-10T05:00:00Z", "power": {"building": 77.0}}]}
    for _ in range(2):
        with TestClient(build_reporter(sources, environ)) as client:
            first = client.get("/api/readings?since=2026-03-10T05:00:00Z").json()["readings"]
            client.post("/api/readings", json=correction)

    assert first[0]["power"] == {"building": 77.0}
    assert len(first) == 4


def test_the_token_of_the_environment_is_asked_for(environ, history):
    with TestClient(build_reporter(Sources(data_file=history), environ | {"REPORTER_TOKEN": TOKEN})) as client:
        assert client.get("/api/forecasts/load").status_code == 401
        assert client.get("/api/forecasts/load", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_a_token_that_could_be_guessed_is_refused(environ):
    with pytest.raises(InvalidInputError, match="REPORTER_TOKEN: has 6 characters; use at least 16"):
        build_reporter(Sources(), environ | {"REPORTER_TOKEN": "secret"})


def test_a_meter_that_is_not_there_is_said_and_does_not_keep_it_from_starting(environ):
    with TestClient(build_reporter(Sources(meter_url="http://127.0.0.1:9"), environ)) as client:
        assert client.get("/health").status_code == 200
        assert client.get("/api/forecasts/load").status_code == 503  # has asked the meter when it answers
        checks = client.get("/health/ready").json()["checks"]

    assert "127.0.0.1:9" in checks["meter"]
    assert "there are no readings" in checks["load"]


@pytest.mark.parametrize(
    "sources",
    [
        {"meter_url": "localhost"},
        {"database_url": "mysql://host/db"},
        {"data_file": "none.csv"},
        {"site_file": "none.yaml"},
    ],
)
def test_what_cannot_be_used_is_refused_before_it_serves(environ, sources, tmp_path):
    given = {name: tmp_path / value if name.endswith("file") else value for name, value in sources.items()}

    with pytest.raises(VolthermError):
        build_reporter(Sources(**given), environ)


def test_the_recording_is_refused_for_a_site_with_other_assets(environ, tmp_path):
    file = tmp_path / "site.yaml"
    file.write_text(
        "id: two\nzone: UTC\nconnection: {import_limit_kw: 100}\n"
        "assets: [{kind: load, id: hall}, {kind: load, id: lab}]\ntariff: {library: costa-rica-tmt}\n"
    )

    with pytest.raises(InvalidInputError, match="the recording has one load and one roof"):
        build_reporter(Sources(site_file=file), environ)
