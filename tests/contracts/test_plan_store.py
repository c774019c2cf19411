"""What every store of plans keeps to: a plan can be made again from what is kept, bit for bit."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from secrets import token_hex

import pytest
from hypothesis import HealthCheck, assume, given, settings

from tests.contracts.store_examples import STEP, opened, record, same, site
from tests.properties.strategies import Hardness, cases
from voltherm.application.plan_site import plan_site
from voltherm.ports.errors import Malformed
from voltherm.ports.store import PlanRecord, PlanStore

HOUR = timedelta(hours=1)


@pytest.fixture
def store(database) -> PlanStore:
    return database.plans


@pytest.fixture
async def stored_site(database, site_id):
    return await database.sites.save_site(site(site_id))


@pytest.mark.pitfall("M27")
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(case=cases(Hardness(tame=True, max_steps=24)))
def test_a_stored_plan_is_made_again_bit_for_bit_from_what_is_stored(database_url, case):
    drawn, inputs = case
    assume(drawn.tariff.energy_rules)  # no document is without a price, or has a tax on nothing
    inputs = replace(inputs, options=replace(inputs.options, solve_limit_s=60.0))

    async def stored_and_read():
        async with opened(database_url) as database:
            await database.upgrade()
            version = (await database.sites.save_site(drawn)).version
            told = PlanRecord(id=token_hex(), site_version=version, inputs=inputs, plan=plan_site(drawn, inputs))
            await database.plans.save_plan(told)
            read = await database.plans.plan(told.id)
            return told, read, (await database.sites.site(drawn.id, read.site_version)).site

    told, read, kept_site = asyncio.run(stored_and_read())

    assert same(read, told)
    assert kept_site == drawn
    again = plan_site(kept_site, read.inputs)
    assert same(replace(again, timing=told.plan.timing), told.plan)


async def test_a_plan_comes_back_the_same(store, stored_site):
    told = record("a", stored_site.site, stored_site.version)

    await store.save_plan(replace(told, id=stored_site.site.id))

    assert same(await store.plan(stored_site.site.id), replace(told, id=stored_site.site.id))
    assert await store.plan("no such plan") is None


async def test_plans_are_found_by_when_they_were_made_oldest_first(store, stored_site):
    of, name = stored_site.site, stored_site.site.id
    for number in (2, 0, 1, 3):
        await store.save_plan(record(f"{name} {number}", of, stored_site.version, start=STEP + number * HOUR))

    assert await store.plan_ids(name, STEP + HOUR, STEP + 3 * HOUR) == (f"{name} 1", f"{name} 2")


async def test_the_same_plan_again_changes_nothing_and_another_under_its_id_is_refused(store, stored_site):
    told = record(f"{stored_site.site.id} twice", stored_site.site, stored_site.version)
    await store.save_plan(told)
    await store.save_plan(told)

    with pytest.raises(Malformed, match="another plan of that id"):
        await store.save_plan(replace(told, plan=replace(told.plan, certified_gap=0.5)))
    assert same(await store.plan(told.id), told)


async def test_a_plan_of_a_site_that_is_not_kept_is_refused(store, stored_site):
    with pytest.raises(Malformed, match=r"(?i)foreign key"):
        await store.save_plan(record("orphan", stored_site.site, stored_site.version + 1))
