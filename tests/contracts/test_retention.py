"""What is removed when it has been kept long enough, and what never is."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.contracts.heat_examples import day_plan, device
from tests.contracts.store_examples import QUARTER, SECOND, command, event, forecast, measured, record, site
from tests.contracts.test_command_log import without_guards
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.external_forecast import ForecastKind
from voltherm.domain.registered_device import HeatReading

NOW = datetime(2026, 8, 15, 12, tzinfo=UTC)
ALL = {"readings": 3, "forecasts": 3, "plans": 3, "commands": 3}
SPAN = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
MONTHS = range(3, 9)


@pytest.fixture
async def kept(database, site_id):
    """A site with something of every kind at the begin of each month from March to August."""
    stored = await database.sites.save_site(site(site_id))
    for month in MONTHS:
        at = datetime(2026, month, 1, tzinfo=UTC)
        name = f"{month} {site_id}"
        await database.readings.save_readings(site_id, (measured(at, QUARTER, grid_kw=float(month)),))
        await database.forecasts.save_forecast(site_id, forecast(at, at + SECOND, level=float(month)))
        await database.plans.save_plan(record(name, stored.site, stored.version, start=at))
        await database.commands.append(site_id, [command(name, site_id=site_id, at=at), event(name, at=at + SECOND)])
    return database


async def months_left(database, site_id):
    commands = await database.commands.commands(site_id, *SPAN)
    readings = await database.readings.readings(site_id, *SPAN)
    plans = await database.plans.plan_ids(site_id, *SPAN)
    return (
        [int(told.id.split()[0]) for told, became in commands if became],
        [reading.interval.start.month for reading in readings],
        [int(name.split()[0]) for name in plans],
    )


async def test_whole_months_go_and_the_running_one_and_those_asked_for_stay(kept, site_id):
    removed = await kept.retention.apply(NOW, ALL)

    assert await months_left(kept, site_id) == ([5, 6, 7, 8],) * 3
    assert removed
    assert await kept.retention.apply(NOW, ALL) == ()


async def test_what_is_not_named_is_kept_for_ever(kept, site_id):
    await kept.retention.apply(NOW, {"plans": 2})

    commands, readings, plans = await months_left(kept, site_id)
    assert commands == readings == list(MONTHS)
    assert plans == [6, 7, 8]


async def test_sites_ledgers_and_the_last_forecast_stay(kept, site_id):
    await kept.retention.apply(NOW, dict.fromkeys(ALL, 2))

    assert (await kept.sites.site(site_id)).site == site(site_id)
    assert (await kept.forecasts.last_forecast(site_id, ForecastKind.LOAD)).fetched_at.month == 8


async def test_readings_and_plans_of_heat_pumps_go_with_the_others_and_the_devices_stay(database, site_id):
    await database.devices.register(device(site_id))
    plan = day_plan(site_id)
    for month in MONTHS:
        at = datetime(2026, month, 1, tzinfo=UTC)
        await database.heat_readings.save_heat_readings(site_id, [HeatReading(at=at, indoor_c=20.0)])
        await database.day_plans.save_day_plan(replace(plan, day=at.date()))

    await database.retention.apply(NOW, ALL)

    assert [each.at.month for each in await database.heat_readings.heat_readings(site_id, *SPAN)] == [5, 6, 7, 8]
    kept = [month for month in MONTHS if await database.day_plans.day_plan(site_id, date(2026, month, 1))]
    assert kept == [5, 6, 7, 8]
    assert await database.devices.device(site_id) is not None


@pytest.mark.pitfall("M27")
async def test_the_rest_of_the_audit_still_verifies_and_still_guards_itself(kept, site_id):
    await kept.retention.apply(NOW, ALL)
    await kept.commands.append(site_id, [command(f"9 {site_id}", site_id=site_id, at=NOW)])
    assert await kept.commands.verify(site_id) == ()

    await without_guards(kept, "DELETE FROM commands WHERE id = :id", id=f"6 {site_id}")

    assert await kept.commands.verify(site_id) == ("rows 7 to 7 are missing",)


async def test_retention_and_writers_do_not_stand_in_each_others_way(kept, other_database, site_id):
    async def write(number):
        at = NOW + timedelta(days=number)
        name = f"{number} new {site_id}"
        await other_database.commands.append(site_id, [command(name, site_id=site_id, at=at), event(name, at=at)])

    await asyncio.gather(kept.retention.apply(NOW, ALL), *(write(number) for number in range(20)))

    assert await kept.commands.verify(site_id) == ()
    assert len(await kept.commands.commands(site_id, *SPAN)) == 24


@pytest.mark.pitfall("M5")
@pytest.mark.parametrize("months", [1, 0, -3])
async def test_billing_months_in_use_cannot_be_given_up(database, months):
    with pytest.raises(InvalidInputError, match=r"retention\.readings: .* keep at least 2"):
        await database.retention.apply(NOW, {"readings": months})


async def test_an_unknown_name_removes_nothing(kept, site_id):
    with pytest.raises(InvalidInputError, match="'sites' is nothing that ends"):
        await kept.retention.apply(NOW, {"plans": 2, "sites": 2})

    assert await months_left(kept, site_id) == (list(MONTHS),) * 3
