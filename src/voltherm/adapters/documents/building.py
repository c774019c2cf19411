"""The building document: rooms that one heat pump heats, their walls and the comfort in them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Final

from pydantic import Field

from voltherm.adapters.documents.comfort import ComfortDocument, comfort_from_document, comfort_to_document
from voltherm.adapters.documents.fields import Document, Fraction, Identifier, NonNegative, Number, Positive
from voltherm.domain.assets import Building, Room, Wall
from voltherm.domain.comfort import Comfort

MOST_ROOMS: Final = 20
MOST_WALLS: Final = 100


class RoomDocument(Document):
    """A room, or a whole building as one: air, and a mass where it has one."""

    id: Identifier
    capacitance_kwh_per_k: Positive
    loss_kw_per_k: NonNegative
    mass_capacitance_kwh_per_k: NonNegative = 0.0
    mass_coupling_kw_per_k: NonNegative = 0.0
    mass_loss_kw_per_k: NonNegative = 0.0
    solar_aperture_m2: NonNegative = 0.0
    solar_to_mass: Fraction = 0.0
    internal_gain_kw: NonNegative = 0.0
    heat_to_mass: Fraction = 0.0
    heat_limit_kw: Positive | None = None
    comfort: ComfortDocument | None = None


class WallDocument(Document):
    """What two rooms share."""

    rooms: tuple[Identifier, Identifier]
    conductance_kw_per_k: Positive


class BuildingDocument(Document):
    """Rooms, walls between them, and the comfort of the rooms that have none of their own."""

    rooms: Annotated[list[RoomDocument], Field(min_length=1, max_length=MOST_ROOMS)]
    walls: Annotated[list[WallDocument], Field(max_length=MOST_WALLS)] = Field(default_factory=list)
    comfort: ComfortDocument = ComfortDocument()
    frost_guard_c: Number = 5.0
    cut_out_c: Number = 30.0


def building_from_document(document: BuildingDocument) -> Building:
    """Return the building that a document describes.

    Raises
    ------
    InvalidInputError
        When values do not fit together; the message names room and field.
    """
    return Building(
        rooms=tuple(_room(room) for room in document.rooms),
        walls=tuple(Wall(rooms=wall.rooms, conductance_kw_per_k=wall.conductance_kw_per_k) for wall in document.walls),
        comfort=comfort_from_document(document.comfort),
        frost_guard_c=document.frost_guard_c,
        cut_out_c=document.cut_out_c,
    )


def _room(document: RoomDocument) -> Room:
    given = document.model_dump(exclude={"comfort"})
    comfort = None if document.comfort is None else comfort_from_document(document.comfort)
    return Room(**given, comfort=comfort)


def building_to_document(building: Building) -> dict[str, object]:
    """Return the document of the building; read again, it gives an equal one."""
    return {
        "rooms": [{**asdict(room), "comfort": _optional(room.comfort)} for room in building.rooms],
        "walls": [
            {"rooms": list(wall.rooms), "conductance_kw_per_k": wall.conductance_kw_per_k} for wall in building.walls
        ],
        "comfort": comfort_to_document(building.comfort),
        "frost_guard_c": building.frost_guard_c,
        "cut_out_c": building.cut_out_c,
    }


def _optional(comfort: Comfort | None) -> dict[str, object] | None:
    return None if comfort is None else comfort_to_document(comfort)
