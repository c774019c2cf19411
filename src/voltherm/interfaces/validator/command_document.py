"""A command as it comes over the wire: the rich shape, or the plain one of the field."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from voltherm.adapters.documents.fields import LARGEST_NUMBER, Instant, Text
from voltherm.adapters.documents.problem import DocumentError, Problems, problems_of
from voltherm.application.virtual_commands import PLAIN_VALIDITY, ReceivedCommand
from voltherm.domain.device import CommandKind

LARGEST_COMMAND: Final = 10_000
"""Bytes of a body that is read at all."""
AHEAD: Final = timedelta(seconds=5)
"""Clocks of two machines may differ by so much; a command from further in the future is refused."""
LARGEST_COUNT: Final = 2**53

_Count = Annotated[int, Field(strict=True, ge=0, le=LARGEST_COUNT)]
_Power = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
_Name = Annotated[str, Field(strict=True, min_length=1, max_length=100)]


class CommandDocument(BaseModel):
    """A command. ``power_kw`` and ``timestamp`` alone are the plain shape; fields that are not known are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: _Name | None = None
    device_id: _Name | None = None
    epoch: _Count | None = None
    sequence: _Count | None = None
    kind: CommandKind = CommandKind.SETPOINT
    power_kw: _Power = 0.0
    timestamp: Instant
    valid_until: Instant | None = None
    source: Text = ""
    reason: Text = ""


def read_command(content: bytes) -> CommandDocument:
    """Return the command in a body.

    Raises
    ------
    DocumentError
        With every problem of the body.
    """
    try:
        document = CommandDocument.model_validate_json(content)
    except ValidationError as error:
        raise DocumentError(problems_of(error)) from None
    problems = Problems()
    if document.kind is CommandKind.SETPOINT and "power_kw" not in document.model_fields_set:
        problems.add(("power_kw",), "is missing", "give the AC power in kW, charging positive")
    if (document.epoch is None) != (document.sequence is None):
        there, missing = ("sequence", "epoch") if document.epoch is None else ("epoch", "sequence")
        problems.add((missing,), f"is missing, and {there} is given", "give both, or neither")
    problems.raise_if_any()
    return document


def received(document: CommandDocument, now: datetime, number: int) -> ReceivedCommand:
    """Return the command as the battery receives it now.

    Parameters
    ----------
    document : CommandDocument
        What came.
    now : datetime
        The battery's time.
    number : int
        Names a command that has no id.

    Raises
    ------
    DocumentError
        When its timestamp lies in the future, or its validity ends before it begins.
    """
    problems = Problems()
    stamp = document.timestamp
    if stamp > now + AHEAD:
        remedy = f"it is {now.isoformat()} here; send commands when they are made, and set the clocks"
        problems.add(("timestamp",), "is in the future", remedy, stamp.isoformat())
    until = document.valid_until
    if until is not None and until <= stamp:
        problems.add(("valid_until",), "is not after timestamp", "give an end after the begin", until.isoformat())
    problems.raise_if_any()
    return ReceivedCommand(
        id=document.id or f"unnamed-{number}",
        kind=document.kind,
        power_kw=document.power_kw,
        issued_at=stamp,
        valid_until=now + PLAIN_VALIDITY if until is None else until,
        epoch=document.epoch,
        sequence=document.sequence,
        source=document.source,
        reason=document.reason,
    )
