"""The assets of a site document, by kind."""

from __future__ import annotations

import math
from typing import Annotated, Literal, assert_never

from pydantic import Field

from voltherm.adapters.documents.fields import Document, Efficiency, Flag, Fraction, Identifier, NonNegative, Positive
from voltherm.adapters.documents.heat_pump import HeatPumpDocument, heat_pump_from_document
from voltherm.adapters.documents.problem import DocumentError, Problem, path_of
from voltherm.domain.assets import Asset, Battery, Load, Pv

DEFAULT_ROUND_TRIP_EFFICIENCY = 0.9


class LoadDocument(Document):
    """A load that nobody plans."""

    kind: Literal["load"]
    id: Identifier


class PvDocument(Document):
    """A PV plant."""

    kind: Literal["pv"]
    id: Identifier
    curtailable: Flag = True
    rated_kw: NonNegative | None = None


class BatteryDocument(Document):
    """A battery; its efficiency is given for the round trip, or for each way."""

    kind: Literal["battery"]
    id: Identifier
    capacity_kwh: Positive
    charge_limit_kw: NonNegative
    discharge_limit_kw: NonNegative
    round_trip_efficiency: Efficiency | None = None
    charge_efficiency: Efficiency | None = None
    discharge_efficiency: Efficiency | None = None
    soc_min: Fraction = 0.0
    soc_max: Fraction = 1.0
    reserve_soc: Fraction = 0.0
    wear_cost_per_kwh: NonNegative = 0.0
    standing_loss_per_h: Fraction = 0.0
    standby_kw: NonNegative = 0.0
    ramp_limit_kw_per_min: Positive | None = None
    charge_taper_soc: Fraction = 1.0
    discharge_taper_soc: Fraction = 0.0


AnyAssetDocument = BatteryDocument | HeatPumpDocument | LoadDocument | PvDocument
AssetDocument = Annotated[AnyAssetDocument, Field(discriminator="kind")]


def asset_from_document(document: AnyAssetDocument, place: tuple[str | int, ...]) -> Asset:
    """Return the asset that a document at ``place`` describes.

    Raises
    ------
    DocumentError
        When a battery's efficiency is given in two ways, or by half; when a heat pump is.
    InvalidInputError
        When values do not fit together.
    """
    match document:
        case BatteryDocument():
            return _battery(document, place)
        case HeatPumpDocument():
            return heat_pump_from_document(document, place)
        case LoadDocument():
            return Load(id=document.id)
        case PvDocument():
            return Pv(id=document.id, curtailable=document.curtailable, rated_kw=document.rated_kw)
        case _:
            assert_never(document)


def _battery(document: BatteryDocument, place: tuple[str | int, ...]) -> Battery:
    charge, discharge = _efficiencies(document, place)
    given = document.model_dump(exclude={"kind", "round_trip_efficiency", "charge_efficiency", "discharge_efficiency"})
    return Battery(**given, charge_efficiency=charge, discharge_efficiency=discharge)


def _efficiencies(document: BatteryDocument, place: tuple[str | int, ...]) -> tuple[float, float]:
    """Return the efficiency of charging and of discharging; a round trip is split evenly."""
    charge, discharge = document.charge_efficiency, document.discharge_efficiency
    if charge is None and discharge is None:
        each_way = math.sqrt(document.round_trip_efficiency or DEFAULT_ROUND_TRIP_EFFICIENCY)
        return each_way, each_way
    if charge is None or discharge is None or document.round_trip_efficiency is not None:
        problem = "gives the efficiency neither for the round trip alone nor for each way"
        remedy = "give round_trip_efficiency, or charge_efficiency and discharge_efficiency"
        raise DocumentError([Problem(field=path_of(place), value=document.id, problem=problem, remedy=remedy)])
    return charge, discharge
