"""What is known of a registered house at an instant: device, readings, plans, prices and weather."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from voltherm.application.local_hours import HOUR
from voltherm.application.spot_book import SpotBook
from voltherm.domain.comfort import ComfortBand
from voltherm.domain.external_forecast import PartialSeries
from voltherm.domain.place import Place
from voltherm.domain.registered_device import HeatReading, RegisteredDevice
from voltherm.domain.series import Quality
from voltherm.domain.site import Connection, Site
from voltherm.domain.tariffs import Tariff
from voltherm.domain.time import Interval, TimeGrid, local_day
from voltherm.ports.clock import Clock
from voltherm.ports.registry import DayPlan, DayPlans, HeatReadings
from voltherm.ports.weather import WeatherOutlook, WeatherSource

WARM_UP: Final = timedelta(hours=26)
"""Readings so far back are looked at: a whole day of 25 hours, so that the mass has followed the air."""
BEYOND: Final = timedelta(hours=12)
"""A plan goes on so long after its day, so that the day's last hours know what comes."""
DAYS_AHEAD: Final = 7
"""Weather and prices are not told further ahead."""

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseSources:
    """Who knows what of the houses.

    Parameters
    ----------
    readings : HeatReadings
        What was measured at them.
    day_plans : DayPlans
        Their daily plans.
    spot : SpotBook
        Day-ahead prices.
    weather : WeatherSource
        Outdoor temperature and sun.
    clock : Clock
        The time.
    area : str
        Price area.
    tariff : Tariff
        By which every device's electricity is billed; it reads at most one price series.
    """

    readings: HeatReadings
    day_plans: DayPlans
    spot: SpotBook
    weather: WeatherSource
    clock: Clock
    area: str
    tariff: Tariff


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HouseFacts:
    """What is known of one house.

    Parameters
    ----------
    device : RegisteredDevice
        With its heat pump and zone.
    now : datetime
        The instant.
    tariff : Tariff
        By which its electricity is billed.
    area : str
        Price area.
    readings : tuple of HeatReading
        Of the last `WARM_UP`, oldest first.
    plans : Mapping of date to DayPlan
        Stored plans by local day.
    spot : PartialSeries or None
        Day-ahead prices, history and what is published; None where none are known. [currency/kWh]
    weather : tuple of WeatherOutlook
        What the source said of the hours before, and of those to come; a later one counts where both know.
    """

    device: RegisteredDevice
    now: datetime
    tariff: Tariff
    area: str
    readings: tuple[HeatReading, ...] = ()
    plans: Mapping[date, DayPlan] = field(default_factory=dict)
    spot: PartialSeries | None = None
    weather: tuple[WeatherOutlook, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The device's."""
        return self.device.zone

    @property
    def today(self) -> date:
        """Local date."""
        return self.now.astimezone(self.zone).date()

    @property
    def site(self) -> Site:
        """The heat pump alone behind its meter; the connection carries all that it can draw."""
        pump = self.device.pump
        heat_kw = sum(point.heat_kw for point in pump.rating_points)
        backup_kw = 0.0 if pump.backup is None else pump.backup.limit_kw
        # The capacity is never extrapolated to twice the rated one, and a COP is at least 1.
        most_kw = 2.0 * heat_kw + backup_kw + pump.standby_kw
        return Site(
            id=self.device.device_id,
            zone=self.zone,
            connection=Connection(import_limit_kw=most_kw),
            assets=(pump,),
            tariff=self.tariff,
        )

    @property
    def last_indoor(self) -> HeatReading | None:
        """The last reading that has an indoor temperature; None where there is none."""
        return next((reading for reading in reversed(self.readings) if reading.indoor_c is not None), None)

    @property
    def is_spot_demo(self) -> bool:
        """Whether the prices are a demo."""
        return self.spot is not None and self.spot.provenance.quality is Quality.DEMO

    @property
    def demo_weather(self) -> str | None:
        """Name of a demo's weather; None where it is none."""
        origins = [outlook.outdoor_c.provenance for outlook in self.weather]
        return next((origin.source for origin in origins if origin.quality is Quality.DEMO), None)

    def comfort_band(self, grid: TimeGrid) -> ComfortBand:
        """Return the building's band on a grid; a room may have another."""
        return self.device.pump.building.comfort.band(grid, self.zone)


async def house_facts(sources: HouseSources, device: RegisteredDevice, until: date | None = None) -> HouseFacts:
    """Return what is known of a device's house now.

    Parameters
    ----------
    sources : HouseSources
        Whom to ask.
    device : RegisteredDevice
        The device.
    until : date or None
        Last local day that matters, at most `DAYS_AHEAD` ahead; None for tomorrow.

    Raises
    ------
    OutsideError
        When a store or a source fails.
    """
    now = sources.clock.now()
    today = now.astimezone(device.zone).date()
    last = min(max(until or today + DAY, today + DAY), today + DAYS_AHEAD * DAY)
    end = local_day(last, device.zone).end + BEYOND
    known = now - WARM_UP
    return HouseFacts(
        device=device,
        now=now,
        tariff=sources.tariff,
        area=sources.area,
        readings=await sources.readings.heat_readings(device.device_id, known, now + timedelta(microseconds=1)),
        plans=await _plans(sources.day_plans, device.device_id, (today - DAY, last - DAY)),
        spot=await sources.spot.known(sources.area, now, end) if sources.tariff.series_names else None,
        weather=await _weather(sources.weather, device.place, (known, now, end)),
    )


async def _weather(
    source: WeatherSource, place: Place, instants: tuple[datetime, datetime, datetime]
) -> tuple[WeatherOutlook, ...]:
    """Ask for what was and for what comes, so that a gap in the one does not end the other."""
    known, now, end = instants
    running = now.replace(minute=0, second=0, microsecond=0)
    told = [await source.weather(place, span) for span in (Interval(known - HOUR, running), Interval(running, end))]
    return tuple(outlook for outlook in told if outlook is not None)


async def _plans(store: DayPlans, device_id: str, days: tuple[date, date]) -> dict[date, DayPlan]:
    first, last = days
    found = {}
    for number in range((last - first).days + 1):
        plan = await store.day_plan(device_id, first + number * DAY)
        if plan is not None:
            found[plan.day] = plan
    return found
