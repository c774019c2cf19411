"""What every test shares: hypothesis takes its time and draws the same examples on every machine; real services.

`python3 dev.py test --hypothesis-profile=search` draws new ones instead.
"""

from typing import Final

import pytest
from hypothesis import settings

from tests.services import (
    module_postgres_url,
    own_postgres,
    postgres_server,
    postgres_url,
    start_voltherm,
    tcp_proxy,
    wall_clock,
)

__all__ = [
    "module_postgres_url",
    "own_postgres",
    "postgres_server",
    "postgres_url",
    "start_voltherm",
    "tcp_proxy",
    "wall_clock",
]

settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.register_profile("search", deadline=None, print_blob=True)
settings.load_profile("same")

LONG_FIRST: Final = (
    "test_service_week",
    "test_kill",
    "test_clock_changes",
    "test_database_gone",
    "test_instances",
    "test_slow_battery",
    "test_clock",
)
"""Modules that take the longest; begun first, they do not keep one core busy when all others are done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest modules; within a module, and among the others, the order stays."""
    places = {name: place for place, name in enumerate(LONG_FIRST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))
