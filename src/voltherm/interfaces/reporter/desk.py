"""What the routes of the reporter share: the site, its readings, its meter and its forecasts."""

from __future__ import annotations

from dataclasses import dataclass

from voltherm.application.serve_forecasts import ServedForecasts
from voltherm.domain.site import Site
from voltherm.interfaces.reporter.meter_feed import MeterFeed
from voltherm.ports.clock import Clock
from voltherm.ports.store import ReadingStore

OURS = "voltherm reporter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One site's reporter.

    Parameters
    ----------
    site : Site
        Whose load and sun are forecast.
    readings : ReadingStore
        What its meters saw.
    forecasts : ServedForecasts
        Made from them.
    clock : Clock
        The time.
    feed : MeterFeed or None
        The meter that is followed; None where readings are only posted.
    alias : str
        Another name of the whole site as a point.
    demo_label : str
        What the recording is called whose figures these are; empty for readings of a real meter.
    """

    site: Site
    readings: ReadingStore
    forecasts: ServedForecasts
    clock: Clock
    feed: MeterFeed | None = None
    alias: str = "poi_1"
    demo_label: str = ""

    @property
    def source(self) -> str:
        """What answers name as their source."""
        return f"demo: {OURS}, {self.demo_label}" if self.demo_label else OURS

    async def catch_up(self) -> None:
        """Fetch what the meter knows and the store does not."""
        if self.feed is not None:
            await self.feed.catch_up()
