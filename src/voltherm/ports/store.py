"""What is kept: readings, forecasts, plans with their inputs, commands, ledgers, sites and leases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from voltherm.domain.control import Measured
from voltherm.domain.device import CommandStage, DeviceCommand
from voltherm.domain.external_forecast import ExternalForecast, ForecastKind
from voltherm.domain.ledger import Ledger
from voltherm.domain.measurements import Measurements
from voltherm.domain.plan import Plan, PlanInputs
from voltherm.domain.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSite:
    """A site with the number of its version; every change of the site or its tariff is a new version."""

    site: Site
    version: int


class SiteStore(Protocol):
    """Sites and their tariffs, by version."""

    async def save_site(self, site: Site) -> StoredSite:
        """Keep the site; unchanged since its last version, that version is returned and nothing is written."""
        ...

    async def site(self, site_id: str, version: int | None = None) -> StoredSite | None:
        """Return a version of the site, by default its last; None where there is none."""
        ...


class ReadingStore(Protocol):
    """What the meters saw."""

    async def save_readings(self, site_id: str, readings: tuple[Measured, ...]) -> int:
        """Keep interval means and return how many were new or changed; an interval told again is corrected."""
        ...

    async def readings(self, site_id: str, since: datetime, until: datetime) -> tuple[Measured, ...]:
        """Return the intervals that lie within ``[since, until)``, oldest first."""
        ...

    async def history(self, site: Site, since: datetime, step: timedelta) -> Measurements | None:
        """Return the readings as columns named as ``outlook.column_of`` names them, on steps of ``step``."""
        ...


class ForecastStore(Protocol):
    """Forecasts with their issue time."""

    async def save_forecast(self, site_id: str, forecast: ExternalForecast) -> None:
        """Keep a forecast; one with the same kind, source and issue time is kept once."""
        ...

    async def last_forecast(self, site_id: str, kind: ForecastKind) -> ExternalForecast | None:
        """Return the one that was fetched last; None where there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanRecord:
    """A plan with everything that it was made from.

    Parameters
    ----------
    id : str
        Unique, sorts by time.
    site_version : int
        Version of the site and its tariff.
    inputs : PlanInputs
        What it was made from; ``plan_site(site, inputs)`` makes it again, bit for bit.
    plan : Plan
        What came out.
    """

    id: str
    site_version: int
    inputs: PlanInputs
    plan: Plan


class PlanStore(Protocol):
    """Plans."""

    async def save_plan(self, record: PlanRecord) -> None:
        """Keep a plan."""
        ...

    async def plan(self, plan_id: str) -> PlanRecord | None:
        """Return a plan; None where there is none."""
        ...

    async def plan_ids(self, site_id: str, since: datetime, until: datetime) -> tuple[str, ...]:
        """Return the ids of the plans made within ``[since, until)``, oldest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEvent:
    """What became of a command, and when.

    Parameters
    ----------
    command_id : str
        The command.
    at : datetime
        When, by our clock.
    stage : CommandStage
        What.
    detail : str
        In words.
    measured_kw : float or None
        Power measured at the time. [kW]
    """

    command_id: str
    at: datetime
    stage: CommandStage
    detail: str = ""
    measured_kw: float | None = None


class CommandLog(Protocol):
    """The audit of commands; nothing in it is ever changed or removed before its retention ends."""

    async def append(self, site_id: str, rows: Sequence[DeviceCommand | CommandEvent]) -> None:
        """Write rows down in their order, all or none; a row that is there already changes nothing.

        A command is written before it is sent; an event belongs to a command that was written before it.
        """
        ...

    async def commands(
        self, site_id: str, since: datetime, until: datetime
    ) -> tuple[tuple[DeviceCommand, tuple[CommandEvent, ...]], ...]:
        """Return the commands issued within ``[since, until)`` with their events, oldest first."""
        ...


class LedgerStore(Protocol):
    """The peaks and energies that the meter has reached."""

    async def save_ledger(self, site_id: str, ledger: Ledger, tariff: tuple[str, str]) -> None:
        """Keep the ledger as of its instant, with id and version of the tariff that it was kept by."""
        ...

    async def last_ledger(self, site_id: str, tariff: tuple[str, str]) -> Ledger | None:
        """Return the latest ledger kept by that tariff; None where there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to command a device.

    Parameters
    ----------
    device : str
        ``site/device``.
    holder : str
        Who.
    epoch : int
        Fencing token: grows by one with every change of holder, and with every new start of the same.
    """

    device: str
    holder: str
    epoch: int


class LeaseStore(Protocol):
    """One holder per device, by the database's own time."""

    async def acquire(self, device: str, holder: str, ttl: timedelta) -> Lease | None:
        """Return a lease with a new epoch; None while another holder's has not expired."""
        ...

    async def renew(self, lease: Lease, ttl: timedelta) -> bool:
        """Extend the lease; False when it is another's by now, or has expired."""
        ...

    async def give_up(self, lease: Lease) -> None:
        """End the lease at once, if it is still held."""
        ...
