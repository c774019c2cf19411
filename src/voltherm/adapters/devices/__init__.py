"""Batteries and meters: one file per kind; `_blueprint.py` is where a new one begins."""

from voltherm.adapters.devices.bms_http import HttpBattery
from voltherm.adapters.devices.in_memory import FakeBattery, FakeMeter
from voltherm.adapters.devices.meter_http import HttpMeter
from voltherm.adapters.devices.soc_field import SocUnit

__all__ = ["FakeBattery", "FakeMeter", "HttpBattery", "HttpMeter", "SocUnit"]
