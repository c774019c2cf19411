"""Simulated sites for tests of the validator: a flat or given load, a clock that the test turns, commands in a word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import numpy as np

from tests.sites import QUARTER, battery, site_of
from tests.tariffs import demand, energy, tariff_of
from voltherm.application.virtual_commands import ReceivedCommand
from voltherm.application.virtual_profile import VirtualProfile
from voltherm.application.virtual_site import VirtualSite
from voltherm.domain.assets import Asset
from voltherm.domain.device import CommandKind
from voltherm.domain.measurements import Measurements
from voltherm.domain.site import Site
from voltherm.domain.time import TimeGrid

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
"""Begin of the recording."""
START = datetime(2026, 3, 10, tzinfo=UTC)
WEEK = 7 * 96
TARIFF = tariff_of(energy(0.2), demand(10.0))

_numbers = count(1)


class TurnedClock:
    """A clock that stands until it is turned."""

    def __init__(self, moment: datetime = START) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """Return the instant that it shows."""
        return self.moment

    def turn(self, **span: float) -> datetime:
        """Turn it, and return what it shows."""
        self.moment += timedelta(**span)
        return self.moment


def one_battery_site(*assets: Asset, export_limit_kw: float = 0.0, **changes: float | None) -> Site:
    """Return a site with a load, the battery ``bess`` of 100 kWh and 50 kW, and further assets."""
    return site_of(TARIFF, *assets, battery(**changes), export_limit_kw=export_limit_kw)


def recorded(
    load_kw: float | Sequence[float] = 40.0, pv_kw: float | Sequence[float] | None = None, n_steps: int = 2 * WEEK
) -> Measurements:
    """Return a recording from `MONDAY` on; by default two weeks, which cover `START`."""
    columns = {"load_kw": np.resize(load_kw, n_steps).astype(float)}
    if pv_kw is not None:
        columns["pv_kw"] = np.resize(pv_kw, n_steps).astype(float)
    return Measurements(TimeGrid(MONDAY, QUARTER, n_steps), columns)


def virtual_site(
    site: Site, data: Measurements | None = None, start: datetime = START, soc: float = 0.5
) -> VirtualSite:
    """Return a simulation of the site."""
    data = recorded(pv_kw=0.0 if site.pv_plants else None) if data is None else data
    return VirtualSite(site, VirtualProfile(data, ZoneInfo("UTC"), site), start, soc)


def setpoint(power_kw: float, at: datetime, *, seconds: float = 60, **more: object) -> ReceivedCommand:
    """Return a command; without an epoch it is a plain one."""
    name = more.pop("id", None) or f"c{next(_numbers)}"
    until = at + timedelta(seconds=seconds)
    fields = {"kind": CommandKind.SETPOINT, "power_kw": power_kw, "issued_at": at, "valid_until": until}
    return ReceivedCommand(id=name, **(fields | more))
