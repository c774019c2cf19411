"""The plan replayed by a second hand: nothing here is shared with the package but its domain objects."""

from __future__ import annotations

import numpy as np

from voltherm.domain.assets import Battery, BatteryState
from voltherm.domain.plan import Plan, PlanInputs
from voltherm.domain.site import Site
from voltherm.domain.tariffs import Usage


def stored_energy_kwh(battery: Battery, state: BatteryState, power_kw: np.ndarray, step_h: float) -> np.ndarray:
    """Return the stored energy that the AC powers lead to, with no limit of any kind. [kWh], shape (n + 1,)."""
    energy = [state.soc * battery.capacity_kwh]
    for power in power_kw:
        gained = power * battery.charge_efficiency if power > 0 else power / battery.discharge_efficiency
        energy.append(energy[-1] * (1 - battery.standing_loss_per_h) ** step_h + step_h * gained)
    return np.array(energy)


def meter_kw(site: Site, inputs: PlanInputs, plan: Plan) -> np.ndarray:
    """Return what the meter sees when loads, standby, PV and batteries do what the plan says."""
    power = np.zeros(inputs.grid.n_steps)
    for load in site.loads:
        power = power + inputs.power_kw[load.id].values
    for plant in site.pv_plants:
        power = power + plan.assets[plant.id].power_kw
    for battery in site.batteries:
        power = power + plan.assets[battery.id].power_kw + battery.standby_kw
    return power


def usage_of(inputs: PlanInputs, grid_kw: np.ndarray) -> Usage:
    """Return the usage that the tariff bills."""
    prices = {name: series.values for name, series in inputs.prices.items()}
    return Usage.of_net(inputs.grid, grid_kw, prices)


def wear(site: Site, inputs: PlanInputs, plan: Plan) -> float:
    """Return the wear of all batteries. [currency]."""
    return sum(
        battery.wear_cost_per_kwh * inputs.grid.step_h * float(np.abs(plan.assets[battery.id].power_kw).sum())
        for battery in site.batteries
    )
