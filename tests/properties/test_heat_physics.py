"""Laws of heat: energy is conserved, steps are exact, heat pumps obey their rating, no legal house burns or freezes."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from tests.properties.houses import A7, A7_W55, AM7, B0, SUNNIEST_W_M2, buildings, pumps, weathers
from voltherm.domain.assets import (
    BackupHeater,
    Building,
    GroundTemperature,
    HeatingCurve,
    HeatMode,
    HeatPump,
    HeatSource,
    Room,
)
from voltherm.domain.assets.building import HEATED_LIMIT_C, LEAST_STATE_C, MOST_STATE_C
from voltherm.domain.comfort import Comfort
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.house import Emitter, House, Insulation
from voltherm.physics.building import Weather, network, simulate_building, stored_heat_kwh
from voltherm.physics.heat_pump import HeatRequest, mode_requests, operating_points, simulate_heat_pump
from voltherm.physics.heat_pump_presets import HeatPumpType, RatedUnit, heat_pump_of

MIDWINTER_S = int(datetime(2026, 1, 15, tzinfo=UTC).timestamp())
LATE_MARCH_S = int(datetime(2026, 3, 26, tzinfo=UTC).timestamp())


def assembled(building):
    """Capacitances and Laplacian written down anew, node by node: airs, then masses."""
    nodes = [room.id for room in building.rooms] + [f"mass of {room.id}" for room in building.rooms if room.has_mass]
    capacitance = {room.id: room.capacitance_kwh_per_k for room in building.rooms}
    capacitance |= {f"mass of {room.id}": room.mass_capacitance_kwh_per_k for room in building.rooms if room.has_mass}
    flows = [(wall.rooms[0], wall.rooms[1], wall.conductance_kw_per_k) for wall in building.walls]
    flows += [(room.id, f"mass of {room.id}", room.mass_coupling_kw_per_k) for room in building.rooms if room.has_mass]
    losses = {room.id: room.loss_kw_per_k for room in building.rooms}
    losses |= {f"mass of {room.id}": room.mass_loss_kw_per_k for room in building.rooms if room.has_mass}
    return nodes, capacitance, flows, losses


def input_kw(building, nodes, irradiance_w_m2, heat_kw):
    given = dict.fromkeys(nodes, 0.0)
    for room, heat in zip(building.rooms, heat_kw, strict=True):
        sun = room.solar_aperture_m2 * irradiance_w_m2 / 1000
        given[room.id] += room.internal_gain_kw + (1 - room.solar_to_mass) * sun + (1 - room.heat_to_mass) * heat
        if room.has_mass:
            given[f"mass of {room.id}"] += room.solar_to_mass * sun + room.heat_to_mass * heat
    return np.array([given[node] for node in nodes])


def derivative(building, outdoor_c, irradiance_w_m2, heat_kw):
    nodes, capacitance, flows, losses = assembled(building)
    place = {node: at for at, node in enumerate(nodes)}
    inputs = input_kw(building, nodes, irradiance_w_m2, heat_kw)

    def change(_, temps_c):
        power = inputs + np.array([losses[node] for node in nodes]) * (outdoor_c - temps_c)
        for one, other, conductance in flows:
            flow = conductance * (temps_c[place[one]] - temps_c[place[other]])
            power[place[one]] -= flow
            power[place[other]] += flow
        return power / np.array([capacitance[node] for node in nodes])

    return change


# -- The building


@settings(max_examples=40)
@given(data=st.data())
def test_steps_agree_with_an_integration_in_continuous_time(data):
    building = data.draw(buildings())
    weather = data.draw(weathers(2))
    draws = np.random.default_rng(data.draw(st.integers(0, 1000)))
    start, heat = draws.uniform(-10, 35, building.n_nodes), draws.uniform(0, 5, (2, len(building.rooms)))

    temps = simulate_building(building, start, weather, heat, 0.25)

    state = start
    for step in range(2):
        change = derivative(building, weather.outdoor_c[step], weather.irradiance_w_m2[step], heat[step])
        solved = solve_ivp(change, (0.0, 0.25), state, method="Radau", rtol=1e-9, atol=1e-9)
        state = solved.y[:, -1]
        np.testing.assert_allclose(temps[step + 1], state, rtol=1e-6, atol=1e-5 * (1 + np.abs(heat).max() * 10))


@settings(max_examples=60)
@given(data=st.data())
def test_heat_in_is_heat_lost_plus_heat_stored(data):
    building = data.draw(buildings())
    weather = data.draw(weathers(8))
    draws = np.random.default_rng(data.draw(st.integers(0, 1000)))
    start, heat = draws.uniform(-10, 35, building.n_nodes), draws.uniform(0, 5, (8, len(building.rooms)))

    temps = simulate_building(building, start, weather, heat, 0.5)

    given_kwh = sum(
        0.5 * input_kw(building, assembled(building)[0], weather.irradiance_w_m2[step], heat[step]).sum()
        for step in range(8)
    )
    lost_kwh = sum(_lost_kwh(building, temps[step], weather, heat, step) for step in range(8))
    stored_kwh = stored_heat_kwh(building, temps[-1]) - stored_heat_kwh(building, temps[0])
    turnover = (
        abs(given_kwh) + abs(lost_kwh) + float(network(building).capacitance_kwh_per_k @ np.abs(temps).max(axis=0))
    )
    assert given_kwh == pytest.approx(lost_kwh + stored_kwh, abs=1e-9 * turnover)


def _lost_kwh(building, temps_c, weather, heat_kw, step):
    """The integral of the losses over a step, from a network augmented by its own integral."""
    nodes, _, _, losses = assembled(building)
    change = derivative(building, weather.outdoor_c[step], weather.irradiance_w_m2[step], heat_kw[step])
    n = len(nodes)
    constant = change(0.0, np.zeros(n))
    matrix = np.column_stack([change(0.0, unit) - constant for unit in np.eye(n)])
    augmented = np.zeros((2 * n + 1, 2 * n + 1))
    augmented[:n, :n], augmented[:n, 2 * n] = matrix, constant
    augmented[n : 2 * n, :n] = np.eye(n)
    integral = (expm(augmented * 0.5) @ np.concatenate([temps_c, np.zeros(n), [1.0]]))[n : 2 * n]
    return float(np.array([losses[node] for node in nodes]) @ (integral - 0.5 * weather.outdoor_c[step]))


@settings(max_examples=60)
@given(data=st.data())
def test_the_rise_on_a_sunny_day_is_where_an_unheated_house_settles(data):
    building = data.draw(buildings())

    change = derivative(building, 10.0, SUNNIEST_W_M2, np.zeros(len(building.rooms)))

    slowest = float(network(building).capacitance_kwh_per_k.max())
    drift = change(0.0, 10.0 + building.sunny_rise_k)
    assert np.abs(drift * network(building).capacitance_kwh_per_k).max() < 1e-6 * (1 + slowest)


def test_a_house_with_watts_for_kilowatts_is_refused_by_name():
    with pytest.raises(InvalidInputError, match=r"'home' .* K above the outdoor air .* must be at most 20 K"):
        Building(rooms=(Room(id="home", capacitance_kwh_per_k=5.0, loss_kw_per_k=0.15, internal_gain_kw=450.0),))


# -- The heat pump


def pump_at(points, source=HeatSource.AIR, supply_c=35.0, **more):
    building = Building(rooms=(Room(id="home", capacitance_kwh_per_k=5.0, loss_kw_per_k=0.15),))
    flat = HeatingCurve(cold_c=-30.0, cold_supply_c=supply_c, mild_c=20.0, mild_supply_c=supply_c)
    return HeatPump(id="pump", building=building, source=source, rating_points=points, heating_curve=flat, **more)


def points_at(pump, outdoor_c):
    outdoor = np.atleast_1d(np.asarray(outdoor_c, dtype=float))
    return operating_points(pump, outdoor, np.full(len(outdoor), LATE_MARCH_S))


@pytest.mark.pitfall("A1")
@pytest.mark.parametrize("points", [(A7,), (AM7,), (A7, AM7), (A7, AM7, A7_W55)])
def test_cop_and_capacity_at_a_rating_point_are_the_rated_ones(points):
    for point in points:
        found = points_at(pump_at(points, supply_c=point.supply_c, defrost_penalty=0.15), point.source_c)

        assert found.cop[0] == pytest.approx(point.cop, rel=1e-9)
        assert found.capacity_kw[0] == pytest.approx(point.heat_kw, rel=1e-9)


@pytest.mark.pitfall("A1")
def test_a_ground_source_has_its_rated_cop_when_the_brine_is_at_its_rating_point():
    pump = pump_at((B0,), HeatSource.GROUND, ground=GroundTemperature(mean_c=0.0, swing_k=0.0))

    found = points_at(pump, [-30.0, 0.0, 20.0])

    np.testing.assert_allclose(found.cop, B0.cop)
    np.testing.assert_allclose(found.capacity_kw, B0.heat_kw)


@pytest.mark.pitfall("A1")
@given(
    outdoor_c=st.floats(-24.0, 20.0),
    warmer_k=st.floats(0.1, 10.0),
    supply_c=st.floats(30.0, 60.0),
    hotter_k=st.floats(0.1, 15.0),
)
def test_cop_and_capacity_rise_with_the_source_and_fall_with_the_supply(outdoor_c, warmer_k, supply_c, hotter_k):
    usual = points_at(pump_at((A7,), supply_c=supply_c), [outdoor_c, outdoor_c + warmer_k])
    hotter = points_at(pump_at((A7,), supply_c=supply_c + hotter_k), outdoor_c)

    assert usual.cop[1] >= usual.cop[0] >= hotter.cop[0] >= 1.0
    assert usual.capacity_kw[1] >= usual.capacity_kw[0] >= hotter.capacity_kw[0] > 0.0


@pytest.mark.pitfall("A1")
def test_an_air_source_gives_less_heat_and_a_lower_cop_in_the_cold_than_at_its_rating_point():
    found = points_at(pump_at((A7,)), [7.0, -7.0, -20.0])

    assert found.capacity_kw[0] > 1.2 * found.capacity_kw[1] > 1.4 * found.capacity_kw[2]
    assert found.cop[0] > 1.2 * found.cop[1] > 1.4 * found.cop[2]


@pytest.mark.pitfall("A1")
def test_frost_costs_most_about_one_degree_and_nothing_in_dry_cold_or_in_the_warm():
    outdoor = [-7.0, -3.0, 1.0, 4.0, 7.0]
    clean, frosted = points_at(pump_at((A7,)), outdoor), points_at(pump_at((A7,), defrost_penalty=0.15), outdoor)

    np.testing.assert_allclose(frosted.cop / clean.cop, [1.0, 0.925, 0.85, 0.925, 1.0])
    np.testing.assert_allclose(frosted.capacity_kw / clean.capacity_kw, [1.0, 0.925, 0.85, 0.925, 1.0])


def test_a_ground_source_knows_no_frost():
    clean = points_at(pump_at((B0,), HeatSource.GROUND), 1.0)
    frosted = points_at(pump_at((B0,), HeatSource.GROUND, defrost_penalty=0.15), 1.0)

    np.testing.assert_array_equal(frosted.cop, clean.cop)


@pytest.mark.pitfall("A1")
def test_equal_temperatures_indoors_and_outdoors_have_a_cop():
    found = points_at(pump_at((A7,), supply_c=21.0), [21.0, 35.0])

    assert np.isfinite(found.cop).all()
    assert (found.cop >= 1.0).all()


# -- Both


@pytest.mark.pitfall("A2")
@settings(max_examples=150)
@given(data=st.data())
def test_no_legal_house_ever_leaves_what_a_house_can_have_under_any_mode_and_weather(data):
    building = data.draw(buildings())
    pump = data.draw(pumps(building))
    step_h, n_steps = data.draw(st.sampled_from([0.25, 1.0])), 96
    weather = data.draw(weathers(n_steps))
    start = np.full(building.n_nodes, data.draw(st.sampled_from([-40.0, 5.0, 21.0, HEATED_LIMIT_C])))
    points = operating_points(pump, weather.outdoor_c, np.full(n_steps, MIDWINTER_S))
    everything = HeatRequest(
        compressor_kw=points.capacity_kw, backup_kw=np.full(n_steps, 0.0 if pump.backup is None else 1e9)
    )

    for request in (*mode_requests(pump, points, weather.outdoor_c).values(), everything):
        run = simulate_heat_pump(pump, start, points, weather, request, step_h)

        assert run.temps_c.min() >= LEAST_STATE_C - 1e-9
        assert run.temps_c.max() <= MOST_STATE_C + 1e-6


@pytest.mark.pitfall("A2")
@settings(max_examples=60)
@given(data=st.data())
def test_no_more_heat_comes_than_the_rated_heat_and_the_backup_give(data):
    building = data.draw(buildings())
    pump = data.draw(pumps(building))
    weather = data.draw(weathers(24))
    points = operating_points(pump, weather.outdoor_c, np.full(24, MIDWINTER_S))
    wish = HeatRequest(compressor_kw=np.full(24, 1e6), backup_kw=np.full(24, 1e6))

    run = simulate_heat_pump(pump, np.full(building.n_nodes, 15.0), points, weather, wish, 1.0)

    backup_kw = 0.0 if pump.backup is None else pump.backup.limit_kw * pump.backup.efficiency
    assert (run.heat_kw >= 0).all()
    assert (run.heat_kw.sum(axis=1) <= points.capacity_kw + backup_kw + 1e-9).all()
    electric = run.compressor_kw / points.cop + run.backup_kw
    np.testing.assert_allclose(run.power_kw, electric, atol=1e-9)


HOUSES = [
    House(insulation=insulation, floor_area_m2=150.0, volume_m3=450.0, emitter=emitter, design_outdoor_c=-32.0)
    for insulation in (Insulation.HIGH, Insulation.FI_1978)
    for emitter in Emitter
]


@pytest.mark.pitfall("A2")
@pytest.mark.parametrize("kind", HeatPumpType)
@pytest.mark.parametrize("house", HOUSES, ids=lambda house: f"{house.insulation}, {house.emitter}")
def test_a_day_of_normal_at_ten_below_stays_within_comfort(house, kind):
    comfortable = replace(house, comfort=Comfort(low_c=19.0, high_c=23.0))
    pump = heat_pump_of("pump", comfortable, RatedUnit(type=kind, rated_heat_kw=12.0, cop=4.0)).heat_pump
    outdoor = np.full(96, -10.0)
    points = operating_points(pump, outdoor, np.full(96, MIDWINTER_S))
    weather = Weather(outdoor_c=outdoor, irradiance_w_m2=np.zeros(96))

    run = simulate_heat_pump(
        pump, np.full(2, 21.0), points, weather, mode_requests(pump, points, outdoor)[HeatMode.NORMAL], 0.25
    )

    assert run.temps_c[:, 0].min() >= 19.0
    assert run.temps_c[:, 0].max() <= 23.0


@given(heat_to_mass=st.floats(0.0, 1.0), outdoor_c=st.floats(-30.0, 10.0))
def test_normal_holds_its_set_point_wherever_the_heat_enters(heat_to_mass, outdoor_c):
    house = House(
        insulation=Insulation.FI_1960, floor_area_m2=150.0, volume_m3=450.0, room={"heat_to_mass": heat_to_mass}
    )
    unit = RatedUnit(type=HeatPumpType.GSHP, rated_heat_kw=60.0, cop=4.0)
    pump = replace(heat_pump_of("pump", house, unit).heat_pump, set_point_c=21.0)
    outdoor = np.full(24 * 30, outdoor_c)
    points = operating_points(pump, outdoor, np.full(len(outdoor), MIDWINTER_S))
    weather = Weather(outdoor_c=outdoor, irradiance_w_m2=np.zeros(len(outdoor)))
    normal = mode_requests(pump, points, outdoor)[HeatMode.NORMAL]

    run = simulate_heat_pump(pump, np.full(2, 15.0), points, weather, normal, 1.0)

    assert run.temps_c[-1, 0] == pytest.approx(21.0, abs=0.01)


@settings(max_examples=60)
@given(data=st.data())
def test_no_heat_is_given_that_lifts_a_room_above_the_cut_out(data):
    building = data.draw(buildings())
    pump = data.draw(pumps(building))
    weather = data.draw(weathers(24))
    points = operating_points(pump, weather.outdoor_c, np.full(24, MIDWINTER_S))
    wish = HeatRequest(compressor_kw=points.capacity_kw, backup_kw=np.full(24, 1e6))

    run = simulate_heat_pump(pump, np.full(building.n_nodes, 20.0), points, weather, wish, 1.0)

    rooms_c = run.temps_c[1:, : len(building.rooms)]
    assert ((rooms_c <= building.cut_out_c + 1e-5) | (run.heat_kw <= 1e-9)).all()


def test_the_frost_guard_runs_everything_that_a_cold_room_needs_whatever_is_asked():
    pump = replace(pump_at((A7,)), backup=BackupHeater(limit_kw=3.0))
    outdoor = np.full(4, -20.0)
    points = operating_points(pump, outdoor, np.full(4, MIDWINTER_S))
    weather = Weather(outdoor_c=outdoor, irradiance_w_m2=np.zeros(4))
    nothing = HeatRequest(compressor_kw=np.zeros(4), backup_kw=np.zeros(4))

    run = simulate_heat_pump(pump, np.array([4.0]), points, weather, nothing, 0.25)

    assert run.heat_kw[0, 0] == pytest.approx(points.capacity_kw[0] + 3.0)
    assert not run.is_followed
