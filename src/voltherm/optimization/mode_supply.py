"""What a heat pump's electricity costs in each step, given how the rest of the site stands: a merit order by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.plan import PlanInputs
from voltherm.domain.site import Site
from voltherm.optimization.blocks.battery import power_limits
from voltherm.optimization.model import Floats
from voltherm.optimization.problem import SiteProblem

NEVER: Final = 100.0
"""A kW beyond the connection counts so many times its price: a heat pump stays off before it overloads a fuse, as it
does where it is planned as power, whatever the discomfort."""


ROUNDING_KW: Final = 1e-9
"""A load that the sources miss by less is served. [kW]"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """What can serve load in each step, arrays of shape (n_steps,).

    Parameters
    ----------
    width_kw : NDArray
        At most. [kW]
    price : NDArray
        Of a kW for the step. [currency/kW]
    is_sink : bool
        Whether it serves by giving up what it takes otherwise: export, charging, curtailment.
    """

    width_kw: Floats
    price: Floats
    is_sink: bool

    def where(self, is_there: NDArray[np.bool_]) -> Source:
        """Return the source in some steps only."""
        return replace(self, width_kw=np.where(is_there, self.width_kw, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeritOrder:
    """Sources of each step from the cheapest to the dearest, arrays of shape (n_steps, n_sources).

    Parameters
    ----------
    lowest_kw : NDArray, shape (n_steps,)
        Net load at which none of them gives anything: export and charging as high as they go. [kW]
    lowest_cost : NDArray, shape (n_steps,)
        What that costs: less than nothing where export and charging earn. [currency]
    width_kw : NDArray
        What each gives at most. [kW]
    price : NDArray
        What a kW of it costs for the step. [currency/kW]
    """

    lowest_kw: Floats
    lowest_cost: Floats
    width_kw: Floats
    price: Floats

    @classmethod
    def of(cls, sources: list[Source]) -> MeritOrder:
        """Return sources in order."""
        width = np.column_stack([source.width_kw for source in sources])
        price = np.column_stack([source.price for source in sources])
        order = np.argsort(price, axis=1, kind="stable")
        return cls(
            lowest_kw=-sum((each.width_kw for each in sources if each.is_sink), np.zeros(len(width))),
            lowest_cost=-sum((each.width_kw * each.price for each in sources if each.is_sink), np.zeros(len(width))),
            width_kw=np.take_along_axis(width, order, axis=1),
            price=np.take_along_axis(price, order, axis=1),
        )

    def cost(self, net_kw: Floats) -> Floats:
        """Return what a net load costs, infinite where the sources do not suffice; steps are the last axis. [currency].

        Parameters
        ----------
        net_kw : NDArray, shape (n_levels, n_steps)
            Load less all PV that is available. [kW]
        """
        left = np.maximum(net_kw - self.lowest_kw, 0.0)
        cost = np.zeros_like(left) + self.lowest_cost
        for width, price in zip(self.width_kw.T, self.price.T, strict=True):
            taken = np.minimum(left, width)
            cost += price * taken
            left = left - taken
        return np.where(left > ROUNDING_KW, np.inf, cost)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Supply:
    """What electricity costs in each step.

    Parameters
    ----------
    drawing, feeding : MeritOrder
        Where exporting earns more than importing costs, the site does the one or the other, not both: without export,
        and without import. Elsewhere both hold all sources, of which the dearer ones give when the others are used up.
    """

    drawing: MeritOrder
    feeding: MeritOrder

    def cost(self, net_kw: Floats, power_kw: Floats) -> Floats:
        """Return what drawing power on top of a net load costs, shape (n_levels, n_steps). [currency].

        Parameters
        ----------
        net_kw : NDArray, shape (n_steps,)
            Load without it, less all PV that is available. [kW]
        power_kw : NDArray, shape (n_levels, n_steps)
            What is drawn. [kW]
        """
        loads = np.vstack([net_kw, net_kw + power_kw])
        drawing = np.where(loads < self.drawing.lowest_kw - ROUNDING_KW, np.inf, self.drawing.cost(loads))
        cost = self.feeding.cost(loads)
        cost = np.where(drawing < cost, drawing, cost)
        return np.asarray(cost[1:] - cost[0])


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
    prices, step_h = problem.prices, inputs.grid.step_h
    export_kw = np.full(inputs.grid.n_steps, site.connection.export_limit_kw)
    export = Source(width_kw=export_kw, price=step_h * prices.export_per_kwh, is_sink=True)
    own = [*_curtailed(problem, inputs), *_stored(site, inputs, standing)]
    grid = _grid(site, problem, standing, step_h)
    both_pay = prices.export_per_kwh > prices.import_per_kwh
    if not both_pay.any():
        all_sources = MeritOrder.of([*own, export, *grid])
        return Supply(drawing=all_sources, feeding=all_sources)
    return Supply(
        drawing=MeritOrder.of([*own, export.where(~both_pay), *grid]),
        feeding=MeritOrder.of([*own, export, *(source.where(~both_pay) for source in grid)]),
    )


def _curtailed(problem: SiteProblem, inputs: PlanInputs) -> Iterator[Source]:
    """PV that need not be curtailed."""
    nothing = np.zeros(inputs.grid.n_steps)
    for name, columns in problem.pv.items():
        width = nothing.copy()
        width[columns.steps] = problem.available_kw[name][columns.steps]
        yield Source(width_kw=width, price=nothing, is_sink=True)


def _stored(site: Site, inputs: PlanInputs, standing: Standing) -> Iterator[Source]:
    """What batteries need not charge, and what they can discharge, which never is the cheaper of the two."""
    n, step_h = inputs.grid.n_steps, inputs.grid.step_h
    for battery in site.batteries:
        limits = power_limits(battery, inputs.states[battery.id], n)
        value, wear = standing.stored_value[battery.id], battery.wear_cost_per_kwh
        not_charged = step_h * (battery.charge_efficiency * value - wear)
        discharged = np.maximum(step_h * (value / battery.discharge_efficiency + wear), not_charged)
        yield Source(width_kw=limits.charge_kw, price=not_charged, is_sink=True)
        yield Source(width_kw=limits.discharge_kw, price=discharged, is_sink=False)


def _grid(site: Site, problem: SiteProblem, standing: Standing, step_h: float) -> list[Source]:
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
    return [Source(width_kw=width, price=each, is_sink=False) for width, each in zip(widths.T, steps.T, strict=True)]
