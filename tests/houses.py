"""A small house with recorded weather and prices, for tests of whatever rules its heat pump."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from voltherm.application.backtest import BacktestRequest
from voltherm.application.control_step import ControlOptions
from voltherm.application.policies import PolicyName, policies_of
from voltherm.domain.assets import Asset, BackupHeater, Building, HeatPump, HeatSource, RatingPoint, Room
from voltherm.domain.comfort import Comfort
from voltherm.domain.measurements import Measurements
from voltherm.domain.site import Connection, Site
from voltherm.domain.tariffs import Energy, Price, Tariff, TariffRule
from voltherm.domain.time import Interval, TimeGrid

ZONE = ZoneInfo("Europe/Helsinki")
START = datetime(2026, 1, 19, 22, tzinfo=UTC)
"""A local midnight."""
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PRICE_PER_KH = 1.0
COMFORT = Comfort(low_c=20.5, high_c=22.5, cold_price_per_kh=PRICE_PER_KH, heat_price_per_kh=PRICE_PER_KH)
ROOM = Room(
    id="house",
    capacitance_kwh_per_k=0.6,
    loss_kw_per_k=0.1,
    mass_capacitance_kwh_per_k=7.0,
    mass_coupling_kw_per_k=1.4,
    mass_loss_kw_per_k=0.06,
    internal_gain_kw=0.4,
    heat_to_mass=0.5,
)
SPOT = Energy(id="spot", price=Price(series="spot"))
QUICK = ControlOptions(step=HOUR, horizon=timedelta(hours=36))


def pump_of(room: Room = ROOM, comfort: Comfort = COMFORT, **changes: object) -> HeatPump:
    """Return an air-source heat pump of 9 kW at 7 degC with a backup heater of 3 kW, which holds 21 degC."""
    plain: dict[str, object] = {
        "source": HeatSource.AIR,
        "rating_points": (RatingPoint(source_c=7.0, supply_c=35.0, heat_kw=9.0, cop=4.3),),
        "backup": BackupHeater(limit_kw=3.0),
        "standby_kw": 0.02,
        "set_point_c": 21.0,
    }
    return HeatPump(id="pump", building=Building(rooms=(room,), comfort=comfort), **(plain | changes))


def house_of(*others: Asset, pump: HeatPump | None = None, rules: tuple[TariffRule, ...] = (SPOT,)) -> Site:
    """Return a site with the heat pump, alone unless others are given."""
    return Site(
        id="house",
        zone=ZONE,
        connection=Connection(import_limit_kw=17.0, export_limit_kw=10.0),
        assets=(*others, pump or pump_of()),
        tariff=Tariff(id="spot", currency="EUR", zone=ZONE, components=rules),
    )


def measured(before_days: int = 9, days: int = 3, **changes: np.ndarray | None) -> Measurements:
    """Return hourly weather and prices: cold and dear in the morning, restless; ``changes`` replace columns."""
    grid = TimeGrid(START - before_days * DAY, HOUR, (before_days + days) * 24)
    hour = np.arange(grid.n_steps) % 24
    draws = np.random.default_rng(7)
    walk = 8.0 * np.tanh(np.cumsum(draws.normal(0.0, 0.5, grid.n_steps)) / 8.0)
    price = 0.12 + 0.06 * np.sin((hour - 3) / 24 * 4 * np.pi) + draws.normal(0.0, 0.015, grid.n_steps)
    columns = {
        "t_out_c": -4.0 - 2.0 * np.cos((hour - 2) / 24 * 2 * np.pi) + walk,
        "price_per_kwh": price,
    } | changes
    return Measurements(grid, {name: values for name, values in columns.items() if values is not None})


def request(days: int = 2, site: Site | None = None, **changes: object) -> BacktestRequest:
    """Return the backtest of some days under all policies that fit the site."""
    chosen = site or house_of()
    asked = BacktestRequest(
        site=chosen,
        measurements=measured(),
        interval=Interval(START, START + days * DAY),
        policies=policies_of(chosen),
        options=QUICK,
    )
    return replace(asked, **changes)


THERMOSTATS = (PolicyName.THERMOSTAT, PolicyName.THERMOSTAT_LOW)
