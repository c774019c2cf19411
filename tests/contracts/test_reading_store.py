"""What every store of readings keeps to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tests.contracts.store_examples import ODD_NUMBERS, QUARTER, measured, same, site
from tests.tariffs import energy, tariff_of
from voltherm.adapters.store_memory.readings import InMemoryReadings
from voltherm.application.outlook import column_of
from voltherm.domain.assets import Load, Pv
from voltherm.domain.errors import InvalidInputError
from voltherm.ports.store import ReadingStore

START = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(params=["kept", "in memory"])
def store(request, database) -> ReadingStore:
    return InMemoryReadings(column_of) if request.param == "in memory" else database.readings


def quarters(n_steps, **means):
    return tuple(
        measured(START + at * QUARTER, **{name: values[at] for name, values in means.items()}) for at in range(n_steps)
    )


async def test_readings_come_back_equal_over_the_end_of_a_month(store, site_id):
    told = tuple(
        measured(
            START + at * QUARTER,
            grid_kw=value / 2,
            power_kw={"load": value, "büro": -value / 2},
            soc={"bess": 1 / 3},
            prices_per_kwh={"spot": value},
            t_out_c=-3.1,
            reactive_kvar=value / 3,
        )
        for at, value in enumerate(ODD_NUMBERS)
    )

    assert await store.save_readings(site_id, told) == len(told)
    assert await store.readings(site_id, START - DAY, START + DAY) == told


async def test_what_was_not_measured_is_not_there_either(store, site_id):
    await store.save_readings(site_id, (measured(START),))

    assert same(await store.readings(site_id, START, START + DAY), (measured(START),))


async def test_an_interval_told_again_is_not_counted_and_a_correction_is(store, site_id):
    told = quarters(3, grid_kw=[1.0, 2.0, 3.0])
    await store.save_readings(site_id, told)

    assert await store.save_readings(site_id, told) == 0
    assert await store.save_readings(site_id, (replace(told[1], grid_kw=2.5), *quarters(1, grid_kw=[1.0]))) == 1
    assert [each.grid_kw for each in await store.readings(site_id, START, START + DAY)] == [1.0, 2.5, 3.0]


async def test_a_correction_leaves_what_it_does_not_name(store, site_id):
    await store.save_readings(site_id, (measured(START, grid_kw=1.0, power_kw={"load": 1.0}),))
    await store.save_readings(site_id, (measured(START, power_kw={"roof": 2.0}, prices_per_kwh={"spot": 0.1}),))

    (found,) = await store.readings(site_id, START, START + DAY)

    assert found.grid_kw == 1.0
    assert found.power_kw == {"load": 1.0, "roof": 2.0}
    assert found.prices_per_kwh == {"spot": 0.1}


async def test_only_whole_intervals_within_the_span_are_returned_oldest_first(store, site_id):
    told = quarters(5, grid_kw=[0.0, 1.0, 2.0, 3.0, 4.0])
    await store.save_readings(site_id, told[::-1])

    found = await store.readings(site_id, START + timedelta(minutes=10), START + 4 * QUARTER)

    assert [each.grid_kw for each in found] == [1.0, 2.0, 3.0]


async def test_sites_do_not_see_each_others_readings(store, site_id):
    await store.save_readings(site_id, quarters(1, grid_kw=[1.0]))

    assert await store.readings(f"{site_id} 2", START, START + DAY) == ()


async def test_more_readings_than_fit_in_one_transaction_are_all_kept(store, site_id):
    many = tuple(measured(START + at * QUARTER, power_kw={"load": float(at)}) for at in range(6_000))

    assert await store.save_readings(site_id, many) == len(many)
    assert await store.readings(site_id, START, START + 90 * DAY) == many
    history = await store.history(site(site_id), START, QUARTER)
    assert np.array_equal(history.column("load_kw"), np.arange(6_000.0))


async def test_history_has_the_columns_of_the_sites_only_load_and_plant(store, site_id):
    powers = [{"load": 10.0, "roof": 5.0, "bess": 1.0}, {"load": 20.0, "roof": -0.2, "stranger": 9.0}, {"roof": 1.0}]
    await store.save_readings(site_id, quarters(3, power_kw=powers, t_out_c=[-1.0, None, -3.0]))

    history = await store.history(site(site_id), START, QUARTER)

    assert set(history.columns) == {"load_kw", "pv_kw", "t_out_c"}
    assert np.array_equal(history.column("load_kw"), [10.0, 20.0, np.nan], equal_nan=True)
    assert np.array_equal(history.column("pv_kw"), [5.0, 0.0, 1.0])
    assert np.array_equal(history.column("t_out_c"), [-1.0, np.nan, -3.0], equal_nan=True)


async def test_several_loads_plants_and_prices_carry_their_ids(store, site_id):
    prices = tariff_of(energy(series="spot"), energy(series="green", name="extra"))
    many = replace(site(site_id), assets=(Load(id="hall"), Load(id="lab"), Pv(id="east"), Pv(id="west")), tariff=prices)
    power_kw = {"hall": 1.0, "lab": 2.0, "east": 3.0, "west": 4.0}
    told = {"spot": 0.1, "green": 0.2, "old": 0.3}
    await store.save_readings(site_id, (measured(START, power_kw=power_kw, prices_per_kwh=told),))

    history = await store.history(many, START, QUARTER)

    assert {name: float(values[0]) for name, values in history.columns.items()} == {
        "hall_kw": 1.0,
        "lab_kw": 2.0,
        "east_kw": 3.0,
        "west_kw": 4.0,
        "spot_price_per_kwh": 0.1,
        "green_price_per_kwh": 0.2,
    }


async def test_history_shows_gaps_and_begins_where_it_is_asked_to(store, site_id):
    told = quarters(6, power_kw=[{"load": float(at)} for at in range(6)])
    await store.save_readings(site_id, (*told[:3], told[5]))

    history = await store.history(site(site_id), START + QUARTER, QUARTER)

    assert history.grid.start == START + QUARTER
    assert np.array_equal(history.column("load_kw"), [1.0, 2.0, np.nan, np.nan, 5.0], equal_nan=True)


async def test_history_is_averaged_to_the_step_that_is_asked_for(store, site_id):
    minutes = tuple(
        measured(START + at * timedelta(minutes=5), timedelta(minutes=5), power_kw={"load": float(at)})
        for at in range(12)
    )
    await store.save_readings(site_id, minutes)

    history = await store.history(site(site_id), START, QUARTER)

    assert history.column("load_kw").tolist() == [1.0, 4.0, 7.0, 10.0]


async def test_there_is_no_history_without_readings_of_the_site(store, site_id):
    await store.save_readings(site_id, quarters(1, grid_kw=[1.0]))

    assert await store.history(site(site_id), START, QUARTER) is None


async def test_an_interval_that_is_no_step_is_refused(database, site_id):
    with pytest.raises(InvalidInputError, match="must divide an hour"):
        await database.readings.save_readings(site_id, (measured(START, timedelta(minutes=7), grid_kw=1.0),))
