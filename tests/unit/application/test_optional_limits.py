"""Every optional limit of a battery and its connection, in a plan in which it binds."""

from dataclasses import replace

import numpy as np
import pytest

from tests.sites import FREE, KEEP, battery, inputs_of, site_of
from tests.tariffs import energy, tariff_of
from voltherm.application.plan_site import plan_site
from voltherm.domain.assets import BatteryState
from voltherm.domain.plan import Optimal, PlanOptions, Terminal

pytestmark = pytest.mark.pitfall("M18")

SPOT = tariff_of(energy(series="spot"))
LOW_HIGH = [0.1] * 4 + [0.5] * 4


def plan_of(asset, *, prices=LOW_HIGH, load_kw=100.0, soc=0.5, options=KEEP, import_limit_kw=1000.0):
    site = site_of(SPOT, asset, import_limit_kw=import_limit_kw)
    load = np.full(len(prices), load_kw)
    plan = plan_site(site, inputs_of(site, load, prices={"spot": prices}, soc=soc, options=options))
    assert plan.outcome == Optimal()
    assert plan.findings == ()
    return plan


def power_of(plan):
    return plan.assets["bess"].power_kw


def test_without_limits_the_battery_moves_all_it_can():
    power = power_of(plan_of(battery(), prices=[0.1, 0.1, 0.2, 0.5]))
    assert power[:2] == pytest.approx([50.0, 50.0], abs=1e-4)
    assert power[3] == pytest.approx(-50.0, abs=1e-4)


def test_the_end_no_lower_than_the_start():
    assert plan_of(battery(), options=FREE).assets["bess"].soc[-1] == pytest.approx(0.0, abs=1e-6)
    assert plan_of(battery(), options=KEEP).assets["bess"].soc[-1] == pytest.approx(0.5, abs=1e-6)


def test_a_value_of_what_is_stored_at_the_end():
    dear = PlanOptions(terminal=Terminal.VALUE, stored_energy_value_per_kwh=2.0)
    worthless = PlanOptions(terminal=Terminal.VALUE, stored_energy_value_per_kwh=0.0)
    assert plan_of(battery(), options=dear).assets["bess"].soc[-1] == pytest.approx(1.0, abs=1e-6)
    assert plan_of(battery(), options=worthless).assets["bess"].soc[-1] == pytest.approx(0.0, abs=1e-6)


def test_wear_cost():
    spread_after_losses = 0.5 * 0.81 - 0.1
    pays = power_of(plan_of(battery(wear_cost_per_kwh=0.9 * spread_after_losses / 1.81)))
    pays_not = power_of(plan_of(battery(wear_cost_per_kwh=1.1 * spread_after_losses / 1.81)))
    assert np.abs(pays).max() > 1
    assert np.abs(pays_not).max() == pytest.approx(0.0, abs=1e-4)


def test_ramp_limit():
    state = {"bess": BatteryState(soc=0.5, power_kw=0.0)}
    plan = plan_of(battery(ramp_limit_kw_per_min=1.0), soc=state)
    assert np.abs(np.diff(power_of(plan), prepend=0.0)).max() == pytest.approx(15.0, abs=1e-3)


def test_a_ramp_from_the_power_of_now():
    state = {"bess": BatteryState(soc=0.5, power_kw=-40.0)}
    plan = plan_of(battery(ramp_limit_kw_per_min=1.0), soc=state)
    assert power_of(plan)[0] == pytest.approx(-25.0, abs=1e-3)


def test_import_limit_of_the_connection():
    plan = plan_of(battery(), import_limit_kw=120.0)
    assert plan.grid_power_kw.max() == pytest.approx(120.0, abs=1e-3)
    assert "connection.import_limit_kw" in plan.limits[0]


def test_reserve_for_backup():
    plan = plan_of(battery(reserve_soc=0.4), options=FREE)
    assert plan.assets["bess"].soc.min() == pytest.approx(0.4, abs=1e-6)


def test_different_limits_of_charge_and_discharge():
    power = power_of(plan_of(battery(charge_limit_kw=30.0, discharge_limit_kw=20.0), prices=[0.1, 0.2, 0.5]))
    assert power[0] == pytest.approx(30.0, abs=1e-4)
    assert power[2] == pytest.approx(-20.0, abs=1e-4)


def test_different_efficiencies_of_charge_and_discharge():
    plan = plan_of(battery(charge_efficiency=0.8, discharge_efficiency=0.95), prices=[0.1, 0.5])
    power = power_of(plan)
    assert -power[1] == pytest.approx(0.8 * 0.95 * power[0], rel=1e-4)


def test_standby_of_the_auxiliaries_is_metered():
    plain, thirsty = plan_of(battery()), plan_of(battery(standby_kw=3.0))
    assert thirsty.grid_power_kw.sum() - plain.grid_power_kw.sum() == pytest.approx(24.0, rel=1e-4)


def test_charge_taper_near_full():
    plan = plan_of(battery(charge_taper_soc=0.5), soc=0.75)
    assert power_of(plan)[0] == pytest.approx(25.0, abs=1e-3)


def test_discharge_taper_near_empty():
    plan = plan_of(battery(discharge_taper_soc=0.5), prices=[0.5, 0.1], soc=0.25, options=FREE)
    assert power_of(plan)[0] == pytest.approx(-25.0, abs=1e-3)


def test_standing_loss():
    plan = plan_of(battery(standing_loss_per_h=0.1), prices=[0.2] * 4, options=KEEP)
    assert power_of(plan).sum() * 0.25 * 0.9 == pytest.approx(50 - 50 * 0.9, rel=0.05)


def test_derating_of_now_step_by_step():
    limits = np.array([0.0, 5.0, 50.0, 50.0, 50.0, 50.0, 7.0, 0.0])
    state = {"bess": BatteryState(soc=0.5, charge_limit_kw=limits, discharge_limit_kw=limits)}
    power = power_of(plan_of(battery(), soc=state, prices=[0.1] * 4 + [0.5, 0.5, 0.6, 0.6]))
    assert np.all(np.abs(power) <= limits + 1e-6)
    assert power[:2] == pytest.approx([0.0, 5.0], abs=1e-4)
    assert power[6:] == pytest.approx([-7.0, 0.0], abs=1e-4)


def test_a_limit_that_is_not_there_does_not_bind():
    named = plan_of(battery()), plan_of(replace(battery(), ramp_limit_kw_per_min=1e6))
    assert named[0].objective.total == pytest.approx(named[1].objective.total, rel=1e-6)
