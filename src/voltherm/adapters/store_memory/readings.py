"""Readings in memory: for the demo, for tests, and for a reporter that reads its meter anew at each start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from voltherm.adapters.store.history import history_of
from voltherm.domain.control import Measured
from voltherm.domain.measurements import Measurements
from voltherm.domain.site import Site
from voltherm.domain.time import Interval

KEPT: Final = timedelta(days=400)
"""Readings this much older than the newest are let go: memory is not where years are kept."""


class InMemoryReadings:
    """A store of readings.

    Parameters
    ----------
    column_of : callable
        Names the column of a load, a PV plant or a price series in a site's history.
    """

    def __init__(self, column_of: Callable[[Site, str], str]) -> None:
        self._column_of = column_of
        self._sites: dict[str, dict[Interval, Measured]] = {}

    async def save_readings(self, site_id: str, readings: tuple[Measured, ...]) -> int:
        """Keep interval means and return how many were new or changed; what an interval told before stays known."""
        kept = self._sites.setdefault(site_id, {})
        n_changed = 0
        for reading in readings:
            before = kept.get(reading.interval)
            after = reading if before is None else _corrected(before, reading)
            if after != before:
                kept[reading.interval] = after
                n_changed += 1
        if n_changed:
            self._sites[site_id] = _young(kept)
        return n_changed

    async def readings(self, site_id: str, since: datetime, until: datetime) -> tuple[Measured, ...]:
        """Return the intervals that lie within ``[since, until)``, oldest first."""
        kept = self._sites.get(site_id, {})
        within = (reading for at, reading in kept.items() if at.start >= since and at.end <= until)
        return tuple(sorted(within, key=lambda reading: reading.interval))

    async def history(self, site: Site, since: datetime, step: timedelta) -> Measurements | None:
        """Return the readings that began at ``since`` or later as columns on steps of ``step``."""
        kept = self._sites.get(site.id, {})
        return history_of(site, [each for at, each in kept.items() if at.start >= since], step, self._column_of)


def _young(kept: dict[Interval, Measured]) -> dict[Interval, Measured]:
    oldest = max(interval.end for interval in kept) - KEPT
    if all(interval.start >= oldest for interval in kept):
        return kept
    return {interval: reading for interval, reading in kept.items() if interval.start >= oldest}


def _corrected(before: Measured, told: Measured) -> Measured:
    """Return what is known of an interval after it was told again: what is not told again is still known."""
    return replace(
        told,
        grid_kw=before.grid_kw if told.grid_kw is None else told.grid_kw,
        power_kw={**before.power_kw, **told.power_kw},
        soc={**before.soc, **told.soc},
        prices_per_kwh={**before.prices_per_kwh, **told.prices_per_kwh},
        t_out_c=before.t_out_c if told.t_out_c is None else told.t_out_c,
        reactive_kvar=before.reactive_kvar if told.reactive_kvar is None else told.reactive_kvar,
    )
