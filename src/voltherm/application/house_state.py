"""The temperatures of a house at an instant: measured ones, and between and after them what the physics says."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.application.house_facts import HouseFacts
from voltherm.application.house_weather import outdoor_on, weather_on
from voltherm.application.local_hours import QUARTER
from voltherm.domain.assets import HeatMode, HeatPump
from voltherm.domain.assets.building import LEAST_STATE_C, MOST_STATE_C
from voltherm.domain.registered_device import HeatReading
from voltherm.domain.time import TimeGrid
from voltherm.physics.building import Weather, dynamics, forcing_c
from voltherm.physics.heat_pump import HeatRequest, OperatingPoints, mode_requests, operating_points, simulate_heat_pump
from voltherm.ports.registry import DayPlan

STALE_AFTER: Final = timedelta(hours=1)
"""An indoor temperature older than this is no measurement of now: what it says is carried on by the physics."""
TOLD_FOR: Final = timedelta(hours=1)
"""A mode that a device reported is taken to hold so long, unless it reports another."""

Floats = NDArray[np.float64]


class StartKind(StrEnum):
    """Where the temperatures at the start come from."""

    MEASURED = "measured"
    STALE = "stale"
    """Measured too long ago, and simulated since."""
    ASSUMED = "assumed"
    """Nothing was measured lately: the set point is taken."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HouseState:
    """Temperatures at the end of a grid, and how they came about.

    Parameters
    ----------
    grid : TimeGrid or None
        Quarter-hours up to the instant, from the first reading on; None where the instant is that of the reading.
    temps_c : NDArray, shape (n_steps + 1, n_nodes)
        Temperatures of the nodes at the steps' starts and at the instant. [degC]
    modes : tuple of HeatMode or None, one a step
        What the heat pump was asked for; None where nobody knows, and it is taken to follow its own control.
    kind : StartKind
        How far they are measured.
    reading : HeatReading or None
        The last indoor temperature; None where there is none.
    """

    grid: TimeGrid | None
    temps_c: Floats
    modes: tuple[HeatMode | None, ...]
    kind: StartKind
    reading: HeatReading | None

    @property
    def now_c(self) -> Floats:
        """Temperatures at the instant, shape (n_nodes,). [degC]."""
        return np.asarray(self.temps_c[-1])

    @property
    def mode(self) -> HeatMode | None:
        """What the heat pump was asked for last."""
        return self.modes[-1] if self.modes else None


def estimate_state(facts: HouseFacts, until: datetime) -> HouseState:
    """Return the temperatures of the house at ``until``.

    The air is what was measured; between readings, and from the last one on, it follows the physics under the modes
    that were planned or reported, else under the heat pump's own control. The mass, which nobody measures, is as warm
    as the air at the first reading and follows it from there. Without any reading in `house_facts.WARM_UP` the set
    point is assumed at ``facts.now``.

    Parameters
    ----------
    facts : HouseFacts
        Readings, plans, weather.
    until : datetime
        A whole quarter-hour, not before ``facts.now`` less one.
    """
    pump = facts.device.pump
    readings = [reading for reading in facts.readings if _is_possible(reading)]
    last = readings[-1] if readings else None
    began = readings[0].at if readings else facts.now
    grid, weather = _known_weather(facts, until, max(0, round((until - began) / QUARTER)))
    measured = _measured(pump, readings, until if grid is None else grid.start)
    if grid is None or weather is None:
        return HouseState(grid=None, temps_c=measured.first_c[None, :], modes=(), kind=_kind(facts, last), reading=last)
    modes = modes_in_force(facts, grid)
    temps = _Run(pump, grid, weather, modes).temps_c(measured)
    return HouseState(grid=grid, temps_c=temps, modes=modes, kind=_kind(facts, last), reading=last)


def modes_in_force(facts: HouseFacts, grid: TimeGrid) -> tuple[HeatMode | None, ...]:
    """Return what the heat pump was, or will be, asked for in each step: as reported, else as planned, else None."""
    reported = [reading for reading in facts.readings if reading.mode is not None]
    instants = [reading.at for reading in reported]
    found: list[HeatMode | None] = []
    for moment in grid.times():
        n_before = bisect_right(instants, moment)
        is_told = n_before > 0 and moment - instants[n_before - 1] <= TOLD_FOR
        found.append(reported[n_before - 1].mode if is_told else planned_mode(facts, moment))
    return tuple(found)


def planned_mode(facts: HouseFacts, moment: datetime) -> HeatMode | None:
    """Return the mode of the stored plan that covers ``moment``; None where there is none."""
    plan = facts.plans.get(moment.astimezone(facts.zone).date())
    return None if plan is None else mode_of(plan, moment)


def mode_of(plan: DayPlan, moment: datetime) -> HeatMode | None:
    """Return the mode that a plan has at ``moment``; NORMAL where it leaves the heat pump alone, None outside it."""
    grid = plan.plan.grid
    if not grid.interval.contains(moment):
        return None
    heat = plan.plan.assets[plan.device_id].heat
    modes = None if heat is None else heat.modes
    return HeatMode.NORMAL if modes is None else modes[grid.index_of(moment)]


class _Run:
    """The house from reading to reading."""

    def __init__(self, pump: HeatPump, grid: TimeGrid, weather: Weather, modes: tuple[HeatMode | None, ...]) -> None:
        self.pump, self.grid, self.weather = pump, grid, weather
        self.points = operating_points(pump, weather.outdoor_c, grid.epoch_seconds)
        self.request = request_of(pump, self.points, weather, modes)
        self.parts = dynamics(pump.building, grid.step_h)

    def temps_c(self, measured: _Measured) -> Floats:
        """Temperatures at each step's start and at the end, with the air set to what was measured there."""
        n, n_rooms, corrected = self.grid.n_steps, len(self.pump.building.rooms), measured.later_c
        last = min(max(corrected, default=0), n)
        temps = np.empty((n + 1, len(measured.first_c)))
        temps[0] = measured.first_c
        added = forcing_c(self.parts, self.weather) + self._heat_kw() @ self.parts.heat.T
        for step in range(last):
            temps[step + 1] = self.parts.transition @ temps[step] + added[step]
            if step + 1 in corrected:
                temps[step + 1, :n_rooms] = corrected[step + 1]
        temps[last:] = self._simulated_c(temps[last], last)
        return temps

    def _heat_kw(self) -> Floats:
        """Heat into each room where neither frost guard nor a limit takes part: the next reading tells of those."""
        losses = np.array([room.loss_kw_per_k + room.mass_loss_kw_per_k for room in self.pump.building.rooms])
        shares = losses / losses.sum() if losses.sum() > 0 else np.full(len(losses), 1.0 / len(losses))
        efficiency = 1.0 if self.pump.backup is None else self.pump.backup.efficiency
        return np.outer(self.request.compressor_kw + efficiency * self.request.backup_kw, shares)

    def _simulated_c(self, start_c: Floats, first: int) -> Floats:
        """From the last reading on: all of the physics."""
        if first == self.grid.n_steps:
            return start_c[None, :]
        ahead = slice(first, None)
        weather = Weather(outdoor_c=self.weather.outdoor_c[ahead], irradiance_w_m2=self.weather.irradiance_w_m2[ahead])
        points = operating_points(self.pump, weather.outdoor_c, self.grid.epoch_seconds[ahead])
        request = HeatRequest(compressor_kw=self.request.compressor_kw[ahead], backup_kw=self.request.backup_kw[ahead])
        return simulate_heat_pump(self.pump, start_c, points, weather, request, self.grid.step_h).temps_c


def request_of(
    pump: HeatPump, points: OperatingPoints, weather: Weather, modes: tuple[HeatMode | None, ...]
) -> HeatRequest:
    """Return what a sequence of modes asks for; None means the heat pump's own control, which is NORMAL.

    Parameters
    ----------
    pump : HeatPump
        Parameters.
    points : OperatingPoints
        Of the steps.
    weather : Weather
        Of the steps.
    modes : tuple of HeatMode or None, one a step
        What is asked for.
    """
    requests = mode_requests(pump, points, weather.outdoor_c)
    chosen = [requests[mode or HeatMode.NORMAL] for mode in modes]
    return HeatRequest(
        compressor_kw=np.array([each.compressor_kw[step] for step, each in enumerate(chosen)]),
        backup_kw=np.array([each.backup_kw[step] for step, each in enumerate(chosen)]),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Measured:
    """Temperatures of all nodes at a grid's start, and of the air at later steps' starts, by their number."""

    first_c: Floats
    later_c: Mapping[int, float]


def _measured(pump: HeatPump, readings: Sequence[HeatReading], start: datetime) -> _Measured:
    """Return the readings on quarter-hours from ``start`` on; the first air is that of the reading next before it."""
    placed = [(round((each.at - start) / QUARTER), each.indoor_c) for each in readings if each.indoor_c is not None]
    before = [temp_c for step, temp_c in placed if step <= 0]
    first_c = before[-1] if before else placed[0][1] if placed else pump.normal_c
    later = {step: temp_c for step, temp_c in placed if step > 0}
    return _Measured(first_c=np.full(pump.building.n_nodes, first_c), later_c=later)


def _kind(facts: HouseFacts, last: HeatReading | None) -> StartKind:
    if last is None:
        return StartKind.ASSUMED
    return StartKind.STALE if facts.now - last.at > STALE_AFTER else StartKind.MEASURED


def _is_possible(reading: HeatReading) -> bool:
    """Whether it has an indoor temperature that a house can have."""
    return reading.indoor_c is not None and LEAST_STATE_C <= reading.indoor_c <= MOST_STATE_C


def _known_weather(facts: HouseFacts, until: datetime, n_steps: int) -> tuple[TimeGrid | None, Weather | None]:
    """Return the quarter-hours before ``until``, as many as the weather is known without a gap, and that weather."""
    if not n_steps:
        return None, None
    grid = TimeGrid(until - n_steps * QUARTER, QUARTER, n_steps)
    unknown = np.flatnonzero(np.isnan(outdoor_on(facts.weather, grid)))
    first = int(unknown[-1]) + 1 if unknown.size else 0
    if first == n_steps:
        return None, None
    part = grid.part(first, n_steps - first)
    weather = weather_on(facts.weather, part)
    return part, None if weather is None else weather.values
