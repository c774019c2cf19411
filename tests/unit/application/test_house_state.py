"""The temperatures of a house now: measured, carried on by the physics, or said to be assumed."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tests.registered_houses import DAY, EVENING, HOUR, QUARTER, facts, flat, indoor, tomorrow, weather
from voltherm.application.house_state import StartKind, estimate_state, modes_in_force
from voltherm.application.plan_day import plan_day
from voltherm.application.spot_prices import SpotForecasts
from voltherm.domain.assets import HeatMode
from voltherm.domain.registered_device import HeatReading
from voltherm.domain.time import TimeGrid
from voltherm.physics.building import Weather, simulate_building

MINUTE = timedelta(minutes=1)


@pytest.mark.pitfall("A8")
def test_a_fresh_reading_is_the_temperature_of_now():
    state = estimate_state(facts(readings=indoor(EVENING, 19.3)), EVENING)

    assert state.kind is StartKind.MEASURED
    assert state.now_c[0] == 19.3
    assert state.reading.at == EVENING


@pytest.mark.pitfall("A8")
def test_an_old_reading_is_carried_on_and_called_stale():
    known = facts(readings=indoor(EVENING, 26.0, hours=1, age=5 * HOUR))

    state = estimate_state(known, EVENING)

    assert state.kind is StartKind.STALE
    assert 21.5 < state.now_c[0] < 25.9


@pytest.mark.pitfall("A8")
def test_without_readings_the_set_point_is_assumed_and_called_so():
    state = estimate_state(facts(readings=()), EVENING)

    assert state.kind is StartKind.ASSUMED
    assert state.now_c.tolist() == [21.5, 21.5]


def test_a_reading_that_no_house_can_have_is_passed_over():
    broken = HeatReading(at=EVENING, indoor_c=85.0)

    state = estimate_state(facts(readings=(*indoor(EVENING, 20.0, age=QUARTER), broken)), EVENING)

    assert state.reading.at == EVENING - QUARTER
    assert state.now_c[0] == pytest.approx(20.0, abs=0.3)


def test_the_mass_follows_an_air_that_has_been_elsewhere_for_a_day():
    cooled = (HeatReading(at=EVENING - 26 * HOUR, indoor_c=25.0), *indoor(EVENING, 18.0, hours=25))

    state = estimate_state(facts(readings=cooled), EVENING)

    assert state.now_c[0] == 18.0
    assert 17.0 < state.now_c[1] < 20.0


def test_until_tomorrow_the_house_follows_the_physics_under_its_own_control():
    """The oracle: explicit heat of mode NORMAL through the building alone."""
    known = facts(readings=(HeatReading(at=EVENING, indoor_c=20.0),))
    until = EVENING + 4 * HOUR

    state = estimate_state(known, until)

    building = known.device.pump.building
    room = building.rooms[0]
    held_kw = _steady_heat_kw(room, 21.5, -8.0)
    sky = Weather(outdoor_c=np.full(16, -8.0), irradiance_w_m2=np.zeros(16))
    wanted = simulate_building(building, np.full(2, 20.0), sky, np.full((16, 1), held_kw), 0.25)
    assert state.temps_c == pytest.approx(wanted, abs=1e-6)
    assert state.kind is StartKind.MEASURED


def _steady_heat_kw(room, hold_c: float, outdoor_c: float) -> float:
    """Solve both nodes' balances for the heat by hand."""
    up, out, mass_out = room.mass_coupling_kw_per_k, room.loss_kw_per_k, room.mass_loss_kw_per_k
    share = room.heat_to_mass
    # Air: (1-s) q + up (m - T) + out (o - T) + gain = 0; mass: s q + up (T - m) + mass_out (o - m) = 0.
    matrix = np.array([[1 - share, up], [share, -(up + mass_out)]])
    right = np.array(
        [up * hold_c + out * (hold_c - outdoor_c) - room.internal_gain_kw, -up * hold_c - mass_out * outdoor_c]
    )
    return float(np.linalg.solve(matrix, right)[0])


def test_what_was_planned_is_in_force_unless_the_device_reports_another_mode():
    known = facts()
    planned = plan_day(known, tomorrow(known), SpotForecasts(known.zone))
    midnight = planned.hours[0].start
    reported = HeatReading(at=midnight + HOUR, mode=HeatMode.OFF)
    later = replace(known, plans={planned.day: planned.kept}, readings=(*known.readings, reported))

    modes = modes_in_force(later, TimeGrid(midnight, QUARTER, 12))

    assert modes[:4] == (planned.hours[0].mode,) * 4
    assert modes[4:9] == (HeatMode.OFF,) * 5
    assert modes[9:] == (planned.hours[2].mode,) * 3


def test_outside_any_plan_nobody_knows_what_was_asked_for():
    assert modes_in_force(facts(), TimeGrid(EVENING, QUARTER, 2)) == (None, None)


def test_where_the_past_weather_is_not_known_the_last_reading_counts():
    known = facts(readings=indoor(EVENING, 20.7), weather=())

    state = estimate_state(known, EVENING)

    assert state.grid is None
    assert state.now_c.tolist() == [20.7, 20.7]


def test_weather_that_begins_late_shortens_what_is_simulated():
    late = weather(EVENING, EVENING + DAY)
    part = replace(late, outdoor_c=late.outdoor_c.part(24, late.outdoor_c.grid.n_steps - 24), irradiance_w_m2=None)

    state = estimate_state(facts(readings=indoor(EVENING, 20.7), weather=(part,)), EVENING)

    assert state.grid.start == part.outdoor_c.grid.start
    assert state.now_c[0] == 20.7


def test_the_sun_warms_a_house_that_is_simulated():
    bright = weather(EVENING, EVENING + DAY, sun=flat(300.0))
    readings = (HeatReading(at=EVENING, indoor_c=21.5),)

    dark, sunny = (
        estimate_state(facts(readings=readings, **more), EVENING + 4 * HOUR) for more in ({}, {"weather": (bright,)})
    )

    assert sunny.now_c[0] > dark.now_c[0] + 0.2
