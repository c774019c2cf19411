"""What the validator finds in the plan of a heat pump that is switched, when something is planted in it."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tests.heated_sites import building, heat_pump, heated_inputs, hut, state
from tests.sites import site_of
from tests.tariffs import energy, tariff_of
from voltherm.application.plan_site import plan_site
from voltherm.application.validate_plan import validate_plan
from voltherm.domain.assets import HeatMode, HeatPumpState, Schedule

HEAVY = building(hut(capacitance_kwh_per_k=20.0))
RUNNING = HeatPumpState(building=state(21.0).building, is_running=True, since_h=0.5)


def planned(**changes):
    """Return site, inputs and plan of a pump that runs two hours of four, or so."""
    site = site_of(tariff_of(energy(0.2)), heat_pump(HEAVY, **({"schedule": Schedule.MODES} | changes)))
    inputs = heated_inputs(site, [0.0] * 12, start=RUNNING, step=timedelta(hours=1))
    return site, inputs, plan_site(site, inputs)


def with_heat(plan, **changes):
    part = plan.assets["pump"]
    return replace(plan, assets={**plan.assets, "pump": replace(part, heat=replace(part.heat, **changes))})


def test_a_plan_as_it_comes_is_valid():
    for schedule in (Schedule.MODES, Schedule.ON_OFF):
        assert validate_plan(*planned(schedule=schedule)) == ()


def test_heat_that_the_mode_does_not_give_is_found():
    site, inputs, plan = planned()
    modes = list(plan.assets["pump"].heat.modes)
    on = next(step for step, kw in enumerate(plan.assets["pump"].power_kw) if kw > 0)
    modes[on] = HeatMode.OFF
    findings = validate_plan(site, inputs, with_heat(plan, modes=tuple(modes)))
    assert len(findings) == 1
    assert f"away from what its mode gives in step {on}" in findings[0]


def test_a_mode_that_a_relay_does_not_have_is_found():
    site, inputs, plan = planned(schedule=Schedule.ON_OFF)
    findings = validate_plan(site, inputs, with_heat(plan, modes=(HeatMode.ECO,) * 12))
    assert findings == ("pump: is asked for a mode that it does not have",)


def test_modes_of_a_pump_that_is_planned_as_power_are_found():
    site, inputs, plan = planned(schedule=Schedule.CONTINUOUS)
    findings = validate_plan(site, inputs, with_heat(plan, modes=(HeatMode.NORMAL,) * 12))
    assert findings == ("pump: has modes, but is planned as power",)


@pytest.mark.parametrize(("limit", "what"), [("min_run_h", "runs for"), ("min_off_h", "rests for")])
def test_runs_and_rests_that_are_too_short_are_found(limit, what):
    site, inputs, plan = planned(schedule=Schedule.ON_OFF)
    (pump,) = site.heat_pumps
    slow = replace(pump, **{limit: 9.0})
    patient = replace(site, assets=tuple(slow if each is pump else each for each in site.assets))
    (finding,) = validate_plan(patient, inputs, plan)
    assert what in finding
    assert f"{limit} is 9" in finding


def test_a_run_that_ends_in_the_first_step_is_held_against_its_time_before():
    site, inputs, plan = planned(schedule=Schedule.ON_OFF)
    (pump,) = site.heat_pumps
    rests_first = plan.assets["pump"].power_kw[0] == 0
    warm = replace(inputs, heat={"pump": replace(RUNNING, building=state(22.9).building)})
    plan = plan if rests_first else plan_site(site, warm)
    assert plan.assets["pump"].power_kw[0] == 0
    slow = replace(site, assets=tuple(replace(each, min_run_h=2.0) if each is pump else each for each in site.assets))
    findings = validate_plan(slow, inputs if rests_first else warm, plan)
    assert "pump: runs for 0.5 h, min_run_h is 2, not named a violation" in findings


def test_what_is_named_a_violation_is_no_finding():
    # The source is too cold from the second hour on: the run ends, and the plan says so.
    site = site_of(
        tariff_of(energy(0.2)), heat_pump(HEAVY, schedule=Schedule.ON_OFF, min_run_h=6.0, lowest_source_c=-10.0)
    )
    inputs = heated_inputs(site, [0.0] + [-15.0] * 5, start=RUNNING, step=timedelta(hours=1))
    plan = plan_site(site, inputs)
    assert "pump.min_run_h" in {each.limit for each in plan.violations}
    assert plan.findings == ()
    silent = replace(plan, violations=tuple(each for each in plan.violations if each.limit != "pump.min_run_h"))
    assert any("min_run_h is 6" in finding for finding in validate_plan(site, inputs, silent))


def test_what_the_frost_guard_adds_is_no_finding():
    site = site_of(tariff_of(energy(0.2)), heat_pump(HEAVY, schedule=Schedule.MODES))
    inputs = heated_inputs(site, [-5.0] * 6, start=2.0, step=timedelta(hours=1))
    plan = plan_site(site, inputs)
    assert plan.findings == ()
    assert np.all(plan.assets["pump"].power_kw > 0)
