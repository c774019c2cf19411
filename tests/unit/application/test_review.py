"""Defects that a review found, each held by a test."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.sites import FREE, ROOF, START, battery, inputs_of, site_of
from tests.tariffs import demand, energy, tariff_of
from voltherm.application.control_step import SiteController
from voltherm.application.plan_site import plan_site
from voltherm.domain.assets import BatteryState
from voltherm.domain.control import Measured, Rung
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.plan import Feasible, Optimal
from voltherm.domain.tariffs import Steps, Tax
from voltherm.domain.time import Interval

QUARTER = timedelta(minutes=15)


def measured(start, **more):
    values = {"grid_kw": 20.0, "power_kw": {"load": 20.0, "bess": 0.0}, "soc": {"bess": 0.5}}
    return Measured(interval=Interval(start, start + QUARTER), **(values | more))


def flat_site(**changes):
    return site_of(tariff_of(energy(0.2), demand(4.0)), battery(**changes))


def test_a_little_standing_loss_does_not_put_the_reserve_up_for_sale():
    site = flat_site(reserve_soc=0.5, standing_loss_per_h=1e-5)
    inputs = inputs_of(site, [20.0, 20.0, 70.0, 20.0], soc={"bess": BatteryState(soc=0.5)}, options=FREE)
    plan = plan_site(site, inputs)
    assert plan.assets["bess"].soc.min() > 0.4999


def test_no_bracket_is_worse_than_a_plan_without_the_battery():
    fee = replace(
        demand(1.0), price=None, steps=Steps(rows=((0.0, 0.0), (30.5, 100.0), (60.0, 110.0), (200.5, 1000.0)))
    )
    site = site_of(tariff_of(energy(-0.05), fee), battery(), ROOF)
    inputs = inputs_of(
        site, [20.0, 40.0, 70.0, 20.0], pv_kw=[0.0, 60.0, 0.0, 0.0], soc={"bess": BatteryState(soc=0.5)}, options=FREE
    )
    plan = plan_site(site, inputs)
    still = plan_site(replace(site, assets=(site.loads[0], ROOF)), replace(inputs, states={}))
    assert isinstance(plan.outcome, Optimal | Feasible)
    assert plan.violations == ()
    assert plan.objective.total <= still.objective.total + 1e-6


@pytest.mark.parametrize("limit", [{"applies_above_kwh": 1000.0}, {"base_first_kwh": 1000.0}])
def test_a_tax_that_depends_on_the_energy_of_the_bill_is_named_and_does_not_stop_the_plan(limit):
    tariff = tariff_of(energy(0.2), demand(4.0), Tax(id="levy", rate=0.5, on=("*",), **limit))
    site = site_of(tariff, battery())
    ledger = replace(inputs_of(site, [20.0] * 4).ledger, import_kwh=5000.0, period_start=START - timedelta(days=40))
    plan = plan_site(site, replace(inputs_of(site, [20.0, 60.0, 20.0, 20.0]), ledger=ledger))
    assert isinstance(plan.outcome, Feasible)
    assert [note.split(":")[0] for note in plan.approximations] == ["levy"]


def test_telling_an_interval_twice_or_late_changes_neither_ledger_nor_soc():
    controller = SiteController(flat_site())
    controller.observe(START + QUARTER, measured(START))
    controller.observe(START + 2 * QUARTER, measured(START + QUARTER, grid_kw=50.0, soc={"bess": 0.4}))
    ledger = controller.ledger
    controller.observe(START + 2 * QUARTER, measured(START, grid_kw=500.0, soc={"bess": 0.9}))
    assert controller.ledger == ledger
    plan = controller.decide(START + 2 * QUARTER).plan
    assert plan.assets["bess"].soc[0] == pytest.approx(0.4)


def test_an_observation_that_the_tariff_cannot_bill_changes_nothing():
    site = site_of(tariff_of(energy(series="spot")), battery())
    controller = SiteController(site)
    with pytest.raises(InvalidInputError, match="spot"):
        controller.observe(START + QUARTER, measured(START))
    assert controller.history is None
    assert controller.ledger.as_of is None


def test_without_a_meter_the_balance_of_the_assets_fills_the_ledger():
    controller = SiteController(flat_site())
    controller.observe(START + QUARTER, measured(START, grid_kw=None, power_kw={"load": 30.0, "bess": 12.0}))
    assert controller.ledger.reached_kw(controller.site.tariff.demand_rules[0]) == pytest.approx(42.0)


def test_an_old_soc_gives_no_setpoint():
    controller = SiteController(flat_site())
    controller.observe(START + QUARTER, measured(START))
    decision = controller.decide(START + 2 * QUARTER)
    assert decision.rung is Rung.NO_SETPOINT
    assert "too old" in decision.why


def test_the_plan_ends_where_the_tariff_does():
    site = flat_site()
    ending = replace(site.tariff, valid_until=(START + timedelta(days=1)).date())
    controller = SiteController(replace(site, tariff=ending))
    controller.observe(START + QUARTER, measured(START))
    plan = controller.decide(START + QUARTER).plan
    assert plan.grid.end.date() == ending.valid_until


def test_a_forecast_of_nothing_that_the_site_has_is_refused():
    controller = SiteController(flat_site())
    controller.observe(START + QUARTER, measured(START))
    given = inputs_of(flat_site(), [20.0] * 4).power_kw["load"]
    with pytest.raises(InvalidInputError, match="'laod' is no load"):
        controller.decide(START + QUARTER, {"laod": given})


def test_a_refused_plan_gives_no_setpoint(monkeypatch):
    monkeypatch.setattr("voltherm.application.plan_site.validate_plan", lambda *_: ("planted",))
    controller = SiteController(flat_site())
    controller.observe(START + QUARTER, measured(START))
    decision = controller.decide(START + QUARTER)
    assert (decision.rung, decision.commands, decision.why) == (Rung.NO_SETPOINT, (), "planted")


def test_an_hourly_ceiling_is_the_peak_itself_in_every_quarter():
    hourly = demand(4.0, interval_minutes=60)
    controller = SiteController(site_of(tariff_of(energy(0.2), hourly), battery()))
    for number in range(6):
        start = START + number * QUARTER
        controller.observe(start + QUARTER, measured(start, grid_kw=100.0, power_kw={"load": 100.0, "bess": 0.0}))
    assert controller.decide(START + 6 * QUARTER).ceiling_kw == pytest.approx(100.0, abs=0.1)


def test_a_tax_in_percent_is_refused():
    with pytest.raises(InvalidInputError, match=r"0\.255 for 25\.5 %"):
        Tax(id="vat", rate=25.5, on=("*",))
