"""Recorded data replayed under each policy: the same site, the same physics, the same rule for what stays stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from voltherm.application.actuals import Actuals, read_actuals
from voltherm.application.backtest_method import method_of
from voltherm.application.backtest_result import BacktestResult, PolicyResult
from voltherm.application.control_step import ControlOptions
from voltherm.application.outlook import column_of
from voltherm.application.policies import Policy, PolicyName
from voltherm.application.policies.greedy import Greedy
from voltherm.application.policies.mpc import ModelPredictive
from voltherm.application.policies.perfect import PerfectForesight, chunks
from voltherm.application.policies.thermostat import Thermostat, constant_c, lower_edges_c, own_set_point_c
from voltherm.application.policies.timer import Timer
from voltherm.application.price_run import StoredValue, price_run
from voltherm.application.simulate_policy import Progress, Start, simulate_policy
from voltherm.application.weather_outlook import OUTDOOR, WEATHER_COLUMNS, weather_of
from voltherm.domain.assets import BuildingState, HeatPumpState
from voltherm.domain.comfort import LEAST_TEMP_C, MOST_TEMP_C
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import MAX_GAP, Measurements
from voltherm.domain.plan import PlanInputs
from voltherm.domain.site import Site
from voltherm.domain.time import Interval, TimeGrid
from voltherm.forecasting.scores import Scores, score
from voltherm.optimization.terms.energy import EnergyPrices, energy_prices
from voltherm.physics.heat_pump import operating_points


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
    set_point_c : float or None
        What heat pumps hold where no plan rules them; None means each heat pump's own set point. [degC]
    start_temp_c : float or None
        Of all rooms and masses, for every policy; None means the set point. [degC]
    """

    site: Site
    measurements: Measurements
    interval: Interval
    policies: tuple[PolicyName, ...]
    start_soc: float = 0.5
    max_gap: timedelta = MAX_GAP
    options: ControlOptions = field(default_factory=ControlOptions)
    set_point_c: float | None = None
    start_temp_c: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.start_soc <= 1:
            raise InvalidInputError(f"backtest: start_soc is {self.start_soc}, must be between 0 and 1 (not percent)")
        for name in ("set_point_c", "start_temp_c"):
            value = getattr(self, name)
            if value is not None and not LEAST_TEMP_C <= value <= MOST_TEMP_C:
                limits = f"{LEAST_TEMP_C:g} to {MOST_TEMP_C:g} degC, or absent"
                raise InvalidInputError(f"backtest: {name} is {value}, must be {limits}")
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
    value_per_kwh = max(0.0, float(prices.import_per_kwh.mean()))
    setting = _Setting(
        request=request,
        actuals=actuals,
        history=_history(request),
        start=Start(soc=_start_soc(request), heat=_start_heat(request)),
        import_price_per_kwh=prices.import_per_kwh,
        value=StoredValue(energy_per_kwh=value_per_kwh, heat_per_kwh=heat_values_per_kwh(actuals, value_per_kwh)),
    )
    results = {name: _run(name, setting, progress) for name in PolicyName if name in request.policies}
    history = setting.history
    return BacktestResult(
        actuals=actuals,
        policies=results,
        import_price_per_kwh=prices.import_per_kwh,
        export_price_per_kwh=prices.export_per_kwh,
        start_soc=setting.start.soc,
        stored_value_per_kwh=value_per_kwh,
        history_days=0.0 if history is None else history.grid.interval.hours / 24,
        method=method_of(request.site),
        notes=_notes(setting, results),
        heat_value_per_kwh=setting.value.heat_per_kwh,
        start_heat=setting.start.heat,
        set_point_c={pump.id: own_set_point_c(pump, request.set_point_c) for pump in request.site.heat_pumps},
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
    start: Start
    import_price_per_kwh: NDArray[np.float64]
    value: StoredValue

    @property
    def thermostat(self) -> Thermostat:
        """Heat pumps at their set point."""
        actuals = self.actuals
        return Thermostat(constant_c(actuals.site, actuals.grid, self.request.set_point_c))


def _run(name: PolicyName, setting: _Setting, progress: Progress) -> PolicyResult:
    progress(name, 0, setting.actuals.grid.n_steps)
    policy = _policy(name, setting)
    run = simulate_policy(name, policy, setting.actuals, setting.start, progress)
    result = price_run(setting.actuals, run, setting.value)
    match policy:
        case ModelPredictive():
            return replace(result, scores=_scores(policy, setting), notes=_resting(result))
        case PerfectForesight():
            return replace(result, notes=_proofs(policy))
        case _:
            return result


def _policy(name: PolicyName, setting: _Setting) -> Policy:
    actuals, start, prices = setting.actuals, setting.start, setting.import_price_per_kwh
    site, grid = actuals.site, actuals.grid
    match name:
        case PolicyName.NONE | PolicyName.THERMOSTAT:
            return setting.thermostat
        case PolicyName.THERMOSTAT_LOW:
            return Thermostat(lower_edges_c(site, grid))
        case PolicyName.TIMER:
            return Timer(site, grid, prices, setting.thermostat)
        case PolicyName.GREEDY:
            return Greedy(site, grid, prices, start.heat, setting.request.set_point_c)
        case PolicyName.MPC:
            return ModelPredictive(actuals, setting.history, start, setting.thermostat, setting.request.options)
        case PolicyName.PERFECT:
            return PerfectForesight(actuals, start, setting.value.energy_per_kwh)
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
    wanted |= {WEATHER_COLUMNS[name] for name in weather_of(site)}
    columns = {name: values for name, values in before.columns.items() if name in wanted}
    return Measurements(before.grid, columns).resample(step).within(Interval(start - request.options.history, start))


def _start_soc(request: BacktestRequest) -> dict[str, float]:
    return {
        battery.id: min(max(request.start_soc, battery.soc_floor), battery.soc_max)
        for battery in request.site.batteries
    }


def _start_heat(request: BacktestRequest) -> dict[str, HeatPumpState]:
    """Rooms and masses at one temperature."""
    states = {}
    for pump in request.site.heat_pumps:
        wanted = own_set_point_c(pump, request.set_point_c) if request.start_temp_c is None else request.start_temp_c
        building = BuildingState(room_c={room.id: wanted for room in pump.building.rooms})
        states[pump.id] = HeatPumpState(building=building)
    return states


def heat_values_per_kwh(actuals: Actuals, value_per_kwh: float) -> dict[str, float]:
    """Return the worth of a kWh of heat stored at the end, by heat pump: the electricity that would make it.

    By the mean COP at full load of the last day, as a plan that ends then counts it.

    Parameters
    ----------
    actuals : Actuals
        Weather.
    value_per_kwh : float
        Worth of a kWh of electricity. [currency/kWh]
    """
    grid = actuals.grid
    last = grid.part(max(0, grid.n_steps - round(24 / grid.step_h)), min(grid.n_steps, round(24 / grid.step_h)))
    values = {}
    for pump in actuals.site.heat_pumps:
        outdoor_c = actuals.outdoors[OUTDOOR].values[-last.n_steps :]
        points = operating_points(pump, outdoor_c, last.epoch_seconds)
        power = float((points.capacity_kw / points.cop).sum())
        otherwise = 1.0 if pump.backup is None else pump.backup.efficiency
        values[pump.id] = value_per_kwh / (float(points.capacity_kw.sum()) / power if power > 0 else otherwise)
    return values


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
        for name, series in (*setting.actuals.power_kw.items(), *setting.actuals.outdoors.items())
        if series.provenance.note
    ]
    return (*notes, *bridged)
