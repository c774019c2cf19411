"""Fault 6: `kill -9` at every step of the cycle, again and again; the audit and the battery tell the same story."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.bed import Bed, Checkpoint, Service
from tests.faults.invariants import assert_fate_is_known
from voltherm.domain.device import CommandStage

N_ROUNDS = 6
START_S = 30.0
"""From a restart to the first valid command: what is promised. [s]"""
DISPATCH = b"POST /api/battery/dispatch"


@dataclass(slots=True, kw_only=True)
class Lives:
    """One service that is killed and started again under the same name, seen from both of its sides."""

    bed: Bed
    device: Checkpoint
    database: Checkpoint
    random: random.Random = field(default_factory=lambda: random.Random(6))
    first_command_s: list[float] = field(default_factory=list)
    n_kills: int = 0

    def begin(self) -> Service:
        """Start it, and return at once."""
        url = self.bed.database_url.replace(f":{port_of(self.bed.database_url)}/", f":{self.database.port}/")
        return self.bed.service("lives", database_url=url, device_port=self.device.port)

    def commanding(self) -> Service:
        """Start it, and return once the battery has taken a command of this life; note how long that took."""
        last = self.bed.last_epoch()
        service = self.begin()
        service.eventually(lambda: self.bed.last_epoch() > last, "a command")
        self.first_command_s.append(time.monotonic() - service.began_s)
        return service

    def end(self, service: Service, *, late: bool = False) -> None:
        """Kill it; what is held on its way is lost, or arrives after its death."""
        assert service.process.is_running, service.process.log_text()
        service.kill()
        self.n_kills += 1
        for proxy in (self.device, self.database):
            if late:
                proxy.deliver()
            else:
                proxy.lose()


def port_of(database_url: str) -> int:
    """Return the port of a database's URL."""
    return int(database_url.rsplit("/", 1)[0].rsplit(":", 1)[1])


@pytest.fixture
def lives(bed: Bed) -> Iterator[Lives]:
    """Return a service to kill, between two proxies that know where it is."""
    with ExitStack() as end:
        device = Checkpoint(bed.validator_port)
        end.callback(device.close)
        database = Checkpoint(port_of(bed.database_url))
        end.callback(database.close)
        yield Lives(bed=bed, device=device, database=database)


# -- The steps, each a life -------------------------------------------------------------------------------------------


def before_sending(lives: Lives, *, late: bool) -> None:
    """The command is written down, and on its way out."""
    lives.device.stop_at(DISPATCH)
    service = lives.begin()
    service.eventually(lambda: lives.device.is_reached, "the step is reached")
    lives.end(service, late=late)


def before_the_answer(lives: Lives, *, late: bool) -> None:
    """The battery follows, and its answer is on its way back."""
    lives.device.stop_at(DISPATCH, "answer")
    service = lives.begin()
    service.eventually(lambda: lives.device.is_reached, "the step is reached")
    lives.end(service, late=late)


def before_the_command_is_written(lives: Lives, *, late: bool) -> None:
    """The row of the command is on its way to the database, and nothing is sent yet."""
    service = lives.commanding()
    lives.database.stop_at(b"setpoint")
    service.eventually(lambda: lives.database.is_reached, "the step is reached")
    lives.end(service, late=late)


def before_the_answer_is_written(lives: Lives, *, late: bool) -> None:
    """The battery follows and has said so, and the row that tells it is on its way to the database."""
    lives.database.stop_at(CommandStage.ACKNOWLEDGED.value.encode())
    service = lives.begin()
    service.eventually(lambda: lives.database.is_reached, "the step is reached")
    lives.end(service, late=late)


def in_the_middle_of_solving(lives: Lives, *, late: bool) -> None:
    """The readings are there, and the plan is being computed: none is stored yet."""
    service = lives.commanding().wait_until("fresh_plan")
    for worker in service.workers():
        os.kill(worker, signal.SIGSTOP)
    lives.device.stop_at(b"GET /api/meter/intervals", "answer")
    service.trigger()
    service.eventually(lambda: lives.device.is_reached, "the step is reached")
    lives.device.deliver()
    time.sleep(lives.random.uniform(0.1, 0.5))
    lives.end(service, late=late)


def before_the_plan_is_stored(lives: Lives, *, late: bool) -> None:
    """The plan is on its way to the database."""
    lives.database.stop_at(b"INSERT INTO plans")
    service = lives.begin()
    service.trigger()
    service.eventually(lambda: lives.database.is_reached, "the step is reached")
    lives.end(service, late=late)


def before_the_lease_is_asked_for(lives: Lives, *, late: bool) -> None:
    """The statement that takes the lease, with a new epoch, is on its way."""
    lives.database.stop_at(b"INSERT INTO leases")
    service = lives.begin()
    service.eventually(lambda: lives.database.is_reached, "the step is reached")
    lives.end(service, late=late)


def before_the_lease_is_renewed(lives: Lives, *, late: bool) -> None:
    """The statement that renews the lease is on its way."""
    lives.database.stop_at(b"UPDATE leases")
    service = lives.begin()
    service.eventually(lambda: lives.database.is_reached, "the step is reached")
    lives.end(service, late=late)


def at_any_moment(lives: Lives, *, late: bool) -> None:
    """Wherever it is, also before it has begun."""
    service = lives.begin()
    time.sleep(lives.random.uniform(0.0, 4.0))
    lives.end(service, late=late)


STEPS: tuple[Callable[..., None], ...] = (
    before_sending,
    before_the_answer,
    before_the_command_is_written,
    before_the_answer_is_written,
    in_the_middle_of_solving,
    before_the_plan_is_stored,
    before_the_lease_is_asked_for,
    before_the_lease_is_renewed,
    at_any_moment,
)


@pytest.mark.fault(6)
def test_killed_at_every_step_it_loses_no_command_doubles_none_and_is_back_within_half_a_minute(lives, capsys):
    for n_round in range(N_ROUNDS):
        for step in STEPS:
            step(lives, late=n_round % 2 == 1)
    service = lives.commanding().wait_until("fresh_plan")
    service.eventually(lambda: (service.status() or {})["audit_rows_waiting"] <= 2, "what waited is written down")
    entries, audit = lives.bed.assert_invariants()

    assert_fate_is_known(audit, before=datetime.now(UTC) - timedelta(seconds=5))
    epochs = [command.epoch for command, _ in audit.commands]
    assert epochs == sorted(epochs)
    orphans = [command.id for command, events in audit.commands if events[:1] and events[0].stage is ORPHANED]
    heard = {entry.command_id for entry in entries if entry.event == "received"}
    assert set(orphans) & heard, "no answer was lost: nothing was tested"
    assert set(orphans) - heard, "no command was lost on its way: nothing was tested"
    assert lives.n_kills >= 50
    assert max(lives.first_command_s) < START_S
    with capsys.disabled():
        slowest, usual = max(lives.first_command_s), sorted(lives.first_command_s)[len(lives.first_command_s) // 2]
        print(f"\n{lives.n_kills} kills; restart to first command: {usual:.1f} s, at most {slowest:.1f} s")  # noqa: T201


ORPHANED = CommandStage.ORPHANED
