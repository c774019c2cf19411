"""How a building's temperatures move: the RC network, discretised exactly, and its replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from voltherm.domain.assets.building import LEAK_KW_PER_K, Building, BuildingState

Floats = NDArray[np.float64]

W_PER_KW = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dynamics:
    """One exact step of the network: ``T' = transition @ T + outdoor * T_out + sun * I + constant + heat @ q``.

    Parameters
    ----------
    transition : NDArray, shape (n_nodes, n_nodes)
        Free decay; entries are non-negative.
    outdoor : NDArray, shape (n_nodes,)
        Per kelvin of outdoor temperature.
    sun : NDArray, shape (n_nodes,)
        Per W/m2 of irradiance. [K m2/W]
    constant : NDArray, shape (n_nodes,)
        From the internal gains. [K]
    heat : NDArray, shape (n_nodes, n_rooms)
        Per kW of heat into each room. [K/kW]
    """

    transition: Floats
    outdoor: Floats
    sun: Floats
    constant: Floats
    heat: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weather:
    """What surrounds a building, means of the steps.

    Parameters
    ----------
    outdoor_c : NDArray, shape (n_steps,)
        Air. [degC]
    irradiance_w_m2 : NDArray, shape (n_steps,)
        On the windows, as the rooms' apertures count it. [W/m2]
    """

    outdoor_c: Floats
    irradiance_w_m2: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """The network in continuous time: ``C dT/dt = -conductance @ T + outdoor * T_out + sun * I + gain + heat @ q``.

    Parameters
    ----------
    capacitance_kwh_per_k : NDArray, shape (n_nodes,)
        Of each node. [kWh/K]
    conductance_kw_per_k : NDArray, shape (n_nodes, n_nodes)
        Laplacian of the network with the losses on its diagonal. [kW/K]
    outdoor_kw_per_k : NDArray, shape (n_nodes,)
        Losses to the outdoor air. [kW/K]
    sun_m2 : NDArray, shape (n_nodes,)
        Aperture. [m2]
    gain_kw : NDArray, shape (n_nodes,)
        Internal gains. [kW]
    heat : NDArray, shape (n_nodes, n_rooms)
        Share of each room's heat that a node receives.
    """

    capacitance_kwh_per_k: Floats
    conductance_kw_per_k: Floats
    outdoor_kw_per_k: Floats
    sun_m2: Floats
    gain_kw: Floats
    heat: Floats


def network(building: Building) -> Network:
    """Return the building's network, nodes in the order of `Building`."""
    n_rooms, n = len(building.rooms), building.n_nodes
    capacitance, outdoor, sun, gain = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    conductance, heat = np.zeros((n, n)), np.zeros((n, n_rooms))
    place = {room.id: at for at, room in enumerate(building.rooms)}
    mass = n_rooms
    for at, room in enumerate(building.rooms):
        capacitance[at], outdoor[at], gain[at] = room.capacitance_kwh_per_k, room.loss_kw_per_k, room.internal_gain_kw
        sun[at] = room.solar_aperture_m2 * (1.0 - room.solar_to_mass)
        heat[at, at] = 1.0 - room.heat_to_mass
        if room.has_mass:
            capacitance[mass], outdoor[mass] = room.mass_capacitance_kwh_per_k, room.mass_loss_kw_per_k
            sun[mass] = room.solar_aperture_m2 * room.solar_to_mass
            heat[mass, at] = room.heat_to_mass
            _join(conductance, at, mass, room.mass_coupling_kw_per_k)
            mass += 1
    for wall in building.walls:
        _join(conductance, place[wall.rooms[0]], place[wall.rooms[1]], wall.conductance_kw_per_k)
    conductance[np.diag_indices(n)] += outdoor
    return Network(
        capacitance_kwh_per_k=capacitance,
        conductance_kw_per_k=conductance,
        outdoor_kw_per_k=outdoor,
        sun_m2=sun,
        gain_kw=gain,
        heat=heat,
    )


def _join(conductance: Floats, one: int, other: int, value_kw_per_k: float) -> None:
    conductance[one, one] += value_kw_per_k
    conductance[other, other] += value_kw_per_k
    conductance[one, other] -= value_kw_per_k
    conductance[other, one] -= value_kw_per_k


@lru_cache(maxsize=1024)
def dynamics(building: Building, step_h: float) -> Dynamics:
    """Return the exact step of the network for inputs that are constant within the step (zero-order hold).

    ``exp([[A, B], [0, 0]] h) = [[A_d, B_d], [0, I]]`` (Van Loan, IEEE TAC 23(3), 1978).

    Parameters
    ----------
    building : Building
        Rooms and walls.
    step_h : float
        Length of a step. [h]
    """
    net = network(building)
    n, n_rooms = building.n_nodes, len(building.rooms)
    inputs = np.column_stack([net.outdoor_kw_per_k, net.sun_m2 / W_PER_KW, net.gain_kw, net.heat])
    joined = np.zeros((n + inputs.shape[1], n + inputs.shape[1]))
    joined[:n, :n] = -net.conductance_kw_per_k
    joined[:n, n:] = inputs
    joined[:n] /= net.capacitance_kwh_per_k[:, None]
    stepped = expm(joined * step_h)
    parts = Dynamics(
        transition=stepped[:n, :n].copy(),
        outdoor=stepped[:n, n].copy(),
        sun=stepped[:n, n + 1].copy(),
        constant=stepped[:n, n + 2].copy(),
        heat=stepped[:n, n + 3 : n + 3 + n_rooms].copy(),
    )
    for array in (parts.transition, parts.outdoor, parts.sun, parts.constant, parts.heat):
        array.flags.writeable = False
    return parts


def start_temps_c(building: Building, state: BuildingState) -> Floats:
    """Return the temperature of each node, shape (n_nodes,); a mass that is not known is as warm as its air. [degC]."""
    airs = [state.room_c[room.id] for room in building.rooms]
    masses = [state.mass_c.get(room.id, state.room_c[room.id]) for room in building.rooms if room.has_mass]
    return np.array([*airs, *masses])


def state_of(building: Building, temps_c: Floats) -> BuildingState:
    """Return node temperatures, shape (n_nodes,), as a state."""
    n_rooms = len(building.rooms)
    with_mass = [room.id for room in building.rooms if room.has_mass]
    rooms: Mapping[str, float] = {room.id: float(temps_c[at]) for at, room in enumerate(building.rooms)}
    return BuildingState(room_c=rooms, mass_c={name: float(temps_c[n_rooms + at]) for at, name in enumerate(with_mass)})


def forcing_c(parts: Dynamics, weather: Weather) -> Floats:
    """Return what weather and internal gains add to each node in each step, shape (n_steps, n_nodes). [K]."""
    return np.outer(weather.outdoor_c, parts.outdoor) + np.outer(weather.irradiance_w_m2, parts.sun) + parts.constant


def simulate_building(building: Building, start_c: Floats, weather: Weather, heat_kw: Floats, step_h: float) -> Floats:
    """Return the temperature of each node at each step's start and at the end, shape (n_steps + 1, n_nodes). [degC].

    Parameters
    ----------
    building : Building
        Rooms and walls.
    start_c : NDArray, shape (n_nodes,)
        Temperatures at the start. [degC]
    weather : Weather
        Means of the steps.
    heat_kw : NDArray, shape (n_steps, n_rooms)
        Heat into each room, non-negative. [kW]
    step_h : float
        Length of a step. [h]
    """
    parts = dynamics(building, step_h)
    added = forcing_c(parts, weather) + heat_kw @ parts.heat.T
    temps = np.empty((len(added) + 1, len(start_c)))
    temps[0] = start_c
    for step, extra in enumerate(added):
        temps[step + 1] = parts.transition @ temps[step] + extra
    return temps


def holding_heat_kw(building: Building, hold_c: float, outdoor_c: Floats, shares: Floats) -> Floats:
    """Return the heat that holds the rooms at a temperature in steady weather without sun, shape (n_steps,). [kW].

    ``T = K^-1 (g_out T_out + gain + H s q)``, solved for ``q`` so that the mean of the airs, weighted by ``s``, is
    held; never negative. Heat that goes into the mass of an outer wall is more than what the air alone would need.

    Parameters
    ----------
    building : Building
        Rooms and walls.
    hold_c : float
        What the airs are held at. [degC]
    outdoor_c : NDArray, shape (n_steps,)
        Air. [degC]
    shares : NDArray, shape (n_rooms,)
        How the heat is divided among the rooms; adds up to one.
    """
    by_outdoor, by_gain_c, by_heat_k_per_kw = (
        part[: len(shares)] @ shares for part in _steady(building, tuple(shares))
    )
    return np.asarray(np.maximum((hold_c - by_gain_c - by_outdoor * outdoor_c) / by_heat_k_per_kw, 0.0))


@lru_cache(maxsize=1024)
def _steady(building: Building, shares: tuple[float, ...]) -> tuple[Floats, Floats, Floats]:
    """Temperatures in steady state: per kelvin outdoors, from the gains, per kW of heat; each of shape (n_nodes,)."""
    net = network(building)
    leak = np.full(building.n_nodes, LEAK_KW_PER_K)
    inputs = np.column_stack([net.outdoor_kw_per_k + leak, net.gain_kw, net.heat @ np.array(shares)])
    by_outdoor, by_gain, by_heat = np.linalg.solve(net.conductance_kw_per_k + np.diag(leak), inputs).T
    return by_outdoor, by_gain, by_heat


def stored_heat_kwh(building: Building, temps_c: Floats) -> float:
    """Return the heat stored above 0 degC. [kWh].

    Parameters
    ----------
    building : Building
        Rooms and walls.
    temps_c : NDArray, shape (n_nodes,)
        Temperatures. [degC]
    """
    return float(network(building).capacitance_kwh_per_k @ temps_c)
