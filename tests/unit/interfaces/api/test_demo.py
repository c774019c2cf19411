import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from voltherm.interfaces.api.app import create_app
from voltherm.interfaces.api.demo_feed import DemoFeed
from voltherm.interfaces.api.routes.demo import DemoDocument, demo_document
from voltherm.interfaces.demo_data import start_demo

NOW = datetime(2026, 1, 15, 12, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def demo():
    demo = start_demo(NOW - timedelta(hours=6))
    demo.advance(NOW - timedelta(hours=6), most_steps=8)
    return demo


def test_a_snapshot_becomes_a_document_that_says_it_is_a_demo(demo):
    document = DemoDocument.model_validate_json(demo_document(demo.snapshot()).model_dump_json())

    assert document.quality == "demo"
    assert "UCSD" in document.label
    assert document.measured.steps == len(document.measured.grid_kw) == len(document.measured.ceiling_kw)
    assert document.measured.zone == "America/Costa_Rica"
    assert sum(document.bill.lines.values()) == pytest.approx(document.bill.total)


async def test_the_feed_follows_the_clock_and_says_when_it_cannot(demo):
    feed = DemoFeed(lambda _: demo, lambda: NOW)
    assert feed.readiness() == "the demo is starting"

    running = asyncio.create_task(feed.run())
    while feed.snapshot is None:  # noqa: ASYNC110 - the feed offers nothing to wait for
        await asyncio.sleep(0.01)
    running.cancel()

    assert feed.snapshot.site.id == "music-building"
    assert feed.readiness().startswith("replaying, at 20")


def test_a_demo_that_fails_leaves_the_service_alive():
    def fail(_):
        raise RuntimeError("no demo today")

    with TestClient(create_app(demo=DemoFeed(fail, lambda: NOW))) as client:
        ready = client.get("/health/ready")
        shown = client.get("/v1/demo")
        alive = client.get("/health")

    assert ready.status_code == 503
    assert ready.json()["checks"]["demo"] == "the demo has stopped; the log says why"
    assert shown.status_code == 503
    assert shown.headers["content-type"] == "application/problem+json"
    assert alive.status_code == 200
