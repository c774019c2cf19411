"""From settings to a service, part by part."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import stamina

from voltherm.adapters.clock import FollowingClock, LeadingClock, SystemClock
from voltherm.adapters.compute.inline import InlineCompute
from voltherm.adapters.devices.meter_http import HttpMeter
from voltherm.adapters.forecasts.reporter import ReporterClient
from voltherm.adapters.store.database import Database
from voltherm.adapters.transports.breaker import Breaker
from voltherm.adapters.transports.http import JsonHttp
from voltherm.application.confirm_commands import CommandWatch
from voltherm.application.decide_site import ControlOptions
from voltherm.application.forecast_chain import ForecastChain, ForecastOptions
from voltherm.application.judge_state import StateJudge
from voltherm.application.judged_state import JudgeOptions
from voltherm.application.lease_keeper import LeaseKeeper
from voltherm.application.outlook import column_of
from voltherm.application.site_control.cycle import Cycle
from voltherm.application.site_control.dispatch import Dispatcher
from voltherm.application.site_control.events import Listen
from voltherm.application.site_control.guard import BatteryParts, SiteGuard
from voltherm.application.site_control.journal import Journal
from voltherm.application.site_control.site_loop import ControlledSite
from voltherm.application.site_control.state import ControlSettings, SiteState
from voltherm.bootstrap.configured_sites import ConfiguredSite, configured_sites, in_sites
from voltherm.bootstrap.heat import build_heat
from voltherm.bootstrap.open_once import OpenOnce
from voltherm.bootstrap.outside import battery_behind, device_http, meter_behind, reporter_behind
from voltherm.bootstrap.service import Service
from voltherm.domain.assets import Battery
from voltherm.settings import Settings

if TYPE_CHECKING:
    from voltherm.adapters.compute.processes import ProcessCompute

GUARD_CALL_S: Final = 3.0
"""Longest call of a guard to battery or meter; it looks again a few seconds later. [s]."""
INTERVALS_CALL_S: Final = 9.0
"""Longest call for metered intervals, which may be a month of them. [s]."""
GUARD_PAUSE_S: Final = 10.0
"""A battery or meter that failed five times in a row is asked again after this. [s]."""
FORECAST_CALL_S: Final = 8.0
"""Longest call to the reporter, retries included; less than the forecast chain waits. [s]."""


def clock_of(settings: Settings, *, leads: bool) -> SystemClock | LeadingClock | FollowingClock:
    """Return the clock: the machine's, or the simulated one that the settings name."""
    file, until = settings.voltherm_clock_file, settings.voltherm_clock_until
    if file is None:
        return SystemClock()
    if leads and until is not None:
        return LeadingClock(file, until)
    clock = FollowingClock(file)
    if leads:
        clock.now()  # a file without an instant ends the start, and not the first task that asks
    return clock


def instance_name(settings: Settings) -> str:
    """Return a name that no other instance has; containers may share host name and process number."""
    return settings.instance_name or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


def control_settings(settings: Settings) -> ControlSettings:
    """Return how sites are controlled."""
    return ControlSettings(
        options=ControlOptions(
            step=timedelta(minutes=settings.mpc_time_step_minutes),
            horizon=timedelta(hours=settings.mpc_horizon_hours),
            soc_max_age=timedelta(seconds=settings.soc_max_age_seconds),
        ),
        interval=timedelta(minutes=settings.mpc_interval_minutes),
        guard=timedelta(seconds=settings.guard_interval_seconds),
        validity=timedelta(seconds=settings.command_validity_seconds),
        meter_max_age=timedelta(seconds=settings.meter_max_age_seconds),
        forecast_max_age=timedelta(hours=settings.forecast_max_age_hours),
        deadline_s=settings.mpc_deadline_seconds,
    )


def build_service(settings: Settings, listen: Listen) -> Service:
    """Return the service that the settings describe; nothing is connected yet.

    Parameters
    ----------
    settings : Settings
        All of them.
    listen : callable
        Told of every event.

    Raises
    ------
    DocumentError
        When a site or a tariff is not as it must be.
    """
    stamina.instrumentation.set_on_retry_hooks(())  # lost and found are logged once, by the breaker
    sites = configured_sites(settings)
    _refuse_prices_from_elsewhere(sites)
    clock = clock_of(settings, leads=True)
    database = Database.at(settings.database_url.get_secret_value(), column_of=column_of)
    opened = OpenOnce(database)
    service = Service(
        clock=clock,
        database=database,
        heat=build_heat(settings, database, clock, opened),
        compute=_compute(max(1, min(len(sites), (os.cpu_count() or 2) - 1))),
        holder=instance_name(settings),
        months={
            "readings": settings.retention_months_readings,
            "forecasts": settings.retention_months_forecasts,
            "plans": settings.retention_months_plans,
            "commands": settings.retention_months_commands,
        },
    )
    for configured in sites:
        service.sites[configured.site.id] = _SiteBuilder(service, settings, listen, opened).build(configured)
    return service


def _refuse_prices_from_elsewhere(sites: tuple[ConfiguredSite, ...]) -> None:
    """A tariff that is billed by a price series needs a source of prices, which there is none of yet."""
    for each in sites:
        tariff = each.site.tariff
        if each.bms_base_url is not None and tariff.series_names:
            names = ", ".join(sorted(tariff.series_names))
            problem = f"is billed by the price series {names}, for which the control of {each.site.id} has no source"
            remedy = "name a tariff with prices in it; plan requests and backtests take this one"
            raise in_sites("TARIFF", tariff.id, problem, remedy)


def _compute(n_workers: int) -> InlineCompute | ProcessCompute:
    """Processes that can be ended; threads where the system has no such limits."""
    if os.name != "posix":
        return InlineCompute(n_places=n_workers)
    from voltherm.adapters.compute.processes import ProcessCompute

    return ProcessCompute(n_workers=n_workers)


class _SiteBuilder:
    """Builds the parts of one site."""

    def __init__(self, service: Service, settings: Settings, listen: Listen, opened: OpenOnce) -> None:
        self._service, self._settings, self._listen, self._opened = service, settings, listen, opened

    def build(self, configured: ConfiguredSite) -> ControlledSite:
        service, site = self._service, configured.site
        store = service.database
        control = control_settings(self._settings)
        state = SiteState(site, 0, control, self._listen)
        journal = Journal(site.id, store.commands)
        meter = self._meter(configured, "meter", GUARD_CALL_S)
        batteries = tuple(self._battery(configured, battery, journal, control) for battery in site.batteries)
        cycle = Cycle(
            state,
            clock=service.clock,
            meter=self._meter(configured, "meter_intervals", INTERVALS_CALL_S),
            forecasts=ForecastChain(
                site, self._reporter(configured), store.forecasts, ForecastOptions(max_age=control.forecast_max_age)
            ),
            compute=service.compute,
            plans=store.plans,
            readings=store.readings,
            ledgers=store.ledgers,
        )
        return ControlledSite(
            state,
            cycle=cycle,
            guard=SiteGuard(state, batteries, meter, service.clock),
            journal=journal,
            batteries=batteries,
            clock=service.clock,
            open_store=self._opened,
            sites=store.sites,
            readings=store.readings,
            ledgers=store.ledgers,
        )

    def _meter(self, configured: ConfiguredSite, name: str, timeout_s: float) -> HttpMeter:
        site = configured.site
        http = self._http("meter", (name, site.id), configured.meter_base_url, timeout_s)
        return meter_behind(http, configured, self._service.clock)

    def _battery(
        self, configured: ConfiguredSite, battery: Battery, journal: Journal, control: ControlSettings
    ) -> BatteryParts:
        service, settings, site = self._service, self._settings, configured.site
        http = self._http("bms", ("bms", f"{site.id}/{battery.id}"), configured.bms_base_url, GUARD_CALL_S)
        device = battery_behind(http, configured, battery, settings, service.clock)
        real_time = SystemClock()
        keeper = LeaseKeeper(service.database.leases, f"{site.id}/{battery.id}", service.holder, real_time.monotonic_s)
        dispatcher = Dispatcher(
            site.id,
            battery.id,
            device=device,
            keeper=keeper,
            journal=journal,
            clock=service.clock,
            validity=control.validity,
            listen=self._listen,
        )
        return BatteryParts(
            battery=battery,
            reads=device,
            judge=StateJudge(battery, JudgeOptions(soc_max_age_s=settings.soc_max_age_seconds)),
            keeper=keeper,
            dispatcher=dispatcher,
            watch=CommandWatch(battery),
        )

    def _reporter(self, configured: ConfiguredSite) -> ReporterClient | None:
        if configured.reporter_base_url is None:
            return None
        http = JsonHttp(
            configured.reporter_base_url,
            token=self._settings.reporter_token,
            token_name="REPORTER_TOKEN",  # noqa: S106 - a name, no secret
            timeout_s=FORECAST_CALL_S,
            breaker=Breaker(monotonic=self._service.clock.monotonic_s),
        )
        self._service.outside[f"reporter:{configured.site.id}"] = http
        return reporter_behind(http, configured, self._service.clock)

    def _http(self, kind: str, name: tuple[str, str], url: str | None, timeout_s: float) -> JsonHttp:
        if url is None:
            raise in_sites(f"{kind}_base_url", None, f"is missing for {name[1]}", "give its address")
        breaker = Breaker(pause_s=GUARD_PAUSE_S, monotonic=self._service.clock.monotonic_s)
        http = device_http(kind, url, self._settings, timeout_s, breaker)
        self._service.outside[":".join(name)] = http
        return http
