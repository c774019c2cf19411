"""Oracle (c): PuLP, rebuilt for every plan; with binaries for both pairs of directions where asked."""

from __future__ import annotations

import pulp

from tests.oracles.facts import BatteryFacts, SiteFacts
from voltherm.domain.plan import Terminal


def solve_with_pulp(facts: SiteFacts, *, exclusive: bool = False, solver: pulp.LpSolver | None = None) -> float:
    """Return the optimal objective.

    Parameters
    ----------
    facts : SiteFacts
        The site.
    exclusive : bool
        Whether each step has binaries that forbid charge with discharge, and import with export.
    solver : pulp.LpSolver or None
        PuLP's solver; None takes HiGHS in this process.
    """
    n, h = facts.n, facts.step_h
    model = pulp.LpProblem("site", pulp.LpMinimize)
    bought = [model.add_variable(f"import_{t}", 0, facts.import_limit) for t in range(n)]
    sold = [model.add_variable(f"export_{t}", 0, facts.export_limit) for t in range(n)]
    used = [
        [model.add_variable(f"pv_{p}_{t}", 0 if curtailable else available[t], available[t]) for t in range(n)]
        for p, (available, curtailable) in enumerate(facts.pv)
    ]
    drawn: list[list] = [[] for _ in range(n)]
    cost: list = []
    for number, battery in enumerate(facts.batteries):
        _add_battery(model, facts, battery, (number, exclusive), (drawn, cost))
    for t in range(n):
        sun = pulp.lpSum(plant[t] for plant in used)
        model += bought[t] - sold[t] == facts.load[t] - sun + pulp.lpSum(drawn[t])
        cost.append(h * facts.import_price[t] * bought[t] - h * facts.export_price[t] * sold[t])
        if exclusive and facts.export_limit > 0:
            _exclude(model, f"meter_{t}", (bought[t], facts.import_limit), (sold[t], facts.export_limit))
    for number, window in enumerate(facts.windows):
        peak = model.add_variable(f"peak_{number}", window.reached)
        for steps in window.intervals:
            model += peak >= pulp.lpSum(bought[t] for t in steps) * (1 / len(steps))
        cost.append(window.rate * (peak - window.reached))
    model += pulp.lpSum(cost)
    status = model.solve(solver or pulp.HiGHS(msg=False, threads=1, mip_rel_gap=1e-9))
    assert pulp.LpStatus[status] == "Optimal", pulp.LpStatus[status]
    return float(pulp.value(model.objective))


def _add_battery(
    model: pulp.LpProblem,
    facts: SiteFacts,
    battery: BatteryFacts,
    named: tuple[int, bool],
    totals: tuple[list[list], list],
) -> None:
    number, exclusive = named
    drawn, cost = totals
    before: pulp.LpAffineExpression | pulp.LpVariable | float = battery.start
    for t in range(facts.n):
        charge = model.add_variable(f"charge_{number}_{t}", 0, float(battery.charge_limit[t]))
        discharge = model.add_variable(f"discharge_{number}_{t}", 0, float(battery.discharge_limit[t]))
        energy = model.add_variable(f"energy_{number}_{t}", battery.low, battery.high)
        gained = battery.charge_efficiency * charge - (1 / battery.discharge_efficiency) * discharge
        model += energy == battery.kept * before + facts.step_h * gained
        if battery.charge_taper_soc < 1:
            slope = battery.rated_charge / (1 - battery.charge_taper_soc)
            model += charge + (slope / battery.capacity) * before <= slope
        if battery.discharge_taper_soc > 0:
            slope = battery.rated_discharge / battery.discharge_taper_soc
            model += discharge - (slope / battery.capacity) * before <= 0
        if exclusive:
            limits = float(battery.charge_limit[t]), float(battery.discharge_limit[t])
            _exclude(model, f"battery_{number}_{t}", (charge, limits[0]), (discharge, limits[1]))
        drawn[t] += [charge, -discharge]
        cost.append(battery.wear * facts.step_h * (charge + discharge))
        before = energy
    if facts.terminal is Terminal.AT_LEAST_START:
        model += before >= min(battery.start, battery.high)
    cost.append(-facts.stored_value * (before - battery.start))


def _exclude(
    model: pulp.LpProblem, name: str, one: tuple[pulp.LpVariable, float], other: tuple[pulp.LpVariable, float]
) -> None:
    switch = model.add_variable(f"switch_{name}", cat="Binary")
    model += one[0] <= one[1] * switch
    model += other[0] <= other[1] * (1 - switch)
