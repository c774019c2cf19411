"""What every store of ledgers keeps to."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings

from tests.contracts.store_examples import opened, same
from tests.properties.strategies import Hardness, cases
from voltherm.adapters.documents.exact import from_plain, to_plain
from voltherm.domain.ledger import DemandRecord, EnergyRecord, Ledger
from voltherm.ports.store import LedgerStore

MARCH, APRIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TARIFF = ("costa-rica-tmt", "2026-01")


def ledger(as_of: datetime | None, peak_kw: float = 212.0, period: datetime | None = MARCH) -> Ledger:
    return Ledger(
        since=period,
        as_of=as_of,
        period_start=period,
        import_kwh=1 / 3,
        demand={
            "peak": DemandRecord(
                period_start=period,
                buckets=(("2026-03-14T10:15+02:00", peak_kw), ("given-1", 0.1 + 0.2)),
                past=((date(2026, 2, 1), 198.0),),
                running_start=as_of,
                running_kwh=12.0,
                running_h=0.1,
            )
        },
        energy={"energy": EnergyRecord(year=2026, kwh_bill=-3.0, kwh_year=3.0, row_kwh=(3.0,), row_amounts=(0.3, 1e9))},
    )


@pytest.fixture
def store(database) -> LedgerStore:
    return database.ledgers


@pytest.mark.pitfall("M5")
async def test_the_peak_of_the_month_outlives_the_program(database_url, database, site_id):
    await database.ledgers.save_ledger(site_id, ledger(MARCH + 14 * DAY), TARIFF)
    await database.close()

    async with opened(database_url) as restarted:
        await restarted.upgrade()
        assert same(await restarted.ledgers.last_ledger(site_id, TARIFF), ledger(MARCH + 14 * DAY))


async def test_the_latest_is_the_last_and_an_older_one_does_not_take_its_place(store, site_id):
    for days, peak_kw in ((1, 100.0), (9, 300.0), (5, 200.0)):
        await store.save_ledger(site_id, ledger(MARCH + days * DAY, peak_kw), TARIFF)

    assert same(await store.last_ledger(site_id, TARIFF), ledger(MARCH + 9 * DAY, 300.0))


async def test_a_ledger_told_again_of_the_same_instant_is_corrected(store, site_id):
    for peak_kw in (100.0, 120.0):
        await store.save_ledger(site_id, ledger(MARCH + DAY, peak_kw), TARIFF)

    assert same(await store.last_ledger(site_id, TARIFF), ledger(MARCH + DAY, 120.0))


@pytest.mark.pitfall("M5")
async def test_a_new_billing_period_follows_and_the_old_ones_last_stays(store, site_id):
    await store.save_ledger(site_id, ledger(APRIL), TARIFF)
    await store.save_ledger(site_id, ledger(APRIL + DAY, 5.0, APRIL), TARIFF)

    assert same(await store.last_ledger(site_id, TARIFF), ledger(APRIL + DAY, 5.0, APRIL))


async def test_ledgers_of_other_tariffs_and_sites_are_not_mixed_up(store, site_id):
    await store.save_ledger(site_id, ledger(MARCH + DAY), TARIFF)

    assert await store.last_ledger(site_id, (TARIFF[0], "2026-07")) is None
    assert await store.last_ledger("elsewhere", TARIFF) is None


async def test_an_empty_ledger_is_kept_until_there_is_another(store, site_id):
    await store.save_ledger(site_id, Ledger.empty(), TARIFF)
    assert same(await store.last_ledger(site_id, TARIFF), Ledger.empty())

    await store.save_ledger(site_id, replace(ledger(MARCH + DAY)), TARIFF)
    assert same(await store.last_ledger(site_id, TARIFF), ledger(MARCH + DAY))


@settings(max_examples=30)
@given(case=cases(Hardness(max_steps=1)))
def test_any_ledger_that_a_site_can_have_survives_its_document(case):
    _, inputs = case

    assert same(from_plain(Ledger, to_plain(Ledger, inputs.ledger)), inputs.ledger)
