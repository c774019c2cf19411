"""What the reporter stands on: clock, store, forecasts and the way to a meter."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voltherm.adapters.clock import FollowingClock, SystemClock
from voltherm.adapters.compute.inline import InlineCompute
from voltherm.adapters.devices.meter_http import HttpMeter
from voltherm.adapters.store.database import Database
from voltherm.adapters.store_memory.readings import InMemoryReadings
from voltherm.adapters.transports.http import JsonHttp
from voltherm.application.outlook import column_of
from voltherm.application.serve_forecasts import ServedForecasts
from voltherm.domain.site import Site
from voltherm.ports.clock import Clock
from voltherm.ports.store import ReadingStore

if TYPE_CHECKING:
    from pydantic import SecretStr

    from voltherm.adapters.compute.processes import ProcessCompute

WORKER_IMPORTS: Final = ("voltherm.application.serve_forecasts",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReporterParts:
    """What the reporter stands on; to be opened before the first answer, and closed after the last.

    Parameters
    ----------
    clock : Clock
        The time.
    readings : ReadingStore
        Where readings are kept.
    forecasts : ServedForecasts
        What is served.
    meter : HttpMeter or None
        The meter to follow.
    """

    clock: Clock
    readings: ReadingStore
    forecasts: ServedForecasts
    meter: HttpMeter | None
    _compute: ProcessCompute | InlineCompute
    _database: Database | None
    _http: JsonHttp | None

    async def open(self) -> None:
        """Bring the database up to date and begin to compute."""
        if self._database is not None:
            await self._database.upgrade()
        await self._compute.start()

    async def close(self) -> None:
        """Close everything, in the opposite order."""
        await self._compute.close()
        if self._http is not None:
            await self._http.aclose()
        if self._database is not None:
            await self._database.close()


def reporter_clock(clock_file: str) -> Clock:
    """Return the machine's clock, or the simulated one of a file, which must have an instant by now."""
    clock = FollowingClock(Path(clock_file)) if clock_file else SystemClock()
    clock.now()  # a file without an instant ends the start
    return clock


def build_reporter_parts(
    site: Site, clock: Clock, *, database_url: str | None, meter_url: str | None, meter_token: SecretStr | None
) -> ReporterParts:
    """Return what the reporter stands on; nothing is connected yet.

    Parameters
    ----------
    site : Site
        Whose load and sun are forecast.
    clock : Clock
        From `reporter_clock`; in simulated time everything is computed in this process.
    database_url : str or None
        Where readings are kept; None for memory.
    meter_url : str or None
        The meter to follow.
    meter_token : SecretStr or None
        Shown to the meter.

    Raises
    ------
    VolthermError
        For an address that will not do.
    """
    database = None if database_url is None else Database.at(database_url, column_of=column_of)
    readings = InMemoryReadings(column_of) if database is None else database.readings
    is_simulated = not isinstance(clock, SystemClock)
    compute = InlineCompute(n_places=1) if is_simulated or sys.platform == "win32" else _processes()
    name = "METER_TOKEN"
    http = None if meter_url is None else JsonHttp(meter_url, token=meter_token, token_name=name)
    return ReporterParts(
        clock=clock,
        readings=readings,
        forecasts=ServedForecasts(site, readings, clock, compute),
        meter=None if http is None else HttpMeter(http, clock),
        _compute=compute,
        _database=database,
        _http=http,
    )


def _processes() -> ProcessCompute:
    from voltherm.adapters.compute.processes import ProcessCompute

    return ProcessCompute(n_workers=1, imports=WORKER_IMPORTS)
