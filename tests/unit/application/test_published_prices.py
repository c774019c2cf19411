"""Day-ahead prices are known from 14:00 Central European time on, whatever the season."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from voltherm.application.published_prices import known_prices, known_until
from voltherm.domain.series import Series
from voltherm.domain.time import TimeGrid


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (datetime(2023, 1, 10, 12, 59, tzinfo=UTC), datetime(2023, 1, 10, 23, tzinfo=UTC)),
        (datetime(2023, 1, 10, 13, 0, tzinfo=UTC), datetime(2023, 1, 11, 23, tzinfo=UTC)),
        (datetime(2023, 7, 10, 11, 59, tzinfo=UTC), datetime(2023, 7, 10, 22, tzinfo=UTC)),
        (datetime(2023, 7, 10, 12, 0, tzinfo=UTC), datetime(2023, 7, 11, 22, tzinfo=UTC)),
        (datetime(2023, 10, 28, 12, 0, tzinfo=UTC), datetime(2023, 10, 29, 23, tzinfo=UTC)),
    ],
)
def test_the_market_publishes_at_two_in_the_afternoon(now, until):
    assert known_until(now) == until


def test_nothing_beyond_the_published_day_is_handed_out():
    grid = TimeGrid(datetime(2023, 1, 9, 23, tzinfo=UTC), timedelta(hours=1), 72)
    prices = {"spot": Series(grid, np.arange(72.0))}

    known = known_prices(prices, datetime(2023, 1, 10, 6, tzinfo=UTC))["spot"]

    assert known.grid.start == datetime(2023, 1, 10, 6, tzinfo=UTC)
    assert known.grid.end == datetime(2023, 1, 10, 23, tzinfo=UTC)
    assert known.values[0] == 7.0


def test_after_the_last_price_nothing_is_known():
    grid = TimeGrid(datetime(2023, 1, 9, 23, tzinfo=UTC), timedelta(hours=1), 24)

    assert known_prices({"spot": Series(grid, np.zeros(24))}, datetime(2023, 1, 11, 6, tzinfo=UTC)) == {}
