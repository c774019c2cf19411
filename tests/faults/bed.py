"""A site to hurt: a simulated battery, and services that control it, as real processes on a real PostgreSQL.

The time is real. Everything that may take long is short: the guard looks every second, a command holds six.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any, Literal, Self

import httpx2
import pytest

from tests.faults.invariants import Audit, Entry, Seen, assert_all, audit_of, metered, truth_log
from tests.services import PROGRAM, Process, free_port
from tests.tcp_proxy import Fault, Link, TcpProxy
from voltherm.adapters.documents.site import load_site

SITE = """\
id: works
zone: America/Costa_Rica
connection: {import_limit_kw: 130, export_limit_kw: 0}
assets:
  - {kind: load, id: hall}
  - kind: battery
    id: pack
    capacity_kwh: 200
    charge_limit_kw: 100
    discharge_limit_kw: 100
    round_trip_efficiency: 0.9
    soc_min: 0.1
    soc_max: 0.95
    wear_cost_per_kwh: 1
tariff: {library: costa-rica-tmt}
"""
SITE_ID, BATTERY_ID = "works", "pack"
IMPORT_LIMIT_KW = 130.0
YOUNG_S, GUARD_BOUND_KW = 120.0, 5.0
"""What the guard may be late by: a command that is too high by 100 kW for its six seconds, of the first 120 seconds of
a metering interval; it makes good for it in the rest."""
METERED_DAYS = 9
LEASE_TTL_S, TAKEOVER_S = 15.0, 20.0
RECOVERY_S = 60.0
"""A service is back to normal by then, on a machine that is busy with other tests."""
QUICK = {
    "GUARD_INTERVAL_SECONDS": "1",
    "COMMAND_VALIDITY_SECONDS": "6",
    "SOC_MAX_AGE_SECONDS": "10",
    "METER_MAX_AGE_SECONDS": "10",
    "MPC_HORIZON_HOURS": "24",
    "LOG_DIR": "",
    "LOG_FORMAT": "json",
}

LOOK_ONCE_A_SECOND = {"FAKETIME_NO_CACHE": "0", "FAKETIME_CACHE_DURATION": "1"}
"""A look at libfaketime's file for each look at the clock slows a busy machine down too far."""


def recorded_weeks() -> str:
    """Return two weeks of a load that keeps the same day for ever: 60 to 100 kW, another in each quarter-hour."""
    first = datetime(2026, 1, 5)  # noqa: DTZ001 - a file of local times
    times = [first + n * timedelta(minutes=15) for n in range(14 * 96)]
    rows = [f"{at:%Y-%m-%d %H:%M},{60 + at.hour * 4 % 23 + at.minute * 7 % 18}" for at in times]
    return "\n".join(["time_local,load_kw", *rows, ""])


# -- Where a service is -----------------------------------------------------------------------------------------------


class Checkpoint(TcpProxy):
    """A proxy that stops a conversation where told so: at a request that is about to go out, or at its answer."""

    def __init__(self, target_port: int) -> None:
        self._words = b""
        self._side: Literal["request", "answer"] = "request"
        self._reached = Event()
        super().__init__(target_port)

    def stop_at(self, words: bytes, side: Literal["request", "answer"] = "request") -> None:
        """Let nothing through from the next request on that contains the words, or from the answer to it."""
        self._reached = Event()
        self._side, self._words = side, words

    @property
    def is_reached(self) -> bool:
        """Whether the conversation stands there."""
        return self._reached.is_set()

    def lose(self) -> None:
        """Let what is held never arrive, and go on with new connections."""
        self._words = b""
        self.refuse()
        self.heal()

    def deliver(self) -> None:
        """Let what is held arrive late, whoever waits for it still."""
        self._words = b""
        self.heal()

    async def _join(self, link: Link, client_in: asyncio.StreamReader) -> None:
        if self._fault.resets:
            raise ConnectionResetError
        server_in, link.server = await asyncio.open_connection(*self._target)
        if link.client.is_closing():
            return
        asked = [b""]

        def request(chunk: bytes) -> bytes:
            asked[0] = chunk if b"HTTP/1.1\r\n" in chunk else asked[0] + chunk
            self._look("request", chunk)
            return chunk

        def answer(chunk: bytes) -> bytes:
            self._look("answer", asked[0])
            return chunk

        async with asyncio.TaskGroup() as both:
            both.create_task(self._pump(client_in, link.server, request))
            both.create_task(self._pump(server_in, link.client, answer))

    def _look(self, side: Literal["request", "answer"], chunk: bytes) -> None:
        if self._words and side == self._side and self._words in chunk and not self._reached.is_set():
            self._fault = Fault(holds=True)
            self._reached.set()


# -- Looking on -------------------------------------------------------------------------------------------------------


class Watch:
    """Asks again and again, in a thread of its own, until closed.

    Parameters
    ----------
    look : callable
        Called every ``every_s``; what it raises ends the test that closes the watch.
    every_s : float
        Pause between two looks. [s]
    """

    def __init__(self, look: Callable[[], None], every_s: float) -> None:
        self._look, self._every_s = look, every_s
        self._is_over = Event()
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it, and raise what it met."""
        self._is_over.set()
        self._thread.join(RECOVERY_S)
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            while not self._is_over.wait(self._every_s):
                self._look()
        except BaseException as error:  # noqa: BLE001 - raised again by `close`
            self._failure = error


READS = ("/", "/health", "/health/ready", "/api/mpc/current_dispatch", "/api/mpc/full_schedule", "/api/mpc/status")


@dataclass(slots=True, kw_only=True)
class Heartbeat:
    """What a service answered to reads that never cease: statuses and durations by path."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    durations_s: list[float] = field(default_factory=list)

    def took(self, path: str, status: int, duration_s: float) -> None:
        """Note one answer."""
        self.statuses[path, status] += 1
        self.durations_s.append(duration_s)

    def p99_s(self) -> float:
        """Return the duration that one in a hundred was longer than. [s]."""
        return sorted(self.durations_s)[int(0.99 * len(self.durations_s))]

    def of(self, path: str) -> set[int]:
        """Return the statuses that a path was answered with."""
        return {status for each, status in self.statuses if each == path}

    def assert_no_errors(self) -> None:
        """No answer was an error of ours, and what needs no plan was answered always."""
        assert {status for _, status in self.statuses} <= {200, 503}, self.statuses
        for path in ("/", "/health", "/api/mpc/current_dispatch", "/api/mpc/status"):
            assert self.of(path) == {200}, (path, self.statuses)


# -- The bed ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Service:
    """A running `voltherm serve`."""

    name: str
    port: int
    process: Process
    began_s: float = field(default_factory=time.monotonic)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def status(self) -> dict[str, Any] | None:
        """Return what it says of the site; None while it does not answer."""
        return _json(f"{self.url}/api/mpc/status")

    def trigger(self) -> Thread:
        """Ask for a cycle, and do not wait for it."""
        asking = Thread(target=_post, args=(f"{self.url}/api/mpc/trigger",), daemon=True)
        asking.start()
        return asking

    def is_on(self, *rungs: str) -> bool:
        """Whether it controls the site on one of these rungs."""
        status = self.status()
        return status is not None and status["rung"] in rungs

    def epoch(self) -> int | None:
        """Return the epoch of the lease that it says it holds."""
        status = self.status()
        words = "" if status is None else status["leases"][BATTERY_ID]
        return int(words.removeprefix("held, epoch ")) if words.startswith("held") else None

    def has_written(self) -> bool:
        """Whether no row of the audit waits in its memory."""
        status = self.status()
        return status is not None and status["audit_rows_waiting"] == 0

    def story(self) -> str:
        """Return the end of its log, without the requests."""
        lines = [line for line in self.process.log_text().splitlines() if '"event": "request"' not in line]
        return "\n".join(lines[-40:])

    def wait_until(self, *rungs: str, within_s: float = RECOVERY_S) -> Self:
        """Return as soon as it controls the site on one of these rungs."""
        self.eventually(lambda: self.is_on(*rungs), f"on {rungs}", within_s)
        return self

    def eventually(self, ask: Callable[[], object], what: str, within_s: float = RECOVERY_S) -> None:
        """Return as soon as ``ask`` answers with something true; fail with what the service says of itself."""
        end = time.monotonic() + within_s
        while not ask():
            if time.monotonic() > end or not self.process.is_running:
                pytest.fail(f"{what}: not within {within_s:g} s: {self.status()}\n{self.story()}")
            time.sleep(0.05)

    def workers(self) -> list[int]:
        """Return the processes that compute for it."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]

    def kill(self) -> None:
        """End it as `kill -9` does, children and all."""
        self.process.kill()


class Bed:
    """A battery with its truth, a database, and the services that a test starts.

    Parameters
    ----------
    folder : Path
        For files and logs.
    database_url : str
        An empty PostgreSQL database.
    """

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder, self.database_url = folder, database_url
        self.validator_port = free_port()
        self.validator_url = f"http://127.0.0.1:{self.validator_port}"
        self.seen: list[Seen] = []
        self._services: list[Service] = []
        self._end = ExitStack()
        (folder / "site.yaml").write_text(SITE)
        (folder / "load.csv").write_text(recorded_weeks())
        self.site = load_site(folder / "site.yaml")
        self.battery = self.site.batteries[0]

    def start(self, env: Mapping[str, str] | None = None) -> Self:
        """Start the battery, and look at its truth from now on."""
        files = ("--site", "site.yaml", "--data", "load.csv")
        command = (str(PROGRAM), "validator", *files, "--port", str(self.validator_port), "--faults")
        process = Process(*command, "--days", str(METERED_DAYS), folder=self.folder, env=env, name="validator")
        self._end.callback(process.stop)
        process.wait_until_ready(f"{self.validator_url}/health")
        self._end.callback(Watch(self._look, 0.25).close)
        return self

    def service(
        self,
        name: str = "one",
        *,
        database_url: str | None = None,
        device_port: int | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Service:
        """Start a service and return at once.

        Parameters
        ----------
        name : str
            Its INSTANCE_NAME.
        database_url : str, optional
            Instead of the bed's, such as through a proxy.
        device_port : int, optional
            The port of a proxy before the battery.
        env : mapping of str to str, optional
            More settings, or others.
        """
        port = free_port()
        sites = self.folder / f"sites-{port}.yaml"
        sites.write_text(f"- site: site.yaml\n  bms_base_url: http://127.0.0.1:{device_port or self.validator_port}\n")
        settings = {
            **QUICK,
            "SITES_FILE": sites.name,
            "SERVICE_PORT": str(port),
            "INSTANCE_NAME": name,
            "DATABASE_URL": database_url or self.database_url,
            **(env or {}),
        }
        process = Process(str(PROGRAM), "serve", folder=self.folder, env=settings, name=name)
        self._end.callback(process.stop)
        service = Service(name=name, port=port, process=process)
        self._services.append(service)
        return service

    def entries(self) -> list[Entry]:
        """Return the battery's truth log."""
        return truth_log(self.validator_url)

    def accepted(self) -> list[Entry]:
        """Return the commands that the battery took."""
        return [each for each in self.entries() if each.event == "received" and each.verdict == "accepted"]

    def last_epoch(self) -> int:
        """Return the epoch of the last command that the battery took; 0 before the first."""
        return max((each.epoch or 0 for each in self.accepted()), default=0)

    def fault(self, **faults: float | str | bool) -> None:
        """Make the battery fail."""
        with httpx2.Client(trust_env=False) as http:
            http.post(f"{self.validator_url}/api/faults", json=faults).raise_for_status()

    def audit(self) -> Audit:
        """Return the audit as it stands in the database."""
        return audit_of(self.database_url, SITE_ID)

    def assert_invariants(self) -> tuple[list[Entry], Audit]:
        """Hold the truth against the audit, and return both.

        On a slow disk a row may wait in the memory of a service that lives: what it had sent by now is written before
        the audit is read, and what the audit says was answered by then is looked for in the truth of later.
        """
        entries = self.entries()
        for service in self._services:
            if service.process.is_running and service.status() is not None:
                service.eventually(service.has_written, "what it sent is in the audit")
        audit = self.audit()
        later = self.entries()
        since = datetime.now(UTC) - timedelta(minutes=30)
        seen = [*self.seen, *(each for each in metered(self.validator_url, BATTERY_ID) if each.at > since)]
        limit = IMPORT_LIMIT_KW + GUARD_BOUND_KW
        assert_all(entries, audit, later, battery=self.battery, seen=seen, import_kw=limit)
        assert self.accepted(), "the battery was never commanded: nothing was tested"
        return entries, audit

    def heartbeat(self, service: Service, *, every_s: float = 0.1) -> tuple[Heartbeat, Watch]:
        """Read from a service without end, path by path."""
        heartbeat = Heartbeat()
        http = self._end.enter_context(httpx2.Client(base_url=service.url, trust_env=False, timeout=30))
        paths = [*READS]

        def beat() -> None:
            paths.append(paths.pop(0))
            began_s = time.monotonic()
            heartbeat.took(paths[0], http.get(paths[0]).status_code, time.monotonic() - began_s)

        watch = Watch(beat, every_s)
        return heartbeat, watch

    def close(self) -> None:
        """End everything."""
        self._end.close()

    def _look(self) -> None:
        """Note the metering interval's mean up to now, once it is no longer young, and the SOC."""
        meter, soc = _json(f"{self.validator_url}/api/meter"), _json(f"{self.validator_url}/api/battery/soc")
        if meter is not None and soc is not None:
            at, start = (datetime.fromisoformat(meter[name]) for name in ("timestamp", "interval_start"))
            is_young = (at - start).total_seconds() < YOUNG_S
            self.seen.append(Seen(at=at, grid_kw=None if is_young else meter["interval_mean_kw"], soc=soc["soc"]))


def _json(url: str) -> dict[str, Any] | None:
    try:
        answer = httpx2.get(url, trust_env=False, timeout=10)
    except httpx2.TransportError:
        return None
    found: dict[str, Any] | None = answer.json() if answer.status_code == 200 else None
    return found


def _post(url: str) -> None:
    try:
        httpx2.post(url, trust_env=False, timeout=60)
    except httpx2.TransportError:
        return


@pytest.fixture
def bed(tmp_path: Path, postgres_url: str) -> Iterator[Bed]:
    """Return a bed on a fresh database, with its battery running."""
    made = Bed(tmp_path, postgres_url)
    try:
        yield made.start()
    finally:
        made.close()
