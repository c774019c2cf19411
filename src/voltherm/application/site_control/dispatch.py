"""Sending a command: under the lease, written down first, sent once, its answer kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from voltherm.application.lease_keeper import LeaseKeeper
from voltherm.application.site_control.events import CommandMoved, Listen
from voltherm.application.site_control.journal import Journal
from voltherm.domain.device import Acknowledgement, CommandKind, CommandSource, CommandStage, DeviceCommand
from voltherm.ports.clock import Clock
from voltherm.ports.devices import TakesCommands
from voltherm.ports.errors import OutsideError
from voltherm.ports.store import CommandEvent

ANSWER_S: Final = 5.0
"""A device that has not answered by then has not answered. [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a device should do.

    Parameters
    ----------
    kind : CommandKind
        Setpoint or release.
    power_kw : float
        AC power, charging positive. [kW]
    planned_kw : float or None
        What the plan wanted. [kW]
    source : CommandSource
        Who wants it.
    reason : str
        Why.
    clamps : tuple of str
        What moved the power, in words.
    plan_id : str or None
        The plan that is followed.
    """

    kind: CommandKind = CommandKind.SETPOINT
    power_kw: float = 0.0
    planned_kw: float | None = None
    source: CommandSource
    reason: str
    clamps: tuple[str, ...] = ()
    plan_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A command with its answer; no answer is None, and ``detail`` says why."""

    command: DeviceCommand
    answer: Acknowledgement | None
    detail: str = ""


class Dispatcher:
    """Sends commands to one device.

    Parameters
    ----------
    site_id, device_id : str
        Which.
    device : TakesCommands
        Where to.
    keeper : LeaseKeeper
        Without its lease nothing is sent.
    journal : Journal
        Written before each sending.
    clock : Clock
        For the validity.
    validity : timedelta
        How long a command holds.
    listen : Listen
        Told of every command.
    """

    def __init__(  # noqa: PLR0913 - each is a part of its own
        self,
        site_id: str,
        device_id: str,
        *,
        device: TakesCommands,
        keeper: LeaseKeeper,
        journal: Journal,
        clock: Clock,
        validity: timedelta,
        listen: Listen,
    ) -> None:
        self._site_id, self._device_id = site_id, device_id
        self._device, self._keeper, self._journal = device, keeper, journal
        self._clock, self._validity, self._listen = clock, validity, listen
        self.last: Sent | None = None
        self.held: Sent | None = None
        self._taken: Sent | None = None

    async def send(self, wanted: Wanted) -> Sent | None:
        """Send what is wanted once; None where the lease does not hold.

        The lease is looked at again after the command was written down, because writing may take seconds; a command
        that was written but not sent is noted as failed.
        """
        number = self._keeper.next_number()
        if number is None:
            return None
        epoch, sequence = number
        now = self._clock.now()
        command = DeviceCommand(
            id=f"{self._site_id}/{self._device_id}/{epoch}/{sequence}",
            site_id=self._site_id,
            device_id=self._device_id,
            epoch=epoch,
            sequence=sequence,
            kind=wanted.kind,
            power_kw=wanted.power_kw,
            planned_kw=wanted.planned_kw,
            issued_at=now,
            valid_until=now + self._validity,
            source=wanted.source,
            reason=wanted.reason,
            clamps=wanted.clamps,
            plan_id=wanted.plan_id,
        )
        await self._journal.intend(command)
        lease = self._keeper.lease
        if lease is None or lease.epoch != epoch:
            self._became(command, CommandStage.FAILED, "not sent: the lease was lost while it was written down")
            return None
        self._listen(CommandMoved(at=now, command=command, stage=None))
        if command.kind is CommandKind.SETPOINT and not self.is_followed(now):
            self.held = Sent(command=command, answer=None, detail="no answer yet")
        sent = self.last = await self._answered(command)
        self._settle(sent)
        return sent

    def _settle(self, sent: Sent) -> None:
        """Note what the device may follow from now on: a refusal does not end the setpoint before it."""
        is_refused = sent.answer is not None and not sent.answer.is_accepted
        if sent.command.kind is CommandKind.RELEASE:
            self._taken = None if sent.answer is not None else self._taken
            self.held = self._taken  # a release that was not answered is sent again while an accepted setpoint holds
        elif not is_refused:
            self.held = sent
            self._taken = self._taken if sent.answer is None else sent
        elif self.held is not None and self.held.command is sent.command:
            self.held = None

    async def _answered(self, command: DeviceCommand) -> Sent:
        try:
            async with asyncio.timeout(ANSWER_S):
                answer = await self._device.send(command)
        except (OutsideError, TimeoutError) as error:
            detail = str(error) or f"no answer within {ANSWER_S:g} s"
            self._became(command, CommandStage.FAILED, detail)
            return Sent(command=command, answer=None, detail=detail)
        stage = CommandStage.ACKNOWLEDGED if answer.is_accepted else CommandStage.REFUSED
        self._became(command, stage, answer.detail)
        return Sent(command=command, answer=answer, detail=answer.detail)

    def observed(self, command: DeviceCommand, stage: CommandStage, detail: str, measured_kw: float | None) -> None:
        """Note what the measured power said of a command."""
        self._became(command, stage, detail, measured_kw)

    def is_followed(self, now: datetime) -> bool:
        """Whether the device may be following ``held``: a setpoint that was not refused, not released, and not over."""
        return self.held is not None and now < self.held.command.valid_until

    def is_taken(self, now: datetime) -> bool:
        """Whether a setpoint that the device has accepted holds."""
        return self._taken is not None and now < self._taken.command.valid_until

    def followed_kw(self, now: datetime) -> float:
        """Return the power that the device follows as far as we know, for one that does not measure it. [kW]."""
        if self.held is None or not self.is_followed(now):
            return 0.0
        answer = self.held.answer
        return self.held.command.power_kw if answer is None or answer.power_kw is None else answer.power_kw

    def _became(
        self, command: DeviceCommand, stage: CommandStage, detail: str, measured_kw: float | None = None
    ) -> None:
        at = self._clock.now()
        event = CommandEvent(command_id=command.id, at=at, stage=stage, detail=detail, measured_kw=measured_kw)
        self._journal.note(event)
        self._listen(CommandMoved(at=at, command=command, stage=stage, detail=detail))
