"""docs/deployment.md: its commands, files and names are those of the program."""

import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
import yaml

from tests.deployment.image import ROOT
from tests.services import ask, fresh_database, plain
from voltherm.settings import VARIABLES, load_settings

PAGE = (ROOT / "docs" / "deployment.md").read_text()
NOT_SETTINGS = {"POSTGRES_PASSWORD", "VOLTHERM_BIND"}


def blocks(language):
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    return [text for named, text in found if named == language]


def command(begin):
    """Return the command line of the page that begins so."""
    return next(line for block in blocks("") for line in block.splitlines() if line.startswith(begin))


def run(line, folder, **variables):
    program = line.replace("python3", sys.executable, 1) if line.startswith("python3") else line
    return subprocess.run(
        ["bash", "-c", program], cwd=folder, env={"PATH": "/usr/bin:/bin", **variables}, check=True, capture_output=True
    )


def test_every_variable_on_the_page_is_a_setting():
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)", PAGE)) | set(
        re.findall(r"^ *([A-Z]+_[A-Z_]+):", PAGE, re.MULTILINE)
    )
    assert named - NOT_SETTINGS <= set(VARIABLES)
    assert len(named) > 10


def test_every_voltherm_command_on_the_page_exists():
    from voltherm.interfaces.cli.main import app

    known = {one.name or one.callback.__name__ for one in app.registered_commands}
    named = set(re.findall(r"`voltherm ([a-z]+)", PAGE))
    assert named <= known
    assert {"serve", "reporter", "validator", "doctor", "probe"} <= named


def test_every_link_of_the_page_leads_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target


def test_the_settings_that_compose_makes_by_the_page_are_valid(tmp_path):
    (tmp_path / ".env.example").write_text((ROOT / ".env.example").read_text())
    block = next(block for block in blocks("") if block.startswith("cp .env.example .env"))
    lines = block.splitlines()[:3]
    assert [line for line in lines if not line.startswith(("cp ", "echo "))] == []
    run("\n".join(lines), tmp_path)
    read = load_settings({}, tmp_path / ".env")
    assert len(read.api_token.get_secret_value()) == 64
    assert re.search(r"^POSTGRES_PASSWORD=[0-9a-f]{64}$", (tmp_path / ".env").read_text(), re.MULTILINE)


def test_the_override_for_a_real_battery_fits_the_compose_file():
    class Loader(yaml.SafeLoader):
        pass

    def plain_node(loader, _, node):
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return loader.construct_mapping(node, deep=True)

    Loader.add_multi_constructor("!", plain_node)
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    over = yaml.load(blocks("yaml")[0], Loader)  # noqa: S506 - a safe loader that knows two more tags

    assert over["services"].keys() <= compose["services"].keys()
    changed = over["services"]["reporter"]["command"]
    assert [word.split("=")[0] for word in changed] == [
        word.split("=")[0] for word in compose["services"]["reporter"]["command"]
    ]
    assert set(over["services"]["reporter"]["networks"]) <= compose["networks"].keys()
    assert "validator" not in over["services"]["voltherm"]["depends_on"]


def test_systemd_accepts_the_unit(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze")
    [unit] = blocks("ini")
    (tmp_path / "voltherm.service").write_text(unit.replace("/opt/voltherm/bin/voltherm", sys.executable))
    read = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", tmp_path / "voltherm.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (read.returncode, read.stderr) == (0, "")


def test_the_backup_of_sqlite_is_whole_while_another_connection_writes(tmp_path):
    with closing(sqlite3.connect(tmp_path / "voltherm.db")) as writing:
        writing.execute("pragma journal_mode=wal")
        writing.execute("create table kept (row)")
        writing.execute("insert into kept values (7)")
        writing.commit()
        run(command("python3 -c"), tmp_path)
    with closing(sqlite3.connect(tmp_path / "voltherm-backup.db")) as backup:
        assert backup.execute("select row from kept").fetchall() == [(7,)]
        assert backup.execute("pragma integrity_check").fetchall() == [("ok",)]


async def upgraded(url):
    from voltherm.adapters.store.database import Database
    from voltherm.application.outlook import column_of

    database = Database.at(url, column_of=column_of)
    try:
        await database.upgrade()
        await database.ping()
    finally:
        await database.close()


async def test_the_backup_of_postgresql_goes_into_an_empty_database_and_back_into_its_own(
    postgres_server, postgres_url, tmp_path
):
    await upgraded(postgres_url)
    ask(postgres_url, "insert into leases (device, holder, epoch, expires_s) values ('site/bess', 'one', 7, 0)")
    run(command("pg_dump"), tmp_path, DATABASE_URL=plain(postgres_url))
    ask(postgres_url, "update leases set epoch = 9")
    with fresh_database(postgres_server) as empty:
        for url in (empty, postgres_url):
            run(command("pg_restore"), tmp_path, DATABASE_URL=plain(url))
            ask(url, command("update leases"))
            assert ask(url, "select holder, epoch from leases")[0] == ("one", 1_000_007)
            await upgraded(url)
