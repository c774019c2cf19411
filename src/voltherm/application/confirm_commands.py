"""Whether a battery does what it was told: by its measured power, not by what it answers."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from voltherm.domain.assets import Battery
from voltherm.domain.device import Acknowledgement, CommandKind, CommandStage, DeviceCommand, DeviceMode, DeviceState
from voltherm.domain.errors import InvalidInputError
from voltherm.physics.battery import limit_or, taper_limit_kw

END_SOC: Final = 0.02
"""So near full or empty every battery takes or gives what it likes, whether or not it tells a limit."""
OWN_IDS: Final = 1000
"""So many of our own commands are known again in what a battery says it follows."""
SETPOINTS_KEPT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """When a command counts as followed.

    Parameters
    ----------
    ramp_s : float
        How long a battery may take to get there; longer where its own ramp limit says so. [s]
    tolerance_share : float
        Share of the rated power by which the measured one may differ.
    min_step_kw : float
        Resolution of its setpoint; two steps may be missing. [kW]
    n_misses : int
        So many misses one after the other, and the battery counts as one that does not follow.
    n_good : int
        So many followed commands one after the other, and it counts as one that does.
    retry_s : float
        After so long without a command one that does not follow may be tried again. [s]
    """

    ramp_s: float = 15.0
    tolerance_share: float = 0.05
    min_step_kw: float = 0.0
    n_misses: int = 3
    n_good: int = 3
    retry_s: float = 900.0

    def __post_init__(self) -> None:
        for name in ("ramp_s", "tolerance_share", "n_misses", "n_good", "retry_s"):
            if not 0 < getattr(self, name) < float("inf"):
                message = f"watch options: {name} is {getattr(self, name)}, must be above 0 and finite"
                raise InvalidInputError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the measured power said of a command.

    Parameters
    ----------
    command : DeviceCommand
        The command.
    stage : CommandStage
        ``OBSERVED`` or ``MISSED``.
    detail : str
        In words.
    measured_kw : float
        The power that decided, charging positive. [kW]
    """

    command: DeviceCommand
    stage: CommandStage
    detail: str
    measured_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    """A command whose effect is not known yet."""

    command: DeviceCommand
    told_kw: float
    sent_s: float
    due_s: float
    ends_s: float
    is_accepted: bool
    tells: bool
    """Whether following it shows anything: a battery at rest that is told to rest does so anyway."""


class CommandWatch:
    """Remembers what one battery was told and compares it with what it does.

    Tell every ``sent`` command and ``look`` at every reading. Each accepted setpoint gets at most one verdict: observed
    as soon as the power fits, missed when it does not after the ramp. None is given where the power is not measured,
    where the battery is not ours to command, where a later setpoint explains the power, or after its validity.

    Parameters
    ----------
    battery : Battery
        Ratings, ramp and tapers.
    options : WatchOptions, optional
        Tolerances and counts.
    """

    def __init__(self, battery: Battery, options: WatchOptions | None = None) -> None:
        self._battery = battery
        self._options = options or WatchOptions()
        rating_kw = max(battery.charge_limit_kw, battery.discharge_limit_kw)
        share, step_kw = self._options.tolerance_share, self._options.min_step_kw
        self.tolerance_kw = max(share * rating_kw, 2 * step_kw)
        self._watched: list[_Watched] = []
        self._setpoints: deque[tuple[float, float]] = deque(maxlen=SETPOINTS_KEPT)
        self._ours: deque[str] = deque(maxlen=OWN_IDS)
        self._measured_kw: float | None = None
        self._n_missed, self._n_good = 0, 0
        self._last_missed: Verdict | None = None
        self._last_verdict_s = -float("inf")
        self._is_degraded = False
        self._other = ""

    @property
    def is_degraded(self) -> bool:
        """Whether the battery counts as one that does not follow: it is to be planned around."""
        return self._is_degraded

    @property
    def degraded(self) -> str:
        """Why it counts as one, in words; empty while it follows."""
        if not self._is_degraded or self._last_missed is None:
            return ""
        return f"{self._options.n_misses} commands one after the other were not followed: {self._last_missed.detail}"

    @property
    def other_controller(self) -> str:
        """Whose command the battery says it follows, where it is not ours, in words; empty otherwise."""
        return self._other

    def may_command(self, now_s: float) -> bool:
        """Return whether to send setpoints: to one that does not follow only now and then, to see whether it does.

        Parameters
        ----------
        now_s : float
            The moment, by the monotonic clock. [s]
        """
        return not self._is_degraded or self._n_good > 0 or now_s - self._last_verdict_s >= self._options.retry_s

    def sent(self, command: DeviceCommand, answer: Acknowledgement | None, sent_s: float) -> None:
        """Take in a command that was sent, and its answer.

        Parameters
        ----------
        command : DeviceCommand
            What was sent. A release ends the watch: what a battery does of its own is not known.
        answer : Acknowledgement or None
            What it answered; None where nothing came. Such a command may be observed, but never missed.
        sent_s : float
            When, by the monotonic clock. [s]
        """
        self._ours.append(command.id)
        if command.kind is CommandKind.RELEASE:
            self._watched.clear()
            self._setpoints.clear()
            return
        if answer is not None and not answer.is_accepted:
            return
        before_kw = self._measured_kw or 0.0
        told_kw = command.power_kw if answer is None else _told_kw(command.power_kw, answer.power_kw)
        tells = max(abs(told_kw), abs(before_kw)) > self.tolerance_kw
        self._setpoints.append((sent_s, command.power_kw))
        self._watched.append(
            _Watched(
                command=command,
                told_kw=told_kw,
                sent_s=sent_s,
                due_s=sent_s + self._ramp_s(told_kw - before_kw),
                ends_s=sent_s + (command.valid_until - command.issued_at).total_seconds(),
                is_accepted=answer is not None,
                tells=tells,
            )
        )

    def look(self, state: DeviceState, now_s: float) -> tuple[Verdict, ...]:
        """Return what a reading says of the commands that wait for a verdict.

        Parameters
        ----------
        state : DeviceState
            The last reading; the same one again says nothing.
        now_s : float
            The moment, by the monotonic clock. [s]
        """
        self._other = self._other_controller(state)
        if state.power_kw is not None:
            self._measured_kw = state.power_kw
        if state.mode is not DeviceMode.READY:
            self._watched.clear()
        verdicts, waiting = [], []
        for watched in self._watched:
            verdict = self._verdict(watched, state)
            if verdict is not None:
                self._count(watched, verdict, state.received_s)
                verdicts.append(verdict)
            elif now_s < watched.ends_s and not self._is_superseded(watched, state):
                waiting.append(watched)
        self._watched = waiting
        return tuple(verdicts)

    def _verdict(self, watched: _Watched, state: DeviceState) -> Verdict | None:
        """Return the verdict on one command; None while there is none."""
        measured_kw = state.power_kw
        if measured_kw is None or not watched.sent_s < state.received_s < watched.ends_s:
            return None
        wanted_kw = watched.command.power_kw
        reachable_kw = (wanted_kw, watched.told_kw, self._limited_kw(wanted_kw, state))
        if min(reachable_kw) - self.tolerance_kw <= measured_kw <= max(reachable_kw) + self.tolerance_kw:
            detail = f"told {wanted_kw:.4g} kW, measured {measured_kw:.4g} kW"
            return Verdict(command=watched.command, stage=CommandStage.OBSERVED, detail=detail, measured_kw=measured_kw)
        if state.received_s < watched.due_s or not watched.is_accepted or self._is_superseded(watched, state):
            return None
        detail = (
            f"told {wanted_kw:.4g} kW, measured {measured_kw:.4g} kW after {state.received_s - watched.sent_s:.0f} s"
        )
        detail = f"{detail}; {self._other}" if self._other else detail
        return Verdict(command=watched.command, stage=CommandStage.MISSED, detail=detail, measured_kw=measured_kw)

    def _is_superseded(self, watched: _Watched, state: DeviceState) -> bool:
        """Whether later setpoints explain the power by the time that this one should have been followed."""
        if state.power_kw is None or state.received_s < watched.due_s:
            return False
        powers_kw = [power for at_s, power in self._setpoints if watched.sent_s <= at_s < state.received_s]
        powers_kw += [self._limited_kw(power, state) for power in powers_kw]
        if not powers_kw:
            return False
        return min(powers_kw) - self.tolerance_kw <= state.power_kw <= max(powers_kw) + self.tolerance_kw

    def _limited_kw(self, power_kw: float, state: DeviceState) -> float:
        """The power that the limits of now, the taper and the ends of the SOC leave of a setpoint."""
        battery, is_charging = self._battery, power_kw > 0
        if is_charging:
            limit_kw = float(limit_or(state.charge_limit_kw, battery.charge_limit_kw))
        else:
            limit_kw = float(limit_or(state.discharge_limit_kw, battery.discharge_limit_kw))
        if state.soc is not None:
            limit_kw = min(limit_kw, taper_limit_kw(battery, state.soc * battery.capacity_kwh, charging=is_charging))
            room = 1 - state.soc if is_charging else state.soc
            limit_kw = 0.0 if room <= END_SOC else limit_kw
        return min(max(power_kw, -limit_kw), limit_kw)

    def _ramp_s(self, change_kw: float) -> float:
        ramp = self._battery.ramp_limit_kw_per_min
        return self._options.ramp_s + (0.0 if ramp is None else abs(change_kw) / ramp * 60)

    def _count(self, watched: _Watched, verdict: Verdict, at_s: float) -> None:
        """Count what tells something; become one that does not follow, or one that does."""
        if verdict.stage is CommandStage.MISSED:
            self._n_missed, self._n_good = self._n_missed + 1, 0
            self._last_missed, self._last_verdict_s = verdict, at_s
        elif watched.tells:
            self._n_missed, self._n_good = 0, self._n_good + 1
        if self._n_missed >= self._options.n_misses:
            self._is_degraded = True
        elif self._n_good >= self._options.n_good:
            self._is_degraded = False

    def _other_controller(self, state: DeviceState) -> str:
        echo = state.echo
        if echo is None:
            return ""
        if echo.command_id is not None:
            if echo.command_id in self._ours:
                return ""
            return f"it follows {echo.command_id!r} ({echo.power_kw:.4g} kW), which is not of this controller"
        in_force_kw = [each.command.power_kw for each in self._watched if state.received_s > each.due_s]
        in_force_kw += [self._limited_kw(power, state) for power in in_force_kw]
        if not in_force_kw:
            return ""
        is_ours = min(in_force_kw) - self.tolerance_kw <= echo.power_kw <= max(in_force_kw) + self.tolerance_kw
        return "" if is_ours else f"it follows {echo.power_kw:.4g} kW, which this controller did not tell it"


def _told_kw(wanted_kw: float, answered_kw: float | None) -> float:
    """What the battery answered that it will do, where that is the command or less of it."""
    if answered_kw is None or not min(0.0, wanted_kw) <= answered_kw <= max(0.0, wanted_kw):
        return wanted_kw
    return answered_kw
