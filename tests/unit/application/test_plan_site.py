"""What the plan of a small site must look like, by hand."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tests.sites import FREE, KEEP, ROOF, battery, inputs_of, site_of
from tests.tariffs import demand, energy, export, tariff_of
from voltherm.application.plan_site import plan_site
from voltherm.domain.assets import BatteryState
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.ledger import Ledger
from voltherm.domain.plan import Fallback, Feasible, Infeasible, Optimal, PlanOptions, Reason, Terminal

CHEAP_THEN_DEAR = tariff_of(energy(series="spot"))
SPOT = [0.1, 0.1, 0.3, 0.3]
FLAT = tariff_of(energy(0.2))


def plan_of(site, load_kw, **choices):
    return plan_site(site, inputs_of(site, load_kw, **choices))


def spot_plan(asset, load_kw=(20.0,) * 4, *, prices=SPOT, **choices):
    return plan_of(site_of(CHEAP_THEN_DEAR, asset), load_kw, prices={"spot": prices}, **choices)


def test_a_site_without_flexibility_pays_its_load():
    plan = plan_of(site_of(FLAT), [10.0, 30.0])
    assert plan.outcome == Optimal()
    assert plan.grid_power_kw.tolist() == [10.0, 30.0]
    assert plan.objective.total == pytest.approx(0.2 * 0.25 * 40)
    assert plan.findings == ()
    assert plan.violations == ()


@pytest.mark.pitfall("M1")
def test_what_is_charged_is_imported_and_what_is_discharged_is_not():
    plan = spot_plan(battery(), soc=0.0)
    assert plan.outcome == Optimal()
    power = plan.assets["bess"].power_kw
    assert power[:2].sum() > 10
    assert power[2:] == pytest.approx([-20.0, -20.0], abs=1e-5)
    assert plan.grid_power_kw == pytest.approx(20.0 + power, abs=1e-5)
    assert plan.assets["bess"].soc[-1] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.pitfall("M1")
def test_a_flat_tariff_gives_no_reason_to_charge():
    plan = plan_of(site_of(FLAT, battery()), [200.0] * 8, options=KEEP)
    assert plan.assets["bess"].power_kw == pytest.approx(np.zeros(8), abs=1e-5)


def test_the_battery_is_drained_when_the_end_is_free_and_kept_when_it_is_not():
    drained = plan_of(site_of(FLAT, battery()), [20.0] * 8, options=FREE)
    kept = plan_of(site_of(FLAT, battery()), [20.0] * 8, options=KEEP)
    assert drained.assets["bess"].soc[-1] < 0.2
    assert kept.assets["bess"].soc[-1] == pytest.approx(0.5, abs=1e-6)


def test_a_high_value_of_stored_energy_fills_the_battery():
    options = PlanOptions(terminal=Terminal.VALUE, stored_energy_value_per_kwh=1.0)
    plan = plan_of(site_of(FLAT, battery()), [20.0] * 8, options=options)
    assert plan.assets["bess"].soc[-1] == pytest.approx(1.0, abs=1e-6)
    assert plan.objective.stored_energy == pytest.approx(50.0, rel=1e-6)
    assert plan.objective.total == pytest.approx(plan.objective.bill + plan.objective.wear - 50.0, rel=1e-6)


def test_wear_keeps_the_battery_still_when_the_spread_is_too_small():
    still = spot_plan(battery(wear_cost_per_kwh=0.2), options=KEEP)
    assert still.assets["bess"].power_kw == pytest.approx(np.zeros(4), abs=1e-5)
    assert still.objective.wear == pytest.approx(0.0, abs=1e-6)


@pytest.mark.pitfall("M2")
def test_a_negative_price_is_not_paid_out_by_charging_and_discharging_at_once():
    plan = spot_plan(battery(wear_cost_per_kwh=0.0), prices=[-0.5] * 4, soc=1.0, options=KEEP)
    assert plan.outcome == Optimal()
    # The battery is full and must end full: it can only discharge and charge again, which takes time.
    assert plan.objective.total >= -0.5 * 0.25 * (4 * 20 + 2 * 50)
    assert plan.findings == ()


@pytest.mark.pitfall("M2")
def test_importing_and_exporting_at_once_earns_nothing():
    tariff = tariff_of(energy(0.1), export(0.5))
    plan = plan_of(site_of(tariff, export_limit_kw=50.0), [20.0, 20.0])
    assert plan.outcome == Optimal()
    assert plan.objective.total == pytest.approx(0.1 * 0.25 * 40)


def test_export_dearer_than_import_is_used_by_buying_in_one_step_and_selling_in_another():
    tariff = tariff_of(energy(series="spot"), export(0.5))
    site = site_of(tariff, battery(), export_limit_kw=100.0)
    plan = plan_of(site, [0.0, 0.0], prices={"spot": [0.1, 0.6]}, soc=0.0)
    assert plan.outcome == Optimal()
    assert plan.grid_power_kw == pytest.approx([50.0, -40.5], abs=1e-4)


@pytest.mark.pitfall("M3")
@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_a_demand_charge_is_rate_times_raise_once_whatever_the_step(minutes):
    tariff = tariff_of(demand(10.0, interval_minutes=minutes))
    ledger = Ledger.empty().with_reached("peak", 50.0, tariff.period_of(inputs_of(site_of(tariff), [0.0]).now))
    plan = plan_of(site_of(tariff), [20.0, 80.0, 60.0], ledger=ledger, step=timedelta(minutes=minutes))
    assert plan.bill_lines["peak"] == pytest.approx(10.0 * 30.0)
    assert plan.peaks_kw["peak"] == pytest.approx(80.0)


@pytest.mark.pitfall("M3")
def test_a_peak_that_is_reached_already_costs_nothing_more():
    tariff = tariff_of(demand(10.0))
    ledger = Ledger.empty().with_reached("peak", 100.0, tariff.period_of(inputs_of(site_of(tariff), [0.0]).now))
    plan = plan_of(site_of(tariff), [20.0, 80.0, 60.0], ledger=ledger)
    assert plan.objective.bill == pytest.approx(0.0, abs=1e-9)


@pytest.mark.pitfall("M4")
def test_each_demand_window_is_billed_at_its_own_rate():
    tariff = tariff_of(
        demand(10.0, name="night", windows=(("00:00", "00:30"),)),
        demand(3.0, name="morning", windows=(("00:30", "24:00"),)),
    )
    plan = plan_of(site_of(tariff), [40.0, 50.0, 90.0, 70.0])
    assert plan.bill_lines["night"] == pytest.approx(10.0 * 50)
    assert plan.bill_lines["morning"] == pytest.approx(3.0 * 90)


@pytest.mark.pitfall("M4")
def test_the_battery_shaves_the_window_with_the_higher_rate():
    tariff = tariff_of(
        demand(10.0, name="night", windows=(("00:00", "00:30"),)),
        demand(3.0, name="morning", windows=(("00:30", "24:00"),)),
    )
    site = site_of(tariff, battery(capacity_kwh=10.0, discharge_efficiency=1.0))
    plan = plan_of(site, [40.0, 40.0, 40.0, 40.0], soc=1.0)
    assert plan.peaks_kw["night"] == pytest.approx(20.0, abs=1e-4)
    assert plan.peaks_kw["morning"] == pytest.approx(40.0, abs=1e-4)


def test_a_target_concedes_the_peak_below_it():
    tariff = tariff_of(demand(10.0))
    options = replace(FREE, peak_targets_kw={"peak": 70.0})
    plan = plan_of(site_of(tariff), [20.0, 80.0], options=options)
    assert plan.objective.bill == pytest.approx(10.0 * 10.0)


@pytest.mark.pitfall("M17")
@pytest.mark.parametrize(("soc", "limit"), [(0.08, "bess.soc_min"), (0.95, "bess.soc_max"), (0.0, "bess.soc_min")])
def test_a_battery_outside_its_band_is_named_and_comes_back(soc, limit):
    site = site_of(FLAT, battery(soc_min=0.2, soc_max=0.9))
    plan = plan_of(site, [5.0] * 8, soc=soc, options=KEEP)
    assert plan.outcome == Optimal()
    assert [violation.limit for violation in plan.violations] == [limit]
    assert plan.violations[0].worst > 0
    assert plan.violations[0].at == plan.grid.start
    assert 0.2 - 1e-6 <= plan.assets["bess"].soc[-1] <= 0.9 + 1e-6
    assert Reason.RECOVER_SOC in plan.reasons or soc > 0.9


@pytest.mark.pitfall("M17")
def test_pv_above_load_is_curtailed_where_it_can_be():
    plan = plan_of(site_of(FLAT, battery(), ROOF), [200.0] * 4, pv_kw=[600.0] * 4, soc=0.85)
    assert plan.outcome == Optimal()
    assert plan.violations == ()
    assert plan.grid_power_kw.min() >= -1e-6


@pytest.mark.pitfall("M17")
def test_pv_that_cannot_be_curtailed_breaks_the_export_limit_by_name():
    site = site_of(FLAT, battery(), replace(ROOF, curtailable=False))
    plan = plan_of(site, [200.0] * 4, pv_kw=[600.0] * 4, soc=0.85)
    assert plan.outcome == Optimal()
    (violation,) = plan.violations
    assert violation.limit == "connection.export_limit_kw"
    stored = 15.0 / 0.9
    assert violation.amount == pytest.approx(400.0 - stored, rel=1e-5)
    assert violation.unit == "kWh"


@pytest.mark.pitfall("M17")
def test_a_load_above_the_connection_breaks_the_import_limit_by_name_and_no_further_than_needed():
    site = site_of(FLAT, battery(discharge_efficiency=1.0), import_limit_kw=100.0)
    plan = plan_of(site, [120.0, 90.0], soc=0.02)
    assert plan.outcome == Optimal()
    (violation,) = plan.violations
    assert violation.limit == "connection.import_limit_kw"
    assert violation.worst == pytest.approx(20.0 - 8.0, abs=1e-4)
    assert violation.amount == pytest.approx(0.25 * 12.0, rel=1e-5)
    assert plan.reasons[0] is Reason.RELIEVE_CONNECTION


def test_missing_inputs_are_told_all_at_once():
    site = site_of(CHEAP_THEN_DEAR, battery(), ROOF)
    good = inputs_of(site, [1.0], pv_kw=[0.0], prices={"spot": [0.1]})
    with pytest.raises(InvalidInputError) as error:
        plan_site(site, replace(good, power_kw={}, states={}, prices={}))
    message = str(error.value)
    assert all(name in message for name in ("'load'", "'roof'", "'bess'", "'spot'"))
    assert len(message.splitlines()) == 4


def test_a_plan_says_where_its_inputs_come_from_and_how_long_it_took():
    plan = spot_plan(battery())
    assert set(plan.provenance) == {"load", "spot"}
    assert plan.timing.build_ms > 0
    assert plan.timing.solve_ms > 0
    assert plan.timing.validate_ms > 0


def test_the_marginal_price_is_what_one_more_kwh_costs():
    plan = plan_of(site_of(tariff_of(energy(series="spot"))), [5.0] * 4, prices={"spot": SPOT})
    assert plan.marginal_price_per_kwh == pytest.approx(SPOT, rel=1e-5)


def test_one_more_kw_at_the_peak_costs_the_demand_rate():
    plan = plan_of(site_of(tariff_of(energy(0.2), demand(10.0))), [5.0, 50.0, 5.0])
    assert 0.25 * plan.marginal_price_per_kwh == pytest.approx([0.05, 10.05, 0.05], rel=1e-4)


def test_the_outcomes_are_four():
    assert len({Optimal, Feasible, Fallback, Infeasible}) == 4


def test_limits_of_now_at_zero_leave_the_battery_at_rest():
    states = {"bess": BatteryState(soc=0.5, charge_limit_kw=0.0, discharge_limit_kw=0.0)}
    plan = spot_plan(battery(), soc=states)
    assert plan.outcome == Optimal()
    assert plan.assets["bess"].power_kw.tolist() == [0.0] * 4
