"""What a planned series costs: bill, wear, broken limits, less what stays stored."""

from dataclasses import replace

import numpy as np
import pytest

from tests.sites import KEEP, START, battery, inputs_of, site_of
from tests.tariffs import demand, energy, export, tariff_of
from voltherm.application.price_plan import price_series
from voltherm.domain.assets import BatteryState
from voltherm.domain.ledger import Ledger
from voltherm.domain.plan import PlanOptions, Terminal
from voltherm.optimization.problem import build_site_problem
from voltherm.optimization.solution import PlannedSeries
from voltherm.physics.battery import simulate_battery

TARIFF = tariff_of(energy(0.2), export(0.1), demand(10.0))


def priced(site, inputs, battery_kw):
    """Return the price of a series in which each battery gets the given power."""
    runs = {
        each.id: simulate_battery(each, inputs.states[each.id], np.array(battery_kw), inputs.grid.step_h)
        for each in site.batteries
    }
    grid = inputs.power_kw["load"].values + sum(run.power_kw for run in runs.values())
    series = PlannedSeries(batteries=runs, heat_pumps={}, pv_used_kw={}, grid_kw=grid)
    return price_series(site, inputs, build_site_problem(site, inputs), series)


def test_the_bill_has_a_line_for_each_component():
    site = site_of(TARIFF, battery(), export_limit_kw=100.0)
    lines = priced(site, inputs_of(site, [20.0, 20.0]), [10.0, -40.0]).bill_lines
    assert lines["energy"] == pytest.approx(0.2 * 0.25 * 30)
    assert lines["export"] == pytest.approx(-0.1 * 0.25 * 20)
    assert lines["peak"] == pytest.approx(10.0 * 30)


def test_only_what_is_above_the_reached_peak_is_paid():
    site = site_of(TARIFF, battery())
    ledger = Ledger.empty().with_reached("peak", 25.0, TARIFF.period_of(START))
    answer = priced(site, inputs_of(site, [20.0, 20.0], ledger=ledger), [10.0, 0.0])
    assert answer.bill_lines["peak"] == pytest.approx(10.0 * 5)


def test_wear_counts_both_directions():
    site = site_of(TARIFF, battery(wear_cost_per_kwh=0.4))
    assert priced(site, inputs_of(site, [20.0, 20.0]), [10.0, -10.0]).objective.wear == pytest.approx(0.4 * 0.25 * 20)


def test_stored_energy_is_worth_what_the_options_say():
    site = site_of(TARIFF, battery())
    options = PlanOptions(terminal=Terminal.VALUE, stored_energy_value_per_kwh=0.3)
    objective = priced(site, inputs_of(site, [20.0, 20.0], options=options), [10.0, 10.0]).objective
    assert objective.stored_energy == pytest.approx(0.3 * 0.9 * 5.0)
    assert objective.total == pytest.approx(objective.bill + objective.wear - objective.stored_energy)


@pytest.mark.parametrize(
    ("changes", "soc", "power_kw", "limit", "amount", "unit"),
    [
        ({"soc_min": 0.4}, 0.3, [0.0, 0.0], "bess.soc_min", 10.0 * 0.5, "kWh*h"),
        ({"soc_max": 0.8}, 0.9, [0.0, 0.0], "bess.soc_max", 10.0 * 0.5, "kWh*h"),
        ({"ramp_limit_kw_per_min": 1.0}, 0.5, [0.0, 40.0], "bess.ramp_limit_kw_per_min", 25.0, "kW"),
        ({}, 0.5, [0.0, -9.0], "bess.terminal", 0.25 * 9.0 / 0.9, "kWh"),
    ],
)
def test_a_broken_limit_of_the_battery_is_named_with_its_amount(changes, soc, power_kw, limit, amount, unit):
    site = site_of(TARIFF, battery(**changes))
    (violation,) = priced(site, inputs_of(site, [20.0, 20.0], soc=soc, options=KEEP), power_kw).violations
    assert (violation.limit, violation.unit) == (limit, unit)
    assert violation.amount == pytest.approx(amount)
    assert violation.cost == pytest.approx(violation.price * amount)


def test_the_ramp_counts_from_the_power_of_now():
    site = site_of(TARIFF, battery(ramp_limit_kw_per_min=1.0))
    inputs = inputs_of(site, [20.0, 20.0], soc={"bess": BatteryState(soc=0.5, power_kw=30.0)})
    (violation,) = priced(site, inputs, [0.0, 0.0]).violations
    assert violation.worst == pytest.approx(15.0)
    assert violation.at == START


def test_a_broken_connection_limit_is_named_with_its_energy():
    site = site_of(TARIFF, battery(), import_limit_kw=25.0)
    tight = replace(site, connection=replace(site.connection, export_limit_kw=2.0))
    violations = priced(tight, inputs_of(tight, [20.0, 20.0]), [10.0, -30.0]).violations
    amounts = {each.limit: each.amount for each in violations}
    assert amounts["connection.import_limit_kw"] == pytest.approx(0.25 * 5.0)
    assert amounts["connection.export_limit_kw"] == pytest.approx(0.25 * 8.0)
