"""The controlled sites with everything that they share, kept running."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from voltherm.adapters.compute.inline import InlineCompute
from voltherm.adapters.store.database import Database
from voltherm.adapters.transports.http import JsonHttp
from voltherm.application.site_control.site_loop import ControlledSite
from voltherm.bootstrap.heat import HeatParts
from voltherm.ports.clock import Clock
from voltherm.ports.errors import OutsideError

if TYPE_CHECKING:
    from voltherm.adapters.compute.processes import ProcessCompute

RESTART_S: Final = 10.0
"""A site whose control ended in an error of ours is begun again after this. [s]."""

FIRST_RETENTION_S: Final = 300.0
RETENTION_S: Final = 86400.0
"""What has been kept long enough is removed soon after the start, and once a day. [s]."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Service:
    """The controlled sites with everything that they share, and the registered heat pumps.

    Parameters
    ----------
    clock : Clock
        The time.
    database : Database
        The store.
    compute : Compute
        Where plans are computed.
    sites : dict of site id to ControlledSite
        What is controlled.
    holder : str
        Name of this instance.
    months : Mapping of str to int
        How long readings, forecasts, plans and commands are kept.
    outside : dict of name to JsonHttp
        The other sides, for their breakers' states and to close them.
    heat : HeatParts or None
        Registered heat pumps; None serves none.
    """

    clock: Clock
    database: Database
    compute: InlineCompute | ProcessCompute
    holder: str
    months: Mapping[str, int] = field(default_factory=dict)
    sites: dict[str, ControlledSite] = field(default_factory=dict)
    outside: dict[str, JsonHttp] = field(default_factory=dict)
    heat: HeatParts | None = None

    async def run(self) -> None:
        """Keep every site under control until cancelled."""
        if not isinstance(self.compute, InlineCompute):
            await self.compute.start()
        try:
            async with asyncio.TaskGroup() as tasks:
                for site in self.sites.values():
                    tasks.create_task(self._keep_running(site))
                if self.heat is not None:
                    tasks.create_task(self._open_store(self.heat))
                tasks.create_task(self._retain())
        finally:
            await self._close()

    async def _keep_running(self, site: ControlledSite) -> None:
        """Run one site; an error of ours ends its control, which begins again, and touches no other site."""
        while True:
            try:
                await site.run()
            except Exception:  # noqa: BLE001 - once here: logged with its traceback, shown by readiness, begun again
                _log.exception("site_control_failed", site=site.state.site.id)
                site.failed("the control ended in an error of ours; the log says which")
            await asyncio.sleep(RESTART_S)

    async def _open_store(self, heat: HeatParts) -> None:
        """Bring the database up before the first device asks for it; until it is, device routes answer 503."""
        is_told = False
        while True:
            try:
                await heat.open_store()
            except OutsideError as error:
                told = _log.debug if is_told else _log.warning
                told("devices_not_kept", why=str(error))
                is_told = True
            except Exception:  # noqa: BLE001 - logged with its traceback; what opens the store must not end the control
                _log.exception("devices_not_kept")
                is_told = True
            else:
                if is_told:
                    _log.info("devices_kept_again")
                return
            await asyncio.sleep(RESTART_S)

    async def _retain(self) -> None:
        """Remove once a day what has been kept long enough."""
        while self.sites or self.heat is not None:
            await asyncio.sleep(FIRST_RETENTION_S)
            try:
                for removed in await self.database.retention.apply(self.clock.now(), self.months):
                    _log.info("removed", what=removed)
            except OutsideError as error:
                _log.warning("retention_failed", why=str(error))
            except Exception:  # noqa: BLE001 - logged with its traceback; what tidies up must not end the control
                _log.exception("retention_failed")
            await asyncio.sleep(RETENTION_S)

    async def _close(self) -> None:
        for http in self.outside.values():
            await http.aclose()
        if not isinstance(self.compute, InlineCompute):
            await self.compute.close()
        await self.database.close()
