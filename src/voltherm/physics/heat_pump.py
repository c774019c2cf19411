"""What a heat pump can give in which weather, and what it does with what it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.assets.building import HEATED_LIMIT_C, Building
from voltherm.domain.assets.heat_pump import HeatMode, HeatPump, HeatSource, RatingPoint
from voltherm.physics.building import Dynamics, Weather, dynamics, forcing_c, holding_heat_kw

Floats = NDArray[np.float64]

KELVIN: Final = 273.15
LEAST_LIFT_K: Final = 10.0
"""Lift below which Carnot's figure says more about heat exchangers than about the compressor. [K]"""
LEAST_COP, MOST_COP = 1.0, 10.0
"""What a running compressor can have, whatever the extrapolation says."""
QUALITY_REACH: Final = (0.7, 1.2)
"""The quality grade is extrapolated no further than this times its lowest and highest rated value."""
CAPACITY_REACH: Final = (0.3, 1.6)
"""As above, for the capacity."""
CAPACITY_SLOPES: Final[Mapping[HeatSource, tuple[float, float]]] = MappingProxyType(
    {HeatSource.AIR: (0.020, -0.003), HeatSource.GROUND: (0.028, -0.003)}
)
"""Change of the capacity per kelvin of source and of supply, where the rating points do not tell: the share between
neighbouring points of data sheets after EN 14511 (A-7/A2/A7 and B-5/B0/B5, W35 to W55)."""
DEFROST_C: Final = (-7.0, 1.0, 7.0)
"""Outdoor temperatures between which an air source defrosts, and where most. [degC]"""
SECONDS_PER_DAY: Final = 86400.0
DAYS_PER_YEAR: Final = 365.2425


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OperatingPoints:
    """What the unit can do in each step; arrays of shape (n_steps,).

    Parameters
    ----------
    source_c, supply_c : NDArray
        Of the refrigerant circuit's two sides. [degC]
    cop : NDArray
        Heat over electricity of the compressor, defrosting included; 1 where it may not run.
    capacity_kw : NDArray
        Largest heat of the compressor; 0 where it may not run. [kW]
    """

    source_c: Floats
    supply_c: Floats
    cop: Floats
    capacity_kw: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatRequest:
    """What the heat pump is asked for.

    Parameters
    ----------
    compressor_kw : NDArray, shape (n_steps,)
        Heat of the compressor. [kW]
    backup_kw : NDArray, shape (n_steps,)
        Electric power of the backup heater. [kW]
    shares : NDArray, shape (n_steps, n_rooms), or None
        How the heat is divided among the rooms, rows that add up to one; None divides it by the rooms' losses.
    """

    compressor_kw: Floats
    backup_kw: Floats
    shares: Floats | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatPumpRun:
    """What it did.

    Parameters
    ----------
    power_kw : NDArray, shape (n_steps,)
        Electric power of compressor and backup, without standby. [kW]
    compressor_kw : NDArray, shape (n_steps,)
        Heat of the compressor. [kW]
    backup_kw : NDArray, shape (n_steps,)
        Electric power of the backup. [kW]
    heat_kw : NDArray, shape (n_steps, n_rooms)
        Heat into each room. [kW]
    temps_c : NDArray, shape (n_steps + 1, n_nodes)
        Temperatures of the nodes. [degC]
    is_followed : bool
        Whether the unit did all that it was asked for.
    """

    power_kw: Floats
    compressor_kw: Floats
    backup_kw: Floats
    heat_kw: Floats
    temps_c: Floats
    is_followed: bool


def ground_temp_c(pump: HeatPump, epoch_seconds: NDArray[np.int64]) -> Floats:
    """Return the brine's temperature at each instant, shape (n_steps,), by the day of the year. [degC]."""
    day = (epoch_seconds / SECONDS_PER_DAY) % DAYS_PER_YEAR
    ground = pump.ground
    phase = 2.0 * np.pi * (day - (ground.coldest_day - 1)) / DAYS_PER_YEAR
    return np.asarray(ground.mean_c - ground.swing_k * np.cos(phase))


def operating_points(pump: HeatPump, outdoor_c: Floats, epoch_seconds: NDArray[np.int64]) -> OperatingPoints:
    """Return COP and capacity in each step.

    ``COP = quality * T_supply / (T_supply - T_source)`` in kelvin: Carnot's figure times a quality grade that is linear
    in source and supply temperature through the rating points, as is the capacity. Few points leave a slope open; it
    is then zero for the grade and `CAPACITY_SLOPES` for the capacity.

    Parameters
    ----------
    pump : HeatPump
        Rating points, curve, source.
    outdoor_c : NDArray, shape (n_steps,)
        Mean outdoor temperature. [degC]
    epoch_seconds : NDArray of int, shape (n_steps,)
        Starts of the steps, for the ground's season.
    """
    curve = pump.heating_curve
    supply = np.interp(outdoor_c, [curve.cold_c, curve.mild_c], [curve.cold_supply_c, curve.mild_supply_c])
    source = outdoor_c if pump.source is HeatSource.AIR else ground_temp_c(pump, epoch_seconds)
    quality = _plane(pump.rating_points, [_quality(point) for point in pump.rating_points], (0.0, 0.0), QUALITY_REACH)
    heats = [point.heat_kw for point in pump.rating_points]
    mean_heat = sum(heats) / len(heats)
    slopes = CAPACITY_SLOPES[pump.source]
    capacity = _plane(pump.rating_points, heats, (slopes[0] * mean_heat, slopes[1] * mean_heat), CAPACITY_REACH)
    kept = 1.0 - _defrost_share(pump, outdoor_c)
    runs = source >= pump.lowest_source_c
    cop = np.clip(quality(source, supply) * _carnot(source, supply) * kept, LEAST_COP, MOST_COP)
    return OperatingPoints(
        source_c=source,
        supply_c=supply,
        cop=np.where(runs, cop, 1.0),
        capacity_kw=np.where(runs, capacity(source, supply) * kept, 0.0),
    )


def mode_requests(pump: HeatPump, points: OperatingPoints, outdoor_c: Floats) -> dict[HeatMode, HeatRequest]:
    """Return what each mode asks for: what the maker's own control would give in that weather.

    NORMAL gives what holds its set point in steady state at the outdoor temperature, as a heating curve does, the
    backup included where the compressor does not suffice; ECO holds a lower one; BOOST is the compressor's capacity;
    OFF is nothing. The sun is not in it: a heating curve does not see it.

    Parameters
    ----------
    pump : HeatPump
        Parameters.
    points : OperatingPoints
        Of the same steps.
    outdoor_c : NDArray, shape (n_steps,)
        Mean outdoor temperature. [degC]
    """
    still = np.zeros_like(outdoor_c)
    return {
        HeatMode.BOOST: HeatRequest(compressor_kw=points.capacity_kw, backup_kw=still),
        HeatMode.NORMAL: _holding(pump, points, outdoor_c, pump.normal_c),
        HeatMode.ECO: _holding(pump, points, outdoor_c, pump.normal_c - pump.eco_offset_k),
        HeatMode.OFF: HeatRequest(compressor_kw=still, backup_kw=still),
    }


def _holding(pump: HeatPump, points: OperatingPoints, outdoor_c: Floats, hold_c: float) -> HeatRequest:
    wanted = holding_heat_kw(pump.building, hold_c, outdoor_c, _loss_shares(pump, 1)[0])
    compressor = np.minimum(wanted, points.capacity_kw)
    if pump.backup is None:
        return HeatRequest(compressor_kw=compressor, backup_kw=np.zeros_like(wanted))
    backup = np.minimum((wanted - compressor) / pump.backup.efficiency, pump.backup.limit_kw)
    return HeatRequest(compressor_kw=compressor, backup_kw=backup)


def simulate_heat_pump(
    pump: HeatPump,
    start_c: Floats,
    points: OperatingPoints,
    weather: Weather,
    request: HeatRequest,
    step_h: float,
) -> HeatPumpRun:
    """Return what the unit does when asked for heat step after step, and what the building does with it.

    Heat is cut to the capacity and to the emitters' limits. Where heat would bring a room above the cut-out by the
    step's end, or its mass above `HEATED_LIMIT_C`, it is cut, the backup first. Where a room would end the step colder
    than the frost guard, it gets what brings it there before any other, whatever was asked for, and all that there is
    where that is not enough.

    Parameters
    ----------
    pump : HeatPump
        With its building.
    start_c : NDArray, shape (n_nodes,)
        Temperatures at the start. [degC]
    points : OperatingPoints
        Capacity and COP of the steps.
    weather : Weather
        Means of the steps.
    request : HeatRequest
        What is asked for.
    step_h : float
        Length of a step. [h]
    """
    limit_kw = 0.0 if pump.backup is None else pump.backup.limit_kw
    compressor = np.clip(request.compressor_kw, 0.0, points.capacity_kw)
    backup = np.clip(request.backup_kw, 0.0, limit_kw)
    shares = _loss_shares(pump, len(compressor)) if request.shares is None else request.shares
    plant = _Plant(pump, dynamics(pump.building, step_h), points)
    forcing = forcing_c(plant.parts, weather)
    run = plant.free_run(start_c, forcing, compressor, backup, shares)
    if run is None:
        run = plant.stepwise_run(start_c, forcing, compressor, backup, shares)
    return run


def _loss_shares(pump: HeatPump, n_steps: int) -> Floats:
    rooms = pump.building.rooms
    losses = np.array([room.loss_kw_per_k + room.mass_loss_kw_per_k for room in rooms])
    even = np.full(len(rooms), 1.0 / len(rooms))
    return np.broadcast_to(losses / losses.sum() if losses.sum() > 0 else even, (n_steps, len(rooms)))


FOLLOWED_KW, FOLLOWED_K = 1e-9, 3e-6
"""What rounding may take from a request, and add to a limit of heating, that counts as followed. [kW], [K]"""

FROST_ROOM_K: Final = 1e-3
"""The frost guard holds a room this far below its temperature, so that a plan may keep to its very edge. [K]"""


def heated_from(building: Building) -> NDArray[np.intp]:
    """Return the room whose heat reaches each node first: an air its own, a mass that of the air before it."""
    with_mass = [at for at, room in enumerate(building.rooms) if room.has_mass]
    return np.array([*range(len(building.rooms)), *with_mass], dtype=np.intp)


def heating_limits_c(building: Building) -> Floats:
    """Return where heating ends for each node, shape (n_nodes,): cut-out of the airs, `HEATED_LIMIT_C` of masses."""
    n_rooms = len(building.rooms)
    return np.array([building.cut_out_c] * n_rooms + [HEATED_LIMIT_C] * (building.n_nodes - n_rooms))


def simulate_frost_guard(
    pump: HeatPump, start_c: Floats, points: OperatingPoints, weather: Weather, step_h: float
) -> HeatPumpRun:
    """Return what the frost guard does from the start: a run of so many steps, mostly none.

    The run ends where it needs less than all that there is: as far as it goes, nothing that the heat pump is asked for
    changes it.

    Parameters
    ----------
    pump : HeatPump
        With its building.
    start_c : NDArray, shape (n_nodes,)
        Temperatures at the start. [degC]
    points : OperatingPoints
        Capacity and COP of the steps.
    weather : Weather
        Means of the steps.
    step_h : float
        Length of a step. [h]
    """
    plant = _Plant(pump, dynamics(pump.building, step_h), points)
    temps, heats = [start_c], []
    for step, forcing in enumerate(forcing_c(plant.parts, weather)):
        still_c = plant.parts.transition @ temps[-1] + forcing
        least_kw = plant.guarded_kw(step, still_c)
        takes_all = float(least_kw.sum()) >= plant.total_kw(step) - FOLLOWED_KW
        if not least_kw.any() or not (takes_all or np.array_equal(least_kw, plant.room_limits_kw(still_c))):
            break
        heats.append(plant.given_at_least(step, still_c, np.zeros_like(least_kw)))
        temps.append(still_c + plant.parts.heat @ heats[-1])
    heat = np.array(heats).reshape(len(heats), plant.n_rooms)
    compressor = np.minimum(heat.sum(axis=1), points.capacity_kw[: len(heat)])
    backup = (heat.sum(axis=1) - compressor) / plant.efficiency
    return HeatPumpRun(
        power_kw=compressor / points.cop[: len(heat)] + backup,
        compressor_kw=compressor,
        backup_kw=backup,
        heat_kw=heat,
        temps_c=np.array(temps),
        is_followed=not heats,
    )


class _Plant:
    """The unit with its building, stepped."""

    def __init__(self, pump: HeatPump, parts: Dynamics, points: OperatingPoints) -> None:
        self.pump, self.parts, self.points = pump, parts, points
        self.efficiency = 1.0 if pump.backup is None else pump.backup.efficiency
        self.backup_limit_kw = 0.0 if pump.backup is None else pump.backup.limit_kw
        self.emitters_kw = np.array(
            [np.inf if room.heat_limit_kw is None else room.heat_limit_kw for room in pump.building.rooms]
        )
        self.n_rooms = len(pump.building.rooms)
        self.heated_from, self.limits_c = heated_from(pump.building), heating_limits_c(pump.building)
        own = parts.heat[np.arange(len(self.heated_from)), self.heated_from]
        self.own_kw_per_k = np.divide(1.0, own, out=np.zeros_like(own), where=own > 0)

    def is_frosty(self, temps_c: Floats) -> bool:
        """Whether a room is too cold, at the end of a step or of any."""
        rooms = temps_c[..., : self.n_rooms]
        return bool(rooms.min(initial=np.inf) < self.pump.building.frost_guard_c - 2.0 * FROST_ROOM_K)

    def total_kw(self, step: int) -> float:
        """Heat of compressor and backup together."""
        return float(self.points.capacity_kw[step]) + self.efficiency * self.backup_limit_kw

    def free_run(
        self, start_c: Floats, forcing: Floats, compressor: Floats, backup: Floats, shares: Floats
    ) -> HeatPumpRun | None:
        """All steps at once, where neither frost guard nor cut-out nor an emitter's limit matters."""
        heat = shares * (compressor + self.efficiency * backup)[:, None]
        if (heat > self.emitters_kw + FOLLOWED_KW).any():
            return None
        added = forcing + heat @ self.parts.heat.T
        temps = np.empty((len(added) + 1, len(start_c)))
        temps[0] = start_c
        for step, extra in enumerate(added):
            temps[step + 1] = self.parts.transition @ temps[step] + extra
        over = (temps[1:] > self.limits_c + FOLLOWED_K) & (heat[:, self.heated_from] > 0)
        if over.any() or self.is_frosty(temps[1:]):
            return None
        power = compressor / self.points.cop + backup
        return HeatPumpRun(
            power_kw=power, compressor_kw=compressor, backup_kw=backup, heat_kw=heat, temps_c=temps, is_followed=True
        )

    def stepwise_run(
        self, start_c: Floats, forcing: Floats, compressor: Floats, backup: Floats, shares: Floats
    ) -> HeatPumpRun:
        """One step after the other."""
        n = len(compressor)
        temps = np.empty((n + 1, len(start_c)))
        temps[0] = start_c
        heats, given, helped = np.zeros((n, self.n_rooms)), np.zeros(n), np.zeros(n)
        for step in range(n):
            asked = compressor[step], backup[step], shares[step]
            heats[step], given[step], helped[step] = self._given(temps[step], forcing[step], step, asked)
            temps[step + 1] = self.parts.transition @ temps[step] + forcing[step] + self.parts.heat @ heats[step]
        wanted = shares * (compressor + self.efficiency * backup)[:, None]
        pairs = (given, compressor), (helped, backup), (heats, wanted)
        followed = all(np.allclose(done, asked, atol=1e-6) for done, asked in pairs)
        return HeatPumpRun(
            power_kw=given / self.points.cop[:n] + helped,
            compressor_kw=given,
            backup_kw=helped,
            heat_kw=heats,
            temps_c=temps,
            is_followed=bool(followed),
        )

    def _given(
        self, temps_c: Floats, forcing: Floats, step: int, asked: tuple[float, float, Floats]
    ) -> tuple[Floats, float, float]:
        """Heat into each room, and what compressor (heat) and backup (electric) do for it."""
        compressor, backup, shares = asked
        still_c = self.parts.transition @ temps_c + forcing
        heat = np.minimum(shares * (compressor + self.efficiency * backup), self.emitters_kw)
        heat = self._cut(still_c, heat)
        if self.is_frosty(still_c + self.parts.heat @ heat):
            compressor, backup = float(self.points.capacity_kw[step]), self.backup_limit_kw
            heat = self.given_at_least(step, still_c, heat)
        total = float(heat.sum())
        compressor = min(compressor, total)
        return heat, compressor, min(backup, (total - compressor) / self.efficiency)

    def given_at_least(self, step: int, still_c: Floats, asked_kw: Floats) -> Floats:
        """Heat with what the frost guard needs, which comes first; ``still_c`` is the step's end without any heat."""
        least, total = self.guarded_kw(step, still_c), self.total_kw(step)
        if least.sum() > total:
            return self._cut(still_c, least * (total / float(least.sum())))
        more = np.maximum(asked_kw - least, 0.0)
        more *= min(1.0, (total - float(least.sum())) / max(float(more.sum()), FOLLOWED_KW))
        return self._cut(still_c, least + self._cut(still_c + self.parts.heat @ least, more))

    def guarded_kw(self, step: int, still_c: Floats) -> Floats:
        """What each room needs to end at the frost guard, as far as it can take it."""
        missing_k = np.maximum(self.pump.building.frost_guard_c - FROST_ROOM_K - still_c[: self.n_rooms], 0.0)
        own = self.own_kw_per_k[: self.n_rooms]
        unlimited = np.where(missing_k > 0, self.total_kw(step), 0.0)
        return np.asarray(np.minimum(np.where(own > 0, missing_k * own, unlimited), self.room_limits_kw(still_c)))

    def room_limits_kw(self, still_c: Floats) -> Floats:
        """What each room can take: by its emitters, and by what brings a node to its limit."""
        most, fits_k = self.emitters_kw.copy(), np.maximum(self.limits_c - still_c, 0.0)
        warms = self.own_kw_per_k > 0
        np.minimum.at(most, self.heated_from[warms], (fits_k * self.own_kw_per_k)[warms])
        return most

    def _cut(self, still_c: Floats, heat_kw: Floats) -> Floats:
        """Heat cut to what ends no node that it heats above its limit; ``still_c`` is the step's end without any."""
        end = still_c + self.parts.heat @ heat_kw
        over_k = np.where(end > self.limits_c + FOLLOWED_K, end - self.limits_c, 0.0)
        cut = np.zeros_like(heat_kw)
        np.maximum.at(cut, self.heated_from, over_k * self.own_kw_per_k)
        return np.asarray(np.maximum(heat_kw - cut, 0.0))


def _carnot(source_c: Floats, supply_c: Floats) -> Floats:
    return np.asarray((supply_c + KELVIN) / np.maximum(supply_c - source_c, LEAST_LIFT_K))


def _quality(point: RatingPoint) -> float:
    return point.cop / float(_carnot(np.array(point.source_c), np.array(point.supply_c)))


class _plane:  # noqa: N801 - a function with memory
    """A value linear in source and supply: least squares through the points, nearest to the given slopes."""

    def __init__(
        self,
        points: tuple[RatingPoint, ...],
        values: list[float],
        slopes: tuple[float, float],
        reach: tuple[float, float],
    ) -> None:
        places = np.array([[point.source_c, point.supply_c] for point in points])
        known = np.array(values)
        self._centre, self._level = places.mean(axis=0), float(known.mean())
        moved = places - self._centre
        rest = known - self._level - moved @ np.array(slopes)
        self._slopes = np.array(slopes) + np.linalg.lstsq(moved, rest, rcond=1e-9)[0]
        self._low, self._high = reach[0] * float(known.min()), reach[1] * float(known.max())

    def __call__(self, source_c: Floats, supply_c: Floats) -> Floats:
        value = (
            self._level
            + self._slopes[0] * (source_c - self._centre[0])
            + self._slopes[1] * (supply_c - self._centre[1])
        )
        return np.asarray(np.clip(value, self._low, self._high))


def _defrost_share(pump: HeatPump, outdoor_c: Floats) -> Floats:
    if pump.source is not HeatSource.AIR or pump.defrost_penalty == 0:
        return np.zeros_like(outdoor_c)
    return pump.defrost_penalty * np.interp(outdoor_c, DEFROST_C, [0.0, 1.0, 0.0])
