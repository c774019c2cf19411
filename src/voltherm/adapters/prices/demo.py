"""The recorded prices of Finland in 2023, shown as if they were of now, and called a demo in each answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from voltherm.adapters.demo_year.recorded_year import HOUR, RecordedYear, hours_over
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.time import Interval, TimeGrid
from voltherm.ports.clock import Clock

DEMO_CURRENCY: Final = "EUR"
RECORDED_AREA: Final = "FI"
SOURCE: Final = "demo: Finland 2023, recorded day-ahead prices of the same week, weekday and hour"


class DemoPrices:
    """Prices for whoever tries the service without a source of prices; no device may be driven by them.

    Parameters
    ----------
    year : RecordedYear
        With the column ``price_per_kwh``.
    clock : Clock
        The time, after which prices are published.
    known_until : callable
        Returns the end of what the day-ahead market has published at an instant.
    """

    def __init__(self, year: RecordedYear, clock: Clock, known_until: Callable[[datetime], datetime]) -> None:
        self._year, self._clock, self._known_until = year, clock, known_until

    async def prices(self, area: str, interval: Interval) -> Series | None:
        """Return what would be published by now, in EUR/kWh on hours; for any area the prices of Finland."""
        wanted = hours_over(interval)
        end = min(wanted.end, self._known_until(self._clock.now()))
        if end <= wanted.start:
            return None
        grid = TimeGrid.over(Interval(wanted.start, end), HOUR)
        note = "" if area == RECORDED_AREA else f"prices of {RECORDED_AREA}, not of {area}"
        provenance = Provenance(source=SOURCE, quality=Quality.DEMO, note=note)
        return Series(grid, self._year.values("price_per_kwh", grid), provenance)
