"""Which commands a simulated battery takes: none that has expired, that an older holder sent, or that comes twice."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from voltherm.domain.device import Acknowledgement, CommandKind
from voltherm.domain.time import utc_instant

PLAIN_VALIDITY: Final = timedelta(seconds=60)
"""A command that does not say until when holds for so long from its arrival."""
LONGEST_VALIDITY: Final = timedelta(days=1)
"""A command is held for no longer, whatever it says: its sender may be gone."""
MOST_ANSWERS: Final = 10_000
"""First answers that are remembered; an older command that comes again is refused by its sequence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedCommand:
    """A command as a battery received it.

    Parameters
    ----------
    id : str
        Unique.
    kind : CommandKind
        Setpoint or release.
    power_kw : float
        Wanted AC power, charging positive. [kW]
    issued_at, valid_until : datetime
        Half-open validity, by the sender.
    epoch, sequence : int or None
        Fencing token of the sender and its running number; both None for the plain shape of the field.
    source, reason : str
        Who wanted it and why, for the log.
    """

    id: str
    kind: CommandKind
    power_kw: float
    issued_at: datetime
    valid_until: datetime
    epoch: int | None = None
    sequence: int | None = None
    source: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "issued_at", utc_instant(self.issued_at, "timestamp"))
        object.__setattr__(self, "valid_until", utc_instant(self.valid_until, "valid_until"))

    def held(self, now: datetime) -> ReceivedCommand:
        """Return it as it is followed from ``now`` on: for a day at most."""
        return replace(self, valid_until=min(self.valid_until, now + LONGEST_VALIDITY))


class CommandGate:
    """Remembers what a battery has seen, and refuses what must not be followed.

    Whatever is seen counts, followed or not: a command that came too late still tells of its sender's epoch.

    Parameters
    ----------
    highest_epoch : int or None
        Highest epoch seen by an earlier run.
    last_sequence : int
        Highest number seen in that epoch.
    """

    def __init__(self, highest_epoch: int | None = None, last_sequence: int = 0) -> None:
        self.highest_epoch = highest_epoch
        self.last_sequence = last_sequence
        self._answers: OrderedDict[str, Acknowledgement] = OrderedDict()

    def first_answer(self, command_id: str) -> Acknowledgement | None:
        """Return what was answered to the command when it first came; None when it did not."""
        return self._answers.get(command_id)

    def remember(self, answer: Acknowledgement) -> None:
        """Keep an answer, to be given again."""
        self._answers[answer.command_id] = answer
        if len(self._answers) > MOST_ANSWERS:
            self._answers.popitem(last=False)

    def refusal(self, command: ReceivedCommand, now: datetime, followed: ReceivedCommand | None) -> str | None:
        """Return why the command is refused; None when it may be followed.

        Parameters
        ----------
        command : ReceivedCommand
            What came.
        now : datetime
            The battery's time.
        followed : ReceivedCommand or None
            The command that holds now.
        """
        refused = self._refused_by_order(command, followed)
        if refused is None and command.valid_until <= now:
            refused = f"expired: valid until {command.valid_until.isoformat()}, and it is {now.isoformat()}"
        return refused

    def _refused_by_order(self, command: ReceivedCommand, followed: ReceivedCommand | None) -> str | None:
        epoch, sequence = command.epoch, command.sequence
        if epoch is None or sequence is None:
            if followed is not None and followed.epoch is not None:
                return f"no epoch: a command of epoch {followed.epoch} holds until {followed.valid_until.isoformat()}"
            return None
        if self.highest_epoch is not None and epoch < self.highest_epoch:
            return f"older epoch: {epoch}, and {self.highest_epoch} was seen"
        if epoch == self.highest_epoch and sequence <= self.last_sequence:
            return f"sequence not newer: {sequence} of epoch {epoch}, and {self.last_sequence} was seen"
        self.highest_epoch, self.last_sequence = epoch, sequence
        return None
