"""The databases that every store is tried on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.contracts.store_examples import opened
from voltherm.adapters.store import Database


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """URL of an empty database that the tests of a file share."""
    if request.param == "postgresql":
        return request.getfixturevalue("module_postgres_url")
    folder: Path = tmp_path_factory.mktemp("store")
    return f"sqlite:///{folder}/voltherm.db"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Return the database with its tables."""
    async with opened(database_url) as database:
        await database.upgrade()
        yield database


@pytest.fixture
async def other_database(database_url: str, database: Database) -> AsyncIterator[Database]:
    """Return the same database as another instance sees it, with connections of its own."""
    async with opened(database_url) as other:
        yield other


@pytest.fixture
def site_id(request: pytest.FixtureRequest) -> str:
    """Return the name of a site that no other test uses."""
    return f"site {sha256(request.node.name.encode()).hexdigest()[:12]}"
