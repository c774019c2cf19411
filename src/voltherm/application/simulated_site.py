"""A site that stands in for the real one: measured load and weather in, meter and states out, one physics for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from voltherm.application.simulated_heat_pump import HeatFlows, Outdoors, SimulatedHeatPump
from voltherm.domain.assets import HeatPumpState
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.heat_command import HeatOrder
from voltherm.domain.site import Site
from voltherm.physics.battery import battery_step


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What happens to the site in one step, whatever anybody decides.

    Parameters
    ----------
    load_kw : Mapping of load id to float
        Consumption. [kW]
    pv_kw : Mapping of plant id to float
        Available production, non-negative. [kW]
    outdoors : Outdoors or None
        What heat pumps and their buildings meet; None for a site without.
    """

    load_kw: Mapping[str, float]
    pv_kw: Mapping[str, float] = field(default_factory=dict)
    outdoors: Outdoors | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setpoints:
    """What a policy asks for over one step.

    Parameters
    ----------
    battery_kw : Mapping of battery id to float
        AC power, charging positive; a battery that is left out rests. [kW]
    pv_limit_kw : Mapping of plant id to float
        Largest production; a plant that is left out gives what it can. [kW]
    ceiling_kw : float
        Mean import that the policy defended; infinite where it defended none. [kW]
    is_guarded : bool
        Whether the guard changed what was planned.
    why : str
        Why nothing was asked for; empty where something was.
    heat : Mapping of heat pump id to HeatOrder
        A heat pump that is left out holds its own set point.
    """

    battery_kw: Mapping[str, float] = field(default_factory=dict)
    pv_limit_kw: Mapping[str, float] = field(default_factory=dict)
    ceiling_kw: float = float("inf")
    is_guarded: bool = False
    why: str = ""
    heat: Mapping[str, HeatOrder] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """What really flowed in one step.

    Parameters
    ----------
    grid_kw : float
        Mean power at the meter, import positive. [kW]
    battery_kw : Mapping of battery id to float
        AC power, charging positive. [kW]
    pv_used_kw, pv_curtailed_kw : float
        Sun taken, and sun left. [kW]
    soc : Mapping of battery id to float
        At the end of the step, 0 to 1.
    heat : Mapping of heat pump id to HeatFlows
        What the heat pumps did.
    """

    grid_kw: float
    battery_kw: Mapping[str, float]
    pv_used_kw: float
    pv_curtailed_kw: float
    soc: Mapping[str, float]
    heat: Mapping[str, HeatFlows] = field(default_factory=dict)


class SimulatedSite:
    """The site's batteries, heat pumps, sun and meter, step after step.

    Parameters
    ----------
    site : Site
        Assets and connection.
    soc : Mapping of battery id to float
        At the start, 0 to 1.
    heat : Mapping of heat pump id to HeatPumpState
        At the start; one for each heat pump of the site.
    """

    def __init__(self, site: Site, soc: Mapping[str, float], heat: Mapping[str, HeatPumpState] | None = None) -> None:
        self.site = site
        known = heat or {}
        lacking = [pump.id for pump in site.heat_pumps if pump.id not in known]
        if lacking:
            message = f"site {site.id!r}: heat pump {lacking[0]!r} has no temperatures to start from; give them"
            raise InvalidInputError(message)
        self._heat_pumps = {pump.id: SimulatedHeatPump(pump, known[pump.id]) for pump in site.heat_pumps}
        self._energy_kwh = {battery.id: soc[battery.id] * battery.capacity_kwh for battery in site.batteries}

    @property
    def soc(self) -> dict[str, float]:
        """State of charge of each battery, 0 to 1."""
        return {battery.id: self._energy_kwh[battery.id] / battery.capacity_kwh for battery in self.site.batteries}

    def net_kw(self, weather: Weather) -> float:
        """Return what the meter would see with batteries and heat pumps at rest, their standby draw included. [kW]."""
        return sum(weather.load_kw.values()) - sum(self._available_kw(weather).values()) + self.site.standby_kw

    def advance(self, setpoints: Setpoints, weather: Weather, step_h: float) -> Flows:
        """Return what flows over one step, and move on to its end.

        Batteries and heat pumps do what the physics let them do of what they are asked for; curtailable sun that would
        be exported above the connection's limit is left on the roof.

        Parameters
        ----------
        setpoints : Setpoints
            What is asked for.
        weather : Weather
            Load, available sun, and the weather of heat pumps.
        step_h : float
            Length of the step. [h]
        """
        battery_kw = {}
        for battery in self.site.batteries:
            asked = setpoints.battery_kw.get(battery.id, 0.0)
            asked = min(max(asked, -battery.discharge_limit_kw), battery.charge_limit_kw)
            power, energy = battery_step(battery, self._energy_kwh[battery.id], asked, step_h)
            battery_kw[battery.id], self._energy_kwh[battery.id] = power, energy
        heat = self._heated(setpoints, weather, step_h)
        available = self._available_kw(weather)
        before_sun = self.net_kw(weather) + sum(available.values()) + sum(battery_kw.values())
        before_sun += sum(flows.power_kw for flows in heat.values())
        used = self._used_kw(available, setpoints, before_sun)
        return Flows(
            grid_kw=before_sun - used,
            battery_kw=battery_kw,
            pv_used_kw=used,
            pv_curtailed_kw=sum(available.values()) - used,
            soc=self.soc,
            heat=heat,
        )

    def _heated(self, setpoints: Setpoints, weather: Weather, step_h: float) -> dict[str, HeatFlows]:
        if not self._heat_pumps:
            return {}
        if weather.outdoors is None:
            message = f"site {self.site.id!r}: has heat pumps; give the weather outdoors for each step"
            raise InvalidInputError(message)
        return {
            name: pump.advance(setpoints.heat.get(name), weather.outdoors, step_h)
            for name, pump in self._heat_pumps.items()
        }

    def _available_kw(self, weather: Weather) -> dict[str, float]:
        """Sun as far as each plant's inverter goes."""
        return {
            plant.id: weather.pv_kw[plant.id]
            if plant.rated_kw is None
            else min(weather.pv_kw[plant.id], plant.rated_kw)
            for plant in self.site.pv_plants
        }

    def _used_kw(self, available: Mapping[str, float], setpoints: Setpoints, before_sun_kw: float) -> float:
        """Sun taken: at least what cannot be curtailed, at most what the export limit leaves room for."""
        allowed, fixed = 0.0, 0.0
        for plant in self.site.pv_plants:
            power = available[plant.id]
            if plant.curtailable:
                allowed += min(power, setpoints.pv_limit_kw.get(plant.id, power))
            else:
                fixed += power
        room = before_sun_kw + self.site.connection.export_limit_kw - fixed
        return fixed + max(0.0, min(allowed, room))
