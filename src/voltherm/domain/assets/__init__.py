"""The things behind the meter. A new one joins the union, and mypy names every match to fill."""

from __future__ import annotations

from voltherm.domain.assets.battery import Battery, BatteryState
from voltherm.domain.assets.load import Load
from voltherm.domain.assets.pv import Pv

Asset = Battery | Load | Pv

__all__ = ["Asset", "Battery", "BatteryState", "Load", "Pv"]
