"""A simulated battery that follows commands until they end: limits of now, ramp, and rest as its own default."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from voltherm.application.virtual_commands import CommandGate, ReceivedCommand
from voltherm.application.virtual_log import LogEntry, LogEvent, Verdict, VirtualLog
from voltherm.domain.assets.battery import Battery
from voltherm.domain.device import Acknowledgement, CommandKind, DeviceMode

CLIPPED_KW = 1e-9
"""A power that flows this much short of what was asked was cut by the physics, not by rounding. [kW]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryConditions:
    """What holds a battery back, or makes it lie.

    Parameters
    ----------
    charge_limit_kw, discharge_limit_kw : float or None
        What the battery management system allows now; None for the rated limits. [kW]
    mode : DeviceMode
        In any mode but ``ready`` it rests and refuses setpoints.
    is_lying : bool
        It accepts setpoints and says that it follows them, and rests.
    """

    charge_limit_kw: float | None = None
    discharge_limit_kw: float | None = None
    mode: DeviceMode = DeviceMode.READY
    is_lying: bool = False


class VirtualBattery:
    """One battery's commands and inverter; what it stores is the site's business.

    Parameters
    ----------
    battery : Battery
        Parameters.
    log : VirtualLog
        Told what happens.
    gate : CommandGate, optional
        What it has seen before.
    """

    def __init__(self, battery: Battery, log: VirtualLog, gate: CommandGate | None = None) -> None:
        self.battery = battery
        self.gate = CommandGate() if gate is None else gate
        self.conditions = BatteryConditions()
        self.command: ReceivedCommand | None = None
        self.ramped_kw = 0.0
        self._log = log

    @property
    def charge_limit_kw(self) -> float:
        """What it may charge with now, before any taper. [kW]."""
        limit = self.conditions.charge_limit_kw
        return self.battery.charge_limit_kw if limit is None else min(limit, self.battery.charge_limit_kw)

    @property
    def discharge_limit_kw(self) -> float:
        """What it may discharge with now, before any taper. [kW]."""
        limit = self.conditions.discharge_limit_kw
        return self.battery.discharge_limit_kw if limit is None else min(limit, self.battery.discharge_limit_kw)

    @property
    def told_kw(self) -> float | None:
        """The setpoint that it says it follows, cut to the limits of now; None at its own default. [kW]."""
        return None if self.command is None else self._limited(self.command.power_kw)

    @property
    def target_kw(self) -> float:
        """The power that its inverter is going to. [kW]."""
        return 0.0 if self.command is None or self.conditions.is_lying else self._limited(self.command.power_kw)

    @property
    def is_busy(self) -> bool:
        """Whether its power can be anything but zero."""
        return self.target_kw != 0 or self.ramped_kw != 0

    def asked_kw(self, span_s: float) -> tuple[float, float]:
        """Return the mean power asked of the cells over the next ``span_s``, and that at its end. [kW].

        Exact as long as the span lies between two instants of `next_change`.
        """
        target, ramp = self.target_kw, self.battery.ramp_limit_kw_per_min
        if ramp is None or self.ramped_kw == target:
            return target, target
        reach = ramp * span_s / 60
        end = self.ramped_kw + min(max(target - self.ramped_kw, -reach), reach)
        return (self.ramped_kw + end) / 2, end

    def next_change(self, at: datetime) -> datetime | None:
        """Return when its command ends, or its ramp ends or passes zero; None when nothing is ahead."""
        changes = [] if self.command is None else [self.command.valid_until]
        target, ramp = self.target_kw, self.battery.ramp_limit_kw_per_min
        if ramp is not None and self.ramped_kw != target:
            until_kw = 0.0 if self.ramped_kw * target < 0 else target
            seconds = 60 * abs(until_kw - self.ramped_kw) / ramp
            changes.append(at + timedelta(microseconds=max(1, math.ceil(1e6 * seconds))))
        return min(changes, default=None)

    def moved(self, asked_kw: float, end_kw: float, flowed_kw: float) -> None:
        """Note that a span is over: a ramp goes on from the power that really flowed."""
        self.ramped_kw = flowed_kw if abs(flowed_kw) < abs(asked_kw) - CLIPPED_KW else end_kw

    def receive(self, command: ReceivedCommand, now: datetime, flowing_kw: float) -> tuple[Acknowledgement, Verdict]:
        """Return the answer to a command that came now, and follow it if it is to be followed.

        Parameters
        ----------
        command : ReceivedCommand
            What came.
        now : datetime
            The battery's time.
        flowing_kw : float
            AC power up to now, for the log. [kW]
        """
        first = self.gate.first_answer(command.id)
        if first is not None:
            self._note_received(command, now, Verdict.REPEATED, "")
            return first, Verdict.REPEATED
        refused = self.gate.refusal(command, now, self.command)
        command = command.held(now)
        mode = self.conditions.mode
        if refused is None and mode is not DeviceMode.READY and command.kind is CommandKind.SETPOINT:
            refused = f"mode is {mode.value}: the battery takes no setpoints"
        if refused is not None:
            verdict, answer = Verdict.REFUSED, self._answer(command, is_accepted=False, detail=refused)
        else:
            verdict, answer = Verdict.ACCEPTED, self._answer(command, is_accepted=True, detail=self._cut(command))
        self.gate.remember(answer)
        self._note_received(command, now, verdict, answer.detail)
        if verdict is Verdict.ACCEPTED:
            self._follow(command, now, flowing_kw)
        return answer, verdict

    def expire(self, now: datetime, flowing_kw: float) -> None:
        """End the command when its validity is over."""
        if self.command is not None and self.command.valid_until <= now:
            self._end(now, LogEvent.EXPIRED, flowing_kw)
            self._revert(now)

    def change(self, conditions: BatteryConditions, now: datetime, flowing_kw: float) -> None:
        """Change what holds the battery back; leaving the mode ``ready`` ends its command for good."""
        self.conditions = conditions
        if conditions.mode is not DeviceMode.READY and self.command is not None:
            self._end(now, LogEvent.SUSPENDED, flowing_kw)
            self._revert(now)

    def restart(self, now: datetime) -> None:
        """Begin anew: whatever it followed is forgotten, and it rests; what it has seen it still knows."""
        self.command, self.ramped_kw = None, 0.0
        self._log.write(LogEntry(at=now, event=LogEvent.RESTARTED, device_id=self.battery.id))
        self._revert(now)

    def _limited(self, power_kw: float) -> float:
        return min(max(power_kw, -self.discharge_limit_kw), self.charge_limit_kw)

    def _cut(self, command: ReceivedCommand) -> str:
        limited = self._limited(command.power_kw)
        if command.kind is CommandKind.RELEASE or limited == command.power_kw:
            return ""
        return f"cut from {command.power_kw:g} kW to the limit of now"

    def _answer(self, command: ReceivedCommand, *, is_accepted: bool, detail: str) -> Acknowledgement:
        power_kw = 0.0 if command.kind is CommandKind.RELEASE else self._limited(command.power_kw)
        return Acknowledgement(
            command_id=command.id,
            is_accepted=is_accepted,
            detail=detail,
            power_kw=power_kw if is_accepted else None,
            valid_until=command.valid_until if is_accepted else None,
        )

    def _follow(self, command: ReceivedCommand, now: datetime, flowing_kw: float) -> None:
        if command.kind is CommandKind.RELEASE:
            if self.command is not None:
                self._end(now, LogEvent.RELEASED, flowing_kw)
            self._revert(now)
            return
        if self.command is not None:
            self._end(now, LogEvent.REPLACED, flowing_kw)
        self.command = command
        self._note(command, now, LogEvent.STARTED, self._limited(command.power_kw))

    def _end(self, now: datetime, event: LogEvent, flowing_kw: float) -> None:
        if self.command is not None:
            self._note(self.command, now, event, flowing_kw)
        self.command = None

    def _revert(self, now: datetime) -> None:
        self._log.write(LogEntry(at=now, event=LogEvent.REVERTED, device_id=self.battery.id, power_kw=0.0))

    def _note(self, command: ReceivedCommand, now: datetime, event: LogEvent, power_kw: float) -> None:
        self._log.write(replace(self._entry_of(command, now, event), power_kw=power_kw))

    def _note_received(self, command: ReceivedCommand, now: datetime, verdict: Verdict, detail: str) -> None:
        why = "; ".join(part for part in (detail, f"{command.source} {command.reason}".strip()) if part)
        self._log.write(replace(self._entry_of(command, now, LogEvent.RECEIVED), verdict=verdict, detail=why))

    def _entry_of(self, command: ReceivedCommand, now: datetime, event: LogEvent) -> LogEntry:
        return LogEntry(
            at=now,
            event=event,
            device_id=self.battery.id,
            command_id=command.id,
            epoch=command.epoch,
            sequence=command.sequence,
            power_kw=command.power_kw,
        )
