"""The service beside its sites: what tidies up ends no control."""

import asyncio
from types import SimpleNamespace

import pytest

from voltherm.adapters.compute.inline import InlineCompute
from voltherm.bootstrap import service as service_module
from voltherm.bootstrap.service import Service
from voltherm.ports.errors import Unavailable


class Site:
    """A site that is kept under control until cancelled."""

    is_controlled = False

    async def run(self):
        self.is_controlled = True
        try:
            await asyncio.Event().wait()
        finally:
            self.is_controlled = False


class Database:
    """One whose retention meets an error of ours."""

    def __init__(self):
        self.retention = self
        self.tried = asyncio.Event()

    async def apply(self, *_):
        self.tried.set()
        raise ValueError("an error of ours")

    async def close(self):
        return


async def test_an_error_while_tidying_up_leaves_every_site_under_control(monkeypatch):
    monkeypatch.setattr(service_module, "FIRST_RETENTION_S", 0.0)
    site, database = Site(), Database()
    clock = SimpleNamespace(now=lambda: None)
    service = Service(clock=clock, database=database, compute=InlineCompute(), holder="here", sites={"site": site})

    task = asyncio.create_task(service.run())
    await database.tried.wait()
    for _ in range(10):
        await asyncio.sleep(0)

    assert site.is_controlled
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class Closed:
    """A database that opens at the third attempt, and notes when it is asked to tidy up."""

    def __init__(self, failures):
        self.retention = self
        self.failures = failures
        self.attempts = 0
        self.is_open = asyncio.Event()
        self.is_tidied = asyncio.Event()

    async def open(self):
        self.attempts += 1
        if self.failures:
            raise self.failures.pop(0)
        self.is_open.set()

    async def apply(self, *_):
        self.is_tidied.set()
        return ()

    async def close(self):
        return


@pytest.mark.parametrize("failure", [Unavailable("no server"), ValueError("an error of ours")])
async def test_without_a_site_the_store_of_devices_is_opened_as_soon_as_it_can_be_and_tidied_up(monkeypatch, failure):
    monkeypatch.setattr(service_module, "FIRST_RETENTION_S", 0.0)
    monkeypatch.setattr(service_module, "RESTART_S", 0.0)
    database = Closed([failure, failure])
    clock, heat = SimpleNamespace(now=lambda: None), SimpleNamespace(open_store=database.open)
    service = Service(clock=clock, database=database, compute=InlineCompute(), holder="here", heat=heat)

    task = asyncio.create_task(service.run())
    await database.is_open.wait()
    await database.is_tidied.wait()

    assert database.attempts == 3
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
