"""Small sites for tests: round figures, UTC, everything that a test does not name left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike

from voltherm.domain.assets import Asset, Battery, BatteryState, Load, Pv
from voltherm.domain.ledger import Ledger
from voltherm.domain.plan import PlanInputs, PlanOptions, Terminal
from voltherm.domain.series import Series
from voltherm.domain.site import Connection, Site
from voltherm.domain.tariffs import Tariff
from voltherm.domain.time import TimeGrid

ZONE = ZoneInfo("UTC")
START = datetime(2026, 3, 10, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
KEEP = PlanOptions(terminal=Terminal.AT_LEAST_START)
FREE = PlanOptions(terminal=Terminal.FREE)


def battery(name: str = "bess", **changes: float | None) -> Battery:
    """Return a battery of 100 kWh and 50 kW, without losses or limits that a test does not name."""
    plain: dict[str, float | None] = {
        "capacity_kwh": 100.0,
        "charge_limit_kw": 50.0,
        "discharge_limit_kw": 50.0,
        "charge_efficiency": 0.9,
        "discharge_efficiency": 0.9,
        "wear_cost_per_kwh": 0.001,
    }
    return Battery(id=name, **(plain | changes))


def site_of(tariff: Tariff, *assets: Asset, import_limit_kw: float = 1000.0, export_limit_kw: float = 0.0) -> Site:
    """Return a site with a load ``load`` and the given assets."""
    return Site(
        id="site",
        zone=ZONE,
        connection=Connection(import_limit_kw=import_limit_kw, export_limit_kw=export_limit_kw),
        assets=(Load(id="load"), *assets),
        tariff=tariff,
    )


def inputs_of(
    site: Site,
    load_kw: Sequence[float] | np.ndarray,
    *,
    pv_kw: ArrayLike | None = None,
    soc: float | Mapping[str, BatteryState] = 0.5,
    prices: Mapping[str, ArrayLike] | None = None,
    options: PlanOptions = FREE,
    **more: object,
) -> PlanInputs:
    """Return inputs on a grid as long as the load; every PV plant offers ``pv_kw``, every battery starts at ``soc``.

    ``more`` may hold ``step``, ``start`` and ``ledger``.
    """
    grid = TimeGrid(more.get("start", START), more.get("step", QUARTER), len(load_kw))
    power = {"load": Series(grid, np.asarray(load_kw, dtype=float))}
    power |= {plant.id: Series(grid, np.asarray(pv_kw, dtype=float)) for plant in site.pv_plants}
    states = soc if isinstance(soc, Mapping) else {each.id: BatteryState(soc=soc) for each in site.batteries}
    return PlanInputs(
        now=grid.start,
        grid=grid,
        power_kw=power,
        states=states,
        prices={name: Series(grid, np.asarray(values, dtype=float)) for name, values in (prices or {}).items()},
        ledger=more.get("ledger", Ledger.empty()),
        options=options,
    )


ROOF = Pv(id="roof")
