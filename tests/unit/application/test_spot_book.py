"""Prices collected day by day from a source that tells runs without a gap."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tests.registered_houses import DAY, HOUR, PUBLISHED
from voltherm.application.spot_book import FRESH_DAYS, HISTORY_DAYS, SpotBook
from voltherm.domain.series import Series
from voltherm.domain.time import Interval, TimeGrid

NOW = datetime(2026, 1, 14, 18, 30, tzinfo=UTC)
END = datetime(2026, 1, 15, 22, tzinfo=UTC)


class Market:
    """Tells the first run without a gap, as sources do; an hour's price is its number since the start of 2025."""

    def __init__(self, *, gaps: tuple[datetime, ...] = (), until: datetime = END, step: timedelta = HOUR) -> None:
        self.gaps, self.until, self.step, self.asked = gaps, until, step, []

    async def prices(self, area: str, interval: Interval) -> Series | None:
        self.asked.append(interval)
        times = [moment for moment in self._times(interval) if moment < self.until]
        first = next((at for at, moment in enumerate(times) if moment not in self.gaps), None)
        if area != "FI" or first is None:
            return None
        ends = [at for at, moment in enumerate(times) if at > first and moment in self.gaps]
        run = times[first : ends[0] if ends else len(times)]
        return Series(TimeGrid(run[0], self.step, len(run)), [price_of(moment) for moment in run], PUBLISHED)

    def _times(self, interval: Interval) -> list[datetime]:
        return [interval.start + n * self.step for n in range((interval.end - interval.start) // self.step)]


def price_of(moment: datetime) -> float:
    return (moment - datetime(2025, 1, 1, tzinfo=UTC)) / HOUR


async def test_history_and_published_prices_are_one_series_joined_by_time():
    known = await SpotBook(Market()).known("FI", NOW, END)

    assert known.grid.start == datetime(2026, 1, 14, tzinfo=UTC) - HISTORY_DAYS * DAY
    assert known.grid.end == END
    assert known.values.tolist() == [price_of(moment) for moment in known.grid.times()]


async def test_a_gap_costs_the_rest_of_its_day_and_not_what_follows():
    gap = datetime(2026, 1, 10, 20, tzinfo=UTC)

    known = await SpotBook(Market(gaps=(gap,))).known("FI", NOW, END)

    missing = [moment for moment, value in zip(known.grid.times(), known.values, strict=True) if np.isnan(value)]
    assert missing == [gap + n * HOUR for n in range(4)]


async def test_days_long_over_are_asked_for_once():
    market = Market()
    book = SpotBook(market)
    await book.known("FI", NOW, END)
    market.asked.clear()

    await book.known("FI", NOW + HOUR, END)

    assert min(interval.start for interval in market.asked) == datetime(2026, 1, 14, tzinfo=UTC) - FRESH_DAYS * DAY


async def test_the_next_day_they_are_asked_for_again():
    market = Market()
    book = SpotBook(market)
    await book.known("FI", NOW, END)
    market.asked.clear()

    await book.known("FI", NOW + DAY, END + DAY)

    assert len(market.asked) > HISTORY_DAYS


async def test_nothing_known_is_none():
    assert await SpotBook(Market()).known("SE3", NOW, END) is None


@pytest.mark.pitfall("A13")
async def test_a_market_of_quarter_hours_gives_quarter_hours():
    known = await SpotBook(Market(step=timedelta(minutes=15))).known("FI", NOW, END)

    assert known.grid.step == timedelta(minutes=15)
    assert not np.isnan(known.values).any()
