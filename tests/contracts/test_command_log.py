"""What every audit of commands keeps to: it is appended to, and nothing in it is changed or removed."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.contracts.store_examples import NOW, SECOND, command, event, same
from voltherm.domain.device import CommandKind, CommandStage
from voltherm.ports.errors import Malformed
from voltherm.ports.store import CommandLog

MINUTE = timedelta(minutes=1)
ODD = "Ω 'quoted' \x00 \\u0041 \ud800 %s :name"


@pytest.fixture
def store(database) -> CommandLog:
    return database.commands


async def statement(database, sql, **values):
    async with database._transactions.writing() as connection:
        return await connection.execute(text(sql), values)


@pytest.mark.pitfall("M27")
async def test_a_command_comes_back_with_what_became_of_it_in_the_order_of_writing(store, site_id):
    told = command("one " + site_id, site_id=site_id, reason=ODD, clamps=(ODD, "b"))
    became = (
        event(told.id, detail=ODD),
        event(told.id, CommandStage.OBSERVED, at=NOW + 5 * SECOND, measured_kw=-41.4),
        event(told.id, CommandStage.MISSED, at=NOW + 3 * SECOND, measured_kw=float("nan")),
    )
    await store.append(site_id, [told, *became])

    assert same(await store.commands(site_id, NOW, NOW + SECOND), ((told, became),))


async def test_numbers_that_are_none_come_back(store, site_id):
    release = command(
        "release " + site_id,
        site_id=site_id,
        kind=CommandKind.RELEASE,
        power_kw=float("nan"),
        planned_kw=float("-inf"),
        plan_id=None,
        clamps=(),
    )
    await store.append(site_id, [release])

    ((found, became),) = await store.commands(site_id, NOW, NOW + SECOND)

    assert same(found, release)
    assert became == ()


async def test_the_same_command_and_the_same_event_again_change_nothing(database, store, site_id):
    told = command("again " + site_id, site_id=site_id)
    for _ in range(2):
        await store.append(site_id, [told])
        await store.append(site_id, [event(told.id, measured_kw=float("nan"))])
    await store.append(site_id, [command(told.id, site_id=site_id, power_kw=99.0, at=NOW + MINUTE)])

    ((found, became),) = await store.commands(site_id, NOW, NOW + 2 * MINUTE)

    assert found == told
    assert len(became) == 1
    assert await database.commands.verify(site_id) == ()


async def test_commands_are_found_by_when_they_were_issued_oldest_first(store, site_id):
    for number in (2, 0, 1, 3):
        await store.append(site_id, [command(f"{number} {site_id}", site_id=site_id, at=NOW + number * MINUTE)])

    found = await store.commands(site_id, NOW + MINUTE, NOW + 3 * MINUTE)

    assert [told.id for told, _ in found] == [f"1 {site_id}", f"2 {site_id}"]


async def test_an_event_of_an_unknown_command_is_refused(store, site_id):
    with pytest.raises(Malformed, match="append it first"):
        await store.append(site_id, [event("never written")])


@pytest.mark.pitfall("M27")
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE commands SET power_kw = 0 WHERE site_id = :site",
        "DELETE FROM commands WHERE site_id = :site",
        "UPDATE command_events SET detail = 'all went well' WHERE site_id = :site",
        "DELETE FROM command_events WHERE site_id = :site",
    ],
)
async def test_the_database_itself_refuses_to_change_or_delete(database, store, site_id, sql):
    told = command("guarded " + site_id, site_id=site_id)
    await store.append(site_id, [told])
    await store.append(site_id, [event(told.id)])

    with pytest.raises(Malformed, match="append-only"):
        await statement(database, sql, site=site_id)
    assert same(await store.commands(site_id, NOW, NOW + SECOND), ((told, (event(told.id),)),))


async def test_the_chain_of_a_site_holds_over_many_writers(database, other_database, site_id):
    async def write(log, number):
        await log.append(site_id, [command(f"{number} {site_id}", site_id=site_id, at=NOW + number * SECOND)])
        await log.append(site_id, [event(f"{number} {site_id}", at=NOW + number * SECOND)])

    logs = [database.commands, other_database.commands]
    await asyncio.gather(*(write(logs[number % 2], number) for number in range(12)))

    assert await database.commands.verify(site_id) == ()
    assert len(await database.commands.commands(site_id, NOW, NOW + MINUTE)) == 12


@pytest.mark.pitfall("M27")
@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("UPDATE commands SET power_kw = 0 WHERE site_id = :site AND number = 3", ("row 3 was changed",)),
        ("UPDATE command_events SET detail = 'x' WHERE site_id = :site AND number = 4", ("row 4 was changed",)),
        ("DELETE FROM commands WHERE site_id = :site AND number = 3", ("rows 3 to 3 are missing",)),
        ("DELETE FROM command_events WHERE site_id = :site AND number = 6", ("rows 6 to 6 are missing",)),
        ("UPDATE commands SET issued_at = valid_until WHERE site_id = :site AND number = 1", ("row 1 was changed",)),
    ],
)
async def test_whoever_gets_past_the_guard_is_found_out(database, store, site_id, sql, found):
    for number in range(3):
        told = command(f"{number} {site_id}", site_id=site_id, at=NOW + number * MINUTE)
        await store.append(site_id, [told])
        await store.append(site_id, [event(told.id)])
    assert await database.commands.verify(site_id) == ()

    await without_guards(database, sql, site=site_id)

    assert await database.commands.verify(site_id) == found


async def without_guards(database, sql, **values):
    """Run a statement as somebody does who may do anything with the database."""
    async with database._transactions.writing() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
            await connection.execute(text(sql), values)
            return
        names = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        guards = (await connection.execute(text(names))).all()
        for guard in guards:
            await connection.execute(text(f"DROP TRIGGER {guard.name}"))
        await connection.execute(text(sql), values)
        for guard in guards:
            await connection.execute(text(guard.sql))


async def test_a_site_without_commands_verifies(database):
    assert await database.commands.verify("nowhere") == ()
    assert await database.commands.commands("nowhere", NOW, NOW + MINUTE) == ()
