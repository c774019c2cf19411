"""Heat pumps in a decision: what is known of them, and what a plan tells them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from voltherm.application.site_memory import SiteMemory
from voltherm.domain.assets import HeatPump, HeatPumpState, Schedule
from voltherm.domain.heat_command import HeatCommand, HeatOrder
from voltherm.domain.plan import HeatPlan, Plan
from voltherm.domain.site import Site

TEMPS_HOLD: Final = timedelta(hours=1)
"""Room temperatures older than this lead to no setpoint: a room can change by a kelvin in it."""

NO_HEAT_KW: Final = 1e-3
"""Less than a watt of heat is none."""


def stale_heat(site: Site, memory: SiteMemory, start: datetime) -> str:
    """Return why the heat pumps cannot be planned from ``start`` on; empty where they can."""
    for pump in site.heat_pumps:
        known = memory.heat.get(pump.id)
        if known is None:
            return f"no room temperature of {pump.id!r} has been observed"
        if start - known.at > TEMPS_HOLD:
            return f"the room temperatures of {pump.id!r} are from {known.at.isoformat()}, too old to plan on"
    return ""


def heat_states(site: Site, memory: SiteMemory) -> Mapping[str, HeatPumpState]:
    """Return the heat pumps as they were observed last, by id."""
    return {pump.id: memory.heat[pump.id].state for pump in site.heat_pumps}


def heat_plan(plan: Plan, pump: HeatPump) -> HeatPlan:
    """Return what a plan says of a heat pump.

    Raises
    ------
    ValueError
        When it says nothing: the plan is of another site.
    """
    heat = plan.assets[pump.id].heat
    if heat is None:
        message = f"plan of {plan.site_id!r}: heat pump {pump.id!r} has no heat plan"
        raise ValueError(message)
    return heat


def heat_commands(site: Site, plan: Plan) -> tuple[HeatCommand, ...]:
    """Return one command a heat pump for the first step of the plan."""
    return tuple(_command(site, pump, plan) for pump in site.heat_pumps)


def _command(site: Site, pump: HeatPump, plan: Plan) -> HeatCommand:
    start, heat = plan.grid.start, heat_plan(plan, pump)
    return HeatCommand(
        id=f"{site.id}/{pump.id}/{start.isoformat()}",
        asset_id=pump.id,
        order=_order(site, pump, plan, heat),
        valid_from=start,
        valid_until=plan.grid.time_of(1),
        reason=heat.reasons[0],
    )


def _order(site: Site, pump: HeatPump, plan: Plan, heat: HeatPlan) -> HeatOrder:
    """The planned heat; what other weather makes of it within the step is the business of the unit's room control.

    It keeps the rooms in the band, as far as the plan does. Where a modulating unit is to heat, it brings them to
    where the plan has them at the step's end; not where heat earns money, and a room that coasts is left to coast.
    """
    building = pump.building
    first = plan.grid.part(0, 1)
    bands = [building.comfort_of(room).band(first, site.zone) for room in building.rooms]
    ends = tuple(heat.temps_c[1, : len(building.rooms)].tolist())
    total = float(heat.heat_kw[0].sum())
    heats = total > NO_HEAT_KW
    aims = heats and pump.schedule is Schedule.CONTINUOUS and plan.marginal_price_per_kwh[0] > 0
    return HeatOrder(
        compressor_kw=float(heat.compressor_kw[0]),
        backup_kw=float(heat.backup_kw[0]),
        shares=tuple((heat.heat_kw[0] / total).tolist()) if heats else None,
        aim_c=ends if aims else None,
        low_c=tuple(min(float(band.low_c[0]), end) for band, end in zip(bands, ends, strict=True)),
        high_c=tuple(max(float(band.high_c[0]), end) for band, end in zip(bands, ends, strict=True)),
        mode=None if heat.modes is None else heat.modes[0],
    )
