"""Heat pump: rating points, heating curve, limits, modes, and its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from voltherm.domain.assets.building import Building, BuildingState
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.limits import Range, require_within

LEAST_LIFT_K: Final = 10.0
"""A rating point of less lift is a mistake: no unit is rated there. [K]"""
RATING_RANGES: Final[Mapping[str, Range]] = MappingProxyType(
    {
        "source_c": (-40.0, 40.0, "degC"),
        "supply_c": (15.0, 80.0, "degC"),
        "heat_kw": (0.05, 10_000.0, "kW"),
        "cop": (1.0, 12.0, ""),
    }
)
CURVE_RANGES: Final[Mapping[str, Range]] = MappingProxyType(
    {
        "cold_c": (-50.0, 29.0, "degC"),
        "mild_c": (-49.0, 30.0, "degC"),
        "cold_supply_c": (15.0, 80.0, "degC"),
        "mild_supply_c": (15.0, 80.0, "degC"),
    }
)
GROUND_RANGES: Final[Mapping[str, Range]] = MappingProxyType(
    {"mean_c": (-10.0, 25.0, "degC"), "swing_k": (0.0, 10.0, "K"), "coldest_day": (1.0, 366.0, "")}
)
BACKUP_RANGES: Final[Mapping[str, Range]] = MappingProxyType(
    {"limit_kw": (0.05, 10_000.0, "kW; leave the heater out for none"), "efficiency": (0.1, 1.0, "")}
)
PUMP_RANGES: Final[Mapping[str, Range]] = MappingProxyType(
    {
        "modulation_floor": (0.0, 1.0, ""),
        "defrost_penalty": (0.0, 0.5, ""),
        "lowest_source_c": (-40.0, 10.0, "degC"),
        "min_run_h": (0.0, 24.0, "h"),
        "min_off_h": (0.0, 24.0, "h"),
        "start_cost": (0.0, 1e9, ""),
        "standby_kw": (0.0, 1000.0, "kW"),
        "eco_offset_k": (0.0, 10.0, "K"),
    }
)


class HeatSource(StrEnum):
    """Where the heat comes from."""

    AIR = "air"
    GROUND = "ground"


class HeatMode(StrEnum):
    """What a heat pump can be asked for; its own controller does the rest."""

    BOOST = "BOOST"
    """Store heat now: all that the compressor gives."""
    NORMAL = "NORMAL"
    """The maker's own control: hold the set point by the heating curve."""
    ECO = "ECO"
    """Let it cool inside comfort: hold a lower set point."""
    OFF = "OFF"
    """Blocked; the frost guard stays."""


class Schedule(StrEnum):
    """How the heat pump is planned."""

    CONTINUOUS = "continuous"
    """Any mean heat up to the capacity: a modulating unit, which cycles within a step below its floor."""
    ON_OFF = "on_off"
    """All or nothing in each step: a fixed-speed unit or a relay."""
    MODES = "modes"
    """One of BOOST, NORMAL, ECO, OFF in each step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingPoint:
    """A measured point of the maker's data sheet, as in EN 14511.

    Parameters
    ----------
    source_c : float
        Outdoor air, or brine into the unit. [degC]
    supply_c : float
        Water to the emitters. [degC]
    heat_kw : float
        Largest heat output, defrosting included where the sheet includes it. [kW]
    cop : float
        Heat over electricity.
    """

    source_c: float
    supply_c: float
    heat_kw: float
    cop: float

    def __post_init__(self) -> None:
        require_within("rating point", self, RATING_RANGES)
        if self.supply_c - self.source_c < LEAST_LIFT_K:
            message = (
                f"rating point: supply_c is {self.supply_c}, must lie {LEAST_LIFT_K:g} K or more above source_c, "
                f"which is {self.source_c}"
            )
            raise InvalidInputError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatingCurve:
    """Supply temperature by outdoor temperature, linear between two points and level beyond them.

    Parameters
    ----------
    cold_c, cold_supply_c : float
        Design outdoor temperature, and the supply there. [degC]
    mild_c, mild_supply_c : float
        Outdoor temperature at which heating ends, and the supply there. [degC]
    """

    cold_c: float = -20.0
    cold_supply_c: float = 40.0
    mild_c: float = 15.0
    mild_supply_c: float = 25.0

    def __post_init__(self) -> None:
        require_within("heating curve", self, CURVE_RANGES)
        if self.cold_c >= self.mild_c:
            message = f"heating curve: cold_c is {self.cold_c}, must be below mild_c, which is {self.mild_c}"
            raise InvalidInputError(message)
        if self.cold_supply_c < self.mild_supply_c:
            message = (
                f"heating curve: cold_supply_c is {self.cold_supply_c}, must be at least mild_supply_c, "
                f"which is {self.mild_supply_c}"
            )
            raise InvalidInputError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundTemperature:
    """Brine from the ground over the year: a mean and a swing, coldest about the end of March.

    Parameters
    ----------
    mean_c : float
        Over the year. [degC]
    swing_k : float
        Half of the difference between the warmest and the coldest. [K]
    coldest_day : int
        Day of the year on which the brine is coldest.
    """

    mean_c: float = 1.5
    swing_k: float = 3.0
    coldest_day: int = 85

    def __post_init__(self) -> None:
        require_within("ground", self, GROUND_RANGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupHeater:
    """Electric heater in the heat pump's circuit.

    Parameters
    ----------
    limit_kw : float
        Largest electric power. [kW]
    efficiency : float
        Heat over electricity, above 0 and at most 1.
    """

    limit_kw: float
    efficiency: float = 1.0

    def __post_init__(self) -> None:
        require_within("backup heater", self, BACKUP_RANGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatPump:
    """A heat pump with the building that it heats.

    Parameters
    ----------
    id : str
        Name within the site.
    building : Building
        Where the heat goes, and the comfort that is wanted.
    source : HeatSource
        Air or ground.
    rating_points : tuple of RatingPoint
        One or more points of full load; COP and capacity elsewhere follow from them.
    heating_curve : HeatingCurve
        Supply temperature by outdoor temperature.
    ground : GroundTemperature
        For a ground source.
    lowest_source_c : float
        Below this source temperature the compressor does not run. [degC]
    modulation_floor : float
        Least heat while running as a share of the capacity, 0 to 1; 1 is a fixed-speed unit.
    defrost_penalty : float
        Largest share of heat that an air source loses to defrosting, at about 1 degC in damp air; 0 where the rating
        points include it.
    min_run_h, min_off_h : float
        Shortest time running, and resting. [h]
    start_cost : float
        Wear of a start, in the site's currency.
    standby_kw : float
        Electronics and circulation, always, metered with the site. [kW]
    backup : BackupHeater or None
        Electric heater.
    schedule : Schedule
        How it is planned.
    set_point_c : float or None
        What NORMAL holds; None means the middle of the comfort band. [degC]
    eco_offset_k : float
        How far ECO holds below NORMAL. [K]

    Raises
    ------
    InvalidInputError
        For any value outside the ranges above; the message names field, value and range.
    """

    id: str
    building: Building
    source: HeatSource
    rating_points: tuple[RatingPoint, ...]
    heating_curve: HeatingCurve = field(default_factory=HeatingCurve)
    ground: GroundTemperature = field(default_factory=GroundTemperature)
    lowest_source_c: float = -25.0
    modulation_floor: float = 0.3
    defrost_penalty: float = 0.0
    min_run_h: float = 0.0
    min_off_h: float = 0.0
    start_cost: float = 0.0
    standby_kw: float = 0.0
    backup: BackupHeater | None = None
    schedule: Schedule = Schedule.CONTINUOUS
    set_point_c: float | None = None
    eco_offset_k: float = 2.0

    def __post_init__(self) -> None:
        if not self.rating_points:
            message = f"heat pump {self.id!r}: has no rating points; give one of the maker's data sheet"
            raise InvalidInputError(message)
        require_within(f"heat pump {self.id!r}", self, PUMP_RANGES)
        frost_c, cut_out_c = self.building.frost_guard_c, self.building.cut_out_c
        if self.set_point_c is not None and not frost_c <= self.set_point_c <= cut_out_c:
            message = (
                f"heat pump {self.id!r}: set_point_c is {self.set_point_c}, must lie between the building's "
                f"frost_guard_c {frost_c:g} and cut_out_c {cut_out_c:g}, or be absent"
            )
            raise InvalidInputError(message)

    @property
    def normal_c(self) -> float:
        """What NORMAL holds. [degC]."""
        if self.set_point_c is not None:
            return self.set_point_c
        return 0.5 * (self.building.comfort.low_c + self.building.comfort.high_c)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatPumpState:
    """What is known of a heat pump at the start of a plan.

    Parameters
    ----------
    building : BuildingState
        Temperatures.
    is_running : bool or None
        Whether the compressor runs; None where unknown, and dwell times then do not bind at the start.
    since_h : float
        How long it has been so; infinite where long ago. [h]
    mode : HeatMode or None
        Mode of now.
    """

    building: BuildingState
    is_running: bool | None = None
    since_h: float = float("inf")
    mode: HeatMode | None = None

    def __post_init__(self) -> None:
        if not self.since_h >= 0:
            message = f"state: since_h is {self.since_h}, must be at least 0"
            raise InvalidInputError(message)
