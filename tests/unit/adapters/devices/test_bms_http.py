"""The battery over HTTP: both shapes, and whatever a stranger may answer."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.adapters.devices.bench import HandClock, SaidHttp, command
from tests.unit.adapters.transports.http_stub import answer, serving
from voltherm.adapters.devices.bms_http import HttpBattery
from voltherm.adapters.devices.this_machine import is_on_this_machine
from voltherm.adapters.transports.http import JsonHttp
from voltherm.domain.device import CommandEcho, CommandKind, DeviceMode
from voltherm.ports.errors import Malformed, OutsideError, Refused, Unavailable

RICH = {
    "soc": 0.62,
    "timestamp": "2026-03-10T06:00:05Z",
    "source": "simulator",
    "power_kw": -41.5,
    "charge_limit_kw": 250.0,
    "discharge_limit_kw": 240,
    "mode": "ready",
    "heartbeat": 48211,
    "alarms": ["fan"],
    "command": {"id": "c1", "power_kw": -41.5, "valid_until": "2026-03-10T06:01:00Z"},
}


def battery(*answers, unit="fraction", clock=None, **options):
    status = options.pop("status", 200)
    name = options.pop("name", "http://127.0.0.1:8002")
    http = SaidHttp(*answers, status=status, name=name)
    return HttpBattery(http, clock or HandClock(), device_id="bess", soc_unit=unit, **options), http


async def read(answer, **options):
    return await battery(answer, **options)[0].read_state()


# -- Reading


async def test_the_rich_shape_is_read_whole():
    clock = HandClock()
    state = await read(RICH, clock=clock)
    assert (state.soc, state.power_kw, state.charge_limit_kw, state.discharge_limit_kw) == (0.62, -41.5, 250.0, 240.0)
    assert state.measured_at == datetime(2026, 3, 10, 6, 0, 5, tzinfo=UTC)
    assert (state.received_at, state.received_s) == (clock.now(), clock.monotonic_s())
    assert (state.mode, state.heartbeat, state.alarms) == (DeviceMode.READY, 48211, ("fan",))
    until = datetime(2026, 3, 10, 6, 1, tzinfo=UTC)
    assert state.echo == CommandEcho(command_id="c1", power_kw=-41.5, valid_until=until)
    assert state.problems == ()


async def test_the_plain_shape_of_the_field_is_enough():
    state = await read({"soc": 0.5, "timestamp": "2026-03-10T06:00:05+00:00", "source": "bms"})
    assert state.soc == 0.5
    assert (state.power_kw, state.heartbeat, state.echo, state.mode) == (None, None, None, DeviceMode.READY)
    assert state.problems == ()


async def test_one_of_several_batteries_is_asked_for_by_its_id():
    asked, http = battery(RICH, asks_by_id=True)
    await asked.read_state()
    assert http.asked == [("/api/battery/soc", {"device_id": "bess"})]


@pytest.mark.pitfall("M13")
@pytest.mark.parametrize(("unit", "told", "soc"), [("fraction", 1, 1.0), ("percent", 1, 0.01), ("percent", 62.0, 0.62)])
async def test_the_declared_unit_says_what_a_number_means(unit, told, soc):
    assert (await read({"soc": told}, unit=unit)).soc == pytest.approx(soc)


@pytest.mark.pitfall("M13")
async def test_percent_from_a_device_declared_as_fraction_is_refused_with_the_remedy():
    state = await read({"soc": 62.0})
    assert state.soc is None
    (problem,) = state.problems
    assert "soc is 62.0" in problem
    assert "fraction" in problem
    assert "BMS_SOC_UNIT=percent" in problem


@pytest.mark.fault(3)
@pytest.mark.pitfall("M13")
@pytest.mark.parametrize("unit", ["fraction", "percent"])
@pytest.mark.parametrize("told", [None, math.nan, math.inf, 65535, 6553.5, 101, -0.1, "0.5", True, [0.5], {}, 10**400])
async def test_a_senseless_soc_is_none_and_said(unit, told):
    state = await read({"soc": told}, unit=unit)
    assert state.soc is None
    assert len(state.problems) == 1
    assert "soc is " in state.problems[0]


@pytest.mark.pitfall("M7")
async def test_a_time_without_a_zone_is_refused_and_the_value_kept():
    state = await read({"soc": 0.5, "timestamp": "2026-03-10T06:00:05"})
    assert (state.soc, state.measured_at) == (0.5, None)
    assert "no time zone" in state.problems[0]


@pytest.mark.fault(3)
@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("power_kw", "strong"),
        ("power_kw", 65535),
        ("charge_limit_kw", -5),
        ("discharge_limit_kw", 1e9),
        ("heartbeat", 1.5),
        ("alarms", "fan"),
        ("command", {"id": "c1"}),
        ("command", "c1"),
        ("timestamp", 1773122405),
    ],
)
async def test_a_senseless_field_is_left_out_and_said_and_the_rest_is_kept(field, told):
    state = await read(RICH | {field: told})
    assert state.soc == 0.62
    assert any(problem.startswith(field) for problem in state.problems)
    assert not getattr(state, {"command": "echo", "timestamp": "measured_at"}.get(field, field))


@pytest.mark.fault(4)
@pytest.mark.parametrize(
    ("told", "mode"),
    [
        ("LOCAL", DeviceMode.LOCAL),
        ("fault", DeviceMode.FAULT),
        ("service", DeviceMode.STANDBY),
        (3, DeviceMode.STANDBY),
    ],
)
async def test_a_mode_that_is_not_known_is_nobody_to_command(told, mode):
    assert (await read(RICH | {"mode": told})).mode is mode


@pytest.mark.parametrize("told", [None, [], "0.5", 0.5, True])
async def test_an_answer_that_is_no_object_is_malformed(told):
    with pytest.raises(Malformed, match="/api/battery/soc"):
        await read(told)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(65535) | st.just("NaN"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
COMMAND_FIELDS = ["id", "power_kw", "valid_until"]
ANSWERS = (
    JSON
    | st.dictionaries(st.sampled_from(sorted(RICH)), JSON)
    | st.fixed_dictionaries(
        {
            "soc": JSON,
            "timestamp": JSON,
            "mode": JSON,
            "command": st.dictionaries(st.sampled_from(COMMAND_FIELDS), JSON),
        }
    )
)


@pytest.mark.fault(3)
@pytest.mark.pitfall("M13")
@given(told=ANSWERS, unit=st.sampled_from(["fraction", "percent"]))
async def test_whatever_is_answered_the_soc_is_a_fraction_or_none(told, unit):
    try:
        state = await read(told, unit=unit)
    except OutsideError:
        assert not isinstance(told, dict)
    else:
        assert state.soc is None or 0 <= state.soc <= 1
        assert (state.soc is None) <= bool(state.problems)
        for value in (state.power_kw, state.charge_limit_kw, state.discharge_limit_kw):
            assert value is None or math.isfinite(value)


# -- Commanding


@pytest.mark.pitfall("M14")
async def test_a_command_carries_id_fence_validity_and_reason_and_what_plain_devices_read():
    clock = HandClock()
    told, http = battery({}, clock=clock)
    await told.send(command(clock, sequence=214, epoch=7, power_kw=-41.5))
    assert http.sent == [
        (
            "/api/battery/dispatch",
            {
                "id": "c7-214",
                "device_id": "bess",
                "epoch": 7,
                "sequence": 214,
                "kind": "setpoint",
                "power_kw": -41.5,
                "timestamp": "2026-03-10T00:00:00Z",
                "valid_until": "2026-03-10T00:01:00Z",
                "source": "plan",
                "reason": "shave_peak",
            },
        )
    ]


async def test_a_release_says_so():
    told, http = battery({})
    await told.send(command(HandClock(), kind=CommandKind.RELEASE, power_kw=0.0))
    assert http.sent[0][1]["kind"] == "release"


async def test_the_rich_answer_is_read():
    said = {"accepted": True, "command_id": "c1-1", "power_kw": 10.0, "valid_until": "2026-03-10T00:00:50Z"}
    got = await battery(said)[0].send(command(HandClock()))
    assert (got.is_accepted, got.power_kw, got.detail) == (True, 10.0, "")
    assert got.valid_until == datetime(2026, 3, 10, 0, 0, 50, tzinfo=UTC)


@pytest.mark.parametrize("said", [None, {}, {"status": "ok"}, "ok", 1, [], {"accepted": None}])
async def test_a_plain_200_with_anything_is_an_acceptance(said):
    got = await battery(said)[0].send(command(HandClock()))
    assert got.is_accepted
    assert got.detail == ""


@pytest.mark.pitfall("M14")
@pytest.mark.parametrize(
    ("status", "said", "detail"),
    [
        (409, {"accepted": False, "detail": "epoch 6 is older than 7"}, "epoch 6 is older than 7"),
        (409, {"accepted": True}, "answers 409"),
        (422, None, "answers 422"),
        (200, {"accepted": False, "detail": "no"}, "no"),
        (200, {"accepted": "false"}, "accepted is false"),
    ],
)
async def test_a_refusal_is_an_answer_with_its_reason(status, said, detail):
    got = await battery(said, status=status)[0].send(command(HandClock()))
    assert not got.is_accepted
    assert detail in got.detail


@pytest.mark.pitfall("M14")
async def test_an_answer_to_another_command_is_no_answer():
    with pytest.raises(Malformed, match="'c9'"):
        await battery({"accepted": True, "command_id": "c9"})[0].send(command(HandClock()))


@given(said=JSON | st.dictionaries(st.sampled_from(["accepted", "command_id", "power_kw", "valid_until"]), JSON))
async def test_whatever_is_answered_to_a_command_is_an_answer_or_malformed(said):
    try:
        got = await battery(said)[0].send(command(HandClock()))
    except OutsideError:
        assert isinstance(said["command_id"], str)
    else:
        assert got.command_id == "c1-1"
        assert got.power_kw is None or math.isfinite(got.power_kw)


@pytest.mark.pitfall("M14")
async def test_a_command_is_never_sent_twice():
    clock = HandClock()
    async with serving(answer({"detail": "busy"}, 503)) as stub:
        http = JsonHttp(stub.url, attempts=3)
        told = HttpBattery(http, clock, device_id="bess", soc_unit="fraction")
        with pytest.raises(Unavailable):
            await told.send(command(clock))
        await http.aclose()
    assert len(stub.requests) == 1


# -- Simulated time


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("http://127.0.0.1:8002", True),
        ("http://127.8.8.8", True),
        ("http://[::1]:8002", True),
        ("https://localhost", True),
        ("http://bms.localhost:1", True),
        ("http://192.168.1.20:8002", False),
        ("http://10.0.0.4", False),
        ("http://validator:8002", False),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost.example.com", False),
        ("http://0.0.0.0", False),
        ("nonsense", False),
    ],
)
def test_only_loopback_is_this_machine(url, is_here):
    assert is_on_this_machine(url) is is_here


async def test_in_simulated_time_a_device_elsewhere_is_read_but_not_commanded():
    far, http = battery(RICH, name="http://192.168.1.20:8002", only_loopback=True)
    with pytest.raises(Refused, match="VOLTHERM_CLOCK_FILE"):
        await far.send(command(HandClock()))
    assert http.sent == []
    assert (await far.read_state()).soc == 0.62


async def test_in_simulated_time_a_device_here_is_commanded():
    here, http = battery({}, only_loopback=True)
    await here.send(command(HandClock(), valid_until=HandClock().now() + timedelta(seconds=30)))
    assert len(http.sent) == 1


@pytest.mark.fault(4)
@pytest.mark.parametrize("told", [-10, "NaN", 65535, "much"])
async def test_a_limit_that_makes_no_sense_allows_nothing_and_one_that_is_not_said_is_the_rating(told):
    senseless = await read(RICH | {"discharge_limit_kw": told})
    unsaid = await read({key: value for key, value in RICH.items() if key != "discharge_limit_kw"})
    assert senseless.discharge_limit_kw == 0.0
    assert unsaid.discharge_limit_kw is None
