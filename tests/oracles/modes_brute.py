"""The cheapest levels of a heat pump by trying every schedule there is."""

from __future__ import annotations

from itertools import groupby, pairwise, product

import numpy as np

from tests.oracles.facts import SiteFacts
from tests.oracles.modes_milp import LevelFacts, RoomStep, room_step


def cheapest_by_trying_all(site: SiteFacts, pump: LevelFacts) -> tuple[float, tuple[int, ...]]:
    """Return the lowest objective, and the level of each step; the site has no battery, PV or demand charge."""
    step = room_step(pump, site.step_h)
    lengths = np.diff([*pump.first, site.n])
    best: tuple[float, tuple[int, ...]] = (np.inf, ())
    for choice in product(range(len(pump.heat_kw)), repeat=len(pump.first)):
        levels = tuple(np.repeat(choice, lengths).tolist())
        running = [bool(pump.is_running[level, t]) for t, level in enumerate(levels)]
        if _keeps_dwell(pump, running):
            best = min(best, (_cost(site, pump, step, levels) + _switching(pump, levels, running), levels))
    return best


def _cost(site: SiteFacts, pump: LevelFacts, step: RoomStep, levels: tuple[int, ...]) -> float:
    h, cost = site.step_h, 0.0
    temps = np.array(pump.start_c[: len(step.capacity)], dtype=float)
    stored = float(step.capacity @ temps)
    for t, level in enumerate(levels):
        temps = step.kept @ temps + step.flow[t] + step.warmed * pump.heat_kw[level, t]
        cost += h * site.import_price[t] * (site.load[t] + pump.power_kw[level, t])
        cost += h * pump.cold_price_per_kh * max(0.0, pump.low_c[t] - temps[0])
        cost += h * pump.heat_price_per_kh * max(0.0, temps[0] - pump.high_c[t])
    return cost - pump.heat_worth_per_kwh * (float(step.capacity @ temps) - stored)


def _switching(pump: LevelFacts, levels: tuple[int, ...], running: list[bool]) -> float:
    before = running[0] if pump.was_running is None else pump.was_running
    level_before = levels[0] if pump.was_level is None else pump.was_level
    starts = sum(now and not was for was, now in pairwise([before, *running]))
    changes = sum(was != now for was, now in pairwise([level_before, *levels]))
    return starts * pump.start_cost + changes * pump.change_cost


def _keeps_dwell(pump: LevelFacts, running: list[bool]) -> bool:
    spans = [(runs, len(list(steps))) for runs, steps in groupby(running)]
    if pump.was_running is None or pump.was_running == spans[0][0]:
        spans = spans[1:]
    shortest = {True: pump.min_run_steps, False: pump.min_off_steps}
    return all(length >= shortest[runs] for runs, length in spans[:-1])
