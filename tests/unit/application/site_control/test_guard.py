"""The guard: what it sends, what it leaves alone, and when it wants a new plan."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.application.site_control.site_bench import SiteBench
from voltherm.domain.control import Rung
from voltherm.domain.device import CommandEcho, CommandKind, CommandSource, DeviceMode


@pytest.fixture
async def site():
    bench = SiteBench()
    await bench.begin()
    return bench


@pytest.fixture
async def pair():
    bench = SiteBench(("a", "b"))
    await bench.begin()
    return bench


async def test_every_look_renews_the_command(site):
    n_before = len(site.heard())

    await site.look(3)

    sent = site.heard()[n_before:]
    assert len(sent) == 3
    assert {command.source for command in sent} == {CommandSource.PLAN}
    assert [command.sequence for command in sent] == sorted({command.sequence for command in sent})


@pytest.mark.pitfall("M13")
async def test_one_bad_battery_is_left_alone_and_the_other_is_commanded_on(pair):
    pair.batteries["b"].faults.soc_override = "NaN"
    await pair.look()
    n_good, n_bad = len(pair.heard("a")), len(pair.heard("b"))

    await pair.look(3)

    assert len(pair.heard("a")) == n_good + 3
    assert len(pair.heard("b")) == n_bad
    assert set(pair.state.refusals) == {"b"}
    assert pair.state.standing.rung is Rung.FRESH_PLAN


async def test_a_battery_that_is_lost_beside_another_is_released_once_and_a_plan_without_it_is_wanted(pair):
    pair.batteries["b"].mode = DeviceMode.LOCAL

    wants_plan = await pair.look()
    await pair.plan()
    await pair.look(2)

    assert wants_plan
    assert [command.kind for command in pair.heard("b")].count(CommandKind.RELEASE) <= 1
    powers = pair.state.running.plan.assets["b"].power_kw
    assert abs(powers[0]) < 1e-6


async def test_a_battery_that_came_back_is_planned_with_at_once(pair):
    pair.batteries["b"].mode = DeviceMode.LOCAL
    await pair.look(2)

    pair.batteries["b"].mode = DeviceMode.READY

    assert await pair.look()


async def test_nothing_is_sent_without_a_lease(site):
    n_before = len(site.heard())

    await site.look(3, renews=False)

    assert site.state.standing.rung is Rung.NO_SETPOINT
    assert len(site.heard()) == n_before + 1
    assert "lease" in site.state.standing.why


@pytest.mark.fault(5)
@pytest.mark.pitfall("M14")
async def test_a_battery_that_lies_is_degraded_with_one_alarm_tried_again_later_and_believed_again(site):
    part = site.parts[0]
    site.batteries["a"].faults.is_lying = True

    site.load_kw = 240.0  # beyond the connection: the battery must discharge
    await site.look(12)
    assert part.watch.is_degraded
    n_heard = len(site.heard())
    await site.look(10)
    assert len([each for each in site.heard()[n_heard:] if each.kind is CommandKind.SETPOINT]) == 0

    site.batteries["a"].faults.is_lying = False
    await site.look(100)

    assert not part.watch.is_degraded
    assert site.told_alarms("not_following:a") == [True, False]


@pytest.mark.pitfall("M24")
@pytest.mark.parametrize("by", [timedelta(hours=-1), timedelta(days=1), timedelta(seconds=-30)])
async def test_a_wall_clock_that_is_moved_wants_one_plan_and_raises_one_alarm(site, by):
    site.clock.jump(by)

    wanted = [await site.look() for _ in range(3)]

    assert wanted[0]
    assert site.told_alarms("clock_moved") == [True, False]


async def test_a_limit_that_cuts_the_plan_is_kept_at_once_and_wants_a_plan_once():
    bench = SiteBench(load_kw=40.0)
    await bench.begin()
    bench.load_kw = 240.0  # above the connection: the guard discharges
    await bench.look()
    bench.batteries["a"].discharge_limit_kw = 5.0

    wanted = [await bench.look() for _ in range(3)]

    assert wanted == [True, False, False]
    assert bench.heard()[-1].power_kw >= -5.0 - 1e-9
    assert bench.heard()[-1].source is CommandSource.GUARD
    assert bench.heard()[-1].clamps


@pytest.mark.pitfall("M11")
async def test_without_a_plan_the_local_rule_holds_the_connection_and_without_a_meter_nothing_is_sent():
    bench = SiteBench(load_kw=240.0)
    await bench.renew()

    await bench.look()
    assert bench.state.standing.rung is Rung.LOCAL_RULE
    assert bench.heard()[-1].power_kw == pytest.approx(-40.0, abs=0.5)

    bench.meter.faults.is_silent = True
    await bench.look(5)
    assert bench.state.standing.rung is Rung.NO_SETPOINT
    assert "meter" in bench.state.standing.why


async def test_a_plan_that_can_no_longer_be_followed_wants_another_at_once(site):
    site.clock.pass_s(31 * 60)
    await site.look(2)  # readings are believed again after a silence

    assert await site.look()
    assert site.state.standing.rung is Rung.LOCAL_RULE


async def test_release_tells_only_those_that_follow_us(site):
    await site.guard.release()
    await site.guard.release()

    assert [command.kind for command in site.heard()].count(CommandKind.RELEASE) == 1
    assert site.batteries["a"].power_kw == 0


@pytest.mark.parametrize(("command_id", "is_told"), [("site/a/99/1", False), ("somebody/else", True)])
async def test_a_command_of_our_other_instance_is_no_other_controller(site, command_id, is_told):
    fake = site.batteries["a"]
    state = replace(await fake.read_state(), echo=CommandEcho(command_id=command_id, power_kw=5.0))

    async def follows_it():
        return replace(state, received_s=site.clock.monotonic_s(), received_at=site.clock.now())

    fake.read_state = follows_it
    await site.look()

    assert ("other_controller:a" in site.state.alarms.raised) is is_told
