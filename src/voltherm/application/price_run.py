"""What a simulated run cost, by the tariff's own bill, and what it did to peaks, batteries, rooms and limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.application.actuals import Actuals
from voltherm.application.backtest_result import Activity, BrokenLimit, Costs, Heating, PeriodPeaks, PolicyResult
from voltherm.application.simulate_policy import HeatTrace, SimulatedRun
from voltherm.application.simulated_heat_pump import RUNNING_KW
from voltherm.domain.assets import HeatPump
from voltherm.domain.plan import PlanInputs
from voltherm.domain.site import Site
from voltherm.domain.tariffs import Bill, Demand, Energy, Fixed, Tariff, Tax
from voltherm.domain.time import Interval, TimeGrid
from voltherm.optimization.terms.demand import peaks_kw
from voltherm.physics.building import stored_heat_kwh

KINDS: Final = ("energy", "demand", "fixed", "tax")
NOISE: Final = 1e-3
"""A watt, or a thousandth of the SOC: less beyond a limit is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredValue:
    """Worth of what is stored at the end above the start. [currency/kWh].

    Parameters
    ----------
    energy_per_kwh : float
        In batteries.
    heat_per_kwh : Mapping of heat pump id to float
        In buildings.
    """

    energy_per_kwh: float
    heat_per_kwh: Mapping[str, float] = field(default_factory=dict)


def price_run(actuals: Actuals, run: SimulatedRun, value: StoredValue) -> PolicyResult:
    """Return the run with its bill and figures.

    Parameters
    ----------
    actuals : Actuals
        Site, prices and grid.
    run : SimulatedRun
        What happened.
    value : StoredValue
        Worth of what is stored at the end above the start.
    """
    site, step_h = actuals.site, actuals.grid.step_h
    bills = tuple(site.tariff.bill(actuals.usage(run.grid_kw)))
    stored = run.stored_kwh(site)
    wear = sum(
        battery.wear_cost_per_kwh * step_h * float(np.abs(run.battery_kw[battery.id]).sum())
        for battery in site.batteries
    )
    wear += sum(pump.start_cost * starts_of(run.heat[pump.id]) for pump in site.heat_pumps)
    stored_energy = value.energy_per_kwh * float(stored[-1] - stored[0])
    stored_energy += sum(value.heat_per_kwh[pump.id] * _gained_kwh(pump, run) for pump in site.heat_pumps)
    return PolicyResult(
        run=run,
        bills=bills,
        costs=Costs(
            bill=sum(bill.total for bill in bills),
            wear=wear,
            stored_energy=stored_energy,
            by_kind=amounts_by_kind(site.tariff, bills),
        ),
        peaks=tuple(_peaks(actuals, run)),
        activity=_activity(site, run),
        broken_limits=tuple(_broken_limits(site, run)),
        heating=_heating(site, run) if site.heat_pumps else None,
    )


def amounts_by_kind(tariff: Tariff, bills: tuple[Bill, ...]) -> Mapping[str, float]:
    """Return the bills' amounts by kind of component: energy, demand, fixed, tax. [currency]."""
    amounts = dict.fromkeys(KINDS, 0.0)
    kinds = kind_of_components(tariff)
    for bill in bills:
        for line in bill.lines:
            if not line.is_included:
                amounts[kinds.get(line.component_id, "fixed")] += line.amount
    return amounts


def kind_of_components(tariff: Tariff) -> Mapping[str, str]:
    """Return for each component of the tariff, by its id, which of ``KINDS`` it is."""
    return {rule.id: _kind(rule) for rule in tariff.components}


def _kind(rule: object) -> str:
    match rule:
        case Energy():
            return "energy"
        case Demand():
            return "demand"
        case Tax():
            return "tax"
        case Fixed() | _:
            return "fixed"


def _peaks(actuals: Actuals, run: SimulatedRun) -> Iterator[PeriodPeaks]:
    tariff, grid = actuals.site.tariff, actuals.grid
    if not any(isinstance(rule, Demand) for rule in tariff.components):
        return
    for period in tariff.periods(grid.interval):
        span = TimeGrid.over(Interval(max(period.start, grid.start), min(period.end, grid.end)), grid.step)
        first = (span.start - grid.start) // grid.step
        import_kw = np.maximum(run.grid_kw[first : first + span.n_steps], 0.0)
        reached = peaks_kw(tariff, PlanInputs(now=span.start, grid=span, power_kw={}), import_kw)
        yield PeriodPeaks(period=period, peaks_kw=reached)


def _activity(site: Site, run: SimulatedRun) -> Activity:
    step_h = run.grid.step_h
    powers = np.array([run.battery_kw[battery.id] for battery in site.batteries]).reshape(-1, run.grid.n_steps)
    socs = np.array([run.soc[battery.id] for battery in site.batteries]) if site.batteries else np.zeros(1)
    charged = step_h * float(np.maximum(powers, 0.0).sum())
    discharged = step_h * float(np.maximum(-powers, 0.0).sum())
    capacity = sum(battery.capacity_kwh for battery in site.batteries)
    top = int(run.grid_kw.argmax())
    return Activity(
        charged_kwh=charged,
        discharged_kwh=discharged,
        full_cycles=(charged + discharged) / 2 / capacity if capacity else 0.0,
        highest_import_kw=float(run.grid_kw[top]),
        highest_import_at=run.grid.time_of(top),
        soc_min=float(socs.min()),
        soc_max=float(socs.max()),
        curtailed_kwh=step_h * float(run.pv_curtailed_kw.sum()),
        guarded_steps=int(run.is_guarded.sum()),
    )


def starts_of(trace: HeatTrace) -> int:
    """Return how often the compressor runs in a step after one in which it rested, or switches within a step."""
    runs = trace.compressor_kw > RUNNING_KW
    return int((runs[1:] & (~runs[:-1] | trace.is_cycling[1:])).sum())


def _gained_kwh(pump: HeatPump, run: SimulatedRun) -> float:
    """Heat in the building at the end above the start."""
    temps = run.heat[pump.id].temps_c
    return stored_heat_kwh(pump.building, temps[-1]) - stored_heat_kwh(pump.building, temps[0])


def _heating(site: Site, run: SimulatedRun) -> Heating:
    step_h, traces = run.grid.step_h, [run.heat[pump.id] for pump in site.heat_pumps]
    cold, hot, rooms = 0.0, 0.0, []
    for pump in site.heat_pumps:
        for at, room in enumerate(pump.building.rooms):
            band, ends = pump.building.comfort_of(room).band(run.grid, site.zone), run.heat[pump.id].temps_c[1:, at]
            cold += step_h * float(np.maximum(band.low_c - ends, 0.0).sum())
            hot += step_h * float(np.maximum(ends - band.high_c, 0.0).sum())
            rooms.append(ends)
    return Heating(
        electricity_kwh=step_h * sum(float(trace.power_kw.sum()) for trace in traces),
        backup_kwh=step_h * sum(float(trace.backup_kw.sum()) for trace in traces),
        heat_kwh=step_h * sum(float(trace.heat_kw.sum()) for trace in traces),
        cold_kh=cold,
        hot_kh=hot,
        room_min_c=float(np.min(rooms)),
        room_mean_c=float(np.mean(rooms)),
        room_max_c=float(np.max(rooms)),
        starts=sum(starts_of(trace) for trace in traces),
        stored_kwh=sum(_gained_kwh(pump, run) for pump in site.heat_pumps),
    )


def _broken_limits(site: Site, run: SimulatedRun) -> Iterator[BrokenLimit]:
    yield from _broken("connection.import_limit_kw", run.grid_kw - site.connection.import_limit_kw, run.grid)
    yield from _broken("connection.export_limit_kw", -run.grid_kw - site.connection.export_limit_kw, run.grid)
    for battery in site.batteries:
        soc = run.soc[battery.id][1:]
        yield from _broken(f"{battery.id}.soc_min", battery.soc_floor - soc, run.grid)
        yield from _broken(f"{battery.id}.soc_max", soc - battery.soc_max, run.grid)


def _broken(limit: str, beyond: NDArray[np.float64], grid: TimeGrid) -> Iterator[BrokenLimit]:
    worst = int(beyond.argmax())
    if beyond[worst] > NOISE:
        yield BrokenLimit(
            limit=limit, n_steps=int((beyond > NOISE).sum()), worst=float(beyond[worst]), at=grid.time_of(worst)
        )
