"""All that a later run of a simulated site needs to go on: small, and without intervals and log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from voltherm.application.virtual_battery import VirtualBattery
from voltherm.application.virtual_commands import CommandGate, ReceivedCommand
from voltherm.application.virtual_log import VirtualLog
from voltherm.application.virtual_meter import RunningInterval
from voltherm.application.virtual_totals import Totals
from voltherm.domain.assets import Battery
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySnapshot:
    """One battery.

    Parameters
    ----------
    soc, first_soc : float
        State of charge when the simulation was last committed, and at its begin, 0 to 1.
    ramped_kw : float
        Power that its inverter had come to. [kW]
    highest_epoch : int or None
        Highest epoch that it has seen.
    last_sequence : int
        Highest number of that epoch.
    command : ReceivedCommand or None
        What it followed; it ends with the run that took it.
    """

    soc: float
    first_soc: float
    ramped_kw: float
    highest_epoch: int | None
    last_sequence: int
    command: ReceivedCommand | None

    def device(self, battery: Battery, log: VirtualLog) -> VirtualBattery:
        """Return the battery as it was."""
        device = VirtualBattery(battery, log, CommandGate(self.highest_epoch, self.last_sequence))
        device.command, device.ramped_kw = self.command, self.ramped_kw
        return device


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSnapshot:
    """A site.

    Parameters
    ----------
    site_id : str
        Whose state it is.
    asset_ids : tuple of str
        Of all assets, in their order.
    step : timedelta
        Length of a metering interval.
    began, done, seen : datetime
        Begin of the simulation, until when it is committed, and the instant of the last answer.
    running : RunningInterval
        The metering interval in progress at ``done``.
    totals : Totals
        Energies up to ``done``. [kWh]
    batteries : mapping of id to BatterySnapshot
        Each battery at ``done``.
    """

    site_id: str
    asset_ids: tuple[str, ...]
    step: timedelta
    began: datetime
    done: datetime
    seen: datetime
    running: RunningInterval
    totals: Totals
    batteries: Mapping[str, BatterySnapshot]

    def require_site(self, site: Site, step: timedelta) -> None:
        """Check that it is of this site.

        Raises
        ------
        InvalidInputError
            When it is not, or the tariff's metering interval is another now.
        """
        ids = tuple(asset.id for asset in site.assets)
        if (self.site_id, self.asset_ids) != (site.id, ids):
            message = (
                f"state: is of site {self.site_id!r} with {', '.join(self.asset_ids)}, this one is {site.id!r} with "
                f"{', '.join(ids)}; name another file"
            )
            raise InvalidInputError(message)
        if self.step != step:
            message = f"state: metered intervals of {self.step}, the tariff now needs {step}; name another file"
            raise InvalidInputError(message)
