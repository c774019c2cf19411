"""One site as one linear problem: adds up what blocks and terms say, and knows nothing of either."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from voltherm.domain.assets import Battery, HeatPump, Load, Pv
from voltherm.domain.plan import PlanInputs, Terminal
from voltherm.domain.site import Site
from voltherm.optimization.blocks.battery import BatteryColumns, Ending, add_battery, power_limits
from voltherm.optimization.blocks.connection import ConnectionColumns, NetRange, add_connection
from voltherm.optimization.blocks.heat_pump import HeatPumpColumns, HeatWorth, add_heat_pump
from voltherm.optimization.blocks.pv import PvColumns, add_pv
from voltherm.optimization.heat_setting import HeatSetting, heat_settings
from voltherm.optimization.model import Floats, Model
from voltherm.optimization.penalties import Penalties
from voltherm.optimization.terms.demand import DemandColumns, add_demand, demand_scale
from voltherm.optimization.terms.energy import EnergyPrices, add_energy, energy_prices

REFILL_QUANTILE = 0.25
"""Stored energy is worth what it costs to refill: the price that the cheapest quarter of the last day stays below."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteProblem:
    """The model of a site and where its columns are.

    Parameters
    ----------
    model : Model
        Columns and rows.
    available_kw : Mapping of PV id to NDArray, shape (n_steps,)
        Power that the sun offers, cut to the plant's rating. [kW]
    fixed_net_kw : NDArray, shape (n_steps,)
        Loads and standby less all available PV. [kW]
    connection, pv, batteries, heat_pumps, demand
        Columns by what they belong to.
    heat : Mapping of heat pump id to HeatSetting
        What each heat pump meets.
    prices : EnergyPrices
        Marginal energy prices of each step, taxes included.
    penalties : Penalties
        Prices of the soft limits.
    ending : Ending
        Terminal condition and worth of stored energy.
    heat_value_per_kwh : Mapping of heat pump id to float
        Worth of a kWh of heat at the end. [currency/kWh]
    approximations : tuple of str
        Where the problem differs from the bill, in words.
    is_below_bill : bool
        Whether, in spite of approximations, no plan is billed less than the problem says.
    """

    model: Model
    available_kw: Mapping[str, Floats]
    fixed_net_kw: Floats
    connection: ConnectionColumns
    pv: Mapping[str, PvColumns]
    batteries: Mapping[str, BatteryColumns]
    heat_pumps: Mapping[str, HeatPumpColumns]
    heat: Mapping[str, HeatSetting]
    demand: tuple[DemandColumns, ...]
    prices: EnergyPrices
    penalties: Penalties
    ending: Ending
    heat_value_per_kwh: Mapping[str, float]
    approximations: tuple[str, ...]
    is_below_bill: bool


def build_site_problem(site: Site, inputs: PlanInputs) -> SiteProblem:
    """Return the linear problem of the site over the grid of the inputs.

    Parameters
    ----------
    site : Site
        Assets, connection, tariff.
    inputs : PlanInputs
        Grid, forecasts, states, prices, ledger and options; checked by the caller.
    """
    factors, notes = site.tariff.tax_factors(inputs.ledger, inputs.grid.interval)
    prices = energy_prices(site.tariff, inputs, factors)
    penalties = Penalties(
        price_scale=prices.largest,
        demand_scale=demand_scale(site.tariff, inputs.grid) if site.batteries or site.heat_pumps else 0.0,
    )
    ending = _ending(inputs, prices)
    available = {plant.id: _available_kw(plant, inputs) for plant in site.pv_plants}
    net = _drawn_kw(site, inputs) - sum(available.values(), np.zeros(inputs.grid.n_steps))
    model = Model(inputs.grid.n_steps, net)
    pv = {plant.id: add_pv(model, plant, available[plant.id]) for plant in site.pv_plants}
    heat = heat_settings(site.heat_pumps, inputs, site.zone)
    reach = _with_heat(_net_range(site, inputs, net, pv, available), heat)
    if _export_only_loses(site, inputs, prices, ending):
        reach = replace(reach, low=reach.idle_low)
    connection = add_connection(model, site.connection, reach, inputs.grid.step_h, penalties)
    batteries = {
        battery.id: add_battery(model, battery, inputs.states[battery.id], inputs.grid.step_h, ending, penalties)
        for battery in site.batteries
    }
    worths = {name: _heat_worth(setting, ending, inputs) for name, setting in heat.items()}
    heat_pumps = {name: add_heat_pump(model, setting, worths[name], penalties) for name, setting in heat.items()}
    add_energy(model, prices, connection, inputs.grid.step_h)
    demand = [
        columns
        for rule in site.tariff.demand_rules
        for columns in add_demand(model, site.tariff, rule, inputs, connection, factors[rule.id])
    ]
    notes = (*notes, *site.tariff.approximations)
    return SiteProblem(
        model=model,
        available_kw=available,
        fixed_net_kw=net,
        connection=connection,
        pv=pv,
        batteries=batteries,
        heat_pumps=heat_pumps,
        heat=heat,
        demand=tuple(demand),
        prices=prices,
        penalties=penalties,
        ending=ending,
        heat_value_per_kwh={name: worth.value_per_kwh for name, worth in worths.items()},
        approximations=(*notes, *_stepped(demand)),
        is_below_bill=not notes,
    )


def _stepped(demand: list[DemandColumns]) -> list[str]:
    """What is planned bracket by bracket, in words."""
    brackets = dict.fromkeys(columns.rule.id for columns in demand if columns.brackets)
    return [f"{name}: billed by brackets, planned below the edges of the brackets in reach" for name in brackets]


def _available_kw(plant: Pv, inputs: PlanInputs) -> Floats:
    offered = inputs.power_kw[plant.id].values
    return offered if plant.rated_kw is None else np.minimum(offered, plant.rated_kw)


def _drawn_kw(site: Site, inputs: PlanInputs) -> Floats:
    """What loads and the auxiliaries of batteries and heat pumps draw."""
    drawn = np.zeros(inputs.grid.n_steps)
    for asset in site.assets:
        match asset:
            case Load():
                drawn += inputs.power_kw[asset.id].values
            case Battery() | HeatPump():
                drawn += asset.standby_kw
            case Pv():
                pass
    return drawn


def _net_range(
    site: Site,
    inputs: PlanInputs,
    net_kw: Floats,
    pv: Mapping[str, PvColumns],
    available_kw: Mapping[str, Floats],
) -> NetRange:
    n = inputs.grid.n_steps
    curtailable = np.zeros(n)
    for plant_id, columns in pv.items():
        curtailable[columns.steps] += available_kw[plant_id][columns.steps]
    limits = [power_limits(battery, inputs.states[battery.id], n) for battery in site.batteries]
    charge = sum((limit.charge_kw for limit in limits), np.zeros(n))
    discharge = sum((limit.discharge_kw for limit in limits), np.zeros(n))
    return NetRange(
        idle_high=net_kw,
        idle_low=net_kw + curtailable,
        high=net_kw + curtailable + charge,
        low=net_kw - discharge,
    )


def _with_heat(reach: NetRange, heat: Mapping[str, HeatSetting]) -> NetRange:
    """The range with heat pumps: at rest they draw what the frost guard takes, at most all that they can."""
    return replace(
        reach,
        idle_high=sum((setting.guarded_kw for setting in heat.values()), reach.idle_high),
        high=sum((setting.highest_kw for setting in heat.values()), reach.high),
    )


def _export_only_loses(site: Site, inputs: PlanInputs, prices: EnergyPrices, ending: Ending) -> bool:
    """Whether no plan is better for exporting what the site need not export.

    What is exported from a battery could stay stored, and what is exported from the roof be curtailed, at no higher
    cost: if export earns nothing, import and stored energy never have a negative price, no battery must come down into
    its band, and none is bound to its last power. The meter then needs export columns for unavoidable surplus only.
    """
    earns_nothing = prices.export_per_kwh.max() <= 0 <= prices.import_per_kwh.min() and ending.value_per_kwh >= 0
    return bool(earns_nothing) and all(
        battery.ramp_limit_kw_per_min is None and inputs.states[battery.id].soc <= battery.soc_max
        for battery in site.batteries
    )


def _ending(inputs: PlanInputs, prices: EnergyPrices) -> Ending:
    value = inputs.options.stored_energy_value_per_kwh
    if inputs.options.terminal is not Terminal.VALUE:
        return Ending(terminal=inputs.options.terminal, value_per_kwh=0.0)
    if value is None:
        day = max(1, round(24 / inputs.grid.step_h))
        value = max(0.0, float(np.quantile(prices.import_per_kwh[-day:], REFILL_QUANTILE)))
    return Ending(terminal=Terminal.VALUE, value_per_kwh=value)


def _heat_worth(setting: HeatSetting, ending: Ending, inputs: PlanInputs) -> HeatWorth:
    """A kWh of heat is worth the electricity that would make it, at the price of refilling, over the last day."""
    day = max(1, round(24 / inputs.grid.step_h))
    points = setting.points
    power = float((points.capacity_kw / points.cop)[-day:].sum())
    cop = float(points.capacity_kw[-day:].sum()) / power if power > 0 else setting.backup_efficiency
    return HeatWorth(terminal=ending.terminal, value_per_kwh=ending.value_per_kwh / cop)
