"""What every battery and every meter keeps to, in memory or over HTTP."""

import math
from datetime import timedelta

import pytest
import structlog

from tests.contracts.device_server import devices_served
from tests.sites import QUARTER, START
from tests.unit.adapters.devices.bench import BATTERY, HandClock, command
from voltherm.adapters.devices.bms_http import HttpBattery
from voltherm.adapters.devices.in_memory import FakeBattery, FakeMeter
from voltherm.adapters.devices.meter_http import HttpMeter
from voltherm.adapters.transports.http import JsonHttp
from voltherm.domain.device import CommandKind, DeviceMode
from voltherm.ports.errors import OutsideError, Unavailable


@pytest.fixture(autouse=True)
def _quiet_retries():
    with structlog.testing.capture_logs():
        yield


@pytest.fixture(name="clock")
def _clock():
    return HandClock()


@pytest.fixture(name="true")
def _true(clock):
    """Return the battery that the adapter under test speaks for."""
    return FakeBattery(BATTERY, clock, soc=0.5)


@pytest.fixture(name="device", params=["memory", "http"])
async def _device(request, clock, true):
    if request.param == "memory":
        yield true
        return
    async with devices_served(battery=true) as served:
        http = JsonHttp(served.url, attempts=1)
        yield HttpBattery(http, clock, device_id="bess", soc_unit="fraction", only_loopback=True)
        await http.aclose()


@pytest.fixture(name="meter", params=["memory", "http"])
async def _meter(request, clock, true):
    meter = FakeMeter(clock, loads={"load": lambda at: 100.0 + at.minute}, batteries={"bess": true})
    if request.param == "memory":
        yield meter
        return
    async with devices_served(meter=meter) as served:
        http = JsonHttp(served.url, attempts=1)
        yield HttpMeter(http, clock, asset_ids=["load", "bess"])
        await http.aclose()


# -- Reading a battery


async def test_a_reading_says_whose_it_is_when_it_came_and_what_was_measured(device, clock):
    clock.pass_s(30)
    state = await device.read_state()
    assert (state.device_id, state.received_at, state.received_s) == ("bess", clock.now(), clock.monotonic_s())
    assert (state.soc, state.power_kw, state.mode) == (0.5, 0.0, DeviceMode.READY)
    assert state.measured_at == clock.now()
    assert state.problems == ()


async def test_a_heartbeat_moves(device, clock):
    first = await device.read_state()
    clock.pass_s(5)
    assert (await device.read_state()).heartbeat != first.heartbeat


@pytest.mark.fault(3)
@pytest.mark.pitfall("M13")
@pytest.mark.parametrize("told", [math.nan, 65535, 6553.5, -0.2, 50, "0.5", True])
async def test_a_senseless_soc_is_none_with_a_problem_and_no_error(device, true, told):
    true.faults.soc_override = told
    state = await device.read_state()
    assert state.soc is None
    assert "soc" in state.problems[0]
    assert state.power_kw == 0.0


@pytest.mark.fault(1)
async def test_silence_is_unavailable(device, true, clock):
    true.faults.is_silent = True
    with pytest.raises(Unavailable):
        await device.read_state()
    with pytest.raises(Unavailable):
        await device.send(command(clock))
    assert true.heard == []


@pytest.mark.fault(4)
@pytest.mark.parametrize("mode", [DeviceMode.LOCAL, DeviceMode.FAULT, DeviceMode.STANDBY])
async def test_modes_and_limits_of_now_are_told(device, true, mode):
    true.mode, true.charge_limit_kw = mode, 10.0
    state = await device.read_state()
    assert (state.mode, state.charge_limit_kw, state.discharge_limit_kw) == (mode, 10.0, 50.0)


# -- Commanding one


async def test_a_command_is_acknowledged_echoed_and_followed(device, true, clock):
    answer = await device.send(command(clock, power_kw=-30.0))
    assert (answer.command_id, answer.is_accepted, answer.power_kw) == ("c1-1", True, -30.0)
    clock.pass_s(10)
    state = await device.read_state()
    assert (state.power_kw, state.echo.command_id, state.echo.power_kw) == (-30.0, "c1-1", -30.0)
    assert true.power_kw == -30.0


@pytest.mark.pitfall("M14")
async def test_a_command_ends_by_itself(device, clock):
    await device.send(command(clock))
    clock.pass_s(61)
    state = await device.read_state()
    assert (state.power_kw, state.echo) == (0.0, None)


@pytest.mark.pitfall("M14")
@pytest.mark.parametrize(
    ("late", "why"), [({"epoch": 1, "sequence": 99}, "epoch"), ({"epoch": 2, "sequence": 5}, "sequence")]
)
async def test_an_older_epoch_or_number_is_refused_and_changes_nothing(device, clock, late, why):
    await device.send(command(clock, epoch=2, sequence=5, power_kw=30.0))
    answer = await device.send(command(clock, id="late", power_kw=-50.0, **late))
    assert not answer.is_accepted
    assert why in answer.detail
    clock.pass_s(10)
    assert (await device.read_state()).power_kw == 30.0


@pytest.mark.pitfall("M14")
async def test_an_expired_command_is_refused(device, clock):
    old = command(clock)
    clock.pass_s(90)
    answer = await device.send(old)
    assert not answer.is_accepted
    assert "expired" in answer.detail


@pytest.mark.pitfall("M14")
async def test_the_same_id_again_gives_the_first_answer_and_does_nothing(device, clock):
    first = command(clock, power_kw=30.0)
    told = await device.send(first)
    await device.send(command(clock, sequence=2, power_kw=-10.0))
    assert await device.send(first) == told
    clock.pass_s(10)
    assert (await device.read_state()).power_kw == -10.0


async def test_a_release_goes_back_to_the_devices_own_default(device, clock):
    await device.send(command(clock))
    assert (await device.send(command(clock, sequence=2, kind=CommandKind.RELEASE, power_kw=0.0))).is_accepted
    clock.pass_s(1)
    state = await device.read_state()
    assert (state.power_kw, state.echo) == (0.0, None)


async def test_an_answer_that_is_lost_is_an_error_that_promises_nothing(device, true, clock):
    true.faults.loses_answers = True
    with pytest.raises(OutsideError):
        await device.send(command(clock))
    assert len(true.heard) == 1


# -- Meters


async def test_a_meter_tells_power_and_running_mean(meter, clock):
    clock.pass_s(90)
    state = await meter.read_meter()
    assert (state.received_at, state.measured_at) == (clock.now(), clock.now())
    assert state.grid_kw == 101.0
    assert state.interval_start == START
    assert 100.0 <= state.interval_mean_kw <= 101.0


async def test_intervals_are_whole_over_and_in_order(meter, clock):
    clock.pass_s(4000)
    measured = await meter.read_intervals(START + QUARTER)
    assert [each.interval.start for each in measured] == [START + QUARTER, START + 2 * QUARTER, START + 3 * QUARTER]
    assert measured[0].grid_kw == pytest.approx(122.0)
    assert measured[0].power_kw == {"load": pytest.approx(122.0), "bess": 0.0}
    assert measured[0].soc == {"bess": 0.5}


async def test_there_is_nothing_new_since_now(meter, clock):
    clock.pass_s(4000)
    assert await meter.read_intervals(clock.now()) == ()


async def test_more_intervals_than_one_answer_holds_come_all(clock, true, meter):
    clock.pass_s(timedelta(days=32).total_seconds())
    assert len(await meter.read_intervals(START)) == 32 * 96
