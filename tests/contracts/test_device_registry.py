"""What every registry of devices keeps to."""

import asyncio

import pytest

from tests.contracts.heat_examples import device
from tests.contracts.store_examples import same
from voltherm.adapters.store.tables import devices
from voltherm.ports.errors import Malformed
from voltherm.ports.registry import DeviceRegistry, DeviceTakenError


@pytest.fixture
def registry(database) -> DeviceRegistry:
    return database.devices


@pytest.fixture
def name(site_id):
    return site_id.replace(" ", "_")


async def test_a_device_comes_back_as_it_was_registered_to_the_last_bit(registry, name):
    told = device(name)

    await registry.register(told)

    assert same(await registry.device(name), told)
    assert await registry.device(f"{name}.other") is None


async def test_an_id_is_taken_once_and_the_first_device_stays(registry, name):
    await registry.register(device(name))

    with pytest.raises(DeviceTakenError, match="choose another id"):
        await registry.register(device(name, name="another"))
    assert same(await registry.device(name), device(name))


async def test_of_many_instances_that_register_an_id_at_once_one_succeeds(database, other_database, name):
    registries = (database.devices, other_database.devices)
    told = [registries[n % 2].register(device(name, name=f"number {n}")) for n in range(8)]

    became = await asyncio.gather(*told, return_exceptions=True)

    assert [type(each) for each in became if each is not None] == [DeviceTakenError] * 7
    assert (await database.devices.device(name)).name == f"number {became.index(None)}"


async def test_devices_are_listed_in_the_order_of_code_points_page_by_page(registry, name):
    ids = [f"{name}{end}" for end in ("-b", ".a", "A", "Z", "_", "a", "a1", "z")]
    for each in reversed(ids):
        await registry.register(device(each))

    first = await registry.devices(name, 5)
    second = await registry.devices(first[-1].device_id, 3)

    assert [each.device_id for each in (*first, *second)] == ids


async def test_a_device_of_a_newer_program_is_named_and_not_guessed_at(registry, name):
    await registry.register(device(name))
    await _changed(registry, name, zone="Europe/Atlantis")

    with pytest.raises(Malformed, match="Atlantis"):
        await registry.device(name)


async def _changed(registry, name, **columns):
    async with registry._transactions.writing() as connection:
        await connection.execute(devices.update().where(devices.c.id == name).values(**columns))
