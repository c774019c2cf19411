"""What every store of leases keeps to: one holder at a time, and no epoch twice."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from voltherm.domain.errors import InvalidInputError
from voltherm.ports.store import Lease, LeaseStore

DOCUMENT = Path(__file__).parents[2] / "docs" / "persistence.md"
LONG = timedelta(hours=1)
SHORT = timedelta(milliseconds=20)
ENOUGH_S = 0.1
"""Longer than SHORT by far, on any clock."""


@pytest.fixture
def store(database) -> LeaseStore:
    return database.leases


async def test_the_first_holder_gets_the_first_epoch(store, site_id):
    assert await store.acquire(site_id, "a", LONG) == Lease(device=site_id, holder="a", epoch=1)


async def test_while_it_is_held_nobody_else_gets_it(store, site_id):
    await store.acquire(site_id, "a", LONG)

    assert await store.acquire(site_id, "b", LONG) is None
    assert (await store.acquire(site_id + " 2", "b", LONG)).epoch == 1


async def test_it_goes_to_another_when_it_has_expired_with_a_new_epoch(store, site_id):
    held = await store.acquire(site_id, "a", SHORT)
    await asyncio.sleep(ENOUGH_S)

    assert (await store.acquire(site_id, "b", LONG)).epoch == 2
    assert not await store.renew(held, LONG)


async def test_a_renewed_lease_does_not_expire(store, site_id):
    held = await store.acquire(site_id, "a", timedelta(seconds=30))

    assert await store.renew(held, LONG)
    assert await store.acquire(site_id, "b", LONG) is None


async def test_an_expired_lease_cannot_be_renewed_even_while_nobody_wanted_it(store, site_id):
    held = await store.acquire(site_id, "a", SHORT)
    await asyncio.sleep(ENOUGH_S)

    assert not await store.renew(held, LONG)


@pytest.mark.pitfall("M23")
async def test_the_same_holder_started_again_gets_a_new_epoch_and_its_old_self_loses(store, site_id):
    before = await store.acquire(site_id, "a", LONG)
    after = await store.acquire(site_id, "a", LONG)

    assert (before.epoch, after.epoch) == (1, 2)
    assert not await store.renew(before, LONG)
    assert await store.renew(after, LONG)


async def test_a_lease_given_up_is_free_at_once_and_its_epoch_is_not_used_again(store, site_id):
    held = await store.acquire(site_id, "a", LONG)

    await store.give_up(held)

    assert not await store.renew(held, LONG)
    assert (await store.acquire(site_id, "b", LONG)).epoch == 2


async def test_giving_up_what_another_holds_by_now_changes_nothing(store, site_id):
    before = await store.acquire(site_id, "a", SHORT)
    await asyncio.sleep(ENOUGH_S)
    after = await store.acquire(site_id, "b", LONG)

    await store.give_up(before)

    assert await store.renew(after, LONG)


@pytest.mark.pitfall("M23")
@pytest.mark.fault(8)
async def test_of_many_that_race_for_a_device_exactly_one_gets_it(database, other_database, site_id):
    stores = [database.leases, other_database.leases]
    for turn in range(5):
        answers = await asyncio.gather(
            *(stores[number % 2].acquire(f"{site_id} {turn}", f"holder {number}", LONG) for number in range(8))
        )
        assert [lease.epoch for lease in answers if lease is not None] == [1]


async def test_epochs_only_grow_whoever_takes_turns(database, other_database, site_id):
    epochs = []
    for turn in range(6):
        lease = await (database, other_database)[turn % 2].leases.acquire(site_id, f"holder {turn % 3}", LONG)
        epochs.append(lease.epoch)
        await database.leases.give_up(lease)

    assert epochs == [1, 2, 3, 4, 5, 6]


async def test_after_a_backup_was_restored_epochs_can_be_moved_beyond_those_that_devices_have_seen(database, site_id):
    held = await database.leases.acquire(site_id, "a", LONG)
    documented = re.search(r"^    (UPDATE leases .*);$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    async with database._transactions.writing() as connection:
        await connection.execute(text(documented[1]))

    assert not await database.leases.renew(held, LONG)
    assert (await database.leases.acquire(site_id, "b", LONG)).epoch == 1_000_002


async def test_a_time_to_live_must_be_positive(store, site_id):
    with pytest.raises(InvalidInputError, match="give a positive one"):
        await store.acquire(site_id, "a", timedelta(0))
