"""Heat pumps that are switched: as cheap as the integer optimum that shares no code, dwell kept, no toggling."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.mode_houses import Kind, draw_house, level_facts, site_facts
from tests.oracles.modes_milp import solve_modes
from voltherm.application.plan_site import plan_site
from voltherm.domain.assets import HeatMode, Schedule
from voltherm.domain.plan import Feasible, Optimal

LONGEST_S = 60.0
SHARE = 1e-3
"""Of what the site would cost: how far a plan may be from the optimum."""
SHARE_WITH_MASS = 3e-2
"""With a mass the search has two temperatures, and misses more where all-or-nothing hours cannot keep the band."""

KINDS = {
    "on and off": Kind(n_steps=16),
    "on and off, with a mass": Kind(n_steps=14, has_mass=True),
    "modes": Kind(n_steps=12, schedule=Schedule.MODES),
    "modes, with sun": Kind(n_steps=12, schedule=Schedule.MODES, has_pv=True),
    "on and off, with battery and sun": Kind(n_steps=12, has_pv=True, has_battery=True),
}


def scale(plan) -> float:
    """Return what a gap is held against: the bill with what discomfort is priced at, at least a tenth of a unit."""
    return max(abs(plan.objective.bill) + plan.objective.violations, 0.1)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_switched_plan_costs_what_the_integer_optimum_costs(kind, number):
    site, inputs = draw_house(number, kind)
    optimum = solve_modes(site_facts(site, inputs), level_facts(site, inputs), LONGEST_S)
    assert optimum.is_proven

    plan = plan_site(site, inputs)

    assert isinstance(plan.outcome, Optimal | Feasible)
    share = SHARE_WITH_MASS if kind.has_mass else SHARE
    assert plan.objective.total <= optimum.objective + share * scale(plan)
    assert plan.objective.total >= optimum.objective - 1e-4 * scale(plan)


@pytest.mark.parametrize("number", range(4, 10))
def test_an_on_off_unit_is_asked_for_all_or_nothing(number):
    site, inputs = draw_house(number, Kind(n_steps=12))

    heat = plan_site(site, inputs).assets["pump"].heat

    assert heat.modes is not None
    assert set(heat.modes) <= {HeatMode.BOOST, HeatMode.OFF}


@pytest.mark.parametrize("number", range(20, 32))
def test_shortest_times_of_running_and_resting_are_kept(number):
    site, inputs = draw_house(number, Kind(n_steps=48))
    pump = replace(site.heat_pumps[0], min_run_h=3.0, min_off_h=2.0)
    site = replace(site, assets=tuple(pump if asset.id == "pump" else asset for asset in site.assets))

    plan = plan_site(site, inputs)

    runs = plan.assets["pump"].heat.compressor_kw > 1e-6
    edges = np.flatnonzero(np.diff(runs)) + 1
    lengths = np.diff(edges)
    kept = [length >= (3 if runs[edge] else 2) for edge, length in zip(edges, lengths, strict=False)]
    named = {violation.limit for violation in plan.violations}
    assert all(kept) or named & {"pump.min_run_h", "pump.min_off_h", "pump.house.frost_guard"}


@pytest.mark.pitfall("A4")
def test_a_tenth_of_a_cent_between_hours_switches_nothing():
    site, inputs = draw_house(2, Kind(n_steps=24, schedule=Schedule.MODES))
    name, prices = next(iter(inputs.prices.items()))
    flat = np.full(24, 0.1)
    wavy = flat + 0.001 * (np.arange(24) % 2)
    outdoor = inputs.weather["outdoor_c"]
    weather = {**inputs.weather, "outdoor_c": replace(outdoor, values=np.full(24, float(outdoor.values.mean())))}

    plans = [
        plan_site(site, replace(inputs, weather=weather, prices={name: replace(prices, values=values)}))
        for values in (flat, wavy)
    ]

    modes = [plan.assets["pump"].heat.modes for plan in plans]
    changes = [sum(one is not other for one, other in pairwise(each)) for each in modes]
    assert changes[1] <= changes[0] + 1


@pytest.mark.pitfall("A3")
def test_a_warm_house_is_switched_off():
    site, inputs = draw_house(3, Kind(n_steps=12, schedule=Schedule.MODES))
    outdoor = inputs.weather["outdoor_c"]
    warm = {**inputs.weather, "outdoor_c": replace(outdoor, values=np.full(12, 22.0))}

    plan = plan_site(site, replace(inputs, weather=warm))

    assert plan.assets["pump"].heat.compressor_kw.sum() == 0.0
