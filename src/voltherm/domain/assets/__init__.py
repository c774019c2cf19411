"""The things behind the meter. A new one joins the union, and mypy names every match to fill."""

from __future__ import annotations

from voltherm.domain.assets.battery import Battery, BatteryState
from voltherm.domain.assets.building import Building, BuildingState, Room, Wall
from voltherm.domain.assets.heat_pump import (
    BackupHeater,
    GroundTemperature,
    HeatingCurve,
    HeatMode,
    HeatPump,
    HeatPumpState,
    HeatSource,
    RatingPoint,
    Schedule,
)
from voltherm.domain.assets.load import Load
from voltherm.domain.assets.pv import Pv

Asset = Battery | HeatPump | Load | Pv

__all__ = [
    "Asset",
    "BackupHeater",
    "Battery",
    "BatteryState",
    "Building",
    "BuildingState",
    "GroundTemperature",
    "HeatMode",
    "HeatPump",
    "HeatPumpState",
    "HeatSource",
    "HeatingCurve",
    "Load",
    "Pv",
    "RatingPoint",
    "Room",
    "Schedule",
    "Wall",
]
