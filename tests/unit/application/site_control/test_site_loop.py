"""A site's life: it begins with the database, ends with a release, stands by without the lease, and counts cycles."""

import asyncio
from datetime import timedelta
from time import monotonic

import pytest

from tests.sites import START
from tests.unit.application.site_control.site_bench import HandClock, SiteBench
from voltherm.application.site_control.events import CycleMissed
from voltherm.application.site_control.site_loop import FAILED_S, NotHeld
from voltherm.domain.control import Rung
from voltherm.domain.device import CommandKind

MOMENT_S = 0.0005
PATIENCE = 20_000


class SleepingClock(HandClock):
    """Wakes sleepers when a test turns it past their moment."""

    async def sleep_until(self, moment):
        while self.now() < moment:  # noqa: ASYNC110 - a test turns it: there is nobody who could set an event
            await asyncio.sleep(MOMENT_S)


@pytest.fixture
def site():
    bench = SiteBench(leases_s=monotonic)  # leases live in real time
    bench.clock.sleep_until = SleepingClock.sleep_until.__get__(bench.clock)
    return bench


async def settle(bench, until, what):
    """Let the loops run until something is so."""
    for _ in range(PATIENCE):
        if until():
            return
        await asyncio.sleep(MOMENT_S)
    pytest.fail(f"{what}: {bench.state.standing}")


async def lived(bench):
    """Begin a site's life; return its task once it is under control."""
    task = asyncio.create_task(bench.controlled.run())
    await settle(bench, lambda: bench.state.standing.rung is Rung.FRESH_PLAN, "a plan is followed")
    return task


async def ended(task):
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_orderly_end_releases_the_devices_writes_it_down_and_gives_up_the_lease(site):
    task = await lived(site)
    await settle(site, site.heard, "a command is sent")

    await ended(task)

    assert site.heard()[-1].kind is CommandKind.RELEASE
    assert site.stores.commands_written[-1].kind is CommandKind.RELEASE
    assert site.controlled.n_unwritten == 0
    assert site.stores.holders == {}
    assert site.batteries["a"].power_kw == 0


@pytest.mark.pitfall("M23")
async def test_a_standby_sends_nothing_keeps_its_memory_warm_and_refuses_a_trigger(site):
    site.stores.holders["site/a"] = "another"
    task = asyncio.create_task(site.controlled.run())
    await settle(site, lambda: site.state.judged, "the battery is read")

    site.clock.pass_s(15 * 60)
    await settle(site, lambda: site.state.memory.observed_until is not None, "the meter is read")
    with pytest.raises(NotHeld):
        await site.controlled.trigger()

    assert site.heard() == []
    assert site.stores.plans == []
    assert "another instance" in site.state.standing.why
    await ended(task)


@pytest.mark.pitfall("M23")
async def test_a_trigger_beside_the_regular_cycle_runs_once(site):
    task = await lived(site)
    site.compute.gate = asyncio.Event()
    n_before = site.compute.n_runs
    asked = [asyncio.create_task(site.controlled.trigger()) for _ in range(2)]
    site.clock.pass_s(15 * 60 - (site.clock.now() - START).total_seconds() % (15 * 60))
    await settle(site, lambda: site.compute.n_runs > n_before, "a cycle runs")
    await asyncio.sleep(50 * MOMENT_S)
    assert site.compute.n_runs == n_before + 1

    site.compute.gate.set()
    reports = await asyncio.gather(*asked)

    assert len({report.plan_id for report in reports}) == 1
    await ended(task)


@pytest.mark.pitfall("M24")
async def test_cycles_fall_on_quarter_hours_by_the_clock_not_by_the_start(site):
    site.clock.pass_s(400)
    task = await lived(site)

    for index in (1, 2, 3):
        quarter = START + index * timedelta(minutes=15)
        site.clock.pass_s((quarter - site.clock.now()).total_seconds())
        await settle(site, lambda at=quarter: site.state.last_cycle.at == at, "a cycle ran at the quarter-hour")

    assert site.state.n_missed == 0
    await ended(task)


@pytest.mark.pitfall("M24")
async def test_cycles_that_were_slept_through_are_counted_and_told_and_one_runs_at_once(site):
    task = await lived(site)
    await settle(site, lambda: site.state.n_cycles >= 1, "the first cycle ran")
    site.clock.pass_s(15 * 60)
    await settle(site, lambda: site.state.n_cycles >= 2, "the second cycle ran")

    n_before = site.state.n_cycles
    site.clock.pass_s(60 * 60)
    await settle(site, lambda: site.state.n_cycles > n_before, "a cycle ran")

    missed = [event.n for event in site.events if isinstance(event, CycleMissed)]
    assert sum(missed) == site.state.n_missed
    assert site.state.n_missed == 3
    await ended(task)


@pytest.mark.pitfall("M24")
async def test_a_cycle_that_was_due_while_another_one_ran_runs_as_soon_as_that_one_ends(site):
    task = await lived(site)
    site.compute.gate = asyncio.Event()
    n_before = site.compute.n_runs
    site.clock.pass_s(15 * 60)
    await settle(site, lambda: site.compute.n_runs > n_before, "a cycle runs")

    site.clock.pass_s(16 * 60)
    site.compute.gate.set()

    await settle(site, lambda: site.compute.n_runs >= n_before + 2, "the next one runs before its next time")
    assert site.clock.now() == START + timedelta(minutes=31)
    await ended(task)


@pytest.mark.pitfall("M24")
async def test_a_wall_clock_moved_back_brings_no_burst_of_cycles(site):
    task = await lived(site)
    site.clock.pass_s(15 * 60)
    await settle(site, lambda: site.state.n_cycles >= 2, "the second cycle ran")
    n_before = site.state.n_cycles

    site.clock.jump(timedelta(hours=-3))
    for _ in range(60):
        site.clock.pass_s(10)
        await asyncio.sleep(20 * MOMENT_S)

    n_retries = 60 * 10 / FAILED_S  # readings from the future are not believed at once; a failed plan is tried again
    assert site.state.n_cycles - n_before <= 2 + n_retries
    assert site.state.n_missed == 0
    await ended(task)


async def test_an_error_of_ours_is_shown_and_takes_the_control_away(site):
    site.controlled.failed("the log says which")

    assert site.controlled.trouble == "the log says which"
    assert site.state.standing.rung is Rung.NO_SETPOINT
    with pytest.raises(NotHeld):
        await site.controlled.trigger()
