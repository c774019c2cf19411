"""The heat pump in the site problem: what is cheapest for houses whose answer is known."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tests.heated_sites import A7, BAND, building, heat_pump, heated_inputs, hut, room, state
from tests.sites import FREE, KEEP, ROOF, battery, site_of
from tests.tariffs import demand, energy, export, tariff_of
from voltherm.adapters.documents.tariff import read_library
from voltherm.application.plan_site import plan_site
from voltherm.domain.assets import BackupHeater, HeatSource, RatingPoint, Wall
from voltherm.domain.comfort import Comfort, ComfortWindow
from voltherm.domain.plan import Feasible, HeatReason, Optimal, PlanOptions, Terminal
from voltherm.domain.tariffs import Usage

HOUR = timedelta(hours=1)
EVERY_DAY = frozenset(range(7))
VALUED = PlanOptions(terminal=Terminal.VALUE, stored_energy_value_per_kwh=0.2)
FLAT = tariff_of(energy(0.2))
SPOT = tariff_of(energy(series="spot"))
FOUR = (RatingPoint(source_c=0.0, supply_c=35.0, heat_kw=8.0, cop=4.0),)
"""A ground source at 0 degC and a curve that is level: 8 kW and a COP of 4 in any weather, but for the season."""


def plan_of(pump, outdoor_c, *assets, tariff=FLAT, start=21.0, options=FREE, **more):
    """Return the plan of a site with the heat pump, a load of zero and the given assets, in steps of an hour."""
    limits = {name: more.pop(name) for name in ("import_limit_kw", "export_limit_kw") if name in more}
    site = site_of(tariff, pump, *assets, **limits)
    return plan_site(site, heated_inputs(site, outdoor_c, start=start, options=options, step=HOUR, **more))


def heat_of(plan):
    return plan.assets["pump"].heat


def named(plan):
    return {violation.limit: violation for violation in plan.violations}


# -- Known optima


def test_holding_the_lower_edge_costs_what_is_lost():
    plan = plan_of(heat_pump(building(hut())), [0.0] * 6, start=20.0)
    heat = heat_of(plan)
    # 0.2 kW/K * 20 K
    assert heat.heat_kw[:, 0] == pytest.approx(np.full(6, 4.0), abs=1e-5)
    assert plan.objective.bill == pytest.approx(0.2 * 6 * 4.0 / heat.cop[0], rel=1e-6)
    assert plan.outcome == Optimal()


def test_a_house_that_is_warm_enough_is_left_alone():
    plan = plan_of(heat_pump(), [10.0] * 4, start=22.5)
    assert heat_of(plan).heat_kw.max() < 1e-6
    assert plan.objective.total == pytest.approx(0.0, abs=1e-6)


@pytest.mark.pitfall("A4")
def test_no_more_is_heated_ahead_than_the_band_and_the_need_allow():
    plan = plan_of(
        heat_pump(building(hut())), [0.0] * 4, tariff=SPOT, start=20.0, prices={"spot": [0.1, 0.5, 0.5, 0.5]}
    )
    heat = heat_of(plan)
    # All that the three dear hours need, as far as there is capacity in the first.
    assert heat.compressor_kw[0] == pytest.approx(7.0, abs=0.5)
    assert heat.temps_c.max() <= 23.0 + 1e-6
    assert heat.temps_c.min() >= 20.0 - 1e-6


@pytest.mark.pitfall("A4")
def test_a_tenth_of_a_cent_moves_no_heat_that_would_be_lost():
    prices = [0.2000, 0.2001] * 3
    plan = plan_of(heat_pump(building(hut())), [0.0] * 6, tariff=SPOT, start=20.0, prices={"spot": prices})
    assert heat_of(plan).heat_kw[:, 0] == pytest.approx(np.full(6, 4.0), abs=1e-4)


@pytest.mark.pitfall("A5")
def test_a_band_that_rises_by_three_kelvin_at_once_is_met_from_afar():
    up = ComfortWindow(days=EVERY_DAY, start_minute=6 * 60, end_minute=24 * 60, low_c=21.0, high_c=24.0)
    comfort = Comfort(low_c=18.0, high_c=21.0, windows=(up,))
    pump = heat_pump(building(hut(), comfort=comfort))
    plan = plan_of(pump, [5.0] * 10, tariff=SPOT, start=18.0, prices={"spot": [0.2] * 5 + [0.9] * 5})
    temps = heat_of(plan).temps_c[1:, 0]
    assert (temps[6:] >= 21.0 - 1e-6).all()
    # Before it the band ends at 21 degC, and the room is there when the last cheap hour ends.
    assert temps[4] == pytest.approx(21.0, abs=1e-5)
    assert plan.violations == ()


@pytest.mark.pitfall("A5")
def test_comfort_that_cannot_be_reached_is_named_and_all_there_is_runs():
    pump = heat_pump(building(hut()), backup=BackupHeater(limit_kw=1.0))
    plan = plan_of(pump, [-25.0] * 4, start=18.0)
    heat = heat_of(plan)
    assert named(plan)["pump.home.comfort_low"].amount == pytest.approx((20.0 - heat.temps_c[1:, 0]).sum())
    assert heat.backup_kw == pytest.approx(np.ones(4), abs=1e-6)
    assert set(heat.reasons) == {HeatReason.CANNOT_KEEP_COMFORT}
    assert plan.outcome == Optimal()


def test_the_backup_helps_only_where_the_compressor_is_not_enough():
    pump = heat_pump(building(hut()), backup=BackupHeater(limit_kw=3.0))
    mild, cold = plan_of(pump, [5.0] * 3, start=20.0), plan_of(pump, [-18.0] * 3, start=20.0)
    assert heat_of(mild).backup_kw.max() < 1e-6
    assert heat_of(cold).backup_kw.max() > 1.0


def test_what_is_stored_at_the_end_has_a_value():
    keeps = plan_of(heat_pump(), [0.0] * 8, start=20.5, options=replace(VALUED, stored_energy_value_per_kwh=2.0))
    lets_go = plan_of(heat_pump(), [0.0] * 8, start=20.5)
    assert heat_of(keeps).temps_c[-1, 0] == pytest.approx(23.0, abs=1e-5)
    assert heat_of(lets_go).temps_c[-1, 0] == pytest.approx(20.0, abs=1e-5)
    gained = 2 * (23.0 - 20.5) + 20 * (heat_of(keeps).temps_c[-1, 1] - 20.5)
    cop = heat_of(keeps).cop[-1]
    assert keeps.objective.stored_energy == pytest.approx(2.0 / cop * gained, rel=1e-6)


def test_a_house_ends_with_no_less_heat_than_it_starts_with():
    plan = plan_of(heat_pump(), [0.0] * 5, start=21.0, options=KEEP)
    first, last = heat_of(plan).temps_c[0], heat_of(plan).temps_c[-1]
    assert 2 * last[0] + 20 * last[1] == pytest.approx(2 * first[0] + 20 * first[1], abs=1e-5)
    assert plan.violations == ()


def test_comfort_comes_before_the_heat_that_should_be_left():
    weak = heat_pump(rating_points=(replace(A7, heat_kw=2.0),))
    plan = plan_of(weak, [0.0] * 3, start=state(20.5, home=22.9), options=KEEP)
    assert set(named(plan)) == {"pump.terminal"}


def test_a_price_of_discomfort_weighs_it_against_money():
    comfort = replace(BAND, cold_price_per_kh=0.01)
    plan = plan_of(heat_pump(building(hut(), comfort=comfort)), [0.0] * 4, start=20.0)
    # An hour of holding 20 degC costs more than a kelvin-hour of 0.01.
    assert heat_of(plan).heat_kw.max() < 1e-6
    assert named(plan)["pump.home.comfort_low"].price == 0.01


def test_a_hall_does_not_freeze_for_being_large():
    hall = hut(capacitance_kwh_per_k=4000.0, loss_kw_per_k=200.0)
    pump = heat_pump(building(hall), rating_points=(replace(A7, heat_kw=9000.0),))
    tariff = tariff_of(energy(0.2), demand(10.0))
    plan = plan_of(pump, [0.0] * 6, start=20.0, tariff=tariff, import_limit_kw=10_000.0)
    assert heat_of(plan).temps_c.min() >= 20.0 - 1e-5


# -- Several rooms


def test_each_room_keeps_its_own_band():
    rooms = building(hut("bath", comfort=Comfort(low_c=22.0, high_c=24.0)), hut("hall"))
    plan = plan_of(heat_pump(rooms), [8.0] * 12, start=22.0)
    assert heat_of(plan).temps_c[-1].tolist() == pytest.approx([22.0, 20.0], abs=1e-5)
    assert heat_of(plan).heat_kw[-1].sum() == pytest.approx(heat_of(plan).compressor_kw[-1], abs=1e-6)


def test_a_room_with_weak_emitters_is_heated_ahead_and_through_the_wall():
    wall = Wall(rooms=("bath", "hall"), conductance_kw_per_k=0.5)
    rooms = building(hut("bath", heat_limit_kw=2.0), hut("hall"), walls=(wall,))
    plan = plan_of(heat_pump(rooms, rating_points=(replace(A7, heat_kw=16.0),)), [6.0] * 8, start=20.5)
    heat = heat_of(plan)
    assert heat.heat_kw[:, 0].max() <= 2.0 + 1e-9
    assert heat.temps_c[1:].min() >= 20.0 - 1e-5
    assert heat.temps_c[:, 1].max() > 21.0


# -- In one problem with the rest


def test_the_sun_on_the_roof_heats_before_the_grid_does():
    plan = plan_of(
        heat_pump(building(hut())),
        [0.0] * 4,
        ROOF,
        tariff=tariff_of(energy(0.3), export(0.01)),
        start=20.5,
        pv_kw=[0.0, 4.0, 0.0, 0.0],
        export_limit_kw=10.0,
    )
    power = plan.assets["pump"].power_kw
    assert power[1] > 1.5 * power[0]
    assert plan.grid_power_kw[1] < 0.0 or heat_of(plan).temps_c[2, 0] == pytest.approx(23.0, abs=1e-5)


@pytest.mark.pitfall("M3")
def test_a_demand_charge_is_paid_for_the_whole_site_and_evens_the_heat_out():
    tariff = tariff_of(energy(0.2), demand(10.0, interval_minutes=60))
    load = np.array([0.0, 3.0, 0.0, 0.0])
    plan = plan_of(heat_pump(), [0.0] * 4, tariff=tariff, start=20.0, load_kw=load)
    assert plan.grid_power_kw.max() == pytest.approx(plan.bill_lines["peak"] / 10.0, rel=1e-6)
    assert plan.grid_power_kw[1] < 3.0 + plan.assets["pump"].power_kw.max()
    assert heat_of(plan).temps_c[1:, 0].min() >= 20.0 - 1e-5


def test_a_battery_carries_what_the_house_cannot_store():
    tariff = tariff_of(energy(series="spot"))
    small = battery(capacity_kwh=5.0, charge_limit_kw=5.0, discharge_limit_kw=5.0)
    prices = {"spot": [0.1, 0.1, 0.6, 0.6]}
    alone = plan_of(heat_pump(), [-5.0] * 4, tariff=tariff, prices=prices)
    both = plan_of(heat_pump(), [-5.0] * 4, small, tariff=tariff, prices=prices)
    assert both.objective.total < alone.objective.total - 0.1
    assert both.outcome == alone.outcome == Optimal()


def test_standby_is_metered_with_the_site():
    with_it, without = (plan_of(heat_pump(standby_kw=kw), [5.0] * 3).grid_power_kw for kw in (0.1, 0.0))
    assert with_it - without == pytest.approx(np.full(3, 0.1), abs=1e-6)


@pytest.mark.pitfall("A27")
def test_the_bill_of_the_plan_is_that_of_the_finnish_tariff():
    tariff = read_library("finland-spot")
    site = site_of(tariff, heat_pump())
    names = sorted(tariff.series_names)
    prices = {name: np.linspace(0.01, 0.3, 24) for name in names}
    plan = plan_site(site, heated_inputs(site, np.full(24, -8.0), step=HOUR, prices=prices, options=VALUED))
    usage = Usage.of_net(plan.grid, plan.grid_power_kw, prices)
    ledger = heated_inputs(site, np.full(24, -8.0), step=HOUR, prices=prices).ledger
    assert plan.objective.bill == pytest.approx(sum(site.tariff.bill_above(usage, ledger).values()), rel=1e-9)
    assert plan.objective.bill > 0
    assert plan.outcome == Optimal()


# -- Limits of heating


def test_a_price_below_zero_heats_to_the_cut_out_where_nobody_minds_and_no_further():
    careless = building(hut(), comfort=replace(BAND, heat_price_per_kh=0.0), cut_out_c=26.0)
    plan = plan_of(heat_pump(careless), [0.0] * 12, tariff=SPOT, prices={"spot": [-0.3] * 12})
    assert heat_of(plan).temps_c.max() == pytest.approx(26.0, abs=1e-4)
    assert plan.outcome == Optimal()


def test_heat_that_the_sun_will_add_to_is_given_all_the_same_in_the_morning():
    sunny = building(hut(solar_aperture_m2=15.0, capacitance_kwh_per_k=1.0), cut_out_c=26.0)
    sun = [0.0, 0.0, 0.0, 0.0, 500.0, 900.0, 900.0, 900.0]
    plan = plan_of(heat_pump(sunny), [2.0] * 8, start=20.0, sun_w_m2=sun)
    heat = heat_of(plan)
    assert heat.temps_c[1:4, 0].min() >= 20.0 - 1e-5
    # Without any heat the sun alone brings it above the cut-out.
    assert heat.temps_c[-1, 0] > 27.0
    assert heat.heat_kw[heat.temps_c[1:, 0] > 26.0].max() == 0.0


def test_while_the_sun_holds_a_room_above_its_cut_out_it_gets_no_heat_even_for_money():
    careless = building(
        hut(solar_aperture_m2=15.0), hut("cellar"), comfort=replace(BAND, heat_price_per_kh=0.0), cut_out_c=25.0
    )
    pump = heat_pump(careless)
    plan = plan_of(
        pump,
        [10.0] * 10,
        tariff=SPOT,
        start=state({"home": 24.0, "cellar": 20.0}, pump),
        sun_w_m2=[0.0, 900.0, 900.0, 900.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        prices={"spot": [-0.3] * 10},
    )
    heat = heat_of(plan)
    too_warm = heat.temps_c[1:, 0] > 25.0 + 1e-4
    assert too_warm.any()
    assert heat.heat_kw[too_warm, 0].max() <= 1e-9
    assert heat.heat_kw[:, 1].max() > 1.0
    assert plan.findings == ()


def test_a_floor_is_planned_up_to_its_own_limit():
    floor = building(
        room(heat_to_mass=1.0, mass_capacitance_kwh_per_k=3.0, mass_coupling_kw_per_k=0.2),
        comfort=Comfort(low_c=21.0, high_c=24.0),
    )
    plan = plan_of(heat_pump(floor, rating_points=(replace(A7, heat_kw=30.0),)), [-10.0] * 24, start=15.0)
    assert heat_of(plan).temps_c[:, 1].max() == pytest.approx(40.0, abs=1e-4)
    assert plan.outcome == Optimal()


@pytest.mark.parametrize("heat_kw", [0.05, 8.0, 10_000.0])
@pytest.mark.parametrize("start_c", [-20.0, 5.0, 21.0, 45.0])
def test_any_pump_and_any_start_have_an_optimal_plan(heat_kw, start_c):
    pump = heat_pump(rating_points=(replace(A7, heat_kw=heat_kw),))
    plan = plan_of(pump, [-5.0] * 24, start=start_c, import_limit_kw=10_000.0)
    assert plan.outcome == Optimal()
    assert np.isfinite(heat_of(plan).temps_c).all()


# -- Frost guard


def test_a_house_that_may_be_cold_is_kept_from_freezing():
    holiday = building(hut(), comfort=replace(BAND, cold_price_per_kh=0.0))
    plan = plan_of(heat_pump(holiday), [-15.0] * 24, start=9.0)
    assert heat_of(plan).temps_c.min() == pytest.approx(5.0, abs=1e-5)
    assert plan.outcome == Optimal()
    assert "pump.home.frost_guard" not in named(plan)


def test_a_frozen_house_is_heated_by_the_guard_whatever_the_price():
    holiday = building(hut(), comfort=replace(BAND, cold_price_per_kh=0.0))
    plan = plan_of(heat_pump(holiday), [-15.0] * 6, tariff=SPOT, start=2.0, prices={"spot": [9.0] + [0.1] * 5})
    heat = heat_of(plan)
    assert heat.compressor_kw[0] > 4.0
    assert named(plan)["pump.home.frost_guard"].worst == pytest.approx(5.0 - heat.temps_c[1, 0])
    assert plan.outcome == Optimal()


def test_the_guard_asks_for_no_limit_of_the_connection_and_the_plan_says_so():
    plan = plan_of(heat_pump(building(hut())), [-15.0] * 12, start=6.0, import_limit_kw=0.5)
    assert isinstance(plan.outcome, Feasible)
    assert "frost guard" in plan.outcome.why
    assert "connection.import_limit_kw" in named(plan)
    assert plan.findings == ()


def test_a_ground_source_rests_on_no_outdoor_temperature():
    pump = heat_pump(source=HeatSource.GROUND, rating_points=FOUR, lowest_source_c=-10.0)
    heat = heat_of(plan_of(pump, [-35.0] * 4))
    assert heat.compressor_kw.min() > 0
