"""A validator under a clock that the test turns."""

from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient

from tests.virtual_sites import TurnedClock, one_battery_site, recorded
from voltherm.application.virtual_profile import VirtualProfile
from voltherm.interfaces.validator.app import create_validator, live_site


@pytest.fixture
def clock():
    return TurnedClock()


@pytest.fixture
def live(clock):
    site = one_battery_site()
    return live_site(site, VirtualProfile(recorded(), ZoneInfo("UTC"), site), clock.now)


@pytest.fixture
def client(live):
    with TestClient(create_validator(live, has_faults=True), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def command(client, clock):
    """Send a command of the rich shape; what it does not name is ordinary."""

    def send(power_kw=-20.0, **more):
        now = clock.now().isoformat()
        body = {"device_id": "bess", "kind": "setpoint", "power_kw": power_kw, "timestamp": now, **more}
        return client.post("/api/battery/dispatch", json=body)

    return send
