"""Oracle: a house with heat pump, PV and battery under one tariff in cvxpy, vectorised and parametrised (DPP)."""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from tests.oracles.facts import SiteFacts
from tests.oracles.heat_facts import HeatFacts
from voltherm.domain.plan import Terminal


class ParametrisedHouse:
    """One heat pump, at most one battery, any PV and demand windows; weather, prices, load and states are parameters.

    Neither cut-out nor frost guard is in it: it serves houses that stay between them.

    Parameters
    ----------
    facts, house
        Give sizes and everything that does not change from plan to plan.
    """

    def __init__(self, facts: SiteFacts, house: HeatFacts) -> None:
        n, nodes, rooms = facts.n, len(house.start), len(house.emitters)
        self.load, self.import_cost, self.export_gain = (cp.Parameter(n) for _ in range(3))
        self.available = [cp.Parameter(n, nonneg=True) for _ in facts.pv]
        self.energy_start, self.least_energy = cp.Parameter(nonneg=True), cp.Parameter(nonneg=True)
        self.start, self.given = cp.Parameter(nodes), cp.Parameter((n, nodes))
        self.capacity, self.per_heat = cp.Parameter(n, nonneg=True), cp.Parameter(n, nonneg=True)
        self.low, self.high = cp.Parameter((n, rooms)), cp.Parameter((n, rooms))
        self.discomfort = [cp.Parameter(rooms, nonneg=True) for _ in range(3)]
        self.heat_value, self.stored_value, self.missing = (cp.Parameter(nonneg=True) for _ in range(3))
        self.free = [cp.Parameter(self._means(facts, window).shape[0], nonneg=True) for window in facts.windows]
        self.reached = [cp.Parameter(nonneg=True) for _ in facts.windows]
        self.bought, self.sold = cp.Variable(n, nonneg=True), cp.Variable(n, nonneg=True)
        limits = [self.bought <= facts.import_limit, self.sold <= facts.export_limit]
        parts = [self._heat(facts, house), self._battery(facts), self._sun(facts), self._peaks(facts)]
        drawn = sum(part[0] for part in parts)
        cost = self.import_cost @ self.bought - self.export_gain @ self.sold + sum(part[1] for part in parts)
        balance = self.bought - self.sold == self.load + drawn
        self.problem = cp.Problem(cp.Minimize(cost), [balance, *limits, *(row for part in parts for row in part[2])])
        assert self.problem.is_dcp(dpp=True)

    def _heat(self, facts: SiteFacts, house: HeatFacts) -> tuple:
        n, rooms = facts.n, len(house.emitters)
        compressor, backup = cp.Variable(n, nonneg=True), cp.Variable(n, nonneg=True)
        heat, temps = cp.Variable((n, rooms), nonneg=True), cp.Variable((n, len(house.start)))
        airs = temps[:, :rooms]
        cold, warm, frozen = (cp.Variable((n, rooms), nonneg=True) for _ in range(3))
        missing = cp.Variable(nonneg=True)
        rows = [
            *(cold >= self.low - airs, warm >= airs - self.high, frozen >= house.frost - airs),
            compressor <= self.capacity,
            backup <= house.backup,
            heat <= np.tile(house.emitters, (n, 1)),
            cp.sum(heat, axis=1) == compressor + house.efficiency * backup,
            temps[0] == house.kept @ self.start + self.given[0] + house.by_heat @ heat[0],
            temps[1:] == temps[:-1] @ house.kept.T + self.given[1:] + heat[1:] @ house.by_heat.T,
        ]
        priced = zip((cold, warm, frozen), self.discomfort, strict=True)
        cost = facts.step_h * sum(cp.sum(beyond, axis=0) @ price for beyond, price in priced)
        cost += self.missing * missing - self.heat_value * (house.capacitance @ temps[-1])
        if house.least_stored is not None:
            rows.append(missing >= house.least_stored - house.capacitance @ temps[-1])
        return cp.multiply(self.per_heat, compressor) + backup, cost, rows

    def _battery(self, facts: SiteFacts) -> tuple:
        if not facts.batteries:
            return np.zeros(facts.n), 0.0, []
        n, h, (battery,) = facts.n, facts.step_h, facts.batteries
        charge, discharge, energy = (cp.Variable(n, nonneg=True) for _ in range(3))
        gained = h * (battery.charge_efficiency * charge - discharge / battery.discharge_efficiency)
        before = cp.hstack([self.energy_start, energy[:-1]]) if n > 1 else self.energy_start
        rows = [
            *(charge <= battery.charge_limit, discharge <= battery.discharge_limit),
            *(energy >= battery.low, energy <= battery.high, energy[-1] >= self.least_energy),
            energy == battery.kept * before + gained,
            charge * (1 - battery.charge_taper_soc) <= battery.rated_charge * (1 - before / battery.capacity),
            discharge * battery.discharge_taper_soc <= battery.rated_discharge * before / battery.capacity,
        ]
        cost = battery.wear * h * cp.sum(charge + discharge) - self.stored_value * energy[-1]
        return charge - discharge, cost, rows

    def _sun(self, facts: SiteFacts) -> tuple:
        used = [cp.Variable(facts.n, nonneg=True) for _ in facts.pv]
        pairs = zip(used, self.available, facts.pv, strict=True)
        rows = [plant <= offered if curtailable else plant == offered for plant, offered, (_, curtailable) in pairs]
        return -sum(used, np.zeros(facts.n)), 0.0, rows

    def _peaks(self, facts: SiteFacts) -> tuple:
        cost, rows = 0.0, []
        for window, free, reached in zip(facts.windows, self.free, self.reached, strict=True):
            peak = cp.Variable()
            rows += [peak >= reached, peak + free >= self._means(facts, window) @ self.bought]
            cost += window.rate * (peak - reached)
        return np.zeros(facts.n), cost, rows

    @staticmethod
    def _means(facts: SiteFacts, window: object) -> np.ndarray:
        """One row an interval; where intervals are steps, one a step, so that the calendar may move."""
        if all(len(steps) == 1 for steps in window.intervals):
            return np.eye(facts.n)
        rows = np.zeros((len(window.intervals), facts.n))
        for row, steps in zip(rows, window.intervals, strict=True):
            row[list(steps)] = 1 / len(steps)
        return rows

    def solve(self, facts: SiteFacts, house: HeatFacts, solver: str = cp.CLARABEL) -> float:
        """Return the optimal objective for new data of the same shape."""
        self.load.value = facts.load + house.standby
        self.import_cost.value, self.export_gain.value = (
            facts.step_h * price for price in (facts.import_price, facts.export_price)
        )
        self.start.value, self.given.value = house.start, house.given
        self.capacity.value, self.per_heat.value = house.capacity, 1 / house.cop
        self.low.value, self.high.value = house.low, house.high
        self.heat_value.value, self.stored_value.value = house.stored_value, facts.stored_value
        self.missing.value = house.prices.missing
        kinds = house.prices.cold, house.prices.warm, house.prices.frost
        for parameter, values in zip(self.discomfort, kinds, strict=True):
            parameter.value = np.array(values)
        for parameter, (available, _) in zip(self.available, facts.pv, strict=True):
            parameter.value = available
        for battery in facts.batteries:
            ends = facts.terminal is Terminal.AT_LEAST_START
            self.energy_start.value = battery.start
            self.least_energy.value = min(battery.start, battery.high) if ends else 0.0
        for free, reached, window in zip(self.free, self.reached, facts.windows, strict=True):
            outside = np.zeros(free.shape[0])
            if all(len(steps) == 1 for steps in window.intervals):
                outside[:] = facts.import_limit
                outside[[steps[0] for steps in window.intervals]] = 0.0
            free.value, reached.value = outside, window.reached
        self.problem.solve(solver=solver)
        assert self.problem.status == cp.OPTIMAL, self.problem.status
        stored = house.stored_value * house.capacitance @ house.start
        return float(self.problem.value + stored + facts.stored_value * sum(each.start for each in facts.batteries))
