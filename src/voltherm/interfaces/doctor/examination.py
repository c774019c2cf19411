"""The checks of one configuration: which things there are to look at, and how they are reached."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from voltherm.adapters.documents.problem import DocumentError
from voltherm.bootstrap import (
    ConfiguredSite,
    battery_behind,
    clock_of,
    configured_sites,
    configured_tariff,
    device_http,
    meter_behind,
    reporter_behind,
)
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.external_forecast import ForecastKind
from voltherm.domain.tariffs import Tariff
from voltherm.interfaces.doctor.configuration import (
    check_exposure,
    check_settings,
    check_sites,
    check_tariff,
    check_zones,
    without_reporter,
)
from voltherm.interfaces.doctor.devices import check_battery, check_forecast, check_meter
from voltherm.interfaces.doctor.finding import LIMIT_S, Check, Doctor, Finding, fail, warn
from voltherm.interfaces.doctor.heat import check_heat
from voltherm.interfaces.doctor.looked_at import LookedAtDatabase, date_of
from voltherm.interfaces.doctor.machine import (
    check_clock_of,
    check_database,
    check_log_dir,
    check_port,
    check_steady_clock,
)
from voltherm.ports.clock import Clock
from voltherm.settings import Settings

if TYPE_CHECKING:
    from voltherm.adapters.transports.http import JsonHttp

CALL_S: Final = 0.6 * LIMIT_S
"""A call ends before its check does, so that its own words are heard. [s]"""


async def examine(settings: Settings) -> tuple[Finding, ...]:
    """Return what the doctor finds with these settings; nothing is commanded, planned or migrated."""
    async with AsyncExitStack() as stack:
        return await Doctor(_checks(settings, stack)).examine()


def _checks(settings: Settings, stack: AsyncExitStack) -> Sequence[Check]:
    clock = clock_of(settings, leads=False)
    local = [
        _at_once("configuration", lambda: check_settings(settings)),
        _at_once("access", lambda: check_exposure(settings)),
        _at_once("logs", lambda: check_log_dir(settings.log_dir)),
        _at_once("port", lambda: check_port(settings.service_host, settings.service_port)),
        Check(what="clock", look=lambda: check_steady_clock(clock), remedy="check VOLTHERM_CLOCK_FILE"),
        _database_check(settings, clock, stack),
        Check(
            what="heat pumps", look=lambda: check_heat(settings, clock), remedy="correct PRICES_FILE or WEATHER_FILE"
        ),
    ]
    try:
        sites = configured_sites(settings)
        tariffs = [each.site.tariff for each in sites] or [configured_tariff(settings.tariff)]
    except DocumentError as error:
        found = tuple(fail("sites", f"{each.field}: {each.problem}", each.remedy) for each in error.problems)
        return [*local, _at_once("sites", lambda: found)]
    except InvalidInputError as error:
        found = (fail("sites", str(error), "correct the value named"),)
        return [*local, _at_once("sites", lambda: found)]
    bms_urls = {each.site.id: each.bms_base_url for each in sites}
    zones = [tariff.zone.key for tariff in tariffs] + [each.site.zone.key for each in sites]
    documents = [
        _at_once("sites", lambda: check_sites([each.site for each in sites], bms_urls)),
        _at_once("time zones", lambda: check_zones(zones)),
        *(
            _at_once(f"tariff {tariff.id}", partial(_tariff_now, tariff, clock, is_controlled_by=bool(sites)))
            for tariff in {tariff.id: tariff for tariff in tariffs}.values()
        ),
    ]
    return [*local, *documents, *(check for each in sites for check in _SiteChecks(each, settings, clock, stack).all())]


def _at_once(what: str, look: Callable[[], Sequence[Finding]]) -> Check:
    async def looked() -> Sequence[Finding]:
        return look()

    return Check(what=what, look=looked, remedy="correct the value named")


def _tariff_now(tariff: Tariff, clock: Clock, *, is_controlled_by: bool) -> Sequence[Finding]:
    return check_tariff(tariff, clock.now(), is_controlled_by=is_controlled_by)


def _database_check(settings: Settings, clock: Clock, stack: AsyncExitStack) -> Check:
    remedy = "check the server, its rights and DATABASE_URL"

    async def look() -> Sequence[Finding]:
        database = LookedAtDatabase(settings.database_url.get_secret_value(), CALL_S)
        stack.push_async_callback(database.close)
        if database.is_missing:
            said = f"{database.name} is not there yet"
            return (warn("database", said, "nothing to do: voltherm serve makes it at its start"),)
        return await check_database(database, clock)

    return Check(what="database", look=look, remedy=remedy)


class _SiteChecks:
    """The checks of what one site talks to."""

    def __init__(self, configured: ConfiguredSite, settings: Settings, clock: Clock, stack: AsyncExitStack) -> None:
        self._configured, self._settings, self._clock, self._stack = configured, settings, clock, stack
        self._id = configured.site.id

    def all(self) -> Iterator[Check]:
        """Return a check of each device, each forecast, and each machine's clock."""
        configured, settings, site = self._configured, self._settings, self._configured.site
        if configured.reporter_base_url is not None:
            yield from self._forecasts(self._http(configured.reporter_base_url, "reporter"))
        elif settings.sites_file is not None:
            yield _at_once(f"forecast {self._id}", partial(without_reporter, self._id))
        if configured.bms_base_url is not None:
            http = self._http(configured.bms_base_url, "bms")
            for battery in site.batteries:
                device = battery_behind(http, configured, battery, settings, self._clock)
                what = f"battery {self._id}/{battery.id}"
                yield self._check(what, partial(check_battery, what, device, battery), "BMS")
        if configured.meter_base_url is not None:
            http = self._http(configured.meter_base_url, "meter")
            what = f"meter {self._id}"
            meter = meter_behind(http, configured, self._clock)
            yield self._check(what, partial(check_meter, what, meter, self._clock), "METER")
        yield from self._clocks()

    def _forecasts(self, http: JsonHttp) -> Iterator[Check]:
        settings, site = self._settings, self._configured.site
        reporter = reporter_behind(http, self._configured, self._clock)
        kinds = [ForecastKind.LOAD, ForecastKind.SOLAR] if site.pv_plants else [ForecastKind.LOAD]
        for kind in kinds:
            what = f"forecast {self._id}/{kind}"
            look = partial(
                check_forecast,
                what,
                reporter,
                kind,
                self._clock,
                horizon=timedelta(hours=settings.mpc_horizon_hours),
                max_age=timedelta(hours=settings.forecast_max_age_hours),
            )
            yield self._check(what, look, "REPORTER")

    def _clocks(self) -> Iterator[Check]:
        configured = self._configured
        urls = {
            configured.reporter_base_url: "REPORTER",
            configured.meter_base_url: "METER",
            configured.bms_base_url: "BMS",
        }
        if self._settings.voltherm_clock_file is not None:
            return
        for url, name in urls.items():
            if url is not None:
                what = f"clock of {url}"
                yield self._check(what, partial(check_clock_of, what, partial(date_of, url, CALL_S), self._clock), name)

    def _check(self, what: str, look: Callable[[], Awaitable[Sequence[Finding]]], name: str) -> Check:
        return Check(what=what, look=look, remedy=f"start it, or correct {name}_BASE_URL and {name}_TOKEN")

    def _http(self, url: str, kind: str) -> JsonHttp:
        http = device_http(kind, url, self._settings, CALL_S)
        self._stack.push_async_callback(http.aclose)
        return http
