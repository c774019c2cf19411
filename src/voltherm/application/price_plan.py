"""What a planned series costs: the bill above what is metered, wear, broken limits, less what stays stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from voltherm.domain.assets import Battery
from voltherm.domain.plan import Objective, PlanInputs, Terminal, Violation
from voltherm.domain.site import Site
from voltherm.domain.tariffs import Usage
from voltherm.optimization.blocks.battery import terminal_target_kwh
from voltherm.optimization.blocks.heat_pump import discomfort_prices, frost_price, heat_target_kwh
from voltherm.optimization.heat_setting import HeatSetting
from voltherm.optimization.mode_dwell import count_starts, missing_dwell_h
from voltherm.optimization.mode_levels import RUNNING_KW, mode_costs
from voltherm.optimization.model import Floats
from voltherm.optimization.penalties import Penalties
from voltherm.optimization.problem import SiteProblem
from voltherm.optimization.solution import PlannedSeries
from voltherm.physics.building import stored_heat_kwh
from voltherm.physics.heat_pump import HeatPumpRun

NOISE = 1e-6
"""A violation whose worst step is below a milliwatt or a milliwatt-hour, or a millionth of the thing, is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedSeries:
    """A planned series with its cost.

    Parameters
    ----------
    objective : Objective
        Total and parts.
    bill_lines : Mapping of line id to float
        Parts of the bill. [currency]
    violations : tuple of Violation
        Soft limits broken.
    """

    objective: Objective
    bill_lines: Mapping[str, float]
    violations: tuple[Violation, ...]


def price_series(site: Site, inputs: PlanInputs, problem: SiteProblem, series: PlannedSeries) -> PricedSeries:
    """Return the cost of the series, by the tariff's own bill and the physics, not by the solver's objective.

    Parameters
    ----------
    site, inputs
        What was planned; the ledger holds what is metered, and what the targets concede.
    problem : SiteProblem
        Penalty prices and the worth of stored energy.
    series : PlannedSeries
        The replayed plan.
    """
    usage = Usage(
        grid=inputs.grid,
        import_kw=series.import_kw,
        export_kw=series.export_kw,
        prices={name: values.values for name, values in inputs.prices.items()},
    )
    lines = site.tariff.bill_above(usage, inputs.ledger)
    violations = tuple(_violations(site, inputs, problem, series))
    wear = sum(
        battery.wear_cost_per_kwh * inputs.grid.step_h * float(np.abs(series.batteries[battery.id].power_kw).sum())
        for battery in site.batteries
    )
    wear += sum(_switching_cost(name, inputs, problem, series) for name in series.switched)
    stored = sum(
        problem.ending.value_per_kwh * float(run.energy_kwh[-1] - run.energy_kwh[0])
        for run in series.batteries.values()
    )
    stored += sum(
        problem.heat_value_per_kwh[name] * _gained_kwh(problem.heat[name], run)
        for name, run in series.heat_pumps.items()
    )
    objective = Objective(
        bill=sum(lines.values()),
        wear=wear,
        violations=sum(violation.cost for violation in violations),
        stored_energy=stored,
    )
    return PricedSeries(objective=objective, bill_lines=lines, violations=violations)


def _gained_kwh(setting: HeatSetting, run: HeatPumpRun) -> float:
    """Heat in the building at the end above the start."""
    building = setting.pump.building
    return stored_heat_kwh(building, run.temps_c[-1]) - stored_heat_kwh(building, run.temps_c[0])


def _switching_cost(name: str, inputs: PlanInputs, problem: SiteProblem, series: PlannedSeries) -> float:
    """Starts of the compressor, and changes of the level."""
    costs = mode_costs(problem.heat[name], problem.prices, problem.penalties)
    starts = count_starts(series.heat_pumps[name].compressor_kw > RUNNING_KW, inputs.heat[name].is_running)
    return starts * costs.start + series.switched[name].n_changes * costs.change


def _violations(site: Site, inputs: PlanInputs, problem: SiteProblem, series: PlannedSeries) -> Iterator[Violation]:
    step_h, penalties = inputs.grid.step_h, problem.penalties
    connection = site.connection
    per_kwh = penalties.connection_per_kwh
    noise = NOISE * max(1.0, 0.1 * float(np.abs(series.grid_kw).max()))
    over_import = series.grid_kw - connection.import_limit_kw
    over_export = -series.grid_kw - connection.export_limit_kw
    yield from _violation("connection.import_limit_kw", over_import, (step_h, "kWh", per_kwh), inputs, noise)
    yield from _violation("connection.export_limit_kw", over_export, (step_h, "kWh", per_kwh), inputs, noise)
    for battery in site.batteries:
        yield from _battery_violations(battery, inputs, penalties, series)
    for name, run in series.heat_pumps.items():
        yield from _heat_violations(problem.heat[name], inputs, penalties, run)
    for name in series.switched:
        yield from _dwell_violations(name, inputs, problem, series.heat_pumps[name])


def _battery_violations(
    battery: Battery, inputs: PlanInputs, penalties: Penalties, series: PlannedSeries
) -> Iterator[Violation]:
    run, step_h, state = series.batteries[battery.id], inputs.grid.step_h, inputs.states[battery.id]
    energy = run.energy_kwh[1:]
    outside = step_h, "kWh*h", penalties.soc_per_kwh_h
    noise = NOISE * max(1.0, battery.capacity_kwh)
    below = battery.soc_floor * battery.capacity_kwh - energy
    yield from _violation(f"{battery.id}.soc_min", below, outside, inputs, noise)
    above = energy - battery.soc_max * battery.capacity_kwh
    yield from _violation(f"{battery.id}.soc_max", above, outside, inputs, noise)
    if battery.ramp_limit_kw_per_min is not None:
        before = run.power_kw[:1] if state.power_kw is None else np.array([state.power_kw])
        change = np.abs(np.diff(run.power_kw, prepend=before))
        over = change - battery.ramp_limit_kw_per_min * step_h * 60
        priced = 1.0, "kW", penalties.ramp_per_kw
        yield from _violation(f"{battery.id}.ramp_limit_kw_per_min", over, priced, inputs, noise)
    if inputs.options.terminal is Terminal.AT_LEAST_START:
        missing = np.zeros(len(energy))
        missing[-1] = terminal_target_kwh(battery, state) - energy[-1]
        yield from _violation(
            f"{battery.id}.terminal", missing, (1.0, "kWh", penalties.terminal_per_kwh), inputs, noise
        )


def _heat_violations(
    setting: HeatSetting, inputs: PlanInputs, penalties: Penalties, run: HeatPumpRun
) -> Iterator[Violation]:
    pump, step_h = setting.pump, inputs.grid.step_h
    for at, (room, band) in enumerate(zip(pump.building.rooms, setting.bands, strict=True)):
        cold, heat = discomfort_prices(pump, at, penalties)
        temps = run.temps_c[1:, at]
        where = f"{pump.id}.{room.id}"
        yield from _violation(f"{where}.comfort_low", band.low_c - temps, (step_h, "K*h", cold), inputs, NOISE)
        yield from _violation(f"{where}.comfort_high", temps - band.high_c, (step_h, "K*h", heat), inputs, NOISE)
        frozen = step_h, "K*h", frost_price(pump, at, penalties)
        yield from _violation(f"{where}.frost_guard", pump.building.frost_guard_c - temps, frozen, inputs, NOISE)
    if inputs.options.terminal is Terminal.AT_LEAST_START:
        missing = np.zeros(len(run.temps_c) - 1)
        missing[-1] = heat_target_kwh(setting) - stored_heat_kwh(pump.building, run.temps_c[-1])
        priced = 1.0, "kWh", penalties.terminal_per_kwh_heat
        yield from _violation(f"{pump.id}.terminal", missing, priced, inputs, NOISE)


def _dwell_violations(name: str, inputs: PlanInputs, problem: SiteProblem, run: HeatPumpRun) -> Iterator[Violation]:
    setting = problem.heat[name]
    pump, price = setting.pump, mode_costs(setting, problem.prices, problem.penalties).dwell_per_h
    shortest_h = pump.min_run_h, pump.min_off_h
    missing = missing_dwell_h(run.compressor_kw > RUNNING_KW, inputs.heat[name], shortest_h, inputs.grid.step_h)
    for limit, missing_h in zip(("min_run_h", "min_off_h"), missing, strict=True):
        yield from _violation(f"{name}.{limit}", missing_h, (1.0, "h", price), inputs, NOISE)


def _violation(
    limit: str, beyond: Floats, priced: tuple[float, str, float], inputs: PlanInputs, noise: float
) -> Iterator[Violation]:
    """Yield the violation of a limit where any step is beyond it; ``priced`` is weight a step, unit and price."""
    worst = int(np.argmax(beyond))
    if beyond[worst] <= noise:
        return
    weight, unit, price = priced
    amount = weight * float(np.maximum(beyond, 0.0).sum())
    yield Violation(
        limit=limit, amount=amount, unit=unit, price=price, worst=float(beyond[worst]), at=inputs.grid.time_of(worst)
    )
