"""The recorded temperatures of Finland in 2023, shown as if they were of now, and called a demo in each answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple

from voltherm.adapters.demo_year.recorded_year import HOUR, RecordedYear, hours_over
from voltherm.domain.place import Place
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.time import Interval, TimeGrid
from voltherm.ports.clock import Clock
from voltherm.ports.weather import WeatherOutlook

HORIZON: Final = timedelta(days=10)
"""A demo looks no further ahead than forecasts do."""


class Station(NamedTuple):
    """Where temperatures were recorded."""

    name: str
    column: str
    latitude: float


STATIONS: Final = (
    Station("Helsinki-Vantaa airport", "t_helsinki_c", 60.33),
    Station("Oulu airport", "t_oulu_c", 64.93),
)


class DemoWeather:
    """Weather for whoever tries the service without a source of weather; no device may be driven by it.

    It is what was recorded, so as a forecast it is as good as the recording repeats itself; irradiance it has none.

    Parameters
    ----------
    year : RecordedYear
        With the columns of `STATIONS`.
    clock : Clock
        The time.
    """

    def __init__(self, year: RecordedYear, clock: Clock) -> None:
        self._year, self._clock = year, clock

    async def weather(self, place: Place, interval: Interval) -> WeatherOutlook | None:
        """Return the temperatures of the station that is nearest by latitude, on hours, up to ten days ahead."""
        now, wanted = self._clock.now(), hours_over(interval)
        issued_at = now.replace(minute=0, second=0, microsecond=0)
        end = min(wanted.end, issued_at + HORIZON)
        if end <= wanted.start:
            return None
        station = min(STATIONS, key=lambda each: abs(each.latitude - place.latitude))
        grid = TimeGrid.over(Interval(wanted.start, end), HOUR)
        source = f"demo: Finland 2023, recorded at {station.name} in the same week, weekday and hour"
        provenance = Provenance(source=source, quality=Quality.DEMO, issued_at=issued_at)
        return WeatherOutlook(outdoor_c=Series(grid, self._year.values(station.column, grid), provenance))
