"""Battery: charge, discharge and stored energy, with limits that are soft only where staying idle would break them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherm.domain.assets import Battery, BatteryState
from voltherm.domain.plan import Terminal
from voltherm.optimization.model import Floats, Indices, Model
from voltherm.optimization.penalties import Penalties
from voltherm.physics.battery import limit_or

TOLERANCE_KWH = 1e-9
"""Distance from the band below which a battery counts as inside it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BatteryColumns:
    """Columns of one battery.

    Parameters
    ----------
    charge_kw, discharge_kw : Indices, shape (n_steps,)
        AC power in each direction, both non-negative.
    energy_kwh : Indices, shape (n_steps,)
        Stored energy at the end of each step.
    """

    charge_kw: Indices
    discharge_kw: Indices
    energy_kwh: Indices


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What holds at the end of the horizon.

    Parameters
    ----------
    terminal : Terminal
        The condition.
    value_per_kwh : float
        Worth of stored energy, for ``Terminal.VALUE``. [currency/kWh]
    """

    terminal: Terminal
    value_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PowerLimits:
    """Limits of now. [kW], each of shape (n_steps,).

    Parameters
    ----------
    charge_kw, discharge_kw : NDArray
        Largest AC power in each direction.
    """

    charge_kw: Floats
    discharge_kw: Floats


def power_limits(battery: Battery, state: BatteryState, n_steps: int) -> PowerLimits:
    """Return the limits of each step: the rated ones, or those of now where they are lower."""
    charge, discharge = (
        np.broadcast_to(np.asarray(limit, dtype=np.float64), n_steps)
        for limit in (
            limit_or(state.charge_limit_kw, battery.charge_limit_kw),
            limit_or(state.discharge_limit_kw, battery.discharge_limit_kw),
        )
    )
    return PowerLimits(charge_kw=charge, discharge_kw=discharge)


def terminal_target_kwh(battery: Battery, state: BatteryState) -> float:
    """Return the least stored energy at the end, where it may not fall: the start, at most the top. [kWh]."""
    return min(state.soc, battery.soc_max) * battery.capacity_kwh


def add_battery(
    model: Model, battery: Battery, state: BatteryState, step_h: float, ending: Ending, penalties: Penalties
) -> BatteryColumns:
    """Add ``e' = e (1-loss)^h + h (eta_c c - d / eta_d)`` with its band, limits, taper, ramp and end.

    Parameters
    ----------
    model : Model
        Receives columns and rows; the battery draws ``c - d``.
    battery : Battery
        Parameters.
    state : BatteryState
        SOC at the start, limits and power of now.
    step_h : float
        Length of a step. [h]
    ending : Ending
        Condition and value at the end.
    penalties : Penalties
        Prices of the soft limits.
    """
    n, steps = len(model.steps), model.steps
    limits = power_limits(battery, state, n)
    wear = battery.wear_cost_per_kwh * step_h
    charge = model.columns(n, 0.0, limits.charge_kw, wear)
    discharge = model.columns(n, 0.0, limits.discharge_kw, wear)
    model.draw(charge, steps, 1.0)
    model.draw(discharge, steps, -1.0)
    columns = BatteryColumns(
        charge_kw=charge, discharge_kw=discharge, energy_kwh=_add_energy(model, battery, state, step_h, penalties)
    )
    _add_dynamics(model, battery, state, step_h, columns)
    _add_taper(model, battery, state, columns)
    if battery.ramp_limit_kw_per_min is not None:
        reach_kw = float(limits.charge_kw.max() + limits.discharge_kw.max())
        _add_ramp(model, battery.ramp_limit_kw_per_min * step_h * 60, reach_kw, state, columns, penalties.ramp_per_kw)
    _add_ending(model, battery, state, ending, columns.energy_kwh[-1:], penalties)
    return columns


def _add_energy(model: Model, battery: Battery, state: BatteryState, step_h: float, penalties: Penalties) -> Indices:
    """Stored energy in its band; outside it, at a price, no further than the battery already is or may decay to."""
    n, capacity = len(model.steps), battery.capacity_kwh
    low, high = battery.soc_floor * capacity, battery.soc_max * capacity
    start = state.soc * capacity
    kept = (1.0 - battery.standing_loss_per_h) ** step_h
    deepest = low - min(low, start) * kept ** np.arange(1, n + 1)
    excess = max(0.0, start - high)
    price = penalties.soc_per_kwh_h * step_h
    energy = model.columns(n, np.maximum(0.0, low - deepest), min(capacity, high + excess))
    if deepest[-1] > TOLERANCE_KWH:
        _add_slack(model, energy, (-1.0, -low), deepest, price)
    if excess > TOLERANCE_KWH:
        _add_slack(model, energy, (1.0, high), np.full(n, excess), price)
    return energy


def _add_slack(model: Model, energy: Indices, side: tuple[float, float], reach: Floats, price: float) -> None:
    """Add ``sign * e <= limit + slack`` for every step."""
    sign, limit = side
    slack = model.columns(len(energy), 0.0, reach, price)
    rows = model.inequalities(np.full(len(energy), limit))
    model.put_below(rows, energy, sign)
    model.put_below(rows, slack, -1.0)


def _add_dynamics(model: Model, battery: Battery, state: BatteryState, step_h: float, columns: BatteryColumns) -> None:
    kept = (1.0 - battery.standing_loss_per_h) ** step_h
    rhs = np.zeros(len(model.steps))
    rhs[0] = kept * state.soc * battery.capacity_kwh
    rows = model.equalities(rhs)
    model.put_equal(rows, columns.energy_kwh, 1.0)
    model.put_equal(rows[1:], columns.energy_kwh[:-1], -kept)
    model.put_equal(rows, columns.charge_kw, -step_h * battery.charge_efficiency)
    model.put_equal(rows, columns.discharge_kw, step_h / battery.discharge_efficiency)


def _add_taper(model: Model, battery: Battery, state: BatteryState, columns: BatteryColumns) -> None:
    """Add ``c <= C (1 - soc) / (1 - knee)`` and ``d <= D soc / knee`` with the SOC at the step's start."""
    capacity = battery.capacity_kwh
    start = state.soc * capacity
    if battery.charge_taper_soc < 1:
        per_kwh = battery.charge_limit_kw / (capacity * (1.0 - battery.charge_taper_soc))
        upper = np.full(len(model.steps), per_kwh * capacity)
        upper[0] -= per_kwh * start
        rows = model.inequalities(upper)
        model.put_below(rows, columns.charge_kw, 1.0)
        model.put_below(rows[1:], columns.energy_kwh[:-1], per_kwh)
    if battery.discharge_taper_soc > 0:
        per_kwh = battery.discharge_limit_kw / (capacity * battery.discharge_taper_soc)
        upper = np.zeros(len(model.steps))
        upper[0] = per_kwh * start
        rows = model.inequalities(upper)
        model.put_below(rows, columns.discharge_kw, 1.0)
        model.put_below(rows[1:], columns.energy_kwh[:-1], -per_kwh)


def _add_ramp(
    model: Model, ramp_kw: float, reach_kw: float, state: BatteryState, columns: BatteryColumns, price_per_kw: float
) -> None:
    """Add ``|P_t - P_(t-1)| <= ramp + over``; the first step counts from the power of now where it is known."""
    first = 0 if state.power_kw is not None else 1
    n = len(model.steps) - first
    over = model.columns(n, 0.0, reach_kw + abs(state.power_kw or 0.0), price_per_kw)
    for sign in (1.0, -1.0):
        upper = np.full(n, ramp_kw)
        if state.power_kw is not None:
            upper[0] += sign * state.power_kw
        rows = model.inequalities(upper)
        model.put_below(rows, columns.charge_kw[first:], sign)
        model.put_below(rows, columns.discharge_kw[first:], -sign)
        model.put_below(rows[1 - first :], columns.charge_kw[:-1], -sign)
        model.put_below(rows[1 - first :], columns.discharge_kw[:-1], sign)
        model.put_below(rows, over, -1.0)


def _add_ending(
    model: Model, battery: Battery, state: BatteryState, ending: Ending, last: Indices, penalties: Penalties
) -> None:
    if ending.terminal is Terminal.VALUE:
        model.add_cost(last, -ending.value_per_kwh)
        model.offset += ending.value_per_kwh * state.soc * battery.capacity_kwh
    elif ending.terminal is Terminal.AT_LEAST_START:
        target = terminal_target_kwh(battery, state)
        rows = model.inequalities(np.array([-target]))
        model.put_below(rows, last, -1.0)
        if battery.standing_loss_per_h > 0 and target > 0:
            missing = model.columns(1, 0.0, target, penalties.terminal_per_kwh)
            model.put_below(rows, missing, -1.0)
