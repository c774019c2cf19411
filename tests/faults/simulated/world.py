"""The three programs as processes in simulated time, and what they leave behind to look at."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tests.faults.invariants import Seen
from tests.services import PROGRAM, Process, eventually, free_port
from voltherm.adapters.clock import begin_simulated_time
from voltherm.interfaces import demo_data

DEMO = Path(demo_data.__file__).parent
DEMO_SITE = DEMO / "site.yaml"
DEMO_DATA = DEMO / "ucsd_music_2018_june_july.csv"
STANDSTILL_S = 90.0
"""Simulated time that stands for so long stands for ever; a plan on a busy machine takes a second. [s]"""


@dataclass(kw_only=True)
class World:
    """Simulated time and the programs that live in it.

    Parameters
    ----------
    folder : Path
        For the clock, the sites and the database.
    start_voltherm : callable
        Starts a program, as the fixture of that name.
    begin, until : datetime
        The simulated time.
    """

    folder: Path
    start_voltherm: Callable[..., Process]
    begin: datetime
    until: datetime
    database_url: str = ""
    service_url: str = ""
    service: Process | None = None
    validators: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = self.folder / "clock"
        begin_simulated_time(self.clock, self.begin)
        self.database_url = self.database_url or f"sqlite:///{self.folder / 'service.db'}"

    @property
    def now(self) -> datetime:
        """The simulated instant."""
        return datetime.fromisoformat(self.clock.read_text().strip()).astimezone(UTC)

    def validator(self, *options: str) -> str:
        """Start a battery with its meter, which has faults, and return its address."""
        port = str(free_port())
        url = f"http://127.0.0.1:{port}"
        env = {"VOLTHERM_CLOCK_FILE": str(self.clock)}
        self.start_voltherm("validator", "--faults", "--port", port, *options, env=env, ready=f"{url}/health")
        self.validators.append(url)
        return url

    def reporter(self, meter_url: str, *options: str) -> str:
        """Start a reporter that follows a meter, and return its address."""
        port = str(free_port())
        url = f"http://127.0.0.1:{port}"
        env = {"VOLTHERM_CLOCK_FILE": str(self.clock)}
        arguments = ("--meter", meter_url, "--port", port, *options)
        self.start_voltherm("reporter", *arguments, env=env, ready=f"{url}/health")
        return url

    def serve(self, sites: Sequence[Mapping[str, object]], *, guard_s: float = 10, **env: str) -> str:
        """Start the service: simulated time begins to go by. Return its address."""
        port = str(free_port())
        self.service_url = f"http://127.0.0.1:{port}"
        (self.folder / "sites.yaml").write_text(yaml.safe_dump([dict(site) for site in sites]))
        settings = {
            "VOLTHERM_CLOCK_FILE": str(self.clock),
            "VOLTHERM_CLOCK_UNTIL": self.until.isoformat(),
            "SITES_FILE": str(self.folder / "sites.yaml"),
            "DATABASE_URL": self.database_url,
            "GUARD_INTERVAL_SECONDS": f"{guard_s:g}",
            "COMMAND_VALIDITY_SECONDS": f"{max(60.0, 3 * guard_s):g}",
            "LOG_DIR": "",
            **env,
        }
        self.service = self.start_voltherm("serve", "--port", port, env=settings)
        return self.service_url

    def wait_until_over(self) -> None:
        """Return when the simulated time has come to its end and everything of its last instant is done."""
        moved_s, seen = time.monotonic(), self.now
        while seen < self.until:
            assert self.service is not None
            if not self.service.is_running or time.monotonic() - moved_s > STANDSTILL_S:
                pytest.fail(f"the simulated time stands at {seen}:\n{self.service.log_text()[-3000:]}")
            time.sleep(0.2)
            moved_s, seen = (moved_s, seen) if self.now == seen else (time.monotonic(), self.now)
        eventually(self._is_idle, "everything of the last instant is done")

    def stop_service(self) -> None:
        """End the service as an operator would: it releases its devices and writes down what waits."""
        assert self.service is not None
        self.service.stop()

    def status(self, site_id: str | None = None) -> dict[str, Any]:
        """Return what the service says of a site."""
        parameters = {} if site_id is None else {"site_id": site_id}
        return get(f"{self.service_url}/api/mpc/status", **parameters)

    def alarms(self) -> list[dict[str, Any]]:
        """Return every alarm that the service has told of, raised or cleared, oldest first."""
        return [told for told in self.logged() if told.get("event") == "alarm"]

    def logged(self) -> list[dict[str, Any]]:
        """Return what the service has logged, oldest first."""
        assert self.service is not None
        lines = [line for line in self.service.log_text().splitlines() if line.startswith("{")]
        return [json.loads(line) for line in lines]

    def _is_idle(self) -> bool:
        """Whether the battery's last command has its answer, and the last cycle has ended."""
        first, _ = self.status(), time.sleep(0.3)
        return first == self.status() and first["last_cycle"] is not None


def get(url: str, **parameters: str) -> Any:
    """Return the JSON that a GET answers."""
    answer = httpx2.get(url, params=parameters, timeout=60, trust_env=False)
    answer.raise_for_status()
    return answer.json()


def set_faults(validator_url: str, **faults: object) -> None:
    """Ask a validator for faults; None takes all of them back."""
    answer = httpx2.post(f"{validator_url}/api/faults", json=faults, timeout=60, trust_env=False)
    answer.raise_for_status()


def clear_faults(validator_url: str) -> None:
    """Take a validator's faults back."""
    httpx2.delete(f"{validator_url}/api/faults", timeout=60, trust_env=False).raise_for_status()


def metered(validator_url: str, since: datetime, battery_id: str = "battery") -> list[Seen]:
    """Return what the validator's meter saw from an instant on, oldest first; SOC is of each interval's end."""
    intervals: list[dict[str, Any]] = []
    while True:
        answer = get(f"{validator_url}/api/meter/intervals", since=since.isoformat())
        if not answer["intervals"]:
            return [
                Seen(at=datetime.fromisoformat(one["start"]), grid_kw=one["grid_kw"], soc=one["soc"][battery_id])
                for one in intervals
            ]
        intervals += answer["intervals"]
        since = datetime.fromisoformat(intervals[-1]["start"]) + timedelta(minutes=answer["interval_minutes"])


@contextmanager
def programs(folder: Path) -> Iterator[Callable[..., Process]]:
    """Yield what starts `voltherm ARGUMENTS` as a process; all of them are ended afterwards.

    As the fixture `start_voltherm`, for those who share the processes among several tests.
    """
    started: list[Process] = []

    def start(*arguments: str, env: Mapping[str, str] | None = None, ready: str | None = None) -> Process:
        started.append(Process(str(PROGRAM), *arguments, folder=folder, env=env, name=arguments[0]))
        return started[-1].wait_until_ready(ready) if ready else started[-1]

    try:
        yield start
    finally:
        for process in reversed(started):
            process.stop()
