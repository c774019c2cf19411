"""The present of a controlled site as the documents of ``/api/mpc``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voltherm.application.price_run import kind_of_components
from voltherm.application.site_control.cycle import plan_word
from voltherm.application.site_control.guard import BatteryParts
from voltherm.application.site_control.ladder import RunningPlan
from voltherm.application.site_control.site_loop import ControlledSite
from voltherm.application.site_control.state import CycleReport
from voltherm.domain.control import Rung
from voltherm.domain.plan import Plan
from voltherm.domain.site import Site
from voltherm.interfaces.api.documents.mpc import (
    CurrentDispatch,
    CycleStatus,
    DeviceDispatch,
    DeviceSchedule,
    ForecastStatus,
    FullSchedule,
    MeterStatus,
    SeriesProvenance,
    SiteStatus,
    StatusWord,
    Triggered,
)
from voltherm.interfaces.sentences import facts_of_steps, sentence
from voltherm.ports.clock import Clock

UNITS = {"power": "kW", "energy": "kWh", "soc": "fraction", "solver_time": "s", "sign": "positive charges and imports"}


def status_word(controlled: ControlledSite, clock: Clock) -> StatusWord:
    """Return how the site is controlled now, in the contract's words: not, while no battery has taken a command."""
    if not any(part.dispatcher.is_taken(clock.now()) for part in controlled.batteries):
        last = controlled.state.last_cycle
        return "infeasible" if last is not None and last.outcome == "infeasible" else "error"
    match controlled.state.standing.rung:
        case Rung.FRESH_PLAN:
            return "optimal"
        case Rung.LAST_PLAN | Rung.LOCAL_RULE:
            return "fallback"
        case _:
            return "error"


def current_dispatch(controlled: ControlledSite, clock: Clock) -> CurrentDispatch:
    """Return what the site's batteries are told now; several are summed, and each is told beside."""
    state = controlled.state
    devices = {part.battery.id: _device(part, clock) for part in controlled.batteries}
    commanded = [device.battery_power_kw for device in devices.values() if device.battery_power_kw is not None]
    measured = [device.measured_power_kw for device in devices.values()]
    only = next(iter(devices.values())) if len(devices) == 1 else None
    running = state.running
    step = None if running is None else running.step_at(clock.now())
    follows_plan = state.standing.rung in (Rung.FRESH_PLAN, Rung.LAST_PLAN)
    return CurrentDispatch(
        timestamp=clock.now(),
        battery_power_kw=sum(commanded) if commanded else None,
        status=status_word(controlled, clock),
        site_id=state.site.id,
        rung=state.standing.rung.value,
        why=state.standing.why,
        outcome=plan_word(running.plan) if running is not None and follows_plan else None,
        reason=running.plan.reasons[step].value if running is not None and step is not None and follows_plan else None,
        command_id=None if only is None else only.command_id,
        issued_at=None if only is None else only.issued_at,
        valid_until=None if only is None else only.valid_until,
        acknowledged=None if only is None else only.acknowledged,
        measured_power_kw=sum(m for m in measured if m is not None) if None not in measured and measured else None,
        soc=_stored_share(controlled, clock),
        soc_measured_at=None if only is None else only.soc_measured_at,
        plan_id=running.id if running is not None and follows_plan else None,
        devices=devices,
    )


def full_schedule(site: Site, running: RunningPlan) -> FullSchedule:
    """Return the plan that is followed; ages are as of its making."""
    plan = running.plan
    costs = _costs(site, plan)
    total_kwh = sum(battery.capacity_kwh for battery in site.batteries)
    stored = np.zeros(plan.grid.n_steps + 1)
    for battery in site.batteries:
        soc = plan.assets[battery.id].soc
        stored += 0.0 if soc is None else soc * battery.capacity_kwh
    power = sum((plan.assets[battery.id].power_kw for battery in site.batteries), np.zeros(plan.grid.n_steps))
    timing = plan.timing
    return FullSchedule(
        timestamp=plan.made_at,
        horizon_hours=plan.grid.n_steps * plan.grid.step_h,
        battery_power_schedule=_watts(power),
        grid_power_schedule=_watts(plan.grid_power_kw),
        soc_schedule=(stored / total_kwh).tolist() if total_kwh else [],
        total_cost=plan.objective.bill,
        energy_cost=costs["energy"],
        demand_cost=costs["demand"],
        peak_demand=float(max(plan.grid_power_kw.max(), 0.0)),
        solver_status="optimal" if plan_word(plan) in ("optimal", "feasible") else "fallback",
        solver_time=(timing.build_ms + timing.solve_ms + timing.validate_ms) / 1e3,
        site_id=plan.site_id,
        plan_id=running.id,
        start=plan.grid.start,
        step_minutes=60 * plan.grid.step_h,
        times=plan.grid.times(),
        zone=site.zone.key,
        currency=site.tariff.currency,
        units=UNITS,
        outcome=plan_word(plan),
        certified_gap=plan.certified_gap if np.isfinite(plan.certified_gap) else None,
        other_cost=costs["other"],
        wear_cost=plan.objective.wear,
        violation_cost=plan.objective.violations,
        stored_energy_value=plan.objective.stored_energy,
        peaks_kw=dict(plan.peaks_kw),
        peak_targets_kw=dict(running.decision.targets_kw),
        devices={
            battery.id: DeviceSchedule(
                battery_power_schedule=_watts(plan.assets[battery.id].power_kw),
                soc_schedule=_soc_of(plan, battery.id),
            )
            for battery in site.batteries
        },
        reasons=[reason.value for reason in plan.reasons],
        sentences=[sentence(facts) for facts in facts_of_steps(plan, site)],
        violations=[f"{v.limit}: {v.amount:g} {v.unit} beyond, worst at {v.at.isoformat()}" for v in plan.violations],
        approximations=list(plan.approximations),
        provenance={name: _provenance(plan, name) for name in plan.provenance},
    )


def site_status(controlled: ControlledSite, clock: Clock, holder: str, connections: dict[str, str]) -> SiteStatus:
    """Return health and statistics of the site."""
    state, now, now_s = controlled.state, clock.now(), clock.monotonic_s()
    running, last, meter = state.running, state.last_cycle, state.meter
    so_far = state.running_so_far(now, now_s)
    devices = {part.battery.id: _device(part, clock) for part in controlled.batteries}
    measured_at = [device.soc_measured_at for device in devices.values() if device.soc_measured_at is not None]
    return SiteStatus(
        status="not controlling" if controlled.trouble else "controlling",
        timestamp=now,
        site_id=state.site.id,
        rung=state.standing.rung.value,
        why=state.standing.why,
        instance=holder,
        leases={part.battery.id: _lease(part) for part in controlled.batteries},
        current_soc=_stored_share(controlled, clock),
        soc_measured_at=min(measured_at, default=None),
        predicted_soc=_predicted_share(state.site, running, clock),
        last_cycle=None if last is None else _cycle(last),
        next_cycle=controlled.next_cycle(now),
        cycles=state.n_cycles,
        cycles_failed=state.n_failed,
        cycles_missed=state.n_missed,
        plan_id=None if running is None else running.id,
        plan_age_s=None if running is None else now_s - running.made_s,
        forecasts=[
            ForecastStatus(
                kind=report.kind.value,
                rung=report.rung.value,
                source=report.source,
                issued_at=report.issued_at,
                age_minutes=None if (age_s := state.forecast_age_s(report, now_s)) is None else age_s / 60,
                why=report.why,
                notes=list(report.notes),
            )
            for report in state.forecasts
        ],
        meter=MeterStatus(
            grid_kw=None if meter is None else meter.grid_kw,
            interval_mean_kw=None if so_far is None else so_far.mean_kw,
            age_s=state.meter_age_s(now_s),
            trouble=state.meter_trouble,
        ),
        devices=devices,
        peaks_reached_kw={rule.id: state.memory.ledger.reached_kw(rule) for rule in state.site.tariff.demand_rules},
        peak_targets_kw={} if state.memory.targets is None else dict(state.memory.targets.kw),
        metered_until=state.memory.observed_until,
        cost_so_far=cost_so_far(controlled),
        currency=state.site.tariff.currency,
        alarms=dict(state.alarms.raised),
        audit_rows_waiting=controlled.n_unwritten,
        connections=connections,
    )


def cost_so_far(controlled: ControlledSite) -> float | None:
    """Return the bill of the running billing period as far as it is metered; None before anything is. [currency]."""
    bill = controlled.state.site.tariff.bill_so_far(controlled.state.memory.ledger)
    return None if bill is None else bill.total


def triggered(controlled: ControlledSite, report: CycleReport, clock: Clock) -> Triggered:
    """Return what came of a cycle."""
    return Triggered(
        status=status_word(controlled, clock),
        timestamp=report.at,
        site_id=controlled.state.site.id,
        outcome=report.outcome,
        why=report.why,
        plan_id=report.plan_id,
        duration_s=report.duration_s,
        solver_time=report.solve_s,
        battery_power_kw=current_dispatch(controlled, clock).battery_power_kw,
    )


def _device(part: BatteryParts, clock: Clock) -> DeviceDispatch:
    last, sent = part.dispatcher.last, part.dispatcher.held
    command = sent.command if sent is not None and part.dispatcher.is_followed(clock.now()) else None
    judged = part.judge.judged(clock.now(), clock.monotonic_s())
    state = judged.state
    return DeviceDispatch(
        battery_power_kw=None if command is None else command.power_kw,
        planned_power_kw=None if command is None else command.planned_kw,
        clamps=[] if command is None else list(command.clamps),
        command_id=None if command is None else command.id,
        issued_at=None if command is None else command.issued_at,
        valid_until=None if command is None else command.valid_until,
        acknowledged=None if command is None or sent is None or sent.answer is None else sent.answer.is_accepted,
        detail="" if last is None else last.detail,
        measured_power_kw=judged.measured_kw,
        soc=judged.soc,
        soc_measured_at=None if state is None else state.measured_at or state.received_at,
        soc_age_s=judged.age_s,
        is_believed=judged.is_usable,
        mode=None if state is None else state.mode.value,
        problems=list(judged.why),
    )


def _watts(power_kw: NDArray[np.float64]) -> list[float]:
    """Return powers to the watt: what is smaller is the solver's noise. [kW]."""
    rounded: list[float] = (power_kw.round(3) + 0.0).tolist()
    return rounded


def _lease(part: BatteryParts) -> str:
    lease = part.keeper.lease
    return f"held, epoch {lease.epoch}" if lease is not None else f"not held: {part.keeper.why or 'it has ended'}"


def _stored_share(controlled: ControlledSite, clock: Clock) -> float | None:
    """Measured stored energy as a share of all batteries' capacity; None unless every battery is believed."""
    stored, capacity = 0.0, 0.0
    for part in controlled.batteries:
        judged = part.judge.judged(clock.now(), clock.monotonic_s())
        if judged.soc is None:
            return None
        stored += judged.soc * part.battery.capacity_kwh
        capacity += part.battery.capacity_kwh
    return stored / capacity if capacity else None


def _predicted_share(site: Site, running: RunningPlan | None, clock: Clock) -> float | None:
    """Stored energy that the plan expects at the end of the running step, as a share of all capacity."""
    step = None if running is None else running.step_at(clock.now())
    capacity = sum(battery.capacity_kwh for battery in site.batteries)
    if running is None or step is None or not capacity:
        return None
    return sum(_soc_of(running.plan, b.id)[step + 1] * b.capacity_kwh for b in site.batteries) / capacity


def _soc_of(plan: Plan, battery_id: str) -> list[float]:
    soc = plan.assets[battery_id].soc
    if soc is None:
        message = f"plan of {plan.site_id!r}: battery {battery_id!r} has no SOC"
        raise AssertionError(message)
    values: list[float] = soc.tolist()
    return values


def _costs(site: Site, plan: Plan) -> dict[str, float]:
    kinds = kind_of_components(site.tariff)
    costs = {"energy": 0.0, "demand": 0.0}
    for name, amount in plan.bill_lines.items():
        if kinds.get(name) in costs:
            costs[kinds[name]] += amount
    return {**costs, "other": plan.objective.bill - costs["energy"] - costs["demand"]}


def _provenance(plan: Plan, name: str) -> SeriesProvenance:
    origin = plan.provenance[name]
    return SeriesProvenance(
        source=origin.source,
        quality=origin.quality.value,
        issued_at=origin.issued_at,
        age_minutes=origin.age_minutes(plan.made_at),
        note=origin.note,
    )


def _cycle(report: CycleReport) -> CycleStatus:
    return CycleStatus(
        at=report.at,
        outcome=report.outcome,
        why=report.why,
        plan_id=report.plan_id,
        duration_s=report.duration_s,
        solver_time=report.solve_s,
    )
