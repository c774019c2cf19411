"""When a battery's SOC is believed: ages, heartbeats, modes, and the way back."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.application.battery_story import BATTERY, BEGAN_S, Story, at, codes, reading
from voltherm.application.judge_state import JudgeOptions, StateJudge
from voltherm.domain.device import DeviceMode, DeviceState
from voltherm.domain.errors import InvalidInputError

# -- Believed


@pytest.mark.pitfall("M16")
def test_a_fresh_measured_soc_is_used_with_its_age():
    judged = Story().tell(0.62)
    assert (judged.is_usable, judged.is_commandable, judged.soc, judged.age_s) == (True, True, 0.62, 0.0)
    assert judged.why == ()
    assert judged.findings == ()


def test_a_plain_device_that_tells_its_soc_only_is_believed():
    story = Story()
    for _ in range(20):
        judged = story.tell(0.5, measured_at=None, power_kw=None, heartbeat=None)
    assert judged.is_usable


@pytest.mark.pitfall("M13")
def test_before_the_first_reading_there_is_no_soc_and_a_failed_read_says_why():
    judge = StateJudge(BATTERY)
    judge.miss("connection refused")
    judged = judge.judged(at(0), BEGAN_S)
    assert codes(judged) == ["no_reading"]
    assert judged.why == ("the battery has not been read yet: connection refused",)
    assert (judged.is_usable, judged.is_commandable, judged.soc, judged.age_s) == (False, False, None, None)


# -- Missing and old


@pytest.mark.fault(3)
@pytest.mark.pitfall("M13")
def test_a_missing_soc_is_not_replaced_by_the_last_one():
    story = Story()
    story.tell(0.5)
    judged = story.tell(None, problems=("soc is 65535: is no fraction",))
    assert (judged.is_usable, judged.soc) == (False, None)
    assert codes(judged) == ["soc_missing"]
    assert "65535" in judged.why[0]


@pytest.mark.fault(1)
@pytest.mark.fault(18)
@pytest.mark.pitfall("M13")
def test_a_reading_grows_old_on_the_monotonic_clock():
    story = Story()
    story.tell()
    story.judge.miss("does not answer")
    assert story.judged(later_s=60.0).is_usable
    judged = story.judged(later_s=61.0)
    assert codes(judged) == ["soc_stale"]
    assert (judged.soc, judged.age_s) == (None, 61.0)
    assert "does not answer" in judged.why[0]


@pytest.mark.fault(3)
@pytest.mark.fault(18)
def test_a_device_time_that_stands_is_stale_although_reads_succeed():
    story = Story()
    story.tell_for(30)
    stands = at(story.now_s)
    assert story.tell_for(60, measured_at=stands).is_usable
    judged = story.tell_for(10, measured_at=stands)
    assert codes(judged) == ["soc_stale"]
    assert judged.age_s == 70.0
    assert story.tell_for(3600, measured_at=stands).soc is None


@pytest.mark.fault(3)
def test_a_heartbeat_that_stands_is_stale_although_reads_succeed():
    story = Story()
    assert story.tell_for(65, heartbeat=7).is_usable
    judged = story.tell(heartbeat=7)
    assert codes(judged) == ["heartbeat_stands"]
    assert "65 s" in judged.why[0]


def test_a_heartbeat_that_vanishes_is_one_that_stands():
    story = Story()
    story.tell(heartbeat=7)
    assert not story.tell_for(70, heartbeat=None).is_usable


# -- Clocks


@pytest.mark.fault(18)
@pytest.mark.parametrize("offset_s", [-600, 45, 890])
def test_a_constant_clock_offset_is_tolerated_and_told(offset_s):
    story = Story()
    for _ in range(5):
        judged = story.tell(measured_at=at(story.now_s + 5 + offset_s))
    assert judged.is_usable
    assert (judged.clock_offset_s, judged.age_s) == (offset_s, 0.0)
    assert codes(judged) == ["device_clock_off"]
    assert judged.clock_alarm == f"the device's clock is off by {offset_s:+.1f} s"


@pytest.mark.fault(18)
def test_a_second_of_offset_is_no_alarm():
    judged = Story().tell(measured_at=at(1.5))
    assert judged.clock_alarm == ""
    assert judged.findings == ()


@pytest.mark.fault(18)
def test_an_hour_of_offset_is_another_zone_and_not_believed():
    story = Story()
    for _ in range(5):
        judged = story.tell(measured_at=at(story.now_s + 5 - 3600))
    assert not judged.is_usable
    assert "zone" in judged.why[0]


@pytest.mark.fault(18)
def test_a_reading_that_looks_old_is_not_believed_before_the_devices_clock_moves():
    story = Story()
    assert codes(story.tell(measured_at=at(-300)))[0] == "soc_stale"
    for _ in range(3):
        judged = story.tell(measured_at=at(story.now_s + 5 - 300))
    assert judged.is_usable


@pytest.mark.fault(18)
def test_a_device_clock_that_is_set_back_is_forgiven_after_two_minutes():
    story = Story()
    story.tell_for(60)
    set_back = story.tell(measured_at=at(story.now_s + 5 - 500))
    assert not set_back.is_usable
    for _ in range(30):
        judged = story.tell(measured_at=at(story.now_s + 5 - 500))
    assert judged.is_usable


@pytest.mark.fault(18)
@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta(seconds=-30)])
def test_a_jump_of_our_wall_clock_does_not_make_a_reading_old(jump):
    story = Story()
    story.tell_for(30)
    for _ in range(20):
        judged = story.tell(wall_jump=jump)
        assert judged.is_usable
    assert judged.age_s == 0.0
    assert judged.clock_alarm


# -- Modes


@pytest.mark.fault(4)
@pytest.mark.parametrize("mode", [DeviceMode.LOCAL, DeviceMode.FAULT, DeviceMode.STANDBY])
def test_a_mode_of_its_own_bars_commands_and_says_nothing_of_the_soc(mode):
    story = Story()
    judged = story.tell(0.5, mode=mode)
    assert (judged.is_commandable, judged.is_usable, judged.soc) == (False, True, 0.5)
    assert codes(judged) == [f"mode_{mode}"]
    assert len(judged.why) == 1
    assert story.tell().is_commandable


# -- The way back


@pytest.mark.fault(1)
def test_after_silence_it_takes_three_good_readings():
    story = Story()
    story.tell()
    first = story.tell(after_s=600.0)
    assert codes(first) == ["recovering"]
    assert "1 of 3" in first.why[0]
    assert not story.tell().is_usable
    assert story.tell().is_usable


@pytest.mark.fault(3)
def test_a_bad_reading_on_the_way_back_begins_it_again():
    story = Story()
    for soc in (0.5, None, 0.5, 0.5, None, 0.5, 0.5):
        assert story.tell(soc).is_usable is (soc == 0.5 and story.now_s == 0.0)
    assert story.tell(0.5).is_usable


def test_how_many_good_readings_is_an_option():
    story = Story(JudgeOptions(n_good=1))
    story.tell(None)
    assert story.tell().is_usable


@pytest.mark.parametrize("changes", [{"n_good": 0}, {"soc_max_age_s": -1.0}, {"window_s": float("inf")}])
def test_options_that_cannot_be_are_refused(changes):
    with pytest.raises(InvalidInputError, match=next(iter(changes))):
        JudgeOptions(**changes)


# -- Laws

SECONDS = st.floats(min_value=-100.0, max_value=1000.0)
NUMBERS = st.none() | st.floats(allow_nan=True, allow_infinity=True)
READINGS = st.builds(
    DeviceState,
    device_id=st.just("bess"),
    received_at=st.integers(-(10**6), 10**6).map(at),
    received_s=SECONDS,
    measured_at=st.none() | st.integers(-(10**6), 10**6).map(at),
    soc=st.none() | st.floats(0, 1),
    power_kw=NUMBERS,
    charge_limit_kw=NUMBERS,
    discharge_limit_kw=NUMBERS,
    mode=st.sampled_from(DeviceMode),
    heartbeat=st.none() | st.integers(),
)


@pytest.mark.fault(3)
@pytest.mark.pitfall("M13")
@given(told=st.lists(READINGS, max_size=30), later_s=SECONDS)
def test_no_sequence_of_readings_raises_and_no_missing_soc_becomes_usable(told, later_s):
    judge = StateJudge(BATTERY)
    for state in told:
        judge.take(state)
        judged = judge.judged(state.received_at, state.received_s + later_s)
        assert judged.is_usable == (judged.soc is not None)
        assert judged.soc is None or judged.soc == state.soc
        assert judged.is_usable or judged.why
        assert not (judged.is_usable and judged.age_s > 60.0)


GAPS = st.lists(st.sampled_from([1.0, 5.0, 30.0, 59.0, 61.0, 300.0]), min_size=2, max_size=40)
JUMPS = st.sampled_from([timedelta(0), timedelta(hours=1), timedelta(days=-1), timedelta(seconds=-30)])


@pytest.mark.fault(18)
@given(gaps=GAPS, jumps=st.lists(JUMPS, min_size=40, max_size=40), offset_s=st.integers(-60, 60))
def test_jumps_of_our_wall_clock_change_nothing(gaps, jumps, offset_s):
    plain, jumped = StateJudge(BATTERY), StateJudge(BATTERY)
    seconds = 0.0
    for index, (gap, jump) in enumerate(zip(gaps, jumps, strict=False)):
        seconds += gap
        said = {"measured_at": at(seconds + offset_s), "soc": None if index % 7 == 3 else 0.5}
        plain.take(reading(seconds, **said))
        jumped.take(reading(seconds, wall_jump=jump if index else timedelta(0), **said))
        one, other = (judge.judged(at(seconds), BEGAN_S + seconds + 10) for judge in (plain, jumped))
        assert (one.is_usable, one.soc, one.age_s) == (other.is_usable, other.soc, other.age_s)


def test_the_same_readings_give_the_same_judgement():
    def told():
        story = Story()
        return [story.tell(soc, power_kw=50.0) for soc in (0.5, 0.9, None, 0.9, 0.91)]

    assert told() == told()
