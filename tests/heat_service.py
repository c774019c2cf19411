"""The service with registered heat pumps and no site, in this process: a stopped clock, the demo's sources."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from fastapi import FastAPI
from starlette.testclient import TestClient

from voltherm.adapters.clock import SystemClock
from voltherm.adapters.compute.inline import InlineCompute
from voltherm.adapters.store import Database
from voltherm.application.outlook import column_of
from voltherm.bootstrap import Service, build_heat
from voltherm.bootstrap.open_once import OpenOnce
from voltherm.interfaces.api.access import Access
from voltherm.interfaces.api.app import create_app
from voltherm.settings import load_settings

NOW = datetime(2026, 1, 8, 13, 30, tzinfo=UTC)
OULU = {
    "device_id": "MY_HEAT_PUMP_001",
    "name": "My Home in Oulu",
    "latitude": 65.0121,
    "longitude": 25.4651,
    "insulation_level": "high",
    "floor_area": 150.0,
    "volume": 450.0,
    "heat_pump_type": "GSHP",
    "rated_power": 12.0,
    "cop_rating": 4.0,
    "comfort_min_temp": 19.0,
    "comfort_max_temp": 23.0,
    "vpp_enabled": True,
}
"""The registration of the first users' document, word for word."""


class StoppedClock(SystemClock):
    """A clock that stands until it is put elsewhere."""

    def __init__(self, now: datetime) -> None:
        self.at = now

    def now(self) -> datetime:
        """Return where it stands."""
        return self.at


def heat_app(*, now: datetime = NOW, **variables: str) -> tuple[FastAPI, Service]:
    """Return the service as the variables describe it, with a database in memory, and what it is made of."""
    settings = load_settings({"DATABASE_URL": "sqlite://", **variables}, None)
    database = Database.at(settings.database_url.get_secret_value(), column_of=column_of)
    clock = StoppedClock(now)
    heat = build_heat(settings, database, clock, OpenOnce(database))
    service = Service(clock=clock, database=database, compute=InlineCompute(), holder="test", heat=heat)
    return create_app(service=service, access=Access(settings.api_token)), service


@contextmanager
def heat_client(**variables: str) -> Iterator[TestClient]:
    """Serve to a program on this machine."""
    app, _ = heat_app(**variables)
    with TestClient(
        app, base_url="http://localhost", client=("127.0.0.1", 50000), raise_server_exceptions=False
    ) as client:
        yield client
