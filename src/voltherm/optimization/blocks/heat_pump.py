"""The heat pump with its building: heat, backup and temperatures, comfort softly kept."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from voltherm.domain.assets import HeatPump
from voltherm.domain.comfort import ComfortBand
from voltherm.domain.plan import PlanInputs, Terminal
from voltherm.optimization.model import Floats, Indices, Model
from voltherm.optimization.penalties import Penalties
from voltherm.physics.building import Dynamics, Weather, dynamics, forcing_c, network, start_temps_c
from voltherm.physics.heat_pump import OperatingPoints, operating_points

TOLERANCE_K = 1e-9
"""A band that is missed by less needs no slack."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatSetting:
    """What a heat pump meets over the horizon: everything about it that is no decision.

    Parameters
    ----------
    pump : HeatPump
        Parameters.
    start_c : NDArray, shape (n_nodes,)
        Temperatures at the start. [degC]
    weather : Weather
        Outdoor temperature and sun.
    points : OperatingPoints
        COP and capacity of each step.
    bands : tuple of ComfortBand, one a room
        Comfort.
    step_h : float
        Length of a step. [h]
    free_c, full_c : NDArray, shape (n_steps, n_nodes)
        Temperatures at the steps' ends without any heat, and with all of it all the time. [degC]
    """

    pump: HeatPump
    start_c: Floats
    weather: Weather
    points: OperatingPoints
    bands: tuple[ComfortBand, ...]
    step_h: float
    free_c: Floats
    full_c: Floats

    @property
    def backup_limit_kw(self) -> float:
        """Largest electric power of the backup; 0 without one. [kW]."""
        return 0.0 if self.pump.backup is None else self.pump.backup.limit_kw

    @property
    def backup_efficiency(self) -> float:
        """Heat over electricity of the backup."""
        return 1.0 if self.pump.backup is None else self.pump.backup.efficiency

    @property
    def highest_kw(self) -> Floats:
        """Largest electric power in each step, shape (n_steps,), without standby. [kW]."""
        return self.points.capacity_kw / self.points.cop + self.backup_limit_kw

    @property
    def mean_cop(self) -> float:
        """Heat over electricity of the compressor, over the horizon; 1 where it never runs."""
        power = float((self.points.capacity_kw / self.points.cop).sum())
        return float(self.points.capacity_kw.sum()) / power if power > 0 else 1.0


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
    temp_c : Indices, shape (n_nodes, n_steps)
        Temperatures at the steps' ends.
    """

    compressor_kw: Indices
    backup_kw: Indices
    room_kw: Indices
    temp_c: Indices


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatWorth:
    """Worth of the heat that is stored at the end, and the price of discomfort.

    Parameters
    ----------
    terminal : Terminal
        The condition.
    value_per_kwh : float
        Worth of a kWh of heat, for ``Terminal.VALUE``. [currency/kWh]
    """

    terminal: Terminal
    value_per_kwh: float


def heat_settings(pumps: tuple[HeatPump, ...], inputs: PlanInputs, zone: ZoneInfo) -> dict[str, HeatSetting]:
    """Return what each heat pump meets, by id.

    Parameters
    ----------
    pumps : tuple of HeatPump
        Of the site.
    inputs : PlanInputs
        Grid, weather and states; checked by the caller.
    zone : ZoneInfo
        Of the comfort windows.
    """
    return {pump.id: _setting(pump, inputs, zone) for pump in pumps}


def _setting(pump: HeatPump, inputs: PlanInputs, zone: ZoneInfo) -> HeatSetting:
    grid, building = inputs.grid, pump.building
    outdoor = inputs.weather["outdoor_c"].values
    sun = inputs.weather.get("irradiance_w_m2")
    weather = Weather(outdoor_c=outdoor, irradiance_w_m2=np.zeros(grid.n_steps) if sun is None else sun.values)
    points = operating_points(pump, outdoor, grid.epoch_seconds)
    start = start_temps_c(building, inputs.heat[pump.id].building)
    parts = dynamics(building, grid.step_h)
    limit_kw, efficiency = (0.0, 1.0) if pump.backup is None else (pump.backup.limit_kw, pump.backup.efficiency)
    total = points.capacity_kw + efficiency * limit_kw
    rooms_kw = [np.inf if room.heat_limit_kw is None else room.heat_limit_kw for room in building.rooms]
    most = np.minimum(total[:, None], np.array(rooms_kw))
    forcing = forcing_c(parts, weather)
    return HeatSetting(
        pump=pump,
        start_c=start,
        weather=weather,
        points=points,
        bands=tuple(building.comfort_of(room).band(grid, zone) for room in building.rooms),
        step_h=grid.step_h,
        free_c=_run(parts, start, forcing),
        full_c=_run(parts, start, forcing + most @ parts.heat.T),
    )


def _run(parts: Dynamics, start_c: Floats, added_k: Floats) -> Floats:
    temps, now = np.empty_like(added_k), start_c
    for step, extra in enumerate(added_k):
        now = parts.transition @ now + extra
        temps[step] = now
    return temps


def add_heat_pump(model: Model, setting: HeatSetting, worth: HeatWorth, penalties: Penalties) -> HeatPumpColumns:
    """Add ``T' = A T + B (outdoor, sun, gains) + B_q q`` with ``q = c + eta b`` and the draw ``c / COP + b``.

    Rooms stay in their band at a price; above the cut-out they get no heat. The temperatures' bounds are those of the
    building without heat and with all of it, so that they are finite and never bind by themselves.

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
    compressor = model.columns(n, 0.0, setting.points.capacity_kw)
    model.put_equal(model.balance, compressor, -1.0 / setting.points.cop)
    backup = np.empty(0, dtype=np.intp)
    if pump.backup is not None:
        backup = model.columns(n, 0.0, pump.backup.limit_kw)
        model.draw(backup, model.steps, 1.0)
    columns = HeatPumpColumns(
        compressor_kw=compressor,
        backup_kw=backup,
        room_kw=_add_rooms(model, setting, compressor, backup),
        temp_c=_add_temps(model, setting),
    )
    _add_dynamics(model, setting, columns)
    for room in range(len(pump.building.rooms)):
        _add_comfort(model, setting, room, columns.temp_c[room], penalties)
    _add_ending(model, setting, worth, columns.temp_c[:, -1], penalties)
    return columns


def _add_rooms(model: Model, setting: HeatSetting, compressor: Indices, backup: Indices) -> Indices:
    """Heat into each room, which adds up to what compressor and backup give."""
    rooms = setting.pump.building.rooms
    if len(rooms) == 1 and rooms[0].heat_limit_kw is None:
        return np.empty((0, 0), dtype=np.intp)
    n = len(model.steps)
    total = setting.points.capacity_kw + setting.backup_efficiency * setting.backup_limit_kw
    limits = [total if room.heat_limit_kw is None else np.minimum(total, room.heat_limit_kw) for room in rooms]
    room_kw = np.array([model.columns(n, 0.0, limit) for limit in limits])
    rows = model.equalities(np.zeros(n))
    for columns in room_kw:
        model.put_equal(rows, columns, 1.0)
    model.put_equal(rows, compressor, -1.0)
    if len(backup):
        model.put_equal(rows, backup, -setting.backup_efficiency)
    return room_kw


def _add_temps(model: Model, setting: HeatSetting) -> Indices:
    n_rooms, cut_out = len(setting.pump.building.rooms), setting.pump.building.cut_out_c
    temps = []
    for node in range(setting.pump.building.n_nodes):
        free, full = setting.free_c[:, node], setting.full_c[:, node]
        upper = np.minimum(full, np.maximum(cut_out, free)) if node < n_rooms else full
        temps.append(model.columns(len(free), free - TOLERANCE_K, upper + TOLERANCE_K))
    return np.array(temps)


def _add_dynamics(model: Model, setting: HeatSetting, columns: HeatPumpColumns) -> None:
    parts = dynamics(setting.pump.building, setting.step_h)
    forcing = forcing_c(parts, setting.weather)
    forcing[0] += parts.transition @ setting.start_c
    for node, temp in enumerate(columns.temp_c):
        rows = model.equalities(forcing[:, node])
        model.put_equal(rows, temp, 1.0)
        for other, kept in enumerate(parts.transition[node]):
            model.put_equal(rows[1:], columns.temp_c[other][:-1], -kept)
        if len(columns.room_kw):
            for room, heat in enumerate(columns.room_kw):
                model.put_equal(rows, heat, -parts.heat[node, room])
            continue
        model.put_equal(rows, columns.compressor_kw, -parts.heat[node, 0])
        if len(columns.backup_kw):
            model.put_equal(rows, columns.backup_kw, -parts.heat[node, 0] * setting.backup_efficiency)


def _add_comfort(model: Model, setting: HeatSetting, room: int, temp_c: Indices, penalties: Penalties) -> None:
    """Add ``low - below <= T <= high + above`` in the steps in which the building can leave the band."""
    band = setting.bands[room]
    cold, heat = discomfort_prices(setting.pump, room, penalties)
    can_cool = np.flatnonzero(setting.free_c[:, room] < band.low_c - TOLERANCE_K)
    reach = band.low_c[can_cool] - setting.free_c[can_cool, room] + TOLERANCE_K
    _add_slack(model, temp_c[can_cool], (-1.0, -band.low_c[can_cool]), reach, cold * setting.step_h)
    can_heat = np.flatnonzero(setting.full_c[:, room] > band.high_c + TOLERANCE_K)
    reach = setting.full_c[can_heat, room] - band.high_c[can_heat] + TOLERANCE_K
    _add_slack(model, temp_c[can_heat], (1.0, band.high_c[can_heat]), reach, heat * setting.step_h)


def _add_slack(model: Model, temp_c: Indices, side: tuple[float, Floats], reach: Floats, price: float) -> None:
    if not len(temp_c):
        return
    sign, limit = side
    slack = model.columns(len(temp_c), 0.0, reach, price)
    rows = model.inequalities(limit)
    model.put_below(rows, temp_c, sign)
    model.put_below(rows, slack, -1.0)


def discomfort_prices(pump: HeatPump, room: int, penalties: Penalties) -> tuple[float, float]:
    """Return the price of an hour one kelvin below the band, and above it. [currency/(K h)]."""
    comfort = pump.building.comfort_of(pump.building.rooms[room])
    default = penalties.comfort_per_kh
    cold, heat = comfort.cold_price_per_kh, comfort.heat_price_per_kh
    return default if cold is None else cold, default if heat is None else heat


def _add_ending(model: Model, setting: HeatSetting, worth: HeatWorth, last: Indices, penalties: Penalties) -> None:
    capacitance = network(setting.pump.building).capacitance_kwh_per_k
    if worth.terminal is Terminal.VALUE:
        model.add_cost(last, -worth.value_per_kwh * capacitance)
        model.offset += worth.value_per_kwh * float(capacitance @ setting.start_c)
    elif worth.terminal is Terminal.AT_LEAST_START:
        target = heat_target_kwh(setting)
        rows = model.inequalities(np.array([-target]))
        least = float(capacitance @ setting.free_c[-1])
        for column, share in zip(last, capacitance, strict=True):
            model.put_below(rows, np.array([column]), -share)
        missing = model.columns(1, 0.0, max(0.0, target - least) + TOLERANCE_K, penalties.terminal_per_kwh)
        model.put_below(rows, missing, -1.0)


def heat_target_kwh(setting: HeatSetting) -> float:
    """Return the least heat at the end, above 0 degC, where it may not fall: the start's, at most the band's. [kWh]."""
    building = setting.pump.building
    capacitance, start = network(building).capacitance_kwh_per_k, setting.start_c.copy()
    tops = [float(band.high_c[-1]) for band in setting.bands]
    with_mass = [at for at, room in enumerate(building.rooms) if room.has_mass]
    limits = np.array([*tops, *(tops[at] for at in with_mass)])
    return float(capacitance @ np.minimum(start, limits))
