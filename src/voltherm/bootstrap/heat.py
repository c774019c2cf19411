"""Registered heat pumps: what their use cases and routes are given.

Routes get a `HeatParts` as they get a `Service`: ``devices_router(heat, access)``, from ``service.heat`` in
``interfaces/api/app.py``. Before a route touches ``registry``, ``readings`` or ``day_plans`` it awaits
``open_store()``, which is quick once the database is up and raises an ``OutsideError`` while it is not; every
``OutsideError`` that leaves a route is answered as 503.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from voltherm.domain.comfort import Comfort
from voltherm.domain.tariffs import Tariff
from voltherm.ports.clock import Clock
from voltherm.ports.prices import PriceSource
from voltherm.ports.registry import DayPlans, DeviceRegistry, HeatReadings
from voltherm.ports.weather import WeatherSource


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatParts:
    """Everything that registered heat pumps share.

    Parameters
    ----------
    registry : DeviceRegistry
        The devices.
    readings : HeatReadings
        What was measured at them.
    day_plans : DayPlans
        Their daily plans.
    prices : PriceSource
        Day-ahead prices, per kWh without taxes; its provenance has ``Quality.DEMO`` where they are a demo.
    weather : WeatherSource
        Temperatures, likewise.
    clock : Clock
        The time.
    open_store : callable
        Brings the database up to date once.
    zone : ZoneInfo
        Of devices that name none; a device's own is ``RegisteredDevice.zone``.
    area : str
        Price area, such as ``FI``.
    comfort : Comfort
        Band of devices that name none.
    tariff : Tariff
        By which every device's electricity is billed; it reads at most one price series, which is the spot price.
    """

    registry: DeviceRegistry
    readings: HeatReadings
    day_plans: DayPlans
    prices: PriceSource
    weather: WeatherSource
    clock: Clock
    open_store: Callable[[], Awaitable[None]]
    zone: ZoneInfo
    area: str
    comfort: Comfort
    tariff: Tariff

    @property
    def spot_series(self) -> str | None:
        """Name under which the tariff reads the spot price; None for a tariff without."""
        return next(iter(self.tariff.series_names), None)
