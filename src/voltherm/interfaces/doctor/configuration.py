"""What can be seen without asking anybody: settings, tariffs, sites, time zones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.site import Site
from voltherm.domain.tariffs import Tariff
from voltherm.domain.time import zone_named
from voltherm.interfaces.doctor.finding import Finding, fail, ok, warn
from voltherm.settings import Settings

ENDS_SOON: Final = timedelta(days=30)
CONFIGURATION: Final = "configuration"


def check_settings(settings: Settings) -> tuple[Finding, ...]:
    """Return that the settings are valid, and what is unwise in them."""
    n_set = len(settings.model_fields_set)
    found = [ok(CONFIGURATION, f"{n_set} settings are set, {len(type(settings).model_fields) - n_set} are defaults")]
    if settings.voltherm_clock_file is not None:
        finding = f"VOLTHERM_CLOCK_FILE is {settings.voltherm_clock_file}: the time is simulated"
        found.append(warn(CONFIGURATION, finding, "unset it where a real battery is controlled"))
    if settings.reporter_base_url is None and settings.sites_file is None:
        finding = "REPORTER_BASE_URL is not set: load and sun are forecast from the site's own readings"
        found.append(warn(CONFIGURATION, finding, "set it if a reporter is there"))
    for name, url, token in (
        ("REPORTER", settings.reporter_base_url, settings.reporter_token),
        ("BMS", settings.bms_base_url, settings.bms_token),
        ("METER", settings.meter_base_url, settings.meter_token),
    ):
        if (
            url is not None
            and token is not None
            and url.startswith("http:")
            and not is_loopback(urlsplit(url).hostname)
        ):
            finding = f"{name}_TOKEN goes over plain http to another machine"
            found.append(warn(CONFIGURATION, finding, f"use https in {name}_BASE_URL, or a network of its own"))
    return tuple(found)


def check_exposure(settings: Settings) -> tuple[Finding, ...]:
    """Return whether strangers could move the battery."""
    host, has_token = settings.service_host, settings.api_token is not None
    what = "access"
    if is_loopback(host):
        return (ok(what, f"SERVICE_HOST is {host}: only this machine is answered"),)
    if has_token:
        return (ok(what, f"SERVICE_HOST is {host}, and requests that change something need API_TOKEN"),)
    finding = f"SERVICE_HOST is {host} without API_TOKEN: everybody in the network can use the service"
    return (warn(what, finding, "set API_TOKEN to at least 16 random letters, or SERVICE_HOST=127.0.0.1"),)


def is_loopback(host: str | None) -> bool:
    """Whether an address reaches this machine only."""
    try:
        return host == "localhost" or (host is not None and ip_address(host).is_loopback)
    except ValueError:
        return False


def without_reporter(site_id: str) -> tuple[Finding, ...]:
    """Return that a site of ``SITES_FILE`` names no reporter."""
    finding = "names no reporter_base_url: load and sun are forecast from its own readings"
    return (warn(f"forecast {site_id}", finding, "set it in SITES_FILE if a reporter is there"),)


def check_sites(sites: Iterable[Site], bms_urls: Mapping[str, str | None]) -> tuple[Finding, ...]:
    """Return what is controlled.

    Parameters
    ----------
    sites : iterable of Site
        The configured sites.
    bms_urls : mapping of site id to str
        Address of each site's battery.
    """
    found: list[Finding] = []
    seen: dict[tuple[str, str], str] = {}
    for site in sites:
        found += _check_site(site)
        for battery in site.batteries:
            url = bms_urls.get(site.id) or ""
            other = seen.setdefault((url, battery.id), site.id)
            if other != site.id:
                finding = f"battery {battery.id!r} at {url} is that of site {other!r} too: two plans for one battery"
                found.append(fail(f"site {site.id}", finding, "give each site the address of its own battery"))
    if not found:
        finding = "none is controlled: the service answers requests for plans only"
        found.append(warn("sites", finding, "set BMS_BASE_URL or SITES_FILE to control a battery"))
    return tuple(found)


def _check_site(site: Site) -> list[Finding]:
    what = f"site {site.id}"
    if not site.batteries:
        return [fail(what, "has no battery, so there is nothing to control", "add one to its document")]
    batteries = ", ".join(
        f"{each.id} {each.capacity_kwh:g} kWh {max(each.charge_limit_kw, each.discharge_limit_kw):g} kW"
        for each in site.batteries
    )
    found = [ok(what, f"{batteries}, {len(site.loads)} loads, {len(site.pv_plants)} PV plants, {site.zone.key}")]
    charge_kw = sum(each.charge_limit_kw for each in site.batteries)
    if charge_kw > site.connection.import_limit_kw:
        finding = f"the batteries can draw {charge_kw:g} kW, the connection {site.connection.import_limit_kw:g} kW"
        found.append(warn(what, finding, "check the import limit of the site"))
    if site.zone.key != site.tariff.zone.key:
        finding = f"its zone is {site.zone.key}, its tariff's is {site.tariff.zone.key}"
        found.append(warn(what, finding, "check that this is the tariff that is paid there"))
    return found


def check_tariff(tariff: Tariff, now: datetime, *, is_controlled_by: bool = False) -> tuple[Finding, ...]:
    """Return what is paid, and whether that holds today.

    Parameters
    ----------
    tariff : Tariff
        As it was read.
    now : datetime
        The present.
    is_controlled_by : bool
        Whether a battery is planned against it: the control gets no price series.
    """
    what = f"tariff {tariff.id}"
    today = now.astimezone(tariff.zone).date()
    windows = ", ".join(rule.id for rule in tariff.demand_rules) or "none"
    energy = ", ".join(rule.id for rule in tariff.energy_rules) or "none"
    finding = f"version {tariff.version}, {tariff.currency}, {tariff.zone.key}; energy: {energy}; demand: {windows}"
    found = [ok(what, finding)]
    if tariff.valid_from is not None and today < tariff.valid_from:
        finding = f"holds from {tariff.valid_from} on, today is {today}"
        found.append(fail(what, finding, "name the version that holds today in TARIFF"))
    if tariff.valid_until is not None and today >= tariff.valid_until:
        finding = f"held until {tariff.valid_until}, today is {today}"
        found.append(fail(what, finding, "name the version that holds today in TARIFF"))
    elif tariff.valid_until is not None and today + ENDS_SOON >= tariff.valid_until:
        found.append(warn(what, f"holds until {tariff.valid_until} only", "have its successor ready"))
    if tariff.series_names:
        names = ", ".join(sorted(tariff.series_names))
        finding = f"needs prices from outside: {names}"
        if is_controlled_by:
            remedy = "the control gets none and makes no plan: name a tariff without price series in TARIFF"
            found.append(fail(what, finding, remedy))
        else:
            found.append(warn(what, finding, "give them with each request to /v1/plan"))
    found += [warn(what, note, "nothing to do: bills are exact, plans come close") for note in tariff.approximations]
    return tuple(found)


def check_zones(names: Iterable[str]) -> tuple[Finding, ...]:
    """Return whether the time zone database knows the zones that are used."""
    known, unknown = [], []
    for name in sorted(set(names)):
        try:
            known.append(zone_named(name).key)
        except InvalidInputError:
            unknown.append(name)
    if unknown:
        finding = f"{', '.join(unknown)} are not in the time zone database"
        return (fail("time zones", finding, "install the package tzdata"),)
    return (ok("time zones", ", ".join(known)),)
