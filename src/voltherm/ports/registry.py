"""Registered devices with their readings and daily plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from voltherm.domain.errors import VolthermError
from voltherm.domain.plan import Plan, PlanInputs
from voltherm.domain.registered_device import HeatReading, RegisteredDevice


class DeviceTakenError(VolthermError):
    """A device of that id is registered already."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DayPlan:
    """A device's plan for a local day, as it was answered.

    Parameters
    ----------
    device_id : str
        The device.
    day : date
        Local date at the device.
    made_at : datetime
        When.
    inputs : PlanInputs
        What it was made from; the first step is the day's first.
    plan : Plan
        The plan.
    """

    device_id: str
    day: date
    made_at: datetime
    inputs: PlanInputs
    plan: Plan


class DeviceRegistry(Protocol):
    """Devices by id."""

    async def register(self, device: RegisteredDevice) -> None:
        """Keep a new device.

        Raises
        ------
        DeviceTakenError
            When there is one of that id.
        """
        ...

    async def device(self, device_id: str) -> RegisteredDevice | None:
        """Return a device; None where there is none."""
        ...

    async def devices(self, after: str, limit: int) -> tuple[RegisteredDevice, ...]:
        """Return up to ``limit`` devices with ids above ``after``, in order."""
        ...


class HeatReadings(Protocol):
    """What was measured at devices."""

    async def save_heat_readings(self, device_id: str, readings: Sequence[HeatReading]) -> int:
        """Keep readings and return how many were new or changed; one of the same instant replaces what it names."""
        ...

    async def heat_readings(
        self, device_id: str, since: datetime, until: datetime, limit: int | None = None
    ) -> tuple[HeatReading, ...]:
        """Return the readings within ``[since, until)``, oldest first, and of these at most the first ``limit``."""
        ...


class DayPlans(Protocol):
    """Daily plans of devices."""

    async def save_day_plan(self, plan: DayPlan) -> None:
        """Keep a plan; a later one of the same device and day replaces it."""
        ...

    async def day_plan(self, device_id: str, day: date) -> DayPlan | None:
        """Return the last plan of a device for a local day; None where there is none."""
        ...
