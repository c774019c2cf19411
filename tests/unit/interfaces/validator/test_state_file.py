"""What the validator keeps over restarts: everything but commands."""

import sqlite3
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient

from tests.virtual_sites import one_battery_site, recorded, setpoint
from voltherm.application.virtual_profile import VirtualProfile
from voltherm.interfaces.validator.app import create_validator, live_site
from voltherm.interfaces.validator.state_file import StateFile, StateFileError


@pytest.fixture
def open_live(tmp_path, clock):
    """Open the site on the same file, again and again, as a process that was killed in between would."""
    files = []

    def open_it(site=None, name="state.db"):
        site = one_battery_site() if site is None else site
        files.append(StateFile(tmp_path / name))
        return live_site(site, VirtualProfile(recorded(), ZoneInfo("UTC"), site), clock.now, state=files[-1])

    yield open_it
    for file in files:
        file.close()


@pytest.mark.fault(6)
def test_a_killed_validator_goes_on_from_its_last_answer_rests_and_still_refuses_older_epochs(open_live, clock):
    first = open_live()
    first.receive("bess", setpoint(-30.0, clock.now(), seconds=7200, epoch=7, sequence=3))
    clock.turn(minutes=40)
    seen = first.look()
    clock.turn(minutes=30)

    second = open_live()
    view = second.look()

    assert view.soc["bess"] == pytest.approx(seen.soc["bess"], abs=1e-12)
    assert view.power_kw["bess"] == 0
    starts = [metered.start for metered in second.virtual.meter.intervals]
    assert starts == [first.virtual.began + n * timedelta(minutes=15) for n in range(4)]
    late, _ = second.receive("bess", setpoint(-30.0, clock.now(), epoch=6, sequence=1))
    again, _ = second.receive("bess", setpoint(-30.0, clock.now(), epoch=7, sequence=3))
    assert (late.is_accepted, again.is_accepted) == (False, False)
    assert [entry.number for entry in second.virtual.log.entries()] == list(range(1, 7))


def test_it_is_the_same_whether_it_was_restarted_or_not(open_live, clock):
    restarted, kept = open_live(), open_live(name="other.db")
    for _ in range(5):
        clock.turn(hours=7)
        restarted.look()
        restarted = open_live()
    kept.look()
    restarted.look()

    assert list(restarted.virtual.meter.intervals) == list(kept.virtual.meter.intervals)
    assert restarted.look().soc == kept.look().soc


def test_intervals_and_log_that_are_forgotten_leave_the_file_too(open_live, clock, tmp_path, monkeypatch):
    monkeypatch.setattr("voltherm.application.virtual_meter.KEPT_DAYS", 2)
    monkeypatch.setattr("voltherm.interfaces.validator.state_file.MOST_ENTRIES", 4)
    live = open_live()
    for _ in range(5):
        clock.turn(days=1)
        live.receive("bess", setpoint(1.0, clock.now()))
    clock.turn(days=1)
    live.look()

    reader = sqlite3.connect(tmp_path / "state.db")
    n_intervals = reader.execute("SELECT count(*) FROM intervals").fetchone()[0]
    n_entries = reader.execute("SELECT count(*) FROM log").fetchone()[0]
    reader.close()
    assert (n_intervals, n_entries) == (2 * 96, 4)


def test_a_file_of_another_kind_is_refused_with_its_name(tmp_path):
    (tmp_path / "notes.txt").write_text("not a database, but long enough to be looked at as one" * 100)

    with pytest.raises(StateFileError, match=r"notes\.txt.*name another with --state"):
        StateFile(tmp_path / "notes.txt")


def test_a_folder_that_is_not_there_is_refused_with_its_name(tmp_path):
    with pytest.raises(StateFileError, match="unable to open"):
        StateFile(tmp_path / "missing" / "state.db")


@pytest.mark.fault(11)
def test_a_file_that_cannot_be_written_stops_commands_and_nothing_else(open_live, clock, tmp_path):
    live = open_live()
    live.look()
    broken = sqlite3.connect(tmp_path / "state.db")
    broken.execute("DROP TABLE state")
    broken.close()
    with TestClient(create_validator(live), raise_server_exceptions=False) as client:
        body = {"power_kw": 5, "timestamp": clock.now().isoformat()}
        refused = client.post("/api/battery/dispatch", json=body)

        assert (refused.status_code, refused.json()["type"]) == (503, "urn:voltherm:problem:not-kept")
        assert client.get("/api/battery/soc").status_code == 200
