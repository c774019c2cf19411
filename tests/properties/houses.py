"""Random houses of any size that the constructors accept, their heat pumps, and the weather that houses must bear."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from voltherm.domain.assets import (
    BackupHeater,
    Building,
    HeatingCurve,
    HeatPump,
    HeatSource,
    RatingPoint,
    Room,
    Wall,
)
from voltherm.domain.assets.building import HOTTEST_C, MOST_STATE_C
from voltherm.physics.building import Weather

SUNNIEST_W_M2 = 250.0
A7 = RatingPoint(source_c=7.0, supply_c=35.0, heat_kw=8.0, cop=4.5)
AM7 = RatingPoint(source_c=-7.0, supply_c=35.0, heat_kw=6.0, cop=2.9)
A7_W55 = RatingPoint(source_c=7.0, supply_c=55.0, heat_kw=7.5, cop=2.8)
B0 = RatingPoint(source_c=0.0, supply_c=35.0, heat_kw=12.0, cop=4.0)


def log_between(low: float, high: float) -> st.SearchStrategy[float]:
    """Return numbers whose logarithm is even."""
    return st.floats(np.log(low), np.log(high)).map(lambda value: float(np.exp(value)))


@st.composite
def rooms(draw, name: str) -> Room:
    """Return a room with hardly any gains and sun."""
    loss = draw(log_between(1e-4, 10.0))
    common = {
        "id": name,
        "capacitance_kwh_per_k": draw(log_between(1e-3, 100.0)),
        "loss_kw_per_k": loss,
        "internal_gain_kw": 1e-6 * draw(st.floats(0.0, 1.0)),
        "solar_aperture_m2": 1e-6 * draw(st.floats(0.0, 10.0)),
        "heat_limit_kw": draw(st.one_of(st.none(), log_between(0.1, 100.0))),
    }
    if draw(st.booleans()):
        return Room(**common)
    return Room(
        **common,
        mass_capacitance_kwh_per_k=draw(log_between(1e-2, 1000.0)),
        mass_coupling_kw_per_k=draw(log_between(1e-3, 100.0)),
        mass_loss_kw_per_k=draw(st.one_of(st.just(0.0), log_between(1e-4, 10.0))),
        solar_to_mass=draw(st.floats(0.0, 1.0)),
        heat_to_mass=draw(st.floats(0.0, 1.0)),
    )


@st.composite
def buildings(draw) -> Building:
    """Return one to three rooms, with gains and sun scaled up to what is still legal."""
    names = [f"room{number}" for number in range(draw(st.integers(1, 3)))]
    walls = tuple(Wall(rooms=pair, conductance_kw_per_k=draw(log_between(1e-3, 10.0))) for pair in pairwise(names))
    small = Building(
        rooms=tuple(draw(rooms(name)) for name in names),
        walls=walls,
        cut_out_c=draw(st.sampled_from([23.0, 30.0, 40.0])),
    )
    largest = float(small.sunny_rise_k.max())
    scale = draw(st.floats(0.0, 1.0)) * 0.999 * (MOST_STATE_C - HOTTEST_C) / max(largest, 1e-12)
    scaled = tuple(
        replace(room, internal_gain_kw=scale * room.internal_gain_kw, solar_aperture_m2=scale * room.solar_aperture_m2)
        for room in small.rooms
    )
    return replace(small, rooms=scaled)


@st.composite
def weathers(draw, n_steps: int) -> Weather:
    """Return weather that is wild, or stays at an extreme."""
    seed = np.random.default_rng(draw(st.integers(0, 10**6)))
    outdoor = seed.uniform(-40.0, 40.0, n_steps)
    extreme = draw(st.sampled_from([None, -40.0, 40.0]))
    if extreme is not None:
        outdoor[:] = extreme
    return Weather(outdoor_c=outdoor, irradiance_w_m2=seed.uniform(0.0, SUNNIEST_W_M2, n_steps))


@st.composite
def pumps(draw, building: Building) -> HeatPump:
    """Return a heat pump far too small, far too large or anything between."""
    source = draw(st.sampled_from(HeatSource))
    size = draw(log_between(0.1, 300.0))
    points = (A7, AM7) if source is HeatSource.AIR else (B0,)
    return HeatPump(
        id="pump",
        building=building,
        source=source,
        rating_points=tuple(replace(point, heat_kw=point.heat_kw * size) for point in points),
        heating_curve=draw(st.sampled_from([HeatingCurve(), HeatingCurve(cold_supply_c=55.0, mild_supply_c=30.0)])),
        backup=draw(st.one_of(st.none(), log_between(0.1, 1000.0).map(lambda kw: BackupHeater(limit_kw=kw)))),
        set_point_c=draw(st.one_of(st.none(), st.floats(5.0, 23.0))),
    )
