"""Plans batteries, heat pumps and PV behind one meter against the tariff that the site really pays.

``import voltherm`` costs nothing: each name is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voltherm.adapters.documents.plan_request import PlanRequest, load_request, read_request
    from voltherm.adapters.documents.series_csv import read_measurements
    from voltherm.adapters.documents.site import load_site
    from voltherm.adapters.documents.tariff import library_names, read_library, read_tariff
    from voltherm.application.control_step import ControlOptions, SiteController
    from voltherm.application.plan_site import plan_site
    from voltherm.domain.assets import (
        BackupHeater,
        Battery,
        BatteryState,
        Building,
        BuildingState,
        GroundTemperature,
        HeatingCurve,
        HeatMode,
        HeatPump,
        HeatPumpState,
        HeatSource,
        Load,
        Pv,
        RatingPoint,
        Room,
        Schedule,
        Wall,
    )
    from voltherm.domain.building_presets import building_of
    from voltherm.domain.comfort import Comfort, ComfortWindow
    from voltherm.domain.control import Decision, GuardedPower, Measured, MeterReading, Rung
    from voltherm.domain.errors import InvalidInputError, VolthermError
    from voltherm.domain.house import Construction, Emitter, House, Insulation
    from voltherm.domain.ledger import Ledger
    from voltherm.domain.measurements import Measurements
    from voltherm.domain.plan import Plan, PlanInputs, PlanOptions, Terminal
    from voltherm.domain.series import Provenance, Quality, Series
    from voltherm.domain.site import Connection, Site
    from voltherm.domain.tariffs import Tariff, Usage
    from voltherm.domain.time import Interval, TimeGrid, zone_named
    from voltherm.physics.heat_pump_presets import HeatPumpType, RatedUnit, heat_pump_of

_HOMES = {
    "BackupHeater": "domain.assets",
    "Battery": "domain.assets",
    "BatteryState": "domain.assets",
    "Building": "domain.assets",
    "BuildingState": "domain.assets",
    "Comfort": "domain.comfort",
    "ComfortWindow": "domain.comfort",
    "Connection": "domain.site",
    "Construction": "domain.house",
    "ControlOptions": "application.control_step",
    "Decision": "domain.control",
    "Emitter": "domain.house",
    "GroundTemperature": "domain.assets",
    "GuardedPower": "domain.control",
    "HeatMode": "domain.assets",
    "HeatPump": "domain.assets",
    "HeatPumpState": "domain.assets",
    "HeatPumpType": "physics.heat_pump_presets",
    "HeatSource": "domain.assets",
    "HeatingCurve": "domain.assets",
    "House": "domain.house",
    "Insulation": "domain.house",
    "Interval": "domain.time",
    "InvalidInputError": "domain.errors",
    "Ledger": "domain.ledger",
    "Load": "domain.assets",
    "Measured": "domain.control",
    "Measurements": "domain.measurements",
    "MeterReading": "domain.control",
    "Plan": "domain.plan",
    "PlanInputs": "domain.plan",
    "PlanOptions": "domain.plan",
    "PlanRequest": "adapters.documents.plan_request",
    "Provenance": "domain.series",
    "Pv": "domain.assets",
    "Quality": "domain.series",
    "RatedUnit": "physics.heat_pump_presets",
    "RatingPoint": "domain.assets",
    "Room": "domain.assets",
    "Rung": "domain.control",
    "Schedule": "domain.assets",
    "Series": "domain.series",
    "Site": "domain.site",
    "SiteController": "application.control_step",
    "Tariff": "domain.tariffs",
    "Terminal": "domain.plan",
    "TimeGrid": "domain.time",
    "Usage": "domain.tariffs",
    "VolthermError": "domain.errors",
    "Wall": "domain.assets",
    "building_of": "domain.building_presets",
    "heat_pump_of": "physics.heat_pump_presets",
    "library_names": "adapters.documents.tariff",
    "load_request": "adapters.documents.plan_request",
    "load_site": "adapters.documents.site",
    "plan_site": "application.plan_site",
    "read_library": "adapters.documents.tariff",
    "read_measurements": "adapters.documents.series_csv",
    "read_request": "adapters.documents.plan_request",
    "read_tariff": "adapters.documents.tariff",
    "zone_named": "domain.time",
}

__all__ = [
    "BackupHeater",
    "Battery",
    "BatteryState",
    "Building",
    "BuildingState",
    "Comfort",
    "ComfortWindow",
    "Connection",
    "Construction",
    "ControlOptions",
    "Decision",
    "Emitter",
    "GroundTemperature",
    "GuardedPower",
    "HeatMode",
    "HeatPump",
    "HeatPumpState",
    "HeatPumpType",
    "HeatSource",
    "HeatingCurve",
    "House",
    "Insulation",
    "Interval",
    "InvalidInputError",
    "Ledger",
    "Load",
    "Measured",
    "Measurements",
    "MeterReading",
    "Plan",
    "PlanInputs",
    "PlanOptions",
    "PlanRequest",
    "Provenance",
    "Pv",
    "Quality",
    "RatedUnit",
    "RatingPoint",
    "Room",
    "Rung",
    "Schedule",
    "Series",
    "Site",
    "SiteController",
    "Tariff",
    "Terminal",
    "TimeGrid",
    "Usage",
    "VolthermError",
    "Wall",
    "building_of",
    "heat_pump_of",
    "library_names",
    "load_request",
    "load_site",
    "plan_site",
    "read_library",
    "read_measurements",
    "read_request",
    "read_tariff",
    "zone_named",
]


if not TYPE_CHECKING:  # so that type checkers refuse misspelled names

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module 'voltherm' has no attribute {name!r}")
        value = getattr(import_module(f"voltherm.{_HOMES[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
