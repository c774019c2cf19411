"""Simulated houses to learn: written out in small explicit steps, so that nothing is shared with what learns them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from voltherm.domain.assets import Building
from voltherm.domain.building_presets import building_of
from voltherm.domain.house import House, Insulation
from voltherm.domain.measurements import Measurements
from voltherm.domain.time import TimeGrid

START = datetime(2026, 1, 12, tzinfo=UTC)
DT_H = 1.0 / 180.0
"""Twenty seconds: quick against a radiator. [h]"""
SET_POINT_C, SETBACK_C, SETBACK_HOURS = 21.0, 19.5, (22, 6)
CONTROLS = ("switched", "switched, setback", "modulating", "modulating, setback")


@dataclass(frozen=True, kw_only=True)
class Truth:
    """A house as it really is.

    Parameters
    ----------
    floor_m2 : float
        Heated area.
    air_kwh_per_k, mass_kwh_per_k : float
        Capacitances.
    loss_kw_per_k, coupling_kw_per_k, mass_loss_kw_per_k : float
        Air to outdoors, air to mass, mass to outdoors.
    aperture_m2, sun_to_mass, gain_kw, heat_to_mass : float
        Sun, people, emitters.
    inner_share : float
        Share of the mass that has no outer side and is coupled on its own; 0 makes the house that of the model.
    emitter_h, sensor_h : float
        Lag of the heat and of the thermometer. [h]
    has_people : bool
        Whether the gains follow the day and chance; otherwise they are constant, with white noise on the air.
    """

    floor_m2: float
    air_kwh_per_k: float
    mass_kwh_per_k: float
    loss_kw_per_k: float
    coupling_kw_per_k: float
    mass_loss_kw_per_k: float
    aperture_m2: float
    sun_to_mass: float
    gain_kw: float
    heat_to_mass: float
    inner_share: float = 0.0
    emitter_h: float = 0.0
    sensor_h: float = 0.0
    has_people: bool = False

    @property
    def total_loss_kw_per_k(self) -> float:
        outer = self.coupling_kw_per_k * (1.0 - self.inner_share)
        return self.loss_kw_per_k + outer * self.mass_loss_kw_per_k / (outer + self.mass_loss_kw_per_k)

    @property
    def total_capacity_kwh_per_k(self) -> float:
        return self.air_kwh_per_k + self.mass_kwh_per_k

    def preset(self) -> Building:
        """Return what its people would say of it: area, volume, and one of three levels of insulation."""
        level = Insulation.HIGH if self._loss_w_m2_k < 0.9 else Insulation.MEDIUM
        level = Insulation.LOW if self._loss_w_m2_k > 1.6 else level
        return building_of(House(insulation=level, floor_area_m2=self.floor_m2, volume_m3=2.6 * self.floor_m2))

    @property
    def _loss_w_m2_k(self) -> float:
        return 1000.0 * self.total_loss_kw_per_k / self.floor_m2


@dataclass(frozen=True, kw_only=True)
class Week:
    """What is recorded of it.

    Parameters
    ----------
    days : float
        How long.
    control : str
        One of `CONTROLS`.
    step : timedelta
        Of the record.
    has_instants : bool
        Whether the thermometer's values are those of the steps' begins; otherwise means.
    """

    days: float = 7.0
    control: str = "switched, setback"
    step: timedelta = timedelta(minutes=5)
    has_instants: bool = True


def random_house(rng: np.random.Generator, *, is_like_the_model: bool) -> Truth:
    """Return a house of 80 to 220 m2 that loses 0.6 to 2.5 W/K and stores 110 to 370 kJ/K by square metre of floor."""
    floor = rng.uniform(80.0, 220.0)
    loss = floor * rng.uniform(0.6, 2.5) / 1000.0
    air = floor * rng.uniform(8.0, 20.0) / 1000.0
    capacity = floor * np.exp(rng.uniform(np.log(110.0), np.log(370.0))) / 3600.0
    coupling = floor * rng.uniform(5.0, 14.0) / 1000.0
    through = rng.uniform(0.1, 0.6) * loss
    inner = 0.0 if is_like_the_model else rng.uniform(0.2, 0.5)
    outer = coupling * (1.0 - inner)
    return Truth(
        floor_m2=floor,
        air_kwh_per_k=air,
        mass_kwh_per_k=max(capacity - air, 0.5 * capacity),
        loss_kw_per_k=loss - through,
        coupling_kw_per_k=coupling,
        mass_loss_kw_per_k=through * outer / (outer - through),
        aperture_m2=floor * rng.uniform(0.02, 0.08),
        sun_to_mass=rng.uniform(0.2, 0.8),
        gain_kw=floor * rng.uniform(0.0015, 0.005),
        heat_to_mass=rng.choice([0.0, rng.uniform(0.1, 0.5), rng.uniform(0.6, 0.95)]),
        inner_share=inner,
        emitter_h=0.0 if is_like_the_model else rng.uniform(0.1, 0.3),
        sensor_h=0.0 if is_like_the_model else rng.uniform(0.05, 0.2),
        has_people=not is_like_the_model,
    )


def measured(truth: Truth, rng: np.random.Generator, week: Week) -> Measurements:
    """Return what meters show of the house: noise of 0.05 to 0.1 K and 3 % of the heat, temperatures to 0.1 K."""
    n = round(week.days * 24.0 / DT_H)
    hours = np.arange(n) * DT_H
    outdoor, sun = _weather(rng, hours)
    room, heat = _lived(truth, rng, week, hours, (outdoor, sun))
    width = round(week.step / timedelta(hours=DT_H))
    grid = TimeGrid(START, week.step, n // width)
    columns = {name: values.reshape(-1, width) for name, values in (("out", outdoor), ("sun", sun), ("heat", heat))}
    shown = room[::width] if week.has_instants else room.reshape(-1, width).mean(axis=1)
    noisy = shown + rng.normal(size=grid.n_steps) * rng.uniform(0.05, 0.1)
    heat_kw = columns["heat"].mean(axis=1) * (1.0 + 0.03 * rng.normal(size=grid.n_steps))
    return Measurements(
        grid,
        {
            "t_in_c": np.round(noisy, 1),
            "t_out_c": np.round(columns["out"].mean(axis=1) + 0.1 * rng.normal(size=grid.n_steps), 1),
            "irradiance_w_m2": columns["sun"].mean(axis=1),
            "heat_kw": np.maximum(heat_kw, 0.0),
        },
    )


def _weather(rng: np.random.Generator, hours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A level, fronts of a day and a half, a daily swing; sun from low to bright behind clouds of some hours."""
    fronts = _wandering(rng, hours, 36.0) * rng.uniform(2.0, 4.0)
    outdoor = rng.uniform(-12.0, 5.0) + fronts - rng.uniform(0.5, 3.0) * np.cos(2.0 * np.pi * (hours - 2.0) / 24.0)
    daylight = np.clip(np.cos((hours % 24.0 - 12.0) * np.pi / rng.uniform(6.0, 11.0)), 0.0, None)
    clear = 1.0 / (1.0 + np.exp(2.0 * _wandering(rng, hours, 8.0)))
    return outdoor, rng.uniform(100.0, 500.0) * daylight * clear


def _wandering(rng: np.random.Generator, hours: np.ndarray, memory_h: float) -> np.ndarray:
    """Random numbers of unit variance, drawn by the hour, that forget within ``memory_h``."""
    by_hour = np.empty(int(hours[-1]) + 2)
    kept, value = np.exp(-1.0 / memory_h), rng.normal()
    for hour in range(len(by_hour)):
        value = kept * value + np.sqrt(1.0 - kept**2) * rng.normal()
        by_hour[hour] = value
    return np.interp(hours, np.arange(len(by_hour)), by_hour)


def _gains(truth: Truth, rng: np.random.Generator, hours: np.ndarray) -> np.ndarray:
    if not truth.has_people:
        return np.full(len(hours), truth.gain_kw)
    clock = hours % 24.0
    day = 0.5 + 0.5 * ((clock > 6.0) & (clock < 9.0)) + 1.0 * ((clock > 16.0) & (clock < 23.0))
    lively = day * np.exp(0.4 * _wandering(rng, hours, 1.0))
    return truth.gain_kw * lively / lively.mean()


def _lived(
    truth: Truth,
    rng: np.random.Generator,
    week: Week,
    hours: np.ndarray,
    weather: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Temperature at the thermometer and heat given, at every instant; explicit Euler steps."""
    outdoor, sun = (values.tolist() for values in weather)
    gains = _gains(truth, rng, hours).tolist()
    jolts = (
        (0.05 * np.sqrt(DT_H) * rng.normal(size=len(hours))).tolist() if not truth.has_people else [0.0] * len(hours)
    )
    control = _Thermostat(truth, rng, week.control)
    outer, inner = truth.mass_kwh_per_k * (1.0 - truth.inner_share), truth.mass_kwh_per_k * truth.inner_share
    to_outer = truth.coupling_kw_per_k * (1.0 - truth.inner_share)
    to_inner = truth.coupling_kw_per_k * truth.inner_share
    air, wall, floor, felt, emitted = 21.0, 20.5 - rng.uniform(0.0, 1.0), 20.8, 21.0, 0.0
    room, heat = np.empty(len(hours)), np.empty(len(hours))
    for at, hour in enumerate(hours.tolist()):
        given = control.heat_kw(hour, felt, outdoor[at])
        emitted += (given - emitted) * (min(1.0, DT_H / truth.emitter_h) if truth.emitter_h else 1.0)
        felt += (air - felt) * (min(1.0, DT_H / truth.sensor_h) if truth.sensor_h else 1.0)
        room[at], heat[at] = felt, given
        lit = truth.aperture_m2 * sun[at] / 1000.0
        into_mass = truth.sun_to_mass * lit + truth.heat_to_mass * emitted
        into_air = lit + emitted - into_mass + gains[at] + truth.loss_kw_per_k * (outdoor[at] - air)
        out, aside = to_outer * (air - wall), to_inner * (air - floor)
        air_change = (into_air - out - aside) / truth.air_kwh_per_k
        share = truth.inner_share
        wall += DT_H * (out + (1.0 - share) * into_mass + truth.mass_loss_kw_per_k * (outdoor[at] - wall)) / outer
        floor += DT_H * (aside + share * into_mass) / inner if inner else 0.0
        air += DT_H * air_change + jolts[at]
    return room, heat


class _Thermostat:
    """The house's own control; it looks once a minute."""

    def __init__(self, truth: Truth, rng: np.random.Generator, kind: str) -> None:
        self.kind = kind
        self.band_k = rng.uniform(0.2, 0.5)
        self.loss = truth.total_loss_kw_per_k
        self.most_kw = self.loss * 43.0 * rng.uniform(1.0, 1.6)
        self.changed_h, self.is_on, self.now_kw, self.looked_h = -1.0, False, 0.0, -1.0

    def heat_kw(self, hour: float, felt_c: float, outdoor_c: float) -> float:
        if hour - self.looked_h < 1.0 / 60.0 - 1e-9:
            return self.now_kw
        self.looked_h = hour
        is_night = not SETBACK_HOURS[1] <= hour % 24.0 < SETBACK_HOURS[0]
        wanted_c = SETBACK_C if "setback" in self.kind and is_night else SET_POINT_C
        if self.kind.startswith("modulating"):
            held = self.loss * (wanted_c - outdoor_c) + 0.5 * self.most_kw * (wanted_c - felt_c)
            self.now_kw = min(max(held, 0.0), self.most_kw)
        elif hour - self.changed_h > 0.2 and abs(felt_c - wanted_c) > self.band_k:
            should_run = felt_c < wanted_c
            self.changed_h = hour if should_run != self.is_on else self.changed_h
            self.is_on = should_run
            self.now_kw = self.most_kw if self.is_on else 0.0
        return self.now_kw
