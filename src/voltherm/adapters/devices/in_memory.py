"""A battery and a meter that exist in memory only: real adapters, for demos and tests, with faults to switch on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from voltherm.adapters.devices.answer_fields import AnswerFields
from voltherm.adapters.devices.soc_field import SocUnit, read_soc
from voltherm.adapters.devices.truth_log import Truth, TruthLog
from voltherm.domain.assets import Battery
from voltherm.domain.control import Measured
from voltherm.domain.device import (
    Acknowledgement,
    CommandEcho,
    CommandKind,
    DeviceCommand,
    DeviceMode,
    DeviceState,
    MeterState,
)
from voltherm.domain.time import Interval, utc_instant
from voltherm.physics.battery import battery_step, limit_or
from voltherm.ports.clock import Clock
from voltherm.ports.errors import Unavailable

LONGEST_STEP_S: Final = 10.0
"""The battery is simulated in steps no longer than this, so that tapers and empty cells show when they begin."""
LONGEST_REST_S: Final = 900.0
"""At rest nothing happens but standing loss."""
PROFILE_STEP: Final = timedelta(minutes=1)
"""Means of profiles are taken from values so far apart."""
QUARTER_HOUR: Final = timedelta(minutes=15)

Profile = Callable[[datetime], float]
"""Power at an instant. [kW]"""


@dataclass(slots=True, kw_only=True)
class BatteryFaults:
    """What is wrong with a battery in memory; each may be switched at any time.

    Parameters
    ----------
    is_silent : bool
        Nothing is answered and no command heard.
    loses_answers : bool
        Commands are heard and followed, but no answer comes back.
    is_lying : bool
        Commands are acknowledged and echoed, and the power does not follow.
    is_frozen : bool
        Every reading repeats the last one, time and heartbeat included.
    has_dead_heart : bool
        The heartbeat stands still; all else goes on.
    soc_override : object
        What is told in place of the true SOC, as raw JSON; None tells the truth.
    clock_offset : timedelta
        How far the device's clock is ahead.
    """

    is_silent: bool = False
    loses_answers: bool = False
    is_lying: bool = False
    is_frozen: bool = False
    has_dead_heart: bool = False
    soc_override: object = None
    clock_offset: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A command that reached a battery, and what it answered, whether or not the answer arrived."""

    at: datetime
    command: DeviceCommand
    answer: Acknowledgement


class SteadyTime:
    """Instants that pass with the monotonic clock: jumps of the wall clock after the start do not reach them.

    Parameters
    ----------
    clock : Clock
        Read once for the instant, and from then on for the seconds.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.began_at, self.began_s = clock.now(), clock.monotonic_s()

    def now_s(self) -> float:
        """Return the moment of now by the monotonic clock. [s]."""
        return self._clock.monotonic_s()

    def now(self) -> datetime:
        """Return the instant of now."""
        return self.began_at + timedelta(seconds=self.now_s() - self.began_s)

    def seconds_of(self, moment: datetime) -> float:
        """Return the moment of the monotonic clock that belongs to an instant. [s]."""
        return self.began_s + (moment - self.began_at).total_seconds()


class FakeBattery:
    """A battery in memory that keeps to the command contract of docs/wire.md.

    A command ends at its ``valid_until`` by the device's clock, and never lasts longer than it was meant to: a sender
    whose clock is ahead must not hold the battery for longer.

    Parameters
    ----------
    battery : Battery
        What it is.
    clock : Clock
        Its time.
    soc : float
        State of charge at the start.
    default_kw : float
        What it does without a command, charging positive; it rests by default. [kW]
    """

    def __init__(self, battery: Battery, clock: Clock, *, soc: float = 0.5, default_kw: float = 0.0) -> None:
        self.battery = battery
        self.faults = BatteryFaults()
        self.mode = DeviceMode.READY
        self.charge_limit_kw: float | None = None
        self.discharge_limit_kw: float | None = None
        self.alarms: tuple[str, ...] = ()
        self.heard: list[Heard] = []
        self._clock, self._time = clock, SteadyTime(clock)
        self.truth = TruthLog(self._time.began_s, soc)
        self._default_kw = default_kw
        self._lived_until_s = self._time.began_s
        self._energy_kwh, self._power_kw = soc * battery.capacity_kwh, 0.0
        self._held: tuple[DeviceCommand, float] | None = None
        self._answers: dict[str, Acknowledgement] = {}
        self._epoch, self._sequence = 0, 0
        self._told: DeviceState | None = None

    @property
    def soc(self) -> float:
        """True state of charge now."""
        self.advance()
        return self._energy_kwh / self.battery.capacity_kwh

    @property
    def power_kw(self) -> float:
        """True AC power of the last moment, charging positive. [kW]."""
        self.advance()
        return self._power_kw

    async def read_state(self) -> DeviceState:
        """Return the state of now, as far as the faults let it through."""
        self.advance()
        if self.faults.is_silent:
            raise Unavailable(f"{self.battery.id}: does not answer")
        if self._told is None or not self.faults.is_frozen:
            self._told = self._state()
        return replace(self._told, received_at=self._clock.now(), received_s=self._clock.monotonic_s())

    async def send(self, command: DeviceCommand) -> Acknowledgement:
        """Hear a command and return the answer; the same id again gives the first answer again."""
        self.advance()
        if self.faults.is_silent:
            raise Unavailable(f"{self.battery.id}: does not answer")
        answer = self._answers.get(command.id) or self._answer_to(command)
        self._answers[command.id] = answer
        self.heard.append(Heard(at=self._device_now(), command=command, answer=answer))
        if self.faults.loses_answers:
            raise Unavailable(f"{self.battery.id}: the answer was lost")
        return answer

    def advance(self) -> None:
        """Live up to now."""
        now_s = self._time.now_s()
        while self._lived_until_s < now_s:
            self._end_what_is_over()
            longest_s = LONGEST_STEP_S if self._asked_kw() else LONGEST_REST_S
            expires_s = now_s if self._held is None else self._held[1]
            self._live_until(min(now_s, self._lived_until_s + longest_s, expires_s))
        self._end_what_is_over()

    def _end_what_is_over(self) -> None:
        if self._held is not None and self._held[1] <= self._lived_until_s:
            self._held = None

    def _live_until(self, end_s: float) -> None:
        asked_kw = min(max(self._asked_kw(), -self._limits_kw()[1]), self._limits_kw()[0])
        step_h = (end_s - self._lived_until_s) / 3600
        self._power_kw, self._energy_kwh = battery_step(self.battery, self._energy_kwh, asked_kw, step_h)
        follows = None if self._held is None or self.faults.is_lying else self._held[0].id
        self.truth.append(
            Truth(
                start_s=self._lived_until_s,
                end_s=end_s,
                power_kw=self._power_kw,
                soc=self._energy_kwh / self.battery.capacity_kwh,
                command_id=follows,
            )
        )
        self._lived_until_s = end_s

    def _asked_kw(self) -> float:
        if self.mode is not DeviceMode.READY:
            return 0.0
        return self._default_kw if self._held is None or self.faults.is_lying else self._held[0].power_kw

    def _limits_kw(self) -> tuple[float, float]:
        charge = limit_or(self.charge_limit_kw, self.battery.charge_limit_kw)
        discharge = limit_or(self.discharge_limit_kw, self.battery.discharge_limit_kw)
        return float(charge), float(discharge)

    def _device_now(self) -> datetime:
        return self._time.now() + self.faults.clock_offset

    def _state(self) -> DeviceState:
        soc = self._energy_kwh / self.battery.capacity_kwh
        told = soc if self.faults.soc_override is None else self.faults.soc_override
        answer = AnswerFields({"soc": told}, [])
        charge_kw, discharge_kw = self._limits_kw()
        beats_s = 0.0 if self.faults.has_dead_heart else self._lived_until_s - self._time.began_s
        return DeviceState(
            device_id=self.battery.id,
            received_at=self._clock.now(),
            received_s=self._clock.monotonic_s(),
            measured_at=self._device_now(),
            soc=read_soc(answer, "soc", SocUnit.FRACTION),
            power_kw=self._power_kw,
            charge_limit_kw=charge_kw,
            discharge_limit_kw=discharge_kw,
            mode=self.mode,
            heartbeat=int(beats_s),
            alarms=self.alarms,
            echo=self._echo(),
            problems=tuple(answer.problems),
        )

    def _echo(self) -> CommandEcho | None:
        if self._held is None:
            return None
        command, until_s = self._held
        valid_until = self._device_now() + timedelta(seconds=until_s - self._lived_until_s)
        return CommandEcho(command_id=command.id, power_kw=command.power_kw, valid_until=valid_until)

    def _answer_to(self, command: DeviceCommand) -> Acknowledgement:
        left_s = (command.valid_until - self._device_now()).total_seconds()
        refusal = self._refusal(command, left_s)
        if refusal:
            return Acknowledgement(command_id=command.id, is_accepted=False, detail=refusal)
        self._epoch, self._sequence = command.epoch, command.sequence
        if command.kind is CommandKind.RELEASE:
            self._held = None
            return Acknowledgement(command_id=command.id, is_accepted=True)
        meant_s = (command.valid_until - command.issued_at).total_seconds()
        held_s = min(left_s, meant_s)
        self._held = (command, self._lived_until_s + held_s)
        charge_kw, discharge_kw = self._limits_kw()
        return Acknowledgement(
            command_id=command.id,
            is_accepted=True,
            power_kw=min(max(command.power_kw, -discharge_kw), charge_kw),
            valid_until=self._device_now() + timedelta(seconds=held_s),
        )

    def _refusal(self, command: DeviceCommand, left_s: float) -> str:
        """Why a command is not followed; empty where it is."""
        if command.epoch < self._epoch:
            return f"epoch {command.epoch} is older than {self._epoch}"
        if command.epoch == self._epoch and command.sequence <= self._sequence:
            return f"sequence {command.sequence} is not above {self._sequence}"
        if left_s <= 0:
            return f"expired at {command.valid_until.isoformat()}, it is {self._device_now().isoformat()}"
        return "" if self.mode is DeviceMode.READY else f"mode is {self.mode}"


@dataclass(slots=True, kw_only=True)
class MeterFaults:
    """What is wrong with a meter in memory.

    Parameters
    ----------
    is_silent : bool
        Nothing is answered.
    is_frozen : bool
        The reading of now repeats the last one, time included.
    """

    is_silent: bool = False
    is_frozen: bool = False


class FakeMeter:
    """A meter in memory: loads less PV plus batteries.

    Parameters
    ----------
    clock : Clock
        Its time.
    loads, pv : Mapping of asset id to Profile
        Consumption, and available production (non-negative).
    batteries : Mapping of battery id to FakeBattery
        What stands behind it.
    remembers : timedelta
        For how long before its start it tells intervals, the batteries at rest.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        loads: Mapping[str, Profile],
        pv: Mapping[str, Profile] | None = None,
        batteries: Mapping[str, FakeBattery] | None = None,
        remembers: timedelta = timedelta(0),
    ) -> None:
        self.faults = MeterFaults()
        self._clock, self._time = clock, SteadyTime(clock)
        self._loads, self._pv, self._batteries = loads, pv or {}, batteries or {}
        self._remembers_from = self._time.began_at - remembers
        self._told: MeterState | None = None

    async def read_meter(self) -> MeterState:
        """Return the power of now and the running interval's mean since its begin, or since the meter's."""
        self._require_a_voice()
        if self._told is None or not self.faults.is_frozen:
            self._told = self._state()
        return replace(self._told, received_at=self._clock.now(), received_s=self._clock.monotonic_s())

    async def read_intervals(self, since: datetime) -> tuple[Measured, ...]:
        """Return the quarter-hours that are over and began at ``since`` or later, oldest first."""
        self._require_a_voice()
        start = _quarter_from(max(utc_instant(since, "since"), self._remembers_from))
        measured = []
        while start + QUARTER_HOUR <= self._time.now():
            measured.append(self._measured(Interval(start, start + QUARTER_HOUR)))
            start += QUARTER_HOUR
        return tuple(measured)

    def _require_a_voice(self) -> None:
        if self.faults.is_silent:
            raise Unavailable("meter: does not answer")

    def _state(self) -> MeterState:
        now = self._time.now()
        start = _quarter_of(now)
        known_from = max(start, self._remembers_from)
        mean_kw = None if known_from >= now else self._grid_kw(self._means_kw(known_from, now))
        powers = {name: profile(now) for name, profile in (*self._loads.items(), *self._pv.items())}
        powers |= {name: battery.power_kw for name, battery in self._batteries.items()}
        return MeterState(
            received_at=self._clock.now(),
            received_s=self._clock.monotonic_s(),
            measured_at=now,
            grid_kw=self._grid_kw(powers),
            interval_start=None if mean_kw is None else start,
            interval_mean_kw=mean_kw,
        )

    def _measured(self, interval: Interval) -> Measured:
        means_kw = self._means_kw(interval.start, interval.end)
        end_s = self._time.seconds_of(interval.end)
        socs = {name: battery.truth.soc_at(end_s) for name, battery in self._batteries.items()}
        return Measured(interval=interval, grid_kw=self._grid_kw(means_kw), power_kw=means_kw, soc=socs)

    def _means_kw(self, start: datetime, end: datetime) -> dict[str, float]:
        profiles = {**self._loads, **self._pv}
        moments = [start + n * PROFILE_STEP for n in range(max(1, (end - start) // PROFILE_STEP))]
        means = {name: sum(map(profile, moments)) / len(moments) for name, profile in profiles.items()}
        start_s, end_s = self._time.seconds_of(start), self._time.seconds_of(end)
        for name, battery in self._batteries.items():
            battery.advance()
            means[name] = battery.truth.mean_kw(start_s, end_s)
        return means

    def _grid_kw(self, powers_kw: Mapping[str, float]) -> float:
        return sum(-power if name in self._pv else power for name, power in powers_kw.items())


def _quarter_of(moment: datetime) -> datetime:
    return moment - timedelta(seconds=moment.timestamp() % QUARTER_HOUR.total_seconds())


def _quarter_from(moment: datetime) -> datetime:
    quarter = _quarter_of(moment)
    return quarter if quarter == moment else quarter + QUARTER_HOUR
