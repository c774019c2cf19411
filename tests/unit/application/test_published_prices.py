"""Day-ahead prices are known from 14:00 Central European time on, whatever the season."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from voltherm.application.published_prices import known_prices, known_until, price_at
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.external_forecast import PartialSeries
from voltherm.domain.series import Provenance, Quality, Series
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


MIDNIGHT = datetime(2023, 1, 9, 23, tzinfo=UTC)
PRICES = Series(TimeGrid(MIDNIGHT, timedelta(hours=1), 3), np.array([0.1, 0.0, -0.05]))


@pytest.mark.pitfall("A10")
@pytest.mark.parametrize(
    ("minutes", "price"),
    [(0, 0.1), (59, 0.1), (60, 0.0), (119, 0.0), (120, -0.05), (179, -0.05), (-1, None), (180, None)],
)
def test_the_price_of_now_is_that_of_the_interval_containing_it_or_none(minutes, price):
    assert price_at(PRICES, MIDNIGHT + timedelta(minutes=minutes)) == price


@pytest.mark.pitfall("A10")
def test_the_price_of_now_is_found_by_the_instant_whatever_zone_it_is_told_in():
    told_in_helsinki = datetime(2023, 1, 10, 2, 30, tzinfo=ZoneInfo("Europe/Helsinki"))
    assert price_at(PRICES, told_in_helsinki) == 0.0
    with pytest.raises(InvalidInputError, match="has no zone"):
        price_at(PRICES, datetime(2023, 1, 10, 2, 30))  # noqa: DTZ001 - the point


@pytest.mark.pitfall("A10")
def test_a_missing_price_is_none_and_not_invented():
    origin = Provenance(source="tests", quality=Quality.MEASURED)
    holed = PartialSeries(PRICES.grid, np.array([0.1, np.nan, 0.2]), origin)
    assert price_at(holed, MIDNIGHT + timedelta(minutes=90)) is None
    assert price_at(holed, MIDNIGHT + timedelta(minutes=150)) == 0.2
