"""The service beside its sites: what tidies up ends no control."""

import asyncio
from types import SimpleNamespace

from voltherm.adapters.compute.inline import InlineCompute
from voltherm.bootstrap import service as service_module
from voltherm.bootstrap.service import Service


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
