"""The only place that builds adapters and hands them to the use cases."""

from voltherm.bootstrap.build import build_service, clock_of
from voltherm.bootstrap.configured_sites import ConfiguredSite, configured_site, configured_sites, configured_tariff
from voltherm.bootstrap.heat import HeatParts, HeatSources, build_heat, heat_sources
from voltherm.bootstrap.outside import battery_behind, device_http, meter_behind, reporter_behind
from voltherm.bootstrap.service import Service

__all__ = [
    "ConfiguredSite",
    "HeatParts",
    "HeatSources",
    "Service",
    "battery_behind",
    "build_heat",
    "build_service",
    "clock_of",
    "configured_site",
    "configured_sites",
    "configured_tariff",
    "device_http",
    "heat_sources",
    "meter_behind",
    "reporter_behind",
]
