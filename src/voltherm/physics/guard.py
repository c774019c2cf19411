"""Holding the mean of a metering interval: what is left of the ceiling, and how much of it each battery must give."""

from __future__ import annotations

from collections.abc import Mapping

from voltherm.domain.assets import Battery
from voltherm.domain.control import MeterReading


def allowed_import_kw(ceiling_kw: float, reading: MeterReading) -> float:
    """Return the import that keeps the interval's mean at the ceiling if held until its end. [kW].

    ``(ceiling - elapsed * mean so far) / (1 - elapsed)``; negative where the ceiling is already out of reach.
    """
    used = reading.elapsed_share * reading.mean_so_far_kw
    return (ceiling_kw - used) / (1.0 - reading.elapsed_share)


def guarded_powers(
    batteries: tuple[Battery, ...],
    planned_kw: Mapping[str, float],
    ceiling_kw: float,
    reading: MeterReading,
    step_h: float,
) -> dict[str, float]:
    """Return the planned powers, lowered as far as the ceiling asks and the batteries can. [kW].

    Charging is cut first and discharging raised after it, battery by battery, down to each one's discharge limit and
    to what its SOC above the floor lasts for. Power is never raised above the plan: a spare ceiling is not a reason
    to charge.

    Parameters
    ----------
    batteries : tuple of Battery
        In the order in which they give.
    planned_kw : Mapping of battery id to float
        AC power that the plan wants, charging positive. [kW]
    ceiling_kw : float
        Mean import that the metering interval may reach. [kW]
    reading : MeterReading
        Meter and SOC of now.
    step_h : float
        What is left of the interval, for which a battery's energy must last. [h]
    """
    powers = {battery.id: planned_kw[battery.id] for battery in batteries if battery.id in planned_kw}
    excess = reading.net_kw + sum(powers.values()) - allowed_import_kw(ceiling_kw, reading)
    for battery in batteries:
        if excess <= 0:
            break
        if battery.id not in powers:
            continue
        lowest = min(0.0, -_sustained_kw(battery, reading.soc.get(battery.id), step_h))
        given = min(excess, max(0.0, powers[battery.id] - lowest))
        powers[battery.id] -= given
        excess -= given
    return powers


def _sustained_kw(battery: Battery, soc: float | None, step_h: float) -> float:
    """Discharge power that the energy above the floor lasts for; none where the SOC is unknown."""
    if soc is None:
        return 0.0
    usable_kwh = max(0.0, soc - battery.soc_floor) * battery.capacity_kwh
    return min(battery.discharge_limit_kw, usable_kwh * battery.discharge_efficiency / step_h)
