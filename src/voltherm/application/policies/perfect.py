"""The policy ``perfect``: one plan over everything that will happen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

import numpy as np

from voltherm.application.actuals import Actuals
from voltherm.application.decide_heat import heat_plan
from voltherm.application.plan_site import plan_site
from voltherm.application.simulate_policy import Start
from voltherm.application.simulated_heat_pump import RUNNING_KW
from voltherm.application.simulated_site import Setpoints
from voltherm.domain.assets import BatteryState, HeatPump, HeatPumpState, Schedule
from voltherm.domain.assets.building import LEAST_STATE_C, MOST_STATE_C
from voltherm.domain.control import Measured, MeterReading
from voltherm.domain.heat_command import HeatOrder
from voltherm.domain.ledger import Ledger, advance
from voltherm.domain.plan import Plan, PlanInputs, PlanOptions, Terminal
from voltherm.domain.site import Site
from voltherm.domain.time import Interval, TimeGrid
from voltherm.physics.building import state_of

LONGEST: Final = timedelta(days=35)
"""A longer span is planned one billing period after the other."""

SOLVE_LIMIT_S: Final = 30.0
"""For integer problems only (negative prices, export above import). [s]"""


class PerfectForesight:
    """Follows plans that were made with the measured future.

    Heat pumps are planned as modulating ones, whatever their schedule: no schedule of modes costs less.

    Parameters
    ----------
    actuals : Actuals
        What will happen.
    start : Start
        The site at the start.
    stored_value_per_kwh : float
        Worth of a kWh stored at the end above the start. [currency/kWh]
    """

    def __init__(self, actuals: Actuals, start: Start, stored_value_per_kwh: float) -> None:
        self._value_per_kwh = stored_value_per_kwh
        site = _modulating(actuals.site)
        self.plans: tuple[Plan, ...] = self._plans(site, actuals, start)
        self._battery_kw = {
            battery.id: np.concatenate([plan.assets[battery.id].power_kw for plan in self.plans])
            for battery in site.batteries
        }
        self._pv_kw = {
            plant.id: -np.concatenate([plan.assets[plant.id].power_kw for plan in self.plans])
            for plant in site.pv_plants
        }
        self._orders = {
            pump.id: [order for plan in self.plans for order in planned_orders(pump, plan)] for pump in site.heat_pumps
        }

    def setpoints(self, step: int, reading: MeterReading) -> Setpoints:  # noqa: ARG002 - knows it all already
        """Return what the plan says."""
        return Setpoints(
            battery_kw={name: float(values[step]) for name, values in self._battery_kw.items()},
            pv_limit_kw={name: float(values[step]) for name, values in self._pv_kw.items()},
            heat={name: orders[step] for name, orders in self._orders.items()},
        )

    def learn(self, measured: Measured) -> None:
        """Learn nothing."""

    def _plans(self, site: Site, actuals: Actuals, start: Start) -> tuple[Plan, ...]:
        """One plan over the whole span, or one for each billing period, each from where the one before ended."""
        plans = []
        states = {battery.id: BatteryState(soc=start.soc[battery.id]) for battery in site.batteries}
        heat = dict(start.heat)
        ledger = Ledger.empty()
        for part in chunks(actuals):
            options = PlanOptions(
                terminal=Terminal.VALUE,
                stored_energy_value_per_kwh=self._value_per_kwh,
                solve_limit_s=SOLVE_LIMIT_S,
            )
            inputs = PlanInputs(
                now=part.grid.start,
                grid=part.grid,
                power_kw=part.power_kw,
                states=states,
                prices=part.prices,
                ledger=ledger,
                options=options,
                heat=heat,
                weather=part.outdoors,
            )
            plan = plan_site(site, inputs)
            plans.append(plan)
            ledger = advance(site.tariff, ledger, part.usage(plan.grid_power_kw))
            states = {battery.id: _end_state(plan, battery.id) for battery in site.batteries}
            heat = {pump.id: _end_heat(plan, pump) for pump in site.heat_pumps}
        return tuple(plans)


def chunks(actuals: Actuals) -> list[Actuals]:
    """Return the spans that are planned at once."""
    grid = actuals.grid
    if grid.end - grid.start <= LONGEST:
        return [actuals]
    parts = []
    for period in actuals.site.tariff.periods(grid.interval):
        span = Interval(max(period.start, grid.start), min(period.end, grid.end))
        part = TimeGrid.over(span, grid.step)
        parts.append(actuals.part((part.start - grid.start) // grid.step, part.n_steps))
    return parts


def _end_state(plan: Plan, battery_id: str) -> BatteryState:
    run = plan.assets[battery_id]
    soc = 0.0 if run.soc is None else float(np.clip(run.soc[-1], 0.0, 1.0))
    return BatteryState(soc=soc, power_kw=float(run.power_kw[-1]))


def _modulating(site: Site) -> Site:
    assets = (
        replace(asset, schedule=Schedule.CONTINUOUS) if isinstance(asset, HeatPump) else asset for asset in site.assets
    )
    return replace(site, assets=tuple(assets))


def planned_orders(pump: HeatPump, plan: Plan) -> list[HeatOrder]:
    """Return a plan's heat as orders that leave nothing to the unit's own control but its frost guard and cut-out."""
    heat = heat_plan(plan, pump)
    n_rooms = len(pump.building.rooms)
    low_c, high_c = (LEAST_STATE_C,) * n_rooms, (MOST_STATE_C,) * n_rooms
    total = heat.heat_kw.sum(axis=1, keepdims=True)
    shares = np.divide(heat.heat_kw, total, out=np.full_like(heat.heat_kw, 1.0 / n_rooms), where=total > 0)
    steps = zip(heat.compressor_kw.tolist(), heat.backup_kw.tolist(), shares.tolist(), strict=True)
    return [
        HeatOrder(low_c=low_c, high_c=high_c, compressor_kw=compressor, backup_kw=backup, shares=tuple(share))
        for compressor, backup, share in steps
    ]


def _end_heat(plan: Plan, pump: HeatPump) -> HeatPumpState:
    heat = heat_plan(plan, pump)
    return HeatPumpState(
        building=state_of(pump.building, heat.temps_c[-1]),
        is_running=bool(heat.compressor_kw[-1] > RUNNING_KW),
    )
