"""Random heat pumps with random houses, in every weather and at every temperature that a reading may have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from tests.properties.strategies import STEPS, Hardness, batteries, ledgers, share, sometimes, states, tariffs
from tests.sites import ZONE
from voltherm.domain.assets import (
    BackupHeater,
    Building,
    BuildingState,
    HeatingCurve,
    HeatPump,
    HeatPumpState,
    HeatSource,
    Load,
    Pv,
    RatingPoint,
    Room,
    Wall,
)
from voltherm.domain.comfort import Comfort, ComfortWindow
from voltherm.domain.plan import PlanInputs, PlanOptions, Terminal
from voltherm.domain.series import Series
from voltherm.domain.site import Connection, Site
from voltherm.domain.time import TimeGrid

STARTS = (datetime(2026, 1, 12, tzinfo=UTC), datetime(2026, 3, 31, 19, tzinfo=UTC), datetime(2026, 7, 4, 6, tzinfo=UTC))
PRICE = 0.2
EVERY_DAY = frozenset(range(7))
AIR_POINTS = (
    RatingPoint(source_c=7.0, supply_c=35.0, heat_kw=1.0, cop=4.6),
    RatingPoint(source_c=-7.0, supply_c=35.0, heat_kw=0.8, cop=2.9),
)
GROUND_POINTS = (RatingPoint(source_c=0.0, supply_c=35.0, heat_kw=1.0, cop=4.5),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wildness:
    """How far a drawn house may be from an ordinary one.

    Parameters
    ----------
    ordinary : bool
        One to three rooms of common size, a pump that suits them, a winter, a start near the comfort band.
    max_steps : int
        Longest grid.
    """

    ordinary: bool = False
    max_steps: int = 48


@st.composite
def comforts(draw, wildness: Wildness) -> Comfort:
    """Return a band, with another one at night or at work, three kelvin away at once."""
    low = draw(st.sampled_from([18.0, 20.0, 21.0] if wildness.ordinary else [5.0, 8.0, 16.0, 20.0, 21.0]))
    high = low + draw(st.sampled_from([1.0, 3.0] if wildness.ordinary else [0.0, 0.5, 3.0, 8.0]))
    windows = ()
    if draw(st.booleans()):
        moved = max(low + draw(st.sampled_from([-3.0, 3.0])), 5.0)
        night = ComfortWindow(
            days=EVERY_DAY, start_minute=22 * 60, end_minute=6 * 60, low_c=moved, high_c=moved + high - low
        )
        windows = (night,)
    prices = [None] if wildness.ordinary else [None, None, 0.0, 0.02, 50.0]
    return Comfort(
        low_c=low,
        high_c=high,
        windows=windows,
        cold_price_per_kh=draw(st.sampled_from(prices)),
        heat_price_per_kh=draw(st.sampled_from(prices)),
    )


@st.composite
def rooms(draw, name: str, wildness: Wildness) -> Room:
    """Return a room of a hut, a house or a hall; wild ones answer within minutes or within weeks."""
    ordinary = wildness.ordinary
    loss = draw(st.sampled_from([0.05, 0.15, 0.3] if ordinary else [0.0, 0.01, 0.1, 0.3, 20.0]))
    scale = max(loss, 0.01)
    air = scale * draw(st.sampled_from([5.0, 15.0] if ordinary else [0.1, 2.0, 30.0, 300.0]))
    mass = scale * draw(st.sampled_from([0.0, 60.0, 150.0] if ordinary else [0.0, 0.0, 1.0, 60.0, 2000.0]))
    common = {
        "id": name,
        "capacitance_kwh_per_k": air,
        "loss_kw_per_k": loss,
        "solar_aperture_m2": loss * draw(st.sampled_from([0.0, 20.0] if ordinary else [0.0, 20.0, 40.0])),
        "internal_gain_kw": loss * draw(st.sampled_from([0.0, 3.0])),
        "heat_limit_kw": scale * draw(st.sampled_from([30.0, 60.0])) if draw(st.integers(0, 3)) == 0 else None,
    }
    if mass == 0:
        return Room(**common)
    coupling = scale * draw(st.sampled_from([3.0, 10.0] if ordinary else [0.01, 3.0, 100.0]))
    return Room(
        **common,
        mass_capacitance_kwh_per_k=mass,
        mass_coupling_kw_per_k=coupling,
        mass_loss_kw_per_k=scale * draw(st.sampled_from([0.0, 0.3])),
        solar_to_mass=draw(st.sampled_from([0.0, 0.5, 1.0] if coupling > loss else [0.0])),
        heat_to_mass=draw(st.sampled_from([0.0, 0.0, 0.3, 1.0])),
    )


@st.composite
def buildings(draw, wildness: Wildness) -> Building:
    """Return one to three rooms, walls between neighbours."""
    names = [f"room{number}" for number in range(draw(st.sampled_from([1, 1, 1, 2, 3])))]
    drawn = tuple(draw(rooms(name, wildness)) for name in names)
    walls = [
        Wall(rooms=pair, conductance_kw_per_k=draw(st.sampled_from([0.02, 1.0])))
        for pair in pairwise(names)
        if draw(st.booleans())
    ]
    comfort = draw(comforts(wildness))
    if draw(st.booleans()):
        drawn = (replace(drawn[0], comfort=draw(comforts(wildness))), *drawn[1:])
    bands = [comfort, *(room.comfort for room in drawn if room.comfort)]
    most = max(band.most_c for band in bands)
    frosts = [0.0, 5.0, min(band.least_c for band in bands)]
    return Building(
        rooms=drawn,
        walls=tuple(walls),
        comfort=comfort,
        frost_guard_c=draw(st.sampled_from(frosts[:2] if wildness.ordinary else frosts)),
        cut_out_c=max(most, draw(st.sampled_from([27.0, 30.0] if wildness.ordinary else [most, 30.0, 40.0]))),
    )


@st.composite
def heat_pumps(draw, wildness: Wildness, name: str = "pump") -> HeatPump:
    """Return a heat pump for a load at -20 degC, or one far too small or too large for it."""
    building = draw(buildings(wildness))
    design_kw = max(40.0 * building.loss_kw_per_k, 0.5)
    sizes = [0.6, 0.9, 1.3] if wildness.ordinary else [0.11, 0.7, 1.3, 10.0, 100.0]
    heat_kw = min(max(design_kw * draw(st.sampled_from(sizes)), 0.1), 9000.0)
    source = draw(st.sampled_from(HeatSource))
    points = AIR_POINTS if source is HeatSource.AIR else GROUND_POINTS
    backup_kw = min(
        0.5 * design_kw * draw(st.sampled_from([0.0, 0.5, 1.0] if wildness.ordinary else [0.0, 1.0, 30.0])), 9000.0
    )
    return HeatPump(
        id=name,
        building=building,
        source=source,
        rating_points=tuple(replace(point, heat_kw=point.heat_kw * heat_kw) for point in points),
        heating_curve=draw(st.sampled_from([HeatingCurve(), HeatingCurve(cold_supply_c=55.0, mild_supply_c=30.0)])),
        lowest_source_c=draw(st.sampled_from([-25.0, -15.0, -5.0])),
        defrost_penalty=draw(st.sampled_from([0.0, 0.1])),
        standby_kw=draw(st.sampled_from([0.0, 0.05])),
        backup=BackupHeater(limit_kw=backup_kw, efficiency=draw(st.sampled_from([1.0, 0.9]))) if backup_kw else None,
    )


@st.composite
def temperatures(draw, pump: HeatPump, wildness: Wildness) -> HeatPumpState:
    """Return airs, and masses that are known or not."""
    low, high = (17.0, 24.0) if wildness.ordinary else (-20.0, 45.0)
    airs = {room.id: draw(share(low, high)) for room in pump.building.rooms}
    masses = {room.id: draw(share(low, high)) for room in pump.building.rooms if room.has_mass}
    return HeatPumpState(building=BuildingState(room_c=airs, mass_c=masses if draw(st.booleans()) else {}))


@st.composite
def heated(draw, wildness: Wildness = Wildness()) -> tuple[Site, PlanInputs]:
    """Return a site with a heat pump, perhaps PV and a battery, and inputs that fit it."""
    pump = draw(heat_pumps(wildness))
    size_kw = float(pump.rating_points[0].heat_kw)
    hardness = Hardness(plain=wildness.ordinary, tame=wildness.ordinary)
    grid = TimeGrid(
        draw(st.sampled_from(STARTS)), draw(st.sampled_from(STEPS)), draw(st.integers(2, wildness.max_steps))
    )
    tariff = draw(tariffs("UTC", size_kw, PRICE, plain=True, tame=wildness.ordinary))
    owned = tuple(draw(batteries(size_kw, PRICE, "bess", hardness)) for _ in range(draw(st.sampled_from([0, 0, 1]))))
    plants = draw(st.sampled_from([(), (Pv(id="roof"),)]))
    limits = [20.0] if wildness.ordinary else [20.0, 20.0, 0.5, 0.0]
    site = Site(
        id="house",
        zone=ZONE,
        connection=Connection(
            import_limit_kw=size_kw * draw(st.sampled_from(limits)),
            export_limit_kw=size_kw * draw(st.sampled_from([0.0, 5.0])),
        ),
        assets=(Load(id="load"), *plants, *owned, pump),
        tariff=tariff,
    )
    draws = np.random.default_rng(draw(st.integers(0, 10**6)))
    mean_c = draw(st.sampled_from([-15.0, -5.0, 5.0] if wildness.ordinary else [-40.0, -15.0, 0.0, 10.0, 25.0, 45.0]))
    return site, PlanInputs(
        now=grid.start,
        grid=grid,
        power_kw=_powers(site, grid, size_kw, draws),
        states={each.id: draw(states(each, grid.n_steps, hardness)) for each in owned},
        prices={name: Series(grid, _prices(draws, grid, wildness)) for name in sorted(tariff.series_names)},
        ledger=draw(ledgers(tariff, grid, size_kw)),
        options=PlanOptions(
            terminal=draw(st.sampled_from(Terminal)),
            stored_energy_value_per_kwh=draw(sometimes(share(0.0, 1.5).map(lambda part: part * PRICE))),
            solve_limit_s=0.3,
        ),
        heat={pump.id: draw(temperatures(pump, wildness))},
        weather=_weather(grid, mean_c, draws),
    )


def _powers(site: Site, grid: TimeGrid, size_kw: float, draws: np.random.Generator) -> dict[str, Series]:
    load = 0.2 * size_kw * draws.uniform(0.2, 1.0, grid.n_steps)
    sun = size_kw * _daylight(grid) * draws.uniform(0.3, 1.0, grid.n_steps)
    return {"load": Series(grid, load)} | {plant.id: Series(grid, sun) for plant in site.pv_plants}


def _weather(grid: TimeGrid, mean_c: float, draws: np.random.Generator) -> dict[str, Series]:
    outdoor = mean_c + 5.0 * (_daylight(grid) - 0.4) + draws.normal(0.0, 0.5, grid.n_steps)
    sun = 800.0 * _daylight(grid) * draws.uniform(0.0, 1.0, grid.n_steps)
    return {"outdoor_c": Series(grid, np.clip(outdoor, -60.0, 55.0)), "irradiance_w_m2": Series(grid, sun)}


def _daylight(grid: TimeGrid) -> np.ndarray:
    return np.maximum(0.0, np.sin((grid.epoch_seconds / 3600 % 24 - 6) / 12 * np.pi))


def _prices(draws: np.random.Generator, grid: TimeGrid, wildness: Wildness) -> np.ndarray:
    if wildness.ordinary:
        return PRICE * draws.uniform(0.1, 2.0, grid.n_steps)
    values = PRICE * draws.normal(0.8, 0.8, grid.n_steps)
    values[draws.random(grid.n_steps) < 0.1] = 0.0
    return values
