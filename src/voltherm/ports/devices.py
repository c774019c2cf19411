"""Batteries and meters, by what they can do."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from voltherm.domain.control import Measured
from voltherm.domain.device import Acknowledgement, DeviceCommand, DeviceState, MeterState


class ReadsState(Protocol):
    """A battery that can be read."""

    async def read_state(self) -> DeviceState:
        """Return the state of now.

        Raises
        ------
        OutsideError
            ``Unavailable``, ``Refused`` or ``Malformed``. A readable answer with a senseless value is no error: the
            value is None and ``problems`` says why.
        """
        ...


class TakesCommands(Protocol):
    """A battery that can be commanded."""

    async def send(self, command: DeviceCommand) -> Acknowledgement:
        """Send a command once and return the answer; a refusal by the device is an answer, not an error.

        Raises
        ------
        OutsideError
            When no answer came or none that can be understood.
        """
        ...


class ReadsMeter(Protocol):
    """The site's meter."""

    async def read_meter(self) -> MeterState:
        """Return the power of now and the running metering interval's mean.

        Raises
        ------
        OutsideError
            ``Unavailable``, ``Refused`` or ``Malformed``.
        """
        ...

    async def read_intervals(self, since: datetime) -> tuple[Measured, ...]:
        """Return the metering intervals that are over and began at ``since`` or later, oldest first.

        Raises
        ------
        OutsideError
            ``Unavailable``, ``Refused`` or ``Malformed``.
        """
        ...
