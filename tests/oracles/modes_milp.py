"""The site problem with a heat pump that has levels, as one mixed-integer program for HiGHS, from the equations alone.

It shares no code with the optimization: facts of the site as the other oracles read them, the building's step by a
matrix exponential of its own. What levels give, what a start, a change of level and a missing hour cost are data.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import highspy
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import expm

from tests.oracles.facts import SiteFacts
from voltherm.domain.assets import Room

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelFacts:
    """One heat pump in one room over the grid. Levels by rows, steps by columns; powers in kW.

    ``first`` holds the first step of each stretch in which the level is the same. ``was_running`` and ``was_level`` are
    None where unknown.
    """

    room: Room
    start_c: Floats
    outdoor_c: Floats
    irradiance_w_m2: Floats
    low_c: Floats
    high_c: Floats
    cold_price_per_kh: float
    heat_price_per_kh: float
    heat_worth_per_kwh: float
    heat_kw: Floats
    power_kw: Floats
    is_running: NDArray[np.bool_]
    first: tuple[int, ...]
    start_cost: float
    change_cost: float
    min_run_steps: int = 1
    min_off_steps: int = 1
    was_running: bool | None = None
    was_level: int | None = None
    still_bound_steps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MilpAnswer:
    """What HiGHS says: objective and proven bound, the level of each step, seconds of CPU, and whether it proved it."""

    objective: float
    bound: float
    levels: NDArray[np.intp]
    cpu_s: float
    is_proven: bool


@dataclass(slots=True)
class _Program:
    """Columns and rows as they are added."""

    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    integer: list[bool] = field(default_factory=list)
    rows: list[tuple[dict[int, float], float, float]] = field(default_factory=list)
    offset: float = 0.0

    def columns(self, n: int, upper: object, cost: object = 0.0, lower: object = 0.0, *, integer: bool = False) -> list:
        first = len(self.lower)
        self.lower += np.broadcast_to(lower, n).tolist()
        self.upper += np.broadcast_to(upper, n).tolist()
        self.cost += np.broadcast_to(cost, n).tolist()
        self.integer += [integer] * n
        return list(range(first, first + n))

    def row(self, terms: dict[int, float], low: float, high: float) -> None:
        self.rows.append((terms, low, high))

    def equal(self, terms: dict[int, float], value: float) -> None:
        self.row(terms, value, value)


def solve_modes(site: SiteFacts, pump: LevelFacts, time_limit_s: float, relative_gap: float = 1e-5) -> MilpAnswer:
    """Return the cheapest levels with everything else of the site planned with them."""
    program = _Program()
    levels = _levels(program, pump, site.n)
    _building(program, site, pump, levels)
    _meter(program, site, pump, levels)
    before = time.process_time()
    highs = highspy.Highs()
    highs.silent()
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("time_limit", time_limit_s)
    highs.setOptionValue("mip_rel_gap", relative_gap)
    highs.setOptionValue("mip_abs_gap", 1e-7)
    highs.passModel(_model(program))
    highs.run()
    cpu_s = time.process_time() - before
    x, info = np.array(highs.getSolution().col_value), highs.getInfo()
    return MilpAnswer(
        objective=float(info.objective_function_value),
        bound=float(info.mip_dual_bound),
        levels=x[np.array(levels)].argmax(axis=0),
        cpu_s=cpu_s,
        is_proven=highs.getModelStatus() == highspy.HighsModelStatus.kOptimal,
    )


def _levels(  # noqa: C901, PLR0912 - one kind of row after the other
    program: _Program, pump: LevelFacts, n: int
) -> list[list[int]]:
    """One level a step; starts, changes and dwell."""
    z = [program.columns(n, 1.0, integer=True) for _ in pump.heat_kw]
    for t in range(n):
        program.equal({each[t]: 1.0 for each in z}, 1.0)
        if t not in pump.first:
            for each in z:
                program.equal({each[t]: 1.0, each[t - 1]: -1.0}, 0.0)
    running = [{each[t]: 1.0 for each, runs in zip(z, pump.is_running[:, t], strict=True) if runs} for t in range(n)]
    starts, stops = program.columns(n, 1.0, pump.start_cost), program.columns(n, 1.0)
    for t in range(n):
        before = running[t - 1] if t else {}
        if t == 0 and pump.was_running is None:
            continue
        was = float(pump.was_running) if t == 0 else 0.0
        # start - stop = running - running before; both at once only cost.
        terms = {starts[t]: 1.0, stops[t]: -1.0}
        for column, value in running[t].items():
            terms[column] = terms.get(column, 0.0) - value
        for column, value in before.items():
            terms[column] = terms.get(column, 0.0) + value
        program.equal(terms, -was)
        recent = range(max(0, t - pump.min_run_steps + 1), t + 1)
        program.row({starts[s]: 1.0 for s in recent} | {c: -v for c, v in running[t].items()}, -np.inf, 0.0)
        recent = range(max(0, t - pump.min_off_steps + 1), t + 1)
        program.row({stops[s]: 1.0 for s in recent} | running[t], -np.inf, 1.0)
        if t < pump.still_bound_steps:
            program.equal(running[t], float(pump.was_running))
    for each, level in zip(z, range(len(z)), strict=True):
        risen = program.columns(n, 1.0, pump.change_cost)
        for t in range(n):
            if t:
                program.row({each[t]: 1.0, each[t - 1]: -1.0, risen[t]: -1.0}, -np.inf, 0.0)
            elif pump.was_level is not None:
                program.row({each[t]: 1.0, risen[t]: -1.0}, -np.inf, float(pump.was_level == level))
    return z


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoomStep:
    """``T' = kept T + flow_t + warmed q``: nodes are the air and, where there is one, the mass."""

    capacity: Floats
    kept: Floats
    warmed: Floats
    flow: Floats


def room_step(pump: LevelFacts, step_h: float) -> RoomStep:
    """Return one step of the building, by the matrix exponential of its network."""
    room = pump.room
    n_nodes = 2 if room.mass_capacitance_kwh_per_k > 0 else 1
    capacity = np.array([room.capacitance_kwh_per_k, room.mass_capacitance_kwh_per_k][:n_nodes])
    loss = np.array([room.loss_kw_per_k, room.mass_loss_kw_per_k][:n_nodes])
    conductance = np.diag(loss)
    if n_nodes == 2:
        conductance = conductance + room.mass_coupling_kw_per_k * np.array([[1.0, -1.0], [-1.0, 1.0]])
    sun = room.solar_aperture_m2 / 1000 * np.array([1 - room.solar_to_mass, room.solar_to_mass])[:n_nodes]
    given = np.array([1 - room.heat_to_mass, room.heat_to_mass])[:n_nodes]
    gain = np.array([room.internal_gain_kw, 0.0])[:n_nodes]
    big = np.zeros((2 * n_nodes, 2 * n_nodes))
    big[:n_nodes, :n_nodes] = -conductance / capacity[:, None]
    big[:n_nodes, n_nodes:] = np.diag(1 / capacity)
    stepped = expm(big * step_h)
    kept, by_kw = stepped[:n_nodes, :n_nodes], stepped[:n_nodes, n_nodes:]
    outside = np.outer(pump.outdoor_c, loss) + np.outer(pump.irradiance_w_m2, sun) + gain
    return RoomStep(capacity=capacity, kept=kept, warmed=by_kw @ given, flow=outside @ by_kw.T)


def _building(program: _Program, site: SiteFacts, pump: LevelFacts, levels: list[list[int]]) -> None:
    h, step = site.step_h, room_step(pump, site.step_h)
    capacity, kept = step.capacity, step.kept
    n_nodes = len(capacity)
    temps = [program.columns(site.n, 150.0, 0.0, -80.0) for _ in range(n_nodes)]
    cold = program.columns(site.n, 200.0, pump.cold_price_per_kh * h)
    hot = program.columns(site.n, 200.0, pump.heat_price_per_kh * h)
    for t in range(site.n):
        for node in range(n_nodes):
            terms = {temps[node][t]: 1.0}
            right = float(step.flow[t, node])
            for other in range(n_nodes):
                if t:
                    terms[temps[other][t - 1]] = -kept[node, other]
                else:
                    right += kept[node, other] * float(pump.start_c[other])
            for each, heat in zip(levels, pump.heat_kw[:, t], strict=True):
                terms[each[t]] = -float(step.warmed[node]) * heat
            program.equal(terms, right)
        program.row({temps[0][t]: 1.0, cold[t]: 1.0}, pump.low_c[t], np.inf)
        program.row({temps[0][t]: 1.0, hot[t]: -1.0}, -np.inf, pump.high_c[t])
    for node in range(n_nodes):
        program.cost[temps[node][-1]] -= pump.heat_worth_per_kwh * capacity[node]
        program.offset += pump.heat_worth_per_kwh * capacity[node] * float(pump.start_c[node])


def _meter(  # noqa: C901, PLR0912 - one kind of row after the other
    program: _Program, site: SiteFacts, pump: LevelFacts, levels: list[list[int]]
) -> None:
    h, n = site.step_h, site.n
    bought = program.columns(n, site.import_limit, h * site.import_price)
    sold = program.columns(n, site.export_limit, -h * site.export_price)
    pays_both_ways = bool((site.export_price > site.import_price).any())
    direction = program.columns(n, 1.0, integer=pays_both_ways)
    balance = [{bought[t]: 1.0, sold[t]: -1.0} for t in range(n)]
    net = site.load.copy()
    for t in range(n):
        program.row({bought[t]: 1.0, direction[t]: -site.import_limit}, -np.inf, 0.0)
        program.row({sold[t]: 1.0, direction[t]: site.export_limit}, -np.inf, site.export_limit)
        for each, power in zip(levels, pump.power_kw[:, t], strict=True):
            balance[t][each[t]] = -float(power)
    for offered, curtailable in site.pv:
        net = net - offered
        if curtailable:
            for t, column in enumerate(program.columns(n, offered)):
                balance[t][column] = -1.0
    for battery in site.batteries:
        charge = program.columns(n, battery.charge_limit, battery.wear * h)
        discharge = program.columns(n, battery.discharge_limit, battery.wear * h)
        energy = program.columns(n, battery.high, 0.0, battery.low)
        charging = program.columns(n, 1.0, integer=bool(site.import_price.min() < 0 or pays_both_ways))
        for t in range(n):
            program.row({charge[t]: 1.0, charging[t]: -float(battery.charge_limit[t])}, -np.inf, 0.0)
            most = float(battery.discharge_limit[t])
            program.row({discharge[t]: 1.0, charging[t]: most}, -np.inf, most)
            balance[t] |= {charge[t]: -1.0, discharge[t]: 1.0}
            terms = {energy[t]: 1.0, charge[t]: -h * battery.charge_efficiency}
            terms[discharge[t]] = h / battery.discharge_efficiency
            if t:
                terms[energy[t - 1]] = -battery.kept
            program.equal(terms, 0.0 if t else battery.kept * battery.start)
        program.cost[energy[-1]] -= site.stored_value
        program.offset += site.stored_value * battery.start
    for t in range(n):
        program.equal(balance[t], float(net[t]))
    for window in site.windows:
        (peak,) = program.columns(1, 1e6, window.rate)
        for steps in window.intervals:
            program.row({bought[t]: 1 / len(steps) for t in steps} | {peak: -1.0}, -np.inf, window.reached)


def _model(program: _Program) -> highspy.HighsModel:
    model = highspy.HighsModel()
    lp = model.lp_
    lp.num_col_, lp.num_row_ = len(program.cost), len(program.rows)
    lp.col_cost_, lp.offset_ = np.array(program.cost), program.offset
    lp.col_lower_, lp.col_upper_ = np.array(program.lower), np.array(program.upper)
    lp.row_lower_ = np.array([low for _, low, _ in program.rows])
    lp.row_upper_ = np.array([high for _, _, high in program.rows])
    at = [(row, column, value) for row, (terms, _, _) in enumerate(program.rows) for column, value in terms.items()]
    rows, columns, values = zip(*at, strict=True)
    matrix = sp.csc_matrix((values, (rows, columns)), shape=(len(program.rows), len(program.cost)))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    kinds = highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger
    lp.integrality_ = [kinds[is_integer] for is_integer in program.integer]
    return model
