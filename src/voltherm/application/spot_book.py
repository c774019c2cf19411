"""The known prices of an area, weeks of history and what is published, from a source that tells runs without a gap."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final

import numpy as np

from voltherm.domain.external_forecast import PartialSeries
from voltherm.domain.measurements import Measurements
from voltherm.domain.series import Series
from voltherm.domain.time import Interval, TimeGrid
from voltherm.ports.prices import PriceSource

HISTORY_DAYS: Final = 57
"""What the price forecast looks at, and a day besides."""
FRESH_DAYS: Final = 2
"""Days back that are asked for every time: the running market day and the one before, which may still be corrected."""

DAY: Final = timedelta(days=1)
COLUMN: Final = "price_per_kwh"


class SpotBook:
    """Collects prices day by day, so that a gap costs the rest of its day and no more.

    A source tells the first run without a gap of what it is asked for. Days long over are asked for once a day.

    Parameters
    ----------
    source : PriceSource
        Who knows.
    """

    def __init__(self, source: PriceSource) -> None:
        self._source = source
        self._old: dict[str, tuple[datetime, PartialSeries | None]] = {}

    async def known(self, area: str, now: datetime, end: datetime) -> PartialSeries | None:
        """Return what is known from `HISTORY_DAYS` before ``now`` until ``end``; None where nothing is.

        NaN in the gaps; in steps as short as the shortest that the source told.

        Parameters
        ----------
        area : str
            Price area.
        now : datetime
            The instant.
        end : datetime
            What is asked for ahead.

        Raises
        ------
        OutsideError
            When the source fails.
        """
        today = datetime.combine(now.date(), time(), UTC)
        fresh = today - FRESH_DAYS * DAY
        kept_for, old = self._old.get(area, (None, None))
        if kept_for != fresh:
            old = _joined(await self._days(area, today - HISTORY_DAYS * DAY, fresh))
            self._old[area] = fresh, old
        parts = await self._days(area, fresh, end)
        return _joined(parts if old is None else (old, *parts))

    async def _days(self, area: str, start: datetime, end: datetime) -> tuple[Series, ...]:
        n_days = -((start - end) // DAY)
        spans = [Interval(start + number * DAY, start + (number + 1) * DAY) for number in range(n_days)]
        told = [await self._source.prices(area, span) for span in spans]
        return tuple(part for part in told if part is not None)


def _joined(parts: tuple[Series | PartialSeries, ...]) -> PartialSeries | None:
    if not parts:
        return None
    step = min(part.grid.step for part in parts)
    start, end = min(part.grid.start for part in parts), max(part.grid.end for part in parts)
    grid = TimeGrid(start, step, -((start - end) // step))
    values = np.full(grid.n_steps, np.nan)
    for part in parts:
        first = (part.grid.start - start) // step
        told = part.values
        if part.grid.step != step or (part.grid.start - start) % step:
            n_steps = min(-((part.grid.start - part.grid.end) // step), grid.n_steps - first)
            told = Measurements(part.grid, {COLUMN: told}).on(grid.part(first, n_steps), min_share=1.0).column(COLUMN)
        np.copyto(values[first : first + len(told)], told, where=~np.isnan(told))
    return PartialSeries(grid=grid, values=values, provenance=parts[-1].provenance)
