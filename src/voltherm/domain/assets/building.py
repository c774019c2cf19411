"""Building: rooms as a network of resistances and capacitances, and its state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.comfort import Comfort
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.limits import Range, require_within

LEAST_STATE_C, MOST_STATE_C = -40.0, 60.0
"""Temperatures that a building can have; readings outside are taken for a broken sensor. [degC]"""

HEATED_LIMIT_C = 40.0
"""No heating brings a room or a mass above: floors of 35 degC are the limit of EN 1264, baths included. [degC]"""

HOTTEST_C, SUNNY_DAY_KW_PER_M2 = 40.0, 0.25
"""Weather in which a house that is not heated stays below `MOST_STATE_C`: outdoor air, and irradiance as the mean of a
day, about that of June in the north. A house that does not has watts for kilowatts. [degC], [kW/m2]"""

ROOM_RANGES: Final[Mapping[str, Range]] = MappingProxyType(
    {
        "capacitance_kwh_per_k": (1e-3, 1e6, "kWh/K"),
        "loss_kw_per_k": (0.0, 1e5, "kW/K"),
        "mass_capacitance_kwh_per_k": (0.0, 1e6, "kWh/K"),
        "mass_coupling_kw_per_k": (0.0, 1e5, "kW/K"),
        "mass_loss_kw_per_k": (0.0, 1e5, "kW/K"),
        "solar_aperture_m2": (0.0, 1e6, "m2"),
        "internal_gain_kw": (0.0, 1e5, "kW"),
    }
)
"""From the air of a cubic metre to a town. Within them no time constant is so short that rounding makes heat."""

LEAK_KW_PER_K = 1e-9
"""What any room loses at least: a microwatt a kelvin, so that a room without losses and gains has a steady state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room, or a whole building as one: the air with the furniture, and the mass of floors and walls behind it.

    ``C_a dT_a/dt = G_loss (T_out - T_a) + G_m (T_m - T_a) + (1 - s_m) A I + gain + (1 - e_m) q`` and
    ``C_m dT_m/dt = G_m (T_a - T_m) + G_m,loss (T_out - T_m) + s_m A I + e_m q``. Without a mass it is one node (1R1C).

    Parameters
    ----------
    id : str
        Name within the building.
    capacitance_kwh_per_k : float
        Of the air and what follows it quickly. [kWh/K]
    loss_kw_per_k : float
        Transmission and ventilation from the air to the outdoor air. [kW/K]
    mass_capacitance_kwh_per_k : float
        Of the slow mass; 0 means one node. [kWh/K]
    mass_coupling_kw_per_k : float
        Between air and mass; above 0 where there is a mass. [kW/K]
    mass_loss_kw_per_k : float
        From the mass to the outdoor air. [kW/K]
    solar_aperture_m2 : float
        Window area times g-value times shading, by the irradiance that the plan is given. [m2]
    solar_to_mass : float
        Share of the sun that heats the mass, 0 to 1.
    internal_gain_kw : float
        Mean heat of people and appliances. [kW]
    heat_to_mass : float
        Share of the heating that goes into the mass, 0 (air) to 1 (floor heating in screed).
    heat_limit_kw : float or None
        What the room's emitters give at most; None means as much as the heat pump. [kW]
    comfort : Comfort or None
        The room's own band; None means the building's.

    Raises
    ------
    InvalidInputError
        For any value outside the ranges above; the message names field, value and range.
    """

    id: str
    capacitance_kwh_per_k: float
    loss_kw_per_k: float
    mass_capacitance_kwh_per_k: float = 0.0
    mass_coupling_kw_per_k: float = 0.0
    mass_loss_kw_per_k: float = 0.0
    solar_aperture_m2: float = 0.0
    solar_to_mass: float = 0.0
    internal_gain_kw: float = 0.0
    heat_to_mass: float = 0.0
    heat_limit_kw: float | None = None
    comfort: Comfort | None = None

    def __post_init__(self) -> None:
        self._require("capacitance_kwh_per_k", self.capacitance_kwh_per_k > 0, "above 0")
        self._require("loss_kw_per_k", self.loss_kw_per_k >= 0, "at least 0")
        for name in (
            "mass_capacitance_kwh_per_k",
            "mass_coupling_kw_per_k",
            "mass_loss_kw_per_k",
            "solar_aperture_m2",
            "internal_gain_kw",
        ):
            self._require(name, getattr(self, name) >= 0, "at least 0")
        for name in ("solar_to_mass", "heat_to_mass"):
            limit = 1.0 if self.has_mass else 0.0
            self._require(name, 0 <= getattr(self, name) <= limit, "between 0 and 1, and 0 without a mass")
        wanted = "above 0 where there is a mass, and 0 where there is none"
        self._require("mass_coupling_kw_per_k", (self.mass_coupling_kw_per_k > 0) == self.has_mass, wanted)
        self._require("mass_loss_kw_per_k", self.has_mass or self.mass_loss_kw_per_k == 0, "0 without a mass")
        limit_kw = self.heat_limit_kw
        self._require("heat_limit_kw", limit_kw is None or limit_kw > 0, "above 0, or absent")
        require_within(f"room {self.id!r}", self, ROOM_RANGES)
        least_kwh_per_k = ROOM_RANGES["capacitance_kwh_per_k"][0]
        heavy_enough = not self.has_mass or self.mass_capacitance_kwh_per_k >= least_kwh_per_k
        self._require("mass_capacitance_kwh_per_k", heavy_enough, f"0 for none, or at least {least_kwh_per_k:g}")

    def _require(self, name: str, holds: bool, wanted: str) -> None:  # noqa: FBT001 - the condition reads best in place
        value = getattr(self, name)
        if not holds or (value is not None and not np.isfinite(value)):
            message = f"room {self.id!r}: {name} is {value}, must be {wanted}"
            raise InvalidInputError(message)

    @property
    def has_mass(self) -> bool:
        """Whether a slow mass stands behind the air."""
        return self.mass_capacitance_kwh_per_k > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """What two rooms share.

    Parameters
    ----------
    rooms : tuple of str
        Ids of the two rooms.
    conductance_kw_per_k : float
        Between their airs. [kW/K]
    """

    rooms: tuple[str, str]
    conductance_kw_per_k: float

    def __post_init__(self) -> None:
        if self.rooms[0] == self.rooms[1]:
            message = f"wall: joins room {self.rooms[0]!r} with itself; name two rooms"
            raise InvalidInputError(message)
        most = ROOM_RANGES["mass_coupling_kw_per_k"][1]
        if not 0 < self.conductance_kw_per_k <= most:
            message = (
                f"wall {self.rooms}: conductance_kw_per_k is {self.conductance_kw_per_k}, must be above 0 and at most "
                f"{most:g} kW/K"
            )
            raise InvalidInputError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """Rooms that one heat pump heats.

    Nodes are numbered: the air of each room in order, then the mass of each room that has one.

    Parameters
    ----------
    rooms : tuple of Room
        At least one; ids are unique.
    walls : tuple of Wall
        Between them.
    comfort : Comfort
        Band of the rooms that have none of their own.
    frost_guard_c : float
        A room that would end a step colder gets what brings it here, before any other and whatever is asked for; all
        that there is where that is not enough. [degC]
    cut_out_c : float
        No more heat is given to a room than brings it here at the step's end: the pump's own room limit. [degC]

    Raises
    ------
    InvalidInputError
        For no rooms, ids that double, walls to unknown rooms, a cut-out below a comfort band, a frost guard above,
        or gains and sun that alone would heat a room beyond `MOST_STATE_C`.
    """

    rooms: tuple[Room, ...]
    walls: tuple[Wall, ...] = ()
    comfort: Comfort = field(default_factory=Comfort)
    frost_guard_c: float = 5.0
    cut_out_c: float = 30.0

    def __post_init__(self) -> None:
        ids = [room.id for room in self.rooms]
        if not ids:
            raise InvalidInputError("building: has no rooms; give at least one")
        doubled = [name for name, count in Counter(ids).items() if count > 1]
        if doubled:
            message = f"building: room id {doubled[0]!r} is used twice; ids are unique within a building"
            raise InvalidInputError(message)
        for wall in self.walls:
            unknown = [name for name in wall.rooms if name not in ids]
            if unknown:
                message = f"building: a wall names room {unknown[0]!r}; known: {', '.join(ids)}"
                raise InvalidInputError(message)
        bands = [self.comfort_of(room) for room in self.rooms]
        least, most = min(band.least_c for band in bands), max(band.most_c for band in bands)
        if not 0 <= self.frost_guard_c <= least:
            message = f"building: frost_guard_c is {self.frost_guard_c}, must be 0 to the lowest comfort edge {least:g}"
            raise InvalidInputError(message)
        if not most <= self.cut_out_c <= HEATED_LIMIT_C:
            message = f"building: cut_out_c is {self.cut_out_c}, must be {most:g} (comfort) to {HEATED_LIMIT_C:g} degC"
            raise InvalidInputError(message)
        self._require_cool_when_unheated()

    def _require_cool_when_unheated(self) -> None:
        rise_k, most_k = self.sunny_rise_k, MOST_STATE_C - HOTTEST_C
        worst = int(rise_k.argmax())
        if rise_k[worst] > most_k:
            names = [*(room.id for room in self.rooms), *(room.id for room in self.rooms if room.has_mass)]
            message = (
                f"building: internal_gain_kw and solar_aperture_m2 hold room {names[worst]!r} {rise_k[worst]:.3g} K "
                f"above the outdoor air on a sunny day without any heating, must be at most {most_k:g} K; check their "
                "units, and that of loss_kw_per_k"
            )
            raise InvalidInputError(message)

    @property
    def sunny_rise_k(self) -> NDArray[np.float64]:
        """How far each node lies above the outdoor air on sunny days without heating, shape (n_nodes,). [K]."""
        n_rooms, with_mass = len(self.rooms), [at for at, room in enumerate(self.rooms) if room.has_mass]
        place = {room.id: at for at, room in enumerate(self.rooms)}
        joins = [(place[wall.rooms[0]], place[wall.rooms[1]], wall.conductance_kw_per_k) for wall in self.walls]
        joins += [(at, n_rooms + node, self.rooms[at].mass_coupling_kw_per_k) for node, at in enumerate(with_mass)]
        losses = [
            *(room.loss_kw_per_k for room in self.rooms),
            *(self.rooms[at].mass_loss_kw_per_k for at in with_mass),
        ]
        conductance = np.diag(np.array(losses) + LEAK_KW_PER_K)
        for one, other, value in joins:
            conductance[[one, other], [one, other]] += value
            conductance[[one, other], [other, one]] -= value
        sun_kw = [room.solar_aperture_m2 * SUNNY_DAY_KW_PER_M2 for room in self.rooms]
        air_kw = [
            room.internal_gain_kw + (1.0 - room.solar_to_mass) * sun
            for room, sun in zip(self.rooms, sun_kw, strict=True)
        ]
        mass_kw = [self.rooms[at].solar_to_mass * sun_kw[at] for at in with_mass]
        return np.asarray(np.linalg.solve(conductance, np.array([*air_kw, *mass_kw])))

    def comfort_of(self, room: Room) -> Comfort:
        """Return the band that holds in a room."""
        return self.comfort if room.comfort is None else room.comfort

    @property
    def n_nodes(self) -> int:
        """Airs and masses."""
        return len(self.rooms) + sum(room.has_mass for room in self.rooms)

    @property
    def loss_kw_per_k(self) -> float:
        """Heat that the whole building loses for each kelvin above the outdoor air, in steady state. [kW/K]."""
        through_mass = (
            room.mass_coupling_kw_per_k
            * room.mass_loss_kw_per_k
            / (room.mass_coupling_kw_per_k + room.mass_loss_kw_per_k)
            for room in self.rooms
            if room.has_mass
        )
        return sum(room.loss_kw_per_k for room in self.rooms) + sum(through_mass)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingState:
    """Temperatures at an instant.

    Parameters
    ----------
    room_c : Mapping of room id to float
        Air. [degC]
    mass_c : Mapping of room id to float
        Mass; a room that is left out has its mass at the temperature of its air. [degC]

    Raises
    ------
    InvalidInputError
        For a temperature outside -40 to 60 degC.
    """

    room_c: Mapping[str, float]
    mass_c: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for field_name in ("room_c", "mass_c"):
            for room, value in getattr(self, field_name).items():
                if not LEAST_STATE_C <= value <= MOST_STATE_C:
                    limits = f"{LEAST_STATE_C:g} to {MOST_STATE_C:g} degC"
                    message = f"state: {field_name}[{room!r}] is {value}, must be {limits}; a broken sensor?"
                    raise InvalidInputError(message)
