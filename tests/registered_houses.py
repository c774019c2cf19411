"""A registered house in Oulu for tests, with weather and prices that a test names; the rest is plain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from voltherm.adapters.documents.tariff import read_library
from voltherm.application.house_facts import BEYOND, WARM_UP, HouseFacts
from voltherm.domain.assets import HeatPump
from voltherm.domain.comfort import Comfort
from voltherm.domain.external_forecast import PartialSeries
from voltherm.domain.house import House, Insulation
from voltherm.domain.place import Place
from voltherm.domain.registered_device import HeatReading, RegisteredDevice
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.tariffs import Tariff
from voltherm.domain.time import TimeGrid, local_day
from voltherm.physics.heat_pump_presets import HeatPumpType, RatedUnit, heat_pump_of
from voltherm.ports.weather import WeatherOutlook

HELSINKI = ZoneInfo("Europe/Helsinki")
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
SPOT_FI = read_library("finland-spot")
EVENING = datetime(2026, 1, 14, 18, 0, tzinfo=UTC)
"""20:00 in Helsinki on a Wednesday; tomorrow's prices are published."""
PUBLISHED = Provenance(source="a test's market", quality=Quality.MEASURED)
FORECAST = Provenance(source="a test's sky", quality=Quality.FORECAST)
DEMO = Provenance(source="demo: another year", quality=Quality.DEMO)

DayShape = Callable[[np.ndarray], np.ndarray]
"""Values by the local hour of the day, 0 to 24."""


def pump(device_id: str = "house", *, low_c: float = 20.0, high_c: float = 23.0, **unit: object) -> HeatPump:
    """Return the ground-source heat pump of the document's example: 12 kW of heat, COP 4, 150 m2 of high insulation."""
    house = House(
        insulation=Insulation.HIGH,
        floor_area_m2=150.0,
        volume_m3=450.0,
        comfort=Comfort(low_c=low_c, high_c=high_c),
        design_outdoor_c=-32.0,
    )
    rated = RatedUnit(**{"type": HeatPumpType.GSHP, "rated_heat_kw": 12.0, "cop": 4.0, **unit})
    return heat_pump_of(device_id, house, rated).heat_pump


def device(
    device_id: str = "house", *, zone: ZoneInfo = HELSINKI, heat_pump: HeatPump | None = None
) -> RegisteredDevice:
    """Return a registered house."""
    return RegisteredDevice(
        device_id=device_id,
        name="A house",
        place=Place(latitude=65.0121, longitude=25.4651),
        zone=zone,
        pump=heat_pump or pump(device_id),
        registered_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def two_peaks(hour: np.ndarray) -> np.ndarray:
    """Return a winter day's prices: low at night, peaks in the morning and in the evening. [EUR/kWh]."""
    morning, evening = np.exp(-(((hour - 8) / 1.5) ** 2)), np.exp(-(((hour - 18) / 2.0) ** 2))
    return 0.03 + 0.12 * morning + 0.2 * evening


def flat(value: float) -> DayShape:
    """Return the same value at every hour."""
    return lambda hour: np.full(len(hour), value)


COLD = flat(-8.0)


def by_hour(start: datetime, end: datetime, shape: DayShape, origin: Provenance, zone: ZoneInfo = HELSINKI) -> Series:
    """Return a series of hours between two whole hours, by the local hour of the day."""
    grid = TimeGrid(start, HOUR, (end - start) // HOUR)
    return Series(grid, shape(grid.local(zone).minute_of_day / 60.0), origin)


def prices(
    now: datetime, until: datetime, shape: DayShape = two_peaks, origin: Provenance = PUBLISHED
) -> PartialSeries:
    """Return eight weeks of hourly prices up to ``until``."""
    start = now.replace(minute=0, second=0, microsecond=0) - 57 * DAY
    known = by_hour(start, until, shape, origin)
    return PartialSeries(grid=known.grid, values=known.values, provenance=origin)


def weather(now: datetime, until: datetime, shape: DayShape = COLD, **more: object) -> WeatherOutlook:
    """Return hourly weather from the warm-up on; ``sun`` is a shape, without one there is none."""
    start = now.replace(minute=0, second=0, microsecond=0) - WARM_UP - HOUR
    sun, origin = more.get("sun", flat(0.0)), more.get("origin", FORECAST)
    irradiance = None if sun is None else by_hour(start, until, sun, origin)
    return WeatherOutlook(outdoor_c=by_hour(start, until, shape, origin), irradiance_w_m2=irradiance)


def indoor(now: datetime, temp_c: float, *, hours: int = 26, age: timedelta = timedelta(0)) -> tuple[HeatReading, ...]:
    """Return quarter-hourly readings of the same temperature, the last one of an age."""
    last = now - age
    return tuple(
        HeatReading(at=last - number * timedelta(minutes=15), indoor_c=temp_c) for number in reversed(range(4 * hours))
    )


def facts(
    now: datetime = EVENING,
    *,
    of: RegisteredDevice | None = None,
    tariff: Tariff = SPOT_FI,
    readings: Sequence[HeatReading] | None = None,
    **more: object,
) -> HouseFacts:
    """Return what is known of a house; prices and weather reach beyond tomorrow unless a test says otherwise."""
    known = of or device()
    today = now.astimezone(known.zone).date()
    end = local_day(today + DAY, known.zone).end
    plain = {"spot": prices(now, end), "weather": (weather(now, end + BEYOND),), "plans": {}}
    return HouseFacts(
        device=known,
        now=now,
        tariff=tariff,
        area="FI",
        readings=indoor(now, known.pump.normal_c) if readings is None else tuple(readings),
        **{**plain, **more},
    )


def tomorrow(known: HouseFacts) -> date:
    """Return the local day after that of ``now``."""
    return known.today + DAY
