"""The cycle: one at a time, its plans stored in order and never lost, its trouble told."""

import asyncio

import pytest

from tests.unit.application.site_control.site_bench import SiteBench
from voltherm.domain.device import DeviceMode
from voltherm.ports.compute import NotComputed


@pytest.fixture
async def site():
    bench = SiteBench()
    await bench.renew()
    await bench.guard.tick()
    return bench


@pytest.mark.pitfall("M23")
async def test_whoever_asks_while_a_cycle_runs_gets_that_one(site):
    site.compute.gate = asyncio.Event()
    asked = [asyncio.create_task(site.cycle.run(1)) for _ in range(3)]
    await asyncio.sleep(0.01)
    site.compute.gate.set()

    reports = await asyncio.gather(*asked)

    assert site.compute.n_runs == 1
    assert len({report.plan_id for report in reports}) == 1
    assert len(site.stores.plans) == 1


@pytest.mark.pitfall("M23")
async def test_one_who_asked_and_left_does_not_end_the_cycle_of_the_others(site):
    site.compute.gate = asyncio.Event()
    leaves, stays = (asyncio.create_task(site.cycle.run(1)) for _ in range(2))
    await asyncio.sleep(0.01)
    leaves.cancel()
    site.compute.gate.set()

    assert (await stays).plan_id is not None


async def test_plans_wait_while_the_database_is_away_and_are_stored_in_order_when_it_is_back(site):
    site.stores.is_away = True
    await site.plan()
    site.clock.pass_s(60)
    await site.plan()
    assert "plan_unstored" in site.state.alarms.raised
    assert site.state.running is not None

    site.stores.is_away = False
    site.clock.pass_s(60)
    await site.renew()
    await site.guard.tick()
    await site.plan()

    assert len(site.stores.plans) == 3
    assert [each.id for each in site.stores.plans] == sorted(each.id for each in site.stores.plans)
    assert site.told_alarms("plan_unstored") == [True, False]


async def test_two_who_store_what_waits_lose_no_plan(site):
    site.stores.is_away = True
    for _ in range(3):
        await site.plan()
        site.clock.pass_s(10)
    site.stores.is_away = False

    async def slowly():
        await asyncio.sleep(0)

    site.stores.before_saving = slowly

    await asyncio.gather(*(site.cycle.store_waiting() for _ in range(3)))

    assert len(site.stores.plans) == 3


async def test_a_plan_that_the_database_never_takes_holds_up_no_other(site):
    site.stores.refuses_plan = f"{site.clock.now():%Y%m%dT%H%M%S}"
    await site.plan()
    site.clock.pass_s(60)

    await site.plan()

    assert len(site.stores.plans) == 1
    assert site.told_alarms("plan_unstored") == [True, False]


async def test_several_plans_of_one_instant_have_ids_of_their_own(site):
    first, second = await site.plan(), await site.plan()

    assert first.plan_id != second.plan_id
    assert sorted([second.plan_id, first.plan_id]) == [first.plan_id, second.plan_id]


@pytest.mark.pitfall("M15")
async def test_a_plan_that_is_not_computed_leaves_the_last_one_and_is_told(site):
    await site.plan()
    running = site.state.running
    site.compute.instead = NotComputed(why="the worker ended")

    report = await site.plan()

    assert report.outcome == "not_computed"
    assert report.plan_id is None
    assert site.state.running is running
    assert "the worker ended" in site.state.alarms.raised["no_plan"]
    assert site.state.n_failed == 1


async def test_a_battery_that_must_not_be_commanded_is_planned_at_rest_from_its_measured_charge(site):
    site.batteries["a"].mode = DeviceMode.STANDBY
    await site.look()

    await site.plan()

    planned = site.stores.plans[-1].plan.assets["a"]
    assert abs(planned.power_kw).max() < 1e-6
    assert planned.soc[0] == pytest.approx(site.batteries["a"].soc, abs=1e-3)


async def test_a_meter_that_does_not_tell_its_intervals_is_an_alarm_and_the_plan_is_made_all_the_same(site):
    await site.plan()
    site.meter.faults.is_silent = True

    report = await site.plan()

    assert "meter_intervals" in site.state.alarms.raised
    assert report.plan_id is not None
