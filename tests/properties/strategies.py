"""Random sites over five orders of magnitude, in every state that a site can be in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import strategies as st

from tests.properties.tariffs import ledgers, tariffs
from voltherm.domain.assets import Battery, BatteryState, Load, Pv
from voltherm.domain.plan import PlanInputs, PlanOptions, Terminal
from voltherm.domain.series import Series
from voltherm.domain.site import Connection, Site
from voltherm.domain.tariffs import Demand, Tariff
from voltherm.domain.time import TimeGrid

STARTS = (
    ("Europe/Helsinki", datetime(2026, 3, 28, 22, tzinfo=UTC)),  # a day of 23 hours
    ("Europe/Helsinki", datetime(2026, 10, 24, 21, tzinfo=UTC)),  # a day of 25 hours
    ("America/Costa_Rica", datetime(2026, 1, 15, 6, tzinfo=UTC)),
    ("America/Los_Angeles", datetime(2026, 3, 31, 19, tzinfo=UTC)),  # the month ends after 12 hours
    ("Europe/Stockholm", datetime(2026, 2, 28, 20, 15, tzinfo=UTC)),  # the month ends after 2 hours and 45 minutes
)
STEPS = (timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1))
PRICE_SCALES = (0.02, 0.2, 70.0)


def share(low: float = 0.0, high: float = 1.0) -> st.SearchStrategy[float]:
    """Return numbers of two or three digits, so that an example reads well."""
    return st.integers(0, 100).map(lambda part: round(low + (high - low) * part / 100, 12))


def sometimes(value: st.SearchStrategy) -> st.SearchStrategy:
    """Return the value in one example of three, else None."""
    return st.one_of(st.none(), st.none(), value)


SIZES_KW = st.sampled_from([0.5, 4.0, 30.0, 250.0, 4000.0, 100_000.0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardness:
    """What a drawn site may contain.

    Parameters
    ----------
    plain : bool
        Only what the oracles can write down: within the band and the limits, no ramp.
    tame : bool
        Prices at which nothing pays both ways at once: none negative, export below import, wear.
    single : bool
        One battery, and steps of an hour.
    max_steps : int
        Longest grid.
    """

    plain: bool = False
    tame: bool = False
    single: bool = False
    max_steps: int = 48


@st.composite
def batteries(draw, size_kw: float, price: float, name: str, hardness: Hardness) -> Battery:
    low = draw(share(0.0, 0.5))
    limits = {
        "ramp_limit_kw_per_min": draw(sometimes(share(0.001, 0.1).map(lambda part: part * size_kw))),
        "reserve_soc": draw(sometimes(share(0.0, 0.5))) or 0.0,
    }
    return Battery(
        id=name,
        capacity_kwh=size_kw * draw(st.sampled_from([0.1, 1.0, 2.0, 8.0])),
        charge_limit_kw=size_kw * draw(st.sampled_from([0.0, 0.3, 1.0, 1.0])),
        discharge_limit_kw=size_kw * draw(st.sampled_from([0.0, 0.5, 1.0, 1.0])),
        charge_efficiency=draw(st.sampled_from([1.0, 0.95, 0.95, 0.6])),
        discharge_efficiency=draw(st.sampled_from([1.0, 0.95, 0.95, 0.6])),
        soc_min=low,
        soc_max=draw(share(max(low, limits["reserve_soc"]), 1.0)),
        wear_cost_per_kwh=price * draw(st.sampled_from([0.05, 0.5] if hardness.tame else [0.0, 0.0, 0.05, 0.5])),
        standing_loss_per_h=draw(st.sampled_from([0.0, 0.0, 0.001, 0.05])),
        standby_kw=size_kw * draw(st.sampled_from([0.0, 0.0, 0.01])),
        charge_taper_soc=draw(st.sampled_from([1.0, 1.0, 0.8])),
        discharge_taper_soc=draw(st.sampled_from([0.0, 0.0, 0.2])),
        **({} if hardness.plain else limits),
    )


@st.composite
def states(draw, battery: Battery, n_steps: int, hardness: Hardness) -> BatteryState:
    if hardness.plain:
        return BatteryState(soc=draw(share(battery.soc_floor, battery.soc_max)))
    wave = battery.charge_limit_kw * (np.arange(n_steps) % 3) / 2
    return BatteryState(
        soc=draw(st.one_of(share(), st.sampled_from([0.0, 1.0]))),
        charge_limit_kw=draw(st.sampled_from([None, None, 0.0, wave])),
        discharge_limit_kw=draw(st.sampled_from([None, None, 0.0, wave])),
        power_kw=draw(sometimes(share(-1.0, 1.0).map(lambda part: part * battery.charge_limit_kw))),
    )


@st.composite
def connections(draw, size_kw: float, hardness: Hardness) -> Connection:
    imports = [6.0] if hardness.plain else [6.0, 6.0, 0.7, 0.0]
    return Connection(
        import_limit_kw=size_kw * draw(st.sampled_from(imports)),
        export_limit_kw=size_kw * draw(st.sampled_from([0.0, 0.2, 5.0])),
    )


@st.composite
def cases(draw, hardness: Hardness = Hardness()) -> tuple[Site, PlanInputs]:
    """Return a site and inputs that fit it."""
    size_kw, price = draw(SIZES_KW), draw(st.sampled_from(PRICE_SCALES))
    zone_name, start = draw(st.sampled_from(STARTS))
    step = STEPS[-1] if hardness.single else draw(st.sampled_from(STEPS))
    aligned = start.replace(minute=start.minute if step < STEPS[1] else 0)
    grid = TimeGrid(aligned, step, draw(st.integers(2 if hardness.single else 1, hardness.max_steps)))
    tariff = draw(tariffs(zone_name, size_kw, price, plain=hardness.plain, tame=hardness.tame))
    many = 1 if hardness.single else draw(st.sampled_from([0, 1, 1, 1, 2]))
    owned = tuple(draw(batteries(size_kw, price, f"bess{number}", hardness)) for number in range(many))
    plants = draw(pv_plants(hardness))
    site = Site(
        id="site",
        zone=ZoneInfo(zone_name),
        connection=draw(connections(size_kw, hardness)),
        assets=(Load(id="load"), *plants, *owned),
        tariff=tariff,
    )
    draws = np.random.default_rng(draw(st.integers(0, 10**6)))
    return site, PlanInputs(
        now=grid.start,
        grid=grid,
        power_kw=_powers(site, grid, size_kw, (draw(share(0.0, 1.5)), draw(share(0.0, 3.0))), draws),
        states={battery.id: draw(states(battery, grid.n_steps, hardness)) for battery in owned},
        prices={name: Series(grid, _prices(draws, grid, price, hardness)) for name in sorted(tariff.series_names)},
        ledger=draw(ledgers(tariff, grid, size_kw)),
        options=draw(options(tariff, size_kw, price)),
    )


@st.composite
def pv_plants(draw, hardness: Hardness) -> tuple[Pv, ...]:
    curtailable = hardness.plain or draw(st.booleans())
    kinds = st.sampled_from([(), (Pv(id="roof", curtailable=curtailable),)])
    return draw(kinds)


@st.composite
def options(draw, tariff: Tariff, size_kw: float, price: float) -> PlanOptions:
    targets = {
        rule.id: size_kw * draw(share(0.0, 2.0))
        for rule in tariff.components
        if isinstance(rule, Demand) and draw(st.booleans())
    }
    return PlanOptions(
        terminal=draw(st.sampled_from(Terminal)),
        stored_energy_value_per_kwh=draw(sometimes(share(-0.5, 1.5).map(lambda part: part * price))),
        peak_targets_kw=draw(st.sampled_from([{}, targets])),
        solve_limit_s=0.3,
    )


def without_targets(inputs: PlanInputs) -> PlanInputs:
    """Return the inputs with nothing conceded."""
    return replace(inputs, options=replace(inputs.options, peak_targets_kw={}))


def _powers(
    site: Site, grid: TimeGrid, size_kw: float, scales: tuple[float, float], draws: np.random.Generator
) -> dict[str, Series]:
    hour = grid.epoch_seconds / 3600 % 24
    load = size_kw * scales[0] * (0.6 + 0.3 * np.sin((hour - 9) / 4) + 0.1 * draws.normal(size=grid.n_steps))
    sun = size_kw * scales[1] * np.maximum(0.0, np.sin((hour - 6) / 12 * np.pi)) * draws.uniform(0.3, 1, grid.n_steps)
    power = {"load": Series(grid, np.maximum(load, 0.0))}
    return power | {plant.id: Series(grid, sun) for plant in site.pv_plants}


def _prices(draws: np.random.Generator, grid: TimeGrid, price: float, hardness: Hardness) -> np.ndarray:
    """Prices of which some are negative and some are zero, unless they are tame."""
    if hardness.tame:
        return price * draws.uniform(0.1, 2.0, grid.n_steps)
    values = price * draws.normal(0.8, 0.8, grid.n_steps)
    values[draws.random(grid.n_steps) < 0.1] = 0.0
    return values
