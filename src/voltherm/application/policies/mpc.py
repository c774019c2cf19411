"""The policy ``mpc``: the controller itself, with nothing but its own forecasts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np

from voltherm.application.actuals import Actuals
from voltherm.application.control_step import ControlOptions, SiteController
from voltherm.application.policies.thermostat import Thermostat
from voltherm.application.published_prices import known_prices
from voltherm.application.simulate_policy import Start
from voltherm.application.simulated_site import Setpoints
from voltherm.domain.control import Decision, Measured, MeterReading
from voltherm.domain.measurements import Measurements
from voltherm.domain.series import Forecast, Provenance, Quality, Series
from voltherm.domain.time import Interval

SCORED_EVERY_H: Final = 1.0
"""One forecast an hour is kept for the scores. [h]"""


class ModelPredictive:
    """Decides at each step and guards within it.

    Parameters
    ----------
    actuals : Actuals
        Only its grid, its published prices and its meter readings of steps that are over are looked at.
    history : Measurements or None
        What was measured before.
    start : Start
        The site at the start.
    heat : Thermostat
        What heat pumps do while there is no plan.
    options : ControlOptions
        Of the controller.
    """

    def __init__(
        self, actuals: Actuals, history: Measurements | None, start: Start, heat: Thermostat, options: ControlOptions
    ) -> None:
        self._grid, self._prices, self._heat = actuals.grid, actuals.prices, heat
        self._controller = SiteController(actuals.site, history, options=options)
        before = Interval(self._grid.start - self._grid.step, self._grid.start)
        self._controller.observe(self._grid.start, Measured(interval=before, soc=start.soc, heat=start.heat))
        self._every = max(1, round(SCORED_EVERY_H / self._grid.step_h))
        self.forecasts: list[Forecast] = []
        """Load forecasts, one an hour."""

    def setpoints(self, step: int, reading: MeterReading) -> Setpoints:
        """Return the decision's powers, guarded with the net load of the running step."""
        now = self._grid.time_of(step)
        decision = self._controller.decide(now, known_prices(self._prices, now))
        if step % self._every == 0:
            self._keep_forecast(now, decision)
        guarded = self._controller.guard(now, decision, _with_heat(reading, decision))
        orders = {command.asset_id: command.order for command in decision.heat_commands}
        return Setpoints(
            battery_kw=guarded.power_kw,
            ceiling_kw=decision.ceiling_kw,
            is_guarded=guarded.is_clamped,
            why=decision.why,
            heat=orders or self._heat.orders(step),
        )

    def learn(self, measured: Measured) -> None:
        """Hand the meter readings to the controller."""
        self._controller.observe(measured.interval.end, measured)

    def _keep_forecast(self, now: datetime, decision: Decision) -> None:
        plan, loads = decision.plan, self._controller.site.loads
        if plan is None or not loads:
            return
        total = sum((plan.assets[load.id].power_kw for load in loads), np.zeros(plan.grid.n_steps))
        source = Provenance(source="controller's own load forecast", quality=Quality.FORECAST, issued_at=now)
        self.forecasts.append(Forecast(Series(plan.grid, total, source)))


def _with_heat(reading: MeterReading, decision: Decision) -> MeterReading:
    """The net load with what the heat pumps are about to draw, which the meter sees as soon as they do."""
    plan = decision.plan
    if plan is None or not decision.heat_commands:
        return reading
    drawn = sum(float(plan.assets[command.asset_id].power_kw[0]) for command in decision.heat_commands)
    return replace(reading, net_kw=reading.net_kw + drawn)
