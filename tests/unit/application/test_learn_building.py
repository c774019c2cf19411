"""Buildings learned from a measured house and from simulated ones, whose truth is known."""

import csv
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.simulated_houses import CONTROLS, Week, measured, random_house
from voltherm.application.learn_building import LearnOptions, learn_building
from voltherm.domain.assets.heat_pump import HeatPump, HeatSource, RatingPoint
from voltherm.domain.building_presets import building_of
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.house import House, Insulation
from voltherm.domain.measurements import Measurements
from voltherm.domain.time import TimeGrid
from voltherm.physics.building import Weather, simulate_building
from voltherm.physics.heat_pump import operating_points
from voltherm.physics.identify_model import Reading
from voltherm.physics.identify_result import Accepted, Refused

FLEXHOUSE = Path(__file__).parents[2] / "data" / "dtu_flexhouse_2009_02.csv"
FOUR_DAYS = timedelta(days=4)


def flexhouse() -> Measurements:
    with FLEXHOUSE.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    start = datetime.fromisoformat(rows[0]["time_local"]).replace(tzinfo=ZoneInfo("Europe/Copenhagen"))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in ("t_in_c", "t_out_c", "heat_kw")}
    sun = 1000.0 * np.array([float(row["solar_kw_m2"]) for row in rows])
    return Measurements(TimeGrid(start, timedelta(minutes=5), len(rows)), columns | {"irradiance_w_m2": sun})


def with_columns(measurements: Measurements, **columns) -> Measurements:
    known = {name: values for name, values in (dict(measurements.columns) | columns).items() if values is not None}
    return Measurements(measurements.grid, known)


@cache
def lived_in(seed, **week):
    """A house of the model, and what was measured of it in a week."""
    rng = np.random.default_rng(seed)
    truth = random_house(rng, is_like_the_model=True)
    return truth, measured(truth, rng, Week(**week))


@cache
def learned_from(seed, control="switched, setback"):
    truth, week = lived_in(seed, control=control)
    return learn_building(week, truth.preset())


# -- The measured house


@pytest.fixture(scope="module", name="learned_flexhouse")
def _learned_flexhouse():
    measurements = flexhouse()
    preset = building_of(House(insulation=Insulation.LOW, floor_area_m2=120.0, volume_m3=300.0))
    options = LearnOptions(check_from=measurements.grid.start + FOUR_DAYS, refits=False)
    return learn_building(measurements, preset, options=options)


def test_four_days_of_the_flexhouse_foretell_the_rest(learned_flexhouse):
    assert isinstance(learned_flexhouse, Accepted)
    learned = learned_flexhouse.learned
    assert learned.window.end <= flexhouse().grid.start + FOUR_DAYS
    assert learned.errors.hours > 44.0
    assert learned.errors.free_run_rmse_k <= 0.7
    assert learned.errors.one_step_rmse_k < 0.1


def test_the_building_alone_simulates_the_flexhouse_as_well(learned_flexhouse):
    """Replayed at five minutes by the simulator of the plans, which knows no lag, from the first reading on."""
    building, rest = learned_flexhouse.learned.building, flexhouse()
    rest = rest.part(FOUR_DAYS // rest.grid.step, rest.grid.n_steps - FOUR_DAYS // rest.grid.step)
    weather = Weather(outdoor_c=rest.column("t_out_c"), irradiance_w_m2=rest.column("irradiance_w_m2"))
    room = building.rooms[0]
    first_c = rest.column("t_in_c")[0]
    shares = np.array([room.mass_coupling_kw_per_k, room.mass_loss_kw_per_k])
    mass_c = np.average([first_c, weather.outdoor_c[:288].mean()], weights=shares)
    temps = simulate_building(building, np.array([first_c, mass_c]), weather, rest.column("heat_kw")[:, None], 1 / 12)
    later = slice(72, None)
    errors = (rest.column("t_in_c") - temps[:-1, 0])[later]
    assert np.sqrt(np.mean(errors**2)) <= 0.7


def test_the_flexhouse_is_known_with_its_doubt(learned_flexhouse):
    loss = learned_flexhouse.learned.estimate("total_loss_kw_per_k")
    assert loss.low < 0.2 < loss.high
    assert loss.relative_sd < 0.15
    assert learned_flexhouse.learned.not_learned == ()
    assert learned_flexhouse.learned.correlation.between("loss_kw_per_k", "mass_loss_kw_per_k") < 0.0


# -- Simulated houses


@pytest.mark.pitfall("A28")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("control", ["switched, setback", "modulating, setback"])
def test_a_week_with_cooler_nights_shows_loss_and_capacity(seed, control):
    truth, _ = lived_in(seed, control=control)
    learned = learned_from(seed, control).learned
    assert learned.estimate("total_loss_kw_per_k").value == pytest.approx(truth.total_loss_kw_per_k, rel=0.15)
    assert learned.estimate("total_capacity_kwh_per_k").value == pytest.approx(truth.total_capacity_kwh_per_k, rel=0.25)
    room = learned.building.rooms[0]
    assert learned.building.loss_kw_per_k == pytest.approx(learned.estimate("total_loss_kw_per_k").value)
    assert room.capacitance_kwh_per_k + room.mass_capacitance_kwh_per_k == pytest.approx(
        learned.estimate("total_capacity_kwh_per_k").value
    )


@pytest.mark.pitfall("A28")
@pytest.mark.parametrize("seed", [1, 6])
def test_a_house_that_is_not_the_models_is_learned_too(seed):
    rng = np.random.default_rng(seed)
    truth = random_house(rng, is_like_the_model=False)
    outcome = learn_building(measured(truth, rng, Week()), truth.preset())
    assert isinstance(outcome, Accepted)
    loss, capacity = (outcome.learned.estimate(f"total_{name}") for name in ("loss_kw_per_k", "capacity_kwh_per_k"))
    assert loss.value == pytest.approx(truth.total_loss_kw_per_k, rel=0.15)
    assert capacity.value == pytest.approx(truth.total_capacity_kwh_per_k, rel=0.25)
    assert loss.low < truth.total_loss_kw_per_k < loss.high


def test_a_room_that_never_moves_shows_its_loss_and_keeps_the_presets_capacity():
    truth, week = lived_in(2, control=CONTROLS[2])
    preset = truth.preset()
    learned = learn_building(week, preset).learned
    assert learned.estimate("total_loss_kw_per_k").value == pytest.approx(truth.total_loss_kw_per_k, rel=0.15)
    assert not learned.estimate("total_capacity_kwh_per_k").is_learned
    assert "mass_capacitance_kwh_per_k" in learned.not_learned
    room = learned.building.rooms[0]
    assert room.mass_capacitance_kwh_per_k == pytest.approx(preset.rooms[0].mass_capacitance_kwh_per_k)
    assert room.capacitance_kwh_per_k + room.mass_capacitance_kwh_per_k == pytest.approx(
        learned.estimate("total_capacity_kwh_per_k").value
    )
    assert any("cool by 1.5 K" in note for note in learned.notes)


def test_gaps_cost_little():
    truth, week = lived_in(3)
    rng = np.random.default_rng(0)
    room, heat = week.column("t_in_c").copy(), week.column("heat_kw").copy()
    room[rng.random(len(room)) < 0.1] = np.nan
    room[300:380] = np.nan
    heat[900:960] = np.nan
    learned = learn_building(with_columns(week, t_in_c=room, heat_kw=heat), truth.preset()).learned
    assert learned.estimate("total_loss_kw_per_k").value == pytest.approx(truth.total_loss_kw_per_k, rel=0.15)
    assert learned.estimate("total_capacity_kwh_per_k").value == pytest.approx(truth.total_capacity_kwh_per_k, rel=0.25)
    assert learned.days < 6.8


def test_instants_every_quarter_of_an_hour_are_told_from_means():
    truth, week = lived_in(5, step=timedelta(minutes=15))
    learned = learn_building(week, truth.preset()).learned
    assert learned.reading is Reading.START
    assert learned.estimate("total_capacity_kwh_per_k").value == pytest.approx(truth.total_capacity_kwh_per_k, rel=0.25)


def test_without_a_sun_sensor_the_sun_is_a_gain_and_this_is_said():
    truth, week = lived_in(1)
    learned = learn_building(with_columns(week, irradiance_w_m2=None), truth.preset()).learned
    assert learned.building.rooms[0].solar_aperture_m2 == 0.0
    assert "solar_aperture_m2" in learned.not_learned
    assert any("internal gains" in note for note in learned.notes)


def test_a_preset_without_mass_is_learned_without():
    truth, week = lived_in(4)
    room = truth.preset().rooms[0]
    light = replace(
        room,
        mass_capacitance_kwh_per_k=0.0,
        mass_coupling_kw_per_k=0.0,
        mass_loss_kw_per_k=0.0,
        solar_to_mass=0.0,
        heat_to_mass=0.0,
        capacitance_kwh_per_k=5.0,
        loss_kw_per_k=0.2,
    )
    learned = learn_building(week, replace(truth.preset(), rooms=(light,))).learned
    assert not learned.building.rooms[0].has_mass
    assert learned.estimate("total_loss_kw_per_k").value == pytest.approx(truth.total_loss_kw_per_k, rel=0.25)


# -- Electric power


def heat_pump(building) -> HeatPump:
    rated = RatingPoint(source_c=7.0, supply_c=35.0, heat_kw=30.0, cop=4.5)
    return HeatPump(id="hp", building=building, source=HeatSource.AIR, rating_points=(rated,))


def powered(week, factor):
    """The week's heat as electric power of a unit that is ``factor`` times as good as its data sheet."""
    preset = building_of(House(insulation=Insulation.MEDIUM, floor_area_m2=100.0, volume_m3=260.0))
    unit = heat_pump(preset)
    points = operating_points(unit, week.column("t_out_c"), week.grid.epoch_seconds)
    return unit, week.column("heat_kw") / (factor * points.cop)


def test_heat_and_power_together_show_the_cop():
    truth, week = lived_in(0)
    unit, power_kw = powered(week, 0.8)
    learned = learn_building(with_columns(week, power_kw=power_kw), truth.preset(), pump=unit).learned
    assert learned.cop_factor.is_learned
    assert learned.cop_factor.value == pytest.approx(0.8, rel=0.02)
    assert learned.cop_factor.low < 0.8 < learned.cop_factor.high


def test_power_alone_shows_the_house_in_proportion_to_the_cop():
    truth, week = lived_in(0)
    unit, power_kw = powered(week, 1.0)
    with_heat = learned_from(0).learned
    learned = learn_building(with_columns(week, heat_kw=None, power_kw=power_kw), truth.preset(), pump=unit).learned
    loss = learned.estimate("total_loss_kw_per_k")
    assert loss.value / learned.heat_factor == pytest.approx(truth.total_loss_kw_per_k, rel=0.15)
    assert loss.low < truth.total_loss_kw_per_k < loss.high
    assert loss.relative_sd > 1.5 * with_heat.estimate("total_loss_kw_per_k").relative_sd
    assert not learned.cop_factor.is_learned
    assert "heat_factor" in learned.not_learned
    assert learned.correlation.between("loss_kw_per_k", "heat_factor") > 0.3


# -- The better model stays


def test_a_better_model_is_not_replaced():
    """A heat meter that showed a fifth too much for the first days, and is right now."""
    truth, week = lived_in(0)
    known = learned_from(0)
    assert isinstance(known, Accepted)
    was_wrong = np.arange(week.grid.n_steps) < 0.8 * week.grid.n_steps
    heat = np.where(was_wrong, 1.2, 1.0) * week.column("heat_kw")
    kept = learn_building(
        with_columns(week, heat_kw=heat),
        truth.preset(),
        present=known.learned,
        options=LearnOptions(refits=False),
    )
    assert isinstance(kept, Refused)
    assert f"the model of {known.learned.window.end:%Y-%m-%d} stays" in kept.why[0]
    assert kept.learned is not None


def test_a_house_that_changes_within_the_measurements_is_refused():
    truth, week = lived_in(0)
    heat = np.where(np.arange(week.grid.n_steps) < 0.8 * week.grid.n_steps, 2.5, 1.0) * week.column("heat_kw")
    outcome = learn_building(with_columns(week, heat_kw=heat), truth.preset())
    assert isinstance(outcome, Refused)
    assert any("the house changed" in why or "strays" in why for why in outcome.why)


def test_a_worse_model_is_replaced():
    truth, week = lived_in(0)
    leaky = replace(truth.preset().rooms[0], loss_kw_per_k=3.0 * truth.loss_kw_per_k)
    worse = replace(learned_from(0).learned, building=replace(truth.preset(), rooms=(leaky,)))
    outcome = learn_building(week, truth.preset(), present=worse)
    assert isinstance(outcome, Accepted)
    assert f"model of {worse.window.end:%Y-%m-%d}" in outcome.why


def test_what_is_missing_is_named():
    truth, week = lived_in(0, days=4.0)
    with pytest.raises(InvalidInputError, match="no column 'heat_kw'"):
        learn_building(with_columns(week, heat_kw=None), truth.preset())
    with pytest.raises(InvalidInputError, match="no column 't_in_c'"):
        learn_building(with_columns(week, t_in_c=None), truth.preset())
    with pytest.raises(InvalidInputError, match="to check"):
        learn_building(week, truth.preset(), options=LearnOptions(check_from=week.grid.end - timedelta(hours=3)))


def test_a_thermometer_that_falls_silent_leaves_enough_to_check_on():
    truth, week = lived_in(0)
    room = np.where(np.arange(week.grid.n_steps) > 6 * 288, np.nan, week.column("t_in_c"))
    outcome = learn_building(with_columns(week, t_in_c=room), truth.preset())
    assert outcome.learned.errors.hours >= 12.0
