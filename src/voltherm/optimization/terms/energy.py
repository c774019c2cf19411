"""Energy prices: what one more kWh imported costs, or exported earns, in each step, taxes included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from voltherm.domain.plan import PlanInputs
from voltherm.domain.tariffs import Direction, Energy, Tariff, Usage
from voltherm.optimization.blocks.connection import ConnectionColumns
from voltherm.optimization.model import Floats, Model


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EnergyPrices:
    """Marginal prices of each step, each of shape (n_steps,). [currency/kWh].

    Parameters
    ----------
    import_per_kwh : NDArray
        What one more imported kWh costs.
    export_per_kwh : NDArray
        What one more exported kWh earns.
    """

    import_per_kwh: Floats
    export_per_kwh: Floats

    @property
    def largest(self) -> float:
        """Largest price of either direction, by amount. [currency/kWh]."""
        return float(max(np.abs(self.import_per_kwh).max(), np.abs(self.export_per_kwh).max()))


def energy_prices(tariff: Tariff, inputs: PlanInputs, factors: Mapping[str, float]) -> EnergyPrices:
    """Return the sum of the tariff's energy components by direction, in the tiers that the bill has reached.

    Parameters
    ----------
    tariff : Tariff
        Energy components, zone and billing periods.
    inputs : PlanInputs
        Grid, price series, and the ledger, which says in which tier the bill is.
    factors : Mapping of component id to float
        What taxes make of one unit of each component.
    """
    usage = Usage.none(inputs.grid, {name: series.values for name, series in inputs.prices.items()})
    by_direction = {direction: np.zeros(inputs.grid.n_steps) for direction in Direction}
    for rule in tariff.components:
        if isinstance(rule, Energy):
            by_direction[rule.direction] += factors[rule.id] * _price_of(rule, tariff, usage, inputs)
    return EnergyPrices(import_per_kwh=by_direction[Direction.IMPORT], export_per_kwh=by_direction[Direction.EXPORT])


def add_energy(model: Model, prices: EnergyPrices, connection: ConnectionColumns, step_h: float) -> None:
    """Add ``sum h price_t g_t - sum h export_price_t x_t``.

    Parameters
    ----------
    model : Model
        Receives the cost.
    prices : EnergyPrices
        Of each step.
    connection : ConnectionColumns
        The import and export columns.
    step_h : float
        Length of a step. [h]
    """
    model.add_cost(connection.import_kw, step_h * prices.import_per_kwh)
    model.add_cost(connection.export_kw, -step_h * prices.export_per_kwh[connection.export_steps])


def _price_of(rule: Energy, tariff: Tariff, usage: Usage, inputs: PlanInputs) -> Floats:
    if rule.tiers is None:
        return rule.price_per_kwh(usage, tariff.zone)
    price = np.zeros(inputs.grid.n_steps)
    for period in tariff.periods(inputs.grid.interval):
        inside = (inputs.grid.epoch_seconds >= period.start.timestamp()) & (
            inputs.grid.epoch_seconds < period.end.timestamp()
        )
        price[inside] = rule.price_per_kwh_at(usage, tariff.zone, inputs.ledger, period)[inside]
    return price
