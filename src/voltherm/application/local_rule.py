"""What a battery may do without a plan: hold the peak and take up surplus, by the meter alone."""

from __future__ import annotations

from voltherm.domain.assets import Battery
from voltherm.domain.control import MeterReading
from voltherm.physics.guard import ImportBounds, guarded_powers


def local_powers(
    batteries: tuple[Battery, ...], bounds: ImportBounds, reading: MeterReading, left_h: float
) -> dict[str, float]:
    """Return the battery powers that need no forecast and no price. [kW].

    Surplus that would be exported is stored, as far as a battery below its upper limit can; import above the ceiling
    is met by discharging; otherwise the batteries rest. It never charges from the grid, so it never makes a peak.

    Parameters
    ----------
    batteries : tuple of Battery
        Those that may be commanded, with their limits of now: what is given to another would be met by none.
    bounds : ImportBounds
        Highest mean import of the running metering interval, infinite where no peak is billed; and highest export.
    reading : MeterReading
        Meter and SOC of now.
    left_h : float
        What is left of the metering interval. [h]
    """
    surplus_kw = max(0.0, -reading.net_kw)
    planned: dict[str, float] = {}
    for battery in batteries:
        soc = reading.soc.get(battery.id)
        has_room = soc is not None and soc < battery.soc_max
        planned[battery.id] = min(surplus_kw, battery.charge_limit_kw) if has_room else 0.0
        surplus_kw -= planned[battery.id]
    bounds = bounds._replace(export_limit_kw=max(bounds.export_limit_kw, surplus_kw))
    return guarded_powers(batteries, planned, bounds, reading, left_h)
