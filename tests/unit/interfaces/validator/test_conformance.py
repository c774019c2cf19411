"""Schemathesis: whatever a stranger sends is answered as the OpenAPI document says, and never with an error of ours."""

from zoneinfo import ZoneInfo

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.virtual_sites import TurnedClock, one_battery_site, recorded
from voltherm.application.virtual_profile import VirtualProfile
from voltherm.interfaces.validator.app import create_validator, live_site

SITE = one_battery_site()
CLOCK = TurnedClock()
app = create_validator(live_site(SITE, VirtualProfile(recorded(), ZoneInfo("UTC"), SITE), CLOCK.now))
schema = schemathesis.openapi.from_asgi("/openapi.json", app)
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@schema.parametrize()
@settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_documented(case):
    CLOCK.turn(seconds=7)
    case.call_and_validate(checks=CHECKS)
