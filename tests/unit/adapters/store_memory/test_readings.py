"""What the memory adds to the contract of every store of readings."""

from datetime import UTC, datetime, timedelta

from voltherm.adapters.store_memory.readings import KEPT, InMemoryReadings
from voltherm.application.outlook import column_of
from voltherm.domain.control import Measured
from voltherm.domain.time import Interval

START = datetime(2026, 3, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def reading(start, grid_kw=1.0):
    return Measured(interval=Interval(start, start + HOUR), grid_kw=grid_kw)


async def test_what_is_much_older_than_the_newest_reading_is_let_go():
    store = InMemoryReadings(column_of)
    await store.save_readings("house", (reading(START), reading(START + HOUR)))

    await store.save_readings("house", (reading(START + KEPT),))

    kept = await store.readings("house", START - KEPT, START + 2 * KEPT)
    assert [each.interval.start for each in kept] == [START + HOUR, START + KEPT]


async def test_an_unknown_site_has_no_readings():
    assert await InMemoryReadings(column_of).readings("house", START, START + HOUR) == ()
