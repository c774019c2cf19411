"""Which prices of the day-ahead market are known when."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from voltherm.domain.external_forecast import PartialSeries
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.time import TimeGrid, local_midnight, utc_instant

MARKET_ZONE: Final = ZoneInfo("Europe/Brussels")
"""The market's day is the Central European one, wherever the site stands."""

PUBLISHED_AT: Final = time(14)
"""From this Central European clock time on the prices of the next day are taken as known."""


def known_until(now: datetime) -> datetime:
    """Return the end of the last market day whose prices are published at ``now``, in UTC."""
    clock = now.astimezone(MARKET_ZONE)
    days = 2 if clock.time() >= PUBLISHED_AT else 1
    return local_midnight(clock.date() + timedelta(days=days), MARKET_ZONE)


def known_prices(prices: Mapping[str, Series], now: datetime) -> dict[str, Series]:
    """Return the part of each price series that is published at ``now``, from ``now`` on; nothing where none is."""
    known = {}
    for name, series in prices.items():
        grid = series.grid
        first = max(0, (now - grid.start) // grid.step)
        last = min(grid.n_steps, (known_until(now) - grid.start) // grid.step)
        if last > first:
            part = TimeGrid(grid.time_of(first), grid.step, last - first)
            source = Provenance(source=f"{name}, published", quality=Quality.MEASURED, issued_at=now)
            known[name] = Series(part, series.values[first:last], source)
    return known


def price_at(series: Series | PartialSeries, instant: datetime) -> float | None:
    """Return the price of the interval that contains ``instant``, or None where the series knows none.

    Parameters
    ----------
    series : Series or PartialSeries
        Prices, found by time and not by index. [currency/kWh]
    instant : datetime
        Any aware time.

    Raises
    ------
    InvalidInputError
        When ``instant`` carries no zone.
    """
    moment = utc_instant(instant, "instant")
    if not series.grid.interval.contains(moment):
        return None
    price = float(series.values[series.grid.index_of(moment)])
    return None if math.isnan(price) else price
