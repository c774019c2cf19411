"""What the store is given in tests, and what it means that two things are the same."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from tests.sites import ROOF, battery, inputs_of, site_of
from tests.tariffs import demand, energy, export, tariff_of
from voltherm.adapters.store import Database
from voltherm.application.outlook import column_of
from voltherm.application.plan_site import plan_site
from voltherm.domain.control import Measured
from voltherm.domain.device import CommandKind, CommandSource, CommandStage, DeviceCommand
from voltherm.domain.external_forecast import ExternalForecast, ForecastKind, PartialSeries
from voltherm.domain.series import Provenance, Quality
from voltherm.domain.site import Site
from voltherm.domain.time import Interval, TimeGrid
from voltherm.ports.store import CommandEvent, PlanRecord

NOW = datetime(2026, 3, 31, 23, 59, 30, tzinfo=UTC)
STEP = NOW.replace(minute=45, second=0)
QUARTER = timedelta(minutes=15)
SECOND = timedelta(seconds=1)
ODD_NUMBERS = (0.1 + 0.2, 5e-324, 1.7976931348623157e308, -1e-300, 1 / 3, 123456789.123456789, -0.0)


@asynccontextmanager
async def opened(url: str, timeout_s: float = 5.0) -> AsyncIterator[Database]:
    """Open a database as an instance of the program does, and close it."""
    database = Database.at(url, column_of=column_of, timeout_s=timeout_s)
    try:
        yield database
    finally:
        await database.close()


def same(one: object, other: object) -> bool:
    """Tell whether two things say the same in every field, to the last bit, NaN being the same as NaN."""
    if {type(one), type(other)} == {int, float}:  # a sum of nothing is the integer 0, where a float is declared
        return one == other
    if type(one) is not type(other):
        return False
    if is_dataclass(one):
        return all(same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True)
    if isinstance(one, Mapping):
        return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or (isinstance(one, float) and math.isnan(one) and math.isnan(other))


def site(name: str = "factory", rate: float = 10.0) -> Site:
    """Return a site with a roof and a battery, under a tariff with a peak."""
    plain = site_of(tariff_of(energy(0.1), export(0.03), demand(rate)), battery(), ROOF, export_limit_kw=50.0)
    return replace(plain, id=name)


def measured(start: datetime, length: timedelta = QUARTER, **means: object) -> Measured:
    """Return the means of an interval."""
    return Measured(interval=Interval(start, start + length), **means)


def command(name: str, *, at: datetime = NOW, site_id: str = "factory", **changes: object) -> DeviceCommand:
    """Return a command that holds for a minute."""
    return DeviceCommand(
        **{
            "id": name,
            "site_id": site_id,
            "device_id": "bess",
            "epoch": 7,
            "sequence": 214,
            "kind": CommandKind.SETPOINT,
            "power_kw": -41.5,
            "planned_kw": -45.0,
            "issued_at": at,
            "valid_until": at + 60 * SECOND,
            "source": CommandSource.PLAN,
            "reason": "shave_peak",
            "clamps": ("discharge limit of 41.5 kW",),
            "plan_id": "p1",
            **changes,
        }
    )


def event(command_id: str, stage: CommandStage = CommandStage.ACKNOWLEDGED, *, at: datetime = NOW + SECOND, **more):
    """Return what became of a command."""
    return CommandEvent(command_id=command_id, at=at, stage=stage, **more)


def forecast(
    issued_at: datetime | None, fetched_at: datetime, *, kind: ForecastKind = ForecastKind.LOAD, level: float = 100.0
) -> ExternalForecast:
    """Return a forecast over six hours with a gap."""
    values = level + np.array([0.1, 0.2, np.nan, 1 / 3, 4.0, 5.0])
    provenance = Provenance(source="reporter \x00 of ours", quality=Quality.FORECAST, issued_at=issued_at, note="a gap")
    grid = TimeGrid(NOW.replace(minute=0, second=0), timedelta(hours=1), len(values))
    return ExternalForecast(kind=kind, power_kw=PartialSeries(grid, values, provenance), fetched_at=fetched_at)


def record(name: str, of: Site, version: int, *, start: datetime = STEP) -> PlanRecord:
    """Return a plan of a few steps with its inputs."""
    inputs = inputs_of(of, [20.0, 60.0, 30.0, 10.0], pv_kw=[0.0, 5.0, 40.0, 0.0], start=start)
    return PlanRecord(id=name, site_version=version, inputs=inputs, plan=plan_site(of, inputs))
