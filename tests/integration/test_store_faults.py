"""The database fails: each call says so within its deadline, and works again without a restart of ours."""

import asyncio
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event as engine_event
from sqlalchemy import text

from tests.contracts.store_examples import NOW, SECOND, command, measured, opened, site
from tests.services import ask, eventually
from voltherm.ports.errors import Malformed, Refused, Unavailable

DEADLINE_S = 1.0
LATE_S = 20.0
"""What answers after this long has hung."""
LONG = timedelta(hours=1)
OURS = "FROM pg_stat_activity WHERE application_name = 'voltherm' AND datname = current_database()"


@pytest.fixture
def proxy(postgres_server, tcp_proxy):
    host_and_port = postgres_server.rsplit("@", 1)[-1].split("/")[0]
    return tcp_proxy(int(host_and_port.rsplit(":", 1)[1]))


@pytest.fixture
async def behind_proxy(postgres_url, proxy):
    name = postgres_url.rsplit("/", 1)[1]
    async with opened(f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}", DEADLINE_S) as database:
        await database.upgrade()
        yield database


async def fails(call, kind=Unavailable):
    """Return what a call says that fails, and does not hang."""
    with pytest.raises(kind) as failed:
        await asyncio.wait_for(call, LATE_S)
    return str(failed.value)


@pytest.mark.fault(10)
async def test_killed_connections_are_replaced(postgres_url):
    async with opened(postgres_url) as database:
        await database.upgrade()
        lease = await database.leases.acquire("site/bess", "a", LONG)
        await asyncio.gather(*(database.ping() for _ in range(5)))

        ask(postgres_url, f"SELECT pg_terminate_backend(pid) {OURS}")

        assert await database.leases.renew(lease, LONG)
        await asyncio.gather(*(database.ping() for _ in range(5)))


@pytest.mark.fault(10)
async def test_a_connection_that_is_killed_at_work_fails_that_call_alone(postgres_url):
    async with opened(postgres_url) as database:
        await database.upgrade()

        async def killed():
            async with database._transactions.writing() as connection:
                await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

        await fails(killed())
        await database.ping()


@pytest.mark.fault(9)
@pytest.mark.fault(10)
@pytest.mark.parametrize("fault", ["hold", "drop", "refuse", "reset", "half_open"])
async def test_a_network_that_fails_is_told_within_the_deadline_and_healing_is_enough(behind_proxy, proxy, fault):
    await asyncio.gather(*(behind_proxy.ping() for _ in range(3)))

    getattr(proxy, fault)()
    said = await fails(behind_proxy.commands.append("factory", [command("c1")]))
    proxy.heal()

    assert "database postgresql+asyncpg://postgres@127.0.0.1" in said
    await eventually_answers(behind_proxy)
    await behind_proxy.commands.append("factory", [command("c1")])
    assert len(await behind_proxy.commands.commands("factory", NOW, NOW + SECOND)) == 1


async def test_closing_does_not_wait_for_a_server_that_hangs(behind_proxy, proxy):
    await asyncio.gather(*(behind_proxy.ping() for _ in range(5)))

    proxy.hold()
    await asyncio.wait_for(behind_proxy.close(), LATE_S)

    assert behind_proxy._transactions.engine.pool.checkedin() == 0


async def eventually_answers(database):
    """Wait until a call comes through: connections that were lost on the way may take a deadline each."""
    for _ in range(10):
        try:
            return await database.ping()
        except Unavailable:
            continue
    return await database.ping()


@pytest.mark.fault(10)
async def test_a_statement_that_takes_too_long_is_ended(postgres_url):
    async with opened(postgres_url, DEADLINE_S) as database:
        await database.upgrade()

        async def slow():
            async with database._transactions.reading() as connection:
                await connection.execute(text("SELECT pg_sleep(600)"))

        await fails(slow())
        await database.ping()
        still_running = f"SELECT count(*) {OURS} AND query LIKE '%pg_sleep%' AND state = 'active'"
        await asyncio.to_thread(eventually, lambda: ask(postgres_url, still_running)[0]["count"] == 0, "the end")


@pytest.mark.fault(10)
async def test_a_server_that_stops_and_starts_again_is_found_again(own_postgres):
    async with opened(own_postgres.url, DEADLINE_S) as database:
        await database.upgrade()
        await database.commands.append("factory", [command("c1")])

        own_postgres.crash()
        await fails(database.ping())
        await fails(database.leases.acquire("site/bess", "a", LONG))
        own_postgres.start()

        await database.commands.append("factory", [command("c2")])
        found = await database.commands.commands("factory", NOW, NOW + SECOND)
        assert [told.id for told, _ in found] == ["c1", "c2"]
        assert await database.commands.verify("factory") == ()


@pytest.mark.fault(10)
async def test_a_server_that_freezes_is_told_within_the_deadline(own_postgres):
    async with opened(own_postgres.url, DEADLINE_S) as database:
        await database.upgrade()
        lease = await database.leases.acquire("site/bess", "a", LONG)

        own_postgres.freeze()
        said = await fails(database.leases.renew(lease, LONG))
        own_postgres.thaw()

        assert "no answer within 1 s" in said
        await eventually_answers(database)
        assert await database.leases.renew(lease, LONG)


@pytest.mark.fault(10)
async def test_a_server_without_a_connection_to_spare_is_unavailable(own_postgres):
    own_postgres.restart(max_connections=6, superuser_reserved_connections=0)
    async with opened(own_postgres.url, DEADLINE_S) as greedy, opened(own_postgres.url, DEADLINE_S) as database:

        async def hold(n_left):
            async with greedy._transactions.reading() as connection:
                if n_left:
                    return await hold(n_left - 1)
                async with database._transactions.reading():
                    said = await fails(database.ping())
                await connection.execute(text("SELECT 1"))
                return said

        assert "too many clients" in await hold(4)
        await database.ping()


@pytest.mark.fault(7)
async def test_what_a_frozen_instance_has_locked_is_free_again_soon(postgres_url):
    async with opened(postgres_url, DEADLINE_S) as frozen, opened(postgres_url) as database:
        await frozen.upgrade()
        engine = frozen._transactions.engine
        async with engine.connect() as connection:  # as the connection of a process that was stopped in the middle
            await connection.execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended('voltherm audit factory', 0))")
            )

            await database.commands.append("factory", [command("c1")])

            await connection.invalidate()


async def test_more_callers_than_connections_wait_for_each_other(postgres_url):
    async with opened(postgres_url) as database:
        await database.upgrade()
        await asyncio.gather(*(database.sites.site(f"site {number}") for number in range(50)))
        rows = ask(postgres_url, f"SELECT count(*) {OURS}")

    assert rows[0]["count"] <= 5


async def test_a_wrong_password_or_database_says_which_and_shows_no_password(postgres_server, postgres_url):
    lost = postgres_url.rsplit("/", 1)[0].replace("postgres@", "postgres:geheim@") + "/no_such_database"
    async with opened(lost) as database:
        said = await fails(database.ping())

    assert "no_such_database" in said
    assert "geheim" not in said


async def test_missing_rights_are_refused(postgres_url):
    async with opened(postgres_url) as database:
        await database.upgrade()

        async def without_rights():
            async with database._transactions.reading() as connection:
                await connection.execute(text("SET LOCAL ROLE pg_monitor"))
                await connection.execute(text("SELECT * FROM sites"))

        assert "check user, password and rights" in await fails(without_rights(), Refused)


# -- SQLite -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "voltherm.db"


@pytest.fixture
async def in_file(file):
    async with opened(f"sqlite:///{file}", DEADLINE_S) as database:
        await database.upgrade()
        yield database


@pytest.mark.fault(10)
async def test_a_locked_file_is_told_within_the_deadline_and_works_when_it_is_free(in_file, file):
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        said = await fails(in_file.commands.append("factory", [command("c1")]))
        assert await in_file.commands.commands("factory", NOW, NOW + SECOND) == ()
        other.execute("ROLLBACK")
    other.close()

    assert "database is locked" in said
    await in_file.commands.append("factory", [command("c1")])
    assert await in_file.commands.verify("factory") == ()


async def test_a_file_that_cannot_be_written_can_be_read(in_file, file):
    await in_file.sites.save_site(site())
    async with opened(f"sqlite:///file:{file}?mode=ro&uri=true", DEADLINE_S) as database:
        assert (await database.sites.site("factory")).site == site()
        assert "readonly" in await fails(database.commands.append("factory", [command("c1")]))


@pytest.mark.fault(11)
async def test_a_full_disk_loses_nothing_and_is_enough_to_be_freed(file):
    most_pages = []

    def limit(connection, _record):
        connection.execute(f"PRAGMA max_page_count = {most_pages[-1]}").close()

    async with opened(f"sqlite:///{file}", DEADLINE_S) as database:
        await database.upgrade()
        await database.commands.append("factory", [command("c1")])
        await database.close()
        engine_event.listen(database._transactions.engine.sync_engine, "connect", limit)
        most_pages.append(file.stat().st_size // 4096 + 2)

        readings = tuple(measured(NOW + number * 60 * SECOND, 60 * SECOND, grid_kw=1.0) for number in range(2_000))
        assert "full" in await fails(database.readings.save_readings("factory", readings))
        assert await database.readings.readings("factory", NOW, NOW + 40 * LONG) == ()

        most_pages.append(10**6)
        await database.close()
        assert await database.readings.save_readings("factory", readings) == 2_000
        assert await database.commands.verify("factory") == ()


async def test_a_file_that_is_no_database_is_malformed(file):
    file.write_bytes(b"not a database, but long enough to be read as one" * 100)
    async with opened(f"sqlite:///{file}") as database:
        assert "not a database" in await fails(database.upgrade(), Malformed)


async def test_a_folder_that_is_not_there_is_told(tmp_path):
    async with opened(f"sqlite:///{tmp_path}/none/voltherm.db") as database:
        assert "unable to open database file" in await fails(database.upgrade())


async def test_a_caller_that_is_cancelled_leaves_the_database_as_it_was(in_file):
    async def cancelled():
        async with in_file._transactions.writing() as connection:
            await connection.execute(text("INSERT INTO leases VALUES ('d', 'h', 1, 0)"))
            await asyncio.sleep(LATE_S)

    task = asyncio.create_task(cancelled())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (await in_file.leases.acquire("d", "h", LONG)).epoch == 1


@pytest.mark.pitfall("M27")
async def test_another_program_cannot_replace_a_row_of_the_audit_in_the_file(in_file, file):
    await in_file.commands.append("factory", [command("c1")])

    with sqlite3.connect(file) as other, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute("INSERT OR REPLACE INTO commands SELECT * FROM commands")
    other.close()

    assert await in_file.commands.verify("factory") == ()
