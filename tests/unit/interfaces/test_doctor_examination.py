"""The doctor as a whole, against services on loopback, and as a command."""

import asyncio
import json
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from typer.testing import CliRunner

from voltherm.adapters.store.database import Database
from voltherm.application.outlook import column_of
from voltherm.interfaces.api.redaction import forget_values
from voltherm.interfaces.cli.main import app
from voltherm.interfaces.doctor.examination import examine
from voltherm.interfaces.doctor.finding import Verdict
from voltherm.interfaces.doctor.looked_at import date_of
from voltherm.ports.errors import Unavailable
from voltherm.settings import load_settings


def words(findings) -> str:
    return "\n".join(map(str, findings))


async def answer(reader, writer):
    """Answer one request as the services of docs/wire.md do."""
    path = (await reader.readline()).decode().split(" ")[1].partition("?")[0]
    while (await reader.readline()).strip():
        pass
    now = datetime.now(UTC).replace(microsecond=0)
    quarter = now.replace(minute=now.minute // 15 * 15, second=0)
    hour = now.replace(minute=0, second=0)
    rows = [{"time": (hour + timedelta(hours=i)).isoformat(), "power": 150.0} for i in range(72)]
    one = {"start": (quarter - timedelta(minutes=15)).isoformat(), "grid_kw": 170.1}
    mean = {"interval_start": quarter.isoformat(), "interval_mean_kw": 168.9}
    bodies = {
        "/api/battery/soc": {"soc": 0.62, "timestamp": now.isoformat(), "mode": "ready"},
        "/api/meter": {"grid_kw": 171.2, "timestamp": now.isoformat(), **mean},
        "/api/meter/intervals": {"interval_minutes": 15, "intervals": [one]},
        "/api/forecasts/load": {"issued_at": now.isoformat(), "resolution_minutes": 60, "unit": "kW", "points": rows},
        "/api/forecasts/solar": {"issued_at": now.isoformat(), "resolution_minutes": 60, "unit": "kW", "points": rows},
    }
    body = json.dumps(bodies.get(path, {})).encode()
    head = f"HTTP/1.1 200 OK\r\nDate: {format_datetime(now, usegmt=True)}\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
    await writer.drain()
    writer.close()


async def examined(tmp_path, **environ):
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        file = tmp_path / "voltherm.db"
        database = Database.at(f"sqlite:///{file}", column_of=column_of)
        await database.upgrade()
        await database.close()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        values = {
            "REPORTER_BASE_URL": url,
            "BMS_BASE_URL": url,
            "LOG_DIR": str(tmp_path / "logs"),
            "DATABASE_URL": f"sqlite:///{file}",
            "SERVICE_PORT": str(port),
            **environ,
        }
        return await examine(load_settings(values, None))


@pytest.mark.pitfall("M25")
async def test_where_all_services_answer_all_is_well(tmp_path):
    found = await examined(tmp_path)
    assert {finding.verdict for finding in found} == {Verdict.OK}, words(found)
    assert {finding.what.split(" ")[0] for finding in found} == {
        "access",
        "battery",
        "clock",
        "configuration",
        "database",
        "forecast",
        "heat",
        "logs",
        "meter",
        "port",
        "site",
        "tariff",
        "time",
    }


@pytest.mark.pitfall("M25")
async def test_a_service_that_is_away_is_really_asked_and_found(tmp_path):
    found = await examined(tmp_path, BMS_BASE_URL="http://127.0.0.1:9")
    wrong = {finding.what for finding in found if finding.verdict is Verdict.FAIL}
    assert wrong == {"battery site/battery", "meter site", "clock of http://127.0.0.1:9"}


async def test_a_tariff_that_cannot_be_read_is_a_finding_beside_the_others(tmp_path):
    found = await examined(tmp_path, TARIFF="no-such-tariff")
    wrong = [finding for finding in found if finding.verdict is Verdict.FAIL]
    assert [finding.finding for finding in wrong] == ["TARIFF: is neither a file nor in the library"]


async def test_simulated_time_that_is_not_there_is_a_finding_beside_the_others(tmp_path):
    found = await examined(tmp_path, VOLTHERM_CLOCK_FILE=str(tmp_path / "no-clock"))
    wrong = {finding.what: finding.remedy for finding in found if finding.verdict is Verdict.FAIL}
    assert wrong["clock"] == "check VOLTHERM_CLOCK_FILE"
    assert "logs" not in wrong


async def test_nobody_there_is_no_date():
    with pytest.raises(Unavailable, match="no answer"):
        await date_of("http://127.0.0.1:9", 1.0)


@pytest.fixture(name="in_a_folder")
def _in_a_folder(tmp_path, monkeypatch):
    """Run the command in an empty folder, and hide no texts afterwards."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    forget_values()


@pytest.mark.pitfall("M28")
@pytest.mark.pitfall("M26")
def test_the_command_tells_every_wrong_setting_without_secrets_and_ends_with_2(in_a_folder):
    (in_a_folder / ".env").write_text("BATTERY_SOC_MIN=10\nAPI_TOKEN=too-short\n")
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 2
    assert "FAIL  configuration: BATTERY_SOC_MIN: looks like percent (found '10'); give a fraction" in result.output
    assert "FAIL  configuration: API_TOKEN: has fewer than 16 letters (found '***'); use at least 16" in result.output
    assert "too-short" not in result.output


def test_the_command_ends_with_0_where_there_are_only_warnings(in_a_folder):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (in_a_folder / ".env").write_text(f"SERVICE_PORT={port}\n")
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 0, result.output
    assert "warn  sites: none is controlled" in result.output
    assert "is not there yet; nothing to do: voltherm serve makes it" in result.output
    assert not (in_a_folder / "voltherm.db").exists()
    assert result.output.splitlines()[-1].endswith(" 0 wrong")


@pytest.mark.pitfall("M26")
def test_the_command_hides_the_password_of_the_database(in_a_folder):
    url = "postgresql://voltherm:hidden-word@127.0.0.1:9/voltherm"
    (in_a_folder / ".env").write_text(f"DATABASE_URL={url}\nLOG_DIR=\n")
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 2
    assert "FAIL  database: " in result.output
    assert "hidden-word" not in result.output
