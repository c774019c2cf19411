"""Whether a battery does what it was told: by measured power, with one alarm and a way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sites import battery
from tests.unit.adapters.devices.bench import HandClock, command
from tests.unit.application.battery_story import BATTERY, BEGAN_S, reading
from voltherm.adapters.devices.in_memory import FakeBattery
from voltherm.application.confirm_commands import CommandWatch, WatchOptions
from voltherm.domain.device import Acknowledgement, CommandEcho, CommandKind, CommandStage, DeviceMode
from voltherm.domain.errors import InvalidInputError

CLOCK = HandClock()


class Watching:
    """A watch that is told commands and readings at seconds."""

    def __init__(self, options=None, of=BATTERY):
        self.watch = CommandWatch(of, options)
        self.sequence = 0

    def send(self, seconds, power_kw, answer="accepted", **changes):
        self.sequence += 1
        told = command(CLOCK, sequence=self.sequence, power_kw=power_kw, **changes)
        answers = {
            "accepted": Acknowledgement(command_id=told.id, is_accepted=True),
            "refused": Acknowledgement(command_id=told.id, is_accepted=False),
            "lost": None,
        }
        said = (
            answers[answer]
            if isinstance(answer, str)
            else Acknowledgement(command_id=told.id, is_accepted=True, power_kw=answer)
        )
        self.watch.sent(told, said, BEGAN_S + seconds)
        return told

    def look(self, seconds, power_kw, soc=0.5, **changes):
        state = reading(seconds, soc, power_kw=power_kw, **changes)
        return self.watch.look(state, BEGAN_S + seconds)

    def stages(self, seconds, power_kw, soc=0.5, **changes):
        return [verdict.stage for verdict in self.look(seconds, power_kw, soc, **changes)]

    def miss(self, times, start=0):
        for index in range(times):
            self.send(start + 20 * index, 40.0)
            self.look(start + 20 * index + 16, 0.0)


OBSERVED, MISSED = CommandStage.OBSERVED, CommandStage.MISSED


@pytest.mark.pitfall("M14")
def test_a_power_that_follows_is_observed_once():
    watching = Watching()
    told = watching.send(0, 40.0)
    assert watching.look(2, 10.0) == ()
    (verdict,) = watching.look(6, 39.0)
    assert (verdict.command, verdict.stage, verdict.measured_kw) == (told, OBSERVED, 39.0)
    assert verdict.detail == "told 40 kW, measured 39 kW"
    assert watching.look(8, 0.0) == ()


@pytest.mark.fault(5)
@pytest.mark.pitfall("M14")
def test_a_power_that_does_not_follow_is_missed_after_the_ramp():
    watching = Watching()
    watching.send(0, 40.0)
    assert watching.look(14, 0.0) == ()
    (verdict,) = watching.look(16, 0.0)
    assert (verdict.stage, verdict.detail) == (MISSED, "told 40 kW, measured 0 kW after 16 s")


@pytest.mark.parametrize(
    ("options", "measured_kw", "stage"),
    [
        (None, 37.6, OBSERVED),
        (None, 37.4, MISSED),
        (WatchOptions(min_step_kw=2.0), 36.1, OBSERVED),
        (WatchOptions(min_step_kw=2.0), 35.9, MISSED),
    ],
)
def test_the_tolerance_is_five_percent_of_the_rating_or_two_steps(options, measured_kw, stage):
    watching = Watching(options)
    watching.send(0, 40.0)
    assert watching.stages(16, measured_kw) == [stage]


def test_a_slow_inverter_has_the_time_of_its_ramp():
    watching = Watching(of=battery(ramp_limit_kw_per_min=60.0))
    watching.send(0, 40.0)
    assert watching.stages(50, 30.0) == []
    assert watching.stages(56, 30.0) == [MISSED]


@pytest.mark.fault(5)
def test_renewals_do_not_put_the_verdict_off():
    watching = Watching()
    missed = 0
    for seconds in range(0, 60, 5):
        missed += len(watching.look(seconds, 0.0))
        watching.send(seconds, 40.0)
    assert missed == 9
    assert watching.watch.is_degraded


def test_a_setpoint_that_was_replaced_before_its_ramp_is_no_miss():
    watching = Watching()
    watching.send(0, 40.0)
    watching.send(5, -20.0)
    assert watching.stages(16, -20.0) == [OBSERVED]
    assert watching.stages(30, -20.0) == []


# -- What explains a difference


@pytest.mark.fault(4)
@pytest.mark.parametrize(
    "explanation",
    [
        {"charge_limit_kw": 10.0},
        {"soc": 0.99},
        {"of": battery(charge_taper_soc=0.3), "soc": 0.86},
        {"answer": 10.0},
    ],
    ids=["limit of now", "nearly full", "taper", "the device said so"],
)
def test_a_difference_that_is_explained_is_no_miss(explanation):
    watching = Watching(of=explanation.pop("of", BATTERY))
    watching.send(0, 40.0, explanation.pop("answer", "accepted"))
    assert watching.stages(16, 10.0, **explanation) == [OBSERVED]


def test_an_answer_that_promises_more_or_the_opposite_explains_nothing():
    watching = Watching()
    watching.send(0, 40.0, -20.0)
    assert watching.stages(16, -20.0) == [MISSED]


@pytest.mark.fault(4)
@pytest.mark.parametrize("mode", [DeviceMode.LOCAL, DeviceMode.FAULT, DeviceMode.STANDBY])
def test_a_battery_that_is_not_ours_misses_nothing(mode):
    watching = Watching()
    watching.send(0, 40.0)
    assert watching.stages(10, 0.0, mode=mode) == []
    assert watching.stages(20, 0.0) == []


def test_after_its_validity_a_command_is_judged_no_more():
    watching = Watching()
    watching.send(0, 40.0)
    assert watching.stages(61, 0.0) == []
    assert watching.stages(62, 0.0) == []


def test_without_a_measured_power_nothing_is_said():
    watching = Watching()
    watching.send(0, 40.0)
    assert watching.stages(20, None) == []
    assert watching.stages(21, 40.0) == [OBSERVED]


def test_the_same_old_reading_again_says_nothing_of_a_later_command():
    watching = Watching()
    old = reading(0, power_kw=0.0)
    watching.send(1, 40.0)
    assert watching.watch.look(old, BEGAN_S + 30) == ()


@pytest.mark.parametrize("answer", ["refused", "lost"])
def test_a_command_that_was_not_accepted_is_not_missed(answer):
    watching = Watching()
    watching.send(0, 40.0, answer)
    assert watching.stages(16, 0.0) == []


def test_a_command_whose_answer_was_lost_may_be_observed():
    watching = Watching()
    watching.send(0, 40.0, "lost")
    assert watching.stages(6, 40.0) == [OBSERVED]


def test_a_release_ends_the_watch():
    watching = Watching()
    watching.send(0, 40.0)
    watching.send(1, 0.0, kind=CommandKind.RELEASE)
    assert watching.stages(20, 7.0) == []


# -- Degraded


@pytest.mark.fault(5)
def test_three_misses_are_one_alarm_and_three_good_ones_end_it():
    watching = Watching()
    watching.miss(2)
    assert watching.watch.degraded == ""
    watching.miss(4, start=40)
    assert watching.watch.is_degraded
    assert "told 40 kW, measured 0 kW" in watching.watch.degraded
    for index in range(3):
        assert watching.watch.is_degraded
        watching.send(200 + 20 * index, 40.0)
        watching.look(216 + 20 * index, 40.0)
    assert not watching.watch.is_degraded


@pytest.mark.fault(5)
def test_misses_that_are_not_one_after_the_other_are_no_alarm():
    watching = Watching()
    for start in range(0, 600, 60):
        watching.miss(2, start=start)
        watching.send(start + 40, 40.0)
        watching.look(start + 56, 40.0)
    assert not watching.watch.is_degraded


@pytest.mark.fault(5)
def test_resting_when_told_to_rest_proves_nothing():
    watching = Watching()
    watching.miss(2)
    watching.send(40, 0.0)
    assert watching.stages(56, 0.0) == [OBSERVED]
    watching.miss(1, start=60)
    assert watching.watch.is_degraded


@pytest.mark.fault(5)
def test_one_that_does_not_follow_is_tried_again_after_a_quarter_of_an_hour():
    watching = Watching()
    watching.miss(3)
    assert not watching.watch.may_command(BEGAN_S + 100)
    assert watching.watch.may_command(BEGAN_S + 56 + 900)
    watching.send(1000, 40.0)
    watching.look(1016, 40.0)
    assert watching.watch.may_command(BEGAN_S + 1017)
    assert watching.watch.is_degraded


# -- Other controllers


def test_a_foreign_command_is_shown_and_stands_in_the_miss():
    watching = Watching()
    watching.send(0, 40.0)
    echo = CommandEcho(command_id="vendor-1", power_kw=-10.0)
    (verdict,) = watching.look(16, -10.0, echo=echo)
    assert "'vendor-1' (-10 kW)" in watching.watch.other_controller
    assert watching.watch.other_controller in verdict.detail
    watching.look(20, -10.0)
    assert watching.watch.other_controller == ""


def test_our_own_command_is_known_again():
    watching = Watching()
    told = watching.send(0, 40.0)
    watching.look(5, 40.0, echo=CommandEcho(command_id=told.id, power_kw=40.0))
    assert watching.watch.other_controller == ""


@pytest.mark.parametrize(("echo_kw", "is_shown"), [(40.0, False), (-10.0, True)])
def test_where_a_device_keeps_no_ids_the_power_tells(echo_kw, is_shown):
    watching = Watching()
    watching.send(0, 40.0)
    watching.look(20, 3.0, echo=CommandEcho(command_id=None, power_kw=echo_kw))
    assert bool(watching.watch.other_controller) is is_shown


# -- With a battery


@pytest.mark.fault(5)
@pytest.mark.parametrize("is_lying", [True, False])
async def test_a_liar_is_found_within_a_minute_and_an_honest_battery_never(is_lying):
    clock, watch = HandClock(), CommandWatch(BATTERY)
    bess = FakeBattery(BATTERY, clock)
    bess.faults.is_lying = is_lying
    for sequence in range(1, 7):
        watch.look(await bess.read_state(), clock.monotonic_s())
        told = command(clock, sequence=sequence, power_kw=30.0 * (-1) ** (sequence // 3))
        watch.sent(told, await bess.send(told), clock.monotonic_s())
        clock.pass_s(10)
    assert watch.is_degraded is is_lying


@pytest.mark.parametrize("name", ["ramp_s", "n_misses", "retry_s"])
def test_options_that_cannot_be_are_refused(name):
    with pytest.raises(InvalidInputError, match=name):
        WatchOptions(**{name: 0})


@given(
    told=st.lists(
        st.tuples(
            st.floats(0, 30),
            st.floats(-50, 50),
            st.sampled_from(["accepted", "refused", "lost"]),
            st.none() | st.floats(-60, 60),
        ),
        max_size=30,
    )
)
def test_a_command_has_at_most_one_verdict(told):
    watching, seconds, verdicts = Watching(), 0.0, []
    for gap_s, power_kw, answer, measured_kw in told:
        watching.send(seconds, power_kw, answer)
        seconds += gap_s
        verdicts += watching.look(seconds, measured_kw)
    ids = [verdict.command.id for verdict in verdicts]
    assert len(ids) == len(set(ids))
