"""Recorded data replayed under each policy: the same site, the same physics, the same rule for what stays stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from voltherm.application.actuals import Actuals, read_actuals
from voltherm.application.backtest_method import METHOD
from voltherm.application.backtest_result import BacktestResult, PolicyResult
from voltherm.application.control_step import ControlOptions
from voltherm.application.outlook import column_of
from voltherm.application.policies import Policy, PolicyName
from voltherm.application.policies.mpc import ModelPredictive
from voltherm.application.policies.perfect import PerfectForesight, chunks
from voltherm.application.policies.rest import Rest
from voltherm.application.policies.timer import Timer
from voltherm.application.price_run import price_run
from voltherm.application.simulate_policy import Progress, simulate_policy
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import MAX_GAP, Measurements
from voltherm.domain.plan import PlanInputs
from voltherm.domain.site import Site
from voltherm.domain.time import Interval, TimeGrid
from voltherm.forecasting.scores import Scores, score
from voltherm.optimization.terms.energy import EnergyPrices, energy_prices


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestRequest:
    """What to replay.

    Parameters
    ----------
    site : Site
        Assets and tariff.
    measurements : Measurements
        Everything that was measured, the time before the span included.
    interval : Interval
        The span.
    policies : tuple of PolicyName
        Who decides, one run each.
    start_soc : float
        Of every battery, moved into its band. 0 to 1.
    max_gap : timedelta
        Longest gap in the data that is bridged.
    options : ControlOptions
        Of the controller; its step is the step of the simulation.
    """

    site: Site
    measurements: Measurements
    interval: Interval
    policies: tuple[PolicyName, ...]
    start_soc: float = 0.5
    max_gap: timedelta = MAX_GAP
    options: ControlOptions = field(default_factory=ControlOptions)

    def __post_init__(self) -> None:
        if not 0 <= self.start_soc <= 1:
            raise InvalidInputError(f"backtest: start_soc is {self.start_soc}, must be between 0 and 1 (not percent)")
        covered, wanted = self.measurements.grid.interval, self.interval
        if wanted.start < covered.start or wanted.end > covered.end:
            zone = self.site.zone
            first, last = (moment.astimezone(zone).isoformat(" ", "minutes") for moment in (covered.start, covered.end))
            raise InvalidInputError(f"backtest: the data covers {first} to {last}; choose days within it")


def run_backtest(request: BacktestRequest, progress: Progress = lambda _name, _done, _of: None) -> BacktestResult:
    """Return what each policy would have made of the span.

    Parameters
    ----------
    request : BacktestRequest
        Site, data, span and policies.
    progress : Progress
        Told how far the running simulation is.

    Raises
    ------
    InvalidInputError
        When the data lack a column.
    MissingDataError
        When the data have a gap that is too long to bridge.
    """
    grid = TimeGrid.over(request.interval, request.options.step)
    actuals = read_actuals(request.site, request.measurements, grid, request.max_gap)
    prices = _energy_prices(actuals)
    setting = _Setting(
        request=request,
        actuals=actuals,
        history=_history(request),
        soc=_start_soc(request),
        import_price_per_kwh=prices.import_per_kwh,
        stored_value_per_kwh=max(0.0, float(prices.import_per_kwh.mean())),
    )
    results = {name: _run(name, setting, progress) for name in PolicyName if name in request.policies}
    history = setting.history
    return BacktestResult(
        actuals=actuals,
        policies=results,
        import_price_per_kwh=prices.import_per_kwh,
        export_price_per_kwh=prices.export_per_kwh,
        start_soc=setting.soc,
        stored_value_per_kwh=setting.stored_value_per_kwh,
        history_days=0.0 if history is None else history.grid.interval.hours / 24,
        method=METHOD,
        notes=_notes(setting, results),
    )


def _energy_prices(actuals: Actuals) -> EnergyPrices:
    """Prices of energy in each step with the taxes on it, in the first tier where there are tiers."""
    tariff, grid = actuals.site.tariff, actuals.grid
    inputs = PlanInputs(now=grid.start, grid=grid, power_kw=actuals.power_kw, prices=actuals.prices)
    return energy_prices(tariff, inputs, tariff.tax_factors(inputs.ledger)[0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Setting:
    """What all policies have in common."""

    request: BacktestRequest
    actuals: Actuals
    history: Measurements | None
    soc: Mapping[str, float]
    import_price_per_kwh: NDArray[np.float64]
    stored_value_per_kwh: float


def _run(name: PolicyName, setting: _Setting, progress: Progress) -> PolicyResult:
    progress(name, 0, setting.actuals.grid.n_steps)
    policy = _policy(name, setting)
    run = simulate_policy(name, policy, setting.actuals, setting.soc, progress)
    result = price_run(setting.actuals, run, setting.stored_value_per_kwh)
    match policy:
        case ModelPredictive():
            return replace(result, scores=_scores(policy, setting), notes=_resting(result))
        case PerfectForesight():
            return replace(result, notes=_proofs(policy))
        case _:
            return result


def _policy(name: PolicyName, setting: _Setting) -> Policy:
    actuals, soc = setting.actuals, setting.soc
    match name:
        case PolicyName.NONE:
            return Rest()
        case PolicyName.TIMER:
            return Timer(actuals.site, actuals.grid, setting.import_price_per_kwh)
        case PolicyName.MPC:
            return ModelPredictive(actuals, setting.history, soc, setting.request.options)
        case PolicyName.PERFECT:
            return PerfectForesight(actuals, soc, setting.stored_value_per_kwh)
        case _:
            assert_never(name)


def _history(request: BacktestRequest) -> Measurements | None:
    """What was measured before the span, in the controller's steps, of the columns that the site has."""
    start, step = request.interval.start, request.options.step
    before = request.measurements.within(Interval(start - request.options.history, start))
    if before is None:
        return None
    site = request.site
    powers = [*(load.id for load in site.loads), *(plant.id for plant in site.pv_plants)]
    wanted = {*(column_of(site, name) for name in (*powers, *site.tariff.series_names)), "t_out_c"}
    columns = {name: values for name, values in before.columns.items() if name in wanted}
    return Measurements(before.grid, columns).resample(step).within(Interval(start - request.options.history, start))


def _start_soc(request: BacktestRequest) -> dict[str, float]:
    return {
        battery.id: min(max(request.start_soc, battery.soc_floor), battery.soc_max)
        for battery in request.site.batteries
    }


def _scores(policy: ModelPredictive, setting: _Setting) -> Scores | None:
    """Scores of the load forecasts, as far as the span tells what happened."""
    truth = Measurements(setting.actuals.grid, {"load_kw": setting.actuals.load_kw})
    truths = [truth.on(forecast.grid).column("load_kw") for forecast in policy.forecasts]
    return score(policy.forecasts, truths) if policy.forecasts else None


def _resting(result: PolicyResult) -> tuple[str, ...]:
    return tuple(f"no setpoint in {n} steps: {why}" for why, n in result.run.without_setpoint.items())


def _proofs(policy: PerfectForesight) -> tuple[str, ...]:
    return tuple(
        f"plan of {plan.grid.interval}: {type(plan.outcome).__name__.lower()}, certified gap {plan.certified_gap:.1e}"
        for plan in policy.plans
    )


def _notes(setting: _Setting, results: Mapping[PolicyName, PolicyResult]) -> tuple[str, ...]:
    notes = []
    if setting.history is None and PolicyName.MPC in results:
        notes.append("The data begin with the span: mpc had no history, and learned only as it went.")
    if PolicyName.PERFECT in results and len(chunks(setting.actuals)) > 1:
        notes.append("The perfect plan was made one billing period after the other; the true bound may lie lower.")
    bridged = [
        f"{name}: {series.provenance.note}"
        for name, series in setting.actuals.power_kw.items()
        if series.provenance.note
    ]
    return (*notes, *bridged)
