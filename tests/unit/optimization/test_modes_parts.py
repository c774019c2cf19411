"""The parts of the schedule search, by hand: levels, stretches, dwell, supply, grid, rooms and neighbours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.heated_sites import building, heat_pump, heated_inputs, hut, room
from tests.sites import START, battery, site_of
from tests.tariffs import demand, energy, export, tariff_of
from voltherm.domain.assets import BackupHeater, BuildingState, HeatMode, HeatPumpState, Pv, Schedule
from voltherm.domain.time import TimeGrid
from voltherm.optimization.blocks.heat_pump import HeatWorth
from voltherm.optimization.mode_board import board_of
from voltherm.optimization.mode_dwell import (
    count_starts,
    dwell_rule,
    first_counter,
    missing_dwell_h,
    run_through,
)
from voltherm.optimization.mode_grid import Axis, TempGrid
from voltherm.optimization.mode_levels import first_level, levels_of, mode_costs, stretches
from voltherm.optimization.mode_moves import neighbours, own_costs
from voltherm.optimization.mode_room import room_model
from voltherm.optimization.mode_states import switch_states
from voltherm.optimization.mode_supply import Ceiling, Standing, supply_of
from voltherm.optimization.problem import build_site_problem
from voltherm.physics.heat_pump import HeatRequest, simulate_heat_pump

HOUR = timedelta(hours=1)
TARIFF = tariff_of(energy(series="spot"))
COLD = BuildingState(room_c={"home": 21.0})


def facts(pump, outdoor_c=(0.0,) * 6, *, spot=0.2, start=21.0, others=(), tariff=TARIFF, **more):
    """Return site, inputs and problem of a heat pump, hour by hour."""
    site = site_of(tariff, pump, *others, export_limit_kw=more.pop("export_limit_kw", 0.0))
    prices = {"spot": np.broadcast_to(spot, len(outdoor_c)).astype(float)}
    inputs = heated_inputs(site, outdoor_c, start=start, prices=prices, step=HOUR, **more)
    return site, inputs, build_site_problem(site, inputs)


def board(pump, state=None, **more):
    """Return the heat pump of a site as the search sees it, and its problem."""
    _, inputs, problem = facts(pump, **more)
    setting = problem.heat["pump"]
    worth = HeatWorth(terminal=problem.ending.terminal, value_per_kwh=problem.heat_value_per_kwh["pump"])
    costs = mode_costs(setting, problem.prices, problem.penalties)
    made = board_of(
        setting,
        state or inputs.heat["pump"],
        room_model(setting, worth, problem.penalties),
        np.arange(inputs.grid.n_steps),
        costs,
    )
    return made, problem


# -- Levels


def levels(pump, **more):
    return levels_of(facts(pump, **more)[2].heat["pump"])


def test_a_pump_that_is_on_or_off_gives_nothing_or_its_capacity():
    setting = facts(heat_pump(schedule=Schedule.ON_OFF), outdoor_c=(7.0, 7.0))[2].heat["pump"]
    found = levels_of(setting)
    assert found.modes == (HeatMode.OFF, HeatMode.BOOST)
    assert found.heat_kw[0].tolist() == [0.0, 0.0]
    assert found.heat_kw[1] == pytest.approx(found.compressor_kw[1])
    assert found.heat_kw[1] == pytest.approx(setting.points.capacity_kw)
    assert found.power_kw[1] * setting.points.cop == pytest.approx(found.heat_kw[1])
    assert found.is_running.tolist() == [[False, False], [True, True]]


def test_its_backup_is_a_level_of_its_own():
    found = levels(heat_pump(schedule=Schedule.ON_OFF, backup=BackupHeater(limit_kw=3.0, efficiency=0.9)))
    assert found.modes == (HeatMode.OFF, HeatMode.BOOST, HeatMode.BOOST)
    assert found.heat_kw[2] - found.heat_kw[1] == pytest.approx(2.7)
    assert found.power_kw[2] - found.power_kw[1] == pytest.approx(3.0)


def test_modes_give_more_heat_from_off_to_boost():
    found = levels(heat_pump(schedule=Schedule.MODES))
    normal, boost, eco, off = found.heat_kw
    assert found.modes == (HeatMode.NORMAL, HeatMode.BOOST, HeatMode.ECO, HeatMode.OFF)
    assert (boost > normal).all()
    # Two kelvins less save two kelvins of the house's loss.
    assert normal - eco == pytest.approx(0.4)
    assert (off == 0.0).all()


def test_no_level_gives_more_than_the_emitters_take():
    house = building(room(heat_limit_kw=2.0))
    found = levels(heat_pump(house, schedule=Schedule.ON_OFF, backup=BackupHeater(limit_kw=3.0)))
    assert found.heat_kw[1:] == pytest.approx(2.0)
    assert found.backup_kw.max() == 0.0


@pytest.mark.parametrize(
    ("schedule", "state", "level"),
    [
        (Schedule.MODES, {"mode": HeatMode.ECO}, 2),
        (Schedule.MODES, {"is_running": True}, None),
        (Schedule.ON_OFF, {"is_running": True}, 1),
        (Schedule.ON_OFF, {"is_running": False}, 0),
        (Schedule.ON_OFF, {}, None),
    ],
)
def test_the_level_of_now_is_that_of_the_mode_or_of_running(schedule, state, level):
    assert first_level(levels(heat_pump(schedule=schedule)), HeatPumpState(building=COLD, **state)) == level


def test_a_change_of_level_costs_a_hundredth_of_an_hour_at_full_power():
    _, _, problem = facts(heat_pump(schedule=Schedule.MODES, start_cost=0.3), spot=0.2)
    setting = problem.heat["pump"]
    costs = mode_costs(setting, problem.prices, problem.penalties)
    assert costs.change == pytest.approx(0.01 * 0.2 * setting.highest_kw.max())
    assert costs.start == 0.3


# -- Stretches


def quarters(start, n):
    return TimeGrid(start, timedelta(minutes=15), n)


def test_stretches_begin_at_marks_of_the_local_clock():
    grid = quarters(datetime(2026, 1, 10, 10, 30, tzinfo=UTC), 10)
    assert stretches(grid, ZoneInfo("Europe/Helsinki"), 1.0).tolist() == [0, 2, 6]
    # India is half an hour off: its clock shows a full hour there.
    assert stretches(grid, ZoneInfo("Asia/Kolkata"), 1.0).tolist() == [0, 4, 8]
    assert stretches(grid, ZoneInfo("Europe/Helsinki"), None).tolist() == list(range(10))


@pytest.mark.parametrize(
    ("start", "hours"),
    [(datetime(2026, 3, 28, 23, tzinfo=UTC), 23), (datetime(2026, 10, 24, 22, tzinfo=UTC), 25)],
)
def test_days_of_change_have_as_many_stretches_as_hours(start, hours):
    zone = ZoneInfo("Europe/Berlin")
    assert stretches(quarters(start, 4 * hours), zone, 1.0).tolist() == list(range(0, 4 * hours, 4))


# -- Dwell


def rule(run_h, off_h, step_h=0.25):
    return dwell_rule(heat_pump(min_run_h=run_h, min_off_h=off_h), step_h)


def test_dwell_times_are_rounded_up_to_steps():
    assert (rule(0.3, 0.0).run, rule(0.3, 0.0).off) == (2, 1)
    assert rule(0.5, 0.25).run == 2


@pytest.mark.parametrize(
    ("running", "since_h", "steps"), [(None, 0.0, 0), (True, 0.0, 4), (True, 0.6, 2), (False, 0.1, 2), (True, 9.0, 0)]
)
def test_what_began_before_the_grid_still_lasts(running, since_h, steps):
    state = HeatPumpState(building=COLD, is_running=running, since_h=since_h)
    assert first_counter(rule(1.0, 0.5), state) == steps


def test_a_run_that_stops_early_misses_hours_and_starting_again_counts():
    passed = run_through(rule(1.0, 0.5), (False, 0), (True, True, False, True))
    # Two quarters of a run of four, and one of a rest of two, are missing.
    assert passed.missing_h == pytest.approx(0.5 + 0.25)
    assert passed.starts == 2
    assert passed.counter == 3


def test_missing_hours_of_a_plan_stand_where_a_run_ends():
    running = np.array([1, 1, 0, 1, 1, 1, 1, 0], dtype=bool)
    state = HeatPumpState(building=COLD, is_running=True, since_h=0.2)
    missing = missing_dwell_h(running, state, (1.0, 0.5), 0.25)
    assert missing[0] == pytest.approx([0, 0.3, 0, 0, 0, 0, 0, 0])
    assert missing[1] == pytest.approx([0, 0, 0.25, 0, 0, 0, 0, 0])
    stopped = missing_dwell_h(~running, state, (1.0, 0.0), 0.25)
    assert stopped[0, 0] == pytest.approx(0.8)


def test_a_start_counts_in_the_first_step_only_where_the_pump_is_known_to_rest():
    running = np.array([1, 0, 1], dtype=bool)
    assert [count_starts(running, was) for was in (None, True, False)] == [1, 1, 2]


def test_states_are_those_that_can_be_reached():
    pump = heat_pump(schedule=Schedule.ON_OFF, min_run_h=3.0)
    found = levels(pump)
    _, _, problem = facts(pump)
    costs = mode_costs(problem.heat["pump"], problem.prices, problem.penalties)
    state = HeatPumpState(building=COLD, is_running=False)
    states = switch_states(dwell_rule(pump, 1.0), found, np.arange(6), state, costs)
    # Off, and on with two, one or no hours to go.
    assert sorted(states.level.tolist()) == [0, 1, 1, 1]
    started = states.following[0][0, 1]
    assert states.fee[0][0, 1] == pytest.approx(costs.start + costs.change)
    assert states.fee[1][started, 0] == pytest.approx(2 * costs.dwell_per_h + costs.change)
    assert states.fee[1][started, 1] == 0.0


# -- Supply


def supplied(loads_kw, *, stored_value=0.0, ceiling_kw=np.inf, **more):
    """Return what some loads cost in one hour, above no load."""
    tariff = more.pop("tariff", tariff_of(energy(0.3), export(0.1), demand(5.0)))
    site, inputs, problem = facts(
        heat_pump(), (0.0,), others=more.pop("others", ()), tariff=tariff, export_limit_kw=4.0, **more
    )
    ceiling = Ceiling(kw=np.array([ceiling_kw]), price=np.array([5.0]))
    stored = {each.id: np.array([stored_value]) for each in site.batteries}
    supply = supply_of(site, inputs, problem, Standing(stored_value=stored, ceilings=(ceiling,)))
    net = problem.fixed_net_kw
    return supply.cost(net, np.array(loads_kw, dtype=float)[:, None])[:, 0]


def test_load_is_served_by_export_first_and_then_by_the_grid():
    cost = supplied([1.0, 3.0, 6.0], others=(Pv(id="roof"),), pv_kw=[3.0])
    assert cost == pytest.approx([0.1, 0.3, 0.3 + 3 * 0.3])


def test_what_is_curtailed_costs_nothing():
    assert supplied([2.0, 4.0], others=(Pv(id="roof"),), pv_kw=[7.0]) == pytest.approx([0.0, 0.1])


def test_import_above_the_ceiling_raises_the_peak():
    assert supplied([2.0, 5.0], ceiling_kw=3.0) == pytest.approx([0.6, 1.5 + 2 * 5.0])


def test_a_battery_gives_what_is_worth_less_than_the_grid_takes():
    cost = supplied([40.0, 60.0], stored_value=0.18, others=(battery(),))
    assert cost == pytest.approx([40 * (0.18 / 0.9 + 0.001), 50 * (0.18 / 0.9 + 0.001) + 10 * 0.3])


def test_where_export_earns_more_than_import_costs_a_site_does_one_of_them():
    tariff = tariff_of(energy(-0.2), export(0.1), demand(5.0))
    assert supplied([1.0], tariff=tariff) == pytest.approx([-0.2])
    roof = Pv(id="roof", curtailable=False)
    cost = supplied([1.0, 3.0], tariff=tariff, others=(roof,), pv_kw=[2.0])
    assert cost == pytest.approx([0.1, 0.2 - 0.2])


# -- Grid


def test_values_that_are_linear_are_met_between_the_nodes_and_held_beyond_the_last():
    axis = Axis(first_c=18.0, spacing_k=0.5, n_inner=9)
    grid = TempGrid(room=axis, mass=Axis(first_c=-1.0, spacing_k=0.25, n_inner=9), path_c=np.array([20.0, 21.0]))
    nodes = grid.nodes(1)
    values = np.stack([nodes[0] + 10 * nodes[1], -nodes[0]])
    room_c, mass_c = np.array([[18.3, 22.0, 13.0, 31.9, 90.0]]), np.array([[20.2, 21.0, 14.0, 29.0, 21.0]])
    found = grid.look_up(values, np.array([[0]]), grid.place(1, room_c, mass_c))
    assert found[0, :4] == pytest.approx((room_c + 10 * mass_c)[0, :4])
    # The room's last node lies 10 K above 22.
    assert found[0, 4] == pytest.approx(32.0 + 210.0, abs=1e-6)
    assert grid.look_up(values, np.array([[1]]), grid.place(1, room_c, mass_c))[0, 0] == pytest.approx(-18.3)


def test_a_room_alone_needs_no_second_axis():
    grid = TempGrid(
        room=Axis(first_c=18.0, spacing_k=0.5, n_inner=9),
        mass=Axis(first_c=0.0, spacing_k=1.0, n_inner=1),
        path_c=np.zeros(2),
    )
    values = grid.nodes(0)[0][None, :]
    place = grid.place(0, np.array([[19.2]]), np.array([[0.0]]))
    assert grid.look_up(values, np.array([[0]]), place) == pytest.approx(19.2)


# -- Rooms and neighbours


@pytest.mark.parametrize("house", [building(hut()), building(room(heat_to_mass=0.4))], ids=["hut", "house"])
def test_the_search_reckons_with_the_temperatures_of_the_physics(house):
    made, problem = board(heat_pump(house, schedule=Schedule.ON_OFF))
    setting, level = problem.heat["pump"], np.array([1, 0, 0, 1, 1, 0])
    request = made.levels.request(level)
    run = simulate_heat_pump(
        setting.pump,
        setting.start_c,
        setting.points,
        setting.weather,
        HeatRequest(compressor_kw=request.compressor_kw, backup_kw=request.backup_kw),
        setting.step_h,
    )
    temps = made.room.start_c[:, None]
    for course, chosen in zip(made.courses, level, strict=True):
        room_c, mass_c, _ = course.for_all_levels(temps)
        temps = np.stack([room_c[chosen], mass_c[chosen]])
    assert temps[: house.n_nodes, 0] == pytest.approx(run.temps_c[-1], abs=1e-9)


def test_several_rooms_are_as_one_with_the_sum_of_their_parts():
    twice = building(hut("one"), hut("two"))
    one = building(hut(capacitance_kwh_per_k=8.0, loss_kw_per_k=0.4))
    lumped, _ = board(heat_pump(twice, schedule=Schedule.ON_OFF))
    single, _ = board(heat_pump(one, schedule=Schedule.ON_OFF))
    assert lumped.room.transition == pytest.approx(single.room.transition)
    assert lumped.room.forcing_c == pytest.approx(single.room.forcing_c)
    assert lumped.room.heat_k_per_kw == pytest.approx(single.room.heat_k_per_kw)


def test_neighbours_differ_from_the_schedule_and_from_each_other():
    level = np.array([0, 1, 1, 0, 2, 0])
    found = neighbours(level, 3)
    assert len({row.tobytes() for row in found}) == len(found)
    assert not (found == level).all(axis=1).any()
    rows = {tuple(row) for row in found.tolist()}
    assert {(2, 1, 1, 0, 2, 0), (0, 0, 0, 0, 0, 0), (1, 1, 1, 0, 2, 2), (0, 1, 0, 2, 0, 0)} <= rows


def test_costs_of_many_schedules_are_those_of_each():
    made, _ = board(heat_pump(building(room()), schedule=Schedule.MODES, start_cost=0.1, min_run_h=2.0))
    schedules = np.array([[0, 0, 3, 1, 0, 2], [3, 3, 0, 0, 0, 0]])
    together = own_costs(made, schedules)
    alone = [own_costs(made, row[None, :])[0] for row in schedules]
    assert together == pytest.approx(alone)
    dearer = own_costs(replace(made, room=made.room, states=made.states), np.array([[0, 3, 0, 3, 0, 3]]))
    assert dearer[0] > together.max()


def test_the_grid_of_hours_begins_where_the_sites_of_the_tests_do():
    _, inputs, _ = facts(heat_pump())
    assert inputs.grid.start == START
