"""Real services for tests: PostgreSQL, the program as a process, a wall clock that jumps.

Fixtures stand at the end and are known to every test by `tests/conftest.py`. What a machine lacks is skipped with a
reason, and fails where VOLTHERM_CI=1. Nothing outlives a test, even one that is killed.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any, NoReturn, Self, TypeVar
from urllib.error import HTTPError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import ProxyHandler, build_opener

import asyncpg
import pytest

from tests.tcp_proxy import TcpProxy

PROGRAM = Path(sys.executable).with_name("voltherm")
DEFAULT_POSTGRES_URL = "postgresql://postgres@127.0.0.1:5432/postgres"
KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV")
"""A process sees these of the tests' environment and nothing else: no token, no database of the developer's."""
LOWEST_PORT, HIGHEST_PORT = 20_000, 32_000
"""Below the ports that the kernel gives to outgoing connections, so that none of them takes a port we chose."""
PATIENCE_S = 60.0
"""How long to wait for what should come at once; only a hang is as slow."""

SLEEP_THAT_WORKS = """\
# Under libfaketime 0.9.10 with a true monotonic clock, clock_nanosleep, and so time.sleep, fails with EINVAL.
import select
import time

time.sleep = lambda seconds: select.select([], [], [], seconds) and None
"""

T = TypeVar("T")

_direct = build_opener(ProxyHandler({}))


def unavailable(reason: str) -> NoReturn:
    """Skip the test, or fail it in CI, where nothing may be missing."""
    if os.environ.get("VOLTHERM_CI") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def eventually(ask: Callable[[], T], what: str, within_s: float = PATIENCE_S) -> T:
    """Return the first true answer of ``ask``, which is asked twenty times a second."""
    end = time.monotonic() + within_s
    while not (answer := ask()):
        if time.monotonic() > end:
            pytest.fail(f"{what}: not within {within_s:g} s")
        time.sleep(0.05)
    return answer


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    while True:
        port = random.SystemRandom().randint(LOWEST_PORT, HIGHEST_PORT)
        with socket.socket() as candidate, suppress(OSError):
            candidate.bind(("127.0.0.1", port))
            return port


def status_of(url: str) -> int | None:
    """Return the HTTP status that a GET of ``url`` gets, None where nobody answers."""
    try:
        with _direct.open(url, timeout=5) as answer:
            return int(answer.status)
    except HTTPError as refused:
        with refused:
            return refused.code
    except (OSError, HTTPException):
        return None


# -- Processes --------------------------------------------------------------------------------------------------------


class Process:
    """One of our programs, started as a user would start it.

    Parameters
    ----------
    *command : str
        Program and arguments.
    folder : Path
        Where it runs; its log, standard output and error together, is a file in there.
    env : mapping of str to str, optional
        What it sees besides `KEPT_ENVIRONMENT`.
    name : str
        What the log file is called.
    """

    def __init__(self, *command: str, folder: Path, env: Mapping[str, str] | None = None, name: str = "process"):
        kept = {key: os.environ[key] for key in KEPT_ENVIRONMENT if key in os.environ}
        self.log = folder / f"{name}-{secrets.token_hex(3)}.log"
        with self.log.open("wb") as log:
            self._popen = subprocess.Popen(
                dying_with_us("KILL", *command),
                cwd=folder,
                env={**kept, "PYTHONUNBUFFERED": "1", **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Return the number of the process."""
        return self._popen.pid

    @property
    def is_running(self) -> bool:
        """Tell whether it has not ended, frozen or not."""
        return self._popen.poll() is None

    def log_text(self) -> str:
        """Return everything that it has said so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_until_ready(self, url: str, within_s: float = PATIENCE_S) -> Self:
        """Return itself as soon as ``url`` answers 200; fail with its log when it ends before."""

        def is_ready() -> bool:
            if not self.is_running:
                pytest.fail(f"the process ended with {self._popen.returncode}:\n{self.log_text()}")
            return status_of(url) == 200

        eventually(is_ready, f"200 from {url}", within_s)
        return self

    def wait(self, within_s: float = PATIENCE_S) -> int:
        """Return the exit status of a process that ends by itself."""
        return self._popen.wait(within_s)

    def freeze(self) -> None:
        """Stop it and its children where they are, as SIGSTOP does."""
        os.killpg(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.killpg(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it and its children at once, as `kill -9` or a power cut does."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait(PATIENCE_S)
        for left in (f"faketime_shm_{self.pid}", f"sem.faketime_sem_{self.pid}"):  # of one that was killed
            Path("/dev/shm", left).unlink(missing_ok=True)  # noqa: S108 - libfaketime's own files

    def stop(self, grace_s: float = 15.0) -> int:
        """Return the exit status after SIGTERM, or after SIGKILL where it does not end in time."""
        if self.is_running:
            with suppress(ProcessLookupError):
                self.thaw()
            self._popen.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(grace_s)
        self.kill()
        return int(self._popen.returncode)


def dying_with_us(by_signal: str, *command: str, user: str | None = None) -> list[str]:
    """Return a command line whose process gets the signal when the tests end, however they end."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        unavailable("there is no setpriv (Debian: util-linux)")
    becoming = [f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
    return [setpriv, f"--pdeathsig={by_signal}", *becoming, *command]


class WallClock:
    """The wall clock of a process, which a test may move while the process runs; its monotonic clock stays real.

    Parameters
    ----------
    folder : Path
        Where the file that holds the offset lies.
    """

    def __init__(self, folder: Path) -> None:
        libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        if not libraries:
            unavailable("there is no libfaketime (Debian: faketime)")
        self._library = libraries[0]
        self._folder = folder / f"clock-{secrets.token_hex(3)}"
        self._folder.mkdir()
        (self._folder / "sitecustomize.py").write_text(SLEEP_THAT_WORKS)
        self.set(timedelta(0))

    def set(self, offset: timedelta) -> None:
        """Make the process see the true time plus ``offset``, from its next look at the clock on."""
        fresh = self._folder / "next"
        fresh.write_text(f"{offset.total_seconds():+.6f}\n")
        fresh.replace(self._folder / "offset")

    @property
    def env(self) -> dict[str, str]:
        """Return what to add to the environment of a process."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._folder / "offset"),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",  # files keep their true times
            "PYTHONPATH": str(self._folder),
        }


# -- PostgreSQL -------------------------------------------------------------------------------------------------------


def ask(url: str, sql: str, *, within_s: float = 10.0) -> list[Any]:
    """Return the rows of a statement, asked on a connection of its own. Works inside and outside of event loops."""

    async def asked() -> list[Any]:
        connection = await asyncpg.connect(plain(url), timeout=within_s)
        try:
            return list(await connection.fetch(sql, timeout=within_s))
        finally:
            await connection.close(timeout=within_s)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(asked())).result()


def plain(url: str) -> str:
    """Return a database's URL without the name of a driver."""
    return url.replace("+asyncpg", "", 1)


def answers(url: str) -> bool:
    """Tell whether a PostgreSQL lets us in."""
    try:
        ask(url, "select 1", within_s=5)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return True


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """Yield the URL, with `+asyncpg`, of a new and empty database, which is dropped afterwards whoever uses it."""
    name = f"voltherm_test_{secrets.token_hex(6)}"
    ask(server_url, f'create database "{name}"', within_s=60)
    try:
        yield urlunsplit(urlsplit(plain(server_url))._replace(scheme="postgresql+asyncpg", path=f"/{name}"))
    finally:
        ask(server_url, f'drop database if exists "{name}" with (force)', within_s=60)


class OwnPostgres:
    """A PostgreSQL of a test's own, to stop, restart, freeze or limit; loses what a power cut would lose.

    ``url`` names its empty database `voltherm`, with `+asyncpg`. The port stays the same over restarts.
    """

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
        if not found:
            unavailable("there is no PostgreSQL in /usr/lib/postgresql (Debian: postgresql)")
        self._programs = found[-1].parent
        self._user = "postgres" if os.getuid() == 0 else None
        self._popen: subprocess.Popen[bytes] | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="voltherm-postgres-"))
        if self._user:
            account = pwd.getpwnam(self._user)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        self.port = free_port()
        self.server_url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self.url = f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/voltherm"
        self.log = self.folder / "log"
        self._data = self.folder / "data"

    def create(self) -> None:
        """Make the cluster and its database, and start it."""
        initdb = [self._programs / "initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale"]
        command = dying_with_us("KILL", *map(str, initdb), "-D", str(self._data), user=self._user)
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder)
        self.start()
        ask(self.server_url, "create database voltherm")

    def start(self, **settings: str | int) -> None:
        """Start it, with settings such as ``max_connections=5``; return when it lets us in."""
        plain_settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "full_page_writes": "off",
            "shared_buffers": "16MB",
            "dynamic_shared_memory_type": "mmap",  # in its folder, so that nothing stays in /dev/shm after a crash
        }
        options = [f"--{name}={value}" for name, value in {**plain_settings, **settings}.items()]
        command = [str(self._programs / "postgres"), "-D", str(self._data), *options]
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(
                dying_with_us("INT", *command, user=self._user),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        eventually(self._lets_us_in, f"PostgreSQL on port {self.port}")

    def stop(self) -> None:
        """End it as an operator would: connections are closed, nothing is lost."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """End it as a power cut would; the next start recovers."""
        self._end(signal.SIGQUIT)

    def restart(self, **settings: str | int) -> None:
        """Stop it and start it again, with other settings where told so."""
        self.stop()
        self.start(**settings)

    def freeze(self) -> None:
        """Let every connection hang, old and new: nothing is closed and nothing answers."""
        for pid in (self._pid, *self._children()):
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        for pid in (*self._children(), self._pid):
            os.kill(pid, signal.SIGCONT)

    def close(self) -> None:
        """End it and remove all of it."""
        self.crash()
        shutil.rmtree(self.folder)

    @property
    def _pid(self) -> int:
        assert self._popen is not None, "it has not been started"
        return self._popen.pid

    def _children(self) -> list[int]:
        return [int(pid) for pid in Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split()]

    def _end(self, by_signal: signal.Signals) -> None:
        popen = self._popen
        if popen is None or popen.poll() is not None:
            return
        self.thaw()
        popen.send_signal(by_signal)
        try:
            popen.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            popen.kill()
            popen.wait()

    def _lets_us_in(self) -> bool:
        assert self._popen is not None
        if self._popen.poll() is not None:
            pytest.fail(f"PostgreSQL ended with {self._popen.returncode}:\n{self.log.read_text()}")
        return answers(self.server_url)


# -- Fixtures ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """URL of the administrator's database on the machine's PostgreSQL: VOLTHERM_TEST_POSTGRES_URL."""
    url = os.environ.get("VOLTHERM_TEST_POSTGRES_URL", DEFAULT_POSTGRES_URL)
    if not answers(url):
        unavailable(f"no PostgreSQL lets us in at {urlsplit(url).hostname}:{urlsplit(url).port}")
    return url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """URL, `postgresql+asyncpg://...`, of an empty database for this test alone."""
    with fresh_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="module")
def module_postgres_url(postgres_server: str) -> Iterator[str]:
    """URL, `postgresql+asyncpg://...`, of an empty database that the tests of a file share."""
    with fresh_database(postgres_server) as url:
        yield url


@pytest.fixture
def own_postgres() -> Iterator[OwnPostgres]:
    """Return a running PostgreSQL for this test alone, to stop, restart, freeze or limit."""
    cluster = OwnPostgres()
    try:
        cluster.create()
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
def start_voltherm(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Start `voltherm ARGUMENTS` as a process: `start_voltherm("serve", "--port", "8001", env={}, ready=url)`."""
    started: list[Process] = []

    def start(*arguments: str, env: Mapping[str, str] | None = None, ready: str | None = None) -> Process:
        started.append(Process(str(PROGRAM), *arguments, folder=tmp_path, env=env, name=arguments[0]))
        return started[-1].wait_until_ready(ready) if ready else started[-1]

    try:
        yield start
    finally:
        for process in reversed(started):
            process.stop()


@pytest.fixture
def wall_clock(tmp_path: Path) -> WallClock:
    """Return a wall clock for processes: `start_voltherm(..., env=wall_clock.env)`, `wall_clock.set(timedelta)`."""
    return WallClock(tmp_path)


@pytest.fixture
def tcp_proxy() -> Iterator[Callable[[int], TcpProxy]]:
    """Put a proxy with faults before a port of this machine: `tcp_proxy(port).port`."""
    opened: list[TcpProxy] = []

    def before(port: int) -> TcpProxy:
        opened.append(TcpProxy(port))
        return opened[-1]

    try:
        yield before
    finally:
        for proxy in opened:
            proxy.close()
