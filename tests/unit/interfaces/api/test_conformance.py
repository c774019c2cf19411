"""Schemathesis: whatever a stranger sends is answered as the OpenAPI document says, and never with an error of ours."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from voltherm.interfaces.api.app import create_app

app = create_app()
schema = schemathesis.openapi.from_asgi("/openapi.json", app)
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@pytest.mark.pitfall("A29")
@schema.parametrize()
@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_documented(case):
    case.call_and_validate(checks=CHECKS)
