"""Oracle (b): cvxpy at its best, vectorised and parametrised (DPP): built once, then only parameters are set."""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from tests.oracles.facts import SiteFacts
from voltherm.domain.plan import Terminal


class ParametrisedSite:
    """One battery, any PV, any demand windows of single-step intervals; load, prices, state and peaks are parameters.

    The tariff's calendar is in the data: each window has a row a step, with a slack that frees the steps outside it.

    Parameters
    ----------
    facts : SiteFacts
        Gives sizes and everything that does not change from plan to plan: battery, limits, rates.
    """

    def __init__(self, facts: SiteFacts) -> None:
        n = facts.n
        self.load, self.start = cp.Parameter(n), cp.Parameter(nonneg=True)
        self.import_cost, self.export_gain = cp.Parameter(n), cp.Parameter(n)
        self.available = [cp.Parameter(n, nonneg=True) for _ in facts.pv]
        self.free = [cp.Parameter(n, nonneg=True) for _ in facts.windows]
        self.reached = [cp.Parameter(nonneg=True) for _ in facts.windows]
        self.least_end = cp.Parameter(nonneg=True)
        cost, constraints = self._formulate(facts)
        self.problem = cp.Problem(cp.Minimize(cost), constraints)
        assert self.problem.is_dcp(dpp=True)

    def _formulate(self, facts: SiteFacts) -> tuple[cp.Expression, list]:
        n, h, (battery,) = facts.n, facts.step_h, facts.batteries
        charge, discharge, energy = cp.Variable(n), cp.Variable(n), cp.Variable(n)
        bought, sold = cp.Variable(n), cp.Variable(n)
        used = [cp.Variable(n) for _ in facts.pv]
        gained = h * (battery.charge_efficiency * charge - discharge / battery.discharge_efficiency)
        constraints = [
            *(bought >= 0, bought <= facts.import_limit, sold >= 0, sold <= facts.export_limit),
            *(charge >= 0, charge <= battery.charge_limit, discharge >= 0, discharge <= battery.discharge_limit),
            *(energy >= battery.low, energy <= battery.high, energy[-1] >= self.least_end),
            energy[0] == battery.kept * self.start + gained[0],
            energy[1:] == battery.kept * energy[:-1] + gained[1:],
            bought - sold == self.load - sum(used, np.zeros(n)) + charge - discharge,
        ]
        for plant, offered, (_, curtailable) in zip(used, self.available, facts.pv, strict=True):
            constraints += [plant >= 0, plant <= offered] if curtailable else [plant == offered]
        cost = self.import_cost @ bought - self.export_gain @ sold + battery.wear * h * cp.sum(charge + discharge)
        cost += -facts.stored_value * (energy[-1] - self.start)
        for window, free, reached in zip(facts.windows, self.free, self.reached, strict=True):
            peak = cp.Variable()
            constraints += [peak >= reached, peak + free >= bought]
            cost += window.rate * (peak - reached)
        return cost, constraints

    def solve(self, facts: SiteFacts) -> float:
        """Return the optimal objective for new data of the same shape."""
        self.load.value, self.start.value = facts.load, facts.batteries[0].start
        self.import_cost.value = facts.step_h * facts.import_price
        self.export_gain.value = facts.step_h * facts.export_price
        for parameter, (available, _) in zip(self.available, facts.pv, strict=True):
            parameter.value = available
        for free, reached, window in zip(self.free, self.reached, facts.windows, strict=True):
            outside = np.full(facts.n, facts.import_limit)
            outside[[steps[0] for steps in window.intervals]] = 0.0
            free.value, reached.value = outside, window.reached
        ends = facts.terminal is Terminal.AT_LEAST_START
        self.least_end.value = min(facts.batteries[0].start, facts.batteries[0].high) if ends else 0.0
        self.problem.solve(solver=cp.CLARABEL)
        assert self.problem.status == cp.OPTIMAL, self.problem.status
        return float(self.problem.value)
