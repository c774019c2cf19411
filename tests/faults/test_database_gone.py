"""Fault 10: PostgreSQL is stopped, restarted, frozen, full or not there yet; control ends safely and comes back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # ships no types
import pytest

from tests.faults.bed import LEASE_TTL_S, Bed, Service
from tests.services import OwnPostgres, ask, plain

GONE_S = 40.0
HURT_S = 8.0
"""Shorter than the lease lives: control need not end."""
SLACK_S = 1.0
"""Between the fault, which takes a moment, and our note of it."""
TERMINATE = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'voltherm'"


@pytest.fixture
def own_bed(tmp_path: Path, own_postgres: OwnPostgres) -> Iterator[Bed]:
    """Return a bed on a PostgreSQL of its own."""
    made = Bed(tmp_path, own_postgres.url)
    try:
        yield made.start()
    finally:
        own_postgres.thaw()
        made.close()


def wait_until_written(service: Service) -> None:
    """Return when the audit is in the database, but for what has just been sent."""

    def is_written() -> bool:
        status = service.status()
        return status is not None and status["audit_rows_waiting"] <= 2

    service.eventually(is_written, "the audit is written")


def wait_for_commands(bed: Bed, service: Service, n: int = 3) -> None:
    """Return when the battery has taken so many more commands."""
    before = len(bed.accepted())
    service.eventually(lambda: len(bed.accepted()) >= before + n, "the battery is commanded again")


def fill(url: str, for_s: float) -> int:
    """Hold every connection that the server gives, for a while, and return how many there were."""

    async def held() -> int:
        taken = []
        end = time.monotonic() + for_s
        while time.monotonic() < end:
            try:
                taken.append(await asyncpg.connect(plain(url), timeout=2))
            except (OSError, TimeoutError, asyncpg.PostgresError):
                await asyncio.sleep(0.05)
        for connection in taken:
            connection.terminate()
        return len(taken)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(held())).result()


@pytest.mark.fault(10)
def test_without_its_database_control_ends_with_the_lease_and_comes_back_by_itself(own_bed, own_postgres, capsys):
    service = own_bed.service().wait_until("fresh_plan")
    heartbeat, watch = own_bed.heartbeat(service)
    own_postgres.stop()
    gone = datetime.now(UTC)
    time.sleep(GONE_S)
    assert service.is_on("no_setpoint")
    resting = own_bed.entries()[-1]
    accepted = own_bed.accepted()
    own_postgres.start()
    back_s = time.monotonic()
    wait_for_commands(own_bed, service)
    back_s = time.monotonic() - back_s
    wait_until_written(service)
    service.wait_until("fresh_plan")
    watch.close()

    went_on_s = (accepted[-1].at - gone).total_seconds()
    with capsys.disabled():
        said = f"control went on for {went_on_s:.1f} s and was back {back_s:.1f} s after the database"
        print(f"\n{said}; p99 of reads {1000 * heartbeat.p99_s():.0f} ms")  # noqa: T201
    assert 5.0 < went_on_s < LEASE_TTL_S + SLACK_S
    assert resting.event == "reverted"
    assert own_bed.last_epoch() == 2
    heartbeat.assert_no_errors()
    assert heartbeat.of("/health/ready") == {200, 503}
    own_bed.assert_invariants()


@pytest.mark.fault(10)
def test_a_service_that_begins_without_its_database_comes_up_and_lives_through_whatever_it_does(own_bed, own_postgres):
    own_postgres.stop()
    service = own_bed.service()
    service.eventually(service.status, "it answers")
    heartbeat, watch = own_bed.heartbeat(service)
    time.sleep(HURT_S)
    own_postgres.start()
    service.wait_until("fresh_plan")

    ask(own_postgres.server_url, TERMINATE)
    wait_for_commands(own_bed, service)
    own_postgres.restart()
    wait_for_commands(own_bed, service)
    own_postgres.freeze()
    time.sleep(HURT_S)
    own_postgres.thaw()
    wait_for_commands(own_bed, service)
    own_postgres.crash()
    time.sleep(1.0)
    own_postgres.start(max_connections=6)
    assert fill(own_postgres.server_url, HURT_S) > 0
    wait_for_commands(own_bed, service)
    wait_until_written(service)
    service.wait_until("fresh_plan")
    watch.close()

    heartbeat.assert_no_errors()
    own_bed.assert_invariants()
