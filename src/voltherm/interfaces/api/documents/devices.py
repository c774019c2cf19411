"""The documents of registered devices: the fields of the first users' contract, and what was made of them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from voltherm.adapters.documents.fields import Document, Flag, Number
from voltherm.adapters.documents.problem import DocumentError, Problem, Problems, problems_of
from voltherm.application.register_device import OVERRIDES, Registration
from voltherm.domain.assets.heat_pump import RATING_RANGES
from voltherm.domain.comfort import LEAST_TEMP_C, Comfort
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.house import HOUSE_RANGES, STOREY_M, Construction, Emitter, Insulation
from voltherm.domain.place import RANGES as PLACE_RANGES
from voltherm.domain.place import Place
from voltherm.domain.registered_device import RegisteredDevice
from voltherm.domain.time import zone_named
from voltherm.physics.heat_pump_presets import UNIT_FACTS, UNIT_RANGES, HeatPumpType, RatedUnit
from voltherm.settings import WARMEST_COMFORT_C

LARGEST_REGISTRATION: Final = 20_000
"""Longest registration that is read at all. [bytes]."""
LONGEST_ID: Final = 100
DEVICE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
"""What an id may be; nothing else is looked for."""


def _printable(text: str) -> str:
    if not text.strip() or not text.isprintable():
        remedy = "use letters that can be seen, such as 'My Home in Oulu'"
        raise PydanticCustomError("refused", "{problem}", {"problem": "cannot be printed", "remedy": remedy})
    return text


def _zone(name: str) -> str:
    try:
        return zone_named(name).key
    except InvalidInputError:
        problem = {"problem": "is not in the IANA time zone database", "remedy": "use a name such as 'Europe/Helsinki'"}
        raise PydanticCustomError("refused", "{problem}", problem) from None


def _given_id(text: str) -> str:
    if not DEVICE_ID.fullmatch(text):
        problem = "is not 1 to 100 letters of A-Z, a-z, 0-9, '_', '.' and '-', the first a letter or a digit"
        remedy = "choose another, such as 'MY_HEAT_PUMP_001'"
        raise PydanticCustomError("refused", "{problem}", {"problem": problem, "remedy": remedy})
    return text


_LATITUDE, _LONGITUDE = PLACE_RANGES["latitude"], PLACE_RANGES["longitude"]
_AREA, _VOLUME, _HEAT = HOUSE_RANGES["floor_area_m2"], HOUSE_RANGES["volume_m3"], UNIT_RANGES["rated_heat_kw"]
_COP, _COLD, _STOREYS = RATING_RANGES["cop"], HOUSE_RANGES["design_outdoor_c"], HOUSE_RANGES["storeys"]

DeviceId = Annotated[
    str, Field(strict=True, max_length=LONGEST_ID, json_schema_extra={"pattern": f"^{DEVICE_ID.pattern}$"})
]
Latitude = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=_LATITUDE[0], le=_LATITUDE[1])]
Longitude = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=_LONGITUDE[0], le=_LONGITUDE[1])]
FloorArea = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=_AREA[0], le=_AREA[1])]
Volume = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=_VOLUME[0], le=_VOLUME[1])]
RatedHeat = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=_HEAT[0], le=_HEAT[1])]
Cop = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=_COP[0], le=_COP[1])]
Comfortable = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=LEAST_TEMP_C, le=WARMEST_COMFORT_C)]
Cold = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=_COLD[0], le=_COLD[1])]


class DeviceRegistration(Document):
    """A heat pump and its house, as its people know them.

    What is left out, or null, is usual; each choice is told in the answer's ``notes`` and ``model``.
    """

    device_id: Annotated[DeviceId, AfterValidator(_given_id)]
    name: Annotated[str, Field(strict=True, min_length=1, max_length=200), AfterValidator(_printable)]
    latitude: Latitude
    longitude: Longitude
    insulation_level: Insulation
    """U-value of walls, roof and floor: low 0.5, medium 0.3, high 0.17 W/(m2 K); or a year of the Finnish code."""
    floor_area: FloorArea
    """Heated floor area of all storeys. [m2]"""
    volume: Volume
    """Air in it. [m3]"""
    heat_pump_type: HeatPumpType
    """GSHP: ground source; ASHP: air source."""
    rated_power: RatedHeat
    """Rated *heat* output, not electric power, at the rating point: B0/W35 (GSHP) or A7/W35 (ASHP). [kW]"""
    cop_rating: Cop | None = None
    """COP at that rating point; absent takes the mean of certified units."""
    comfort_min_temp: Comfortable | None = None
    comfort_max_temp: Comfortable | None = None
    """Wanted band of the room temperature; absent takes the service's. [degC]"""
    vpp_enabled: Flag = False
    timezone: Annotated[str, Field(strict=True, max_length=100), AfterValidator(_zone)] | None = None
    """IANA zone of the device's days; absent takes the service's."""
    emitter: Emitter | None = None
    construction: Construction | None = None
    storeys: Annotated[int, Field(strict=True, ge=int(_STOREYS[0]), le=int(_STOREYS[1]))] = 1
    design_outdoor_temp: Cold | None = None
    """Winter's design temperature; absent takes that of the place. [degC]"""
    overrides: dict[str, Number] = Field(default_factory=dict, max_length=len(OVERRIDES))
    """Parameters by name that are better known than the presets: measured, learned, of a data sheet."""


REGISTRATION_EXAMPLE: Final[dict[str, object]] = {
    "device_id": "MY_HEAT_PUMP_001",
    "name": "My Home in Oulu",
    "latitude": 65.0121,
    "longitude": 25.4651,
    "insulation_level": "high",
    "floor_area": 150.0,
    "volume": 450.0,
    "heat_pump_type": "GSHP",
    "rated_power": 12.0,
    "cop_rating": 4.0,
    "comfort_min_temp": 19.0,
    "comfort_max_temp": 23.0,
    "vpp_enabled": True,
}
"""The registration of the first users' document."""


def read_registration(raw: object, usual_comfort: Comfort, usual_zone: str) -> Registration:
    """Return the registration that a parsed document describes.

    Parameters
    ----------
    raw : object
        As JSON gave it.
    usual_comfort : Comfort
        Band where the document gives none.
    usual_zone : str
        Zone where the document gives none.

    Raises
    ------
    DocumentError
        With every problem: field, value found and remedy.
    """
    try:
        document = DeviceRegistration.model_validate(raw)
    except ValidationError as error:
        raise DocumentError(problems_of(error)) from error
    low = usual_comfort.low_c if document.comfort_min_temp is None else document.comfort_min_temp
    high = usual_comfort.high_c if document.comfort_max_temp is None else document.comfort_max_temp
    _refuse_what_does_not_fit(document, low, high)
    return Registration(
        device_id=document.device_id,
        name=document.name,
        place=Place(latitude=document.latitude, longitude=document.longitude),
        zone=zone_named(usual_zone if document.timezone is None else document.timezone),
        insulation=document.insulation_level,
        floor_area_m2=document.floor_area,
        volume_m3=document.volume,
        unit=RatedUnit(type=document.heat_pump_type, rated_heat_kw=document.rated_power, cop=document.cop_rating),
        comfort=Comfort(low_c=low, high_c=high),
        is_in_vpp=document.vpp_enabled,
        emitter=document.emitter,
        construction=document.construction,
        storeys=document.storeys,
        design_outdoor_c=document.design_outdoor_temp,
        overrides=document.overrides,
        fields=_flat(document),
    )


def _refuse_what_does_not_fit(document: DeviceRegistration, low_c: float, high_c: float) -> None:
    problems = Problems()
    height_m, (least_m, most_m) = document.volume / document.floor_area, STOREY_M
    if not least_m <= height_m <= most_m:
        problem = f"makes rooms {height_m:.3g} m high with a floor_area of {document.floor_area:g} m2"
        remedy = f"give the area of all storeys and the air in them: {least_m:g} to {most_m:g} m high"
        problems.add(["volume"], problem, remedy, document.volume)
    if low_c > high_c:
        name, value = (
            ("comfort_min_temp", low_c) if document.comfort_min_temp is not None else ("comfort_max_temp", high_c)
        )
        problem = f"leaves no band: comfort_min_temp is {low_c:g} and comfort_max_temp {high_c:g} degC"
        problems.add([name], problem, "give both, the first at most the second", value)
    facts = UNIT_FACTS[document.heat_pump_type]
    if document.cop_rating is not None and document.cop_rating > facts.most_cop:
        problem = f"is more than Carnot's figure at {facts.rating_point}, which is {facts.most_cop:.1f}"
        problems.add(["cop_rating"], problem, "give heat over electricity at that point", document.cop_rating)
    for name in document.overrides:
        if name not in OVERRIDES:
            problems.add(["overrides", name], "is not a known parameter", f"use {', '.join(OVERRIDES)}")
    problems.raise_if_any()


def _flat(document: DeviceRegistration) -> dict[str, str | float | bool | None]:
    """What was given, as it was given."""
    given = document.model_dump(mode="json", exclude_unset=True, exclude={"overrides"})
    return {**given, **{f"overrides.{name}": value for name, value in document.overrides.items()}}


_FIELDS: Final = {
    "floor_area_m2": "floor_area",
    "volume_m3": "volume",
    "rated_heat_kw": "rated_power",
    "heat_kw": "rated_power",
    "cop": "cop_rating",
    "design_outdoor_c": "design_outdoor_temp",
    "limit_kw": "rated_power",
    "cut_out_c": "comfort_max_temp",
    "frost_guard_c": "comfort_min_temp",
    **{name: f"overrides.{name}" for name in OVERRIDES},
}
"""The document's field behind a name in a message of the domain."""


def refused_by_physics(error: InvalidInputError) -> DocumentError:
    """Return what the domain refuses of a registration, under the document's own names."""
    message = str(error)
    named = next((_FIELDS[word] for word in re.findall(r"\w+", message) if word in _FIELDS), "document")
    problem, _, remedy = message.partition("; ")
    told = Problem(field=named, value=None, problem=problem, remedy=remedy or "correct the value, or its unit")
    return DocumentError([told])


class DeviceRatingPoint(BaseModel):
    """A point of full load."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source_c: float
    supply_c: float
    heat_kw: float
    cop: float


class DeviceModel(BaseModel):
    """What was made of the fields: the parameters that plans are made with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    loss_kw_per_k: float
    capacitance_kwh_per_k: float
    mass_capacitance_kwh_per_k: float
    solar_aperture_m2: float
    internal_gain_kw: float
    set_point_c: float
    source: str
    rating_points: list[DeviceRatingPoint]
    design_outdoor_c: float
    design_supply_c: float
    backup_kw: float


class Device(BaseModel):
    """A registered device."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device_id: str
    name: str
    latitude: float
    longitude: float
    insulation_level: str
    floor_area: float
    volume: float
    heat_pump_type: str
    rated_power: float
    cop_rating: float | None
    comfort_min_temp: float
    comfort_max_temp: float
    vpp_enabled: bool
    timezone: str
    registered_at: datetime
    overrides: dict[str, float]
    model: DeviceModel
    notes: list[str]


_AS_GIVEN: Final = ("insulation_level", "floor_area", "volume", "heat_pump_type", "rated_power", "cop_rating")


def device_document(device: RegisteredDevice) -> Device:
    """Return a device as its document; the comfort band is the one that holds."""
    comfort, prefix = device.pump.building.comfort, "overrides."
    overrides = {name.removeprefix(prefix): value for name, value in device.fields.items() if name.startswith(prefix)}
    return Device.model_validate(
        {
            "device_id": device.device_id,
            "name": device.name,
            "latitude": device.place.latitude,
            "longitude": device.place.longitude,
            **{name: device.fields.get(name) for name in _AS_GIVEN},
            "comfort_min_temp": comfort.low_c,
            "comfort_max_temp": comfort.high_c,
            "vpp_enabled": device.is_in_vpp,
            "timezone": device.zone.key,
            "registered_at": device.registered_at,
            "overrides": overrides,
            "model": _model(device),
            "notes": list(device.notes),
        }
    )


def _model(device: RegisteredDevice) -> DeviceModel:
    pump, building = device.pump, device.pump.building
    return DeviceModel(
        loss_kw_per_k=building.loss_kw_per_k,
        capacitance_kwh_per_k=sum(room.capacitance_kwh_per_k for room in building.rooms),
        mass_capacitance_kwh_per_k=sum(room.mass_capacitance_kwh_per_k for room in building.rooms),
        solar_aperture_m2=sum(room.solar_aperture_m2 for room in building.rooms),
        internal_gain_kw=sum(room.internal_gain_kw for room in building.rooms),
        set_point_c=pump.normal_c,
        source=pump.source.value,
        rating_points=[
            DeviceRatingPoint(source_c=each.source_c, supply_c=each.supply_c, heat_kw=each.heat_kw, cop=each.cop)
            for each in pump.rating_points
        ],
        design_outdoor_c=pump.heating_curve.cold_c,
        design_supply_c=pump.heating_curve.cold_supply_c,
        backup_kw=0.0 if pump.backup is None else pump.backup.limit_kw,
    )
