"""Oracle (a): cvxpy as it is often written, one constraint at a time in a Python loop, rebuilt for every plan."""

from __future__ import annotations

import cvxpy as cp

from tests.oracles.facts import BatteryFacts, SiteFacts
from voltherm.domain.plan import Terminal


def solve_with_loop(facts: SiteFacts, solver: str) -> float:
    """Return the optimal objective: bill above what is reached, plus wear, less the worth of stored energy.

    Parameters
    ----------
    facts : SiteFacts
        The site; prices at which nothing pays both ways at once.
    solver : str
        cvxpy's name of the solver.
    """
    n, h = facts.n, facts.step_h
    bought, sold = cp.Variable(n), cp.Variable(n)
    used = [cp.Variable(n) for _ in facts.pv]
    constraints, drawn, cost = [], [0] * n, []
    for battery in facts.batteries:
        power = _add_battery(facts, battery, constraints, cost)
        drawn = [drawn[t] + power[t] for t in range(n)]
    for t in range(n):
        constraints += [bought[t] >= 0, bought[t] <= facts.import_limit, sold[t] >= 0, sold[t] <= facts.export_limit]
        for plant, (available, curtailable) in zip(used, facts.pv, strict=True):
            constraints += [plant[t] >= (0 if curtailable else available[t]), plant[t] <= available[t]]
        sun = sum(plant[t] for plant in used)
        constraints.append(bought[t] - sold[t] == facts.load[t] - sun + drawn[t])
        cost.append(h * (facts.import_price[t] * bought[t] - facts.export_price[t] * sold[t]))
    for window in facts.windows:
        peak = cp.Variable()
        constraints.append(peak >= window.reached)
        for steps in window.intervals:
            constraints.append(peak >= sum(bought[t] for t in steps) / len(steps))
        cost.append(window.rate * (peak - window.reached))
    problem = cp.Problem(cp.Minimize(sum(cost)), constraints)
    problem.solve(solver=solver)
    assert problem.status == cp.OPTIMAL, problem.status
    return float(problem.value)


def _add_battery(facts: SiteFacts, battery: BatteryFacts, constraints: list, cost: list) -> list:
    """Return the net power drawn in each step."""
    n, h = facts.n, facts.step_h
    charge, discharge, energy = cp.Variable(n), cp.Variable(n), cp.Variable(n + 1)
    constraints.append(energy[0] == battery.start)
    for t in range(n):
        gained = charge[t] * battery.charge_efficiency - discharge[t] / battery.discharge_efficiency
        constraints += [
            charge[t] >= 0,
            charge[t] <= battery.charge_limit[t],
            discharge[t] >= 0,
            discharge[t] <= battery.discharge_limit[t],
            energy[t + 1] == battery.kept * energy[t] + h * gained,
            energy[t + 1] >= battery.low,
            energy[t + 1] <= battery.high,
        ]
        if battery.charge_taper_soc < 1:
            room = 1 - energy[t] / battery.capacity
            constraints.append(charge[t] <= battery.rated_charge * room / (1 - battery.charge_taper_soc))
        if battery.discharge_taper_soc > 0:
            filled = energy[t] / battery.capacity
            constraints.append(discharge[t] <= battery.rated_discharge * filled / battery.discharge_taper_soc)
        cost.append(battery.wear * h * (charge[t] + discharge[t]))
    if facts.terminal is Terminal.AT_LEAST_START:
        constraints.append(energy[n] >= min(battery.start, battery.high))
    cost.append(-facts.stored_value * (energy[n] - battery.start))
    return [charge[t] - discharge[t] for t in range(n)]
