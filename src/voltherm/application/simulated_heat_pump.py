"""A heat pump that stands in for the real one: orders and weather in, electricity and temperatures out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.assets import HeatMode, HeatPump, HeatPumpState
from voltherm.domain.heat_command import HeatOrder
from voltherm.physics.building import Weather, start_temps_c, state_of
from voltherm.physics.heat_pump import operating_points, simulate_heat_pump
from voltherm.physics.thermostat import kept_request

RUNNING_KW: Final = 1e-3
"""A compressor that gives less than a watt of heat does not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdoors:
    """What surrounds the buildings in one step.

    Parameters
    ----------
    at : datetime
        Begin of the step, for the ground's season.
    outdoor_c : float
        Air. [degC]
    irradiance_w_m2 : float
        Sun, as the rooms' apertures count it. [W/m2]
    """

    at: datetime
    outdoor_c: float
    irradiance_w_m2: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatFlows:
    """What a heat pump did in one step.

    Parameters
    ----------
    power_kw : float
        Electric power of compressor and backup, without standby. [kW]
    compressor_kw : float
        Heat of the compressor. [kW]
    backup_kw : float
        Electric power of the backup. [kW]
    heat_kw : NDArray, shape (n_rooms,)
        Heat into each room. [kW]
    temps_c : NDArray, shape (n_nodes,)
        Temperatures at the end of the step. [degC]
    state : HeatPumpState
        The same, as one would tell it to a controller.
    mode : HeatMode or None
        Mode that was ordered.
    is_cycling : bool
        Whether the compressor gave less than it does at its modulation floor: it was on for a part of the step.
    """

    power_kw: float
    compressor_kw: float
    backup_kw: float
    heat_kw: NDArray[np.float64]
    temps_c: NDArray[np.float64]
    state: HeatPumpState
    mode: HeatMode | None = None
    is_cycling: bool = False


class SimulatedHeatPump:
    """A heat pump with its building, step after step.

    Parameters
    ----------
    pump : HeatPump
        Parameters.
    start : HeatPumpState
        At the start; a mass that is left out is as warm as its air.
    """

    def __init__(self, pump: HeatPump, start: HeatPumpState) -> None:
        self.pump = pump
        self.temps_c = start_temps_c(pump.building, start.building)
        self.state = HeatPumpState(
            building=state_of(pump.building, self.temps_c),
            is_running=start.is_running,
            since_h=start.since_h,
            mode=start.mode,
        )

    def advance(self, order: HeatOrder | None, outdoors: Outdoors, step_h: float) -> HeatFlows:
        """Return what it does over one step, and move on to its end.

        Parameters
        ----------
        order : HeatOrder or None
            What it is asked for; None leaves it to its own set point.
        outdoors : Outdoors
            Weather of the step.
        step_h : float
            Length of the step. [h]
        """
        pump = self.pump
        order = thermostat_order(pump, pump.normal_c) if order is None else order
        weather = Weather(
            outdoor_c=np.array([outdoors.outdoor_c]), irradiance_w_m2=np.array([outdoors.irradiance_w_m2])
        )
        second = np.array([int(outdoors.at.timestamp())])
        points = operating_points(pump, weather.outdoor_c, second)
        request = kept_request(pump, self.temps_c, points, weather, order, step_h)
        run = simulate_heat_pump(pump, self.temps_c, points, weather, request, step_h)
        compressor_kw, backup_kw = float(run.compressor_kw[0]), float(run.backup_kw[0])
        self.temps_c = run.temps_c[-1]
        self.state = self._state_after(compressor_kw, order.mode, step_h)
        return HeatFlows(
            power_kw=float(run.power_kw[0]),
            compressor_kw=compressor_kw,
            backup_kw=backup_kw,
            heat_kw=run.heat_kw[0],
            temps_c=self.temps_c,
            state=self.state,
            mode=order.mode,
            is_cycling=RUNNING_KW < compressor_kw < pump.modulation_floor * float(points.capacity_kw[0]) - RUNNING_KW,
        )

    def _state_after(self, compressor_kw: float, mode: HeatMode | None, step_h: float) -> HeatPumpState:
        runs, before = compressor_kw > RUNNING_KW, self.state
        since_h = before.since_h + step_h if before.is_running is runs else step_h
        building = state_of(self.pump.building, self.temps_c)
        return HeatPumpState(building=building, is_running=runs, since_h=since_h, mode=mode)


def thermostat_order(pump: HeatPump, set_point_c: float) -> HeatOrder:
    """Return the order to hold one temperature in all rooms."""
    held = (set_point_c,) * len(pump.building.rooms)
    return HeatOrder(low_c=held, high_c=held)
