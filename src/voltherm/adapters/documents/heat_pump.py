"""The heat pump of a site document: written out, or from a preset with what is better known."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated, Final, Literal

from pydantic import Field

from voltherm.adapters.documents.building import BuildingDocument, building_from_document, building_to_document
from voltherm.adapters.documents.fields import (
    Document,
    Efficiency,
    Fraction,
    Identifier,
    NonNegative,
    Number,
    Positive,
    Whole,
)
from voltherm.adapters.documents.house import PresetDocument, house_from_document, unit_from_document
from voltherm.adapters.documents.problem import DocumentError, Problem, path_of
from voltherm.domain.assets import (
    BackupHeater,
    GroundTemperature,
    HeatingCurve,
    HeatPump,
    HeatSource,
    RatingPoint,
    Schedule,
)
from voltherm.physics.heat_pump_presets import heat_pump_of, sized

MOST_POINTS: Final = 50
PLAIN: Final = (
    "source",
    "lowest_source_c",
    "modulation_floor",
    "defrost_penalty",
    "min_run_h",
    "min_off_h",
    "start_cost",
    "standby_kw",
    "schedule",
    "set_point_c",
    "eco_offset_k",
)
"""Fields that the document and the heat pump have alike."""
NULLABLE: Final = frozenset({"set_point_c"})
"""Where null says that there is none, as of ``backup``; elsewhere it says that nothing is said."""


class RatingPointDocument(Document):
    """A point of the maker's data sheet, as in EN 14511: *heat* output and COP at source and supply temperature."""

    source_c: Number
    supply_c: Number
    heat_kw: Positive
    cop: Positive


class HeatingCurveDocument(Document):
    """Supply temperature at two outdoor temperatures; linear between, level beyond. [degC]."""

    cold_c: Number
    cold_supply_c: Number
    mild_c: Number
    mild_supply_c: Number


class GroundDocument(Document):
    """Brine over the year."""

    mean_c: Number
    swing_k: NonNegative
    coldest_day: Whole = 85


class BackupDocument(Document):
    """Electric heater in the circuit; its limit is electric power. [kW]."""

    limit_kw: Positive
    efficiency: Efficiency = 1.0


class HeatPumpDocument(Document):
    """A heat pump with its building.

    Either ``preset``, and of the other fields those that are better known; or ``building``, ``source`` and
    ``rating_points``, and the rest as needed.
    """

    kind: Literal["heat_pump"]
    id: Identifier
    preset: PresetDocument | None = None
    building: BuildingDocument | None = None
    source: HeatSource | None = None
    rating_points: Annotated[list[RatingPointDocument], Field(min_length=1, max_length=MOST_POINTS)] | None = None
    heating_curve: HeatingCurveDocument | None = None
    ground: GroundDocument | None = None
    backup: BackupDocument | None = None
    lowest_source_c: Number | None = None
    modulation_floor: Fraction | None = None
    defrost_penalty: Fraction | None = None
    min_run_h: NonNegative | None = None
    min_off_h: NonNegative | None = None
    start_cost: NonNegative | None = None
    standby_kw: NonNegative | None = None
    schedule: Schedule | None = None
    set_point_c: Number | None = None
    eco_offset_k: NonNegative | None = None


def heat_pump_from_document(document: HeatPumpDocument, place: tuple[str | int, ...]) -> HeatPump:
    """Return the heat pump that a document at ``place`` describes.

    Raises
    ------
    DocumentError
        When it has neither a preset nor all that stands for one, or a preset beside a building.
    InvalidInputError
        When values do not fit together; the message names thing, field and value.
    """
    given = _given(document)
    if document.preset is not None:
        _refuse(document, place, ("building",), "stands beside a preset", "give one of the two")
        house = house_from_document(document.preset)
        preset = heat_pump_of(document.id, house, unit_from_document(document.preset)).heat_pump
        pump = replace(preset, **{"backup": None, **given})  # type: ignore[arg-type]  # each has its own type, see _given
        return pump if "backup" in given else sized(pump, house.design_outdoor_c).heat_pump
    missing = tuple(name for name in ("building", "source", "rating_points") if getattr(document, name) is None)
    _refuse(document, place, missing, "is missing", "add it, or give a preset with insulation, areas and type plate")
    return HeatPump(id=document.id, **given)  # type: ignore[arg-type]  # likewise


def _refuse(
    document: HeatPumpDocument, place: tuple[str | int, ...], names: tuple[str, ...], problem: str, remedy: str
) -> None:
    wrong = [name for name in names if problem == "is missing" or getattr(document, name) is not None]
    if wrong:
        raise DocumentError(
            [Problem(field=path_of((*place, name)), value=None, problem=problem, remedy=remedy) for name in wrong]
        )


def _given(document: HeatPumpDocument) -> dict[str, object]:
    """Return what the document says, each part as the heat pump has it."""
    said = {name: getattr(document, name) for name in PLAIN if name in document.model_fields_set}
    found: dict[str, object] = {name: value for name, value in said.items() if value is not None or name in NULLABLE}
    if document.building is not None:
        found["building"] = building_from_document(document.building)
    if document.rating_points is not None:
        found["rating_points"] = tuple(RatingPoint(**point.model_dump()) for point in document.rating_points)
    if document.heating_curve is not None:
        found["heating_curve"] = HeatingCurve(**document.heating_curve.model_dump())
    if document.ground is not None:
        found["ground"] = GroundTemperature(**document.ground.model_dump())
    if "backup" in document.model_fields_set:
        backup = document.backup
        found["backup"] = None if backup is None else BackupHeater(**backup.model_dump())
    return found


def heat_pump_to_document(pump: HeatPump) -> dict[str, object]:
    """Return the document of the heat pump, written out; read again, it gives an equal one."""
    return {
        "kind": "heat_pump",
        "id": pump.id,
        "building": building_to_document(pump.building),
        "rating_points": [asdict(point) for point in pump.rating_points],
        "heating_curve": asdict(pump.heating_curve),
        "ground": asdict(pump.ground),
        "backup": None if pump.backup is None else asdict(pump.backup),
        **{name: getattr(pump, name) for name in PLAIN},
    }
