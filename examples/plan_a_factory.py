"""Plans a factory's day with typed objects: battery, PV and load under the tariff that it really pays."""

from datetime import UTC, datetime, timedelta

import numpy as np

import voltherm

zone = voltherm.zone_named("America/Costa_Rica")
site = voltherm.Site(
    id="factory",
    zone=zone,
    connection=voltherm.Connection(import_limit_kw=1000),
    assets=(
        voltherm.Load(id="load"),
        voltherm.Pv(id="roof"),
        voltherm.Battery(id="bess", capacity_kwh=500, charge_limit_kw=250, discharge_limit_kw=250, wear_cost_per_kwh=1),
    ),
    tariff=voltherm.read_library("costa-rica-tmt"),
)

now = datetime(2026, 1, 15, 6, tzinfo=UTC)  # local midnight
grid = voltherm.TimeGrid(now, timedelta(minutes=15), 96)
hour = np.arange(grid.n_steps) / 4
load_kw = 200 + 80 * np.sin((hour - 9) / 24 * 2 * np.pi)
pv_kw = np.maximum(0, 150 * np.sin((hour - 6) / 12 * np.pi))

plan = voltherm.plan_site(
    site,
    voltherm.PlanInputs(
        now=now,
        grid=grid,
        power_kw={"load": voltherm.Series(grid, load_kw), "roof": voltherm.Series(grid, pv_kw)},
        states={"bess": voltherm.BatteryState(soc=0.5)},
        options=voltherm.PlanOptions(terminal=voltherm.Terminal.AT_LEAST_START),
    ),
)

print(f"{type(plan.outcome).__name__}: {plan.objective.total:,.0f} {site.tariff.currency}")
for name, peak_kw in plan.peaks_kw.items():
    print(f"{name}: {peak_kw:.1f} kW")
for step in range(0, grid.n_steps, 8):
    local = grid.time_of(step).astimezone(zone)
    power_kw = plan.assets["bess"].power_kw[step]
    print(f"{local:%H:%M}  battery {power_kw:+7.1f} kW  {plan.reasons[step].value}")
