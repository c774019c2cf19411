"""One room with its mass as a dynamic program sees it: a building's own, or several rooms lumped into one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.linalg import expm

from voltherm.domain.assets import Building
from voltherm.domain.assets.building import HEATED_LIMIT_C
from voltherm.domain.plan import Terminal
from voltherm.optimization.blocks.heat_pump import HeatWorth, discomfort_prices, frost_price, heat_target_kwh
from voltherm.optimization.heat_setting import HeatSetting
from voltherm.optimization.model import Floats
from voltherm.optimization.penalties import Penalties
from voltherm.physics.building import Dynamics, dynamics, forcing_c, network

N_NODES = 2
"""Room and mass; a room without a mass carries one that nothing moves."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoomModel:
    """The room, its steps ``T' = transition @ T + forcing_t + heat q`` and what its temperatures cost.

    Parameters
    ----------
    lumps : NDArray, shape (n_nodes, 2)
        Weights of the building's nodes in room and mass.
    has_mass : bool
        Whether the second node moves.
    start_c : NDArray, shape (2,)
        Temperatures at the start. [degC]
    transition : NDArray, shape (2, 2)
        Free decay.
    forcing_c : NDArray, shape (n_steps, 2)
        What weather and gains add. [K]
    heat_k_per_kw : NDArray, shape (2,)
        What heat adds. [K/kW]
    low_c, high_c : NDArray, shape (n_steps,)
        Comfort band at the end of each step. [degC]
    cold_price, heat_price, frost_price : float
        Of a kelvin below the band, above it, and below the frost guard, at the end of a step. [currency/K]
    worth_per_k : NDArray, shape (2,)
        Of a kelvin at the end of the horizon. [currency/K]
    capacitance_kwh_per_k : NDArray, shape (2,)
        Of room and mass. [kWh/K]
    target_kwh, missing_price : float
        Least heat at the end above 0 degC, and the price of a missing kWh; no price where none is asked for.
    frost_guard_c : float
        Where the unit runs by itself. [degC]
    limits_c : tuple of float
        Where it heats room, and mass, no more. [degC]
    """

    lumps: Floats
    has_mass: bool
    start_c: Floats
    transition: Floats
    forcing_c: Floats
    heat_k_per_kw: Floats
    low_c: Floats
    high_c: Floats
    cold_price: float
    heat_price: float
    frost_price: float
    worth_per_k: Floats
    capacitance_kwh_per_k: Floats
    target_kwh: float
    missing_price: float
    frost_guard_c: float
    limits_c: tuple[float, float]

    def ending_cost(self, room_c: Floats, mass_c: Floats) -> Floats:
        """Return what temperatures at the end cost: less what the heat is worth, and a price on what is missing."""
        cost = -self.worth_per_k[0] * room_c - self.worth_per_k[1] * mass_c
        if self.missing_price > 0:
            stored = self.capacitance_kwh_per_k[0] * room_c + self.capacitance_kwh_per_k[1] * mass_c
            cost = cost + self.missing_price * np.maximum(self.target_kwh - stored, 0.0)
        return np.asarray(cost)


def room_model(setting: HeatSetting, worth: HeatWorth, penalties: Penalties) -> RoomModel:
    """Return the model of a building; several rooms become one, as warm as each other.

    Parameters
    ----------
    setting : HeatSetting
        What the heat pump meets.
    worth : HeatWorth
        Of heat at the end.
    penalties : Penalties
        Prices of discomfort and of missing heat.
    """
    building, h = setting.pump.building, setting.step_h
    parts, lumps = _lumped(building, h)
    forcing = forcing_c(parts, setting.weather)
    capacitance = network(building).capacitance_kwh_per_k
    lumped = capacitance @ lumps
    weights = capacitance[:, None] * lumps / np.where(lumped > 0, lumped, 1.0)
    n_rooms = len(building.rooms)
    share = capacitance[:n_rooms] / capacitance[:n_rooms].sum()
    prices = np.array([discomfort_prices(setting.pump, room, penalties) for room in range(n_rooms)])
    has_mass = bool(lumped[1] > 0)
    return RoomModel(
        lumps=weights,
        has_mass=has_mass,
        start_c=setting.start_c @ weights,
        transition=parts.transition,
        forcing_c=forcing,
        heat_k_per_kw=parts.heat[:, 0],
        low_c=share @ np.array([band.low_c for band in setting.bands]),
        high_c=share @ np.array([band.high_c for band in setting.bands]),
        cold_price=float(prices[:, 0].sum()) * h,
        heat_price=float(prices[:, 1].sum()) * h,
        frost_price=sum(frost_price(setting.pump, room, penalties) for room in range(n_rooms)) * h,
        worth_per_k=lumped * (worth.value_per_kwh if worth.terminal is Terminal.VALUE else 0.0),
        capacitance_kwh_per_k=lumped,
        target_kwh=heat_target_kwh(setting),
        missing_price=penalties.terminal_per_kwh_heat if worth.terminal is Terminal.AT_LEAST_START else 0.0,
        frost_guard_c=building.frost_guard_c,
        limits_c=(building.cut_out_c, HEATED_LIMIT_C),
    )


@lru_cache(maxsize=256)
def _lumped(building: Building, step_h: float) -> tuple[Dynamics, Floats]:
    """The exact step of the lumped network, and which node belongs to which lump, shape (n_nodes, 2).

    ``P' C P dT/dt = -P' K P T + P' (...)`` with ``P`` the lumps: all rooms as warm as each other, all masses too.
    """
    n_rooms = len(building.rooms)
    lumps = np.zeros((building.n_nodes, N_NODES))
    lumps[:n_rooms, 0] = lumps[n_rooms:, 1] = 1.0
    if n_rooms == 1:
        return _padded(dynamics(building, step_h)), lumps
    net = network(building)
    losses = np.array([room.loss_kw_per_k + room.mass_loss_kw_per_k for room in building.rooms])
    shares = losses / losses.sum() if losses.sum() > 0 else np.full(n_rooms, 1.0 / n_rooms)
    inputs = np.column_stack([net.outdoor_kw_per_k, net.sun_m2 / 1000.0, net.gain_kw, net.heat @ shares])
    has_mass = building.n_nodes > n_rooms
    used = lumps if has_mass else lumps[:, :1]
    n = used.shape[1]
    joined = np.zeros((n + 4, n + 4))
    joined[:n] = np.hstack([-used.T @ net.conductance_kw_per_k @ used, used.T @ inputs])
    joined[:n] /= (used.T @ net.capacitance_kwh_per_k)[:, None]
    stepped = expm(joined * step_h)
    parts = Dynamics(
        transition=stepped[:n, :n],
        outdoor=stepped[:n, n],
        sun=stepped[:n, n + 1],
        constant=stepped[:n, n + 2],
        heat=stepped[:n, n + 3 :],
    )
    return _padded(parts), lumps


def _padded(parts: Dynamics) -> Dynamics:
    """The step with a mass that nothing moves, where there is none."""
    if len(parts.outdoor) == N_NODES:
        return parts
    transition = np.zeros((N_NODES, N_NODES))
    transition[0, 0] = parts.transition[0, 0]
    still = np.zeros(1)
    return Dynamics(
        transition=transition,
        outdoor=np.concatenate([parts.outdoor, still]),
        sun=np.concatenate([parts.sun, still]),
        constant=np.concatenate([parts.constant, still]),
        heat=np.concatenate([parts.heat, np.zeros((1, parts.heat.shape[1]))]),
    )
