"""What a heat pump's electricity costs in each step, given how the rest of the site stands: a merit order by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from voltherm.domain.plan import PlanInputs
from voltherm.domain.site import Site
from voltherm.optimization.blocks.battery import power_limits
from voltherm.optimization.model import Floats
from voltherm.optimization.problem import SiteProblem

NEVER: Final = 100.0
"""A kW beyond the connection counts so many times its price: a heat pump stays off before it overloads a fuse, as it
does where it is planned as power, whatever the discomfort."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Supply:
    """Sources of each step from the cheapest to the dearest, arrays of shape (n_steps, n_sources).

    Parameters
    ----------
    lowest_kw : NDArray, shape (n_steps,)
        Net load at which none of them gives anything: export and charging as high as they go. [kW]
    width_kw : NDArray
        What each gives at most. [kW]
    price : NDArray
        What a kW of it costs for the step. [currency/kW]
    """

    lowest_kw: Floats
    width_kw: Floats
    price: Floats

    def cost(self, net_kw: Floats, power_kw: Floats) -> Floats:
        """Return what drawing power on top of a net load costs, shape (n_levels, n_steps). [currency].

        Parameters
        ----------
        net_kw : NDArray, shape (n_steps,)
            Load without it, less all PV that is available. [kW]
        power_kw : NDArray, shape (n_levels, n_steps)
            What is drawn. [kW]
        """
        before = np.maximum(net_kw - self.lowest_kw, 0.0)
        return self._filled(before + power_kw) - self._filled(before[None, :])

    def _filled(self, need_kw: Floats) -> Floats:
        left, cost = need_kw, np.zeros_like(need_kw)
        for width, price in zip(self.width_kw.T, self.price.T, strict=True):
            taken = np.minimum(left, width)
            cost += price * taken
            left = left - taken
        return cost


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ceiling:
    """Import up to which a demand component costs nothing more in a billing period.

    Parameters
    ----------
    kw : NDArray, shape (n_steps,)
        Infinite where the component does not count. [kW]
    price : NDArray, shape (n_steps,)
        What a kW above it costs. [currency/kW]
    """

    kw: Floats
    price: Floats

    @property
    def lowest_kw(self) -> float:
        """The lowest of the steps; infinite where none counts. [kW]."""
        return float(self.kw.min())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standing:
    """How the rest of the site stands.

    Parameters
    ----------
    stored_value : Mapping of battery id to NDArray, shape (n_steps,)
        Worth of a kWh stored at the end of each step. [currency/kWh]
    ceilings : tuple of Ceiling, one a demand component and billing period
        Import that is free of demand charges.
    """

    stored_value: Mapping[str, Floats]
    ceilings: tuple[Ceiling, ...]

    def halfway(self, later: Standing) -> Standing:
        """Return the mean worth of stored energy, with the later ceilings: prices that swing come to rest."""
        stored = {name: 0.5 * (value + later.stored_value[name]) for name, value in self.stored_value.items()}
        return Standing(stored_value=stored, ceilings=later.ceilings)

    def below(self, component: int, ceiling_kw: float) -> Standing:
        """Return the same with the ceiling of one component elsewhere. [kW]."""
        ceilings = list(self.ceilings)
        counts = np.isfinite(ceilings[component].kw)
        ceilings[component] = replace(ceilings[component], kw=np.where(counts, ceiling_kw, np.inf))
        return replace(self, ceilings=tuple(ceilings))


def supply_of(site: Site, inputs: PlanInputs, problem: SiteProblem, standing: Standing) -> Supply:
    """Return the merit order of each step.

    With a price on stored energy and a ceiling on the import, the steps of a site no longer depend on each other, and
    each serves its load from the cheapest: PV that is curtailed, exported or charged otherwise, the battery, the grid
    below the ceiling, the grid above it (Lagrangian relaxation of the storage's and the peak's rows).

    Parameters
    ----------
    site, inputs, problem
        The site.
    standing : Standing
        Prices and ceilings.
    """
    n, step_h = inputs.grid.n_steps, inputs.grid.step_h
    sources: list[tuple[Floats, Floats]] = []
    for name, columns in problem.pv.items():
        width = np.zeros(n)
        width[columns.steps] = problem.available_kw[name][columns.steps]
        sources.append((width, np.zeros(n)))
    limit_kw = site.connection.export_limit_kw
    sources.append((np.full(n, limit_kw), step_h * problem.prices.export_per_kwh))
    for battery in site.batteries:
        limits = power_limits(battery, inputs.states[battery.id], n)
        value, wear = standing.stored_value[battery.id], battery.wear_cost_per_kwh
        sources.append((limits.charge_kw, step_h * (battery.charge_efficiency * value - wear)))
        sources.append((limits.discharge_kw, step_h * (value / battery.discharge_efficiency + wear)))
    lowest = -sum((width for width, _ in sources), np.zeros(n))
    for battery in site.batteries:
        lowest += power_limits(battery, inputs.states[battery.id], n).discharge_kw
    sources += _grid(site, problem, standing, step_h)
    width = np.column_stack([width for width, _ in sources])
    price = np.column_stack([price for _, price in sources])
    order = np.argsort(price, axis=1, kind="stable")
    return Supply(
        lowest_kw=lowest,
        width_kw=np.take_along_axis(width, order, axis=1),
        price=np.take_along_axis(price, order, axis=1),
    )


def _grid(site: Site, problem: SiteProblem, standing: Standing, step_h: float) -> list[tuple[Floats, Floats]]:
    """Import from ceiling to ceiling, each dearer than the one before, and what is beyond the connection."""
    price = step_h * problem.prices.import_per_kwh
    limit = np.full(len(price), site.connection.import_limit_kw)
    beyond = NEVER * step_h * problem.penalties.connection_per_kwh
    connection = Ceiling(kw=limit, price=np.full(len(price), beyond))
    heights = np.minimum(np.column_stack([ceiling.kw for ceiling in (*standing.ceilings, connection)]), limit[:, None])
    rates = np.column_stack([ceiling.price for ceiling in (*standing.ceilings, connection)])
    order = np.argsort(heights, axis=1, kind="stable")
    heights, rates = np.take_along_axis(heights, order, axis=1), np.take_along_axis(rates, order, axis=1)
    widths = np.diff(np.column_stack([np.zeros(len(price)), heights, np.full(len(price), np.inf)]), axis=1)
    steps = np.column_stack([price, price[:, None] + np.cumsum(rates, axis=1)])
    return list(zip(widths.T, steps.T, strict=True))
