"""Fault 19: the process that computes plans is killed or hangs in the middle of a cycle."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.faults.bed import Bed, Service

DEADLINE_S = 4.0
N_TIMES = 3


def last_cycle(service: Service) -> dict[str, Any]:
    """Return what came of the last cycle."""
    status = service.status()
    assert status is not None
    found: dict[str, Any] = status["last_cycle"]
    return found


def trouble(bed: Bed, service: Service, by_signal: signal.Signals) -> None:
    """Hurt the worker while it computes, and see the last plan followed, the reason told, and the next plan made."""
    before, n_accepted = last_cycle(service), len(bed.accepted())
    workers = service.workers()
    assert workers, service.story()
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)  # whatever it is asked now, it is in the middle of it
    asking = service.trigger()
    if by_signal is signal.SIGKILL:
        asking.join(0.5)
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
    service.eventually(lambda: last_cycle(service)["at"] != before["at"], "the cycle ends")
    asking.join()
    ended = last_cycle(service)
    assert ended["outcome"] == "not_computed"
    assert ended["why"]
    status = service.status()
    assert status is not None
    assert status["plan_id"] == before["plan_id"]
    assert status["rung"] in {"fresh_plan", "last_plan"}
    assert "no_plan" in status["alarms"]
    service.eventually(lambda: len(bed.accepted()) > n_accepted, "the last plan is followed")

    service.eventually(service.workers, "another worker")
    service.trigger().join()
    service.eventually(lambda: last_cycle(service)["plan_id"] not in {None, before["plan_id"]}, "a new plan")
    assert "no_plan" not in (service.status() or {})["alarms"]


@pytest.mark.fault(19)
@pytest.mark.parametrize("by_signal", [signal.SIGKILL, signal.SIGSTOP])
def test_a_worker_that_dies_or_hangs_costs_one_plan_and_no_answer(bed, by_signal, capsys):
    service = bed.service(env={"MPC_DEADLINE_SECONDS": str(DEADLINE_S)}).wait_until("fresh_plan")
    heartbeat, watch = bed.heartbeat(service, every_s=0.02)
    for _ in range(N_TIMES):
        trouble(bed, service, by_signal)
    watch.close()

    with capsys.disabled():
        print(f"\np99 of {len(heartbeat.durations_s)} reads: {1000 * heartbeat.p99_s():.0f} ms")  # noqa: T201
    heartbeat.assert_no_errors()
    assert heartbeat.of("/health/ready") == {200}
    assert heartbeat.p99_s() < DEADLINE_S
    bed.assert_invariants()
