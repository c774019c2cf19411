"""A heat pump that somebody registered, with its house."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from voltherm.domain.assets import HeatMode, HeatPump
from voltherm.domain.place import Place
from voltherm.domain.time import utc_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredDevice:
    """What is known of a registered device.

    Parameters
    ----------
    device_id : str
        Chosen by whoever registered it; letters, digits, ``_``, ``-`` and ``.``.
    name : str
        For people.
    place : Place
        For the weather.
    zone : ZoneInfo
        Of its local days and hours.
    pump : HeatPump
        Parameters, made from the fields that were given; its id is the device's.
    fields : Mapping of str to str, float, bool or None
        What was given, as it was given.
    registered_at : datetime
        When.
    is_in_vpp : bool
        Whether the owner takes part in demand response.
    notes : tuple of str
        What was assumed where nothing was given, and what does not fit together, in words.
    """

    device_id: str
    name: str
    place: Place
    zone: ZoneInfo
    pump: HeatPump
    fields: Mapping[str, str | float | bool | None] = field(default_factory=dict)
    registered_at: datetime
    is_in_vpp: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "registered_at", utc_instant(self.registered_at, "registered_at"))


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatReading:
    """What was measured at a device at an instant; what was not is None.

    Parameters
    ----------
    at : datetime
        When.
    indoor_c, outdoor_c : float or None
        Air. [degC]
    power_kw : float or None
        Electric power of the heat pump. [kW]
    mode : HeatMode or None
        What it was asked for.
    """

    at: datetime
    indoor_c: float | None = None
    outdoor_c: float | None = None
    power_kw: float | None = None
    mode: HeatMode | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", utc_instant(self.at, "at"))
