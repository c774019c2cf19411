"""The reporter's parts, chosen by what the command line and the environment name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from fastapi import FastAPI
from pydantic import SecretStr

from voltherm.adapters.documents.site import load_site
from voltherm.bootstrap import configured_site
from voltherm.bootstrap.reporter import build_reporter_parts, reporter_clock
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

SHORTEST_TOKEN: Final = 16

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
    clock = reporter_clock(named.get("VOLTHERM_CLOCK_FILE", ""))
    site = _site(sources, named)
    told = () if sources.data_file is None else young(read_history(sources.data_file, site), clock.now())
    parts = build_reporter_parts(
        site, clock, database_url=sources.database_url, meter_url=sources.meter_url, meter_token=meter_token
    )
    meter = _demo_meter(site, clock) if sources.is_demo else parts.meter
    readings, forecasts = parts.readings, parts.forecasts
    desk = Desk(
        site=site,
        readings=readings,
        forecasts=forecasts,
        clock=clock,
        feed=None if meter is None else MeterFeed(site, meter, readings=readings, clock=clock, on_new=forecasts.forget),
        alias=sources.point,
        demo_label=demo_data.LABEL.removeprefix("demo data: ") if sources.is_demo else "",
    )

    async def begin() -> None:
        await parts.open()
        await _begin_with(told, site, readings)

    return create_reporter(desk, token=token, begin=begin, end=parts.close)


def _site(sources: Sources, named: Mapping[str, str]) -> Site:
    """The site of the file; without one the demo's where its recording is shown, else the one of the variables."""
    if sources.site_file is not None:
        return load_site(sources.site_file)
    return load_site(DEMO_SITE) if sources.is_demo else configured_site(load_settings(named))


def _demo_meter(site: Site, clock: Clock) -> ReadsIntervals:
    try:
        return demo_meter(site, clock)
    except InvalidInputError as error:
        message = f"site {site.id!r}: the recording has one load and one roof ({error}); give --data or --meter"
        raise InvalidInputError(message) from error


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
