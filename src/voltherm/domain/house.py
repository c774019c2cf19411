"""House: what its people know of it, insulation, floor area and volume; everything else has a cited default."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from voltherm.domain.comfort import Comfort
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.limits import Range, require_within


class Insulation(StrEnum):
    """How well a house is insulated: a level of the registration document, or a year of the Finnish building code."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    FI_1960 = "fi_1960"
    """Permits before the code of 1976."""
    FI_1978 = "fi_1978"
    FI_1985 = "fi_1985"
    FI_2003 = "fi_2003"
    FI_2010 = "fi_2010"
    FI_2018 = "fi_2018"


class Construction(StrEnum):
    """How heavy a house is inside: classes of EN ISO 13790, table 12."""

    VERY_LIGHT = "very_light"
    LIGHT = "light"
    """Timber frame."""
    MEDIUM = "medium"
    """Timber frame on a concrete slab, or lightweight blocks."""
    HEAVY = "heavy"
    VERY_HEAVY = "very_heavy"


class Emitter(StrEnum):
    """How the heat comes into the rooms."""

    FLOOR = "floor"
    LOW_RADIATORS = "low_radiators"
    """Radiators sized for 45 degC."""
    RADIATORS = "radiators"
    """Radiators sized for 55 degC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What keeps the heat in.

    Parameters
    ----------
    u_wall_w_m2_k, u_roof_w_m2_k, u_floor_w_m2_k, u_window_w_m2_k : float
        Thermal transmittances; doors count as windows. [W/(m2 K)]
    g_value : float
        Share of the sun on the glass that comes through, 0 to 1.
    bridges_w_m2_k : float
        Added to each square metre of the envelope for thermal bridges. [W/(m2 K)]
    n50_per_h : float
        Air changes at 50 Pa. [1/h]
    heat_recovery : float
        Share of the heat in the exhaust air that the ventilation recovers over the year, 0 to 1.
    """

    u_wall_w_m2_k: float
    u_roof_w_m2_k: float
    u_floor_w_m2_k: float
    u_window_w_m2_k: float
    g_value: float
    bridges_w_m2_k: float
    n50_per_h: float
    heat_recovery: float


def _envelope(
    opaque: tuple[float, float, float], window: tuple[float, float], air: tuple[float, float], bridges: float = 0.05
) -> Envelope:
    return Envelope(
        u_wall_w_m2_k=opaque[0],
        u_roof_w_m2_k=opaque[1],
        u_floor_w_m2_k=opaque[2],
        u_window_w_m2_k=window[0],
        g_value=window[1],
        bridges_w_m2_k=bridges,
        n50_per_h=air[0],
        heat_recovery=air[1],
    )


ENVELOPES: Final[Mapping[Insulation, Envelope]] = MappingProxyType(
    {
        Insulation.LOW: _envelope((0.5, 0.5, 0.5), (2.8, 0.75), (6.0, 0.0), 0.1),
        Insulation.MEDIUM: _envelope((0.3, 0.3, 0.3), (2.1, 0.7), (4.0, 0.3)),
        Insulation.HIGH: _envelope((0.17, 0.17, 0.17), (1.0, 0.5), (2.0, 0.45)),
        Insulation.FI_1960: _envelope((0.81, 0.47, 0.47), (2.8, 0.75), (6.0, 0.0), 0.1),
        Insulation.FI_1978: _envelope((0.35, 0.29, 0.40), (2.1, 0.7), (6.0, 0.0), 0.1),
        Insulation.FI_1985: _envelope((0.28, 0.22, 0.36), (2.1, 0.7), (6.0, 0.0)),
        Insulation.FI_2003: _envelope((0.25, 0.16, 0.25), (1.4, 0.6), (4.0, 0.3)),
        Insulation.FI_2010: _envelope((0.17, 0.09, 0.16), (1.0, 0.5), (2.0, 0.45)),
        Insulation.FI_2018: _envelope((0.17, 0.09, 0.16), (1.0, 0.5), (2.0, 0.55)),
    }
)
"""U-values of the levels: the registration document's, for all that is opaque; those of the years: the Finnish code
(C3 of 1978, 1985, 2003 and 2010, decree 1010/2017; before: the energy certificate's decree 1048/2017), as are the
recovered shares. Air changes: the poor, common and good houses of guideline D5 (2007). Thermal bridges: EN 12831,
0.05 where they were thought of, else 0.10. g: double, triple and coated triple glass, EN 410."""

HOUSE_RANGES: Final[Mapping[str, Range]] = MappingProxyType(
    {
        "floor_area_m2": (10.0, 100_000.0, "m2, all storeys"),
        "volume_m3": (20.0, 1_000_000.0, "m3"),
        "storeys": (1, 50, ""),
        "design_outdoor_c": (-50.0, 10.0, "degC"),
        "window_share": (0.0, 1.0, "of the floor area"),
        "aspect_ratio": (1.0, 10.0, ""),
        "ground_factor": (0.0, 1.0, ""),
        "air_changes_per_h": (0.0, 5.0, "1/h"),
        "internal_gain_w_m2": (0.0, 20.0, "W/m2"),
        "frame_and_shade": (0.0, 1.0, ""),
        "vertical_share": (0.0, 2.0, ""),
    }
)
ENVELOPE_RANGES: Final[Mapping[str, Range]] = MappingProxyType(
    {
        "u_wall_w_m2_k": (0.0, 5.0, "W/(m2 K)"),
        "u_roof_w_m2_k": (0.0, 5.0, "W/(m2 K)"),
        "u_floor_w_m2_k": (0.0, 5.0, "W/(m2 K)"),
        "u_window_w_m2_k": (0.3, 7.0, "W/(m2 K)"),
        "g_value": (0.0, 1.0, ""),
        "bridges_w_m2_k": (0.0, 0.5, "W/(m2 K)"),
        "n50_per_h": (0.0, 30.0, "1/h"),
        "heat_recovery": (0.0, 0.95, ""),
    }
)
STOREY_M: Final = (2.0, 8.0)
"""Heights of a storey that are no slip of the pen: volume over floor area. [m]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A house by what its people know of it.

    Parameters
    ----------
    insulation : Insulation
        Level, or year of the code.
    floor_area_m2, volume_m3 : float
        Heated floor area of all storeys, and the air in it. [m2], [m3]
    emitter : Emitter or None
        None means floor heating in houses of high insulation or the codes from 2003 on, else radiators.
    construction : Construction or None
        None means medium with floor heating, whose screed alone weighs as much, else light.
    comfort : Comfort
        Wanted band.
    design_outdoor_c : float
        Winter's design temperature; of the Finnish zones I to IV: -26, -29, -32 (Oulu), -38. [degC]
    storeys : int
        Above one another; a storey is as high as volume over floor area.
    aspect_ratio : float
        Length over width of the ground plan.
    window_share : float
        Windows and doors over the floor area.
    ground_factor : float
        Temperature difference to the ground over that to the outdoor air.
    air_changes_per_h : float
        Of the ventilation. [1/h]
    internal_gain_w_m2 : float
        Mean heat of people and appliances by floor area. [W/m2]
    frame_and_shade : float
        Share of the windows that is glass, times what neighbours, eaves and curtains let through.
    vertical_share : float
        Irradiance on the mean of all walls over that on the ground, which the weather gives.
    envelope : Mapping of name to float
        Fields of `Envelope` that are better known than the table.
    room : Mapping of name to float
        Fields of `Room` that are better known than all this, measured or learned.

    Raises
    ------
    InvalidInputError
        For any value outside `HOUSE_RANGES`, `ENVELOPE_RANGES` or `STOREY_M`; the message names field, value and range.
    """

    insulation: Insulation
    floor_area_m2: float
    volume_m3: float
    emitter: Emitter | None = None
    construction: Construction | None = None
    comfort: Comfort = field(default_factory=Comfort)
    design_outdoor_c: float = -26.0
    storeys: int = 1
    aspect_ratio: float = 1.5
    window_share: float = 0.15
    ground_factor: float = 0.5
    air_changes_per_h: float = 0.5
    internal_gain_w_m2: float = 3.0
    frame_and_shade: float = 0.7 * 0.9 * 0.6
    vertical_share: float = 0.6
    envelope: Mapping[str, float] = field(default_factory=dict)
    room: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_within("house", self, HOUSE_RANGES)
        if not STOREY_M[0] <= self.storey_m <= STOREY_M[1]:
            message = (
                f"house: volume_m3 is {self.volume_m3} and floor_area_m2 {self.floor_area_m2}, which makes storeys "
                f"of {self.storey_m:.2f} m; must be {STOREY_M[0]:g} to {STOREY_M[1]:g} m: give the area of all floors"
            )
            raise InvalidInputError(message)
        _require_known("envelope", self.envelope, ENVELOPE_RANGES)
        _require_known("room", self.room, ROOM_FIELDS)
        require_within("house envelope", self.resolved_envelope, ENVELOPE_RANGES)

    @property
    def storey_m(self) -> float:
        """Height of a storey. [m]."""
        return self.volume_m3 / self.floor_area_m2

    @property
    def resolved_envelope(self) -> Envelope:
        """The envelope of the level, with what is better known."""
        return replace(ENVELOPES[self.insulation], **self.envelope)

    @property
    def resolved_emitter(self) -> Emitter:
        """The emitter, or the usual one."""
        if self.emitter is not None:
            return self.emitter
        return Emitter.FLOOR if self.insulation in _MODERN else Emitter.RADIATORS

    @property
    def resolved_construction(self) -> Construction:
        """The construction, or the usual one."""
        if self.construction is not None:
            return self.construction
        return Construction.MEDIUM if self.resolved_emitter is Emitter.FLOOR else Construction.LIGHT


_MODERN: Final = frozenset({Insulation.HIGH, Insulation.FI_2003, Insulation.FI_2010, Insulation.FI_2018})
ROOM_FIELDS: Final = (
    "capacitance_kwh_per_k",
    "loss_kw_per_k",
    "mass_capacitance_kwh_per_k",
    "mass_coupling_kw_per_k",
    "mass_loss_kw_per_k",
    "solar_aperture_m2",
    "solar_to_mass",
    "internal_gain_kw",
    "heat_to_mass",
    "heat_limit_kw",
)
"""Fields of a room that a house may set by name."""


def _require_known(where: str, given: Mapping[str, float], known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            message = f"house: {where} has {name!r}, which is not known; known: {', '.join(known)}"
            raise InvalidInputError(message)
