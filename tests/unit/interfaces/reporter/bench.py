"""A reporter on the bench: a clock that the test turns, readings by a rule, no process and no network."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import pi, sin
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from pydantic import SecretStr

from tests.sites import QUARTER, battery, site_of
from tests.tariffs import energy, tariff_of
from voltherm.adapters.compute.inline import InlineCompute
from voltherm.adapters.store_memory.readings import InMemoryReadings
from voltherm.application.outlook import column_of
from voltherm.application.serve_forecasts import ServedForecasts
from voltherm.domain.assets import Pv
from voltherm.domain.control import Measured
from voltherm.domain.site import Site
from voltherm.domain.time import Interval
from voltherm.interfaces.reporter.app import create_reporter
from voltherm.interfaces.reporter.desk import Desk
from voltherm.interfaces.reporter.meter_feed import MeterFeed, ReadsIntervals

NOW = datetime(2026, 3, 10, 6, 7, 12, tzinfo=UTC)
"""A Tuesday, in the middle of a quarter-hour."""
DAY = timedelta(days=1)


class HandClock:
    """A clock that stands until it is turned."""

    def __init__(self, moment: datetime = NOW) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """Return the instant that it shows."""
        return self.moment

    def monotonic_s(self) -> float:
        """Return the same as seconds."""
        return self.moment.timestamp()

    async def sleep_until(self, moment: datetime) -> None:
        """Turn it to the moment, as if somebody had waited."""
        self.moment = max(self.moment, moment)

    def taking_part(self) -> nullcontext[None]:
        """Return nothing to do."""
        return nullcontext()


def site_in(zone: str = "UTC") -> Site:
    """Return a site with the load ``load``, the plant ``roof`` and the battery ``bess``."""
    return replace(site_of(tariff_of(energy(0.2)), Pv(id="roof"), battery()), zone=ZoneInfo(zone))


def load_kw(moment: datetime) -> float:
    """Return a load that differs by hour and by weekday."""
    return 100.0 + 40.0 * sin(2 * pi * moment.hour / 24) + 10.0 * (moment.weekday() < 5)


def sun_kw(moment: datetime) -> float:
    """Return a clear day's sun, from six to six."""
    hour = moment.hour + moment.minute / 60
    return max(0.0, 50.0 * sin(pi * (hour - 6) / 12))


def metered(until: datetime, days: float = 21) -> tuple[Measured, ...]:
    """Return quarter-hours that are over by ``until``."""
    end = datetime.fromtimestamp(until.timestamp() // 900 * 900, tz=UTC)
    starts = [end - n * QUARTER for n in range(int(days * 96), 0, -1)]
    return tuple(
        Measured(interval=Interval(at, at + QUARTER), power_kw={"load": load_kw(at), "roof": sun_kw(at), "bess": 1.0})
        for at in starts
    )


class Bench:
    """A reporter with its parts at hand.

    Parameters
    ----------
    zone : str
        Of the site.
    now : datetime
        What the clock shows at first.
    meter : ReadsIntervals, optional
        The meter to follow.
    token : str, optional
        What it asks for.
    """

    def __init__(
        self,
        zone: str = "UTC",
        now: datetime = NOW,
        *,
        meter: ReadsIntervals | None = None,
        token: str | None = None,
        begin: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.clock = HandClock(now)
        self.site = site_in(zone)
        self.readings = InMemoryReadings(column_of)
        self.forecasts = ServedForecasts(self.site, self.readings, self.clock, InlineCompute())
        self.feed = None
        if meter is not None:
            self.feed = MeterFeed(
                self.site, meter, readings=self.readings, clock=self.clock, on_new=self.forecasts.forget
            )
        self.desk = Desk(
            site=self.site, readings=self.readings, forecasts=self.forecasts, clock=self.clock, feed=self.feed
        )
        self.app: FastAPI = create_reporter(self.desk, token=None if token is None else SecretStr(token), begin=begin)

    async def tell(self, readings: tuple[Measured, ...]) -> None:
        """Keep readings as if they had been posted."""
        await self.readings.save_readings(self.site.id, readings)
        self.forecasts.forget()
