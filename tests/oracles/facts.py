"""What an oracle must know of a site and its inputs, as plain arrays read from domain objects alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.assets import Battery
from voltherm.domain.plan import PlanInputs, Terminal
from voltherm.domain.site import Site
from voltherm.domain.tariffs import Demand, Direction, Tariff, Tax, Unit
from voltherm.domain.time import Interval, TimeGrid

Floats = NDArray[np.float64]


class NotExpressibleError(ValueError):
    """The oracle has no formulation for something in the site."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BatteryFacts:
    """One battery. Energies in kWh, powers in kW, ``kept`` the share of stored energy that a step leaves."""

    capacity: float
    start: float
    low: float
    high: float
    charge_limit: Floats
    discharge_limit: Floats
    rated_charge: float
    rated_discharge: float
    charge_efficiency: float
    discharge_efficiency: float
    kept: float
    wear: float
    charge_taper_soc: float
    discharge_taper_soc: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WindowFacts:
    """One demand window in one billing period: the intervals that count, the rate, and the peak reached so far.

    ``intervals`` holds the step indices of each metering interval, whose plain mean counts.
    """

    name: str
    intervals: tuple[tuple[int, ...], ...]
    rate: float
    reached: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteFacts:
    """One site over one grid; arrays of shape (n,), powers in kW, prices per kWh."""

    n: int
    step_h: float
    load: Floats
    pv: tuple[tuple[Floats, bool], ...]
    batteries: tuple[BatteryFacts, ...]
    import_price: Floats
    export_price: Floats
    import_limit: float
    export_limit: float
    windows: tuple[WindowFacts, ...]
    terminal: Terminal
    stored_value: float


def facts_of(site: Site, inputs: PlanInputs, stored_value_per_kwh: float = 0.0) -> SiteFacts:
    """Return the facts.

    Parameters
    ----------
    site, inputs
        What is planned; peaks conceded by targets must be in the ledger already.
    stored_value_per_kwh : float
        Worth of stored energy at the end, for ``Terminal.VALUE``.

    Raises
    ------
    NotExpressibleError
        For a tariff rule that the oracles do not write down: tiers, statistics other than one maximum, thresholds.
    """
    n = inputs.grid.n_steps
    load = np.zeros(n)
    for asset in site.loads:
        load = load + inputs.power_kw[asset.id].values
    load = load + sum(battery.standby_kw for battery in site.batteries)
    import_price, export_price = _prices(site.tariff, inputs)
    return SiteFacts(
        n=n,
        step_h=inputs.grid.step_h,
        load=load,
        pv=tuple(_pv(site, inputs)),
        batteries=tuple(_battery(battery, inputs) for battery in site.batteries),
        import_price=import_price,
        export_price=export_price,
        import_limit=site.connection.import_limit_kw,
        export_limit=site.connection.export_limit_kw,
        windows=tuple(_windows(site.tariff, inputs)),
        terminal=inputs.options.terminal,
        stored_value=stored_value_per_kwh if inputs.options.terminal is Terminal.VALUE else 0.0,
    )


def _pv(site: Site, inputs: PlanInputs) -> Iterator[tuple[Floats, bool]]:
    for plant in site.pv_plants:
        offered = inputs.power_kw[plant.id].values
        rated = float("inf") if plant.rated_kw is None else plant.rated_kw
        yield np.minimum(offered, rated), plant.curtailable


def _battery(battery: Battery, inputs: PlanInputs) -> BatteryFacts:
    state, n = inputs.states[battery.id], inputs.grid.n_steps
    limits = []
    for now, rated in (
        (state.charge_limit_kw, battery.charge_limit_kw),
        (state.discharge_limit_kw, battery.discharge_limit_kw),
    ):
        limits.append(np.minimum(np.full(n, rated), np.inf if now is None else now))
    return BatteryFacts(
        capacity=battery.capacity_kwh,
        start=state.soc * battery.capacity_kwh,
        low=max(battery.soc_min, battery.reserve_soc) * battery.capacity_kwh,
        high=battery.soc_max * battery.capacity_kwh,
        charge_limit=limits[0],
        discharge_limit=limits[1],
        rated_charge=battery.charge_limit_kw,
        rated_discharge=battery.discharge_limit_kw,
        charge_efficiency=battery.charge_efficiency,
        discharge_efficiency=battery.discharge_efficiency,
        kept=(1.0 - battery.standing_loss_per_h) ** inputs.grid.step_h,
        wear=battery.wear_cost_per_kwh,
        charge_taper_soc=battery.charge_taper_soc,
        discharge_taper_soc=battery.discharge_taper_soc,
    )


def _prices(tariff: Tariff, inputs: PlanInputs) -> tuple[Floats, Floats]:
    """Import and export price of each step with every tax."""
    prices = {Direction.IMPORT: np.zeros(inputs.grid.n_steps), Direction.EXPORT: np.zeros(inputs.grid.n_steps)}
    for rule in tariff.energy_rules:
        if rule.price is None or rule.variant is not None or rule.quantity.unit is not Unit.KW:
            message = f"{rule.id}: tiers, variants and reactive energy have no oracle"
            raise NotExpressibleError(message)
        if rule.price.const is not None:
            price = np.full(inputs.grid.n_steps, rule.price.const)
        elif rule.price.series is not None:
            price = rule.price.scale * inputs.prices[rule.price.series].values + rule.price.add
            price = np.clip(price, rule.price.minimum, rule.price.maximum)
        else:
            message = f"{rule.id}: prices by month have no oracle"
            raise NotExpressibleError(message)
        prices[rule.direction] += _with_taxes(tariff, rule.id) * rule.when.share(inputs.grid, tariff.zone) * price
    return prices[Direction.IMPORT], prices[Direction.EXPORT]


def _with_taxes(tariff: Tariff, name: str) -> float:
    """What one unit of the component costs with taxes, and taxes on taxes."""
    parts = {name: 1.0}
    for tax in (rule for rule in tariff.components if isinstance(rule, Tax)):
        if tax.is_conditional:
            message = f"{tax.id}: a conditional tax has no oracle"
            raise NotExpressibleError(message)
        if not tax.included:
            parts[tax.id] = tax.rate * sum(amount for part, amount in parts.items() if tax.falls_on(part))
    return sum(parts.values())


def _windows(tariff: Tariff, inputs: PlanInputs) -> Iterator[WindowFacts]:
    for rule in tariff.demand_rules:
        plain = rule.top_k == 1 and rule.over_periods is None and rule.steps is None and rule.variant is None
        if not plain or rule.metering.weights or rule.threshold_kw or rule.floor_kw or rule.price is None:
            message = f"{rule.id}: only the highest mean at one price has an oracle"
            raise NotExpressibleError(message)
        for period in tariff.periods(inputs.grid.interval):
            intervals = tuple(_intervals(rule, tariff, inputs, period))
            record = inputs.ledger.demand_record(rule.id)
            held = [kw for _, kw in record.buckets] if record.period_start == period.start else []
            if intervals:
                rate = _with_taxes(tariff, rule.id) * rule.rate(period, tariff.zone)
                yield WindowFacts(name=rule.id, intervals=intervals, rate=rate, reached=max(held, default=0.0))


def _intervals(rule: Demand, tariff: Tariff, inputs: PlanInputs, period: Interval) -> Iterator[tuple[int, ...]]:
    """Steps of each metering interval that begins inside the window and the period, whole local clock intervals."""
    grid, minutes = inputs.grid, rule.metering.interval_minutes
    if minutes is None or grid.step_seconds > 60 * minutes:
        message = f"{rule.id}: intervals shorter than a step, or means of a day, have no oracle"
        raise NotExpressibleError(message)
    # Intervals follow each other without a gap; the grid may begin inside the first.
    starts = grid.epoch_seconds - 60 * (grid.local(tariff.zone).minute_of_day % minutes)
    firsts = np.flatnonzero(np.diff(starts, prepend=starts[0] - 1)).tolist()
    clock = TimeGrid(datetime.fromtimestamp(int(starts[0]), UTC), timedelta(minutes=minutes), len(firsts))
    inside = (clock.epoch_seconds >= period.start.timestamp()) & (clock.epoch_seconds < period.end.timestamp())
    counts = rule.metering.when.holds_at(clock, tariff.zone) & inside
    for first, end, is_counted in zip(firsts, [*firsts[1:], grid.n_steps], counts.tolist(), strict=True):
        if is_counted:
            yield tuple(range(first, end))
