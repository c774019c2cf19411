"""The one function that everything hangs on: site + tariff + state + forecasts -> validated plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from voltherm.application.check_inputs import check_inputs
from voltherm.application.price_plan import PricedSeries, price_series
from voltherm.application.validate_plan import validate_plan
from voltherm.domain.assets import Asset, Battery, HeatPump, Load, Pv
from voltherm.domain.plan import (
    AssetPlan,
    Fallback,
    Feasible,
    HeatPlan,
    Infeasible,
    Optimal,
    Outcome,
    Plan,
    PlanInputs,
    Reason,
    Timing,
)
from voltherm.domain.series import Series
from voltherm.domain.site import Site
from voltherm.optimization.brackets import Hold, held_below, holds_of, stepped_peaks
from voltherm.optimization.heat_reasons import heat_reasons
from voltherm.optimization.model import Floats, LinearProblem
from voltherm.optimization.overlap import exclusive_pairs, forbid, overlaps
from voltherm.optimization.problem import SiteProblem, build_site_problem
from voltherm.optimization.reasons import explain_series
from voltherm.optimization.solution import PlannedSeries, idle_series, planned_series
from voltherm.optimization.solver import Solved, Unsolved, solve
from voltherm.optimization.terms.demand import peaks_kw

OPTIMAL_GAP = 1e-6
"""A plan within a millionth of its proven bound is called optimal."""

LEAST_SOLVE_S = 0.2
"""What a round of the integer search gets, however late it is. [s]."""

LEAST_STAKE = 1.0
"""One unit of the currency: where less is at stake, a gap of a millionth of it counts as none."""

STAKE_SHARE = 0.01
"""The gap is relative to the objective, or to this share of what the load would cost, where the objective is near 0."""


def plan_site(site: Site, inputs: PlanInputs) -> Plan:
    """Return the cheapest plan of the site over the grid, validated, with its reasons and its proof.

    A plan always comes back: limits that cannot be kept are broken at a price and named, and where no solver answers
    the batteries rest, heat pumps are left to their own control, and the outcome says so.

    Parameters
    ----------
    site : Site
        Assets, connection and tariff.
    inputs : PlanInputs
        Grid, forecasts, battery states, prices, ledger and options.

    Returns
    -------
    Plan
        ``objective.total`` is the tariff's bill of the planned series above what the ledger holds, plus wear and
        penalties, less the worth of stored energy.

    Raises
    ------
    InvalidInputError
        When the inputs do not fit the site; the message lists every problem with its remedy.
    """
    check_inputs(site, inputs)
    began = perf_counter()
    ledger = inputs.ledger.conceding(site.tariff, inputs.options.peak_targets_kw, inputs.grid.start)
    conceded = replace(inputs, ledger=ledger)
    problem = build_site_problem(site, conceded)
    linear = problem.model.build()
    built = perf_counter()
    candidate = _best(site, conceded, problem, linear)
    solved = perf_counter()
    plan = _validated(site, conceded, problem, candidate)
    known = problem.demand if ledger is inputs.ledger else ()
    peaks = peaks_kw(site.tariff, inputs, np.maximum(plan.grid_power_kw, 0.0), known)
    timing = Timing(
        build_ms=1e3 * (built - began), solve_ms=1e3 * (solved - built), validate_ms=1e3 * (perf_counter() - solved)
    )
    return replace(plan, peaks_kw=peaks, timing=timing)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Candidate:
    """A planned series with its cost, proof and outcome."""

    series: PlannedSeries
    priced: PricedSeries
    x: Floats
    bound: float
    gap: float
    balance_dual: Floats
    outcome: Outcome


def _best(site: Site, inputs: PlanInputs, problem: SiteProblem, linear: LinearProblem) -> _Candidate:
    """Solve, and where a peak is billed by brackets hold it in those in reach, one after the other."""
    forbidden: dict[str, NDArray[np.intp]] = {}
    relaxed = best = _solve_exactly(site, inputs, problem, linear, ((), forbidden))
    kept: tuple[Hold, ...] = ()
    for columns in stepped_peaks(problem):
        if isinstance(best.outcome, Fallback):
            break
        for tries in holds_of(columns, float(best.x[columns.peak_kw[0]])):
            before = kept
            for hold in tries:
                holds = (*before, hold)
                held = held_below(problem.model.build(), holds)
                tried = _solve_exactly(site, inputs, problem, held, (holds, forbidden))
                if isinstance(tried.outcome, Fallback):
                    break
                if tried.priced.objective.total < best.priced.objective.total:
                    best, kept = tried, holds
    if best is relaxed:
        return relaxed
    total = best.priced.objective.total
    gap = (total - relaxed.bound) / _stake(total, inputs, problem) if problem.is_below_bill else relaxed.gap
    return replace(best, gap=gap, outcome=_outcome(gap, problem, ""))


def _solve_exactly(
    site: Site,
    inputs: PlanInputs,
    problem: SiteProblem,
    linear: LinearProblem,
    context: tuple[tuple[Hold, ...], dict[str, NDArray[np.intp]]],
) -> _Candidate:
    """Solve without binaries, look, and add binaries only where both directions of a pair are used to advantage.

    ``context`` is the peaks that are held, and the steps that have their binaries already.
    """
    holds, forbidden = context
    pairs = exclusive_pairs(problem)
    until = perf_counter() + inputs.options.solve_limit_s
    candidate: _Candidate | None = None
    while True:
        solved = solve(linear, max(LEAST_SOLVE_S, until - perf_counter()))
        if isinstance(solved, Unsolved):
            return candidate or _idle(site, inputs, problem, f"no solver answered ({solved.why})")
        candidate = _judge(site, inputs, problem, linear, solved)
        used = overlaps(pairs, solved.x)
        fresh = {name: np.setdiff1d(where, forbidden.get(name, [])) for name, where in used.items()}
        fresh = {name: where for name, where in fresh.items() if len(where)}
        if isinstance(candidate.outcome, Optimal) or not fresh or perf_counter() > until:
            return candidate
        forbid(problem, pairs, fresh)
        for name, where in fresh.items():
            forbidden[name] = np.union1d(forbidden.get(name, []), where).astype(np.intp)
        linear = held_below(problem.model.build(), holds)


def _judge(site: Site, inputs: PlanInputs, problem: SiteProblem, linear: LinearProblem, solved: Solved) -> _Candidate:
    """Price the replayed series by the tariff's own bill and hold it against the proven bound."""
    series = planned_series(site, inputs, problem, solved.x)
    priced = price_series(site, inputs, problem, series)
    total = priced.objective.total
    if problem.approximations and not problem.is_below_bill:
        total = float(linear.cost @ solved.x) + linear.offset
    gap = float(total - solved.bound) / _stake(total, inputs, problem)
    otherwise = f"{solved.solver} found nothing better in the time given"
    unruly = [name for name, run in series.heat_pumps.items() if not run.is_followed]
    if unruly:
        otherwise = f"{unruly[0]}: its frost guard or its room limit acts against what is cheapest"
        # The guard asks for no limit of the connection, and what it does may lie outside the problem.
        gap = gap if gap >= -OPTIMAL_GAP else float("inf")
    outcome = _outcome(gap, problem, otherwise)
    return _Candidate(
        series=series,
        priced=priced,
        x=solved.x,
        bound=solved.bound,
        gap=gap,
        balance_dual=solved.equality_dual,
        outcome=outcome,
    )


def _stake(total: float, inputs: PlanInputs, problem: SiteProblem) -> float:
    """What a gap is relative to. [currency]."""
    at_stake = problem.penalties.money_per_kwh * inputs.grid.step_h * float(np.abs(problem.fixed_net_kw).sum())
    return max(abs(total), STAKE_SHARE * at_stake, LEAST_STAKE)


def _outcome(gap: float, problem: SiteProblem, otherwise: str) -> Outcome:
    if abs(gap) <= OPTIMAL_GAP and problem.is_below_bill:
        return Optimal()
    if problem.approximations:
        return Feasible(gap=max(gap, 0.0), why="planned by a stated approximation of the tariff, billed exactly")
    return Feasible(gap=gap, why=otherwise)


def _idle(site: Site, inputs: PlanInputs, problem: SiteProblem, why: str) -> _Candidate:
    series = idle_series(site, inputs, problem)
    return _Candidate(
        series=series,
        priced=price_series(site, inputs, problem, series),
        x=np.zeros(problem.model.n_columns),
        bound=-float("inf"),
        gap=float("inf"),
        balance_dual=np.full(inputs.grid.n_steps, np.nan),
        outcome=Fallback(why=why),
    )


def _validated(site: Site, inputs: PlanInputs, problem: SiteProblem, candidate: _Candidate) -> Plan:
    """Assemble and check; a plan that the validator refuses is replaced by one at rest, and that one is checked too."""
    plan = _assemble(site, inputs, problem, candidate)
    findings = validate_plan(site, inputs, plan)
    if not findings:
        return plan
    why = "the validator refused the plan: " + "; ".join(findings)
    resting = _assemble(site, inputs, problem, _idle(site, inputs, problem, why))
    remaining = validate_plan(site, inputs, resting)
    if remaining:
        return replace(resting, outcome=Infeasible(why="; ".join(remaining)), findings=remaining)
    return resting


def _assemble(site: Site, inputs: PlanInputs, problem: SiteProblem, candidate: _Candidate) -> Plan:
    n, series = inputs.grid.n_steps, candidate.series
    explanation = explain_series(site, inputs, problem, series)
    reasons = explanation.reasons
    if isinstance(candidate.outcome, Fallback):
        reasons = (Reason.FALLBACK,) * n
    return Plan(
        site_id=site.id,
        made_at=inputs.now,
        grid=inputs.grid,
        outcome=candidate.outcome,
        assets={asset.id: _asset_plan(asset, inputs, problem, series) for asset in site.assets},
        grid_power_kw=series.grid_kw,
        peaks_kw={},
        objective=candidate.priced.objective,
        bill_lines=candidate.priced.bill_lines,
        certified_gap=candidate.gap,
        marginal_price_per_kwh=candidate.balance_dual[:n] / inputs.grid.step_h,
        reasons=reasons,
        reason_targets_kw=explanation.targets_kw,
        limits=explanation.limits,
        violations=candidate.priced.violations,
        approximations=problem.approximations,
        findings=(),
        provenance={name: values.provenance for name, values in _sources(inputs)},
        timing=Timing(build_ms=0.0, solve_ms=0.0, validate_ms=0.0),
    )


def _sources(inputs: PlanInputs) -> list[tuple[str, Series]]:
    return [*inputs.power_kw.items(), *inputs.prices.items(), *inputs.weather.items()]


def _asset_plan(asset: Asset, inputs: PlanInputs, problem: SiteProblem, series: PlannedSeries) -> AssetPlan:
    match asset:
        case Battery():
            run = series.batteries[asset.id]
            return AssetPlan(power_kw=run.power_kw, soc=run.energy_kwh / asset.capacity_kwh)
        case HeatPump():
            heated = series.heat_pumps[asset.id]
            heat = HeatPlan(
                heat_kw=heated.heat_kw,
                compressor_kw=heated.compressor_kw,
                backup_kw=heated.backup_kw,
                temps_c=heated.temps_c,
                cop=problem.heat[asset.id].points.cop,
                reasons=heat_reasons(
                    problem.heat[asset.id], heated, -problem.fixed_net_kw, problem.prices.import_per_kwh
                ),
            )
            return AssetPlan(power_kw=heated.power_kw, heat=heat)
        case Load():
            return AssetPlan(power_kw=inputs.power_kw[asset.id].values)
        case Pv():
            return AssetPlan(power_kw=-series.pv_used_kw[asset.id])
        case _:
            assert_never(asset)
