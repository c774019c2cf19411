"""The monthly partitions of PostgreSQL: there before their first row, made once, dropped whole."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from tests.contracts.heat_examples import day_plan
from tests.contracts.store_examples import NOW, QUARTER, command, event, forecast, measured, opened, record, site
from voltherm.adapters.store.partitions import partitions_before
from voltherm.domain.registered_device import HeatReading
from voltherm.ports.errors import Malformed

MONTHLY = ("readings", "forecasts", "plans", "commands", "command_events", "heat_readings", "day_plans")
FAR = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
async def database(postgres_url):
    async with opened(postgres_url) as database:
        await database.upgrade()
        yield database


async def months_of(database, table):
    async with database._transactions.reading() as connection:
        return await partitions_before(connection, table, FAR)


async def asked(database, sql):
    async with database._transactions.writing() as connection:
        return (await connection.execute(text(sql))).all()


async def test_every_table_that_grows_is_partitioned_where_timescale_is_not_installed(database):
    rows = await asked(database, "SELECT relname FROM pg_class WHERE relkind = 'p' ORDER BY relname")

    assert {row.relname for row in rows} == set(MONTHLY)


async def test_a_month_is_made_with_its_first_row_and_the_month_after_it_too(database):
    stored = await database.sites.save_site(site())
    await database.readings.save_readings("factory", (measured(datetime(2025, 12, 31, 23, 45, tzinfo=UTC)),))
    await database.forecasts.save_forecast("factory", forecast(None, NOW))
    await database.plans.save_plan(record("p", stored.site, stored.version))
    await database.commands.append("factory", [command("c"), event("c", at=NOW + timedelta(minutes=1))])
    await database.heat_readings.save_heat_readings("pump", [HeatReading(at=NOW, indoor_c=20.0)])
    await database.day_plans.save_day_plan(day_plan("pump"))

    assert await months_of(database, "heat_readings") == ["heat_readings_2026_03", "heat_readings_2026_04"]
    assert await months_of(database, "day_plans") == ["day_plans_2026_04", "day_plans_2026_05"]
    assert await months_of(database, "readings") == ["readings_2025_12", "readings_2026_01"]
    assert await months_of(database, "forecasts") == ["forecasts_2026_03", "forecasts_2026_04"]
    assert await months_of(database, "plans") == ["plans_2026_03", "plans_2026_04"]
    assert await months_of(database, "commands") == ["commands_2026_03", "commands_2026_04"]
    assert await months_of(database, "command_events") == ["command_events_2026_04", "command_events_2026_05"]


async def test_many_that_need_a_new_month_at_once_make_it_once(postgres_url, database):
    async with opened(postgres_url) as other:
        instances = (database, other)
        await asyncio.gather(
            *(
                instances[number % 2].commands.append(
                    f"site {number}", [command(f"c{number}", site_id=f"site {number}")]
                )
                for number in range(10)
            ),
            *(
                instances[number % 2].readings.save_readings(f"site {number}", (measured(NOW, QUARTER, grid_kw=1.0),))
                for number in range(10)
            ),
        )

    assert await months_of(database, "commands") == ["commands_2026_03", "commands_2026_04"]
    rows = await asked(database, "SELECT count(*) FROM commands UNION ALL SELECT count(*) FROM readings")
    assert [row.count for row in rows] == [10, 10]


async def test_a_long_reader_such_as_a_backup_does_not_hold_up_a_new_month(database):
    await database.commands.append("factory", [command("c1")])
    async with database._transactions.reading() as backup:
        await backup.execute(text("SELECT count(*) FROM commands"))

        await database.commands.append("factory", [command("c2", at=NOW + timedelta(days=100))])

    assert "commands_2026_07" in await months_of(database, "commands")


async def test_a_month_that_went_with_its_failed_transaction_is_made_again(database):
    with pytest.raises(Malformed, match="append it first"):
        await database.commands.append("factory", [command("c1"), event("never written")])

    await database.commands.append("factory", [command("c1")])

    assert await months_of(database, "commands") == ["commands_2026_03", "commands_2026_04"]


@pytest.mark.pitfall("M27")
@pytest.mark.parametrize("table", ["commands", "commands_2026_03", "command_events", "command_events_2026_03"])
@pytest.mark.parametrize("verb", ["TRUNCATE", "DELETE FROM"])
async def test_the_audit_cannot_be_emptied_by_the_partition_either(database, table, verb):
    await database.commands.append("factory", [command("c"), event("c", at=NOW)])

    with pytest.raises(Malformed, match="append-only"):
        await asked(database, f"{verb} {table}")
    assert await database.commands.verify("factory") == ()
