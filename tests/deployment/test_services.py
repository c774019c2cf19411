"""The services that other tests build on: what they promise is proven here."""

import os
import socket
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from tests.services import (
    OwnPostgres,
    Process,
    answers,
    ask,
    eventually,
    free_port,
    fresh_database,
    plain,
    status_of,
    unavailable,
)

TELL_THE_TIME = "import time\nwhile True: print(time.time(), time.monotonic(), flush=True); time.sleep(0.02)"
SERVE_FILES = ("-m", "http.server", "--bind", "127.0.0.1")
IGNORE_SIGTERM = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
)
HAVE_A_CHILD = "import subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"


@pytest.fixture(name="python")
def _python(tmp_path):
    started = []

    def start(*arguments, env=None):
        started.append(Process(sys.executable, *arguments, folder=tmp_path, env=env))
        return started[-1]

    yield start
    for process in started:
        process.stop(grace_s=0.2)


def is_alive(pid):
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


# -- What is missing


@pytest.mark.parametrize(("ci", "outcome"), [("1", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_what_is_missing_skips_a_test_and_fails_it_in_ci(monkeypatch, ci, outcome):
    monkeypatch.setenv("VOLTHERM_CI", ci)
    with pytest.raises(outcome, match="no such thing"):
        unavailable("no such thing")


def test_waiting_in_vain_fails_and_says_for_what():
    with pytest.raises(pytest.fail.Exception, match=r"a miracle: not within 0\.1 s"):
        eventually(lambda: False, "a miracle", within_s=0.1)


# -- Processes


def test_a_free_port_can_be_listened_on_and_lies_below_those_of_outgoing_connections():
    port = free_port()
    lowest_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    with closing(socket.create_server(("127.0.0.1", port))):
        assert port < lowest_outgoing


def test_a_process_is_ready_when_it_answers_and_stops_on_sigterm(start_voltherm):
    port = free_port()
    service = start_voltherm("serve", "--port", str(port), ready=f"http://127.0.0.1:{port}/health")

    assert "listening" in service.log_text()
    service.stop()
    assert not service.is_running
    assert status_of(f"http://127.0.0.1:{port}/health") is None


def test_a_process_that_ends_before_it_is_ready_fails_with_its_log(start_voltherm):
    with pytest.raises(pytest.fail.Exception, match="No such option"):
        start_voltherm("serve", "--nonsense", ready="http://127.0.0.1:9/")


def test_a_process_sees_nothing_of_the_developers_environment(python, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://the-developers-own")
    shown = python("-c", "import os; print(dict(os.environ))", env={"GIVEN": "yes"})

    assert shown.wait() == 0
    assert "'GIVEN': 'yes'" in shown.log_text()
    assert "DATABASE_URL" not in shown.log_text()


def test_a_process_that_ignores_sigterm_is_killed(python):
    stubborn = python("-c", IGNORE_SIGTERM)
    eventually(lambda: "up" in stubborn.log_text(), "its first words")

    assert stubborn.stop(grace_s=0.2) == -9


@pytest.mark.parametrize("end", [Process.stop, Process.kill])
def test_the_children_of_a_process_end_with_it(python, end):
    parent = python("-c", HAVE_A_CHILD)
    child = int(eventually(parent.log_text, "the child's number"))
    end(parent)
    eventually(lambda: not is_alive(child), "the child's end")


def test_a_process_ends_when_the_tests_are_killed(tmp_path):
    program = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom tests.services import Process\n"
        f"started = Process('sleep', '60', folder=Path({str(tmp_path)!r}))\n"
        "print(started.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = Path(__file__).parents[2]
    killed = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False, env={**os.environ}
    )

    assert killed.returncode == -9
    eventually(lambda: not is_alive(int(killed.stdout)), "the end of a process without its tests")


def test_a_frozen_process_answers_again_when_it_thaws(python, tmp_path):
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    files = python(*SERVE_FILES, str(port)).wait_until_ready(url)
    files.freeze()
    state = Path(f"/proc/{files.pid}/stat")
    eventually(lambda: state.read_text().rsplit(")", 1)[1].split()[0] == "T", "a frozen process")
    assert files.is_running
    files.thaw()
    assert status_of(url) == 200


def test_a_frozen_process_can_be_stopped(python):
    frozen = python("-c", "import time; time.sleep(60)")
    frozen.freeze()
    assert frozen.stop() == -15


# -- The wall clock


def test_the_wall_clock_jumps_while_the_monotonic_clock_goes_on(python, wall_clock):
    def look():
        before = len(clock.log_text().splitlines())
        lines = eventually(lambda: clock.log_text().splitlines()[before + 1 : -1], "another look at the clock")
        return tuple(map(float, lines[-1].split()))

    clock = python("-c", TELL_THE_TIME, env=wall_clock.env)
    wall, steady = look()
    wall_clock.set(timedelta(days=1))
    later_wall, later_steady = look()
    wall_clock.set(-timedelta(hours=1))
    earlier_wall, last_steady = look()

    assert later_wall - wall == pytest.approx(86_400, abs=60)
    assert earlier_wall - wall == pytest.approx(-3_600, abs=60)
    assert steady < later_steady < last_steady < steady + 60


def test_a_killed_process_leaves_nothing_in_shared_memory(python, wall_clock):
    clock = python("-c", TELL_THE_TIME, env=wall_clock.env)
    eventually(clock.log_text, "a look at the clock")
    clock.kill()
    assert not [path.name for path in Path("/dev/shm").iterdir() if path.name.endswith(f"_{clock.pid}")]  # noqa: S108


def test_two_processes_have_each_their_own_wall_clock(start_voltherm, python, wall_clock):
    wall_clock.set(timedelta(minutes=5))
    program = "from datetime import datetime, UTC; print(datetime.now(UTC).isoformat())"
    faked, true = python("-c", program, env=wall_clock.env), python("-c", program)
    faked.wait()
    true.wait()
    ahead = datetime.fromisoformat(faked.log_text().strip()) - datetime.fromisoformat(true.log_text().strip())

    assert ahead > timedelta(minutes=4)
    assert abs(datetime.fromisoformat(true.log_text().strip()) - datetime.now(UTC)) < timedelta(minutes=1)


# -- PostgreSQL


def test_a_test_gets_an_empty_database_and_leaves_none_behind(postgres_server):
    with fresh_database(postgres_server) as url:
        assert url.startswith("postgresql+asyncpg://")
        assert ask(url, "select count(*) from pg_tables where schemaname = 'public'")[0][0] == 0
        name = ask(url, "select current_database()")[0][0]
        assert name.startswith("voltherm_test_")
    assert name not in {row[0] for row in ask(postgres_server, "select datname from pg_database")}


async def test_a_database_in_use_is_dropped_all_the_same(postgres_server):
    with fresh_database(postgres_server) as url:
        used = await asyncpg.connect(plain(url))
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await used.fetch("select 1")
    used.terminate()


def test_each_test_gets_another_database(postgres_url, module_postgres_url):
    assert postgres_url != module_postgres_url
    assert answers(postgres_url)


def test_an_own_postgres_is_stopped_crashed_and_started_again_with_its_rows(own_postgres):
    ask(own_postgres.url, "create table kept as select 7 as row")
    own_postgres.stop()
    assert not answers(own_postgres.server_url)
    own_postgres.start()
    own_postgres.crash()
    assert not answers(own_postgres.server_url)
    own_postgres.start()
    assert ask(own_postgres.url, "select row from kept")[0][0] == 7


async def test_an_own_postgres_runs_out_of_connections(own_postgres):
    own_postgres.restart(max_connections=5)
    held = [await asyncpg.connect(plain(own_postgres.url)) for _ in range(5)]
    with pytest.raises(asyncpg.TooManyConnectionsError):
        await asyncpg.connect(plain(own_postgres.url))
    for connection in held:
        await connection.close()


async def test_a_frozen_postgres_hangs_and_goes_on_where_it_was(own_postgres):
    connection = await asyncpg.connect(plain(own_postgres.url))
    own_postgres.freeze()
    with pytest.raises(TimeoutError):
        await asyncpg.connect(plain(own_postgres.url), timeout=0.3)
    own_postgres.thaw()
    assert await connection.fetchval("select 1") == 1
    await connection.close()


def test_nothing_of_an_own_postgres_remains():
    cluster = OwnPostgres()
    cluster.create()
    pid = cluster._pid
    cluster.freeze()
    cluster.close()

    assert not is_alive(pid)
    assert not cluster.folder.exists()
