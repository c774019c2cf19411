"""The sites that the settings describe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Final

from voltherm.adapters.documents.problem import DocumentError, Problem
from voltherm.adapters.documents.site import load_site, site_from_document
from voltherm.adapters.documents.tariff import library_names, read_library, read_tariff
from voltherm.adapters.documents.yaml_text import parse_yaml
from voltherm.domain.assets import Asset, Battery, Load, Pv
from voltherm.domain.site import Connection, Site
from voltherm.domain.tariffs import Tariff
from voltherm.domain.time import zone_named
from voltherm.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredSite:
    """A site with the addresses of what it talks to; one without a battery's address is not controlled."""

    site: Site
    reporter_base_url: str | None = None
    reporter_point: str | None = None
    bms_base_url: str | None = None
    meter_base_url: str | None = None


def configured_sites(settings: Settings) -> tuple[ConfiguredSite, ...]:
    """Return the sites to control: those of SITES_FILE, or the one that the variables describe.

    Raises
    ------
    DocumentError
        When a site or a tariff is not as it must be.
    """
    if settings.sites_file is not None:
        return _sites_of(settings.sites_file, settings)
    if settings.bms_base_url is None:
        return ()
    return (
        ConfiguredSite(
            site=configured_site(settings),
            reporter_base_url=settings.reporter_base_url,
            reporter_point=settings.reporter_point,
            bms_base_url=settings.bms_base_url,
            meter_base_url=settings.meter_base_url,
        ),
    )


def configured_site(settings: Settings) -> Site:
    """Return the site that BATTERY_*, SITE_* and TARIFF describe.

    Raises
    ------
    DocumentError
        When the tariff cannot be read.
    """
    tariff = configured_tariff(settings.tariff)
    each_way = sqrt(settings.battery_efficiency_roundtrip)
    battery = Battery(
        id="battery",
        capacity_kwh=settings.battery_capacity_kwh,
        charge_limit_kw=settings.battery_power_max_kw,
        discharge_limit_kw=settings.battery_power_max_kw,
        charge_efficiency=each_way,
        discharge_efficiency=each_way,
        soc_min=settings.battery_soc_min,
        soc_max=settings.battery_soc_max,
        wear_cost_per_kwh=settings.battery_wear_cost_per_kwh,
    )
    assets: tuple[Asset, ...] = (Load(id="load"), *((Pv(id="pv"),) if settings.site_has_pv else ()), battery)
    return Site(
        id=settings.site_id,
        zone=tariff.zone if settings.site_timezone is None else zone_named(settings.site_timezone),
        connection=Connection(
            import_limit_kw=settings.site_import_limit_kw, export_limit_kw=settings.site_export_limit_kw
        ),
        assets=assets,
        tariff=tariff,
    )


def configured_tariff(name: str, variable: str = "TARIFF") -> Tariff:
    """Return the tariff of the library, or of the YAML file, of that name, which stands in a variable.

    Raises
    ------
    DocumentError
        When there is none, or it is not as it must be.
    """
    if name in library_names():
        return read_library(name)
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        remedy = f"name a YAML file, or one of {', '.join(library_names())}"
        raise DocumentError(
            [Problem(field=variable, value=name, problem="is neither a file nor in the library", remedy=remedy)]
        ) from None
    return read_tariff(text, name)


def _sites_of(file: Path, settings: Settings) -> tuple[ConfiguredSite, ...]:
    try:
        parsed = parse_yaml(file.read_text(encoding="utf-8"), file.name)
    except (OSError, UnicodeDecodeError):
        raise in_sites(str(file), None, "cannot be read as UTF-8 text", "check the name and rights") from None
    if parsed.problems:
        raise DocumentError(parsed.problems)
    if not isinstance(parsed.value, list) or not parsed.value:
        raise in_sites(str(file), None, "is not a list of sites", "begin each with '- site:'")
    sites = tuple(_one_of(entry, index, file, settings) for index, entry in enumerate(parsed.value))
    names = [each.site.id for each in sites]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise in_sites("sites", doubled, "is used twice", "give each site an id of its own")
    return sites


_ADDRESSES: Final = ("reporter_base_url", "reporter_point", "bms_base_url", "meter_base_url")


def _one_of(entry: object, index: int, file: Path, settings: Settings) -> ConfiguredSite:
    where = f"sites[{index}]"
    if not isinstance(entry, Mapping) or "site" not in entry:
        raise in_sites(where, None, "has no 'site'", "give a site document, or the path of one")
    for name in entry:
        if name not in ("site", *_ADDRESSES):
            raise in_sites(f"{where}.{name}", None, "is not a known field", f"use {', '.join(_ADDRESSES)}")
    for name in _ADDRESSES:
        if not isinstance(entry.get(name), str | None):
            raise in_sites(f"{where}.{name}", None, "is no text", "write an address such as http://localhost:8002")
    raw = entry["site"]
    site = load_site(file.parent / raw) if isinstance(raw, str) else site_from_document(raw, folder=file.parent)
    bms = entry.get("bms_base_url")
    return ConfiguredSite(
        site=site,
        reporter_base_url=entry.get("reporter_base_url", settings.reporter_base_url),
        reporter_point=entry.get("reporter_point"),
        bms_base_url=bms,
        meter_base_url=entry.get("meter_base_url", bms),
    )


def in_sites(field_name: str, value: str | None, problem: str, remedy: str) -> DocumentError:
    """Return the error that says what is wrong with the sites."""
    return DocumentError([Problem(field=field_name, value=value, problem=problem, remedy=remedy)])
