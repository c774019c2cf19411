"""The house document: what people know of a house, made into a building by presets."""

from __future__ import annotations

from pydantic import Field

from voltherm.adapters.documents.comfort import ComfortDocument, comfort_from_document
from voltherm.adapters.documents.fields import Document, Number, Whole
from voltherm.domain.house import Construction, Emitter, House, Insulation
from voltherm.physics.heat_pump_presets import HeatPumpType, RatedUnit

PUMP_FIELDS = frozenset({"heat_pump_type", "rated_heat_kw", "cop"})


class PresetDocument(Document):
    """A house and the type plate of its heat pump; what is left out, or null, is usual (`House` says what).

    ``envelope`` and ``room`` set single parameters by name that are better known than the preset.
    """

    insulation: Insulation
    floor_area_m2: Number
    volume_m3: Number
    heat_pump_type: HeatPumpType
    rated_heat_kw: Number
    """Rated heat output, not electric power, at B0/W35 (GSHP) or A7/W35 (ASHP). [kW]"""
    cop: Number | None = None
    """There; absent takes the mean of certified units."""
    emitter: Emitter | None = None
    construction: Construction | None = None
    comfort: ComfortDocument = ComfortDocument()
    design_outdoor_c: Number | None = None
    storeys: Whole | None = None
    aspect_ratio: Number | None = None
    window_share: Number | None = None
    ground_factor: Number | None = None
    air_changes_per_h: Number | None = None
    internal_gain_w_m2: Number | None = None
    frame_and_shade: Number | None = None
    vertical_share: Number | None = None
    envelope: dict[str, Number] = Field(default_factory=dict)
    room: dict[str, Number] = Field(default_factory=dict)


def house_from_document(document: PresetDocument) -> House:
    """Return the house that a preset describes.

    Raises
    ------
    InvalidInputError
        For values that are those of no house; the message names field, value and range.
    """
    given = document.model_dump(exclude={"comfort", *PUMP_FIELDS}, exclude_none=True)
    return House(**given, comfort=comfort_from_document(document.comfort))


def unit_from_document(document: PresetDocument) -> RatedUnit:
    """Return the type plate that a preset describes.

    Raises
    ------
    InvalidInputError
        For a rated heat outside its range.
    """
    return RatedUnit(type=document.heat_pump_type, rated_heat_kw=document.rated_heat_kw, cop=document.cop)
