"""The heat pump with its building: heat, backup and temperatures, comfort softly kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherm.domain.assets import HeatPump
from voltherm.domain.plan import Terminal
from voltherm.optimization.heat_setting import LIMIT_ROOM_K, HeatSetting
from voltherm.optimization.model import Floats, Indices, Model
from voltherm.optimization.penalties import Penalties
from voltherm.physics.building import dynamics, network
from voltherm.physics.heat_pump import heated_from, heating_limits_c

TOLERANCE_K = 1e-9
"""A band that is missed by less needs no slack."""

PADDING_K = 1e-3
"""Room between the warmest that can occur and the column's bound, so that the bound never binds by itself."""

COMMON_LOSS_KW_PER_K = 0.5
"""Up to this loss the default price of discomfort suffices; a room that loses more saves more by a kelvin less, and its
kelvin-hour costs more in proportion. Several times the loss of a common house. [kW/K]"""

FROST_STEEPNESS = 10.0
"""A kelvin-hour below the frost guard costs this many times the default price of discomfort on top of the discomfort:
the plan then stays above it by itself, and the guard, which asks for no price, has nothing to do."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatPumpColumns:
    """Columns of a heat pump.

    Parameters
    ----------
    compressor_kw : Indices, shape (n_steps,)
        Heat of the compressor.
    backup_kw : Indices, shape (n_steps,) or (0,)
        Electric power of the backup.
    room_kw : Indices, shape (n_rooms, n_steps), or (0, 0)
        Heat into each room; none for a single room without an emitter's limit.
    gained_k : Indices, shape (n_nodes, n_steps)
        How far heating brings the temperature of each node at each step's end above what it is without any.
    """

    compressor_kw: Indices
    backup_kw: Indices
    room_kw: Indices
    gained_k: Indices


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatWorth:
    """Worth of the heat that is stored at the end.

    Parameters
    ----------
    terminal : Terminal
        The condition.
    value_per_kwh : float
        Worth of a kWh of heat, for ``Terminal.VALUE``. [currency/kWh]
    """

    terminal: Terminal
    value_per_kwh: float


def add_heat_pump(model: Model, setting: HeatSetting, worth: HeatWorth, penalties: Penalties) -> HeatPumpColumns:
    """Add ``D' = A D + B q`` with ``T = T_free + D``, ``q = c + eta b`` and the draw ``c / COP + b``.

    ``T_free`` are the temperatures without any heat, so that weather and gains are in the limits and not in the rows,
    and ``D`` is small and begins at 0. Rooms stay in their band, and above the frost guard, at a price; heat does not
    bring them above the cut-out. What the frost guard does in the first steps is given.

    Parameters
    ----------
    model : Model
        Receives columns and rows.
    setting : HeatSetting
        What the heat pump meets.
    worth : HeatWorth
        Of the heat at the end.
    penalties : Penalties
        Prices of discomfort.
    """
    pump, n = setting.pump, len(model.steps)
    guarded = setting.guarded
    compressor = model.columns(n, *_bounds(guarded.compressor_kw, setting.compressor_most_kw))
    model.put_equal(model.balance, compressor, -1.0 / setting.points.cop)
    backup = np.empty(0, dtype=np.intp)
    if pump.backup is not None:
        backup = model.columns(n, *_bounds(guarded.backup_kw, setting.backup_most_kw))
        model.draw(backup, model.steps, 1.0)
    columns = HeatPumpColumns(
        compressor_kw=compressor,
        backup_kw=backup,
        room_kw=_add_rooms(model, setting, compressor, backup),
        gained_k=_add_gains(model, setting),
    )
    _add_dynamics(model, setting, columns)
    for room in range(len(pump.building.rooms)):
        _add_comfort(model, setting, room, columns.gained_k[room], penalties)
    _add_ending(model, setting, worth, columns.gained_k[:, -1], penalties)
    return columns


def _bounds(given: Floats, most: Floats) -> tuple[Floats, Floats]:
    """From nothing to the most, save for the first steps, which are given."""
    low, high = np.zeros(len(most)), most.copy()
    low[: len(given)] = high[: len(given)] = given
    return low, high


def _add_rooms(model: Model, setting: HeatSetting, compressor: Indices, backup: Indices) -> Indices:
    """Heat into each room, which adds up to what compressor and backup give."""
    rooms = setting.pump.building.rooms
    if len(rooms) == 1 and rooms[0].heat_limit_kw is None:
        return np.empty((0, 0), dtype=np.intp)
    n = len(model.steps)
    most, given = setting.reach.room_limit_kw, setting.guarded.heat_kw
    room_kw = np.array([model.columns(n, *_bounds(given[:, at], most[:, at])) for at in range(len(rooms))])
    rows = model.equalities(np.zeros(n))
    for columns in room_kw:
        model.put_equal(rows, columns, 1.0)
    model.put_equal(rows, compressor, -1.0)
    if len(backup):
        model.put_equal(rows, backup, -setting.backup_efficiency)
    return room_kw


def _add_gains(model: Model, setting: HeatSetting) -> Indices:
    reach, limits = setting.reach, heating_limits_c(setting.pump.building)
    top = np.where(setting.is_hard, limits + LIMIT_ROOM_K, reach.full_c + PADDING_K)
    return np.array(
        [model.columns(len(top), 0.0, top[:, node] - reach.free_c[:, node]) for node in range(top.shape[1])]
    )


def _add_dynamics(model: Model, setting: HeatSetting, columns: HeatPumpColumns) -> None:
    parts = dynamics(setting.pump.building, setting.step_h)
    for node, gained in enumerate(columns.gained_k):
        rows = model.equalities(np.zeros(len(gained)))
        model.put_equal(rows, gained, 1.0)
        for other, kept in enumerate(parts.transition[node]):
            model.put_equal(rows[1:], columns.gained_k[other][:-1], -kept)
        if len(columns.room_kw):
            for room, heat in enumerate(columns.room_kw):
                model.put_equal(rows, heat, -parts.heat[node, room])
            continue
        model.put_equal(rows, columns.compressor_kw, -parts.heat[node, 0])
        if len(columns.backup_kw):
            model.put_equal(rows, columns.backup_kw, -parts.heat[node, 0] * setting.backup_efficiency)


def _add_comfort(model: Model, setting: HeatSetting, room: int, gained_k: Indices, penalties: Penalties) -> None:
    """Add ``low - below - frozen <= T <= high + above`` in the steps in which the room can leave the band.

    ``below`` reaches to the frost guard, ``frozen`` from there on, so that the steeper price comes last.
    """
    band, reach, step_h = setting.bands[room], setting.reach, setting.step_h
    free, full = reach.free_c[:, room], reach.full_c[:, room]
    cold, heat = discomfort_prices(setting.pump, room, penalties)
    frost_c = np.full(len(free), setting.pump.building.frost_guard_c)
    edge_c = np.where(cold > 0, band.low_c, frost_c)
    can_cool = np.flatnonzero(free < edge_c - TOLERANCE_K)
    if len(can_cool):
        rows = model.inequalities(free[can_cool] - edge_c[can_cool])
        model.put_below(rows, gained_k[can_cool], -1.0)
        depth = edge_c[can_cool] - np.maximum(free, frost_c)[can_cool]
        deep = depth > TOLERANCE_K
        _add_slack(model, rows[deep], depth[deep], cold * step_h)
        frozen = free[can_cool] < frost_c[can_cool]
        depth = (frost_c - free)[can_cool]
        _add_slack(model, rows[frozen], depth[frozen], (cold + frost_price(setting.pump, room, penalties)) * step_h)
    can_heat = np.flatnonzero(full > band.high_c + TOLERANCE_K)
    if len(can_heat) and heat > 0:
        rows = model.inequalities((band.high_c - free)[can_heat])
        model.put_below(rows, gained_k[can_heat], 1.0)
        _add_slack(model, rows, (full - band.high_c)[can_heat] + PADDING_K, heat * step_h)


def _add_slack(model: Model, rows: Indices, reach: Floats, price: float) -> None:
    if len(rows):
        model.put_below(rows, model.columns(len(rows), 0.0, reach, price), -1.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatingEnd:
    """Where a node may be above its limit of heating, but not while heat is given to its room.

    Parameters
    ----------
    name : str
        Node and kind of heat.
    gained_k, heat : Indices, shape (n,)
        Columns of the node's temperature and of the heat, in the steps in question.
    limit_k : NDArray, shape (n,)
        The limit, in terms of ``gained_k``. [K]
    """

    name: str
    gained_k: Indices
    heat: Indices
    limit_k: Floats


def heating_ends(setting: HeatSetting, columns: HeatPumpColumns) -> list[HeatingEnd]:
    """Return what the linear problem does not know of the limits of heating.

    A node that sun, neighbours or its mass may lift above the limit by themselves has no bound there.
    """
    limits, reach = heating_limits_c(setting.pump.building) + LIMIT_ROOM_K, setting.reach
    unsure = reach.unheated_c > limits - LIMIT_ROOM_K
    unsure[: setting.n_guarded] = False
    ends = []
    for node, room in enumerate(heated_from(setting.pump.building)):
        steps = np.flatnonzero(unsure[:, node] & (reach.room_limit_kw[:, room] > 0))
        kinds = [columns.room_kw[room]] if len(columns.room_kw) else [columns.compressor_kw, columns.backup_kw]
        ends += [
            HeatingEnd(
                name=f"node {node}, heat {kind}",
                gained_k=columns.gained_k[node][steps],
                heat=heat[steps],
                limit_k=limits[node] - reach.free_c[steps, node],
            )
            for kind, heat in enumerate(kinds)
            if len(heat) and len(steps)
        ]
    return ends


def discomfort_prices(pump: HeatPump, room: int, penalties: Penalties) -> tuple[float, float]:
    """Return the price of an hour one kelvin below the band, and above it. [currency/(K h)]."""
    comfort = pump.building.comfort_of(pump.building.rooms[room])
    default = _default_price(pump, room, penalties)
    cold, heat = comfort.cold_price_per_kh, comfort.heat_price_per_kh
    return default if cold is None else cold, default if heat is None else heat


def frost_price(pump: HeatPump, room: int, penalties: Penalties) -> float:
    """Return what an hour one kelvin below the frost guard costs on top of the discomfort. [currency/(K h)]."""
    return FROST_STEEPNESS * _default_price(pump, room, penalties)


def _default_price(pump: HeatPump, room: int, penalties: Penalties) -> float:
    parts = pump.building.rooms[room]
    loss = parts.loss_kw_per_k + parts.mass_loss_kw_per_k
    return penalties.comfort_per_kh * max(1.0, loss / COMMON_LOSS_KW_PER_K)


def _add_ending(model: Model, setting: HeatSetting, worth: HeatWorth, last: Indices, penalties: Penalties) -> None:
    capacitance = network(setting.pump.building).capacitance_kwh_per_k
    left_kwh = float(capacitance @ setting.reach.free_c[-1])
    if worth.terminal is Terminal.VALUE:
        model.add_cost(last, -worth.value_per_kwh * capacitance)
        model.offset += worth.value_per_kwh * (float(capacitance @ setting.start_c) - left_kwh)
    elif worth.terminal is Terminal.AT_LEAST_START:
        wanted = heat_target_kwh(setting) - left_kwh
        if wanted <= 0:
            return
        rows = model.inequalities(np.array([-wanted]))
        for column, share in zip(last, capacitance, strict=True):
            model.put_below(rows, np.array([column]), -share)
        _add_slack(model, rows, np.array([wanted]), penalties.terminal_per_kwh_heat)


def heat_target_kwh(setting: HeatSetting) -> float:
    """Return the least heat at the end, above 0 degC, where it may not fall: the start's, at most the band's. [kWh]."""
    building = setting.pump.building
    capacitance, start = network(building).capacitance_kwh_per_k, setting.start_c.copy()
    tops = np.array([float(band.high_c[-1]) for band in setting.bands])
    return float(capacitance @ np.minimum(start, tops[heated_from(building)]))
