"""Backtests of houses: one physics and one end for all policies, no lookahead, and figures that can be checked."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tests.houses import (
    COMFORT,
    DAY,
    HOUR,
    PRICE_PER_KH,
    QUICK,
    ROOM,
    START,
    THERMOSTATS,
    ZONE,
    house_of,
    measured,
    pump_of,
    request,
)
from voltherm.application.backtest import run_backtest
from voltherm.application.backtest_result import BacktestResult
from voltherm.application.policies import PolicyName, policies_of
from voltherm.application.published_prices import known_until
from voltherm.domain.assets import Battery, HeatMode, Load, Pv, Schedule
from voltherm.domain.comfort import Comfort, ComfortWindow
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements
from voltherm.domain.tariffs import Demand, Energy, Metering, PowerQuantity, Price
from voltherm.domain.tariffs.quantity import Direction
from voltherm.physics.heat_pump import operating_points

POLICIES = policies_of(house_of())
MPC, PERFECT, GREEDY = PolicyName.MPC, PolicyName.PERFECT, PolicyName.GREEDY
THERMOSTAT, LOW = THERMOSTATS
BATTERY = Battery(id="bess", capacity_kwh=8.0, charge_limit_kw=3.0, discharge_limit_kw=3.0, wear_cost_per_kwh=0.005)


@pytest.fixture(scope="module")
def compared() -> BacktestResult:
    return run_backtest(request())


def worth(result: BacktestResult, name: PolicyName) -> float:
    """Cost with kelvin-hours at the price that the plans pay for them."""
    one = result.policies[name]
    return one.costs.total + PRICE_PER_KH * one.heating.outside_kh


# -- One physics, one end


@pytest.mark.pitfall("A3")
@pytest.mark.parametrize("policy", POLICIES)
def test_perfect_foresight_is_a_bound_for_every_policy(compared, policy):
    assert worth(compared, policy) >= worth(compared, PERFECT) - 1e-6


@pytest.mark.pitfall("A3")
def test_no_policy_leaves_the_comfort_band_of_a_house_that_can_be_kept_in_it(compared):
    for one in compared.policies.values():
        assert one.heating.outside_kh < 0.01
        assert 20.49 < one.heating.room_min_c <= one.heating.room_max_c < 22.51


@pytest.mark.pitfall("A7")
@pytest.mark.parametrize("policy", POLICIES)
def test_the_temperatures_are_those_of_the_differential_equation_under_the_heat_that_was_given(compared, policy):
    trace, outdoor = compared.policies[policy].run.heat["pump"], compared.actuals.outdoors["outdoor_c"].values

    def slope(hour, temps):
        step = min(int(hour), len(outdoor) - 1)
        air, mass = temps
        heat, between = trace.heat_kw[step, 0], ROOM.mass_coupling_kw_per_k * (mass - air)
        to_air = ROOM.loss_kw_per_k * (outdoor[step] - air) + between + ROOM.internal_gain_kw + 0.5 * heat
        to_mass = ROOM.mass_loss_kw_per_k * (outdoor[step] - mass) - between + 0.5 * heat
        return to_air / ROOM.capacitance_kwh_per_k, to_mass / ROOM.mass_capacitance_kwh_per_k

    for step in (0, 13, 30):
        solved = solve_ivp(slope, (step, step + 0.999999), trace.temps_c[step], rtol=1e-9, atol=1e-9)
        assert solved.y[:, -1] == pytest.approx(trace.temps_c[step + 1], abs=1e-5)


@pytest.mark.pitfall("A6")
@pytest.mark.parametrize("policy", POLICIES)
def test_the_meter_is_the_electricity_that_the_heat_needs_in_the_weather_of_the_step(compared, policy):
    run, actuals = compared.policies[policy].run, compared.actuals
    trace = run.heat["pump"]

    points = operating_points(pump_of(), actuals.outdoors["outdoor_c"].values, actuals.grid.epoch_seconds)

    assert trace.power_kw == pytest.approx(trace.compressor_kw / points.cop + trace.backup_kw)
    assert trace.heat_kw[:, 0] == pytest.approx(trace.compressor_kw + trace.backup_kw)
    assert run.grid_kw == pytest.approx(trace.power_kw + 0.02)
    assert (trace.compressor_kw <= points.capacity_kw + 1e-9).all()


@pytest.mark.pitfall("A6")
def test_heat_left_in_the_building_at_the_end_is_valued_alike_for_all(compared):
    value = compared.heat_value_per_kwh["pump"]

    for one in compared.policies.values():
        temps = one.run.heat["pump"].temps_c
        gained = (temps[-1] - temps[0]) @ np.array([ROOM.capacitance_kwh_per_k, ROOM.mass_capacitance_kwh_per_k])
        assert one.costs.stored_energy == pytest.approx(value * gained)
        assert one.heating.stored_kwh == pytest.approx(gained)
    assert 0 < value < compared.stored_value_per_kwh


@pytest.mark.pitfall("A6")
def test_a_price_that_never_changes_and_a_band_without_room_save_nothing():
    tight = Comfort(low_c=21.0, high_c=21.0, cold_price_per_kh=PRICE_PER_KH, heat_price_per_kh=PRICE_PER_KH)
    flat = measured(price_per_kwh=np.full(12 * 24, 0.15))

    result = run_backtest(
        request(site=house_of(pump=pump_of(comfort=tight)), measurements=flat, policies=(THERMOSTAT, MPC))
    )

    costs = [worth(result, name) for name in (THERMOSTAT, MPC)]
    assert costs[1] == pytest.approx(costs[0], rel=2e-3)


def test_the_simulation_of_the_perfect_plan_costs_what_the_plan_says(compared):
    assert "optimal" in compared.policies[PERFECT].notes[0]
    assert compared.saved_share(PERFECT) == pytest.approx(1.0)


def test_a_mode_schedule_is_bounded_by_the_modulating_one():
    site = house_of(pump=pump_of(schedule=Schedule.MODES))

    result = run_backtest(request(days=1, site=site, policies=(THERMOSTAT, MPC, PERFECT)))

    assert worth(result, MPC) >= worth(result, PERFECT) - 1e-6


# -- Policies


def test_thermostats_hold_their_temperatures_to_the_end(compared):
    for policy, held in ((THERMOSTAT, 21.0), (LOW, 20.5)):
        rooms = compared.policies[policy].run.heat["pump"].temps_c[4:, 0]
        assert rooms == pytest.approx(held, abs=1e-6)


def test_the_low_thermostat_follows_a_band_that_changes_over_the_day():
    night = ComfortWindow(days=frozenset(range(7)), start_minute=22 * 60, end_minute=6 * 60, low_c=18.0, high_c=22.0)
    site = house_of(pump=pump_of(comfort=replace(COMFORT, windows=(night,))))

    result = run_backtest(request(days=1, site=site, policies=(THERMOSTAT, LOW)))

    rooms = result.policies[LOW].run.heat["pump"].temps_c[:, 0]
    assert rooms[5] < 20.4
    assert rooms[12] == pytest.approx(20.5, abs=0.01)


def test_the_plan_saves_against_both_thermostats_and_the_rule(compared):
    assert all(worth(compared, MPC) < worth(compared, other) for other in (THERMOSTAT, LOW, GREEDY))
    assert 0.5 < compared.saved_share(MPC) < 1.0


@pytest.mark.pitfall("A4")
def test_a_tenth_of_a_cent_moves_the_rule_to_extremes_and_the_plan_hardly():
    hour = np.arange(12 * 24) % 24
    nearly_flat = measured(price_per_kwh=0.15 + 0.001 * np.sin(hour / 24 * 4 * np.pi), t_out_c=np.full(12 * 24, -4.0))

    result = run_backtest(request(measurements=nearly_flat, policies=(THERMOSTAT, GREEDY, MPC, PERFECT)))

    assert {HeatMode.BOOST, HeatMode.ECO} <= set(result.policies[GREEDY].run.heat["pump"].modes)
    swings = {name: np.ptp(result.policies[name].run.heat["pump"].temps_c[6:, 0]) for name in (GREEDY, MPC)}
    assert swings[GREEDY] > 1.5
    assert swings[MPC] < 0.7
    assert worth(result, GREEDY) > worth(result, MPC) + 0.1


@pytest.mark.pitfall("A5")
def test_a_cold_room_in_a_dear_hour_makes_the_rule_boost_and_says_how_cold_it_was():
    dear_first = measured(price_per_kwh=np.where(np.arange(12 * 24) % 24 < 8, 0.6, 0.1))

    result = run_backtest(request(days=1, measurements=dear_first, start_temp_c=17.0))

    greedy = result.policies[GREEDY]
    assert greedy.run.heat["pump"].modes[0] is HeatMode.BOOST
    assert all(one.heating.cold_kh > 0 for one in result.policies.values())
    assert worth(result, PERFECT) <= worth(result, GREEDY)


@pytest.mark.pitfall("A5")
def test_a_house_that_cannot_be_kept_warm_is_reported_under_every_policy():
    freezing = measured(t_out_c=np.full(12 * 24, -30.0))

    result = run_backtest(request(days=1, measurements=freezing, policies=(THERMOSTAT, LOW, GREEDY, MPC, PERFECT)))

    for one in result.policies.values():
        assert one.heating.cold_kh > 1.0
        assert one.run.heat["pump"].backup_kw[-1] == pytest.approx(3.0)


# -- Lookahead


def mpc_power(**changes) -> np.ndarray:
    result = run_backtest(request(policies=(THERMOSTAT, MPC), **changes))
    return result.policies[MPC].run.heat["pump"].power_kw


def changed_from(at, column: str, by: float) -> Measurements:
    calm = measured()
    later = calm.column(column).copy()
    later[(at - calm.grid.start) // HOUR :] += by
    return Measurements(calm.grid, {**calm.columns, column: later})


def test_the_controller_decides_the_same_whatever_weather_is_to_come():
    calm, wild = mpc_power(), mpc_power(measurements=changed_from(START + 12 * HOUR, "t_out_c", -10.0))

    assert (calm[:12] == wild[:12]).all()
    assert np.abs(calm[12:] - wild[12:]).max() > 0.1


def test_prices_that_are_not_published_yet_move_no_decision():
    until = known_until(START)
    first, second = mpc_power(), mpc_power(measurements=changed_from(until, "price_per_kwh", 0.3))
    published_at = 15  # 14:00 in Brussels

    assert (first[:published_at] == second[:published_at]).all()
    assert np.abs(first[published_at:] - second[published_at:]).max() > 0.1


def test_the_rule_knows_no_price_that_is_not_published():
    london = replace(house_of(), zone=ZONE.__class__("Atlantic/Azores"))
    start = START + 3 * HOUR  # a local midnight of the Azores, two hours after that of Brussels
    prices = measured().column("price_per_kwh").copy()
    hidden = prices.copy()
    hidden[(known_until(start) - measured().grid.start) // HOUR :] += 5.0
    span = replace(request(days=1).interval, start=start, end=start + DAY)

    modes = [
        run_backtest(
            request(
                site=london, interval=span, measurements=measured(price_per_kwh=values), policies=(THERMOSTAT, GREEDY)
            )
        )
        .policies[GREEDY]
        .run.heat["pump"]
        .modes
        for values in (prices, hidden)
    ]

    published_at = 12  # 14:00 in Brussels
    assert modes[0][:published_at] == modes[1][:published_at]
    assert modes[0] != modes[1]


def test_without_history_the_thermostat_rules_until_something_is_known():
    first_days = request(days=1, measurements=measured(before_days=0), policies=(THERMOSTAT, MPC))

    one = run_backtest(first_days).policies[MPC]

    assert one.run.without_setpoint
    assert one.run.heat["pump"].temps_c[1, 0] == pytest.approx(21.0)


def test_the_same_request_gives_the_same_figures(compared):
    again = run_backtest(request())

    assert {name: one.costs for name, one in again.policies.items()} == {
        name: one.costs for name, one in compared.policies.items()
    }


# -- Data


def test_data_without_irradiance_are_of_a_house_without_sun_and_say_so():
    site = house_of(pump=pump_of(replace(ROOM, solar_aperture_m2=3.0)))

    result = run_backtest(request(days=1, site=site, policies=(THERMOSTAT, MPC)))

    assert any("the sun is left out" in note for note in result.notes)


def test_the_sun_heats_the_house_where_it_was_measured():
    hour = np.arange(12 * 24) % 24
    sun = 300.0 * np.maximum(0.0, np.sin((hour - 7) / 9 * np.pi))
    site = house_of(pump=pump_of(replace(ROOM, solar_aperture_m2=3.0)))

    dark, sunny = (
        run_backtest(
            request(days=1, site=site, measurements=measured(irradiance_w_m2=values), policies=(THERMOSTAT, MPC))
        )
        for values in (0.0 * sun, sun)
    )

    for name in (THERMOSTAT, MPC):
        assert sunny.policies[name].heating.electricity_kwh < dark.policies[name].heating.electricity_kwh - 0.5


def test_data_without_outdoor_temperature_are_refused_by_name():
    with pytest.raises(InvalidInputError, match="t_out_c"):
        run_backtest(request(measurements=measured(t_out_c=None)))


@pytest.mark.parametrize("changes", [{"set_point_c": 70.0}, {"start_temp_c": -5.0}, {"set_point_c": float("nan")}])
def test_temperatures_that_no_room_has_are_refused(changes):
    with pytest.raises(InvalidInputError, match=next(iter(changes))):
        request(**changes)


def test_another_set_point_is_held_and_begins_the_span():
    result = run_backtest(request(days=1, set_point_c=21.7, policies=(THERMOSTAT,)))

    assert result.policies[THERMOSTAT].run.heat["pump"].temps_c[:, 0] == pytest.approx(21.7, abs=1e-6)


# -- All in one


@pytest.fixture(scope="module")
def unified() -> BacktestResult:
    hour = np.arange(12 * 24) % 24
    sold = Energy(id="sold", price=Price(const=0.03), quantity=PowerQuantity(direction=Direction.EXPORT))
    peak = Demand(id="peak", price=Price(const=8.0), metering=Metering(interval_minutes=60))
    spot = Energy(id="spot", price=Price(series="spot"))
    site = house_of(Load(id="load"), Pv(id="roof"), BATTERY, rules=(spot, sold, peak))
    rows = measured(
        load_kw=0.4 + 0.8 * np.exp(-(((hour - 19) / 2.0) ** 2)),
        pv_kw=3.0 * np.maximum(0.0, np.sin((hour - 9) / 7 * np.pi)),
    )
    return run_backtest(request(site=site, measurements=rows, options=replace(QUICK)))


def test_load_sun_battery_and_heat_pump_are_one_problem_and_one_meter(unified):
    for one in unified.policies.values():
        run = one.run
        drawn = unified.actuals.load_kw - run.pv_used_kw + run.battery_total_kw + run.heat_pump_total_kw + 0.02
        assert run.grid_kw == pytest.approx(drawn)
    used = unified.policies[MPC]
    assert used.activity.charged_kwh > 1.0
    assert used.heating.outside_kh < 0.05


def test_perfect_foresight_bounds_all_of_it(unified):
    assert list(unified.policies) == list(policies_of(unified.actuals.site))
    for name in unified.policies:
        assert worth(unified, name) >= worth(unified, PERFECT) - 1e-5


def test_the_timer_moves_the_battery_and_leaves_the_heat_to_the_thermostat(unified):
    timer, thermostat = (unified.policies[name].run for name in (PolicyName.TIMER, THERMOSTAT))

    assert timer.battery_total_kw.any()
    assert not thermostat.battery_total_kw.any()
    assert timer.heat["pump"].power_kw == pytest.approx(thermostat.heat["pump"].power_kw)


def test_the_plan_holds_the_peak_of_battery_and_heat_pump_together(unified):
    peaks = {name: one.peaks[0].peaks_kw["peak"] for name, one in unified.policies.items()}

    assert peaks[MPC] < peaks[THERMOSTAT]
    assert peaks[PERFECT] <= peaks[MPC] + 1e-6
