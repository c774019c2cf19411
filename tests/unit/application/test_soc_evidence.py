"""SOC against its own past and against the measured power: frozen, jumped, contradicted; and honest batteries never."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sites import battery
from tests.unit.adapters.devices.bench import HandClock, command
from tests.unit.application.battery_story import BATTERY, Story, codes
from voltherm.adapters.devices.in_memory import FakeBattery
from voltherm.application.judge_state import JudgeOptions, StateJudge


def charging(story, seconds, soc, power_kw=50.0):
    """Tell an honest battery that charges, and return its SOC at the end and the last judgement."""
    for _ in range(round(seconds / 5)):
        soc += power_kw * 0.9 * 5 / 3600 / 100
        judged = story.tell(soc, power_kw=power_kw)
    return soc, judged


# -- Frozen


@pytest.mark.fault(3)
def test_an_soc_that_stands_while_power_flows_is_frozen_and_thaws_when_it_moves():
    story = Story()
    assert story.tell_for(150, power_kw=50.0).is_usable
    judged = story.tell_for(60, power_kw=50.0)
    assert codes(judged) == ["soc_frozen"]
    assert "0.500" in judged.why[0]
    assert not story.tell_for(600, power_kw=0.0).is_usable
    _, judged = charging(story, 15, 0.5)
    assert judged.is_usable


@pytest.mark.fault(3)
def test_discharging_shows_a_frozen_soc_as_well():
    assert codes(Story().tell_for(200, power_kw=-50.0)) == ["soc_frozen"]


def test_a_resting_battery_stands_for_days():
    story = Story()
    for _ in range(3000):
        judged = story.tell(0.5, after_s=60.0, power_kw=0.8)
        assert judged.is_usable


@pytest.mark.parametrize(("soc", "power_kw"), [(1.0, 50.0), (0.0, -50.0)])
def test_at_full_and_empty_an_soc_may_stand(soc, power_kw):
    assert Story().tell_for(600, soc, power_kw=power_kw).is_usable


# -- Jumped


@pytest.mark.fault(3)
@pytest.mark.pitfall("M13")
def test_a_jump_is_suspect_and_believed_after_three_readings_over_a_minute():
    story = Story()
    story.tell_for(60)
    judged = story.tell(0.05)
    assert codes(judged) == ["soc_jumped"]
    assert "from 0.500 to 0.050" in judged.why[0]
    assert not story.tell_for(55, 0.05).is_usable
    assert story.tell(0.05).soc == 0.05


@pytest.mark.fault(3)
def test_after_a_jump_a_minute_alone_is_not_enough():
    story = Story()
    story.tell_for(60)
    story.tell(0.05)
    assert not story.tell(0.05, after_s=40.0).is_usable
    assert not story.tell(0.05, after_s=40.0).is_usable
    assert story.tell(0.05, after_s=5.0).is_usable


@pytest.mark.fault(3)
def test_a_glitch_is_two_jumps():
    story = Story()
    story.tell_for(60)
    story.tell(0.05)
    assert codes(story.tell(0.5)) == ["soc_jumped"]
    assert not story.tell_for(55, 0.5).is_usable
    assert story.tell(0.5).soc == 0.5


def test_a_percent_at_once_is_resolution():
    story = Story()
    story.tell_for(30, 0.5)
    assert story.tell(0.51).is_usable


def test_a_quick_battery_may_be_quick():
    story = Story(of=battery(charge_limit_kw=400.0, charge_efficiency=1.0))
    soc = 0.1
    for _ in range(10):
        judged = story.tell(soc, after_s=10.0, power_kw=400.0)
        soc += 400.0 * 10 / 3600 / 100
        assert judged.is_usable


# -- Contradicted


@pytest.mark.fault(3)
def test_an_soc_that_moves_without_power_is_suspect():
    story = Story()
    judged = [story.tell(0.5 + 0.001 * index) for index in range(40)]
    assert judged[25].is_usable
    assert any(codes(each) == ["soc_disagrees_with_power"] for each in judged)


@pytest.mark.fault(3)
def test_a_reversed_sign_is_seen():
    story = Story()
    judged = [story.tell(0.5 - 0.000625 * index, power_kw=50.0) for index in range(60)]
    said = next(each for each in judged if not each.is_usable)
    assert codes(said) == ["soc_disagrees_with_power"]
    assert "power by +" in said.why[0]


def test_without_a_measured_power_only_the_speed_is_judged():
    story = Story()
    for index in range(60):
        judged = story.tell(0.5 - 0.000625 * index, power_kw=None)
        assert judged.is_usable


def test_a_power_beyond_the_battery_counts_as_unknown():
    story = Story()
    assert story.tell_for(600, power_kw=6000.0).is_usable


def test_a_smaller_capacity_than_on_the_plate_is_tolerated():
    story = Story()
    for index in range(120):
        judged = story.tell(0.2 + index * 50.0 * 0.9 * 5 / 3600 / 80, power_kw=50.0)
        assert judged.is_usable


def test_tolerances_are_options():
    story = Story(JudgeOptions(jump_per_min=10.0, energy_tolerance_soc=1.0))
    story.tell(0.5)
    assert story.tell(0.9).is_usable


# -- Honest batteries

PROFILES = st.lists(
    st.tuples(st.sampled_from([1.0, 5.0, 10.0, 30.0, 59.0]), st.floats(-60.0, 60.0)), min_size=1, max_size=80
)
MAKES = st.sampled_from(
    [
        battery(),
        battery(charge_taper_soc=0.8, discharge_taper_soc=0.2, standing_loss_per_h=0.01),
        battery(charge_limit_kw=200.0, discharge_limit_kw=10.0, charge_efficiency=0.7),
        battery(capacity_kwh=1000.0, discharge_efficiency=0.6),
    ]
)


@pytest.mark.fault(3)
@given(make=MAKES, profile=PROFILES, soc=st.floats(0, 1), resolution=st.sampled_from([0.0, 0.001, 0.01]))
async def test_an_honest_battery_is_never_refused(make, profile, soc, resolution):
    clock = HandClock()
    honest, judge = FakeBattery(make, clock, soc=soc), StateJudge(make)
    honest.faults.clock_offset = timedelta(seconds=1)
    for sequence, (gap_s, power_kw) in enumerate(profile, start=1):
        truth = honest.soc
        honest.faults.soc_override = min(1.0, round(truth / resolution) * resolution) if resolution else None
        state = await honest.read_state()
        judge.take(state)
        judged = judge.judged(clock.now(), clock.monotonic_s())
        assert judged.is_usable, judged.why
        await honest.send(command(clock, sequence=sequence, power_kw=power_kw))
        clock.pass_s(gap_s)


@pytest.mark.fault(3)
async def test_an_honest_battery_that_is_polled_seldom_is_not_refused():
    clock = HandClock()
    honest, judge = FakeBattery(BATTERY, clock, soc=0.1), StateJudge(BATTERY)
    for sequence in range(1, 60):
        judge.take(await honest.read_state())
        assert judge.judged(clock.now(), clock.monotonic_s()).is_usable
        await honest.send(command(clock, sequence=sequence, power_kw=50.0 if sequence < 30 else -50.0))
        clock.pass_s(59.0)
