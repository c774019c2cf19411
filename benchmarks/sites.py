"""The measured sites: a factory with a battery, and the same with PV and three demand windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from voltherm.adapters.documents.tariff import read_library
from voltherm.domain.assets import Asset, Battery, BatteryState, Load, Pv
from voltherm.domain.plan import PlanInputs, PlanOptions, Terminal
from voltherm.domain.series import Series
from voltherm.domain.site import Connection, Site
from voltherm.domain.tariffs import Demand
from voltherm.domain.time import TimeGrid

STEP = timedelta(minutes=15)
STEPS = 192
FIRST = datetime(2026, 1, 15, 6, tzinfo=UTC)

Case = Callable[[int], tuple[Site, PlanInputs]]


def battery_case(number: int) -> tuple[Site, PlanInputs]:
    """Return a site with load and battery under time-of-use energy prices, and inputs number so many."""
    return _case(number, with_pv_and_demand=False)


def unified_case(number: int) -> tuple[Site, PlanInputs]:
    """Return the site with PV and three demand windows besides, and inputs number so many."""
    return _case(number, with_pv_and_demand=True)


def _case(number: int, *, with_pv_and_demand: bool) -> tuple[Site, PlanInputs]:
    """Inputs begin ``number`` steps later, with another forecast and SOC: nothing of an earlier run can be reused."""
    tariff = read_library("costa-rica-seed")
    assets: tuple[Asset, ...] = (Load(id="load"), _battery())
    if with_pv_and_demand:
        assets = (*assets, Pv(id="roof"))
    else:
        kept = tuple(rule for rule in tariff.components if not isinstance(rule, Demand))
        tariff = replace(tariff, components=kept)
    site = Site(
        id="factory",
        zone=tariff.zone,
        connection=Connection(import_limit_kw=1000.0, export_limit_kw=100.0),
        assets=assets,
        tariff=tariff,
    )
    grid = TimeGrid(FIRST + number * STEP, STEP, STEPS)
    draw = np.random.default_rng(number)
    hour = ((grid.epoch_seconds / 3600 - 6) % 24).astype(np.float64)
    load = 200 + 80 * np.sin((hour - 9) * np.pi / 12) + draw.normal(0, 8, STEPS)
    sun = 300 * np.maximum(0, np.sin((hour - 6) * np.pi / 12)) * draw.uniform(0.8, 1.0, STEPS)
    power = {"load": Series(grid, np.maximum(load, 0)), "roof": Series(grid, sun)}
    return site, PlanInputs(
        now=grid.start,
        grid=grid,
        power_kw={asset.id: power[asset.id] for asset in assets if asset.id in power},
        states={"bess": BatteryState(soc=0.5 + 0.2 * draw.uniform(-1, 1))},
        options=PlanOptions(terminal=Terminal.AT_LEAST_START),
    )


def _battery() -> Battery:
    return Battery(
        id="bess",
        capacity_kwh=500.0,
        charge_limit_kw=250.0,
        discharge_limit_kw=250.0,
        charge_efficiency=0.9**0.5,
        discharge_efficiency=0.9**0.5,
        soc_min=0.1,
        soc_max=0.9,
        wear_cost_per_kwh=1.0,
    )
