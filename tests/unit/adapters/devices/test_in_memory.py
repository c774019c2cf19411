"""The battery and the meter in memory: physics, the command contract, and their faults."""

from datetime import timedelta

import pytest

from tests.sites import QUARTER, START, battery
from tests.unit.adapters.devices.bench import BATTERY, HandClock, command
from voltherm.adapters.devices.in_memory import FakeBattery, FakeMeter
from voltherm.domain.device import CommandKind, DeviceMode
from voltherm.ports.errors import Unavailable


@pytest.fixture(name="clock")
def _clock():
    return HandClock()


@pytest.fixture(name="bess")
def _bess(clock):
    return FakeBattery(BATTERY, clock, soc=0.5)


async def test_a_command_moves_energy_as_the_physics_says(bess, clock):
    await bess.send(command(clock, power_kw=50.0))
    clock.pass_s(36)
    assert bess.power_kw == 50.0
    assert bess.soc == pytest.approx(0.5 + 50.0 * 0.01 * 0.9 / 100)


@pytest.mark.pitfall("M14")
async def test_a_command_ends_at_its_validity_even_when_nobody_looks(bess, clock):
    await bess.send(command(clock, power_kw=-30.0))
    clock.pass_s(3600)
    assert bess.power_kw == 0.0
    assert bess.truth.mean_kw(1000.0, 1060.0) == pytest.approx(-30.0)
    assert bess.truth.mean_kw(1060.0, 4600.0) == 0.0
    assert {span.command_id for span in bess.truth.spans} == {"c1-1", None}


async def test_without_a_command_it_does_what_it_does_by_default(clock):
    bess = FakeBattery(BATTERY, clock, default_kw=5.0)
    clock.pass_s(10)
    assert bess.power_kw == 5.0


async def test_limits_of_now_and_full_cells_hold_it_back(bess, clock):
    bess.charge_limit_kw = 10.0
    await bess.send(command(clock, power_kw=50.0))
    clock.pass_s(5)
    assert bess.power_kw == 10.0
    full = FakeBattery(BATTERY, clock, soc=1.0)
    await full.send(command(clock, power_kw=50.0))
    clock.pass_s(5)
    assert full.power_kw == 0.0


@pytest.mark.fault(18)
async def test_a_sender_whose_clock_is_ahead_does_not_hold_it_for_longer(bess, clock):
    clock.jump(timedelta(hours=1))
    assert (await bess.send(command(clock))).is_accepted
    clock.pass_s(61)
    assert (await bess.read_state()).echo is None


@pytest.mark.fault(18)
async def test_a_sender_whose_clock_is_behind_is_refused(bess, clock):
    clock.jump(timedelta(hours=-1))
    assert "expired" in (await bess.send(command(clock))).detail


@pytest.mark.fault(5)
async def test_a_liar_acknowledges_and_echoes_and_rests(bess, clock):
    bess.faults.is_lying = True
    assert (await bess.send(command(clock))).is_accepted
    clock.pass_s(20)
    state = await bess.read_state()
    assert state.echo.command_id == "c1-1"
    assert state.power_kw == 0.0


@pytest.mark.fault(1)
async def test_a_silent_one_hears_nothing_and_reverts(bess, clock):
    await bess.send(command(clock))
    bess.faults.is_silent = True
    with pytest.raises(Unavailable):
        await bess.read_state()
    with pytest.raises(Unavailable):
        await bess.send(command(clock, sequence=2))
    clock.pass_s(61)
    assert bess.power_kw == 0.0


async def test_a_lost_answer_is_a_command_that_was_heard(bess, clock):
    bess.faults.loses_answers = True
    with pytest.raises(Unavailable):
        await bess.send(command(clock))
    clock.pass_s(5)
    assert bess.power_kw == 20.0
    assert [heard.command.id for heard in bess.heard] == ["c1-1"]


@pytest.mark.fault(3)
async def test_a_frozen_one_repeats_itself(bess, clock):
    first = await bess.read_state()
    bess.faults.is_frozen = True
    clock.pass_s(30)
    again = await bess.read_state()
    assert (again.heartbeat, again.measured_at) == (first.heartbeat, first.measured_at)
    assert again.received_s == first.received_s + 30


@pytest.mark.fault(3)
async def test_a_dead_heart_beats_no_more(bess, clock):
    bess.faults.has_dead_heart = True
    clock.pass_s(30)
    assert (await bess.read_state()).heartbeat == 0


@pytest.mark.fault(4)
async def test_in_local_mode_it_refuses_and_rests(bess, clock):
    await bess.send(command(clock))
    bess.mode = DeviceMode.LOCAL
    clock.pass_s(5)
    assert bess.power_kw == 0.0
    assert "local" in (await bess.send(command(clock, sequence=2))).detail


async def test_a_release_ends_a_command_at_once(bess, clock):
    await bess.send(command(clock))
    clock.pass_s(5)
    await bess.send(command(clock, sequence=2, kind=CommandKind.RELEASE, power_kw=0.0))
    clock.pass_s(1)
    assert bess.power_kw == 0.0


# -- The meter


async def test_the_meter_sees_load_less_sun_plus_battery(bess, clock):
    meter = FakeMeter(clock, loads={"load": lambda _: 100.0}, pv={"roof": lambda _: 30.0}, batteries={"bess": bess})
    await bess.send(command(clock, power_kw=20.0))
    clock.pass_s(30)
    state = await meter.read_meter()
    assert state.grid_kw == 90.0
    assert (state.interval_start, state.interval_mean_kw) == (START, pytest.approx(90.0))
    clock.pass_s(60)
    assert (await meter.read_meter()).interval_mean_kw == pytest.approx(70 + 20 * 60 / 90)


async def test_interval_means_are_those_of_the_truth(bess, clock):
    meter = FakeMeter(clock, loads={"load": lambda at: float(at.minute)}, batteries={"bess": bess})
    await bess.send(command(clock, power_kw=-30.0))
    clock.pass_s(2000)
    first, second = await meter.read_intervals(START)
    assert first.power_kw == {"load": 7.0, "bess": pytest.approx(-2.0)}
    assert first.grid_kw == pytest.approx(5.0)
    assert first.soc["bess"] == pytest.approx(0.5 - 0.5 / 0.9 / 100)
    assert second.grid_kw == 22.0
    assert await meter.read_intervals(START + 2 * QUARTER) == ()


async def test_it_may_remember_days_before_it_began(clock):
    meter = FakeMeter(clock, loads={"load": lambda _: 5.0}, remembers=timedelta(days=2))
    measured = await meter.read_intervals(START - timedelta(days=9))
    assert len(measured) == 2 * 96
    assert measured[0].interval.start == START - timedelta(days=2)


async def test_a_frozen_meter_repeats_itself_and_a_silent_one_says_nothing(clock):
    load = {"kw": 5.0}
    meter = FakeMeter(clock, loads={"load": lambda _: load["kw"]})
    await meter.read_meter()
    meter.faults.is_frozen = True
    load["kw"] = 6.0
    assert (await meter.read_meter()).grid_kw == 5.0
    meter.faults.is_silent = True
    with pytest.raises(Unavailable):
        await meter.read_intervals(START)


async def test_jumps_of_the_wall_clock_do_not_reach_it(bess, clock):
    meter = FakeMeter(clock, loads={"load": lambda _: 5.0}, batteries={"bess": bess})
    clock.pass_s(1000)
    clock.jump(timedelta(days=1))
    assert len(await meter.read_intervals(START)) == 1


async def test_tapers_show_when_they_begin(clock):
    bess = FakeBattery(battery(charge_taper_soc=0.9), clock, soc=0.9)
    for sequence in range(1, 11):
        await bess.send(command(clock, sequence=sequence, power_kw=50.0))
        clock.pass_s(60)
    assert 20.0 < bess.power_kw < 40.0
