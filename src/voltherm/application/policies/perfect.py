"""The policy ``perfect``: one plan over everything that will happen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import numpy as np

from voltherm.application.actuals import Actuals
from voltherm.application.plan_site import plan_site
from voltherm.application.simulated_site import Setpoints
from voltherm.domain.assets import BatteryState
from voltherm.domain.control import Measured, MeterReading
from voltherm.domain.ledger import Ledger, advance
from voltherm.domain.plan import Plan, PlanInputs, PlanOptions, Terminal
from voltherm.domain.time import Interval, TimeGrid

LONGEST: Final = timedelta(days=35)
"""A longer span is planned one billing period after the other."""

SOLVE_LIMIT_S: Final = 30.0
"""For integer problems only (negative prices, export above import). [s]"""


class PerfectForesight:
    """Follows plans that were made with the measured future.

    Parameters
    ----------
    actuals : Actuals
        What will happen.
    soc : Mapping of battery id to float
        At the start, 0 to 1.
    stored_value_per_kwh : float
        Worth of a kWh stored at the end above the start. [currency/kWh]
    """

    def __init__(self, actuals: Actuals, soc: Mapping[str, float], stored_value_per_kwh: float) -> None:
        self._value_per_kwh = stored_value_per_kwh
        self.plans: tuple[Plan, ...] = self._plans(actuals, soc)
        site = actuals.site
        self._battery_kw = {
            battery.id: np.concatenate([plan.assets[battery.id].power_kw for plan in self.plans])
            for battery in site.batteries
        }
        self._pv_kw = {
            plant.id: -np.concatenate([plan.assets[plant.id].power_kw for plan in self.plans])
            for plant in site.pv_plants
        }

    def setpoints(self, step: int, reading: MeterReading) -> Setpoints:  # noqa: ARG002 - knows it all already
        """Return what the plan says."""
        return Setpoints(
            battery_kw={name: float(values[step]) for name, values in self._battery_kw.items()},
            pv_limit_kw={name: float(values[step]) for name, values in self._pv_kw.items()},
        )

    def learn(self, measured: Measured) -> None:
        """Learn nothing."""

    def _plans(self, actuals: Actuals, soc: Mapping[str, float]) -> tuple[Plan, ...]:
        """One plan over the whole span, or one for each billing period, each from where the one before ended."""
        site, plans = actuals.site, []
        states = {battery.id: BatteryState(soc=soc[battery.id]) for battery in site.batteries}
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
            )
            plan = plan_site(site, inputs)
            plans.append(plan)
            ledger = advance(site.tariff, ledger, part.usage(plan.grid_power_kw))
            states = {battery.id: _end_state(plan, battery.id) for battery in site.batteries}
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
