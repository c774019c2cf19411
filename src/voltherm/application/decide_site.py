"""One decision for one site: from what is known and expected to a validated plan and its commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.application.decide_heat import heat_commands, heat_states, stale_heat
from voltherm.application.month_targets import month_targets
from voltherm.application.outlook import Given, MissingOutlookError, Outlook, covered_steps, look_out
from voltherm.application.own_forecasts import OwnForecasts
from voltherm.application.plan_site import plan_site
from voltherm.application.running_step import partial_limits, partial_powers
from voltherm.application.site_memory import BatteryNow, SiteMemory, Targets
from voltherm.application.weather_outlook import look_out_weather
from voltherm.domain.assets import Battery, BatteryState
from voltherm.domain.command import Command
from voltherm.domain.control import Decision, Rung
from voltherm.domain.ledger import Ledger
from voltherm.domain.plan import Fallback, Infeasible, Plan, PlanInputs, PlanOptions
from voltherm.domain.site import Site
from voltherm.domain.tariffs import Demand
from voltherm.domain.time import TimeGrid, local_midnight, utc_instant
from voltherm.optimization.terms.demand import peak_ceiling_kw

LIMITS_HOLD: Final = timedelta(hours=1)
"""What a battery allows now is planned with for so long; after it, the rating counts again."""

SHORTEST_HORIZON: Final = timedelta(hours=2)
"""A plan that looks less far is none: it would empty the battery for an hour's sake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlOptions:
    """Choices of a controller.

    Parameters
    ----------
    step : timedelta
        Length of a step of plan and control; the tariff's metering interval or a part of it.
    horizon : timedelta
        How far a plan looks.
    history : timedelta
        How much of the past is kept for forecasts and targets.
    soc_max_age : timedelta
        An SOC older than this leads to no setpoint.
    plan : PlanOptions
        Terminal condition and limits of each plan; its peak targets are replaced by the controller's own.
    """

    step: timedelta = timedelta(minutes=15)
    horizon: timedelta = timedelta(hours=48)
    history: timedelta = timedelta(days=56)
    soc_max_age: timedelta = timedelta(minutes=5)
    plan: PlanOptions = field(default_factory=lambda: PlanOptions(solve_limit_s=0.5))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decided:
    """A decision with what it was made from.

    Parameters
    ----------
    decision : Decision
        What to do.
    inputs : PlanInputs or None
        What the plan was made from; None where there is no plan.
    targets : Targets or None
        Peaks worth defending, to be remembered for the rest of the local day.
    """

    decision: Decision
    inputs: PlanInputs | None = None
    targets: Targets | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DecisionJob:
    """The arguments of one decision, to be sent where it is computed.

    Parameters
    ----------
    site : Site
        Assets, connection, tariff.
    memory : SiteMemory
        What is known.
    now : datetime
        The instant.
    forecasts : Mapping of asset id or price series name to Series
        Forecasts from elsewhere.
    options : ControlOptions
        Step, horizon, limits.
    """

    site: Site
    memory: SiteMemory
    now: datetime
    forecasts: Given
    options: ControlOptions


def decide_job(job: DecisionJob) -> Decided:
    """Return the decision of a job, with models of the history fitted afresh."""
    return decide_site(job.site, job.memory, job.now, job.forecasts, options=job.options, own=OwnForecasts(job.site))


def decide_site(
    site: Site,
    memory: SiteMemory,
    now: datetime,
    forecasts: Given,
    *,
    options: ControlOptions,
    own: OwnForecasts,
) -> Decided:
    """Return what to do from ``now`` on; the same arguments give the same answer.

    Parameters
    ----------
    site : Site
        Assets, connection, tariff.
    memory : SiteMemory
        What is known.
    now : datetime
        The instant. Where ``memory.mean_so_far_kw`` is known, the running step is planned with what is left of it.
    forecasts : Mapping of asset id or price series name to Series or PartialSeries
        Forecasts from elsewhere, joined by time, weather (``outdoor_c``, ``irradiance_w_m2``, ``wind_kw``) among
        them; what is missing comes from the history. Where there is none either, the horizon ends with the forecasts.
    options : ControlOptions
        Step, horizon, limits.
    own : OwnForecasts
        Models of the site's own history.

    Raises
    ------
    InvalidInputError
        When a forecast is of nothing that the site has.
    """
    now = utc_instant(now, "now")
    grid = _grid(site, memory, now, options)
    if isinstance(grid, str):
        return _no_setpoint(now, grid, memory)
    stale = _stale(site, memory, grid.start, options)
    if stale:
        return _no_setpoint(now, stale, memory)
    try:
        outlook = _outlook(site, memory, now, grid, forecasts, own)
        weather = look_out_weather(site, memory.history, now, outlook.grid, forecasts, own)
    except MissingOutlookError as error:
        return _no_setpoint(now, str(error), memory)
    targets = _targets(site, memory, now, outlook.grid)
    target_kw = {} if targets is None else targets.kw
    chosen = replace(options.plan, peak_targets_kw=target_kw)
    inputs = replace(_inputs(site, memory, now, outlook, chosen), heat=heat_states(site, memory), weather=weather)
    decision = _decision(site, memory, plan_site(site, inputs), target_kw)
    return Decided(decision=decision, inputs=inputs, targets=targets)


def _decision(site: Site, memory: SiteMemory, plan: Plan, target_kw: Mapping[str, float]) -> Decision:
    now, grid = plan.made_at, plan.grid
    if isinstance(plan.outcome, Fallback | Infeasible):
        return Decision(now=now, rung=Rung.NO_SETPOINT, why=plan.outcome.why, plan=plan, targets_kw=target_kw)
    return Decision(
        now=now,
        rung=Rung.FRESH_PLAN,
        plan=plan,
        commands=_commands(site, plan, _share_left(memory, now, grid)),
        heat_commands=heat_commands(site, plan),
        ceiling_kw=ceiling_kw(site, memory.ledger, plan, target_kw),
        targets_kw=target_kw,
    )


def ceiling_kw(site: Site, ledger: Ledger, plan: Plan, targets: Mapping[str, float], step: int = 0) -> float:
    """Return the lowest peak in force in a step, never below what the plan itself imports; the connection's limit.

    Parameters
    ----------
    site : Site
        Tariff and connection.
    ledger : Ledger
        Peaks reached.
    plan : Plan
        Whose step is asked for.
    targets : Mapping of demand component id to float
        Peaks conceded. [kW]
    step : int
        Which step of the plan.
    """
    rest = plan.grid.part(step, plan.grid.n_steps - step)
    in_force = peak_ceiling_kw(site.tariff, ledger, targets, rest)
    planned = float(plan.grid_power_kw[step])
    return min(max(in_force, planned), max(site.connection.import_limit_kw, 0.0))


def _outlook(
    site: Site, memory: SiteMemory, now: datetime, grid: TimeGrid, forecasts: Given, own: OwnForecasts
) -> Outlook:
    """What to expect; where the forecasts end early and no history goes on with them, over a shorter horizon."""
    try:
        return look_out(site, memory.history, now, grid, forecasts, own)
    except MissingOutlookError:
        n_steps = covered_steps(forecasts, grid)
        if n_steps * grid.step < SHORTEST_HORIZON or n_steps == grid.n_steps:
            raise
        return look_out(site, memory.history, now, grid.part(0, n_steps), forecasts, own)


def _no_setpoint(now: datetime, why: str, memory: SiteMemory) -> Decided:
    return Decided(decision=Decision(now=now, rung=Rung.NO_SETPOINT, why=why), targets=memory.targets)


def _grid(site: Site, memory: SiteMemory, now: datetime, options: ControlOptions) -> TimeGrid | str:
    """The steps to plan, cut where the tariff's version ends; or why there are none."""
    seconds, step = options.step.total_seconds(), options.step
    start = now - timedelta(seconds=now.timestamp() % seconds)
    known_until = memory.ledger.as_of
    if known_until is not None and start < known_until:
        if known_until - start > step:
            return f"now is {now.isoformat()}, but the meter is read until {known_until.isoformat()}; check the clock"
        start = known_until
    end = start + options.horizon // step * step
    tariff = site.tariff
    if tariff.valid_until is not None:
        end = min(end, local_midnight(tariff.valid_until, tariff.zone))
    starts_early = tariff.valid_from is not None and start < local_midnight(tariff.valid_from, tariff.zone)
    if starts_early or end - start < step:
        return f"tariff {tariff.id!r} version {tariff.version!r} does not hold at {start.isoformat()}; give the next"
    return TimeGrid(start, step, (end - start) // step)


def _stale(site: Site, memory: SiteMemory, start: datetime, options: ControlOptions) -> str:
    for battery in site.batteries:
        known = memory.batteries.get(battery.id)
        if known is None:
            return f"no SOC of {battery.id!r} has been observed"
        if start - known.at > options.soc_max_age and not known.is_out:
            return f"the SOC of {battery.id!r} is from {known.at.isoformat()}, too old to plan on"
    return stale_heat(site, memory, start)


def _targets(site: Site, memory: SiteMemory, now: datetime, grid: TimeGrid) -> Targets | None:
    """Peaks worth defending, planned once a local day; the plan pays above them and above what is reached."""
    if not any(isinstance(rule, Demand) for rule in site.tariff.components):
        return None
    day = now.astimezone(site.zone).date()
    period = site.tariff.period_of(now)
    known = memory.targets
    if known is not None and known.made_at.astimezone(site.zone).date() == day and period.contains(known.made_at):
        return known
    states = {battery.id: BatteryState(soc=memory.batteries[battery.id].soc) for battery in site.batteries}
    fresh = month_targets(site, memory.history, memory.ledger, states, grid, heat_states(site, memory))
    return Targets(made_at=now, kw=fresh) if fresh else None


def _share_left(memory: SiteMemory, now: datetime, grid: TimeGrid) -> float:
    """Share of the first step that is still to come; all of it where nothing is known of what has passed."""
    if memory.mean_so_far_kw is None or now <= grid.start:
        return 1.0
    return 1.0 - (now - grid.start) / grid.step


def _inputs(site: Site, memory: SiteMemory, now: datetime, outlook: Outlook, options: PlanOptions) -> PlanInputs:
    grid, left = outlook.grid, _share_left(memory, now, outlook.grid)
    power_kw = outlook.power_kw
    if memory.mean_so_far_kw is not None and left < 1.0:
        power_kw = partial_powers(site, power_kw, memory.mean_so_far_kw, left)
    states = {
        battery.id: _state(battery, memory.batteries[battery.id], memory.power_kw.get(battery.id), grid, left)
        for battery in site.batteries
    }
    return PlanInputs(
        now=now,
        grid=grid,
        power_kw=power_kw,
        states=states,
        prices=outlook.prices,
        ledger=memory.ledger,
        options=options,
    )


def _state(battery: Battery, known: BatteryNow, power_kw: float | None, grid: TimeGrid, left: float) -> BatteryState:
    if known.is_out:
        return BatteryState(soc=known.soc, charge_limit_kw=0.0, discharge_limit_kw=0.0)
    limits: list[NDArray[np.float64] | None] = []
    for now_kw, rating_kw in (
        (known.charge_limit_kw, battery.charge_limit_kw),
        (known.discharge_limit_kw, battery.discharge_limit_kw),
    ):
        if now_kw is None and left == 1.0:
            limits.append(None)
            continue
        n_hold = 0 if now_kw is None else max(1, LIMITS_HOLD // grid.step)
        limits.append(partial_limits(rating_kw, now_kw, n_hold, grid.n_steps, left))
    return BatteryState(
        soc=known.soc,
        charge_limit_kw=limits[0],
        discharge_limit_kw=limits[1],
        power_kw=power_kw if left == 1.0 else None,  # a ramp from now to the mean of a part of a step says nothing
    )


def _commands(site: Site, plan: Plan, left: float) -> tuple[Command, ...]:
    """One a battery: its mean over the step, of which a part may be over, is what the rest of the step must flow.

    Charging is not hurried: what a whole step was to store is not drawn in its last two minutes, however right the
    metered mean would be. Discharging is, because a peak is held in this step or not at all.
    """
    start, end = plan.grid.start, plan.grid.time_of(1)
    return tuple(
        Command(
            id=f"{site.id}/{battery.id}/{start.isoformat()}",
            asset_id=battery.id,
            power_kw=_unhurried_kw(plan.assets[battery.id].power_kw, left),
            valid_from=start,
            valid_until=end,
            reason=plan.reasons[0],
        )
        for battery in site.batteries
    )


def _unhurried_kw(planned_kw: NDArray[np.float64], left: float) -> float:
    """The power of the rest of the first step; charging at most as in the whole step, or as in the next one."""
    most_kw = max(0.0, float(planned_kw[:2].max()))
    return min(float(planned_kw[0]) / left, most_kw)
