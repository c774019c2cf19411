"""A building from a house: geometry, losses, thermal mass, sun and gains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from voltherm.domain.assets.building import Building, Room
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.house import Construction, Emitter, House

W_PER_KW: Final = 1000.0
KJ_PER_KWH: Final = 3600.0
AIR_KWH_PER_M3_K: Final = 0.34 / W_PER_KW
"""Heat capacity of a cubic metre of air. [kWh/(m3 K)]"""
FURNITURE_KJ_PER_M2_K: Final = 7.0
"""What furniture adds to the air: together they are the 10 kJ/(m2 K) of EN ISO 52016-1 in rooms of 2.5 m."""
QUICK_KJ_PER_M2_K: Final = 22.0
"""How much of the mass follows the air within the hour: heaters and the surfaces of walls. A light house of 120 m2,
measured with switched heaters, has 1.08 kWh/K that is quick, 32 kJ/(m2 K): interior 0.143, heaters 0.321, sensor and
what surrounds it 0.619; and an envelope of 3.24 (Bacher and Madsen, Energy and Buildings 43, 2011). Air and furniture
alone, which are 10 of them, would warm by 3 K within a quarter of an hour of full power."""
SURFACE_TO_AIR_W_PER_M2_K: Final = 3.45
MASS_TO_SURFACE_W_PER_M2_K: Final = 9.1
SURFACES_PER_FLOOR: Final = 4.5
"""EN ISO 13790, 7.2.2.2 and 12.2.2: the two conductances, and the area of all surfaces over the floor area."""
RADIANT_SHARE_OF_RADIATORS: Final = 0.3
"""Share of a panel radiator's heat that it radiates; the rest warms the air."""

MASS_KJ_PER_M2_K: Final[Mapping[Construction, float]] = MappingProxyType(
    {
        Construction.VERY_LIGHT: 80.0,
        Construction.LIGHT: 110.0,
        Construction.MEDIUM: 165.0,
        Construction.HEAVY: 260.0,
        Construction.VERY_HEAVY: 370.0,
    }
)
MASS_AREA_PER_FLOOR: Final[Mapping[Construction, float]] = MappingProxyType(
    {
        Construction.VERY_LIGHT: 2.5,
        Construction.LIGHT: 2.5,
        Construction.MEDIUM: 2.5,
        Construction.HEAVY: 3.0,
        Construction.VERY_HEAVY: 3.5,
    }
)
"""EN ISO 13790, table 12: heat capacity, and area of the mass, by floor area."""

INFILTRATION_DIVISORS: Final = ((1, 35.0), (2, 24.0), (4, 20.0))
INFILTRATION_DIVISOR_OF_TALL_HOUSES: Final = 15.0
"""Air changes at 50 Pa over those of an ordinary day, by the number of storeys at most: guideline D5."""

ROOM_ID: Final = "house"


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """A house as a box.

    Parameters
    ----------
    walls_m2 : float
        Outer walls without windows. [m2]
    windows_m2 : float
        Windows and doors. [m2]
    ground_plan_m2 : float
        Roof and ground floor, each. [m2]
    """

    walls_m2: float
    windows_m2: float
    ground_plan_m2: float


def geometry_of(house: House) -> Geometry:
    """Return the box that a house is taken for.

    A ground plan of area ``A`` and aspect ratio ``r`` has the perimeter ``2 (1 + r) sqrt(A / r)``.

    Raises
    ------
    InvalidInputError
        When the windows are larger than the walls.
    """
    plan = house.floor_area_m2 / house.storeys
    perimeter_m = 2.0 * (1.0 + house.aspect_ratio) * math.sqrt(plan / house.aspect_ratio)
    facade, windows = perimeter_m * house.storey_m * house.storeys, house.window_share * house.floor_area_m2
    if windows > facade:
        message = (
            f"house: window_share is {house.window_share}, which makes windows of {windows:.0f} m2 in walls of "
            f"{facade:.0f} m2; give less"
        )
        raise InvalidInputError(message)
    return Geometry(walls_m2=facade - windows, windows_m2=windows, ground_plan_m2=plan)


def building_of(house: House) -> Building:
    """Return the house as a building of one room, air and mass (2R2C).

    EN ISO 13790's hourly network has a node of air, one of surfaces and one of mass. The surfaces are eliminated: air
    and mass are joined by ``1 / (1 / h_is A_t + 1 / h_ms A_m)``. What is opaque loses heat from the mass, windows and
    ventilation from the air, and the sum of all is the standard's. Sun falls on the surfaces and divides between air
    and mass as their conductances do; floor heating does so too, and the radiant part of radiators. What of the mass is
    quick (`QUICK_KJ_PER_M2_K`) belongs to the air; together they have the capacity of the class, air and furniture.

    Parameters
    ----------
    house : House
        What is known of it.

    Raises
    ------
    InvalidInputError
        When the parts do not make a house: windows larger than walls, walls that lose more than their surfaces carry,
        or an override that `Room` refuses.
    """
    areas, envelope, floor = geometry_of(house), house.resolved_envelope, house.floor_area_m2
    opaque = _opaque_kw_per_k(house, areas)
    air_to_mass, to_mass = _coupling(house)
    if opaque >= air_to_mass:
        message = (
            f"house: the walls, roof and floor lose {opaque:.3g} kW/K, more than the {air_to_mass:.3g} kW/K that their "
            "surfaces carry; check the U-values and the floor area"
        )
        raise InvalidInputError(message)
    aperture = areas.windows_m2 * envelope.g_value * house.frame_and_shade * house.vertical_share
    room = Room(
        id=ROOM_ID,
        capacitance_kwh_per_k=AIR_KWH_PER_M3_K * house.volume_m3
        + (FURNITURE_KJ_PER_M2_K + QUICK_KJ_PER_M2_K) * floor / KJ_PER_KWH,
        loss_kw_per_k=envelope.u_window_w_m2_k * areas.windows_m2 / W_PER_KW + _air_kw_per_k(house),
        mass_capacitance_kwh_per_k=(MASS_KJ_PER_M2_K[house.resolved_construction] - QUICK_KJ_PER_M2_K)
        * floor
        / KJ_PER_KWH,
        mass_coupling_kw_per_k=air_to_mass,
        mass_loss_kw_per_k=1.0 / (1.0 / opaque - 1.0 / air_to_mass) if opaque > 0 else 0.0,
        solar_aperture_m2=aperture,
        solar_to_mass=to_mass,
        internal_gain_kw=house.internal_gain_w_m2 * floor / W_PER_KW,
        heat_to_mass=to_mass * (1.0 if house.resolved_emitter is Emitter.FLOOR else RADIANT_SHARE_OF_RADIATORS),
    )
    better = replace(room, **house.room)  # type: ignore[arg-type]  # House knows the names: all are numbers
    return Building(rooms=(better,), comfort=house.comfort)


def _opaque_kw_per_k(house: House, areas: Geometry) -> float:
    envelope = house.resolved_envelope
    facade = areas.walls_m2 * envelope.u_wall_w_m2_k + areas.ground_plan_m2 * envelope.u_roof_w_m2_k
    ground = areas.ground_plan_m2 * house.ground_factor
    bridged = areas.walls_m2 + areas.windows_m2 + areas.ground_plan_m2 + ground
    return (facade + ground * envelope.u_floor_w_m2_k + bridged * envelope.bridges_w_m2_k) / W_PER_KW


def _air_kw_per_k(house: House) -> float:
    """Ventilation and infiltration."""
    envelope = house.resolved_envelope
    divisors = (divisor for most, divisor in INFILTRATION_DIVISORS if house.storeys <= most)
    leaks = envelope.n50_per_h / next(divisors, INFILTRATION_DIVISOR_OF_TALL_HOUSES)
    fresh = house.air_changes_per_h * (1.0 - envelope.heat_recovery)
    return AIR_KWH_PER_M3_K * house.volume_m3 * (fresh + leaks)


def _coupling(house: House) -> tuple[float, float]:
    """Conductance between air and mass [kW/K], and the share of what falls on the surfaces that the mass receives."""
    mass_m2 = MASS_AREA_PER_FLOOR[house.resolved_construction] * house.floor_area_m2
    surfaces_m2 = SURFACES_PER_FLOOR * house.floor_area_m2
    to_air, to_mass = SURFACE_TO_AIR_W_PER_M2_K * surfaces_m2, MASS_TO_SURFACE_W_PER_M2_K * mass_m2
    on_mass = mass_m2 / surfaces_m2
    return 1.0 / (1.0 / to_air + 1.0 / to_mass) / W_PER_KW, on_mass + (1.0 - on_mass) * to_mass / (to_air + to_mass)
