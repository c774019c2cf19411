"""What the thermostat would do: held against the plant's own room control, step by step."""

from dataclasses import replace

import numpy as np
import pytest

from tests.registered_houses import EVENING, QUARTER, pump
from voltherm.application.thermostat_baseline import simulate_baseline, starts_of
from voltherm.domain.assets import BackupHeater, Building, Room, Wall
from voltherm.domain.assets.heat_pump import HeatPump
from voltherm.domain.time import TimeGrid
from voltherm.physics.building import Weather
from voltherm.physics.heat_pump import operating_points
from voltherm.physics.thermostat import simulate_thermostat

N = 96
GRID = TimeGrid(EVENING, QUARTER, N)


def weather(outdoor_c: float, swing_k: float = 0.0) -> Weather:
    around = np.sin(2 * np.pi * np.arange(N) / 96)
    return Weather(outdoor_c=outdoor_c + swing_k * around, irradiance_w_m2=np.maximum(200 * around, 0.0))


def run_of(heat_pump: HeatPump, sky: Weather, start_c: float = 21.5):
    points = operating_points(heat_pump, sky.outdoor_c, GRID.epoch_seconds)
    start = np.full(heat_pump.building.n_nodes, start_c)
    return simulate_baseline(heat_pump, start, points, sky, GRID.step_h), points, start


@pytest.mark.parametrize("outdoor_c", [-25.0, -8.0, 5.0, 18.0])
def test_in_a_house_of_one_room_it_is_the_plants_own_room_control(outdoor_c):
    heat_pump = replace(pump(), backup=None)
    sky = weather(outdoor_c, swing_k=4.0)

    run, points, start = run_of(heat_pump, sky, 20.0)

    wanted = simulate_thermostat(heat_pump, start, points, sky, np.full((N, 1), heat_pump.normal_c), GRID.step_h)
    assert run.temps_c == pytest.approx(wanted.temps_c, abs=1e-9)
    assert run.power_kw == pytest.approx(wanted.power_kw, abs=1e-9)


def test_the_set_point_is_held_where_the_capacity_suffices():
    run, _, _ = run_of(pump(), weather(-20.0))

    assert run.temps_c[:, 0] == pytest.approx(21.5, abs=0.1)


@pytest.mark.pitfall("A6")
def test_what_it_uses_follows_the_weather():
    mild, cold = (run_of(pump(), weather(outdoor_c))[0].power_kw.sum() for outdoor_c in (5.0, -20.0))

    assert cold > 2 * mild


def test_a_cold_room_is_no_reason_for_the_backup_where_the_compressor_carries_the_house():
    run, points, _ = run_of(replace(pump(), backup=BackupHeater(limit_kw=9.0)), weather(-8.0), 18.0)

    assert run.backup_kw.max() == 0
    assert run.compressor_kw[0] == pytest.approx(points.capacity_kw[0])


def test_the_backup_helps_where_the_compressor_does_not_carry_the_house():
    small = replace(pump(rated_heat_kw=3.0), backup=BackupHeater(limit_kw=9.0))

    run, points, _ = run_of(small, weather(-25.0))

    assert run.backup_kw[-1] > 0.5
    assert run.compressor_kw[-1] == pytest.approx(points.capacity_kw[-1])
    assert run.temps_c[-1, 0] == pytest.approx(21.5, abs=0.5)


def test_a_house_of_two_rooms_is_held_in_both():
    one = pump()
    rooms = tuple(
        Room(id=name, capacitance_kwh_per_k=1.0, loss_kw_per_k=loss) for name, loss in (("a", 0.05), ("b", 0.1))
    )
    building = Building(rooms=rooms, walls=(Wall(rooms=("a", "b"), conductance_kw_per_k=0.2),))

    run, _, _ = run_of(replace(one, building=building), weather(-10.0))

    assert run.temps_c == pytest.approx(21.5, abs=1e-6)


def test_a_freezing_house_is_brought_back_without_overshooting():
    run, _, _ = run_of(pump(), weather(-20.0), start_c=2.0)

    assert run.temps_c[-1, 0] == pytest.approx(21.5, abs=0.5)
    assert run.temps_c[:, 0].max() < 22.5


@pytest.mark.parametrize(
    ("heat_kw", "starts"), [([0, 1, 1, 0, 1], 2), ([1, 1, 1], 0), ([1, 0, 0], 0), ([0], 0), ([], 0)]
)
def test_a_start_is_heat_after_rest(heat_kw, starts):
    assert starts_of(np.array(heat_kw, dtype=float)) == starts
