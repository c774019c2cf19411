"""Bringing a database up: from nothing, twice, by two instances at once, from a newer program."""

import asyncio
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import text

from tests.contracts.heat_examples import device
from tests.contracts.store_examples import opened, same, site
from voltherm.adapters.store import migrations, tables
from voltherm.ports.errors import Malformed, Unavailable

PROGRAM = """
import asyncio, sys
from voltherm.adapters.store import Database

async def upgrade():
    database = Database.at(sys.argv[1], column_of=lambda site, name: name)
    await database.upgrade()
    await database.close()

asyncio.run(upgrade())
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path) -> str:
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path}/100% new.db"


async def test_an_empty_database_comes_up_and_a_second_time_changes_nothing(url):
    async with opened(url) as database:
        await database.upgrade()
        await database.sites.save_site(site())
        await database.upgrade()

        assert (await database.sites.site("factory")).site == site()


async def test_the_migrations_lead_to_the_tables_that_the_statements_are_written_for(url):
    def differences(connection):
        options = {"compare_type": True, "target_metadata": tables.metadata, "include_object": _is_no_month}
        return compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata)

    async with opened(url) as database:
        await database.upgrade()
        async with database._transactions.reading() as connection:
            found = await connection.run_sync(differences)

    assert found == []


def _is_no_month(_object, name, *_more):
    return name != "alembic_version"


async def test_a_database_of_the_first_version_keeps_what_it_holds_and_takes_devices(url):
    def first_version(connection):
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        command.upgrade(config, "0001")

    async with opened(url) as database:
        async with database._transactions.upgrading() as connection:
            await connection.run_sync(first_version)
        await database.sites.save_site(site())
        with pytest.raises(Malformed, match="devices"):
            await database.devices.device("pump")

        await database.upgrade()

        await database.devices.register(device("pump"))
        assert same(await database.devices.device("pump"), device("pump"))
        assert (await database.sites.site("factory")).site == site()


async def test_two_instances_that_start_together_in_one_program_both_come_up(url):
    async with opened(url) as one, opened(url) as other:
        await asyncio.gather(one.upgrade(), other.upgrade())

        assert (await one.leases.acquire("site/bess", "a", timedelta(seconds=30))).epoch == 1
        assert await other.leases.acquire("site/bess", "b", timedelta(seconds=30)) is None


def test_two_programs_that_start_together_both_come_up(url):
    started = [subprocess.Popen([sys.executable, "-c", PROGRAM, url], stderr=subprocess.PIPE) for _ in range(2)]

    said = [program.communicate(timeout=60)[1].decode() for program in started]

    assert [program.returncode for program in started] == [0, 0], said


async def test_a_database_of_a_newer_program_is_refused(url):
    async with opened(url) as database:
        await database.upgrade()
        async with database._transactions.writing() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

        with pytest.raises(Malformed, match="9999"):
            await database.upgrade()


async def test_a_failed_upgrade_leaves_nothing_behind(url):
    async with opened(url) as database:
        async with database._transactions.writing() as connection:
            await connection.execute(text("CREATE TABLE leases (device text)"))
        with pytest.raises(Malformed, match="already exists"):
            await database.upgrade()

        async with database._transactions.writing() as connection:
            await connection.execute(text("DROP TABLE leases"))
        await database.upgrade()

        assert (await database.leases.acquire("site/bess", "a", timedelta(seconds=30))).epoch == 1


async def test_before_the_upgrade_the_tables_are_missed_and_not_the_server(url):
    async with opened(url) as database:
        await database.ping()
        with pytest.raises(Malformed, match="sites"):
            await database.sites.site("factory")


@pytest.mark.parametrize("lost_url", ["postgresql://postgres@127.0.0.1:1/none", "sqlite:////no/such/folder/a.db"])
async def test_an_upgrade_without_a_server_says_so(lost_url):
    async with opened(lost_url) as database:
        with pytest.raises(Unavailable, match="check that it is up"):
            await database.upgrade()


async def test_memory_is_a_database_too():
    async with opened("sqlite://") as database:
        await database.upgrade()
        await asyncio.gather(*(database.sites.save_site(site(f"site {number}")) for number in range(5)))

        assert (await database.sites.site("site 4")).site == site("site 4")


async def test_a_commit_to_sqlite_is_on_the_disk(tmp_path):
    async with opened(f"sqlite:///{tmp_path}/a.db") as database:
        await database.upgrade()
        async with database._transactions.reading() as connection:
            settings = [await connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous")]

    assert settings == ["wal", 2]
    with sqlite3.connect(tmp_path / "a.db") as plain:
        assert plain.execute("SELECT count(*) FROM sites").fetchone() == (0,)
    plain.close()
