"""Faults 7, 8 and 9: a holder that freezes, two that begin together, one that is cut off from the database."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.bed import LEASE_TTL_S, LOOK_ONCE_A_SECOND, TAKEOVER_S, Bed, Service, Watch
from tests.services import WallClock, eventually
from tests.tcp_proxy import TcpProxy
from voltherm.domain.device import CommandStage


class Holders:
    """Who says that it holds which epoch, asked again and again."""

    def __init__(self, *services: Service) -> None:
        self._services = services
        self.of_epoch: defaultdict[int, set[str]] = defaultdict(set)
        self.n_together = 0

    def look(self) -> None:
        """Ask each; the answers are some milliseconds apart, so that a change of holders may be seen on both sides."""
        held = {service.name: epoch for service in self._services if (epoch := service.epoch()) is not None}
        for name, epoch in held.items():
            self.of_epoch[epoch].add(name)
        self.n_together += len(held) > 1


@pytest.fixture
def end() -> Iterator[ExitStack]:
    """Return what ends with the test."""
    with ExitStack() as stack:
        yield stack


def seconds_without_command(bed: Bed, epoch: int) -> float:
    """Return how long the battery heard nothing it would follow before the first command of an epoch. [s]."""
    accepted = bed.accepted()
    first = next(index for index, each in enumerate(accepted) if each.epoch == epoch)
    return (accepted[first].at - accepted[first - 1].at).total_seconds()


def assert_no_turns(bed: Bed) -> None:
    """The battery heard each epoch to its end before it heard the next: no interleaved writes."""
    epochs = [each.epoch or 0 for each in bed.entries() if each.event == "received" and each.verdict == "accepted"]
    assert epochs == sorted(epochs), epochs


def say(capsys: pytest.CaptureFixture[str], words: str) -> None:
    """Print a measured figure past pytest."""
    with capsys.disabled():
        print(f"\n{words}")  # noqa: T201


@pytest.mark.fault(7)
def test_a_frozen_holder_loses_the_lease_and_commands_nothing_when_it_wakes(bed, end, capsys):
    first = bed.service("first").wait_until("fresh_plan")
    second = bed.service("second")
    second.eventually(second.status, "the second answers")
    assert second.epoch() is None

    holders = Holders(first, second)
    before = bed.last_epoch()
    first.process.freeze()
    frozen_s = time.monotonic()
    eventually(lambda: bed.last_epoch() > before, "the second takes over", within_s=TAKEOVER_S + 10)
    takeover_s = time.monotonic() - frozen_s
    time.sleep(max(0.0, 25.0 - takeover_s))
    watch = Watch(holders.look, 0.2)
    first.process.thaw()
    time.sleep(8.0)
    watch.close()

    silence_s = seconds_without_command(bed, before + 1)
    say(capsys, f"takeover {takeover_s:.1f} s after the freeze; {silence_s:.1f} s between the two holders' commands")
    assert takeover_s < TAKEOVER_S
    assert holders.n_together == 0
    assert first.epoch() is None
    assert second.epoch() == before + 1
    assert bed.last_epoch() == before + 1
    assert first.status()["why"]
    entries, _ = bed.assert_invariants()
    late = [
        each for each in entries if each.event == "received" and each.epoch == before and each.verdict != "accepted"
    ]
    assert len(late) <= 1, late  # what was on its way when it froze, and nothing after
    assert_no_turns(bed)


@pytest.mark.fault(8)
def test_of_two_that_begin_together_with_clocks_five_minutes_apart_one_commands(bed, tmp_path, capsys):
    clock = WallClock(tmp_path)
    clock.set(timedelta(minutes=-5))
    second = bed.service("second", env={**clock.env, **LOOK_ONCE_A_SECOND})
    first = bed.service("first")
    holders = Holders(first, second)
    watch = Watch(holders.look, 0.1)
    eventually(lambda: first.epoch() or second.epoch(), "one of them holds the lease")
    time.sleep(10.0)
    held_by = "first" if first.epoch() is not None else "second"
    (first if held_by == "first" else second).kill()
    other = second if held_by == "first" else first
    eventually(lambda: other.epoch() is not None, "the other takes over", within_s=TAKEOVER_S + 10)
    time.sleep(5.0)
    watch.close()

    say(capsys, f"{held_by} held the lease at first")
    assert holders.n_together == 0
    assert all(len(names) == 1 for names in holders.of_epoch.values()), holders.of_epoch
    bed.assert_invariants()
    assert_no_turns(bed)


@pytest.mark.fault(8)
def test_a_second_instance_that_begins_leaves_the_commands_of_the_first_alone(bed):
    bed.service("first").wait_until("fresh_plan")
    second = bed.service("second")
    second.eventually(second.status, "the second answers")
    time.sleep(3.0)

    _, audit = bed.assert_invariants()
    orphans = [command.id for command, events in audit.commands if CommandStage.ORPHANED in [e.stage for e in events]]
    assert not orphans


@pytest.mark.fault(9)
def test_a_holder_without_the_database_stops_before_another_may_start(bed, end, capsys):
    server = int(bed.database_url.rsplit("/", 1)[0].rsplit(":", 1)[1])
    split = TcpProxy(server)
    end.callback(split.close)
    first = bed.service("first", database_url=bed.database_url.replace(f":{server}/", f":{split.port}/"))
    first.wait_until("fresh_plan")
    second = bed.service("second")
    second.eventually(second.status, "the second answers")
    holders = Holders(first, second)
    watch = Watch(holders.look, 0.05)
    before = bed.last_epoch()

    split.drop()
    cut = datetime.now(UTC)
    eventually(lambda: bed.last_epoch() > before, "the second takes over", within_s=TAKEOVER_S + 10)
    time.sleep(5.0)
    accepted = bed.accepted()
    watch.close()
    split.reset()
    split.heal()
    eventually(lambda: first.status()["audit_rows_waiting"] == 0, "the first writes down what waited")

    last = max(each.at for each in accepted if each.epoch == before)
    next_one = min(each.at for each in accepted if each.epoch == before + 1)
    went_on_s = (last - cut).total_seconds()
    say(capsys, f"went on for {went_on_s:.1f} s; the second began {(next_one - last).total_seconds():.1f} s after it")
    assert holders.n_together == 0
    assert 0 < went_on_s < LEASE_TTL_S
    assert last < next_one
    assert first.epoch() is None
    bed.assert_invariants()
    assert_no_turns(bed)
