"""Holding the mean of a metering interval: what is left of the ceiling, and how much of it each battery must give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from voltherm.domain.assets import Battery
from voltherm.domain.control import MeterReading


class ImportBounds(NamedTuple):
    """What the meter may show: mean import of the metering interval at most, and export at most. [kW]."""

    ceiling_kw: float
    export_limit_kw: float


def allowed_import_kw(ceiling_kw: float, reading: MeterReading) -> float:
    """Return the import that keeps the interval's mean at the ceiling if held until its end. [kW].

    ``(ceiling - elapsed * mean so far) / (1 - elapsed)``; negative where the ceiling is already out of reach.
    """
    used = reading.elapsed_share * reading.mean_so_far_kw
    return (ceiling_kw - used) / (1.0 - reading.elapsed_share)


def guarded_powers(
    batteries: tuple[Battery, ...],
    planned_kw: Mapping[str, float],
    bounds: ImportBounds,
    reading: MeterReading,
    step_h: float,
) -> dict[str, float]:
    """Return the planned powers, moved as far as the meter's bounds ask and the batteries can. [kW].

    Above the ceiling charging is cut first and discharging raised after it, battery by battery, down to each one's
    discharge limit and to what its SOC above the floor lasts for. Below the export limit discharging is cut, at most
    to rest. A spare ceiling is no reason to charge, so nothing else raises a power above the plan.

    Parameters
    ----------
    batteries : tuple of Battery
        In the order in which they give.
    planned_kw : Mapping of battery id to float
        AC power that the plan wants, charging positive. [kW]
    bounds : ImportBounds
        Highest mean of the metering interval, and highest export.
    reading : MeterReading
        Meter and SOC of now.
    step_h : float
        What is left of the interval, for which a battery's energy must last. [h]
    """
    powers = {battery.id: planned_kw[battery.id] for battery in batteries if battery.id in planned_kw}
    surplus = -bounds.export_limit_kw - (reading.net_kw + sum(powers.values()))
    for name, power in list(powers.items()):
        if surplus > 0 and power < 0:
            held_back = min(surplus, -power)
            powers[name] += held_back
            surplus -= held_back
    wanted = max(allowed_import_kw(bounds.ceiling_kw, reading), -bounds.export_limit_kw)
    excess = reading.net_kw + sum(powers.values()) - wanted
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
