"""The command contract: in whatever order they come, nothing expired is followed and the highest epoch wins."""

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.virtual_sites import START, one_battery_site, setpoint, virtual_site
from voltherm.application.virtual_commands import MOST_ANSWERS, CommandGate
from voltherm.application.virtual_log import LogEvent, Verdict
from voltherm.domain.device import Acknowledgement


@pytest.fixture
def virtual():
    virtual = virtual_site(one_battery_site())
    virtual.advance(START)
    return virtual


def sent(virtual, power_kw=10.0, **more):
    return virtual.receive("bess", setpoint(power_kw, virtual.now, **more))[0]


@pytest.mark.pitfall("M14")
def test_an_expired_command_is_refused(virtual):
    late = setpoint(10.0, START - timedelta(seconds=60), seconds=60, epoch=1, sequence=1)
    answer, verdict = virtual.receive("bess", late)

    assert verdict is Verdict.REFUSED
    assert answer.detail.startswith("expired")
    assert virtual.look().power_kw["bess"] == 0


@pytest.mark.fault(7)
def test_an_older_epoch_is_refused_even_after_the_newer_one_fell_silent(virtual):
    sent(virtual, epoch=7, sequence=1)
    virtual.advance(START + timedelta(hours=1))
    answer = sent(virtual, epoch=6, sequence=99)

    assert (answer.is_accepted, answer.detail) == (False, "older epoch: 6, and 7 was seen")


@pytest.mark.parametrize("sequence", [5, 4])
def test_a_sequence_that_is_not_newer_is_refused(virtual, sequence):
    sent(virtual, epoch=7, sequence=5)
    answer = sent(virtual, epoch=7, sequence=sequence)

    assert not answer.is_accepted
    assert answer.detail.startswith("sequence not newer")


def test_a_new_epoch_begins_its_own_sequence(virtual):
    sent(virtual, epoch=7, sequence=500)

    assert sent(virtual, -20.0, epoch=8, sequence=1).is_accepted
    assert virtual.look().power_kw["bess"] == -20


def test_what_was_refused_as_expired_was_seen_all_the_same(virtual):
    virtual.receive("bess", setpoint(10.0, START - timedelta(minutes=5), epoch=8, sequence=3))

    assert not sent(virtual, epoch=7, sequence=1).is_accepted
    assert not sent(virtual, epoch=8, sequence=3).is_accepted
    assert sent(virtual, epoch=8, sequence=4).is_accepted


@pytest.mark.fault(24)
def test_the_same_id_again_gives_the_first_answer_and_does_nothing(virtual):
    first = sent(virtual, 10.0, id="one", epoch=1, sequence=1)
    sent(virtual, 20.0, epoch=1, sequence=2)
    answer, verdict = virtual.receive("bess", setpoint(-50.0, START, id="one", epoch=9, sequence=1))

    assert verdict is Verdict.REPEATED
    assert answer == first
    assert virtual.look().power_kw["bess"] == 20
    assert virtual.devices["bess"].gate.highest_epoch == 1


def test_a_refusal_is_given_again_too(virtual):
    sent(virtual, epoch=2, sequence=1)
    refused = sent(virtual, id="old", epoch=1, sequence=1)

    assert sent(virtual, id="old", epoch=3, sequence=1) == refused


def test_a_plain_command_waits_until_one_with_an_epoch_has_ended(virtual):
    sent(virtual, epoch=1, sequence=1)
    assert sent(virtual).detail.startswith("no epoch: a command of epoch 1 holds until")
    virtual.advance(START + timedelta(seconds=60))
    assert sent(virtual).is_accepted
    assert sent(virtual, 5.0).is_accepted


def test_a_setpoint_beyond_the_limit_is_cut_and_says_so(virtual):
    answer = sent(virtual, -80.0)

    assert (answer.is_accepted, answer.power_kw) == (True, -50)
    assert answer.detail == "cut from -80 kW to the limit of now"


@pytest.mark.pitfall("M14")
def test_no_command_is_held_for_more_than_a_day_and_the_answer_says_so(virtual):
    answer = sent(virtual, 0.5, seconds=10 * 86_400)

    assert answer.valid_until == START + timedelta(days=1)
    virtual.advance(START + timedelta(days=1))
    assert virtual.look().power_kw["bess"] == 0


def test_answers_are_remembered_within_bounds():
    gate = CommandGate()
    for n in range(MOST_ANSWERS + 5):
        gate.remember(Acknowledgement(command_id=str(n), is_accepted=True))

    assert gate.first_answer("4") is None
    assert gate.first_answer("5") is not None


class Commands(RuleBasedStateMachine):
    """Sends what two holders, a replaying network and a plain program may send, against a model of six lines."""

    def __init__(self):
        super().__init__()
        self.virtual = virtual_site(one_battery_site())
        self.virtual.advance(START)
        self.seen = (-1, 0)
        self.followed = None
        self.first_answers = {}

    def send(self, command):
        """Send it, and expect what the contract says."""
        self.expire()
        ordered = command.epoch is not None
        if command.id in self.first_answers:
            expected = self.first_answers[command.id].is_accepted
            answer, verdict = self.virtual.receive("bess", command)
            assert verdict is Verdict.REPEATED
            assert answer is self.first_answers[command.id]
            assert answer.is_accepted == expected
            return
        newest = not ordered or (command.epoch, command.sequence) > self.seen
        is_taken = newest and command.valid_until > self.virtual.now
        if not ordered:
            is_taken = is_taken and (self.followed is None or self.followed.epoch is None)
        answer, _ = self.virtual.receive("bess", command)
        assert answer.is_accepted == is_taken
        self.first_answers[command.id] = answer
        self.seen = max(self.seen, (command.epoch, command.sequence)) if ordered else self.seen
        self.followed = command if is_taken else self.followed

    def expire(self):
        """Forget what has ended."""
        if self.followed is not None and self.followed.valid_until <= self.virtual.now:
            self.followed = None

    @rule(
        epoch=st.integers(0, 3),
        sequence=st.integers(1, 6),
        kw=st.floats(-50, 50),
        age_s=st.integers(0, 120),
        seconds=st.integers(1, 180),
    )
    def holder(self, epoch, sequence, kw, age_s, seconds):
        made = self.virtual.now - timedelta(seconds=age_s)
        self.send(setpoint(kw, made, seconds=seconds, epoch=epoch, sequence=sequence))

    @rule(kw=st.floats(-50, 50), seconds=st.integers(1, 60))
    def plain(self, kw, seconds):
        self.send(setpoint(kw, self.virtual.now, seconds=seconds))

    @precondition(lambda self: self.first_answers)
    @rule(data=st.data(), kw=st.floats(-50, 50))
    def replayed(self, data, kw):
        name = data.draw(st.sampled_from(sorted(self.first_answers)))
        self.send(setpoint(kw, self.virtual.now, id=name, epoch=3, sequence=6))

    @rule(seconds=st.integers(1, 200))
    def time_passes(self, seconds):
        self.virtual.advance(self.virtual.now + timedelta(seconds=seconds))
        self.expire()

    @invariant()
    def the_battery_does_what_the_model_follows(self):
        wanted = 0.0 if self.followed is None else self.followed.power_kw
        flowing = self.virtual.look()
        is_free = 0.02 < flowing.soc["bess"] < 0.98
        assert not is_free or flowing.power_kw["bess"] == pytest.approx(wanted)

    @invariant()
    def epochs_that_are_followed_never_fall(self):
        started = [e.epoch for e in self.virtual.log.entries() if e.event is LogEvent.STARTED and e.epoch is not None]
        assert started == sorted(started)

    @invariant()
    def the_meter_loses_nothing(self):
        view = self.virtual.look()
        assert abs(view.totals.imbalance_kwh(self.virtual.stored_more_kwh(view))) < 1e-6


TestCommands = pytest.mark.fault(24)(pytest.mark.pitfall("M14")(Commands.TestCase))
TestCommands.settings = settings(max_examples=60, stateful_step_count=30)
