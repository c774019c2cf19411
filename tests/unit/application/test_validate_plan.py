"""The validator sees every way in which a plan can be wrong, and names it."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tests.heated_sites import A7, building, heat_pump, heated_inputs, hut, room, state
from tests.sites import FREE, KEEP, ROOF, battery, inputs_of, site_of
from tests.tariffs import energy, tariff_of
from voltherm.application.plan_site import plan_site
from voltherm.application.validate_plan import validate_plan
from voltherm.domain.assets import BackupHeater, HeatMode
from voltherm.domain.comfort import Comfort
from voltherm.domain.plan import Violation

pytestmark = pytest.mark.pitfall("M21")

SITE = site_of(tariff_of(energy(series="spot")), battery(soc_min=0.1, soc_max=0.9), ROOF, export_limit_kw=5.0)
INPUTS = inputs_of(
    SITE, [60.0] * 8, pv_kw=[0.0] * 4 + [90.0] * 4, prices={"spot": [0.1, 0.1, 0.5, 0.5] * 2}, soc=0.5, options=KEEP
)
PLAN = plan_site(SITE, INPUTS)


def findings(**changes):
    return validate_plan(SITE, INPUTS, replace(PLAN, **changes))


def with_asset(name, **changes):
    return {"assets": {**PLAN.assets, name: replace(PLAN.assets[name], **changes)}}


def test_a_good_plan_has_no_findings():
    assert findings() == ()


def test_a_meter_that_does_not_add_up():
    (found,) = findings(grid_power_kw=PLAN.grid_power_kw + 0.1)
    assert found.startswith("balance:")


def test_a_sign_error_in_the_balance():
    wrong = PLAN.grid_power_kw - 2 * PLAN.assets["bess"].power_kw
    assert any(found.startswith("balance:") for found in findings(grid_power_kw=wrong))


def test_an_soc_that_the_power_does_not_lead_to():
    assert any("another SOC" in found for found in findings(**with_asset("bess", soc=PLAN.assets["bess"].soc + 0.01)))


def test_a_missing_soc():
    assert any("no SOC" in found for found in findings(**with_asset("bess", soc=None)))


def test_a_power_that_the_battery_cannot_follow():
    power = PLAN.assets["bess"].power_kw + 30.0
    found = findings(**with_asset("bess", power_kw=power), grid_power_kw=PLAN.grid_power_kw + 30.0)
    assert any("charges above its limit" in line for line in found)
    assert any("cannot follow" in line for line in found)


def test_an_soc_outside_the_band_that_is_not_named():
    narrow = replace(SITE, assets=(*SITE.assets[:1], battery(soc_min=0.45, soc_max=0.48), *SITE.assets[2:]))
    found = validate_plan(narrow, INPUTS, PLAN)
    assert any("below the floor" in line for line in found)
    assert any("above the top" in line for line in found)


def test_an_soc_outside_the_band_that_is_named():
    narrow = replace(SITE, assets=(*SITE.assets[:1], battery(soc_min=0.45, soc_max=0.48), *SITE.assets[2:]))
    named = tuple(
        Violation(limit=f"bess.{edge}", amount=1.0, unit="kWh*h", price=0.0, worst=1.0, at=PLAN.grid.start)
        for edge in ("soc_min", "soc_max")
    )
    assert validate_plan(narrow, INPUTS, replace(PLAN, violations=named)) == ()


def test_a_connection_limit_that_is_broken_and_not_named():
    tight = replace(SITE, connection=replace(SITE.connection, import_limit_kw=5.0))
    assert any("imports" in line for line in validate_plan(tight, INPUTS, PLAN))
    assert any("exports" in line for line in findings(grid_power_kw=PLAN.grid_power_kw - 200.0))


def test_pv_that_consumes_or_gives_more_than_the_sun():
    power = PLAN.assets["roof"].power_kw
    assert any("consumes" in line for line in findings(**with_asset("roof", power_kw=power + 200.0)))
    assert any("more than the sun" in line for line in findings(**with_asset("roof", power_kw=power - 200.0)))


def test_pv_that_is_curtailed_though_it_cannot_be():
    fixed = replace(SITE, assets=tuple(replace(a, curtailable=False) if a == ROOF else a for a in SITE.assets))
    less = {**PLAN.assets, "roof": replace(PLAN.assets["roof"], power_kw=PLAN.assets["roof"].power_kw * 0.5)}
    assert any("cannot be" in line for line in validate_plan(fixed, INPUTS, replace(PLAN, assets=less)))


def test_a_load_that_was_changed():
    power = PLAN.assets["load"].power_kw + 1.0
    assert any("cannot control" in line for line in findings(**with_asset("load", power_kw=power)))


@pytest.mark.parametrize("values", [np.full(8, np.nan), np.zeros(7)])
def test_a_power_that_is_no_number_or_too_short(values):
    assert any("no finite power" in line for line in findings(**with_asset("bess", power_kw=values)))
    assert any("no finite power" in line for line in findings(grid_power_kw=values))


def test_an_asset_without_a_plan():
    assets = {name: part for name, part in PLAN.assets.items() if name != "bess"}
    assert any("bess" in line for line in findings(assets=assets))


def test_a_bill_whose_lines_do_not_add_up():
    assert any(line.startswith("bill:") for line in findings(bill_lines={"energy": 1e6}))


def test_penalties_that_do_not_add_up():
    objective = replace(PLAN.objective, violations=PLAN.objective.violations + 5.0)
    assert any(line.startswith("violations:") for line in findings(objective=objective))


def test_a_plan_that_is_cheaper_than_possible():
    assert any("below its proven bound" in line for line in findings(certified_gap=-1e-3))


def test_tolerances_do_not_let_a_watt_hour_through():
    # A kilowatt for one second is a third of a watt-hour.
    drift = 1.0 / 3600 / timedelta(minutes=15).total_seconds() * 3600
    assert findings(grid_power_kw=PLAN.grid_power_kw + drift) != ()


# -- Heat pumps

PUMP = heat_pump(building(room(), frost_guard_c=8.0), backup=BackupHeater(limit_kw=2.0, efficiency=0.9))
HOUSE = site_of(tariff_of(energy(series="spot")), PUMP)
WINTER = heated_inputs(
    HOUSE, [-12.0] * 8, start=20.0, step=timedelta(hours=1), prices={"spot": [0.1, 0.1, 0.5, 0.5] * 2}, options=KEEP
)
HEATED = plan_site(HOUSE, WINTER)
HEAT = HEATED.assets["pump"].heat


def heat_findings(*, site=HOUSE, inputs=WINTER, power_kw=None, grid_power_kw=None, violations=None, **changes):
    """Return the findings of the house's plan with other heat."""
    part = replace(HEATED.assets["pump"], heat=replace(HEAT, **changes))
    part = part if power_kw is None else replace(part, power_kw=power_kw)
    plan = replace(HEATED, assets={**HEATED.assets, "pump": part})
    plan = plan if grid_power_kw is None else replace(plan, grid_power_kw=grid_power_kw)
    return validate_plan(site, inputs, plan if violations is None else replace(plan, violations=violations))


def says(found, words):
    return any(words in line for line in found)


def with_comfort(**changes):
    """Return the house with another band, for which the plan was not made."""
    return replace(HOUSE, assets=(HOUSE.assets[0], replace(PUMP, building=replace(PUMP.building, **changes))))


def test_a_good_plan_of_heat_has_no_findings():
    assert HEAT.backup_kw.max() > 0.1
    assert heat_findings() == ()


@pytest.mark.parametrize("shift_k", [0.001, -0.5])
def test_temperatures_that_the_heat_does_not_lead_to(shift_k):
    assert says(heat_findings(temps_c=HEAT.temps_c + shift_k), "other temperatures")


def test_a_single_temperature_that_is_off():
    temps = HEAT.temps_c.copy()
    temps[3, 1] += 0.01
    assert says(heat_findings(temps_c=temps), "other temperatures")


def test_a_cop_that_the_rating_points_do_not_give():
    assert heat_findings(cop=HEAT.cop * 1.01) == ("pump: the rating points give another COP than the plan says",)


def test_a_power_that_is_not_the_heat_over_the_cop():
    less = HEATED.assets["pump"].power_kw * 0.9
    found = heat_findings(power_kw=less, grid_power_kw=HEATED.grid_power_kw - HEATED.assets["pump"].power_kw + less)
    assert found == ("pump: the heat pump cannot follow the plan",)


def test_heat_above_the_capacity():
    found = heat_findings(heat_kw=HEAT.heat_kw + 5.0, compressor_kw=HEAT.compressor_kw + 5.0)
    assert says(found, "cannot follow")


def test_heat_out_of_nowhere():
    assert says(heat_findings(heat_kw=HEAT.heat_kw + 0.01), "cannot follow")


def test_a_backup_beyond_its_limit_or_below_zero():
    assert says(heat_findings(backup_kw=HEAT.backup_kw + 2.0), "cannot follow")
    assert says(heat_findings(backup_kw=HEAT.backup_kw - 2.0), "cannot follow")


def test_heat_pumped_backwards():
    found = heat_findings(compressor_kw=-HEAT.compressor_kw, heat_kw=-HEAT.heat_kw)
    assert says(found, "cannot follow")


def test_heat_of_the_wrong_shape():
    assert says(heat_findings(temps_c=HEAT.temps_c[:-1]), "no finite heat and temperatures")
    assert says(heat_findings(heat_kw=HEAT.heat_kw[:, 0]), "no finite heat and temperatures")
    assert says(heat_findings(cop=HEAT.cop[:1]), "no finite heat and temperatures")
    assert says(heat_findings(reasons=HEAT.reasons[:2]), "and a reason")
    assert says(heat_findings(modes=(HeatMode.NORMAL,)), "no finite heat and temperatures")


@pytest.mark.parametrize("name", ["heat_kw", "compressor_kw", "backup_kw", "temps_c", "cop"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_heat_that_is_no_number(name, value):
    spoiled = getattr(HEAT, name).copy()
    spoiled.flat[3] = value
    assert says(heat_findings(**{name: spoiled}), "no finite heat and temperatures")


def test_a_heat_pump_without_heat():
    part = replace(HEATED.assets["pump"], heat=None)
    assert says(validate_plan(HOUSE, WINTER, replace(HEATED, assets={**HEATED.assets, "pump": part})), "no finite heat")


def test_a_start_that_is_not_the_measured_one():
    warmer = replace(WINTER, heat={"pump": state(20.5)})
    assert says(heat_findings(inputs=warmer), "other temperatures")


@pytest.mark.parametrize(
    ("changes", "words", "limit"),
    [
        ({"comfort": Comfort(low_c=22.5, high_c=25.0)}, "home is colder than its band", "pump.home.comfort_low"),
        ({"comfort": Comfort(low_c=10.0, high_c=19.0)}, "home is warmer than its band", "pump.home.comfort_high"),
    ],
)
def test_discomfort_that_is_not_named_and_one_that_is(changes, words, limit):
    other = with_comfort(**changes)
    named = Violation(limit=limit, amount=1.0, unit="K*h", price=0.0, worst=1.0, at=HEATED.grid.start)
    assert says(heat_findings(site=other), words)
    assert not says(heat_findings(site=other, violations=(*HEATED.violations, named)), words)


def test_a_frozen_room_that_is_not_named():
    pump = heat_pump(building(hut(), comfort=Comfort(cold_price_per_kh=0.0)), rating_points=(replace(A7, heat_kw=0.5),))
    site = site_of(tariff_of(energy(0.2)), pump)
    inputs = heated_inputs(site, [-20.0] * 4, start=5.5, step=timedelta(hours=1))
    plan = plan_site(site, inputs)
    assert {violation.limit for violation in plan.violations} >= {"pump.home.frost_guard"}
    assert plan.findings == ()
    silent = tuple(each for each in plan.violations if not each.limit.endswith("frost_guard"))
    assert says(validate_plan(site, inputs, replace(plan, violations=silent)), "colder than the frost guard allows")


def test_less_heat_at_the_end_than_at_the_start_that_is_not_named():
    warm = replace(WINTER, heat={"pump": state(22.0)})
    cooled = replace(warm, options=FREE)
    plan = plan_site(HOUSE, cooled)
    assert validate_plan(HOUSE, cooled, plan) == ()
    assert says(validate_plan(HOUSE, warm, plan), "kWh of heat less than it starts")
