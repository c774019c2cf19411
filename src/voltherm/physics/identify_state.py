"""What the rooms and the mass behind them are at: a Kalman filter that goes on from step to step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voltherm.domain.assets.building import LEAST_STATE_C, MOST_STATE_C, Building, BuildingState
from voltherm.domain.errors import InvalidInputError
from voltherm.physics.building import Weather
from voltherm.physics.identify_filter import Belief, Record, filtered, first_belief
from voltherm.physics.identify_model import HEAT_FACTOR, PLACE, Floats, Noise, Reading, parameters_of


@dataclass(frozen=True, slots=True, kw_only=True)
class TempEstimate:
    """Temperatures at an instant and how sure they are.

    Parameters
    ----------
    room_c, mass_c : float
        Expected; a room without a mass has its own temperature twice. [degC]
    room_sd_k, mass_sd_k : float
        Standard deviations. [K]
    covariance_k2 : float
        Of the two. [K2]
    emitted_kw : float or None
        Heat that comes out of emitters that lag; None takes what is given next. [kW]
    """

    room_c: float
    mass_c: float
    room_sd_k: float
    mass_sd_k: float
    covariance_k2: float = 0.0
    emitted_kw: float | None = None

    def state(self, building: Building) -> BuildingState:
        """Return the estimate as the state of a building of one room, within what a state may hold."""
        room = building.rooms[0]
        room_c, mass_c = (min(max(value, LEAST_STATE_C), MOST_STATE_C) for value in (self.room_c, self.mass_c))
        return BuildingState(room_c={room.id: room_c}, mass_c={room.id: mass_c} if room.has_mass else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """A building of one room whose temperatures are to be known.

    Parameters
    ----------
    building : Building
        Learned, or a preset.
    noise : Noise
        How far house and thermometer stray; learned with the building.
    reading : Reading
        What a reading stands for.
    heat_factor : float
        Heat over the heat that it is told of.
    heat_lag_h : float
        Time constant of emitters and thermometer. [h]
    """

    building: Building
    noise: Noise
    reading: Reading = Reading.MEAN
    heat_factor: float = 1.0
    heat_lag_h: float = 0.0

    def values(self) -> Floats:
        """Return the parameters, shape (1, 14)."""
        values = parameters_of(self.building, self.noise, self.heat_lag_h)
        values[PLACE[HEAT_FACTOR]] = self.heat_factor
        return values[None]


def first_temps(observer: Observer, room_c: float, outdoor_c: float) -> TempEstimate:
    """Return what a first reading says: the air is there, the mass where it would stand in steady state, give or take.

    Parameters
    ----------
    observer : Observer
        The house.
    room_c, outdoor_c : float
        Readings. [degC]
    """
    return _estimate(first_belief(observer.values(), room_c, outdoor_c), observer.building)


def estimate_temps(
    observer: Observer,
    before: TempEstimate,
    weather: Weather,
    heat_kw: Floats,
    readings_c: Floats,
    step_h: float,
) -> TempEstimate:
    """Return the temperatures at the end of some steps; without a reading they drift as the physics has it.

    Parameters
    ----------
    observer : Observer
        The house.
    before : TempEstimate
        At the start of the first step.
    weather : Weather
        Means of the steps.
    heat_kw : NDArray, shape (n_steps,)
        Heat into the room. [kW]
    readings_c : NDArray, shape (n_steps,)
        Room temperature, NaN where missing or too old. [degC]
    step_h : float
        Length of a step. [h]

    Raises
    ------
    InvalidInputError
        When heat or weather is missing: what was not measured must be forecast, not left out.
    """
    inputs = np.column_stack([weather.outdoor_c, weather.irradiance_w_m2, heat_kw, np.ones(len(heat_kw))])
    if not np.isfinite(inputs).all():
        step, column = (int(place[0]) for place in np.nonzero(~np.isfinite(inputs)))
        name = ("outdoor_c", "irradiance_w_m2", "heat_kw")[column]
        message = f"estimate: {name} is missing in step {step}; bridge the gap or take the forecast"
        raise InvalidInputError(message)
    record = Record(step_h=step_h, inputs=inputs, readings_c=readings_c, begins=np.zeros(len(heat_kw), dtype=np.bool_))
    run = filtered(observer.values(), record, observer.reading, _belief(before))
    return _estimate(run.end, observer.building)


def _belief(estimate: TempEstimate) -> Belief:
    temps = np.array([[estimate.room_c], [estimate.mass_c]])
    joint = estimate.covariance_k2
    covariance = np.array([[estimate.room_sd_k**2, joint], [joint, estimate.mass_sd_k**2]])
    emitted = None if estimate.emitted_kw is None else np.array([estimate.emitted_kw])
    return Belief(temps_c=temps, covariance_k2=covariance[:, :, None], emitted_kw=emitted)


def _estimate(belief: Belief, building: Building) -> TempEstimate:
    (room_c,), (mass_c,) = belief.temps_c
    covariance = belief.covariance_k2[:, :, 0]
    has_mass = building.rooms[0].has_mass
    seen = covariance if has_mass else np.full((2, 2), covariance[0, 0])
    return TempEstimate(
        room_c=float(room_c),
        mass_c=float(mass_c if has_mass else room_c),
        room_sd_k=float(np.sqrt(seen[0, 0])),
        mass_sd_k=float(np.sqrt(seen[1, 1])),
        covariance_k2=float(seen[0, 1]) if has_mass else 0.0,
        emitted_kw=None if belief.emitted_kw is None else float(belief.emitted_kw[0]),
    )
