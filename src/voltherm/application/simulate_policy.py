"""One policy in charge of a simulated site, step after step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from voltherm.application.actuals import Actuals
from voltherm.application.policies import Policy, PolicyName
from voltherm.application.simulated_site import Flows, Setpoints, SimulatedSite
from voltherm.domain.assets import HeatMode, HeatPump, HeatPumpState
from voltherm.domain.control import MeterReading
from voltherm.domain.site import Site
from voltherm.domain.time import TimeGrid
from voltherm.physics.building import start_temps_c

Progress = Callable[[PolicyName, int, int], None]
"""Told which policy is simulated, how many steps are done, and of how many."""

REPORT_EVERY = 48
"""Steps between two calls of the progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The site as every policy finds it.

    Parameters
    ----------
    soc : Mapping of battery id to float
        0 to 1.
    heat : Mapping of heat pump id to HeatPumpState
        Temperatures.
    """

    soc: Mapping[str, float]
    heat: Mapping[str, HeatPumpState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatTrace:
    """What a heat pump and its building did over the span.

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
        At each step's start and at the end: the airs of the rooms, then the masses. [degC]
    modes : tuple of HeatMode or None, one a step
        Modes that were ordered; None where heat was ordered as power or by a thermostat.
    is_cycling : NDArray of bool, shape (n_steps,)
        Where the compressor gave less than at its modulation floor, so that it was on for a part of the step.
    """

    power_kw: NDArray[np.float64]
    compressor_kw: NDArray[np.float64]
    backup_kw: NDArray[np.float64]
    heat_kw: NDArray[np.float64]
    temps_c: NDArray[np.float64]
    modes: tuple[HeatMode | None, ...]
    is_cycling: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedRun:
    """What a policy made of the span.

    Parameters
    ----------
    policy : PolicyName
        Who decided.
    grid : TimeGrid
        The steps.
    grid_kw : NDArray, shape (n_steps,)
        Meter, import positive. [kW]
    battery_kw : Mapping of battery id to NDArray, shape (n_steps,)
        AC power, charging positive. [kW]
    soc : Mapping of battery id to NDArray, shape (n_steps + 1,)
        At each step's start and at the end, 0 to 1.
    pv_used_kw, pv_curtailed_kw : NDArray, shape (n_steps,)
        Sun taken, and sun left. [kW]
    ceiling_kw : NDArray, shape (n_steps,)
        Import that the policy defended; infinite where it defended none. [kW]
    is_guarded : NDArray of bool, shape (n_steps,)
        Where the guard changed what was planned.
    without_setpoint : Mapping of str to int
        Why nothing was asked for, to the number of steps.
    heat : Mapping of heat pump id to HeatTrace
        What the heat pumps did.
    """

    policy: PolicyName
    grid: TimeGrid
    grid_kw: NDArray[np.float64]
    battery_kw: Mapping[str, NDArray[np.float64]]
    soc: Mapping[str, NDArray[np.float64]]
    pv_used_kw: NDArray[np.float64]
    pv_curtailed_kw: NDArray[np.float64]
    ceiling_kw: NDArray[np.float64]
    is_guarded: NDArray[np.bool_]
    without_setpoint: Mapping[str, int]
    heat: Mapping[str, HeatTrace] = field(default_factory=dict)

    @property
    def heat_pump_total_kw(self) -> NDArray[np.float64]:
        """Electric power of all heat pumps, without standby. [kW]."""
        return sum((trace.power_kw for trace in self.heat.values()), np.zeros(self.grid.n_steps))

    @property
    def battery_total_kw(self) -> NDArray[np.float64]:
        """Sum of the batteries, charging positive. [kW]."""
        return sum(self.battery_kw.values(), np.zeros(self.grid.n_steps))

    def stored_kwh(self, site: Site) -> NDArray[np.float64]:
        """Return the energy in all batteries at each step's start and at the end. [kWh]."""
        stored = np.zeros(self.grid.n_steps + 1)
        for battery in site.batteries:
            stored = stored + self.soc[battery.id] * battery.capacity_kwh
        return stored


def simulate_policy(
    name: PolicyName, policy: Policy, actuals: Actuals, start: Start, progress: Progress
) -> SimulatedRun:
    """Return what happens when the policy is in charge.

    In each step the policy sees the SOC and, for its guard alone, the net load of that step; the site then does what
    the physics let it do under the measured load and weather; and the policy is told what the meters saw.

    Parameters
    ----------
    name : PolicyName
        For the record.
    policy : Policy
        Who decides.
    actuals : Actuals
        What really happened.
    start : Start
        The site at the start.
    progress : Progress
        Called every few hours of the simulated time, and at the end.
    """
    plant = SimulatedSite(actuals.site, start.soc, start.heat)
    n_steps, step_h = actuals.grid.n_steps, actuals.grid.step_h
    flows: list[Flows] = []
    asked: list[Setpoints] = []
    for step, weather in enumerate(actuals.weather()):
        if step % REPORT_EVERY == 0:
            progress(name, step, n_steps)
        setpoints = policy.setpoints(step, MeterReading(net_kw=plant.net_kw(weather), soc=plant.soc))
        flowed = plant.advance(setpoints, weather, step_h)
        policy.learn(actuals.observed(step, flowed))
        asked.append(setpoints)
        flows.append(flowed)
    progress(name, n_steps, n_steps)
    return _collected(name, actuals, start, flows, asked)


def _collected(
    name: PolicyName, actuals: Actuals, start: Start, flows: list[Flows], asked: list[Setpoints]
) -> SimulatedRun:
    ids = [battery.id for battery in actuals.site.batteries]
    return SimulatedRun(
        policy=name,
        grid=actuals.grid,
        grid_kw=np.array([step.grid_kw for step in flows]),
        battery_kw={id_: np.array([step.battery_kw[id_] for step in flows]) for id_ in ids},
        soc={id_: np.array([start.soc[id_], *(step.soc[id_] for step in flows)]) for id_ in ids},
        pv_used_kw=np.array([step.pv_used_kw for step in flows]),
        pv_curtailed_kw=np.array([step.pv_curtailed_kw for step in flows]),
        ceiling_kw=np.array([setpoints.ceiling_kw for setpoints in asked]),
        is_guarded=np.array([setpoints.is_guarded for setpoints in asked]),
        without_setpoint=dict(Counter(setpoints.why for setpoints in asked if setpoints.why)),
        heat={pump.id: _traced(pump, start.heat[pump.id], flows) for pump in actuals.site.heat_pumps},
    )


def _traced(pump: HeatPump, start: HeatPumpState, flows: list[Flows]) -> HeatTrace:
    steps = [step.heat[pump.id] for step in flows]
    return HeatTrace(
        power_kw=np.array([step.power_kw for step in steps]),
        compressor_kw=np.array([step.compressor_kw for step in steps]),
        backup_kw=np.array([step.backup_kw for step in steps]),
        heat_kw=np.array([step.heat_kw for step in steps]),
        temps_c=np.array([start_temps_c(pump.building, start.building), *(step.temps_c for step in steps)]),
        modes=tuple(step.mode for step in steps),
        is_cycling=np.array([step.is_cycling for step in steps]),
    )
