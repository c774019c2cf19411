"""Faults that are asked for deceive the reader, while log, intervals and bill stay true."""

import asyncio

import pytest
from httpx2 import ASGITransport, AsyncClient

from voltherm.interfaces.validator.app import create_validator


@pytest.fixture
def fault(client):
    def ask(**faults):
        answer = client.post("/api/faults", json=faults)
        assert answer.status_code == 200
        return answer.json()

    return ask


async def until_it_waits():
    """Let a request that was begun come to where it waits: it meets no input or output on its way."""
    for _ in range(100):
        await asyncio.sleep(0)


def soc(client):
    return client.get("/api/battery/soc").json()


@pytest.mark.fault(1)
def test_a_battery_that_is_gone_answers_503_and_reverts_on_its_own(client, clock, command, fault):
    command(-20.0)
    fault(drop=True)

    assert client.get("/api/battery/soc").status_code == 503
    assert command(-20.0).status_code == 503
    clock.turn(minutes=10)
    events = [entry["event"] for entry in client.get("/api/log").json()["entries"]]
    assert events == ["received", "started", "expired", "reverted"]
    assert client.get("/api/meter").json()["grid_kw"] == 40
    client.delete("/api/faults")
    assert soc(client)["power_kw"] == 0


@pytest.mark.fault(2)
async def test_a_silent_battery_answers_nobody_until_the_silence_ends_and_has_heard_nothing(live, clock):
    app = create_validator(live, has_faults=True)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://validator") as client:
        await client.post("/api/faults", json={"is_silent": True})
        body = {"power_kw": 5, "timestamp": clock.now().isoformat()}
        waiting = asyncio.create_task(client.post("/api/battery/dispatch", json=body))
        await until_it_waits()
        others = [await client.get(path) for path in ("/api/meter", "/health", "/api/report")]

        assert not waiting.done()
        assert [answer.status_code for answer in others] == [200, 200, 200]
        await client.delete("/api/faults")
        assert (await waiting).status_code == 503
        assert (await client.get("/api/log")).json()["entries"] == []


@pytest.mark.fault(2)
async def test_a_slow_battery_has_heard_at_once_what_it_answers_late(live, clock):
    app = create_validator(live, has_faults=True)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://validator") as client:
        await client.post("/api/faults", json={"latency_s": 30})
        body = {"power_kw": 5, "timestamp": clock.now().isoformat()}
        waiting = asyncio.create_task(client.post("/api/battery/dispatch", json=body))
        await until_it_waits()
        entries = (await client.get("/api/log")).json()["entries"]

        assert not waiting.done()
        assert entries[0]["verdict"] == "accepted"
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


@pytest.mark.fault(3)
@pytest.mark.parametrize("nonsense", [65535, "NaN", None, 101.0, -0.2])
def test_nonsense_is_told_as_it_is_and_the_truth_is_not_moved(client, clock, fault, nonsense):
    fault(soc=nonsense)
    clock.turn(minutes=15)

    assert soc(client)["soc"] == nonsense
    assert client.get("/api/meter/intervals").json()["intervals"][0]["soc"] == {"bess": 0.5}


@pytest.mark.fault(3)
def test_a_state_of_charge_that_jumps_is_only_told(client, fault):
    fault(soc_jump=-0.45)

    assert soc(client)["soc"] == pytest.approx(0.05)
    assert client.get("/").json()["soc"] == {"bess": 0.5}


@pytest.mark.fault(3)
def test_a_frozen_battery_repeats_itself_while_its_power_moves(client, clock, command, fault):
    before = soc(client)
    fault(is_frozen=True)
    soc(client)
    clock.turn(seconds=30)
    command(-20.0)
    clock.turn(seconds=30)
    frozen = soc(client)

    assert [frozen[name] for name in ("soc", "heartbeat")] == [before["soc"], before["heartbeat"]]
    assert frozen["timestamp"].startswith("2026-03-10T00:00:00")
    assert frozen["power_kw"] == -20
    client.delete("/api/faults")
    assert soc(client)["heartbeat"] == 60


@pytest.mark.fault(4)
def test_limits_and_mode_of_the_bms_are_told_and_kept(client, command, fault):
    command(50.0)
    fault(charge_limit_kw=10)
    cut = soc(client)
    fault(mode="fault", discharge_limit_kw=0)
    stopped = soc(client)

    assert (cut["power_kw"], cut["charge_limit_kw"], cut["command"]["power_kw"]) == (10, 10, 10)
    assert (stopped["power_kw"], stopped["mode"], stopped["alarms"]) == (0, "fault", ["fault"])
    assert (stopped["charge_limit_kw"], stopped["discharge_limit_kw"]) == (10, 0)
    assert command(20.0).status_code == 409


@pytest.mark.fault(5)
def test_a_lying_battery_says_200_and_the_meter_tells_the_truth(client, command, fault):
    fault(is_lying=True)

    assert command(-20.0).json()["accepted"] is True
    told = soc(client)
    assert (told["command"]["power_kw"], told["power_kw"]) == (-20, 0)
    assert client.get("/api/meter").json()["grid_kw"] == 40


@pytest.mark.fault(18)
def test_the_batterys_stamps_can_be_off_and_its_life_is_not(client, clock, command, fault):
    fault(clock_offset_s=-600)
    command(-20.0)

    assert soc(client)["timestamp"] == "2026-03-09T23:50:00+00:00"
    clock.turn(seconds=59)
    assert soc(client)["power_kw"] == -20


def test_the_meter_can_be_gone_or_tell_everything_twice(client, clock, fault):
    clock.turn(minutes=30)
    fault(meter_drop=True)

    assert client.get("/api/meter").status_code == client.get("/api/meter/intervals").status_code == 503
    fault(meter_drop=False, duplicate_intervals=True)
    starts = [one["start"][11:16] for one in client.get("/api/meter/intervals").json()["intervals"]]
    assert starts == ["00:00", "00:00", "00:15", "00:15"]
    assert client.get("/api/costs").json()["with_battery"]["energy"] == pytest.approx(0.2 * 20)


def test_faults_add_up_until_they_are_taken_back(fault, client):
    fault(latency_s=0.0, soc_jump=0.1)

    assert fault(is_lying=True)["soc_jump"] == 0.1
    assert client.delete("/api/faults").json()["is_lying"] is False
    assert soc(client)["soc"] == 0.5


def test_a_fault_that_is_not_known_is_refused(client):
    answer = client.post("/api/faults", json={"is_slient": True})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "is_slient"
