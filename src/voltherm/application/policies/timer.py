"""The policy ``timer``: charges in the cheapest hours of each local day, discharges in the dearest, never looks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from voltherm.application.policies.thermostat import Thermostat
from voltherm.application.simulated_site import Setpoints
from voltherm.domain.assets import Battery
from voltherm.domain.control import Measured, MeterReading
from voltherm.domain.site import Site
from voltherm.domain.time import TimeGrid

ROUNDING = 1e-9
"""Prices closer than this belong to the same window. [currency/kWh]"""


class Timer:
    """Constant power within each day's cheapest and dearest steps, sized to the battery's energy.

    Parameters
    ----------
    site : Site
        Batteries and zone.
    grid : TimeGrid
        The backtest's grid.
    import_price_per_kwh : NDArray, shape (n_steps,)
        Energy price of each step, taxes included. [currency/kWh]
    heat : Thermostat
        What heat pumps do meanwhile.
    """

    def __init__(self, site: Site, grid: TimeGrid, import_price_per_kwh: NDArray[np.float64], heat: Thermostat) -> None:
        self._batteries, self._heat = site.batteries, heat
        self._step_h = grid.step_h
        days = grid.local(site.zone).day_ordinal
        self._asked_kw: Mapping[str, NDArray[np.float64]] = {
            battery.id: timer_power_kw(battery, days, import_price_per_kwh, grid.step_h) for battery in self._batteries
        }

    def setpoints(self, step: int, reading: MeterReading) -> Setpoints:
        """Return the schedule's power, as far as the SOC band lets it."""
        powers = {}
        for battery in self._batteries:
            energy = reading.soc[battery.id] * battery.capacity_kwh
            room = max(0.0, battery.soc_max * battery.capacity_kwh - energy)
            stock = max(0.0, energy - battery.soc_floor * battery.capacity_kwh)
            most = room / (self._step_h * battery.charge_efficiency)
            least = -stock * battery.discharge_efficiency / self._step_h
            powers[battery.id] = min(max(float(self._asked_kw[battery.id][step]), least), most)
        return Setpoints(battery_kw=powers, heat=self._heat.orders(step))

    def learn(self, measured: Measured) -> None:
        """Learn nothing."""


def timer_power_kw(
    battery: Battery, day: NDArray[np.int64], price_per_kwh: NDArray[np.float64], step_h: float
) -> NDArray[np.float64]:
    """Return the schedule: charging positive. [kW].

    The cheapest steps of a day are those at its lowest price, and as many dearer ones as it takes to fill the battery
    at its charge limit; the dearest likewise. A day rests where the spread does not pay for the losses.

    Parameters
    ----------
    battery : Battery
        Limits, band and efficiencies.
    day : NDArray of int, shape (n_steps,)
        Local day of each step.
    price_per_kwh : NDArray, shape (n_steps,)
        Energy price. [currency/kWh]
    step_h : float
        Length of a step. [h]
    """
    usable = (battery.soc_max - battery.soc_floor) * battery.capacity_kwh
    drawn, given = usable / battery.charge_efficiency, usable * battery.discharge_efficiency
    power = np.zeros(len(day))
    for ordinal in np.unique(day):
        steps = np.flatnonzero(day == ordinal)
        prices = price_per_kwh[steps]
        cheap = steps[prices <= _threshold(prices, drawn, battery.charge_limit_kw * step_h)]
        dear = steps[-prices <= _threshold(-prices, given, battery.discharge_limit_kw * step_h)]
        pays = price_per_kwh[dear].min() * battery.round_trip_efficiency > price_per_kwh[cheap].max()
        if pays:
            power[cheap] = min(battery.charge_limit_kw, drawn / (len(cheap) * step_h))
            power[dear] = -min(battery.discharge_limit_kw, given / (len(dear) * step_h))
    return power


def _threshold(prices: NDArray[np.float64], energy_kwh: float, most_kwh: float) -> float:
    """The price up to which steps are needed to move the energy, at most ``most_kwh`` a step."""
    needed = len(prices) if most_kwh <= 0 else max(1, int(np.ceil(energy_kwh / most_kwh)))
    return float(np.sort(prices)[min(needed, len(prices)) - 1]) + ROUNDING
