"""Whatever the site and its state: a plan comes back, keeps the physics, and costs what the bill says."""

import numpy as np
import pytest
from hypothesis import given, settings

from tests.properties.replay import meter_kw, stored_energy_kwh, usage_of, wear
from tests.properties.strategies import cases
from voltherm.application.plan_site import plan_site
from voltherm.domain.plan import Feasible, Optimal


@pytest.mark.pitfall("M1")
@pytest.mark.pitfall("M2")
@pytest.mark.pitfall("M17")
@pytest.mark.pitfall("M21")
@settings(max_examples=250)
@given(cases())
def test_a_validated_plan_comes_back(case):
    site, inputs = case
    plan = plan_site(site, inputs)
    assert plan.findings == ()
    assert isinstance(plan.outcome, Optimal | Feasible), plan.outcome
    check_energy(site, inputs, plan)
    check_limits(site, inputs, plan)
    check_money(site, inputs, plan)
    check_proof(plan)


def check_energy(site, inputs, plan):
    """Meter and stored energy are redone from the powers alone."""
    scale = 1e-6 * (1.0 + np.abs(plan.grid_power_kw).max())
    assert np.abs(meter_kw(site, inputs, plan) - plan.grid_power_kw).max() <= scale
    for battery in site.batteries:
        part = plan.assets[battery.id]
        energy = stored_energy_kwh(battery, inputs.states[battery.id], part.power_kw, inputs.grid.step_h)
        assert np.abs(energy / battery.capacity_kwh - part.soc).max() <= 2e-6
        assert energy.min() >= -1e-6 * battery.capacity_kwh
        assert energy.max() <= (1 + 1e-6) * battery.capacity_kwh


def check_limits(site, inputs, plan):
    """Whatever is broken is named; what is named has an amount, a price and a step."""
    named = {violation.limit for violation in plan.violations}
    noise = 1e-4 + 1e-6 * np.abs(plan.grid_power_kw).max()
    connection = site.connection
    assert plan.grid_power_kw.max() <= connection.import_limit_kw + noise or "connection.import_limit_kw" in named
    assert -plan.grid_power_kw.min() <= connection.export_limit_kw + noise or "connection.export_limit_kw" in named
    for battery in site.batteries:
        soc = plan.assets[battery.id].soc[1:]
        tolerance = 3e-6 * max(1.0, 1.0 / battery.capacity_kwh)
        assert soc.min() >= battery.soc_floor - tolerance or f"{battery.id}.soc_min" in named
        assert soc.max() <= battery.soc_max + tolerance or f"{battery.id}.soc_max" in named
    for violation in plan.violations:
        assert violation.amount > 0
        assert violation.price > 0
        assert inputs.grid.interval.contains(violation.at)


def check_money(site, inputs, plan):
    """Bill, wear and total by a second calculation."""
    objective = plan.objective
    reference = 1e-6 * (1.0 + abs(objective.total) + abs(objective.bill))
    ledger = inputs.ledger.conceding(site.tariff, inputs.options.peak_targets_kw, inputs.grid.start)
    lines = site.tariff.bill_above(usage_of(inputs, meter_kw(site, inputs, plan)), ledger)
    assert sum(lines.values()) == pytest.approx(objective.bill, abs=reference)
    assert sum(plan.bill_lines.values()) == pytest.approx(objective.bill, abs=reference)
    assert wear(site, inputs, plan) == pytest.approx(objective.wear, abs=reference)
    parts = objective.bill + objective.wear + objective.violations - objective.stored_energy
    assert objective.total == pytest.approx(parts, abs=reference)


def check_proof(plan):
    """Optimal means proven; anything else says why."""
    if isinstance(plan.outcome, Optimal):
        assert -1e-6 <= plan.certified_gap <= 1e-6
    else:
        assert plan.outcome.why
        assert plan.outcome.gap >= 0
