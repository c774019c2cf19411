"""What the page draws: the last local days as measured, and the plan ahead, as columns of the report's panels."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from voltherm.application.demo_snapshot import DemoSnapshot
from voltherm.domain.control import Decision
from voltherm.domain.plan import Plan, PlanInputs
from voltherm.domain.time import TimeGrid, local_midnight
from voltherm.optimization.terms.demand import peak_ceiling_kw
from voltherm.optimization.terms.energy import energy_prices

Floats = NDArray[np.float64]
DAYS_SHOWN = 2
"""Local days of the past, today among them."""


def measured_grid(snapshot: DemoSnapshot) -> TimeGrid | None:
    """Return the measured steps of today and yesterday; None before the first step."""
    if snapshot.measured is None:
        return None
    grid = snapshot.measured.grid
    last_day = grid.time_of(grid.n_steps - 1).astimezone(snapshot.site.zone).date()
    begin = max(grid.start, local_midnight(last_day - timedelta(days=DAYS_SHOWN - 1), snapshot.site.zone))
    first = grid.index_of(begin)
    return grid.part(first, grid.n_steps - first)


def measured_columns(snapshot: DemoSnapshot, grid: TimeGrid) -> dict[str, Floats]:
    """Return the measured powers over the last steps [kW] and SOC at each start and at the end [%]."""
    series = snapshot.measured
    if series is None:
        return {}
    first = series.grid.n_steps - grid.n_steps
    soc = series.soc[first - 1 :] if first else np.concatenate([[np.nan], series.soc])
    return {
        "import_price": _import_price(snapshot, grid),
        "grid": series.grid_kw[first:],
        "without": series.without_battery_kw[first:],
        "load": series.load_kw[first:],
        "sun": series.pv_kw[first:],
        "battery": series.battery_kw[first:],
        "ceiling": _finite(series.ceiling_kw[first:]),
        "soc": 100 * soc,
    }


def planned_columns(snapshot: DemoSnapshot, decision: Decision, plan: Plan) -> dict[str, Floats]:
    """Return the planned powers [kW] and SOC at each start and at the end [%]."""
    site = snapshot.site
    load, battery, sun = (
        _total(plan, {asset.id for asset in assets}) for assets in (site.loads, site.batteries, site.pv_plants)
    )
    capacity = sum(one.capacity_kwh for one in site.batteries)
    stored = np.zeros(plan.grid.n_steps + 1)
    for one in site.batteries:
        soc = plan.assets[one.id].soc
        if soc is not None:
            stored += soc * one.capacity_kwh
    return {
        "import_price": _import_price(snapshot, plan.grid),
        "grid": plan.grid_power_kw,
        "without": np.maximum(plan.grid_power_kw - battery, -site.connection.export_limit_kw),
        "load": load,
        "sun": -sun,
        "battery": battery,
        "ceiling": _finite(_ceiling_ahead_kw(snapshot, decision, plan)),
        "soc": 100 * stored / capacity if capacity else stored,
    }


def _ceiling_ahead_kw(snapshot: DemoSnapshot, decision: Decision, plan: Plan) -> Floats:
    """The import that raises no peak of the running billing period; infinite in the next one."""
    site, grid = snapshot.site, plan.grid
    end = site.tariff.period_of(grid.start).end
    in_force = [
        peak_ceiling_kw(site.tariff, snapshot.ledger, decision.targets_kw, grid.part(step, 1))
        if grid.time_of(step) < end
        else np.inf
        for step in range(grid.n_steps)
    ]
    return np.where(np.isfinite(in_force), np.minimum(in_force, site.connection.import_limit_kw), np.inf)


def _import_price(snapshot: DemoSnapshot, grid: TimeGrid) -> Floats:
    """Price of energy with the taxes on it; the demo's tariff follows no price series. [currency/kWh]."""
    tariff = snapshot.site.tariff
    inputs = PlanInputs(now=grid.start, grid=grid, power_kw={}, ledger=snapshot.ledger)
    return energy_prices(tariff, inputs, tariff.tax_factors(snapshot.ledger)[0]).import_per_kwh


def _total(plan: Plan, asset_ids: Collection[str]) -> Floats:
    powers = [plan.assets[name].power_kw for name in asset_ids]
    return np.sum(powers, axis=0) if powers else np.zeros(plan.grid.n_steps)


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)
