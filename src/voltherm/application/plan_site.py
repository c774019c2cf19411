"""The one function that everything hangs on: site + tariff + state + forecasts -> validated plan."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import assert_never

import numpy as np

from voltherm.application.candidate import Candidate, idle
from voltherm.application.check_inputs import check_inputs
from voltherm.application.solve_site import solve_site
from voltherm.application.validate_plan import validate_plan
from voltherm.domain.assets import Asset, Battery, HeatPump, Load, Pv
from voltherm.domain.plan import (
    AssetPlan,
    Fallback,
    HeatPlan,
    Infeasible,
    Plan,
    PlanInputs,
    Reason,
    Timing,
)
from voltherm.domain.series import Series
from voltherm.domain.site import Site
from voltherm.optimization.heat_reasons import heat_reasons
from voltherm.optimization.problem import SiteProblem, build_site_problem
from voltherm.optimization.reasons import explain_series
from voltherm.optimization.solution import PlannedSeries
from voltherm.optimization.terms.demand import peaks_kw


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
    candidate = solve_site(site, conceded, problem, linear)
    solved = perf_counter()
    plan = _validated(site, conceded, problem, candidate)
    known = problem.demand if ledger is inputs.ledger else ()
    peaks = peaks_kw(site.tariff, inputs, np.maximum(plan.grid_power_kw, 0.0), known)
    timing = Timing(
        build_ms=1e3 * (built - began), solve_ms=1e3 * (solved - built), validate_ms=1e3 * (perf_counter() - solved)
    )
    return replace(plan, peaks_kw=peaks, timing=timing)


def _validated(site: Site, inputs: PlanInputs, problem: SiteProblem, candidate: Candidate) -> Plan:
    """Assemble and check; a plan that the validator refuses is replaced by one at rest, and that one is checked too."""
    plan = _assemble(site, inputs, problem, candidate)
    findings = validate_plan(site, inputs, plan)
    if not findings:
        return plan
    why = "the validator refused the plan: " + "; ".join(findings)
    resting = _assemble(site, inputs, problem, idle(site, inputs, problem, why))
    remaining = validate_plan(site, inputs, resting)
    if remaining:
        return replace(resting, outcome=Infeasible(why="; ".join(remaining)), findings=remaining)
    return resting


def _assemble(site: Site, inputs: PlanInputs, problem: SiteProblem, candidate: Candidate) -> Plan:
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
        marginal_price_per_kwh=candidate.equality_dual[:n] / inputs.grid.step_h,
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
                modes=series.switched[asset.id].modes if asset.id in series.switched else None,
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
