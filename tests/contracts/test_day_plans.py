"""What every store of daily plans keeps to: a plan can be made again from what is kept, bit for bit."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.contracts.heat_examples import DAY, HELSINKI, day_plan, pump
from tests.contracts.store_examples import NOW, same
from tests.tariffs import energy, tariff_of
from voltherm.application.plan_site import plan_site
from voltherm.domain.site import Connection, Site
from voltherm.ports.registry import DayPlans

SECOND = timedelta(seconds=1)


@pytest.fixture
def store(database) -> DayPlans:
    return database.day_plans


@pytest.fixture(scope="module")
def made():
    return day_plan("pump")


@pytest.fixture
def told(made, site_id):
    return replace(made, device_id=site_id)


@pytest.mark.pitfall("M27")
async def test_a_stored_plan_is_made_again_bit_for_bit_from_what_is_stored(store, told):
    await store.save_day_plan(told)

    read = await store.day_plan(told.device_id, DAY)

    assert same(read, told)
    site = Site(
        id="pump",
        zone=HELSINKI,
        connection=Connection(import_limit_kw=20.0, export_limit_kw=0.0),
        assets=(pump("pump"),),
        tariff=tariff_of(energy(0.1)),
    )
    again = plan_site(site, read.inputs)
    assert same(replace(again, timing=told.plan.timing), told.plan)


async def test_a_later_plan_of_the_day_replaces_the_one_before(store, told):
    later = replace(told, made_at=NOW + SECOND, plan=replace(told.plan, certified_gap=0.25))
    await store.save_day_plan(told)
    await store.save_day_plan(later)

    assert same(await store.day_plan(told.device_id, DAY), later)


async def test_a_plan_that_was_made_earlier_does_not_replace_a_fresher_one(store, told):
    await store.save_day_plan(told)
    await store.save_day_plan(replace(told, made_at=NOW - SECOND, plan=replace(told.plan, certified_gap=0.25)))

    assert same(await store.day_plan(told.device_id, DAY), told)


async def test_days_and_devices_are_told_apart(store, told):
    await store.save_day_plan(told)

    assert await store.day_plan(told.device_id, date(2026, 4, 2)) is None
    assert await store.day_plan(f"{told.device_id} other", DAY) is None
