"""A heat pump from its type, rated heat and COP, in a house; the backup sized, what does not fit told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.assets.building import Building
from voltherm.domain.assets.heat_pump import BackupHeater, HeatingCurve, HeatPump, HeatSource, RatingPoint
from voltherm.domain.building_presets import building_of
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.house import Emitter, House
from voltherm.domain.limits import Range, require_within
from voltherm.physics.building import holding_heat_kw
from voltherm.physics.heat_pump import KELVIN, operating_points

Floats = NDArray[np.float64]


class HeatPumpType(StrEnum):
    """What the registration document calls a heat pump."""

    GSHP = "GSHP"
    """Ground source, brine to water."""
    ASHP = "ASHP"
    """Air source, air to water."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFacts:
    """What is usual of a type.

    Parameters
    ----------
    source : HeatSource
        Where the heat comes from.
    rating_source_c, rating_supply_c : float
        The rating point of EN 14511. [degC]
    cop : float
        At the rating point, where the sheet is not at hand.
    defrost_penalty : float
        Share of the heat lost to frost at worst.
    """

    source: HeatSource
    rating_source_c: float
    rating_supply_c: float
    cop: float
    defrost_penalty: float

    @property
    def rating_point(self) -> str:
        """The rating point in words, such as B0/W35."""
        source = "B" if self.source is HeatSource.GROUND else "A"
        return f"{source}{self.rating_source_c:g}/W{self.rating_supply_c:g}"

    @property
    def most_cop(self) -> float:
        """Carnot's figure at the rating point."""
        return (self.rating_supply_c + KELVIN) / (self.rating_supply_c - self.rating_source_c)


UNIT_FACTS: Final[Mapping[HeatPumpType, UnitFacts]] = MappingProxyType(
    {
        HeatPumpType.GSHP: UnitFacts(
            source=HeatSource.GROUND, rating_source_c=0.0, rating_supply_c=35.0, cop=4.4, defrost_penalty=0.0
        ),
        HeatPumpType.ASHP: UnitFacts(
            source=HeatSource.AIR, rating_source_c=7.0, rating_supply_c=35.0, cop=4.3, defrost_penalty=0.15
        ),
    }
)
"""Rating points B0/W35 and A7/W35. COP: the mean of the certified fixed-speed units in hplib (Tjaden, Hoops and Rösken,
doi 10.5281/zenodo.5521597, database of the Heat Pump Keymark, CC BY 4.0), 4.42 and 4.27 by its generic parameters.
Frost: over a season 14 % of an air source's energy went into frost and defrosting (Baxter and Moyers, ASHRAE
Transactions 91(2B), 1985); a single rating point at 7 degC holds nothing of it."""

SUPPLY_C: Final[Mapping[Emitter, tuple[float, float]]] = MappingProxyType(
    {Emitter.FLOOR: (35.0, 24.0), Emitter.LOW_RADIATORS: (45.0, 28.0), Emitter.RADIATORS: (55.0, 30.0)}
)
MILD_C: Final = 12.0
"""Supply at the design temperature and at 12 degC: low, intermediate and medium temperature units of EN 14825."""

MODULATION_FLOOR: Final = 0.3
MIN_RUN_H, MIN_OFF_H = 0.25, 0.25
"""A quarter of an hour each way: makers' menus begin at 10 to 20 minutes of running and 5 to 10 of rest."""
COOL_SUPPLY_C: Final = 25.0
COP_OF_COOL_SUPPLY: Final = 1.23
"""COP of a ground source at B0/W25 over that at B0/W35. Carnot's figure alone makes 1.36 of it; but the smaller the
lift, the more of it the heat exchangers take. 1.225 by the generic on-off unit of hplib (-0.1023 of 4.55 per kelvin),
1.24 by the regression of Staffell et al., Energy and Environmental Science 5, 2012: 8.77 - 0.150 dT + 0.000734 dT^2."""
LARGE: Final = 3.0
"""A rated heat of so many times the design load is told: electric or thermal power may have been mixed up."""
BACKUP_STEP_KW: Final = 1.0
"""Heaters come in whole kilowatts."""
N_WEATHERS: Final = 200
"""Outdoor temperatures that are tried between the design temperature and the mild one; some 0.2 K apart."""
SECONDS_PER_DAY: Final = 86_400

UNIT_RANGES: Final[Mapping[str, Range]] = MappingProxyType({"rated_heat_kw": (0.5, 2_000.0, "kW of heat")})


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedUnit:
    """A heat pump by its type plate.

    Parameters
    ----------
    type : HeatPumpType
        Ground or air source.
    rated_heat_kw : float
        Rated *heat* output at the rating point: B0/W35 for the ground, A7/W35 for air. [kW]
    cop : float or None
        There; None takes the usual one of `UNIT_FACTS`.

    Raises
    ------
    InvalidInputError
        For a rated heat outside its range, or a COP below 1 or above Carnot's figure.
    """

    type: HeatPumpType
    rated_heat_kw: float
    cop: float | None = None

    def __post_init__(self) -> None:
        require_within("heat pump", self, UNIT_RANGES)
        facts = UNIT_FACTS[self.type]
        if self.cop is not None and not 1.0 <= self.cop <= facts.most_cop:
            limits = f"1 to {facts.most_cop:.1f}, Carnot's figure at {facts.rating_point}"
            raise InvalidInputError(f"heat pump: cop is {self.cop}, must be {limits}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatPumpPreset:
    """A heat pump in its house, and what is to be said of it.

    Parameters
    ----------
    heat_pump : HeatPump
        With the building.
    design_load_kw : float
        Heat that holds the set point at the design temperature, without sun, people and appliances. [kW]
    notes : tuple of str
        Defaults that were taken and sizes that do not fit, in words; empty when there is nothing to say.
    """

    heat_pump: HeatPump
    design_load_kw: float
    notes: tuple[str, ...]


def heat_pump_of(
    pump_id: str, house: House, unit: RatedUnit, better: Mapping[str, float] = MappingProxyType({})
) -> HeatPumpPreset:
    """Return the unit in the house, with a backup heater that closes what is missing at the design temperature.

    Parameters
    ----------
    pump_id : str
        Name within the site.
    house : House
        Where it stands.
    unit : RatedUnit
        Its type plate.
    better : Mapping of name to float
        Parameters of `PUMP_RANGES` that are better known than the presets.

    Raises
    ------
    InvalidInputError
        When house or unit cannot be.
    """
    facts = UNIT_FACTS[unit.type]
    cold_supply, mild_supply = SUPPLY_C[house.resolved_emitter]
    pump = HeatPump(
        id=pump_id,
        building=building_of(house),
        source=facts.source,
        rating_points=_rating_points(house, unit),
        heating_curve=HeatingCurve(
            cold_c=house.design_outdoor_c, cold_supply_c=cold_supply, mild_c=MILD_C, mild_supply_c=mild_supply
        ),
        modulation_floor=MODULATION_FLOOR,
        defrost_penalty=facts.defrost_penalty,
        min_run_h=MIN_RUN_H,
        min_off_h=MIN_OFF_H,
    )
    known = replace(pump, **better)  # type: ignore[arg-type]  # all of PUMP_RANGES are numbers
    return sized(known, house.design_outdoor_c, _note_of_cop(unit, facts))


def _rating_points(house: House, unit: RatedUnit) -> tuple[RatingPoint, ...]:
    """The rated point; and a cooler supply of a ground source where the emitters never need a warmer one."""
    facts = UNIT_FACTS[unit.type]
    rated = RatingPoint(
        source_c=facts.rating_source_c,
        supply_c=facts.rating_supply_c,
        heat_kw=unit.rated_heat_kw,
        cop=facts.cop if unit.cop is None else unit.cop,
    )
    if facts.source is not HeatSource.GROUND or SUPPLY_C[house.resolved_emitter][0] > facts.rating_supply_c:
        return (rated,)
    return rated, replace(rated, supply_c=COOL_SUPPLY_C, cop=COP_OF_COOL_SUPPLY * rated.cop)


def sized(pump: HeatPump, design_outdoor_c: float, notes: tuple[str, ...] = ()) -> HeatPumpPreset:
    """Return the heat pump with the smallest backup heater that holds the set point down to the design temperature.

    A heater that it has is kept, and told where it does not suffice.

    Parameters
    ----------
    pump : HeatPump
        With its building; several rooms share the heat by their losses.
    design_outdoor_c : float
        Coldest weather to be carried. [degC]
    notes : tuple of str
        What is to be said already.
    """
    need = _need(pump, design_outdoor_c)
    found = [*notes, *_note_of_size(pump, need)]
    if need.missing_kw > 0 and pump.backup is None:
        pump = replace(pump, backup=BackupHeater(limit_kw=need.heater_kw))
        found.append(f"the compressor leaves {need}; a backup heater of {need.heater_kw:g} kW is assumed")
    else:
        found += _note_of_backup(pump, need)
    return HeatPumpPreset(heat_pump=pump, design_load_kw=need.load_kw, notes=tuple(found))


def sizing_notes(pump: HeatPump) -> tuple[str, ...]:
    """Return what is to be said of a heat pump in its house: far too large, or too small with all that it has.

    The design temperature is the cold end of the heating curve.

    Parameters
    ----------
    pump : HeatPump
        With its building.
    """
    need = _need(pump, pump.heating_curve.cold_c)
    return *_note_of_size(pump, need), *_note_of_backup(pump, need)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Need:
    """What holding the set point takes down to the design temperature."""

    outdoor_c: float
    load_kw: float
    missing_kw: float

    @property
    def heater_kw(self) -> float:
        """Smallest heater that closes what is missing. [kW]."""
        return float(np.ceil(self.missing_kw / BACKUP_STEP_KW)) * BACKUP_STEP_KW

    def __str__(self) -> str:
        house = f"the {self.load_kw:.1f} kW that the house loses at {self.outdoor_c:g} degC"
        return f"up to {self.missing_kw:.1f} kW missing of {house}"


def _need(pump: HeatPump, design_outdoor_c: float) -> _Need:
    outdoor = np.linspace(design_outdoor_c, max(MILD_C, design_outdoor_c), N_WEATHERS)
    load = _load_without_gains_kw(pump.building, pump.normal_c, outdoor)
    coldest_day = np.full(len(outdoor), (pump.ground.coldest_day - 1) * SECONDS_PER_DAY)
    capacity = operating_points(pump, outdoor, coldest_day).capacity_kw
    return _Need(outdoor_c=design_outdoor_c, load_kw=float(load[0]), missing_kw=float(np.max(load - capacity)))


def _note_of_size(pump: HeatPump, need: _Need) -> tuple[str, ...]:
    rated_kw = max(point.heat_kw for point in pump.rating_points)
    if rated_kw <= LARGE * need.load_kw:
        return ()
    house = f"the {need.load_kw:.1f} kW that the house loses at {need.outdoor_c:g} degC"
    advice = "check that both are right, and that kW of heat was given"
    return (f"the rated heat of {rated_kw:g} kW is more than {LARGE:g} times {house}: {advice}",)


def _note_of_backup(pump: HeatPump, need: _Need) -> tuple[str, ...]:
    backup_kw = 0.0 if pump.backup is None else pump.backup.limit_kw * pump.backup.efficiency
    if need.missing_kw <= backup_kw:
        return ()
    heater = "and there is no backup heater" if pump.backup is None else f"and the backup gives {backup_kw:g} kW"
    return (f"the compressor leaves {need}, {heater}: the house will be colder",)


def _load_without_gains_kw(building: Building, hold_c: float, outdoor_c: Floats) -> Floats:
    rooms = tuple(replace(room, internal_gain_kw=0.0) for room in building.rooms)
    losses = np.array([room.loss_kw_per_k + room.mass_loss_kw_per_k for room in rooms])
    shares = losses / losses.sum() if losses.sum() > 0 else np.full(len(rooms), 1.0 / len(rooms))
    return holding_heat_kw(replace(building, rooms=rooms), hold_c, outdoor_c, shares)


def _note_of_cop(unit: RatedUnit, facts: UnitFacts) -> tuple[str, ...]:
    if unit.cop is not None:
        return ()
    return (f"no COP is given: {facts.cop:g} at {facts.rating_point}, the mean of certified units, is assumed",)
