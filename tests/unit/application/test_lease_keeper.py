"""The lease: held while it surely holds, lost in time, its epoch never used twice."""

from datetime import timedelta

import pytest

from voltherm.application.lease_keeper import MARGIN_S, TTL, LeaseKeeper
from voltherm.ports.errors import Unavailable
from voltherm.ports.store import Lease


class Leases:
    """One lease by a clock of its own, as a database keeps it."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.is_gone = False
        self.epoch = 0
        self.holder = ""
        self.ends_s = 0.0

    async def acquire(self, device: str, holder: str, ttl: timedelta) -> Lease | None:
        self._answer()
        if self.holder not in ("", holder) and self.now_s < self.ends_s:
            return None
        self.epoch, self.holder, self.ends_s = self.epoch + 1, holder, self.now_s + ttl.total_seconds()
        return Lease(device=device, holder=holder, epoch=self.epoch)

    async def renew(self, lease: Lease, ttl: timedelta) -> bool:
        self._answer()
        if lease.epoch != self.epoch or self.now_s >= self.ends_s:
            return False
        self.ends_s = self.now_s + ttl.total_seconds()
        return True

    async def give_up(self, lease: Lease) -> None:
        self._answer()
        if lease.epoch == self.epoch:
            self.ends_s = self.now_s

    def _answer(self) -> None:
        if self.is_gone:
            raise Unavailable("the database is gone")


@pytest.fixture
def leases() -> Leases:
    return Leases()


def keeper(leases: Leases, holder: str = "a") -> LeaseKeeper:
    return LeaseKeeper(leases, "site/bess", holder, lambda: leases.now_s)


async def test_numbers_count_up_within_an_epoch(leases):
    one = keeper(leases)
    await one.step()

    assert [one.next_number() for _ in range(3)] == [(1, 1), (1, 2), (1, 3)]


@pytest.mark.pitfall("M23")
async def test_of_two_instances_one_holds(leases):
    one, two = keeper(leases, "a"), keeper(leases, "b")
    await one.step()
    await two.step()

    assert one.lease is not None
    assert two.lease is None
    assert two.next_number() is None
    assert "another instance" in two.why


async def test_a_holder_that_is_silent_is_followed_by_the_next_with_a_higher_epoch(leases):
    one, two = keeper(leases, "a"), keeper(leases, "b")
    await one.step()
    leases.now_s = TTL.total_seconds()
    await two.step()

    assert two.lease == Lease(device="site/bess", holder="b", epoch=2)
    assert one.lease is None


async def test_the_holder_stops_before_another_may_start(leases):
    one, two = keeper(leases, "a"), keeper(leases, "b")
    await one.step()
    leases.now_s = TTL.total_seconds() - MARGIN_S
    await two.step()

    assert one.lease is None
    assert two.lease is None


@pytest.mark.fault(10)
async def test_without_the_database_the_lease_holds_to_its_end_and_comes_back_by_itself(leases):
    one = keeper(leases)
    await one.step()
    leases.is_gone, leases.now_s = True, 10.0
    await one.step()
    held_at_10 = one.lease
    leases.now_s = 14.5
    held_at_14 = one.lease
    leases.is_gone, leases.now_s = False, 16.0
    await one.step()

    assert held_at_10 is not None
    assert held_at_14 is None
    assert one.next_number() == (2, 1)


@pytest.mark.fault(7)
async def test_a_frozen_process_finds_its_lease_lost_when_it_wakes(leases):
    one, two = keeper(leases, "a"), keeper(leases, "b")
    await one.step()
    leases.now_s = 60.0
    at_waking = one.next_number()
    await two.step()
    await one.step()

    assert at_waking is None
    assert one.next_number() is None
    assert two.next_number() == (2, 1)
