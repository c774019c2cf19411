"""The validator sees every way in which a plan can be wrong, and names it."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tests.sites import KEEP, ROOF, battery, inputs_of, site_of
from tests.tariffs import energy, tariff_of
from voltherm.application.plan_site import plan_site
from voltherm.application.validate_plan import validate_plan
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
