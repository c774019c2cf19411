"""What the plan of a heat pump that is switched must look like, by hand."""

from dataclasses import replace
from datetime import timedelta
from itertools import groupby, pairwise

import numpy as np
import pytest

from tests.heated_sites import building, heat_pump, heated_inputs, hut, room, state
from tests.sites import FREE, ROOF, battery, site_of
from tests.tariffs import demand, energy, export, tariff_of
from voltherm.application.plan_site import plan_site
from voltherm.domain.assets import BackupHeater, BatteryState, HeatMode, HeatPumpState, Schedule
from voltherm.domain.comfort import Comfort, ComfortWindow
from voltherm.domain.plan import Fallback, HeatReason, PlanOptions, Terminal
from voltherm.optimization import solver
from voltherm.optimization.solver import Unsolved

HOUR = timedelta(hours=1)
SPOT = tariff_of(energy(series="spot"))
VALUE = PlanOptions(terminal=Terminal.VALUE)
ON_OFF, MODES = {"schedule": Schedule.ON_OFF}, {"schedule": Schedule.MODES}


def plan_of(pump, spot, *, outdoor_c=0.0, others=(), tariff=SPOT, options=VALUE, **more):
    """Plan a heat pump for as many hours as there are prices."""
    site = site_of(tariff, pump, *others, export_limit_kw=10.0, import_limit_kw=more.pop("import_limit_kw", 100.0))
    outdoor = np.broadcast_to(np.asarray(outdoor_c, dtype=float), len(spot))
    inputs = heated_inputs(site, outdoor, prices={"spot": spot}, options=options, **({"step": HOUR} | more))
    plan = plan_site(site, inputs)
    assert plan.findings == ()
    return plan


def heat_of(plan):
    return plan.assets["pump"].heat


def runs(plan):
    """Return whether the compressor runs, and for how many steps, one after the other."""
    running = (heat_of(plan).compressor_kw > 1e-6).tolist()
    return [(on, len(list(steps))) for on, steps in groupby(running)]


def n_starts(plan):
    return sum(on for on, _ in runs(plan)[1:])


def n_changes(plan):
    modes = heat_of(plan).modes
    return sum(a is not b for a, b in pairwise(modes))


FLAT = [0.2] * 48
HEAVY = building(hut(capacitance_kwh_per_k=20.0))
TIGHT = building(room(loss_kw_per_k=0.1))


# -- Pitfalls of earlier attempts


@pytest.mark.pitfall("A3")
def test_the_upper_edge_of_comfort_counts_even_when_heat_is_free():
    free = plan_of(heat_pump(**MODES), [0.0] * 24)
    assert heat_of(free).temps_c[:, 0].max() <= 23.0 + 1e-6
    # A house that is warm enough is left alone.
    warm = plan_of(heat_pump(**MODES), [0.2] * 6, start=22.9)
    assert heat_of(warm).modes[:2] == (HeatMode.OFF, HeatMode.OFF)


@pytest.mark.pitfall("A3")
def test_dearer_starts_make_fewer_of_them():
    house = building(hut())
    starts = [n_starts(plan_of(heat_pump(house, **ON_OFF, start_cost=cost), FLAT)) for cost in (0.0, 0.1, 1.0)]
    assert starts[0] > starts[1] > starts[2] > 0


@pytest.mark.pitfall("A3")
def test_cheaper_discomfort_makes_more_of_it():
    def kelvin_hours(price):
        house = building(room(), comfort=Comfort(low_c=20.0, high_c=23.0, cold_price_per_kh=price))
        plan = plan_of(heat_pump(house, **MODES), [0.5] * 24)
        return sum(each.amount for each in plan.violations)

    assert kelvin_hours(0.01) > kelvin_hours(0.1) > kelvin_hours(10.0)


@pytest.mark.pitfall("A4")
@pytest.mark.parametrize("schedule", [ON_OFF, MODES], ids=["on-off", "modes"])
def test_a_spread_of_a_tenth_of_a_cent_toggles_nothing(schedule):
    pump = heat_pump(HEAVY, **schedule, start_cost=0.02)
    noise = [0.2 + 0.0005 * (-1) ** hour for hour in range(48)]
    flat, noisy = plan_of(pump, FLAT), plan_of(pump, noise)
    assert n_starts(noisy) <= n_starts(flat)
    assert n_changes(noisy) <= n_changes(flat)
    # A spread that is worth it moves heat.
    spread = plan_of(pump, [0.05, 0.05, 0.35, 0.35] * 12)
    assert n_changes(spread) > n_changes(flat)


@pytest.mark.pitfall("A4")
def test_what_is_stored_decides_and_not_the_class_of_the_price():
    # The cheapest hours are the last ones, after which no heat is worth anything.
    falling = [0.3 - 0.01 * hour for hour in range(24)]
    pump = heat_pump(HEAVY, **MODES)
    spent, kept = (heat_of(plan_of(pump, falling, options=each)).temps_c[-1, 0] for each in (FREE, VALUE))
    assert spent < 20.2
    assert kept > 20.7


@pytest.mark.pitfall("A5")
@pytest.mark.parametrize("schedule", [ON_OFF, MODES], ids=["on-off", "modes"])
def test_heat_for_cold_dear_hours_is_given_before_them(schedule):
    spot = [0.1] * 8 + [0.9] * 4 + [0.1] * 4
    outdoor = [0.0] * 8 + [-10.0] * 4 + [0.0] * 4
    plan = plan_of(heat_pump(HEAVY, **schedule), spot, outdoor_c=outdoor, start=20.2)
    power = plan.assets["pump"].power_kw
    assert power[:8].mean() > 2 * power[8:12].mean()
    assert plan.violations == ()
    assert HeatReason.PREHEAT_CHEAP in heat_of(plan).reasons[:8]


@pytest.mark.pitfall("A5")
def test_comfort_that_cannot_be_reached_is_named():
    plan = plan_of(heat_pump(building(room(loss_kw_per_k=0.5)), **MODES), [0.2] * 12, outdoor_c=-20.0, start=20.0)
    assert [each.limit for each in plan.violations] == ["pump.home.comfort_low"]
    assert plan.violations[0].amount > 10
    # All modes but OFF give all that there is.
    assert set(heat_of(plan).modes) == {HeatMode.NORMAL}
    assert set(heat_of(plan).reasons) == {HeatReason.CANNOT_KEEP_COMFORT}


# -- Levels


def test_a_pump_that_is_on_or_off_says_so_in_modes():
    heat = heat_of(plan_of(heat_pump(**ON_OFF), FLAT))
    assert set(heat.modes) == {HeatMode.OFF, HeatMode.BOOST}
    on = np.array([mode is HeatMode.BOOST for mode in heat.modes])
    assert (heat.compressor_kw[~on] == 0.0).all()
    assert heat.compressor_kw[on] == pytest.approx(heat.compressor_kw.max(), rel=1e-6)


def test_its_backup_helps_where_the_compressor_does_not_suffice():
    pump = heat_pump(building(hut(loss_kw_per_k=0.35)), **ON_OFF, backup=BackupHeater(limit_kw=3.0))
    heat = heat_of(plan_of(pump, FLAT, outdoor_c=-4.0))
    assert set(np.round(heat.backup_kw, 6)) == {0.0, 3.0}
    assert (heat.compressor_kw[heat.backup_kw > 0] > 0).all()


def test_a_continuous_pump_has_no_modes_and_is_proven_best():
    plan = plan_of(heat_pump(), FLAT)
    assert heat_of(plan).modes is None
    assert plan.objective.total <= plan_of(heat_pump(**MODES), FLAT).objective.total
    assert plan.objective.total <= plan_of(heat_pump(**ON_OFF), FLAT).objective.total


def test_starts_and_changes_are_in_the_wear():
    plan = plan_of(heat_pump(**ON_OFF, start_cost=0.5), FLAT, start=replace(state(20.5), is_running=False))
    full_kw = plan.assets["pump"].power_kw.max()
    changes = n_changes(plan) + (heat_of(plan).modes[0] is HeatMode.BOOST)
    starts = n_starts(plan) + (heat_of(plan).modes[0] is HeatMode.BOOST)
    assert plan.objective.wear == pytest.approx(0.5 * starts + 0.01 * 0.2 * full_kw * changes)
    assert starts > 0


# -- Dwell


@pytest.mark.parametrize(("run_h", "off_h"), [(3.0, 0.0), (0.0, 5.0), (4.0, 4.0)])
def test_runs_and_rests_last_as_long_as_they_must(run_h, off_h):
    restless = [0.05, 0.5] * 24
    plan = plan_of(heat_pump(building(hut()), **ON_OFF, min_run_h=run_h, min_off_h=off_h), restless, start=20.4)
    inner = runs(plan)[1:-1]
    assert len(inner) > 1
    assert all(length >= (run_h if on else off_h) for on, length in inner)


def test_a_run_that_began_before_goes_on():
    pump = heat_pump(HEAVY, **ON_OFF, min_run_h=4.0)
    started = HeatPumpState(building=state(21.5).building, is_running=True, since_h=1.0)
    dear_now = [2.0, 2.0, 2.0, 2.0, 0.1, 0.1, 0.1, 0.1]
    assert runs(plan_of(pump, dear_now, start=started))[0] == (True, 3)
    assert runs(plan_of(pump, dear_now, start=21.5))[0][0] is False


def test_what_the_unit_cannot_do_is_a_named_violation():
    # It runs, must do so for six hours, and from the second on the source is too cold for it.
    pump = heat_pump(**ON_OFF, min_run_h=6.0, lowest_source_c=-10.0)
    running = HeatPumpState(building=state(21.0).building, is_running=True, since_h=1.0)
    plan = plan_of(pump, [0.2] * 6, outdoor_c=[0.0] + [-15.0] * 5, start=running)
    named = {each.limit: each for each in plan.violations}
    assert named["pump.min_run_h"].amount == pytest.approx(4.0)
    assert named["pump.min_run_h"].unit == "h"


# -- With the rest of the site


def test_pv_that_would_be_exported_heats():
    sun = [0.0] * 8 + [6.0] * 6 + [0.0] * 10
    tariff = tariff_of(energy(series="spot"), export(0.02))
    plan = plan_of(heat_pump(HEAVY, **MODES), [0.3] * 24, others=(ROOF,), pv_kw=sun, tariff=tariff)
    power = plan.assets["pump"].power_kw
    assert power[8:14].mean() > 2 * power[:8].mean()
    assert HeatReason.HEAT_SURPLUS in heat_of(plan).reasons[8:14]


def test_a_demand_charge_keeps_the_pump_off_while_the_load_is_high():
    load = np.array([1.0] * 10 + [6.0] * 4 + [1.0] * 10)
    tariff = tariff_of(energy(series="spot"), demand(10.0, interval_minutes=60))
    plan = plan_of(heat_pump(HEAVY, **ON_OFF), [0.2] * 24, tariff=tariff, load_kw=load)
    assert plan.peaks_kw["peak"] == pytest.approx(6.0)
    assert plan.assets["pump"].power_kw[10:14].max() == 0.0
    assert plan.violations == ()


def test_a_battery_and_a_pump_share_the_connection():
    plan = plan_of(
        heat_pump(**MODES),
        [0.1] * 12 + [0.5] * 12,
        others=(battery(capacity_kwh=10.0, charge_limit_kw=4.0, discharge_limit_kw=4.0),),
        soc={"bess": BatteryState(soc=0.5)},
        load_kw=[1.0] * 24,
        import_limit_kw=4.0,
    )
    assert plan.grid_power_kw.max() <= 4.0 + 1e-6
    assert plan.assets["bess"].power_kw[:12].max() > 0.5
    assert heat_of(plan).modes is not None


def test_a_pump_stays_off_before_it_overloads_a_fuse():
    load = [0.5] * 4 + [3.9] * 4 + [0.5] * 4
    plan = plan_of(heat_pump(**ON_OFF), [0.2] * 12, load_kw=load, import_limit_kw=4.0, start=20.0, outdoor_c=-10.0)
    assert plan.grid_power_kw.max() <= 4.0 + 1e-6
    assert plan.assets["pump"].power_kw[4:8].max() == 0.0
    assert [each.limit for each in plan.violations] == ["pump.home.comfort_low"]


def test_two_pumps_take_turns_under_a_demand_charge():
    tariff = tariff_of(energy(series="spot"), demand(20.0, interval_minutes=60))
    light = {"capacitance_kwh_per_k": 10.0, "loss_kw_per_k": 0.1}
    one = heat_pump(building(hut("one", **light)), **ON_OFF)
    other = replace(heat_pump(building(hut("two", **light)), **ON_OFF), id="other")
    plan = plan_of(one, [0.2] * 24, tariff=tariff, others=(other,))
    powers = np.array([plan.assets[name].power_kw for name in ("pump", "other")])
    assert (powers > 0).any(axis=1).all()
    assert not (powers > 0).all(axis=0).any()


def test_rooms_that_share_a_pump_are_each_kept_in_their_band():
    bedroom = hut("bedroom", loss_kw_per_k=0.1, comfort=Comfort(low_c=17.0, high_c=20.0))
    pump = heat_pump(building(hut("living", loss_kw_per_k=0.15), bedroom), **MODES)
    plan = plan_of(pump, [0.2] * 24, start=state({"living": 21.0, "bedroom": 18.5}, pump))
    assert sum(each.amount for each in plan.violations) < 0.1
    assert heat_of(plan).heat_kw.max(axis=0).min() > 0
    # Heat as power, which can be shared out at will, costs little less.
    assert plan.certified_gap < 0.04


def test_comfort_windows_are_met_on_time():
    night = ComfortWindow(days=frozenset(range(7)), start_minute=22 * 60, end_minute=6 * 60, low_c=17.0, high_c=23.0)
    house = building(room(), comfort=Comfort(low_c=20.0, high_c=23.0, windows=(night,)))
    plan = plan_of(heat_pump(house, **MODES), FLAT, start=20.2, outdoor_c=-5.0)
    hours = np.arange(48) % 24
    room_c = heat_of(plan).temps_c[1:, 0]
    assert room_c[(hours >= 6) & (hours < 22)].min() >= 19.95
    assert room_c[(hours < 6) | (hours >= 22)].min() < 19.9


# -- When things go wrong


def test_a_frozen_house_is_left_to_its_guard_first():
    plan = plan_of(heat_pump(**MODES), [0.2] * 24, start=2.0, outdoor_c=-5.0)
    assert heat_of(plan).temps_c[-1, 0] > 5.0
    assert heat_of(plan).compressor_kw == pytest.approx(heat_of(plan).compressor_kw.max(), rel=1e-3)
    assert {each.limit for each in plan.violations} == {"pump.home.comfort_low", "pump.home.frost_guard"}


def test_without_a_solver_the_pump_is_left_to_itself(monkeypatch):
    for name in ("_solve_piqp", "_solve_highs"):
        monkeypatch.setattr(solver, name, lambda *_: Unsolved(why="gave up"))
    plan = plan_of(heat_pump(**MODES), [0.2] * 6)
    assert isinstance(plan.outcome, Fallback)
    assert heat_of(plan).modes is None
    assert heat_of(plan).compressor_kw.min() > 0


def test_the_same_inputs_give_the_same_plan():
    pump = heat_pump(**MODES, start_cost=0.05, min_run_h=1.0)
    spot = [0.1 + 0.02 * (7 * hour % 11) for hour in range(24)]
    first, again = plan_of(pump, spot), plan_of(pump, spot)
    assert heat_of(first).modes == heat_of(again).modes
    assert first.objective == again.objective
