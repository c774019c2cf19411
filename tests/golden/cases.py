"""The golden problems: each block and each term alone, on a grid of two or three steps.

``python -m tests.golden.cases`` writes the files anew; read the difference before you keep it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from tests.golden.lp_text import lp_text
from tests.heated_sites import building, heat_pump, heated_inputs, hut, state
from tests.sites import ZONE, inputs_of, site_of
from tests.tariffs import demand, energy, export, tariff_of, tax
from voltherm.domain.assets import BackupHeater, Battery, BatteryState, HeatPump, HeatPumpState, Pv, Wall
from voltherm.domain.comfort import Comfort
from voltherm.domain.ledger import Ledger
from voltherm.domain.plan import PlanInputs, Terminal
from voltherm.domain.site import Connection
from voltherm.domain.tariffs import Demand
from voltherm.optimization.blocks.battery import Ending, add_battery
from voltherm.optimization.blocks.connection import ConnectionColumns, NetRange, add_connection
from voltherm.optimization.blocks.heat_pump import HeatWorth, add_heat_pump
from voltherm.optimization.blocks.pv import add_pv
from voltherm.optimization.heat_setting import heat_settings
from voltherm.optimization.model import Indices, Model
from voltherm.optimization.penalties import Penalties
from voltherm.optimization.terms.demand import add_demand
from voltherm.optimization.terms.energy import add_energy, energy_prices

FOLDER = Path(__file__).parent / "lp"
STEP_H = 0.25
PENALTIES = Penalties(price_scale=0.2, demand_scale=10.0)
VALUE = Ending(terminal=Terminal.VALUE, value_per_kwh=0.1)
KEEP = Ending(terminal=Terminal.AT_LEAST_START, value_per_kwh=0.0)
FREE = Ending(terminal=Terminal.FREE, value_per_kwh=0.0)


def battery(**changes: float) -> Battery:
    """Return a battery of 100 kWh with round figures."""
    plain = {
        "capacity_kwh": 100.0,
        "charge_limit_kw": 40.0,
        "discharge_limit_kw": 50.0,
        "charge_efficiency": 0.9,
        "discharge_efficiency": 0.8,
        "soc_min": 0.1,
        "soc_max": 0.9,
        "wear_cost_per_kwh": 0.02,
    }
    return Battery(id="bess", **(plain | changes))


def named(prefix: str, columns: object) -> dict[str, Indices]:
    """Return the columns of a block by their field names; of several rows of columns, by their number besides."""
    found = {}
    for field in fields(columns):
        indices = getattr(columns, field.name)
        if isinstance(indices, np.ndarray) and not field.name.endswith("steps"):
            rows = {"": indices} if indices.ndim < 2 else {f"_{row}": each for row, each in enumerate(indices)}
            found |= {f"{prefix}_{field.name}{row}": each for row, each in rows.items()}
    return found


def _battery(asset: Battery, state: BatteryState, ending: Ending) -> str:
    model = Model(2, np.zeros(2))
    columns = add_battery(model, asset, state, STEP_H, ending, PENALTIES)
    return lp_text(model, named("bess", columns))


def blocks_battery() -> str:
    """Return a battery inside its band, whose stored energy has a value."""
    return _battery(battery(), BatteryState(soc=0.5), VALUE)


def blocks_battery_below_its_band() -> str:
    """Return a battery that is emptier than it should be, at a limit of now, and ends no lower than it starts."""
    return _battery(battery(), BatteryState(soc=0.05, charge_limit_kw=np.array([10.0, 20.0])), KEEP)


def blocks_battery_above_its_band() -> str:
    """Return a battery that is fuller than it should be."""
    return _battery(battery(), BatteryState(soc=0.95), FREE)


def blocks_battery_with_every_limit() -> str:
    """Return a battery with standing loss, tapers, ramp and a power of now."""
    limits = {
        "standing_loss_per_h": 0.01,
        "charge_taper_soc": 0.8,
        "discharge_taper_soc": 0.2,
        "ramp_limit_kw_per_min": 1.0,
        "reserve_soc": 0.3,
    }
    return _battery(battery(**limits), BatteryState(soc=0.5, power_kw=7.0), KEEP)


def _heat_pump(asset: HeatPump, start: HeatPumpState, terminal: Terminal, outdoor_c: float = -3.0) -> str:
    site = site_of(tariff_of(), asset)
    inputs = heated_inputs(site, [outdoor_c] * 2, start=start, step=timedelta(hours=1))
    model = Model(2, np.zeros(2))
    setting = heat_settings((asset,), inputs, ZONE)["pump"]
    worth = HeatWorth(terminal=terminal, value_per_kwh=0.05 if terminal is Terminal.VALUE else 0.0)
    return lp_text(model, named("pump", add_heat_pump(model, setting, worth, PENALTIES)))


def blocks_heat_pump() -> str:
    """Return a house with a mass, a backup heater, and a band that it can leave on both sides."""
    pump = heat_pump(backup=BackupHeater(limit_kw=3.0, efficiency=0.9))
    return _heat_pump(pump, state(20.5, home=21.0), Terminal.VALUE)


def blocks_heat_pump_of_two_rooms() -> str:
    """Return two rooms that share a wall, one with weak emitters, that end with no less heat than they start with."""
    rooms = building(
        hut("bath", heat_limit_kw=1.5), hut("hall"), walls=(Wall(rooms=("bath", "hall"), conductance_kw_per_k=0.1),)
    )
    pump = heat_pump(rooms)
    return _heat_pump(pump, state({"bath": 22.0, "hall": 19.0}, pump), Terminal.AT_LEAST_START)


def blocks_heat_pump_below_its_frost_guard() -> str:
    """Return a hut so cold that the frost guard has the steps to itself, at a price for cold of its own."""
    comfort = Comfort(low_c=8.0, high_c=10.0, cold_price_per_kh=0.3, heat_price_per_kh=0.0)
    pump = heat_pump(building(hut(), comfort=comfort))
    return _heat_pump(pump, state(1.5, pump), Terminal.FREE)


def blocks_heat_pump_that_reaches_its_cut_out() -> str:
    """Return a light hut that the pump brings to its cut-out within a step."""
    rooms = building(hut(capacitance_kwh_per_k=0.5), cut_out_c=25.0)
    pump = heat_pump(rooms)
    return _heat_pump(pump, state(22.0, pump), Terminal.VALUE)


def blocks_pv() -> str:
    """Return a roof with one step of sun."""
    model = Model(2, np.array([10.0, -20.0]))
    return lp_text(model, named("roof", add_pv(model, Pv(id="roof"), np.array([0.0, 30.0]))))


def blocks_connection() -> str:
    """Return a connection that the idle site keeps."""
    return _connection(np.array([10.0, -5.0]), Connection(import_limit_kw=100.0, export_limit_kw=20.0))


def blocks_connection_over_its_limits() -> str:
    """Return a connection whose limits the idle site breaks, in import and in export."""
    return _connection(np.array([120.0, -35.0]), Connection(import_limit_kw=100.0, export_limit_kw=20.0))


def _connection(net: np.ndarray, connection: Connection) -> str:
    model = Model(2, net)
    reach = NetRange(idle_high=net, idle_low=net, high=net + 40.0, low=net - 50.0)
    return lp_text(model, named("grid", add_connection(model, connection, reach, STEP_H, PENALTIES)))


def meter(n_steps: int) -> tuple[Model, ConnectionColumns]:
    """Return a model with a meter alone, for a term to price."""
    net = np.full(n_steps, 10.0)
    model = Model(n_steps, net)
    reach = NetRange(idle_high=net, idle_low=net, high=net + 40.0, low=net - 50.0)
    limits = Connection(import_limit_kw=100.0, export_limit_kw=20.0)
    return model, add_connection(model, limits, reach, STEP_H, PENALTIES)


def _inputs(n_steps: int) -> PlanInputs:
    site = site_of(tariff_of())
    return inputs_of(site, np.full(n_steps, 10.0), step=timedelta(minutes=30))


def terms_energy() -> str:
    """Return a price of import and one of export, with a tax on import."""
    model, connection = meter(2)
    tariff = tariff_of(energy(0.2), export(0.05), tax(0.25, on="energy"))
    prices = energy_prices(tariff, _inputs(2), tariff.tax_factors(Ledger.empty())[0])
    add_energy(model, prices, connection, STEP_H)
    return lp_text(model, named("grid", connection))


def _demand(rule: Demand, ledger: Ledger, n_steps: int = 3) -> str:
    model, connection = meter(n_steps)
    inputs = replace(_inputs(n_steps), ledger=ledger)
    (columns,) = add_demand(model, tariff_of(rule), rule, inputs, connection, 1.0)
    return lp_text(model, named("grid", connection) | named("peak", columns))


def terms_demand() -> str:
    """Return the highest mean of an hour at 10 a kW, of which 15 kW are reached."""
    rule = demand(10.0, interval_minutes=60)
    return _demand(rule, Ledger.empty().with_reached("peak", 15.0, tariff_of(rule).period_of(_inputs(1).now)))


def terms_demand_mean_of_two_highest() -> str:
    """Return the mean of the two highest means of half an hour, of which one of 12 kW is reached."""
    rule = demand(10.0, interval_minutes=30, top_k=2)
    return _demand(rule, Ledger.empty().with_reached("peak", 12.0, tariff_of(rule).period_of(_inputs(1).now)), 2)


def terms_demand_above_a_threshold() -> str:
    """Return a charge on what is above 8 kW."""
    return _demand(demand(10.0, interval_minutes=30, threshold_kw=8.0), Ledger.empty(), 2)


CASES: dict[str, Callable[[], str]] = {
    case.__name__: case
    for case in (
        blocks_battery,
        blocks_battery_below_its_band,
        blocks_battery_above_its_band,
        blocks_battery_with_every_limit,
        blocks_heat_pump,
        blocks_heat_pump_of_two_rooms,
        blocks_heat_pump_below_its_frost_guard,
        blocks_heat_pump_that_reaches_its_cut_out,
        blocks_pv,
        blocks_connection,
        blocks_connection_over_its_limits,
        terms_energy,
        terms_demand,
        terms_demand_mean_of_two_highest,
        terms_demand_above_a_threshold,
    )
}
"""By the name of the file: ring and module first, then the variant."""


if __name__ == "__main__":
    for name, case in CASES.items():
        (FOLDER / f"{name}.lp").write_text(case(), encoding="utf-8")
