"""What every store of sites keeps to."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from tests.contracts.store_examples import site
from voltherm.adapters.documents.tariff import library_names, read_library
from voltherm.adapters.store.tables import sites, tariffs
from voltherm.domain.tariffs import HolidayRule
from voltherm.ports.errors import Malformed
from voltherm.ports.store import SiteStore


@pytest.fixture
def store(database) -> SiteStore:
    return database.sites


async def test_a_site_comes_back_equal_as_its_first_version(store, site_id):
    saved = await store.save_site(site(site_id))

    assert saved.version == 1
    assert await store.site(site_id) == saved


async def test_an_unchanged_site_writes_nothing(database, store, site_id):
    first = await store.save_site(site(site_id))

    assert await store.save_site(site(site_id)) == first
    async with database._transactions.reading() as connection:
        n_versions = await connection.scalar(select(func.count()).where(sites.c.id == site_id))
    assert n_versions == 1


async def test_a_change_of_the_tariff_is_a_new_version_and_the_old_one_stays(store, site_id):
    before, after = site(site_id), site(site_id, rate=11.0)

    await store.save_site(before)
    saved = await store.save_site(after)

    assert saved.version == 2
    assert (await store.site(site_id)).site == after
    assert (await store.site(site_id, version=1)).site == before


async def test_going_back_is_a_new_version_too(store, site_id):
    for rate in (10.0, 11.0, 10.0):
        saved = await store.save_site(site(site_id, rate=rate))

    assert saved.version == 3
    assert (await store.site(site_id)).site == site(site_id)


async def test_what_was_never_saved_is_none(store, site_id):
    await store.save_site(site(site_id))

    assert await store.site("nowhere") is None
    assert await store.site(site_id, version=2) is None


async def test_a_tariff_that_sites_share_is_kept_once(database, store, site_id):
    tariff = replace(site().tariff, id="shared", version=site_id)
    for number in range(3):
        await store.save_site(replace(site(f"{site_id} {number}"), tariff=tariff))

    async with database._transactions.reading() as connection:
        n_tariffs = await connection.scalar(select(func.count()).where(tariffs.c.version == site_id))
    assert n_tariffs == 1


@pytest.mark.parametrize("name", library_names())
async def test_a_site_under_each_tariff_of_the_library_comes_back_equal(store, name):
    wanted = replace(site(f"under {name}"), tariff=read_library(name))

    await store.save_site(wanted)

    assert (await store.site(wanted.id)).site == wanted


async def test_holidays_stay_as_they_were_when_another_calendar_release_says_otherwise(database, store, site_id):
    name = next(name for name in library_names() if any(_holidays(rule) for rule in read_library(name).components))
    await store.save_site(replace(site(site_id), tariff=replace(read_library(name), version=site_id)))
    async with database._transactions.writing() as connection:
        row = (await connection.execute(select(tariffs.c.holidays).where(tariffs.c.version == site_id))).one()
        fewer = [{**rule, "days": rule["days"][:3]} for rule in row.holidays]
        await connection.execute(update(tariffs).where(tariffs.c.version == site_id).values(holidays=fewer))

    read = (await store.site(site_id)).site

    rules = [rule for component in read.tariff.components for rule in _holidays(component)]
    assert {len(rule.days) for rule in rules} == {3}


async def test_a_site_that_no_document_can_say_is_refused(store, site_id):
    odd = replace(site(site_id), assets=tuple(replace(asset, id="a\nb") for asset in site().batteries))

    with pytest.raises(Malformed, match="assets"):
        await store.save_site(odd)


def _holidays(component: object) -> list[HolidayRule]:
    when = getattr(component, "when", None)
    windows = [when, *(row.when for row in getattr(component, "windows", ()) or ())] if when else []
    return [each.holidays for each in windows if each is not None and each.holidays is not None and each.holidays.days]
