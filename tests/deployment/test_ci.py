"""`.ci/run`: it starts what is missing, leaves nothing behind, and its exit status is the truth."""

import os
import re
import shutil
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.deployment.image import ROOT
from tests.services import answers, free_port, unavailable

NEEDED = ("redis-server", "mosquitto", "pg_lsclusters")
START_AND_LOOK = """\
set -uo pipefail
as_root() { "$@"; }
source .ci/services
trap stop_services EXIT
start_services || exit 1
echo "url $VOLTHERM_TEST_POSTGRES_URL"
echo "folder $own_folder"
echo "started ${#own_pids[@]} ${#own_cluster[@]}"
psql -XAtwq "$VOLTHERM_TEST_POSTGRES_URL" -c 'create database made' -c 'drop database made' && echo "may make databases"
for port in "$REDIS_PORT" "$MQTT_PORT"; do listens "$port" && echo "listens $port"; done
"""
DEV = """\
import sys
if sys.argv[1] == "test":
    import os
    print("url", os.environ["VOLTHERM_TEST_POSTGRES_URL"], "ci", os.environ["VOLTHERM_CI"])
    print("=== {closing} in 0.01s ===")
sys.exit({statuses}[sys.argv[1]])
"""


def listens(port):
    try:
        with closing(socket.create_connection(("127.0.0.1", port), timeout=2)):
            return True
    except OSError:
        return False


@pytest.fixture(name="ports")
def _ports():
    """Name ports on which nobody listens, so that every server must be one of the script's own."""
    missing = [name for name in NEEDED if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]
    if missing:
        unavailable(f"there is no {', '.join(missing)}")
    return {name: str(free_port()) for name in ("POSTGRES_PORT", "REDIS_PORT", "MQTT_PORT")}


def run(script, env):
    variables = {**os.environ, **env}
    variables.pop("VOLTHERM_TEST_POSTGRES_URL", None)
    return subprocess.run(
        ["bash", "-c", script], cwd=ROOT, env=variables, capture_output=True, text=True, check=False, timeout=120
    )


def facts(ended):
    return dict(line.split(maxsplit=1) for line in ended.stdout.splitlines() if " " in line)


def test_servers_that_are_missing_are_started_and_afterwards_gone(ports):
    ended = run(START_AND_LOOK, ports)
    assert ended.returncode == 0, ended.stderr
    found = facts(ended)

    assert found["started"].split()[0] == "2"
    assert int(found["started"].split()[1]) > 0
    assert "may make databases" in ended.stdout
    assert f"listens {ports['REDIS_PORT']}\nlistens {ports['MQTT_PORT']}\n" in ended.stdout
    assert not answers(found["url"])
    assert [port for port in ports.values() if listens(int(port))] == []
    assert not Path(found["folder"]).exists()


def test_servers_that_answer_are_used_as_they_are(postgres_server):
    if not (listens(6379) and listens(1883)):
        pytest.skip("Redis and Mosquitto do not run here")
    ended = subprocess.run(
        ["bash", "-c", START_AND_LOOK],
        cwd=ROOT,
        env={**os.environ, "VOLTHERM_TEST_POSTGRES_URL": postgres_server},
        capture_output=True,
        text=True,
        check=False,
    )
    assert facts(ended)["started"] == "0 0"
    assert facts(ended)["url"] == postgres_server
    assert listens(6379)
    assert answers(postgres_server)


def test_a_database_that_was_told_and_does_not_answer_is_replaced(ports):
    told = {**os.environ, **ports, "VOLTHERM_TEST_POSTGRES_URL": "postgresql://postgres@127.0.0.1:9/postgres"}
    ended = subprocess.run(
        ["bash", "-c", START_AND_LOOK], cwd=ROOT, env=told, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert facts(ended)["url"] != told["VOLTHERM_TEST_POSTGRES_URL"]


@pytest.fixture(name="down")
def _down(own_postgres, ports):
    """Return functions of bash by which a cluster that is down, but would let us in, is the machine's own."""
    own_postgres.stop()
    programs, options = own_postgres._programs, f"-p {own_postgres.port} -k {own_postgres.folder} -h 127.0.0.1"
    pg_ctl = f"cd {own_postgres.folder}; runuser -u postgres -- {programs}/pg_ctl -D {own_postgres._data} -w"
    ports["POSTGRES_PORT"] = str(own_postgres.port)
    return (
        f"pg_lsclusters() {{ echo '15 main {own_postgres.port} down postgres'; }}\n"
        f'pg_ctlcluster() ( echo "asked to ${{@: -1}}"; '
        f'{pg_ctl} -l log2 -o "{options}" ${{@: -1}} )\n'
        "start_services"
    )


def test_the_machines_own_database_is_started_where_it_is_down_and_stopped_again(own_postgres, ports, down):
    if os.getuid() != 0:
        pytest.skip("only root starts the machine's own database")
    ended = run(START_AND_LOOK.replace("start_services", down), ports)
    assert ended.returncode == 0, ended.stderr
    assert facts(ended)["url"] == own_postgres.server_url
    assert "may make databases" in ended.stdout
    assert not answers(own_postgres.server_url)


def test_a_database_of_the_machine_that_wants_a_password_is_left_as_it_was(own_postgres, ports, down):
    if os.getuid() != 0:
        pytest.skip("only root starts the machine's own database")
    rules = own_postgres._data / "pg_hba.conf"
    rules.write_text("host all all 127.0.0.1/32 scram-sha-256\n")
    ended = run(START_AND_LOOK.replace("start_services", down), ports)
    assert ended.returncode == 0, ended.stderr
    assert facts(ended)["url"] != own_postgres.server_url
    assert "may make databases" in ended.stdout
    assert not listens(own_postgres.port)


def test_a_server_that_cannot_start_is_an_error_with_its_words(ports):
    script = START_AND_LOOK.replace("start_services", 'redis-server() { echo "no memory"; return 3; }\nstart_services')
    ended = run(script, ports)
    assert ended.returncode == 1
    assert "no memory" in ended.stderr
    assert f"redis does not listen on port {ports['REDIS_PORT']}" in ended.stderr


# -- The whole script, with a dev.py that only says how it went


@pytest.fixture(name="clone")
def _clone(tmp_path):
    """Return a place with the script, a dev.py of ours, and a path on which every program is but Chromium."""
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    programs = tmp_path / "programs"
    programs.mkdir()
    for folder in ("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin"):
        for program in Path(folder).iterdir():
            if not (programs / program.name).is_symlink() and "chrom" not in program.name:
                (programs / program.name).symlink_to(program)
    (programs / "python3").unlink(missing_ok=True)
    (programs / "python3").symlink_to(sys.executable)
    for name in ("chromium", "wrk", "faketime"):
        put(programs / name, "exit 0")
    return tmp_path


def put(program, script):
    program.unlink(missing_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def ci(clone, ports=None, *, test=0, check=0, closing="3 passed"):
    (clone / "dev.py").write_text(DEV.format(closing=closing, statuses={"test": test, "check": check}))
    env = {"PATH": str(clone / "programs"), "HOME": str(clone), **(ports or {})}
    return subprocess.run(
        ["bash", ".ci/run"], cwd=clone, env=env, capture_output=True, text=True, check=False, timeout=120
    )


def test_ci_succeeds_when_tests_and_checks_do_and_ends_with_pytests_words(clone, ports):
    ended = ci(clone, ports)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.splitlines()[-1] == "=== 3 passed in 0.01s ==="
    assert re.search(r"url postgresql://postgres@127\.0\.0\.1:\d+/postgres ci 1", ended.stdout)
    assert [port for port in ports.values() if listens(int(port))] == []


@pytest.mark.parametrize("failing", [{"test": 1, "closing": "1 failed"}, {"check": 1}, {"test": 124, "check": 1}])
def test_ci_fails_when_tests_or_checks_do(clone, failing):
    ended = ci(clone, **failing)
    assert ended.returncode == 1
    named = [name for name in ("test", "check") if failing.get(name)]
    assert f"Failed: {' '.join(named)}\n" in ended.stdout
    assert ended.stdout.splitlines()[-1] == f"=== {failing.get('closing', '3 passed')} in 0.01s ==="


def test_ci_installs_what_is_absent_in_one_go(clone):
    programs = clone / "programs"
    (programs / "chromium").unlink()
    (programs / "wrk").unlink()
    put(programs / "apt-get", f'echo "$@" >>{clone}/asked')
    put(programs / "sudo", 'shift; exec "$@"')
    ended = ci(clone)
    assert ended.returncode == 0, ended.stderr
    assert (clone / "asked").read_text().splitlines() == ["update", "install -y --no-install-recommends chromium wrk"]


def test_ci_fails_when_something_cannot_be_installed(clone):
    programs = clone / "programs"
    (programs / "chromium").unlink()
    put(programs / "apt-get", "echo 'no network'; exit 100")
    put(programs / "sudo", 'shift; exec "$@"')
    ended = ci(clone)
    assert ended.returncode == 1
    assert "no network" in ended.stdout
    assert "could not be installed: chromium" in ended.stderr
    assert "Failed: install\n" in ended.stdout
