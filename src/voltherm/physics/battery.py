"""What a battery does with a power that it is asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.assets.battery import Battery, BatteryState


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BatteryRun:
    """A simulated battery.

    Parameters
    ----------
    power_kw : NDArray, shape (n_steps,)
        AC power that really flowed, charging positive. [kW]
    energy_kwh : NDArray, shape (n_steps + 1,)
        Stored energy at each step's start and at the end. [kWh]
    """

    power_kw: NDArray[np.float64]
    energy_kwh: NDArray[np.float64]


def simulate_battery(battery: Battery, state: BatteryState, asked_kw: NDArray[np.float64], step_h: float) -> BatteryRun:
    """Return what the battery does when asked for ``asked_kw`` step after step.

    ``energy' = energy * (1 - loss)^h + h * (eta_c * charge - discharge / eta_d)``, within 0 and the capacity. Power is
    cut to the limits of now, to the taper near full and empty, and to what can be stored or taken; SOC limits of the
    planning band do not bind here, because the cells do not know them.

    Parameters
    ----------
    battery : Battery
        Parameters.
    state : BatteryState
        SOC at the start and limits of now.
    asked_kw : NDArray, shape (n_steps,)
        Wanted AC power, charging positive. [kW]
    step_h : float
        Length of a step. [h]
    """
    n_steps = len(asked_kw)
    charge_limit = np.broadcast_to(limit_or(state.charge_limit_kw, battery.charge_limit_kw), n_steps)
    discharge_limit = np.broadcast_to(limit_or(state.discharge_limit_kw, battery.discharge_limit_kw), n_steps)
    limited = np.minimum(np.maximum(asked_kw, -discharge_limit), charge_limit)
    start_kwh = state.soc * battery.capacity_kwh
    return _unclipped_run(battery, start_kwh, limited, step_h) or _stepwise_run(battery, start_kwh, limited, step_h)


def _unclipped_run(
    battery: Battery, start_kwh: float, asked_kw: NDArray[np.float64], step_h: float
) -> BatteryRun | None:
    """All steps at once, where neither loss nor taper matters and the energy never meets 0 or the capacity."""
    if battery.standing_loss_per_h > 0 or battery.charge_taper_soc < 1 or battery.discharge_taper_soc > 0:
        return None
    charge, discharge = np.maximum(asked_kw, 0.0), np.maximum(-asked_kw, 0.0)
    stored = step_h * (battery.charge_efficiency * charge - discharge / battery.discharge_efficiency)
    energy = np.cumsum(np.concatenate([[start_kwh], stored]))
    if energy.min() < 0 or energy.max() > battery.capacity_kwh:
        return None
    return BatteryRun(power_kw=asked_kw, energy_kwh=energy)


def _stepwise_run(battery: Battery, start_kwh: float, asked_kw: NDArray[np.float64], step_h: float) -> BatteryRun:
    energy = start_kwh
    energies, powers = [energy], []
    for asked in asked_kw.tolist():
        power, energy = battery_step(battery, energy, asked, step_h)
        energies.append(energy)
        powers.append(power)
    return BatteryRun(power_kw=np.array(powers), energy_kwh=np.array(energies))


def battery_step(battery: Battery, energy_kwh: float, asked_kw: float, step_h: float) -> tuple[float, float]:
    """Return the AC power that flows over one step, and the stored energy after it. [kW], [kWh].

    Parameters
    ----------
    battery : Battery
        Parameters; only efficiencies, loss, capacity and tapers matter here.
    energy_kwh : float
        Stored energy at the start of the step. [kWh]
    asked_kw : float
        Wanted AC power, already within the limits of now. [kW]
    step_h : float
        Length of the step. [h]
    """
    capacity = battery.capacity_kwh
    kept = energy_kwh * (1.0 - battery.standing_loss_per_h) ** step_h
    if asked_kw >= 0:
        power = min(asked_kw, taper_limit_kw(battery, energy_kwh, charging=True))
        power = max(0.0, min(power, (capacity - kept) / (step_h * battery.charge_efficiency)))
        return power, min(capacity, kept + step_h * battery.charge_efficiency * power)
    power = min(-asked_kw, taper_limit_kw(battery, energy_kwh, charging=False))
    power = max(0.0, min(power, kept * battery.discharge_efficiency / step_h))
    return -power, max(0.0, kept - step_h * power / battery.discharge_efficiency)


def taper_limit_kw(battery: Battery, energy_kwh: float, *, charging: bool) -> float:
    """Return the power limit that the taper leaves at a stored energy; the rated limit outside the taper. [kW]."""
    soc = energy_kwh / battery.capacity_kwh
    if charging:
        knee, limit = battery.charge_taper_soc, battery.charge_limit_kw
        return limit if soc <= knee else limit * max(0.0, 1.0 - soc) / (1.0 - knee)
    knee, limit = battery.discharge_taper_soc, battery.discharge_limit_kw
    return limit if soc >= knee else limit * max(0.0, soc) / knee


def limit_or(limit_now_kw: float | NDArray[np.float64] | None, rated_kw: float) -> float | NDArray[np.float64]:
    """Return the limit of now where one is reported, else the rated one; never more than rated. [kW]."""
    return rated_kw if limit_now_kw is None else np.minimum(limit_now_kw, rated_kw)
