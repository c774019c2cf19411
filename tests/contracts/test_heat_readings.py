"""What every store of a heat pump's readings keeps to."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.contracts.store_examples import ODD_NUMBERS, same
from voltherm.domain.assets import HeatMode
from voltherm.domain.registered_device import HeatReading
from voltherm.ports.registry import HeatReadings

START = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def store(database) -> HeatReadings:
    return database.heat_readings


def minutes(n, **values):
    return tuple(HeatReading(at=START + at * MINUTE, **values) for at in range(n))


async def test_readings_come_back_equal_over_the_end_of_a_month(store, site_id):
    told = tuple(
        HeatReading(
            at=START + at * 10 * MINUTE + timedelta(microseconds=at),
            indoor_c=value,
            outdoor_c=value / 3,
            power_kw=abs(value),
            mode=list(HeatMode)[at % 4],
        )
        for at, value in enumerate(ODD_NUMBERS)
    )

    assert await store.save_heat_readings(site_id, told[::-1]) == len(told)
    assert await store.heat_readings(site_id, START - DAY, START + DAY) == told


async def test_what_was_not_measured_is_not_there_either(store, site_id):
    told = minutes(1)
    await store.save_heat_readings(site_id, told)

    assert same(await store.heat_readings(site_id, START, START + DAY), told)


async def test_a_batch_told_again_changes_nothing(store, site_id):
    told = minutes(30, indoor_c=20.5)
    await store.save_heat_readings(site_id, told)

    assert await store.save_heat_readings(site_id, told) == 0
    assert await store.heat_readings(site_id, START, START + DAY) == told


async def test_a_reading_of_the_same_instant_replaces_what_it_names_and_nothing_else(store, site_id):
    await store.save_heat_readings(site_id, minutes(1, indoor_c=20.5, power_kw=2.0, mode=HeatMode.ECO))

    n_changed = await store.save_heat_readings(site_id, minutes(1, indoor_c=20.6, outdoor_c=-3.0))

    assert n_changed == 1
    expected = minutes(1, indoor_c=20.6, outdoor_c=-3.0, power_kw=2.0, mode=HeatMode.ECO)
    assert await store.heat_readings(site_id, START, START + DAY) == expected


async def test_within_a_batch_the_later_of_one_instant_counts_and_both_are_one(store, site_id):
    batch = (*minutes(1, indoor_c=20.5, outdoor_c=1.0), *minutes(1, indoor_c=20.9))

    assert await store.save_heat_readings(site_id, batch) == 1
    assert await store.heat_readings(site_id, START, START + DAY) == minutes(1, indoor_c=20.9, outdoor_c=1.0)


async def test_the_end_is_not_within_the_span_and_a_limit_takes_the_oldest(store, site_id):
    told = minutes(10, indoor_c=20.5)
    await store.save_heat_readings(site_id, told)

    assert await store.heat_readings(site_id, START + MINUTE, START + 4 * MINUTE) == told[1:4]
    assert await store.heat_readings(site_id, START, START + DAY, 3) == told[:3]
    assert await store.heat_readings(site_id, START, START + DAY, 0) == ()


async def test_more_than_one_transaction_holds_come_in_and_out_whole(store, site_id):
    told = minutes(3_500, indoor_c=20.5)

    assert await store.save_heat_readings(site_id, told) == 3_500
    assert await store.heat_readings(site_id, START, START + 30 * DAY) == told
    assert await store.heat_readings(site_id, START, START + 30 * DAY, 3_200) == told[:3_200]


async def test_each_device_has_its_own(store, site_id):
    await store.save_heat_readings(site_id, minutes(1, indoor_c=20.5))

    assert await store.heat_readings(f"{site_id} other", START, START + DAY) == ()
    assert await store.save_heat_readings(site_id, ()) == 0


async def test_many_that_tell_the_same_at_once_are_one(database, other_database, site_id):
    stores = (database.heat_readings, other_database.heat_readings)
    told = minutes(20, indoor_c=20.5)

    counted = await asyncio.gather(*(stores[n % 2].save_heat_readings(site_id, told) for n in range(6)))

    assert sorted(counted) == [0, 0, 0, 0, 0, 20]
    assert await database.heat_readings.heat_readings(site_id, START, START + DAY) == told
