"""Fetches the meter's intervals into the store: every quarter-hour, and before a forecast when it is behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import structlog

from voltherm.application.serve_forecasts import HISTORY, STEP
from voltherm.domain.control import Measured
from voltherm.domain.site import Site
from voltherm.ports.clock import Clock
from voltherm.ports.errors import OutsideError
from voltherm.ports.store import ReadingStore

SETTLE: Final = timedelta(seconds=5)
"""After the end of a quarter-hour the meter is given so long to close its interval."""
LEAST_PAUSE_S: Final = 10.0
"""Between two questions, however many forecasts are asked for meanwhile. [s]"""
OVERLAP: Final = 4 * STEP
"""So much is asked for again each time: a meter may correct itself."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_log = structlog.get_logger(__name__)


class ReadsIntervals(Protocol):
    """A meter that tells its intervals."""

    async def read_intervals(self, since: datetime) -> tuple[Measured, ...]:
        """Return the intervals that are over and began at ``since`` or later, oldest first.

        Raises
        ------
        OutsideError
            When no answer came, or none that can be understood.
        """
        ...


class MeterFeed:
    """Follows a meter.

    Parameters
    ----------
    site : Site
        Whose meter it is.
    meter : ReadsIntervals
        The meter.
    readings : ReadingStore
        Where its intervals go.
    clock : Clock
        The time.
    on_new : callable
        Called when there are new or corrected readings.
    """

    def __init__(
        self, site: Site, meter: ReadsIntervals, *, readings: ReadingStore, clock: Clock, on_new: Callable[[], None]
    ) -> None:
        self._site = site
        self._meter = meter
        self._readings = readings
        self._clock = clock
        self._on_new = on_new
        self._known_until: datetime | None = None
        self._asked_s: float | None = None
        self._lock = asyncio.Lock()
        self.trouble: str | None = "the meter has not been asked yet"

    async def run(self) -> None:
        """Follow the meter until cancelled."""
        with self._clock.taking_part():
            while True:
                await self.catch_up()
                now = self._clock.now()
                due = _EPOCH + STEP * ((now - SETTLE - _EPOCH) // STEP + 1) + SETTLE
                await self._clock.sleep_until(due)

    async def catch_up(self) -> None:
        """Ask the meter for what is missing, unless nothing is or it was asked a moment ago; failing is no error."""
        async with self._lock:
            if not self._is_behind() or self._was_just_asked():
                return
            self._asked_s = self._clock.monotonic_s()
            try:
                await self._fetch()
            except OutsideError as error:
                if self.trouble != str(error):
                    _log.warning("meter_lost", site=self._site.id, why=str(error))
                self.trouble = str(error)

    async def _fetch(self) -> None:
        now = self._clock.now()
        since = await self._since(now)
        answer = await self._meter.read_intervals(since)
        told = tuple(of_site(each, self._site) for each in answer if each.interval.end <= now)
        n_changed = await self._readings.save_readings(self._site.id, told) if told else 0
        if told:
            self._known_until = max(self._known_until or since, told[-1].interval.end)
        if n_changed:
            self._on_new()
        if self.trouble is not None:
            _log.info("meter_found", site=self._site.id, n_intervals=len(told))
        self.trouble = None

    async def _since(self, now: datetime) -> datetime:
        """From where on to ask: what the store knows already need not be told again."""
        first = _EPOCH + STEP * ((now - HISTORY - _EPOCH) // STEP)
        if self._known_until is None:
            kept = await self._readings.readings(self._site.id, first, now)
            self._known_until = kept[-1].interval.end if kept else None
        return first if self._known_until is None else max(first, self._known_until - OVERLAP)

    def _is_behind(self) -> bool:
        return self._known_until is None or self._clock.now() - self._known_until >= STEP

    def _was_just_asked(self) -> bool:
        return self._asked_s is not None and 0 <= self._clock.monotonic_s() - self._asked_s < LEAST_PAUSE_S


def of_site(reading: Measured, site: Site) -> Measured:
    """Return a reading with the site's assets only; plain ``load`` and ``pv`` are its only load and its only plant."""
    ids = {asset.id for asset in site.assets}
    plain = {
        name: assets[0].id
        for name, assets in (("load", site.loads), ("pv", site.pv_plants))
        if len(assets) == 1 and name not in ids
    }
    powers = {plain.get(name, name): power_kw for name, power_kw in reading.power_kw.items()}
    return replace(reading, power_kw={name: power_kw for name, power_kw in powers.items() if name in ids})
