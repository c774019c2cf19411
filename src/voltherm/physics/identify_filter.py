"""The Kalman filter of a house with two temperatures, for many candidates at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.physics.identify_lag import lagged_heat_kw
from voltherm.physics.identify_model import HEAT_LAG, PLACE, Floats, NoisySteps, Reading, noisy_steps

OUTDOOR, SUN, HEAT, ONE = range(4)
"""Columns of the inputs."""
FIRST_AIR_SD_K: Final = 0.3
"""How far the air is from the first reading, at a guess. [K]"""
SETTLED: Final = 1e-12
"""Relative change of the mass's variance, the slowest, in a step below which the covariance stays as it is."""
SETTLED_EVERY: Final = 8
"""Steps between looks at it."""
FIRST_MASS_SD_K: Final = 2.0
"""How far the mass is from its steady state behind that air. [K]"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record:
    """What was measured, step by step, where all inputs are known.

    Parameters
    ----------
    step_h : float
        Length of a step. [h]
    inputs : NDArray, shape (n_steps, 4)
        Outdoor temperature [degC], irradiance [W/m2], heat [kW], and one: means of the steps, finite.
    readings_c : NDArray, shape (n_steps,)
        Room temperature, NaN where missing; a stretch begins with one that is there. [degC]
    begins : NDArray of bool, shape (n_steps,)
        Whether a stretch begins here: what lies before it is not its neighbour in time.
    """

    step_h: float
    inputs: Floats
    readings_c: Floats
    begins: NDArray[np.bool_]

    @property
    def n_steps(self) -> int:
        """Steps of all stretches."""
        return len(self.readings_c)

    @property
    def stretches(self) -> list[slice]:
        """Runs of steps that follow each other in time."""
        edges = [0, *(np.flatnonzero(self.begins[1:]) + 1).tolist(), self.n_steps]
        return [slice(first, end) for first, end in pairwise(edges)]

    def part(self, steps: slice, *, continues: bool = False) -> Record:
        """Return a run of steps as a record of its own.

        Parameters
        ----------
        steps : slice
            Which; the first needs a reading unless the part continues.
        continues : bool
            Whether the filter goes on from what came before.
        """
        begins = self.begins[steps].copy()
        begins[:1] = not continues
        return Record(step_h=self.step_h, inputs=self.inputs[steps], readings_c=self.readings_c[steps], begins=begins)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Belief:
    """What is known of each candidate at an instant.

    Parameters
    ----------
    temps_c : NDArray, shape (2, n)
        Expected temperatures of air and mass. [degC]
    covariance_k2 : NDArray, shape (2, 2, n)
        Their covariance. [K2]
    emitted_kw : NDArray, shape (n,), or None
        Heat that comes out of the emitters; None takes what is given in the next step. [kW]
    """

    temps_c: Floats
    covariance_k2: Floats
    emitted_kw: Floats | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Filtered:
    """What the filter saw; the last axis counts the candidates.

    Parameters
    ----------
    expected_c : NDArray, shape (n_steps, n)
        Readings expected from those before them. [degC]
    innovations_k : NDArray, shape (n_steps, n)
        Reading minus what was expected of it; 0 where there was none. [K]
    variances_k2 : NDArray, shape (n_steps, n)
        Expected squares of the innovations; 1 where there was no reading. [K2]
    starts_c : NDArray, shape (n_steps, 2, n)
        Temperatures expected at each step's start, from the readings before it. [degC]
    end : Belief
        At the end of the last step.
    """

    expected_c: Floats
    innovations_k: Floats
    variances_k2: Floats
    starts_c: Floats
    end: Belief


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forcing:
    """What the inputs do, apart from the temperatures.

    Parameters
    ----------
    added_k : NDArray, shape (n_steps, 2, n)
        To the temperatures in each step: ``B u``. [K]
    shown_k : NDArray, shape (n_steps, n)
        To the reading: ``n u``. [K]
    emitted_kw : NDArray, shape (n,)
        Heat that comes out of the emitters at the end. [kW]
    """

    added_k: Floats
    shown_k: Floats
    emitted_kw: Floats


def first_belief(values: Floats, reading_c: float, outdoor_c: float) -> Belief:
    """Return what a first reading says: the air is there, the mass about where it would stand in steady state.

    Parameters
    ----------
    values : NDArray, shape (n, 14)
        Parameters of the candidates.
    reading_c, outdoor_c : float
        Room and outdoor temperature. [degC]
    """
    inward, outward = values[:, PLACE["mass_coupling_kw_per_k"]], values[:, PLACE["mass_loss_kw_per_k"]]
    mass = (inward * reading_c + outward * outdoor_c) / np.maximum(inward + outward, 1e-300)
    covariance = np.zeros((2, 2, len(values)))
    covariance[0, 0], covariance[1, 1] = FIRST_AIR_SD_K**2, FIRST_MASS_SD_K**2
    return Belief(temps_c=np.stack([np.full(len(values), reading_c), mass]), covariance_k2=covariance)


def forcing_of(values: Floats, steps: NoisySteps, record: Record, emitted_kw: Floats | None) -> Forcing:
    """Return what the inputs of a record do to candidates of shape (n, 14).

    Parameters
    ----------
    values : NDArray, shape (n, 14)
        Parameters.
    steps : NoisySteps
        Of the same candidates.
    record : Record
        What was measured.
    emitted_kw : NDArray, shape (n,), or None
        Heat that came out of the emitters before the first step. [kW]
    """
    lags_h = values[:, PLACE[HEAT_LAG]]
    heat, emitted = lagged_heat_kw(lags_h, record.inputs[:, HEAT], record.stretches, record.step_h, emitted_kw)
    others = [OUTDOOR, SUN, ONE]
    added = np.einsum("ikn,tk->tin", steps.inputs[:, others], record.inputs[:, others])
    shown = np.einsum("kn,tk->tn", steps.seen_inputs[others], record.inputs[:, others])
    return Forcing(
        added_k=added + steps.inputs[:, HEAT] * heat[:, None],
        shown_k=shown + steps.seen_inputs[HEAT] * heat,
        emitted_kw=emitted,
    )


def filtered(values: Floats, record: Record, reading: Reading, start: Belief | None = None) -> Filtered:
    """Return what a Kalman filter makes of a record, for candidates of shape (n, 14).

    The predictor in innovations form: ``e = y - m x - n u``, ``S = m P m' + V``, ``K = (A P m' + J) / S``,
    ``x' = A x + B u + K e``, ``P' = A P A' + W - K S K'`` (Jazwinski, Stochastic Processes and Filtering Theory, 1970,
    ch. 7, with correlated noises). Without a reading, ``x' = A x + B u`` and ``P' = A P A' + W``.

    Parameters
    ----------
    values : NDArray, shape (n, 14)
        Parameters of the candidates.
    record : Record
        What was measured.
    reading : Reading
        What a reading stands for.
    start : Belief or None
        What is known before the first step; needed where the record goes on with what came before.
    """
    steps = noisy_steps(values, record.step_h, reading)
    forcing = forcing_of(values, steps, record, None if start is None else start.emitted_kw)
    shape = forcing.shown_k.shape
    expected, innovations, variances = np.empty(shape), np.zeros(shape), np.ones(shape)
    starts = np.empty((shape[0], 2, shape[1]))
    is_seen = np.isfinite(record.readings_c)
    cell = _Cell(steps, start)
    for step in range(shape[0]):
        if record.begins[step]:
            cell.believe(first_belief(values, float(record.readings_c[step]), float(record.inputs[step, OUTDOOR])))
        starts[step, 0], starts[step, 1] = cell.air, cell.mass
        expected[step] = cell.m0 * cell.air + cell.m1 * cell.mass + forcing.shown_k[step]
        if is_seen[step]:
            innovations[step] = record.readings_c[step] - expected[step]
            variances[step] = cell.see(innovations[step], forcing.added_k[step])
        else:
            cell.predict(forcing.added_k[step])
    return Filtered(
        expected_c=expected,
        innovations_k=innovations,
        variances_k2=variances,
        starts_c=starts,
        end=cell.belief(forcing.emitted_kw),
    )


class _Cell:
    """Temperatures and covariance of all candidates, written out: numpy is called on long arrays, not on 2 x 2 ones.

    The covariance does not depend on the readings' values. Once it changes no more, gains and variance are kept until
    a reading is missing.
    """

    def __init__(self, steps: NoisySteps, start: Belief | None) -> None:
        (self.a00, self.a01), (self.a10, self.a11) = steps.transition
        (self.w00, self.w01), (_, self.w11) = steps.walk
        self.m0, self.m1 = steps.seen
        self.j0, self.j1 = steps.joint
        self.blur = steps.blur
        self.air = self.mass = self.p00 = self.p01 = self.p11 = np.zeros_like(self.blur)
        self.gains = self.blur, self.blur, self.blur
        self.n_seen, self.is_settled = 0, False
        if start is not None:
            self.believe(start)

    def believe(self, belief: Belief) -> None:
        self.air, self.mass = belief.temps_c
        (self.p00, self.p01), (_, self.p11) = belief.covariance_k2
        self.n_seen, self.is_settled = 0, False

    def belief(self, emitted_kw: Floats) -> Belief:
        covariance = np.array([[self.p00, self.p01], [self.p01, self.p11]])
        return Belief(temps_c=np.stack([self.air, self.mass]), covariance_k2=covariance, emitted_kw=emitted_kw)

    def predict(self, added: Floats) -> None:
        self._move(added)
        self.p00, self.p01, self.p11 = self._spread()
        self.n_seen, self.is_settled = 0, False

    def see(self, innovation: Floats, added: Floats) -> Floats:
        self._move(added)
        if not self.is_settled:
            self._narrow()
        variance, k0, k1 = self.gains
        self.air, self.mass = self.air + k0 * innovation, self.mass + k1 * innovation
        return variance

    def _move(self, added: Floats) -> None:
        air, mass = self.air, self.mass
        self.air = self.a00 * air + self.a01 * mass + added[0]
        self.mass = self.a10 * air + self.a11 * mass + added[1]

    def _spread(self) -> tuple[Floats, Floats, Floats]:
        t00, t01 = self.a00 * self.p00 + self.a01 * self.p01, self.a00 * self.p01 + self.a01 * self.p11
        t10, t11 = self.a10 * self.p00 + self.a11 * self.p01, self.a10 * self.p01 + self.a11 * self.p11
        return (
            t00 * self.a00 + t01 * self.a01 + self.w00,
            t00 * self.a10 + t01 * self.a11 + self.w01,
            t10 * self.a10 + t11 * self.a11 + self.w11,
        )

    def _narrow(self) -> None:
        c0, c1 = self.m0 * self.p00 + self.m1 * self.p01, self.m0 * self.p01 + self.m1 * self.p11
        variance = self.m0 * c0 + self.m1 * c1 + self.blur
        k0 = (self.a00 * c0 + self.a01 * c1 + self.j0) / variance
        k1 = (self.a10 * c0 + self.a11 * c1 + self.j1) / variance
        p00, p01, p11 = self._spread()
        k0_variance, before = k0 * variance, self.p11
        self.p00, self.p01, self.p11 = p00 - k0 * k0_variance, p01 - k1 * k0_variance, p11 - k1 * k1 * variance
        self.gains = variance, k0, k1
        self.n_seen += 1
        if self.n_seen % SETTLED_EVERY == 0:
            self.is_settled = bool((np.abs(self.p11 - before) <= SETTLED * self.p11).all())
