"""Fault 18: the wall clock of the service jumps while it runs, or the battery's clock is wrong."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest

from tests.faults.bed import BATTERY_ID, LOOK_ONCE_A_SECOND, Bed, Service
from tests.services import WallClock

MOST_CYCLES = 3
"""After each move: one that was due, one for the move, one when the battery is believed again."""
AWAY_S = 8.0
"""Longer than a command holds: what was sent before the jump has ended."""


def cycles(service: Service) -> int:
    """Return how many plans it has made."""
    status = service.status()
    assert status is not None
    return int(status["cycles"])


def moves_told(service: Service) -> int:
    """Return how often it has raised the alarm of a moved clock."""
    told = [json.loads(line) for line in service.process.log_text().splitlines() if '"clock_moved"' in line]
    return sum(line["is_raised"] for line in told)


def wait_for_commands(bed: Bed, service: Service, n: int = 3) -> None:
    """Return when the battery has taken so many more commands."""
    before = len(bed.accepted())
    service.eventually(lambda: len(bed.accepted()) >= before + n, "the battery is commanded")


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
JUMPS = (HOUR, -HOUR, DAY, -DAY, timedelta(0), timedelta(seconds=-30), timedelta(0))


@pytest.mark.fault(18)
def test_a_wall_clock_that_jumps_makes_no_burst_and_no_late_command_and_is_told(bed, wall_clock: WallClock):
    service = bed.service(env={**wall_clock.env, **LOOK_ONCE_A_SECOND}).wait_until("fresh_plan")
    heartbeat, watch = bed.heartbeat(service)
    for offset in JUMPS:
        n_cycles, n_told = cycles(service), moves_told(service)
        wall_clock.set(offset)
        service.eventually(lambda n=n_told: moves_told(service) > n, f"the move to {offset} is told")
        if offset:
            time.sleep(AWAY_S)
        else:
            wait_for_commands(bed, service)
            service.wait_until("fresh_plan")
        assert cycles(service) - n_cycles <= MOST_CYCLES, (offset, service.story())
    watch.close()

    heartbeat.assert_no_errors()
    bed.assert_invariants()


@pytest.mark.fault(18)
def test_a_battery_whose_clock_is_ten_minutes_off_is_told_of_and_goes_on(bed):
    service = bed.service().wait_until("fresh_plan")
    alarm = f"clock_offset:{BATTERY_ID}"
    bed.fault(clock_offset_s=600.0)
    service.eventually(lambda: alarm in (service.status() or {})["alarms"], "the clock's alarm")
    wait_for_commands(bed, service, n=10)
    bed.fault(clock_offset_s=0.0)
    service.eventually(lambda: alarm not in (service.status() or {})["alarms"], "the alarm's end")
    wait_for_commands(bed, service)
    service.wait_until("fresh_plan")
    bed.assert_invariants()
