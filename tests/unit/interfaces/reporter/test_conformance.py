"""Schemathesis: whatever a stranger sends is answered as the OpenAPI document says, and never with an error of ours."""

import asyncio

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.unit.interfaces.reporter.bench import NOW, Bench, metered

bench = Bench()
asyncio.run(bench.tell(metered(NOW, 5)))
empty = Bench()
full_schema = schemathesis.openapi.from_asgi("/openapi.json", bench.app)
empty_schema = schemathesis.openapi.from_asgi("/openapi.json", empty.app)
CHECKS = (status_code_conformance, content_type_conformance, response_schema_conformance)
DRAWN = settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.pitfall("A29")
@full_schema.parametrize()
@DRAWN
def test_every_answer_is_documented_and_no_failure_of_ours(case):
    response = case.call_and_validate(checks=CHECKS)
    assert response.status_code < 500


@pytest.mark.pitfall("A29")
@empty_schema.parametrize()
@DRAWN
def test_without_readings_the_only_failure_is_the_documented_one(case):
    response = case.call_and_validate(checks=CHECKS)
    assert response.status_code < 500 or response.status_code == 503
