"""Demand charge: the cost of raising the billing period's peak above what the meter has already reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.ledger import Ledger
from voltherm.domain.plan import PlanInputs
from voltherm.domain.tariffs import Demand, DemandLayout, Tariff
from voltherm.domain.tariffs.metering import metered_intervals
from voltherm.domain.time import TimeGrid
from voltherm.optimization.blocks.connection import ConnectionColumns
from voltherm.optimization.envelope import Segments, lower_envelope
from voltherm.optimization.model import Floats, Indices, Model

ROOM_KW = 1.0
"""Between the highest statistic that can occur and the column's bound."""

JUST_BELOW = 1e-9
"""The sum of a bracket is read this far below its upper edge, whichever side the edge itself falls to."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DemandColumns:
    """The peak of one component in one billing period.

    Parameters
    ----------
    rule : Demand
        The component.
    layout : DemandLayout
        Which steps count, and what is reached.
    n_steps : int
        Steps of the grid.
    peak_kw : Indices, shape (1,)
        Column of the period's statistic above what is reached already.
    reached_kw : float
        What is reached already. [kW]
    cost : Indices
        Columns that carry the cost of the peak.
    brackets : tuple of (float, float)
        Of a charge by brackets: where each bracket from the one reached on ends [kW], and what it costs more than the
        one reached, taxes included. [currency]
    """

    rule: Demand
    layout: DemandLayout
    n_steps: int
    peak_kw: Indices
    reached_kw: float
    cost: Indices
    brackets: tuple[tuple[float, float], ...]


def add_demand(
    model: Model, tariff: Tariff, rule: Demand, inputs: PlanInputs, connection: ConnectionColumns, factor: float
) -> list[DemandColumns]:
    """Add ``cost of (peak - reached)`` for each billing period in the grid, and return its columns.

    One maximum: ``p >= mean import`` of every metering interval in the window. A mean of the k highest:
    ``k p >= k u + sum s_b``, ``s_b >= d_b - u``, ``s_b >= 0`` with one ``d_b`` a bucket (the sum of the k largest of
    convex functions is convex; Boyd and Vandenberghe, Convex Optimization, 3.2.3). What the bill makes of the statistic
    (thresholds, floors, ratchets, later bills) enters as its greatest convex minorant, exact where the bill is convex.

    Parameters
    ----------
    model : Model
        Receives columns and rows.
    tariff : Tariff
        For billing periods, zone and taxes.
    rule : Demand
        The component.
    inputs : PlanInputs
        Grid and ledger.
    connection : ConnectionColumns
        The import columns.
    factor : float
        What taxes make of one unit of the component.
    """
    columns: list[DemandColumns] = []
    import_reach_kw = model.upper_bounds()[connection.import_kw]
    for period in tariff.periods(inputs.grid.interval):
        layout = rule.layout(inputs.grid, tariff.zone, period, inputs.ledger)
        if layout is None:
            continue
        reached = _mean_of_highest(layout.buckets_kw(np.zeros(inputs.grid.n_steps)), rule.top_k)
        highest = max(reached, float(layout.buckets_kw(import_reach_kw).max())) + ROOM_KW
        points, costs = _cost_points(tariff, rule, layout, (reached, highest))
        segments = lower_envelope(points, factor * costs)
        peak = model.columns(1, 0.0, float(segments.widths.sum()))
        cost = _add_cost(model, segments, peak)
        if rule.top_k == 1:
            _add_maximum(model, layout, connection, peak, reached)
        else:
            _add_mean_of_highest(model, layout, connection, peak, (rule.top_k, reached, highest))
        above = factor * (costs - costs[0])
        brackets = () if rule.steps is None else tuple(zip(points[1:].tolist(), above[1:].tolist(), strict=True))
        columns.append(
            DemandColumns(
                rule=rule,
                layout=layout,
                n_steps=inputs.grid.n_steps,
                peak_kw=peak,
                reached_kw=reached,
                cost=cost,
                brackets=brackets,
            )
        )
    return columns


def demand_scale(tariff: Tariff, grid: TimeGrid) -> float:
    """Return the sum of what one more kW costs in each demand component; steps count nothing. [currency/kW]."""
    period = tariff.period_of(grid.start)
    return sum(abs(rule.rate(period, tariff.zone)) for rule in tariff.demand_rules)


def _cost_points(
    tariff: Tariff, rule: Demand, layout: DemandLayout, span_kw: tuple[float, float]
) -> tuple[Floats, Floats]:
    """What the bill, this one and later ones, makes of the statistic from what is reached to what is possible."""
    reached, highest = span_kw
    breaks = rule.breakpoints_kw(layout.record, layout.period, tariff.zone)
    points = np.array([reached, *(at for at in breaks if reached < at < highest), highest])
    at = points if rule.steps is None else points - JUST_BELOW * np.maximum(1.0, points) * (points > reached)
    costs = [
        rule.amount(rule.billed_kw(kw, layout.record, layout.period, tariff.zone), layout.period, tariff.zone)
        + rule.later_bills(kw, layout.record, layout.period, tariff.zone)
        for kw in at.tolist()
    ]
    return points, np.array(costs)


def _mean_of_highest(buckets_kw: Floats, k: int) -> float:
    return float(np.sort(buckets_kw)[-k:].sum()) / k


def peak_line(columns: DemandColumns, import_kw: Floats, tolerance_kw: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the peak that each counted step is measured against, and the steps whose mean import touches it.

    Parameters
    ----------
    columns : DemandColumns
        The component and period.
    import_kw : NDArray, shape (n_steps,)
        Planned import. [kW]
    tolerance_kw : float
        Closer than this counts as touching. [kW]

    Returns
    -------
    line : NDArray, shape (n_steps,)
        The k-th highest bucket of the period, NaN where the component does not count. [kW]
    touches : NDArray of bool, shape (n_steps,)
        Where a planned interval is at the line and no lower peak was already reached.
    """
    layout = columns.layout
    means = layout.constant_kw + np.bincount(
        layout.interval, layout.weight * import_kw[layout.step], len(layout.constant_kw)
    )
    buckets = layout.buckets_kw(import_kw)
    k = min(columns.rule.top_k, len(buckets))
    level = float(np.partition(buckets, len(buckets) - k)[len(buckets) - k])
    line = np.full(columns.n_steps, np.nan)
    touches = np.zeros(columns.n_steps, dtype=np.bool_)
    line[layout.step] = level
    touches[layout.step] = (means[layout.interval] >= level - tolerance_kw) & (level > tolerance_kw)
    return line, touches


def peaks_kw(
    tariff: Tariff, inputs: PlanInputs, import_kw: Floats, known: tuple[DemandColumns, ...] = ()
) -> dict[str, float]:
    """Return, by demand component, the statistic of the running billing period with the planned import. [kW].

    Parameters
    ----------
    tariff : Tariff
        Demand components.
    inputs : PlanInputs
        Grid and ledger; the running period is that of the grid's start.
    import_kw : NDArray, shape (n_steps,)
        Planned import. [kW]
    known : tuple of DemandColumns
        Peaks whose layout was made from the same ledger, so that it need not be made again.
    """
    period = tariff.period_of(inputs.grid.start)
    layouts = {columns.rule.id: columns.layout for columns in known if columns.layout.period == period}
    peaks = {}
    for rule in tariff.demand_rules:
        layout = layouts.get(rule.id) or rule.layout(inputs.grid, tariff.zone, period, inputs.ledger)
        if layout is None:
            peaks[rule.id] = rule.reached_kw(rule.record_in(period, inputs.ledger, tariff.zone), tariff.zone)
        else:
            peaks[rule.id] = rule.statistic(layout.buckets_kw(import_kw))
    return peaks


def _add_maximum(
    model: Model, layout: DemandLayout, connection: ConnectionColumns, peak: Indices, reached_kw: float
) -> None:
    """Add ``mean import - (reached + p) <= 0`` for every interval."""
    rows = model.inequalities(reached_kw - layout.constant_kw)
    model.put_below(rows[layout.interval], connection.import_kw[layout.step], layout.weight)
    model.put_below(rows, np.repeat(peak, len(rows)), -1.0)


def _add_mean_of_highest(
    model: Model,
    layout: DemandLayout,
    connection: ConnectionColumns,
    peak: Indices,
    numbers: tuple[int, float, float],
) -> None:
    """Add the mean of the k highest buckets, among them those that are reached already."""
    k, reached_kw, highest_kw = numbers
    n_buckets = len(layout.bucket_reached_kw)
    ceiling = max(highest_kw, float(layout.bucket_reached_kw.max())) + 1.0
    bucket = model.columns(n_buckets, layout.bucket_reached_kw, ceiling)
    rows = model.inequalities(-layout.constant_kw)
    model.put_below(rows[layout.interval], connection.import_kw[layout.step], layout.weight)
    model.put_below(rows, bucket[layout.bucket], -1.0)
    others = np.sort(layout.other_buckets_kw)[::-1][:k]
    top = max(ceiling, float(others.max(initial=0.0)))
    level = model.columns(1, 0.0, top)
    above = model.columns(n_buckets + len(others), 0.0, top)
    rows = model.inequalities(np.concatenate([np.zeros(n_buckets), -others]))
    model.put_below(rows[:n_buckets], bucket, 1.0)
    model.put_below(rows, np.repeat(level, len(rows)), -1.0)
    model.put_below(rows, above, -1.0)
    total = model.inequalities(np.array([reached_kw]))
    model.put_below(total, level, 1.0)
    model.put_below(np.repeat(total, len(above)), above, 1.0 / k)
    model.put_below(total, peak, -1.0)


def _add_cost(model: Model, segments: Segments, peak: Indices) -> Indices:
    """Add the cost of the peak, and return the columns that carry it."""
    if len(segments.slopes) == 1:
        model.add_cost(peak, segments.slopes[0])
        return peak
    parts = model.columns(len(segments.slopes), 0.0, segments.widths, segments.slopes)
    row = model.inequalities(np.zeros(1))
    model.put_below(row, peak, 1.0)
    model.put_below(np.repeat(row, len(parts)), parts, -1.0)
    return parts


def peak_ceiling_kw(tariff: Tariff, ledger: Ledger, targets_kw: Mapping[str, float], grid: TimeGrid) -> float:
    """Return the import that raises no demand charge in the grid's first step; infinite where none counts. [kW].

    Parameters
    ----------
    tariff : Tariff
        Demand components.
    ledger : Ledger
        Peaks reached so far.
    targets_kw : Mapping of component id to float
        Peaks conceded.
    grid : TimeGrid
        Its first step is the one of interest.
    """
    lowest = float("inf")
    first, period = grid.part(0, 1), tariff.period_of(grid.start)
    for rule in tariff.demand_rules:
        layout = rule.layout(first, tariff.zone, period, ledger)
        intervals = metered_intervals(rule.metering, first, tariff.zone, period)
        if layout is None or intervals is None:
            continue
        held = np.sort(layout.other_buckets_kw)[::-1]
        own = float(layout.bucket_reached_kw.max())
        reached = rule.statistic(np.append(held, own))
        free = _free_statistic_kw(tariff, rule, layout, max(reached, targets_kw.get(rule.id, 0.0)))
        level = max(own, rule.top_k * free - float(held[: rule.top_k - 1].sum()))
        factor = float(intervals.factor.max())
        lowest = min(lowest, level / factor if factor > 0 else float("inf"))
    return lowest


def _free_statistic_kw(tariff: Tariff, rule: Demand, layout: DemandLayout, conceded_kw: float) -> float:
    """The highest statistic that costs no more than the conceded one: flat parts of the bill are free."""

    def cost(statistic_kw: float) -> float:
        billed = rule.billed_kw(statistic_kw, layout.record, layout.period, tariff.zone)
        later = rule.later_bills(statistic_kw, layout.record, layout.period, tariff.zone)
        return rule.amount(billed, layout.period, tariff.zone) + later

    free = conceded_kw
    for edge in rule.breakpoints_kw(layout.record, layout.period, tariff.zone):
        below = edge - JUST_BELOW * max(1.0, edge)
        if below > free and cost(below) <= cost(conceded_kw):
            free = below
    beyond = 2 * free + ROOM_KW
    return float("inf") if cost(beyond) <= cost(conceded_kw) else free
