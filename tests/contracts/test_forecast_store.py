"""What every store of forecasts keeps to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contracts.store_examples import NOW, forecast, same
from voltherm.domain.external_forecast import ForecastKind
from voltherm.ports.store import ForecastStore

HOUR = timedelta(hours=1)


@pytest.fixture
def store(database) -> ForecastStore:
    return database.forecasts


async def test_a_forecast_comes_back_the_same_with_its_gaps_and_origin(store, site_id):
    told = forecast(NOW - HOUR, NOW)

    await store.save_forecast(site_id, told)

    assert same(await store.last_forecast(site_id, ForecastKind.LOAD), told)


async def test_the_one_that_was_fetched_last_is_the_last(store, site_id):
    later, earlier = forecast(NOW, NOW + HOUR, level=2.0), forecast(NOW + HOUR, NOW, level=1.0)
    await store.save_forecast(site_id, later)
    await store.save_forecast(site_id, earlier)

    assert same(await store.last_forecast(site_id, ForecastKind.LOAD), later)


async def test_the_same_issue_is_kept_once_as_it_came_first(store, site_id):
    told = forecast(NOW, NOW)
    await store.save_forecast(site_id, told)
    await store.save_forecast(site_id, replace(told, fetched_at=NOW + HOUR))

    assert same(await store.last_forecast(site_id, ForecastKind.LOAD), told)


async def test_one_without_an_issue_time_is_known_by_its_arrival(store, site_id):
    first, second = (forecast(None, NOW + at * HOUR, level=float(at)) for at in range(2))
    await store.save_forecast(site_id, first)
    await store.save_forecast(site_id, second)

    assert same(await store.last_forecast(site_id, ForecastKind.LOAD), second)


async def test_kinds_and_sites_are_kept_apart(store, site_id):
    await store.save_forecast(site_id, forecast(NOW, NOW))

    assert await store.last_forecast(site_id, ForecastKind.SOLAR) is None
    assert await store.last_forecast("elsewhere", ForecastKind.LOAD) is None
