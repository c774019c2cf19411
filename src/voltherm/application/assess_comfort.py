"""How comfortable a proposed schedule is likely to be: the same physics as every plan, over an ensemble of weather."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.application.comfort_risk import EVEN, ComfortRisk, HourRisk
from voltherm.application.day_warnings import start_warnings
from voltherm.application.house_facts import HouseFacts
from voltherm.application.house_state import HouseState, StartKind, estimate_state, request_of
from voltherm.application.house_weather import HouseWeather, sees_sun, weather_on
from voltherm.application.planned_day import NoPlan
from voltherm.domain.assets import HeatMode, HeatPump
from voltherm.domain.assets.building import LEAST_STATE_C, MOST_STATE_C
from voltherm.domain.time import TimeGrid
from voltherm.forecasting.weather_ensemble import N_MEMBERS, start_errors, temperature_errors_k
from voltherm.physics.building import Weather
from voltherm.physics.heat_pump import operating_points, simulate_heat_pump

START_ERROR_K: Final = {StartKind.MEASURED: 0.2, StartKind.STALE: 0.5, StartKind.ASSUMED: 1.0}
"""Standard deviation at the start: a room sensor; one that has been silent for hours; a guess. [K]"""
LOST_HOUR_K: Final = 1.0
"""A room this far outside its band counts as a lost hour; nearer, as a part of one. [K]"""
RARE: Final = 0.05
"""What is less likely than this is not warned of."""
GOOD_SCORE, FAIR_SCORE = 90.0, 70.0
"""From here on a schedule is recommended, or acceptable."""

Floats = NDArray[np.float64]


def assess_comfort(facts: HouseFacts, day: date, hours: TimeGrid, modes: Sequence[HeatMode]) -> ComfortRisk | NoPlan:
    """Return what a schedule would do to comfort.

    Each member of the ensemble is the weather forecast with an error that grows with lead time, and a start that is a
    little warmer or colder; the heat pump is asked for the proposed modes and does what it does in that weather.

    Parameters
    ----------
    facts : HouseFacts
        What is known of the house.
    day : date
        Local day of the schedule, as from `proposed_hours`.
    hours : TimeGrid
        Its hours.
    modes : sequence of HeatMode, one an hour
        What is proposed.
    """
    weather = weather_on(facts.weather, hours)
    if weather is None or weather.grid.n_steps < hours.n_steps:
        return NoPlan(
            kind="no-weather",
            why=f"The weather at {facts.device.device_id} is not known for all the hours proposed",
            remedy="give a file with the weather (WEATHER_FILE) that reaches so far, or propose earlier hours",
        )
    state = estimate_state(facts, hours.start)
    members = _simulated(facts, state, weather, tuple(modes))
    outside_k = np.maximum(members.below_k, members.above_k)
    risk = ComfortRisk(
        facts=facts,
        day=day,
        state=state,
        hours=tuple(_hours(facts, hours, modes, members)),
        score=100.0 * (1.0 - float(np.clip(outside_k / LOST_HOUR_K, 0.0, 1.0).mean())),
        probability_below=float((members.below_k > 0).any(axis=1).mean()),
        probability_above=float((members.above_k > 0).any(axis=1).mean()),
        frost_guard_h=float(members.is_guarded.sum(axis=1).mean()),
        n_members=N_MEMBERS,
        warnings=(),
        recommendation="",
    )
    return replace(risk, warnings=tuple(_warnings(risk, weather)), recommendation=_recommendation(risk))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Members:
    """What became of each member, arrays of shape (n_members, n_hours): at the hours' ends, the guard in them."""

    room_c: Floats
    low_c: Floats
    high_c: Floats
    below_k: Floats
    above_k: Floats
    is_guarded: NDArray[np.bool_]


def _simulated(facts: HouseFacts, state: HouseState, weather: HouseWeather, modes: tuple[HeatMode, ...]) -> _Members:
    pump, grid = facts.device.pump, weather.grid
    n_rooms = len(pump.building.rooms)
    lead_h = np.asarray((grid.epoch_seconds - facts.now.timestamp()) / 3600.0, dtype=np.float64)
    errors_k = temperature_errors_k(lead_h)
    shifts_k = START_ERROR_K[state.kind] * start_errors()
    temps = np.array(
        [
            _member_c(pump, np.clip(state.now_c + shift, LEAST_STATE_C, MOST_STATE_C), weather, error, modes)
            for error, shift in zip(errors_k, shifts_k, strict=True)
        ]
    )[:, :, :n_rooms]
    bands = [pump.building.comfort_of(room).band(grid, facts.zone) for room in pump.building.rooms]
    low, high = np.array([band.low_c for band in bands]).T, np.array([band.high_c for band in bands]).T
    ends = temps[:, 1:]
    return _Members(
        room_c=ends.mean(axis=2),
        low_c=low.max(axis=1),
        high_c=high.min(axis=1),
        below_k=(low - ends).max(axis=2),
        above_k=(ends - high).max(axis=2),
        is_guarded=np.asarray((temps[:, :-1] < pump.building.frost_guard_c).any(axis=2)),
    )


def _member_c(
    pump: HeatPump, start_c: Floats, weather: HouseWeather, error_k: Floats, modes: tuple[HeatMode, ...]
) -> Floats:
    """Temperatures of one member, shape (n_hours + 1, n_nodes)."""
    outside = Weather(outdoor_c=weather.outdoor_c.values + error_k, irradiance_w_m2=weather.irradiance_w_m2.values)
    points = operating_points(pump, outside.outdoor_c, weather.grid.epoch_seconds)
    request = request_of(pump, points, outside, modes)
    return simulate_heat_pump(pump, start_c, points, outside, request, weather.grid.step_h).temps_c


def _hours(facts: HouseFacts, hours: TimeGrid, modes: Sequence[HeatMode], members: _Members) -> Iterator[HourRisk]:
    quantiles = np.quantile(members.room_c, (0.05, 0.5, 0.95), axis=0)
    for at, (start, mode) in enumerate(zip(hours.times(), modes, strict=True)):
        yield HourRisk(
            start=start,
            hour=start.astimezone(facts.zone).hour,
            mode=mode,
            low_c=float(members.low_c[at]),
            high_c=float(members.high_c[at]),
            p05_c=float(quantiles[0, at]),
            p50_c=float(quantiles[1, at]),
            p95_c=float(quantiles[2, at]),
            probability_below=float((members.below_k[:, at] > 0).mean()),
            probability_above=float((members.above_k[:, at] > 0).mean()),
        )


def _warnings(risk: ComfortRisk, weather: HouseWeather) -> Iterator[str]:
    if risk.probability_below > RARE:
        yield f"Temperature may drop to {risk.lowest_c:.1f} °C"
    if risk.probability_above > RARE:
        yield f"Temperature may rise to {risk.highest_c:.1f} °C"
    if risk.frost_guard_h > 0:
        guard_c = risk.facts.device.pump.building.frost_guard_c
        yield f"The frost guard is expected to act for {risk.frost_guard_h:.1f} h, below {guard_c:g} °C"
    yield from start_warnings(risk.facts, risk.state)
    if risk.facts.demo_weather is not None:
        yield f"The weather is not that of the day, but a {risk.facts.demo_weather}"
    if not weather.is_sun_known and sees_sun(risk.facts.device.pump):
        yield "No sunshine is known: it is left out, and rooms may become warmer than told"


def _recommendation(risk: ComfortRisk) -> str:
    remedies = []
    if risk.probability_below > RARE:
        remedies.append("more heating during cold periods")
    if risk.probability_above > RARE:
        remedies.append("less heating in the hours that become too warm")
    if not remedies:
        return "Comfortable: the band is kept in nearly all weather that may come"
    wish = " and ".join(remedies)
    if risk.score >= GOOD_SCORE and max(risk.probability_below, risk.probability_above) < EVEN:
        return f"Comfortable in most weather that may come; for the rest consider {wish}"
    if risk.score >= FAIR_SCORE:
        return f"Acceptable, but consider {wish}"
    return f"Not recommended: consider {wish}"
