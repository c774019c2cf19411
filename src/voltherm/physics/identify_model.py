"""The house that is identified: its parameters as numbers to be searched, and its exact step with noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.assets.building import HOTTEST_C, MOST_STATE_C, Building, Room
from voltherm.domain.errors import InvalidInputError
from voltherm.physics.building import W_PER_KW

Floats = NDArray[np.float64]

ROOM_FIELDS: Final = (
    "capacitance_kwh_per_k",
    "loss_kw_per_k",
    "mass_capacitance_kwh_per_k",
    "mass_coupling_kw_per_k",
    "mass_loss_kw_per_k",
    "solar_aperture_m2",
    "solar_to_mass",
    "internal_gain_kw",
    "heat_to_mass",
)
"""Fields of `Room` that are identified."""
HEAT_FACTOR: Final = "heat_factor"
"""Heat over the heat that is given to the model: the COP's factor, where only electric power is known."""
HEAT_LAG: Final = "heat_lag_h"
"""Time constant of emitters and thermometer together: heat is seen so much later than it is given."""
NOISES: Final = ("air_noise_k_per_sqrt_h", "mass_noise_k_per_sqrt_h", "reading_noise_k")
NAMES: Final = (*ROOM_FIELDS, HEAT_FACTOR, HEAT_LAG, *NOISES)
PLACE: Final = {name: at for at, name in enumerate(NAMES)}
IS_SHARE: Final = np.array([name.endswith("_to_mass") for name in NAMES])

APERTURE: Final = "solar_aperture_m2"
PANE_M2: Final = 1e-3
"""Aperture by which the sun's effect is measured. [m2]"""
LEAST_SHARE: Final = 1e-6
LEAST_VALUE: Final = 1e-12
"""What stands for zero where the logarithm is searched."""
LONE_RATE_PER_H: Final = 1000.0
"""Rate of the unconnected node that stands for the missing mass of a 1R1C room: far from any rate of a room. [1/h]"""
SMALL_EXPONENT: Final = 1e-5
"""Below it, the double integral of the exponential is taken from its series."""
NODES, WEIGHTS = np.polynomial.legendre.leggauss(6)
"""Integrates the noise over a step: exact to 1e-9 where the step is shorter than the quickest time constant."""

N_INPUTS: Final = 4
"""Outdoor temperature, irradiance, heat, one."""


class Reading(StrEnum):
    """What the value of a thermometer stands for in a step."""

    MEAN = "mean"
    """The mean over the step: the convention of `Measurements`."""
    START = "start"
    """The instant at which the step begins."""
    END = "end"
    """The instant at which the step ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """How far house and thermometer stray from the network.

    Parameters
    ----------
    air_k_per_sqrt_h, mass_k_per_sqrt_h : float
        Random walk of the two temperatures: people, wind, doors, and what the model lacks. [K/h^0.5]
    reading_k : float
        Standard deviation of a reading. [K]
    """

    air_k_per_sqrt_h: float = 0.1
    mass_k_per_sqrt_h: float = 0.02
    reading_k: float = 0.08

    def __post_init__(self) -> None:
        for name in ("air_k_per_sqrt_h", "mass_k_per_sqrt_h", "reading_k"):
            if not 0 < getattr(self, name) < float("inf"):
                message = f"noise: {name} is {getattr(self, name)}, must be above 0"
                raise InvalidInputError(message)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NoisySteps:
    """Exact steps of several candidates at once: ``x' = A x + B u + w`` and ``y = m x + n u + v``.

    ``x`` is air and mass, ``u`` is (outdoor, irradiance, heat, 1), constant within the step; the last axis of every
    array counts the candidates. Where the reading is a mean or an end, ``v`` holds what the same noise did to it, and
    ``joint`` is the covariance of the two.

    Parameters
    ----------
    transition : NDArray, shape (2, 2, n)
        ``A``.
    inputs : NDArray, shape (2, 4, n)
        ``B``.
    seen : NDArray, shape (2, n)
        ``m``.
    seen_inputs : NDArray, shape (4, n)
        ``n``.
    walk : NDArray, shape (2, 2, n)
        Covariance of ``w``. [K2]
    joint : NDArray, shape (2, n)
        Covariance of ``w`` and ``v``. [K2]
    blur : NDArray, shape (n,)
        Variance of ``v``. [K2]
    """

    transition: Floats
    inputs: Floats
    seen: Floats
    seen_inputs: Floats
    walk: Floats
    joint: Floats
    blur: Floats


def natural(searched: Floats) -> Floats:
    """Return parameters, shape (n, 14), from their logarithms, shares from their logits."""
    powers = np.exp(np.clip(searched, -40.0, 40.0))
    return np.where(IS_SHARE, powers / (1.0 + powers), powers)


def searched(values: Floats) -> Floats:
    """Return the logarithms of parameters, shape (..., 14), and the logits of shares."""
    shares = np.clip(values, LEAST_SHARE, 1.0 - LEAST_SHARE)
    return np.where(IS_SHARE, np.log(shares / (1.0 - shares)), np.log(np.maximum(values, LEAST_VALUE)))


def parameters_of(building: Building, noise: Noise, lag_h: float = 0.0) -> Floats:
    """Return the parameters of a building of one room, shape (14,); a room without mass gets an unconnected one.

    Raises
    ------
    InvalidInputError
        When the building has several rooms: their heats are not measured apart.
    """
    if len(building.rooms) != 1:
        message = f"building: has {len(building.rooms)} rooms; a building is learned as one room, give it as one"
        raise InvalidInputError(message)
    room = building.rooms[0]
    values = {name: getattr(room, name) for name in ROOM_FIELDS}
    if not room.has_mass:
        values |= {"mass_capacitance_kwh_per_k": 1.0, "mass_loss_kw_per_k": LONE_RATE_PER_H}
    noises = (noise.air_k_per_sqrt_h, noise.mass_k_per_sqrt_h, noise.reading_k)
    return np.array([*values.values(), 1.0, lag_h, *noises])


def building_with(building: Building, values: Floats, names: tuple[str, ...]) -> Building:
    """Return the building with the named parameters of its one room taken from ``values``, shape (14,).

    A building may not overheat on sunny days without heating; windows that would are cut to what it bears.

    Raises
    ------
    InvalidInputError
        When its gains alone would overheat it.
    """
    chosen = {name: float(values[PLACE[name]]) for name in names if name in ROOM_FIELDS}
    aperture_m2 = chosen.get(APERTURE, building.rooms[0].solar_aperture_m2)
    room: Room = replace(building.rooms[0], **(chosen | {APERTURE: 0.0}))  # type: ignore[arg-type]  # all are numbers
    dark = replace(building, rooms=(room,))
    pane = replace(dark, rooms=(replace(room, solar_aperture_m2=PANE_M2),))
    rise_k = (pane.sunny_rise_k - dark.sunny_rise_k) / PANE_M2
    most_m2 = float(((MOST_STATE_C - HOTTEST_C - dark.sunny_rise_k) / rise_k).min())
    return replace(dark, rooms=(replace(room, solar_aperture_m2=min(aperture_m2, (1.0 - 1e-9) * most_m2)),))


def noise_of(values: Floats) -> Noise:
    """Return the noise among parameters, shape (14,)."""
    air, mass, reading = (float(values[PLACE[name]]) for name in NOISES)
    return Noise(air_k_per_sqrt_h=air, mass_k_per_sqrt_h=mass, reading_k=reading)


def noisy_steps(values: Floats, step_h: float, reading: Reading) -> NoisySteps:
    """Return the exact steps of candidates with parameters of shape (n, 14).

    With the two rates of the network, any function of its matrix is ``f(A) = c_0 I + c_1 A`` (Sylvester): the
    exponential is the transition, its integral the response to constant inputs, the integral of that the response of
    the mean. The covariances ``int exp(As) S exp(As)' ds`` and their like for the mean are integrated by Gauss's rule.

    Parameters
    ----------
    values : NDArray, shape (n, 14)
        Parameters by `NAMES`.
    step_h : float
        Length of a step. [h]
    reading : Reading
        What a reading stands for.
    """
    network = _Network(values)
    transition = network.function(lambda rate: np.exp(rate * step_h))
    response = network.function(lambda rate: np.expm1(rate * step_h) / rate)
    inputs = np.einsum("ijn,jkn->ikn", response, network.inputs)
    ages_h, weights_h = 0.5 * step_h * (NODES + 1.0), 0.5 * step_h * WEIGHTS
    kept = network.function(lambda rate: np.exp(rate * ages_h[:, None]))
    variance = values[:, [PLACE[NOISES[0]], PLACE[NOISES[1]]]].T ** 2
    walk = np.einsum("q,iaqn,an,jaqn->ijn", weights_h, kept, variance, kept)
    readings = values[:, PLACE[NOISES[2]]] ** 2
    if reading is Reading.START:
        still = np.zeros_like(readings)
        seen, seen_inputs = np.stack([still + 1.0, still]), np.zeros((N_INPUTS, len(readings)))
        joint, blur = np.stack([still, still]), still
    elif reading is Reading.END:
        seen, seen_inputs, joint, blur = transition[0], inputs[0], walk[:, 0], walk[0, 0]
    else:
        twice = network.function(lambda rate: _double_integral(rate, step_h) / step_h)
        seen, seen_inputs = response[0] / step_h, np.einsum("jn,jkn->kn", twice[0], network.inputs)
        felt = network.function(lambda rate: np.expm1(rate * ages_h[:, None]) / (rate * step_h))[0]
        joint = np.einsum("q,iaqn,an,aqn->in", weights_h, kept, variance, felt)
        blur = np.einsum("q,aqn,an,aqn->n", weights_h, felt, variance, felt)
    return NoisySteps(
        transition=transition,
        inputs=inputs,
        seen=seen,
        seen_inputs=seen_inputs,
        walk=walk,
        joint=joint,
        blur=blur + readings,
    )


class _Network:
    """Matrix ``A`` of each candidate, its two rates, and ``B`` in continuous time."""

    def __init__(self, values: Floats) -> None:
        air, loss, mass, coupling, mass_loss, aperture, sun_to_mass, gain, heat_to_mass, factor = values[:, :10].T
        self.matrix = np.array(
            [[-(loss + coupling) / air, coupling / air], [coupling / mass, -(coupling + mass_loss) / mass]]
        )
        ((a, b), (c, d)) = self.matrix
        self.quick = 0.5 * (a + d) - np.sqrt(0.25 * (a - d) ** 2 + b * c)
        # The smaller of the two from the determinant, written without a difference: it may be near zero.
        self.slow = (loss * coupling + loss * mass_loss + coupling * mass_loss) / (air * mass) / self.quick
        still = np.zeros_like(air)
        sun = aperture / W_PER_KW
        self.inputs = np.array(
            [
                [loss / air, (1.0 - sun_to_mass) * sun / air, (1.0 - heat_to_mass) * factor / air, gain / air],
                [mass_loss / mass, sun_to_mass * sun / mass, heat_to_mass * factor / mass, still],
            ]
        )

    def function(self, of: Callable[[Floats], Floats]) -> Floats:
        """Return ``of`` the matrix, shape (2, 2, ..., n)."""
        quick, slow = of(self.quick), of(self.slow)
        slope = (slow - quick) / (self.slow - self.quick)
        level = slow - self.slow * slope
        (a, b), (c, d) = self.matrix
        return np.array([[level + a * slope, b * slope], [c * slope, level + d * slope]])


def _double_integral(rate: Floats, step_h: float) -> Floats:
    """``int_0^h int_0^s exp(rate t) dt ds``; by its series where the difference would lose its digits."""
    exponent = rate * step_h
    is_small = np.abs(exponent) < SMALL_EXPONENT
    safe = np.where(is_small, 1.0, rate)
    exact = (np.expm1(safe * step_h) - safe * step_h) / safe**2
    return np.where(is_small, step_h**2 * (0.5 + exponent / 6.0), exact)
