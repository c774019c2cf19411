"""What an oracle must know of a heat pump and its house, as plain arrays worked out here and not by the package.

COP and capacity are facts like prices: the package's own, proven elsewhere. So are the prices of discomfort.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from voltherm.domain.assets import Building, HeatPump, Room
from voltherm.domain.comfort import Comfort, ComfortWindow
from voltherm.domain.plan import PlanInputs, Terminal
from voltherm.domain.site import Site
from voltherm.physics.heat_pump import OperatingPoints

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatPrices:
    """What heat and discomfort cost: of each room a kelvin-hour below, above, and below the frost guard besides.

    ``stored`` is the worth of a kWh of heat at the end, ``missing`` the price of one that is not there.
    """

    cold: tuple[float, ...]
    warm: tuple[float, ...]
    frost: tuple[float, ...]
    stored: float
    missing: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatFacts:
    """One heat pump with its house; temperatures in degC, nodes are airs and then masses.

    ``kept`` (nodes, nodes), ``given`` (n, nodes) and ``by_heat`` (nodes, rooms) make a step:
    ``T' = kept T + given + by_heat q``.
    """

    start: Floats
    kept: Floats
    given: Floats
    by_heat: Floats
    capacitance: Floats
    capacity: Floats
    cop: Floats
    backup: float
    efficiency: float
    emitters: Floats
    low: Floats
    high: Floats
    frost: float
    standby: float
    prices: HeatPrices
    stored_value: float
    least_stored: float | None


def heat_facts_of(site: Site, inputs: PlanInputs, points: OperatingPoints, prices: HeatPrices) -> HeatFacts:
    """Return the facts of the site's one heat pump."""
    (pump,) = site.heat_pumps
    building, terminal = pump.building, inputs.options.terminal
    kept, by_weather, by_heat, capacitance = _steps(building, inputs.grid.step_h)
    weather = np.stack([inputs.weather["outdoor_c"].values, inputs.weather["irradiance_w_m2"].values / 1000])
    bands = [_edges(building.comfort_of(room), site, inputs) for room in building.rooms]
    low, high = (np.array([band[side] for band in bands]).T for side in (0, 1))
    start = _start(pump, inputs)
    owners = [*building.rooms, *(room for room in building.rooms if room.mass_capacitance_kwh_per_k)]
    tops = [high[-1, building.rooms.index(room)] for room in owners]
    return HeatFacts(
        start=start,
        kept=kept,
        given=(by_weather @ np.vstack([weather, np.ones(inputs.grid.n_steps)])).T,
        by_heat=by_heat,
        capacitance=capacitance,
        capacity=points.capacity_kw,
        cop=points.cop,
        backup=pump.backup.limit_kw if pump.backup else 0.0,
        efficiency=pump.backup.efficiency if pump.backup else 1.0,
        emitters=np.array([room.heat_limit_kw or 1e4 for room in building.rooms]),
        low=low,
        high=high,
        frost=building.frost_guard_c,
        standby=pump.standby_kw,
        prices=prices,
        stored_value=prices.stored if terminal is Terminal.VALUE else 0.0,
        least_stored=float(capacitance @ np.minimum(start, tops)) if terminal is Terminal.AT_LEAST_START else None,
    )


def _start(pump: HeatPump, inputs: PlanInputs) -> Floats:
    state = inputs.heat[pump.id].building
    airs = [state.room_c[room.id] for room in pump.building.rooms]
    heavy = [room.id for room in pump.building.rooms if room.mass_capacitance_kwh_per_k > 0]
    return np.array([*airs, *(state.mass_c.get(name, state.room_c[name]) for name in heavy)])


def _steps(building: Building, step_h: float) -> tuple[Floats, Floats, Floats, Floats]:
    """``T' = exp(M h) T + (integral of exp(M s) over the step) u / C``, both from one exponential."""
    nodes = [(room.id, "air") for room in building.rooms]
    nodes += [(room.id, "mass") for room in building.rooms if room.mass_capacitance_kwh_per_k > 0]
    flows, sources = np.zeros((len(nodes), len(nodes))), np.zeros((len(nodes), 3))
    heat, capacitance = np.zeros((len(nodes), len(building.rooms))), np.zeros(len(nodes))
    for number, room in enumerate(building.rooms):
        _add_room(room, (nodes, number), (flows, sources, heat, capacitance))
    for wall in building.walls:
        _add_flow(flows, nodes.index((wall.rooms[0], "air")), nodes.index((wall.rooms[1], "air")), wall)
    n = len(nodes)
    joined = np.block([[flows / capacitance[:, None], np.eye(n)], [np.zeros((n, 2 * n))]])
    stepped = expm(joined * step_h)
    held = stepped[:n, n:] / capacitance
    return stepped[:n, :n], held @ sources, held @ heat, capacitance


def _add_room(
    room: Room, place: tuple[list[tuple[str, str]], int], parts: tuple[Floats, Floats, Floats, Floats]
) -> None:
    """Sources are outdoor air, sun in kW/m2, and one for the gains."""
    (nodes, number), (flows, sources, heat, capacitance) = place, parts
    air = nodes.index((room.id, "air"))
    capacitance[air] = room.capacitance_kwh_per_k
    flows[air, air] -= room.loss_kw_per_k
    sources[air] = room.loss_kw_per_k, room.solar_aperture_m2 * (1 - room.solar_to_mass), room.internal_gain_kw
    heat[air, number] = 1 - room.heat_to_mass
    if room.mass_capacitance_kwh_per_k > 0:
        mass = nodes.index((room.id, "mass"))
        capacitance[mass] = room.mass_capacitance_kwh_per_k
        flows[mass, mass] -= room.mass_loss_kw_per_k
        sources[mass] = room.mass_loss_kw_per_k, room.solar_aperture_m2 * room.solar_to_mass, 0.0
        heat[mass, number] = room.heat_to_mass
        for one, other in ((air, mass), (mass, air)):
            flows[one, one] -= room.mass_coupling_kw_per_k
            flows[one, other] += room.mass_coupling_kw_per_k


def _add_flow(flows: Floats, one: int, other: int, wall: object) -> None:
    for here, there in ((one, other), (other, one)):
        flows[here, here] -= wall.conductance_kw_per_k
        flows[here, there] += wall.conductance_kw_per_k


def _edges(comfort: Comfort, site: Site, inputs: PlanInputs) -> tuple[list[float], list[float]]:
    lows, highs = [], []
    for step in range(inputs.grid.n_steps):
        local = (inputs.grid.start + step * inputs.grid.step).astimezone(site.zone)
        open_now = [window for window in comfort.windows if _is_open(window, local)]
        chosen = open_now[-1] if open_now else comfort
        lows.append(chosen.low_c)
        highs.append(chosen.high_c)
    return lows, highs


def _is_open(window: ComfortWindow, local: datetime) -> bool:
    minute = 60 * local.hour + local.minute
    if window.start_minute < window.end_minute:
        return local.weekday() in window.days and window.start_minute <= minute < window.end_minute
    before = (local - timedelta(days=1)).weekday()
    return (local.weekday() in window.days and minute >= window.start_minute) or (
        before in window.days and minute < window.end_minute
    )
