"""Registered heat pumps: what their use cases and routes are given.

Routes get a `HeatParts` as they get a `Service`: ``devices_router(heat, access)``, from ``service.heat`` in
``interfaces/api/app.py``. Before a route touches ``registry``, ``readings`` or ``day_plans`` it awaits
``open_store()``, which is quick once the database is up and raises an ``OutsideError`` while it is not; every
``OutsideError`` that leaves a route is answered as 503.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from voltherm.adapters.demo_year import recorded_finland
from voltherm.adapters.documents.problem import DocumentError
from voltherm.adapters.prices import DEMO_CURRENCY, DemoPrices, PriceFile
from voltherm.adapters.store.database import Database
from voltherm.adapters.transports.watched_csv import WatchedCsv
from voltherm.adapters.weather import DemoWeather, WeatherFile
from voltherm.application.published_prices import known_until
from voltherm.bootstrap.configured_sites import configured_tariff, in_sites
from voltherm.domain.comfort import Comfort
from voltherm.domain.tariffs import Tariff
from voltherm.domain.time import zone_named
from voltherm.ports.clock import Clock
from voltherm.ports.errors import OutsideError
from voltherm.ports.prices import PriceSource
from voltherm.ports.registry import DayPlans, DeviceRegistry, HeatReadings
from voltherm.ports.weather import WeatherSource
from voltherm.settings import Settings

OpenStore = Callable[[], Awaitable[None]]
"""Brings the database up to date once; raises an ``OutsideError`` while it cannot."""


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
    open_store: OpenStore
    zone: ZoneInfo
    area: str
    comfort: Comfort
    tariff: Tariff

    @property
    def spot_series(self) -> str | None:
        """Name under which the tariff reads the spot price; None for a tariff without."""
        return next(iter(self.tariff.series_names), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatSources:
    """What registered heat pumps are told from outside.

    Parameters
    ----------
    tariff : Tariff
        By which their electricity is billed.
    prices : PriceSource
        Day-ahead prices.
    weather : WeatherSource
        Temperatures.
    """

    tariff: Tariff
    prices: PriceSource
    weather: WeatherSource


def heat_sources(settings: Settings, clock: Clock) -> HeatSources:
    """Return the sources that the settings name; where they name none, the demo's.

    Raises
    ------
    DocumentError
        When the tariff or a file is not as it must be.
    """
    zone = zone_named(settings.timezone)
    tariff = configured_tariff(settings.heat_tariff, "HEAT_TARIFF")
    _refuse_several_series(tariff)
    return HeatSources(
        tariff=tariff, prices=_prices(settings, zone, clock, tariff), weather=_weather(settings, zone, clock)
    )


def build_heat(settings: Settings, database: Database, clock: Clock, open_store: OpenStore) -> HeatParts:
    """Return what registered heat pumps share.

    Parameters
    ----------
    settings : Settings
        All of them.
    database : Database
        Where devices are kept.
    clock : Clock
        The time.
    open_store : callable
        Brings the database up to date once.

    Raises
    ------
    DocumentError
        When the tariff or a file is not as it must be.
    """
    sources = heat_sources(settings, clock)
    return HeatParts(
        registry=database.devices,
        readings=database.heat_readings,
        day_plans=database.day_plans,
        prices=sources.prices,
        weather=sources.weather,
        clock=clock,
        open_store=open_store,
        zone=zone_named(settings.timezone),
        area=settings.grid_area,
        comfort=Comfort(low_c=settings.default_comfort_min_temp, high_c=settings.default_comfort_max_temp),
        tariff=sources.tariff,
    )


def _refuse_several_series(tariff: Tariff) -> None:
    if len(tariff.series_names) > 1:
        names = ", ".join(sorted(tariff.series_names))
        remedy = "name a tariff with at most one, which is the spot price"
        raise in_sites("HEAT_TARIFF", tariff.id, f"is billed by the price series {names}", remedy)


def _prices(settings: Settings, zone: ZoneInfo, clock: Clock, tariff: Tariff) -> PriceSource:
    if settings.prices_file is None:
        _refuse_another_currency("PRICES_FILE", "the demo's prices are", DEMO_CURRENCY, tariff)
        return DemoPrices(recorded_finland(), clock, known_until)
    file = WatchedCsv(settings.prices_file, zone)
    source = PriceFile(file, settings.grid_area, tariff.currency if tariff.series_names else None)
    try:
        content = file.load()
        _refuse_another_currency("PRICES_FILE", "its prices are", content.currency, tariff)
        source.column(content)
    except OutsideError as error:
        raise _unfit("PRICES_FILE", settings.prices_file, error) from error
    return source


def _weather(settings: Settings, zone: ZoneInfo, clock: Clock) -> WeatherSource:
    if settings.weather_file is None:
        return DemoWeather(recorded_finland(), clock)
    file = WatchedCsv(settings.weather_file, zone)
    source = WeatherFile(file)
    try:
        source.columns(file.load())
    except OutsideError as error:
        raise _unfit("WEATHER_FILE", settings.weather_file, error) from error
    return source


def _refuse_another_currency(name: str, whose: str, currency: str | None, tariff: Tariff) -> None:
    if tariff.series_names and currency not in (None, tariff.currency):
        problem = f"{whose} in {currency}, and the tariff {tariff.id} is in {tariff.currency}"
        raise in_sites(name, None, problem, "give prices in the tariff's currency, or another HEAT_TARIFF")


def _unfit(name: str, file: Path, error: OutsideError) -> DocumentError:
    problem, _, remedy = str(error).removeprefix(f"{file}: ").rpartition("; ")
    return in_sites(name, str(file), problem or str(error), remedy if problem else "correct the file")
