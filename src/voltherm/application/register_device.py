"""Registering a heat pump: from what its people know of it to a device that can be planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from voltherm.domain.assets.heat_pump import PUMP_RANGES
from voltherm.domain.comfort import Comfort
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.house import ENVELOPE_RANGES, HOUSE_RANGES, ROOM_FIELDS, Construction, Emitter, House, Insulation
from voltherm.domain.place import Place
from voltherm.domain.registered_device import RegisteredDevice
from voltherm.physics.heat_pump_presets import RatedUnit, heat_pump_of
from voltherm.ports.registry import DeviceRegistry

FINLAND: Final = (59.5, 70.2, 19.0, 31.7)
"""Latitudes and longitudes that Finland lies between. [degrees]"""
DESIGN_ZONES: Final = ((60.8, "I", -26.0), (62.0, "II", -29.0), (65.6, "III", -32.0), (90.0, "IV", -38.0))
"""Up to which latitude which zone of the Finnish building code reaches, and its design temperature [degC], as `House`
cites it. The zones follow regions; by latitude alone the west coast is taken for colder than it is."""
ELSEWHERE_C: Final = -26.0
"""Design temperature outside Finland, where nothing else is given. [degC]"""

NAMED_APART: Final = frozenset({"floor_area_m2", "volume_m3", "storeys", "design_outdoor_c"})
OVERRIDES: Final = (
    *sorted((HOUSE_RANGES.keys() - NAMED_APART) | ENVELOPE_RANGES.keys() | PUMP_RANGES.keys()),
    *ROOM_FIELDS,
)
"""Parameters that may be given by name where they are better known than the presets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What is told of a heat pump and its house.

    Parameters
    ----------
    device_id : str
        Chosen by whoever registers it.
    name : str
        For people.
    place : Place
        For the weather.
    zone : ZoneInfo
        Of its local days.
    insulation : Insulation
        Level, or year of the building code.
    floor_area_m2, volume_m3 : float
        Heated floor area of all storeys, and the air in it. [m2], [m3]
    unit : RatedUnit
        Type plate of the heat pump.
    comfort : Comfort
        Wanted band.
    is_in_vpp : bool
        Whether the owner takes part in demand response.
    emitter, construction : Emitter, Construction or None
        None takes what is usual.
    storeys : int
        Above one another.
    design_outdoor_c : float or None
        Winter's design temperature; None takes that of the place. [degC]
    overrides : Mapping of name to float
        Parameters of `OVERRIDES` that are better known.
    fields : Mapping of str to str, float, bool or None
        What was given, as it was given.
    """

    device_id: str
    name: str
    place: Place
    zone: ZoneInfo
    insulation: Insulation
    floor_area_m2: float
    volume_m3: float
    unit: RatedUnit
    comfort: Comfort
    is_in_vpp: bool = False
    emitter: Emitter | None = None
    construction: Construction | None = None
    storeys: int = 1
    design_outdoor_c: float | None = None
    overrides: Mapping[str, float] = field(default_factory=dict)
    fields: Mapping[str, str | float | bool | None] = field(default_factory=dict)


async def register_device(registration: Registration, registry: DeviceRegistry, now: datetime) -> RegisteredDevice:
    """Return the device that was kept.

    Parameters
    ----------
    registration : Registration
        What is told of it.
    registry : DeviceRegistry
        Where it is kept.
    now : datetime
        The instant.

    Raises
    ------
    InvalidInputError
        For values that are those of no house or heat pump; the message names field, value and range.
    DeviceTakenError
        When there is a device of that id.
    OutsideError
        When the registry fails.
    """
    device = device_of(registration, now)
    await registry.register(device)
    return device


def device_of(registration: Registration, now: datetime) -> RegisteredDevice:
    """Return the device that a registration describes.

    Raises
    ------
    InvalidInputError
        For values that are those of no house or heat pump; the message names field, value and range.
    """
    design_c, note = _design_outdoor(registration)
    better = {name: value for name, value in registration.overrides.items() if name in PUMP_RANGES}
    preset = heat_pump_of(registration.device_id, _house(registration, design_c), registration.unit, better)
    return RegisteredDevice(
        device_id=registration.device_id,
        name=registration.name,
        place=registration.place,
        zone=registration.zone,
        pump=preset.heat_pump,
        fields=registration.fields,
        registered_at=now,
        is_in_vpp=registration.is_in_vpp,
        notes=(*note, *preset.notes),
    )


def _design_outdoor(registration: Registration) -> tuple[float, tuple[str, ...]]:
    """Design temperature, and in words what was assumed."""
    if registration.design_outdoor_c is not None:
        return registration.design_outdoor_c, ()
    place = registration.place
    south, north, west, east = FINLAND
    if not (south <= place.latitude <= north and west <= place.longitude <= east):
        return ELSEWHERE_C, (f"a design temperature of {ELSEWHERE_C:g} degC is assumed; the place is outside Finland",)
    name, design_c = next((name, design_c) for limit, name, design_c in DESIGN_ZONES if place.latitude < limit)
    return design_c, (f"a design temperature of {design_c:g} degC is assumed, that of zone {name} by latitude",)


def _house(registration: Registration, design_outdoor_c: float) -> House:
    given = registration.overrides
    unknown = [name for name in given if name not in OVERRIDES]
    if unknown:
        message = f"overrides: {unknown[0]!r} is not known; use {', '.join(OVERRIDES)}"
        raise InvalidInputError(message)
    return House(
        insulation=registration.insulation,
        floor_area_m2=registration.floor_area_m2,
        volume_m3=registration.volume_m3,
        emitter=registration.emitter,
        construction=registration.construction,
        comfort=registration.comfort,
        design_outdoor_c=design_outdoor_c,
        storeys=registration.storeys,
        envelope={name: value for name, value in given.items() if name in ENVELOPE_RANGES},
        room={name: value for name, value in given.items() if name in ROOM_FIELDS},
        **{name: value for name, value in given.items() if name in HOUSE_RANGES},
    )
