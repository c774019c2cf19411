"""Published prices as they are, beyond them the forecast, each step labelled."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tests.registered_houses import DAY, DEMO, EVENING, HELSINKI, HOUR, PUBLISHED, flat, prices
from voltherm.application.spot_prices import PriceQuality, SpotForecasts, known_on
from voltherm.domain.external_forecast import PartialSeries
from voltherm.domain.series import Quality
from voltherm.domain.time import TimeGrid

QUARTER = timedelta(minutes=15)
GRID = TimeGrid(EVENING, QUARTER, 48)
HALFWAY = EVENING + 6 * HOUR


@pytest.fixture
def forecasts():
    return SpotForecasts(HELSINKI)


def test_published_prices_are_taken_as_they_are(forecasts):
    known = prices(EVENING, EVENING + DAY)

    found = forecasts.on("FI", known, GRID, EVENING)

    first = (EVENING - known.grid.start) // HOUR
    assert found.series.values == pytest.approx(np.repeat(known.values[first : first + 12], 4))
    assert set(found.quality) == {PriceQuality.PUBLISHED}
    assert found.series.provenance == PUBLISHED


@pytest.mark.pitfall("A11")
def test_beyond_them_prices_are_forecast_and_say_so(forecasts):
    found = forecasts.on("FI", prices(EVENING, HALFWAY), GRID, EVENING)

    assert found.quality == (PriceQuality.PUBLISHED,) * 24 + (PriceQuality.FORECAST,) * 24
    assert found.series.provenance.quality is Quality.FORECAST
    assert found.series.provenance.note == f"forecast from {HALFWAY.isoformat()} on"


@pytest.mark.pitfall("A11")
def test_a_flat_history_is_forecast_to_go_on_flat_and_twice_the_same(forecasts):
    known = prices(EVENING, HALFWAY, flat(0.07))

    once, again = (each.on("FI", known, GRID, EVENING) for each in (forecasts, SpotForecasts(HELSINKI)))

    assert once.series.values == pytest.approx(0.07, abs=0.005)
    assert (once.series.values == again.series.values).all()


@pytest.mark.pitfall("A11")
def test_what_follows_from_a_demo_is_a_demo(forecasts):
    found = forecasts.on("FI", prices(EVENING, HALFWAY, origin=DEMO), GRID, EVENING)

    assert set(found.quality) == {PriceQuality.DEMO}
    assert found.series.provenance.quality is Quality.DEMO


def test_without_prices_there_are_none(forecasts):
    assert forecasts.on("FI", None, GRID, EVENING) is None


def test_from_less_than_a_day_nothing_is_forecast_and_the_known_part_stays(forecasts):
    few = TimeGrid(EVENING - 2 * HOUR, HOUR, 5)
    known = PartialSeries(grid=few, values=np.full(5, 0.1), provenance=PUBLISHED)

    found = forecasts.on("FI", known, GRID, EVENING)

    assert found.series.grid == GRID.part(0, 12)
    assert found.quality == (PriceQuality.PUBLISHED,) * 12


def test_a_gap_in_what_is_published_is_forecast(forecasts):
    whole = prices(EVENING, EVENING + DAY)
    values = whole.values.copy()
    values[(EVENING - whole.grid.start) // HOUR + 2] = np.nan

    found = forecasts.on("FI", replace(whole, values=values), GRID, EVENING)

    assert found.quality[8:12] == (PriceQuality.FORECAST,) * 4
    assert found.quality[:8] + found.quality[12:] == (PriceQuality.PUBLISHED,) * 44


def test_an_hour_of_which_a_quarter_is_not_known_is_not_known():
    quarters = PartialSeries(
        grid=TimeGrid(EVENING, QUARTER, 8), values=[1.0, 1, 1, 3, 2, 2, np.nan, 2], provenance=PUBLISHED
    )

    found = known_on(quarters, TimeGrid(EVENING - HOUR, HOUR, 4))

    assert found == pytest.approx([np.nan, 1.5, np.nan, np.nan], nan_ok=True)
