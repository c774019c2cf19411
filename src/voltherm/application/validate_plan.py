"""The independent check between solver and dispatcher: physics replays the plan, balance and limits are redone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from voltherm.application.validate_modes import mode_findings
from voltherm.domain.assets import Battery, HeatPump, Load, Pv
from voltherm.domain.plan import AssetPlan, HeatPlan, Plan, PlanInputs, Terminal
from voltherm.domain.site import Site
from voltherm.physics.battery import limit_or, simulate_battery
from voltherm.physics.building import Weather, start_temps_c
from voltherm.physics.heat_pump import HeatRequest, operating_points, simulate_heat_pump

POWER_TOLERANCE_KW = 1e-4
"""A tenth of a watt, for every kW that the site could move a ten-millionth more."""

SOC_TOLERANCE = 2e-6
"""Two millionths of the capacity; for a battery below 1 kWh, two milliwatt-hours."""

TEMP_TOLERANCE_K = 1e-4
"""A tenth of a millikelvin: a house of 10 kWh/K stores a watt-hour in it."""

COP_TOLERANCE = 1e-9
"""The COP is given and not planned: there is rounding alone."""

HEAT_TOLERANCE = 1e-5
"""Of the heat stored above 0 degC, and at least of a kWh."""

MONEY_TOLERANCE = 1e-6
"""Relative."""


def validate_plan(site: Site, inputs: PlanInputs, plan: Plan) -> tuple[str, ...]:
    """Return what is wrong with a plan, in words; nothing for a valid one.

    Shares no code with the optimization: the powers are replayed through the physics, which must follow them
    and reach the same states; the balance is added up again; every limit that is exceeded must be named among the
    plan's violations; the parts of the objective must add up, and no objective may lie below its own lower bound.

    Parameters
    ----------
    site : Site
        What was planned.
    inputs : PlanInputs
        Forecasts and states.
    plan : Plan
        The plan to check.
    """
    tolerance = POWER_TOLERANCE_KW + 1e-7 * float(np.abs(plan.grid_power_kw).max())
    findings = [*_shape(site, inputs, plan)]
    if findings:
        return tuple(findings)
    findings += _balance(site, plan, tolerance)
    named = {violation.limit for violation in plan.violations}
    findings += _connection(site, plan, named, tolerance)
    for asset in site.assets:
        match asset:
            case Battery():
                findings += _battery(asset, inputs, plan.assets[asset.id], named)
                findings += _ending_and_ramp(asset, inputs, plan.assets[asset.id], named)
            case HeatPump():
                findings += _heat_pump(site, asset, inputs, plan.assets[asset.id], named)
            case Load():
                if not np.array_equal(plan.assets[asset.id].power_kw, inputs.power_kw[asset.id].values):
                    findings.append(f"{asset.id}: the plan changes a load that it cannot control")
            case Pv():
                findings += _pv(asset, inputs, plan.assets[asset.id], tolerance)
    findings += _money(plan)
    return tuple(findings)


def _shape(site: Site, inputs: PlanInputs, plan: Plan) -> Iterator[str]:
    n = plan.grid.n_steps
    if plan.grid != inputs.grid:
        yield f"grid: the plan is for {plan.grid.interval}, asked was {inputs.grid.interval}"
    for name in sorted(set(plan.assets) - {asset.id for asset in site.assets}):
        yield f"{name}: is planned, but is no asset of the site"
    money = (*plan.bill_lines.values(), plan.objective.total, plan.objective.wear, plan.objective.stored_energy)
    if not np.isfinite(money).all() or np.isnan(plan.certified_gap):
        yield "objective: an amount is not a number"
    for asset in site.assets:
        part = plan.assets.get(asset.id)
        if part is None or part.power_kw.shape != (n,) or not np.isfinite(part.power_kw).all():
            yield f"{asset.id}: no finite power for each of the {n} steps"
    if plan.grid_power_kw.shape != (n,) or not np.isfinite(plan.grid_power_kw).all():
        yield f"grid: no finite power for each of the {n} steps"


def _balance(site: Site, plan: Plan, tolerance: float) -> Iterator[str]:
    drawn = sum((part.power_kw for part in plan.assets.values()), np.zeros(plan.grid.n_steps))
    off = np.abs(plan.grid_power_kw - drawn - site.standby_kw)
    worst = int(off.argmax())
    if off[worst] > tolerance:
        yield f"balance: the meter is {off[worst]:.6g} kW away from the sum of the assets in step {worst}"


def _connection(site: Site, plan: Plan, named: set[str], tolerance: float) -> Iterator[str]:
    power, connection = plan.grid_power_kw, site.connection
    if power.max() > connection.import_limit_kw + tolerance and "connection.import_limit_kw" not in named:
        yield f"connection: imports {power.max():.6g} kW, limit {connection.import_limit_kw:g}, not named a violation"
    if -power.min() > connection.export_limit_kw + tolerance and "connection.export_limit_kw" not in named:
        yield f"connection: exports {-power.min():.6g} kW, limit {connection.export_limit_kw:g}, not named a violation"


def _battery(battery: Battery, inputs: PlanInputs, part: AssetPlan, named: set[str]) -> Iterator[str]:
    state = inputs.states[battery.id]
    tolerance = POWER_TOLERANCE_KW + 1e-7 * (battery.charge_limit_kw + battery.discharge_limit_kw)
    if (part.power_kw > limit_or(state.charge_limit_kw, battery.charge_limit_kw) + tolerance).any():
        yield f"{battery.id}: charges above its limit"
    if (-part.power_kw > limit_or(state.discharge_limit_kw, battery.discharge_limit_kw) + tolerance).any():
        yield f"{battery.id}: discharges above its limit"
    if part.soc is None or part.soc.shape != (inputs.grid.n_steps + 1,) or not np.isfinite(part.soc).all():
        yield f"{battery.id}: no SOC at each step's start and at the end"
        return
    soc_tolerance = SOC_TOLERANCE * max(1.0, 1.0 / battery.capacity_kwh)
    run = simulate_battery(battery, state, part.power_kw, inputs.grid.step_h)
    if (np.abs(run.power_kw - part.power_kw) > tolerance).any():
        yield f"{battery.id}: the battery cannot follow the plan"
    if (np.abs(run.energy_kwh / battery.capacity_kwh - part.soc) > soc_tolerance).any():
        yield f"{battery.id}: the physics reach another SOC than the plan says"
    soc = part.soc[1:]
    if soc.min() < battery.soc_floor - soc_tolerance and f"{battery.id}.soc_min" not in named:
        yield f"{battery.id}: SOC {soc.min():.6g} is below the floor {battery.soc_floor:g}, not named a violation"
    if soc.max() > battery.soc_max + soc_tolerance and f"{battery.id}.soc_max" not in named:
        yield f"{battery.id}: SOC {soc.max():.6g} is above the top {battery.soc_max:g}, not named a violation"


def _ending_and_ramp(battery: Battery, inputs: PlanInputs, part: AssetPlan, named: set[str]) -> Iterator[str]:
    state, soc = inputs.states[battery.id], part.soc
    must_stay = inputs.options.terminal is Terminal.AT_LEAST_START and f"{battery.id}.terminal" not in named
    if must_stay and soc is not None and soc[-1] < min(state.soc, battery.soc_max) - 1e-4:
        yield f"{battery.id}: ends at SOC {soc[-1]:.6g}, below its start {state.soc:g}, not named a violation"
    if battery.ramp_limit_kw_per_min is None or f"{battery.id}.ramp_limit_kw_per_min" in named:
        return
    before = part.power_kw[:1] if state.power_kw is None else np.array([state.power_kw])
    change = float(np.abs(np.diff(part.power_kw, prepend=before)).max())
    limit = battery.ramp_limit_kw_per_min * inputs.grid.step_h * 60
    if change > limit * (1 + 1e-6) + POWER_TOLERANCE_KW:
        yield f"{battery.id}: changes by {change:.6g} kW, ramp limit {limit:.6g}, not named a violation"


def _heat_pump(site: Site, pump: HeatPump, inputs: PlanInputs, part: AssetPlan, named: set[str]) -> Iterator[str]:
    heat, n, building = part.heat, inputs.grid.n_steps, pump.building
    shapes = (n, len(building.rooms)), (n,), (n,), (n + 1, building.n_nodes), (n,)
    series = () if heat is None else (heat.heat_kw, heat.compressor_kw, heat.backup_kw, heat.temps_c, heat.cop)
    if (
        heat is None
        or tuple(values.shape for values in series) != shapes
        or not all(np.isfinite(values).all() for values in series)
        or len(heat.reasons) != n
        or (heat.modes is not None and len(heat.modes) != n)
    ):
        yield f"{pump.id}: no finite heat and temperatures, and a reason, for each of the {n} steps"
        return
    yield from _replayed_heat(pump, inputs, part, heat)
    yield from mode_findings(pump, inputs, heat, named)
    for at, room in enumerate(building.rooms):
        band, temps = building.comfort_of(room).band(inputs.grid, site.zone), heat.temps_c[1:, at]
        where = f"{pump.id}.{room.id}"
        if (temps < band.low_c - TEMP_TOLERANCE_K).any() and f"{where}.comfort_low" not in named:
            yield f"{pump.id}: {room.id} is colder than its band, not named a violation"
        if (temps > band.high_c + TEMP_TOLERANCE_K).any() and f"{where}.comfort_high" not in named:
            yield f"{pump.id}: {room.id} is warmer than its band, not named a violation"
        if (temps < building.frost_guard_c - TEMP_TOLERANCE_K).any() and f"{where}.frost_guard" not in named:
            yield f"{pump.id}: {room.id} is colder than the frost guard allows, not named a violation"
    if inputs.options.terminal is Terminal.AT_LEAST_START and f"{pump.id}.terminal" not in named:
        yield from _heat_left(site, pump, inputs, heat)


def _replayed_heat(pump: HeatPump, inputs: PlanInputs, part: AssetPlan, heat: HeatPlan) -> Iterator[str]:
    n = inputs.grid.n_steps
    outdoor = inputs.weather["outdoor_c"].values
    sun = inputs.weather.get("irradiance_w_m2")
    weather = Weather(outdoor_c=outdoor, irradiance_w_m2=np.zeros(n) if sun is None else sun.values)
    points = operating_points(pump, outdoor, inputs.grid.epoch_seconds)
    total = heat.heat_kw.sum(axis=1, keepdims=True)
    even = np.full_like(heat.heat_kw, 1.0 / len(pump.building.rooms))
    shares = np.divide(heat.heat_kw, total, out=even, where=total > 0)
    request = HeatRequest(compressor_kw=heat.compressor_kw, backup_kw=heat.backup_kw, shares=shares)
    start = start_temps_c(pump.building, inputs.heat[pump.id].building)
    run = simulate_heat_pump(pump, start, points, weather, request, inputs.grid.step_h)
    tolerance = POWER_TOLERANCE_KW + 1e-7 * float(points.capacity_kw.max())
    pairs = (
        (run.power_kw, part.power_kw),
        (run.heat_kw, heat.heat_kw),
        (run.compressor_kw, heat.compressor_kw),
        (run.backup_kw, heat.backup_kw),
    )
    if any((np.abs(replayed - planned) > tolerance).any() for replayed, planned in pairs):
        yield f"{pump.id}: the heat pump cannot follow the plan"
    if (np.abs(run.temps_c - heat.temps_c) > TEMP_TOLERANCE_K).any():
        yield f"{pump.id}: the physics reach other temperatures than the plan says"
    if (np.abs(points.cop - heat.cop) > COP_TOLERANCE).any():
        yield f"{pump.id}: the rating points give another COP than the plan says"


def _heat_left(site: Site, pump: HeatPump, inputs: PlanInputs, heat: HeatPlan) -> Iterator[str]:
    """Hold what is stored at the end against the start, which counts no more than the band's upper edge."""
    stored = kept = 0.0
    masses = iter(range(len(pump.building.rooms), pump.building.n_nodes))
    for at, room in enumerate(pump.building.rooms):
        top = float(pump.building.comfort_of(room).band(inputs.grid, site.zone).high_c[-1])
        nodes = [(at, room.capacitance_kwh_per_k)]
        if room.has_mass:
            nodes.append((next(masses), room.mass_capacitance_kwh_per_k))
        for node, capacitance in nodes:
            stored += capacitance * float(heat.temps_c[-1, node])
            kept += capacitance * min(float(heat.temps_c[0, node]), top)
    if stored < kept - HEAT_TOLERANCE * max(1.0, abs(kept)):
        yield f"{pump.id}: ends with {kept - stored:.6g} kWh of heat less than it starts, not named a violation"


def _pv(plant: Pv, inputs: PlanInputs, part: AssetPlan, tolerance: float) -> Iterator[str]:
    offered = inputs.power_kw[plant.id].values
    available = offered if plant.rated_kw is None else np.minimum(offered, plant.rated_kw)
    if (part.power_kw > tolerance).any():
        yield f"{plant.id}: consumes power"
    if (-part.power_kw > available + tolerance).any():
        yield f"{plant.id}: gives more than the sun offers"
    if not plant.curtailable and (-part.power_kw < available - tolerance).any():
        yield f"{plant.id}: is curtailed though it cannot be"


def _money(plan: Plan) -> Iterator[str]:
    reference = 1.0 + abs(plan.objective.total)
    lines = sum(plan.bill_lines.values())
    if abs(lines - plan.objective.bill) > MONEY_TOLERANCE * reference:
        yield f"bill: the lines add up to {lines:.6g}, the bill says {plan.objective.bill:.6g}"
    penalties = sum(violation.cost for violation in plan.violations)
    if abs(penalties - plan.objective.violations) > MONEY_TOLERANCE * reference:
        yield f"violations: they add up to {penalties:.6g}, the objective says {plan.objective.violations:.6g}"
    if plan.certified_gap < -MONEY_TOLERANCE:
        yield f"objective: lies {-plan.certified_gap:.3g} below its proven bound; bill and cost terms disagree"
