"""What a kWh costs and what that is made of: energy, margin, network, taxes, by the tariff's own components."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.tariffs import Direction, Tariff, Usage
from voltherm.domain.time import TimeGrid


def price_parts(
    tariff: Tariff, grid: TimeGrid, prices: Mapping[str, NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    """Return what each component adds to the price of one more imported kWh, by its id. [currency/kWh].

    Each is an array of shape (n_steps,). Energy components in the order of the bill, before taxes; then each tax on
    them. They add up to the marginal price of the first kWh of a bill. A tax that is in the prices already adds nothing
    and is left out, as are charges that do not go by the kWh.

    Parameters
    ----------
    tariff : Tariff
        What is paid.
    grid : TimeGrid
        The steps.
    prices : Mapping of name to NDArray, shape (n_steps,)
        The tariff's price series. [currency/kWh]
    """
    usage = Usage.none(grid, prices)
    parts = {
        rule.id: rule.price_per_kwh(usage, tariff.zone)
        for rule in tariff.energy_rules
        if rule.direction is Direction.IMPORT
    }
    for tax in tariff.accounts.taxes:
        taxed = [values for name, values in parts.items() if tax.falls_on(name)]
        if taxed and not tax.included:
            parts[tax.id] = tax.rate * tax.marginal_share(0.0) * np.sum(taxed, axis=0)
    return parts
