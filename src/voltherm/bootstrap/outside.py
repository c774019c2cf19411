"""The other sides of a site as adapters; whoever controls a site and whoever examines it build them alike."""

from __future__ import annotations

from voltherm.adapters.devices.bms_http import HttpBattery
from voltherm.adapters.devices.meter_http import HttpMeter
from voltherm.adapters.forecasts.reporter import ReporterClient
from voltherm.adapters.transports.breaker import Breaker
from voltherm.adapters.transports.http import JsonHttp
from voltherm.bootstrap.configured_sites import ConfiguredSite
from voltherm.domain.assets import Battery
from voltherm.ports.clock import Clock
from voltherm.settings import Settings


def device_http(kind: str, url: str, settings: Settings, timeout_s: float, breaker: Breaker | None = None) -> JsonHttp:
    """Return the way to a device or a reporter that is asked once and not again.

    Parameters
    ----------
    kind : str
        ``bms``, ``meter`` or ``reporter``: whose token is shown.
    url : str
        Its address.
    settings : Settings
        With the tokens.
    timeout_s : float
        Longest call. [s]
    breaker : Breaker, optional
        When to stop asking; by default the transport's own.
    """
    tokens = {"bms": settings.bms_token, "meter": settings.meter_token, "reporter": settings.reporter_token}
    name = f"{kind.upper()}_TOKEN"
    if breaker is None:
        return JsonHttp(url, token=tokens[kind], token_name=name, timeout_s=timeout_s, attempts=1)
    return JsonHttp(url, token=tokens[kind], token_name=name, timeout_s=timeout_s, attempts=1, breaker=breaker)


def battery_behind(
    http: JsonHttp, configured: ConfiguredSite, battery: Battery, settings: Settings, clock: Clock
) -> HttpBattery:
    """Return the battery of a site; in simulated time it must be on this machine."""
    return HttpBattery(
        http,
        clock,
        device_id=battery.id,
        soc_unit=settings.bms_soc_unit,
        asks_by_id=len(configured.site.batteries) > 1,
        only_loopback=settings.voltherm_clock_file is not None,
    )


def meter_behind(http: JsonHttp, configured: ConfiguredSite, clock: Clock) -> HttpMeter:
    """Return the meter of a site."""
    return HttpMeter(http, clock, asset_ids=[asset.id for asset in configured.site.assets])


def reporter_behind(http: JsonHttp, configured: ConfiguredSite, clock: Clock) -> ReporterClient:
    """Return who forecasts for a site."""
    return ReporterClient(http, zone=configured.site.zone, clock=clock, point=configured.reporter_point)
