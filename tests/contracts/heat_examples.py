"""Registered heat pumps for tests of what keeps them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from tests.contracts.store_examples import NOW
from tests.tariffs import energy, tariff_of
from voltherm.application.plan_site import plan_site
from voltherm.domain.assets import (
    BackupHeater,
    Building,
    BuildingState,
    HeatPump,
    HeatPumpState,
    HeatSource,
    RatingPoint,
    Room,
)
from voltherm.domain.comfort import Comfort, ComfortWindow
from voltherm.domain.place import Place
from voltherm.domain.plan import PlanInputs
from voltherm.domain.registered_device import RegisteredDevice
from voltherm.domain.series import Series
from voltherm.domain.site import Connection, Site
from voltherm.domain.time import TimeGrid
from voltherm.ports.registry import DayPlan

HELSINKI = ZoneInfo("Europe/Helsinki")
DAY = date(2026, 4, 1)
HOUR = timedelta(hours=1)


def pump(name: str = "pump") -> HeatPump:
    """Return a heat pump with a value other than the default wherever one can be."""
    night = ComfortWindow(days=frozenset({0, 4}), start_minute=1320, end_minute=360, low_c=18.1, high_c=22.0)
    room = Room(
        id="house",
        capacitance_kwh_per_k=0.1 + 0.2,
        loss_kw_per_k=1 / 7,
        mass_capacitance_kwh_per_k=9.0,
        mass_coupling_kw_per_k=1.7,
        heat_to_mass=1 / 3,
    )
    return HeatPump(
        id=name,
        building=Building(rooms=(room,), comfort=Comfort(low_c=19.0, high_c=23.0, windows=(night,))),
        source=HeatSource.GROUND,
        rating_points=(RatingPoint(source_c=0.0, supply_c=35.0, heat_kw=12.0, cop=4.0),),
        backup=BackupHeater(limit_kw=3.0, efficiency=0.99),
        set_point_c=21.3,
    )


def device(device_id: str, **changes: object) -> RegisteredDevice:
    """Return a registered device."""
    return RegisteredDevice(
        **{
            "device_id": device_id,
            "name": "Mökki \\ 東京 \x00",
            "place": Place(latitude=65.0121, longitude=25.4651),
            "zone": HELSINKI,
            "pump": pump(device_id),
            "fields": {"insulation_level": "high", "floor_area": 150.1, "cop_rating": None, "vpp_enabled": True},
            "registered_at": NOW + timedelta(microseconds=1),
            "is_in_vpp": True,
            "notes": ("no COP is given",),
            **changes,
        }
    )


def day_plan(name: str, *, day: date = DAY, made_at: datetime = NOW, price: float = 0.1) -> DayPlan:
    """Return the plan of a device for a day, six hours of it."""
    site = Site(
        id=name,
        zone=HELSINKI,
        connection=Connection(import_limit_kw=20.0, export_limit_kw=0.0),
        assets=(pump(name),),
        tariff=tariff_of(energy(price)),
    )
    grid = TimeGrid(datetime(2026, 3, 31, 21, tzinfo=UTC), HOUR, 6)
    inputs = PlanInputs(
        now=made_at,
        grid=grid,
        power_kw={},
        heat={name: HeatPumpState(building=BuildingState(room_c={"house": 20.5}))},
        weather={"outdoor_c": Series(grid, np.linspace(-12.3, -7.7, 6))},
    )
    return DayPlan(device_id=name, day=day, made_at=made_at, inputs=inputs, plan=plan_site(site, inputs))
