"""The reporter's parts, chosen by what the command line and the environment name."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog
from fastapi import FastAPI
from pydantic import SecretStr

from voltherm.adapters.clock import FollowingClock, SystemClock
from voltherm.adapters.compute.inline import InlineCompute
from voltherm.adapters.devices.meter_http import HttpMeter
from voltherm.adapters.documents.site import load_site
from voltherm.adapters.store.database import Database
from voltherm.adapters.store_memory.readings import InMemoryReadings
from voltherm.adapters.transports.http import JsonHttp
from voltherm.application.outlook import column_of
from voltherm.application.serve_forecasts import ServedForecasts
from voltherm.bootstrap import configured_site
from voltherm.domain.control import Measured
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.site import Site
from voltherm.interfaces import demo_data
from voltherm.interfaces.api.redaction import redact_values
from voltherm.interfaces.reporter.app import create_reporter
from voltherm.interfaces.reporter.desk import Desk
from voltherm.interfaces.reporter.meter_feed import MeterFeed, ReadsIntervals
from voltherm.interfaces.reporter.recorded_readings import DEMO_SITE, demo_meter, read_history, young
from voltherm.ports.clock import Clock
from voltherm.ports.store import ReadingStore
from voltherm.settings import load_settings

if TYPE_CHECKING:
    from voltherm.adapters.compute.processes import ProcessCompute

SHORTEST_TOKEN: Final = 16
WORKER_IMPORTS: Final = ("voltherm.application.serve_forecasts",)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the reporter is told from.

    Parameters
    ----------
    site_file : Path or None
        The site; None for the demo's where its recording is shown, else for the one that the variables describe.
    data_file : Path or None
        Readings to begin with.
    meter_url : str or None
        The meter to follow.
    database_url : str or None
        Where readings are kept; None for memory. With none of these three, a recording is shown.
    point : str
        Another name of the whole site as a point.
    """

    site_file: Path | None = None
    data_file: Path | None = None
    meter_url: str | None = None
    database_url: str | None = None
    point: str = "poi_1"

    @property
    def is_demo(self) -> bool:
        """Whether there is nothing but the recording."""
        return self.data_file is None and self.meter_url is None and self.database_url is None


def build_reporter(sources: Sources, environ: Mapping[str, str] | None = None) -> FastAPI:
    """Return the service that the sources describe.

    Parameters
    ----------
    sources : Sources
        From the command line.
    environ : Mapping of str to str, optional
        ``REPORTER_TOKEN``, ``METER_TOKEN`` and ``VOLTHERM_CLOCK_FILE``; by default the process's.

    Raises
    ------
    VolthermError
        For a file, an address or a token that will not do.
    """
    named = os.environ if environ is None else environ
    token, meter_token = _token(named, "REPORTER_TOKEN"), _token(named, "METER_TOKEN")
    redact_values(each.get_secret_value() for each in (token, meter_token) if each is not None)
    clock_file = named.get("VOLTHERM_CLOCK_FILE", "")
    clock = FollowingClock(Path(clock_file)) if clock_file else SystemClock()
    clock.now()  # a file without an instant ends the start
    site = _site(sources, named)
    told = () if sources.data_file is None else young(read_history(sources.data_file, site), clock.now())
    database = None if sources.database_url is None else Database.at(sources.database_url, column_of=column_of)
    readings = InMemoryReadings(column_of) if database is None else database.readings
    compute = InlineCompute(n_places=1) if clock_file or sys.platform == "win32" else _processes()
    forecasts = ServedForecasts(site, readings, clock, compute)
    http = (
        None
        if sources.meter_url is None
        else JsonHttp(
            sources.meter_url,
            token=meter_token,
            token_name="METER_TOKEN",  # noqa: S106 - a name, no secret
        )
    )
    meter = _meter(site, clock, http, is_demo=sources.is_demo)
    desk = Desk(
        site=site,
        readings=readings,
        forecasts=forecasts,
        clock=clock,
        feed=None if meter is None else MeterFeed(site, meter, readings=readings, clock=clock, on_new=forecasts.forget),
        alias=sources.point,
        demo_label=demo_data.LABEL.removeprefix("demo data: ") if sources.is_demo else "",
    )
    life = _Life(compute=compute, database=database, http=http)

    async def begin() -> None:
        await life.open()
        await _begin_with(told, site, readings)

    return create_reporter(desk, token=token, begin=begin, end=life.close)


def _site(sources: Sources, named: Mapping[str, str]) -> Site:
    """The site of the file; without one the demo's where its recording is shown, else the one of the variables."""
    if sources.site_file is not None:
        return load_site(sources.site_file)
    return load_site(DEMO_SITE) if sources.is_demo else configured_site(load_settings(named))


class _Life:
    """Opens what the reporter stands on, and closes it in the opposite order."""

    def __init__(
        self, *, compute: ProcessCompute | InlineCompute, database: Database | None, http: JsonHttp | None
    ) -> None:
        self._compute = compute
        self._database = database
        self._http = http

    async def open(self) -> None:
        if self._database is not None:
            await self._database.upgrade()
        await self._compute.start()

    async def close(self) -> None:
        await self._compute.close()
        if self._http is not None:
            await self._http.aclose()
        if self._database is not None:
            await self._database.close()


def _processes() -> ProcessCompute:
    from voltherm.adapters.compute.processes import ProcessCompute  # noqa: PLC0415 - not there on Windows

    return ProcessCompute(n_workers=1, imports=WORKER_IMPORTS)


def _meter(site: Site, clock: Clock, http: JsonHttp | None, *, is_demo: bool) -> ReadsIntervals | None:
    if is_demo:
        try:
            return demo_meter(site, clock)
        except InvalidInputError as error:
            message = f"site {site.id!r}: the recording has one load and one roof ({error}); give --data or --meter"
            raise InvalidInputError(message) from error
    return None if http is None else HttpMeter(http, clock)


async def _begin_with(told: tuple[Measured, ...], site: Site, readings: ReadingStore) -> None:
    """Keep the readings of the file, but for intervals of which something is known already."""
    if not told:
        return
    kept = await readings.readings(site.id, told[0].interval.start, told[-1].interval.end)
    known = {each.interval for each in kept}
    fresh = tuple(each for each in told if each.interval not in known)
    if fresh:
        await readings.save_readings(site.id, fresh)
    _log.info("history_read", site=site.id, n_intervals=len(told), n_new=len(fresh))


def _token(environ: Mapping[str, str], name: str) -> SecretStr | None:
    text = environ.get(name, "").strip()
    if not text:
        return None
    if len(text) < SHORTEST_TOKEN:
        raise InvalidInputError(f"{name}: has {len(text)} characters; use at least {SHORTEST_TOKEN}, made at random")
    return SecretStr(text)
