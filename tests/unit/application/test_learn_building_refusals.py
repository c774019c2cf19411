"""What nothing is learned from, and what is said about it."""

import re
from functools import cache

import numpy as np
import pytest

from tests.simulated_houses import Week, measured, random_house
from voltherm.application.learn_building import learn_building
from voltherm.application.learn_checks import excitation_of, refusals
from voltherm.application.learn_evidence import gather_evidence
from voltherm.domain.assets import Building
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements
from voltherm.physics.identify_result import Refused

TRUTH = random_house(np.random.default_rng(0), is_like_the_model=True)
PRESET = TRUTH.preset()


@cache
def week(control="switched, setback", days=4.0):
    return measured(TRUTH, np.random.default_rng(0), Week(days=days, control=control))


def altered(**columns):
    known = dict(week().columns)
    for name, change in columns.items():
        known[name] = change(known[name].copy())
    return Measurements(week().grid, known)


def said(measurements, preset=PRESET):
    return " | ".join(refusals(gather_evidence(measurements, preset, None), preset))


def stuck_at(value):
    return lambda values: np.full_like(values, value)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"t_in_c": lambda c: 1.8 * c + 32.0}, "t_in_c has a median of 6[89]|7[01]: degrees Fahrenheit"),
        ({"t_in_c": lambda c: c + 273.15}, "heated rooms have 5 to 35"),
        ({"t_out_c": lambda c: c + 273.15}, "t_out_c has a median of .* kelvin"),
        ({"t_out_c": lambda c: 1.8 * c + 32.0}, "K warmer than outdoors .* another unit"),
        ({"heat_kw": lambda kw: 1000.0 * kw}, "is the heat in W"),
        ({"heat_kw": lambda kw: kw / 1000.0}, "check floor area and insulation, units"),
        ({"heat_kw": lambda kw: -kw}, "never above 0"),
        ({"heat_kw": lambda kw: kw - 1.0}, "goes down to -1.00 kW"),
        ({"irradiance_w_m2": lambda sun: sun / 1000.0}, "is it in kW/m2"),
        ({"irradiance_w_m2": lambda sun: 100.0 * sun}, "more than the sun gives"),
        ({"t_in_c": stuck_at(21.0)}, "t_in_c shows one value for 100 % of the time"),
        ({"t_out_c": stuck_at(3.0)}, "t_out_c shows one value"),
        ({"heat_kw": stuck_at(3.0)}, "nothing can be learned from a house at rest"),
        ({"t_in_c": stuck_at(np.nan)}, "0.0 usable days, at least 3"),
        ({"t_out_c": lambda c: c - c.mean() + 18.0}, "learn in the heating season"),
    ],
)
def test_a_wrong_column_is_named_with_its_remedy(columns, reason):
    assert re.search(reason, said(altered(**columns)))


def test_good_measurements_have_nothing_against_them():
    assert said(week()) == ""


def test_two_days_are_too_short():
    assert "usable days, at least 3 are needed" in said(week().part(0, 2 * 288))


def test_the_use_case_refuses_before_it_searches():
    outcome = learn_building(altered(heat_kw=lambda kw: 1000.0 * kw), PRESET)
    assert isinstance(outcome, Refused)
    assert outcome.learned is None
    assert "kW" in outcome.why[0]


def test_heat_of_another_house_is_refused_with_what_was_found():
    rng = np.random.default_rng(1)
    shuffled = altered(heat_kw=lambda kw: rng.permutation(kw.reshape(-1, 24)).ravel())
    outcome = learn_building(shuffled, PRESET)
    assert isinstance(outcome, Refused)
    assert outcome.learned is not None


def test_several_rooms_are_refused():
    room = PRESET.rooms[0]
    two = Building(rooms=(room, type(room)(id="attic", capacitance_kwh_per_k=1.0, loss_kw_per_k=0.1)))
    with pytest.raises(InvalidInputError, match="has 2 rooms"):
        learn_building(week(), two)


def test_power_without_a_heat_pump_is_refused():
    columns = dict(week().columns)
    columns["power_kw"] = columns.pop("heat_kw") / 3.0
    with pytest.raises(InvalidInputError, match="together with the heat pump"):
        learn_building(Measurements(week().grid, columns), PRESET)


@pytest.mark.parametrize(
    ("control", "moves", "shows"),
    [("switched, setback", True, True), ("modulating, setback", True, True), ("modulating", False, False)],
)
def test_how_much_the_house_was_moved_is_seen(control, moves, shows):
    seen = excitation_of(gather_evidence(week(control), PRESET, None))
    assert (seen.is_moved, seen.shows_capacity) == (moves, shows)


def test_data_finer_than_a_quarter_of_an_hour_are_averaged_and_long_gaps_split_the_record():
    heat = week().column("heat_kw").copy()
    heat[400:430] = np.nan
    heat[600:606] = np.nan
    evidence = gather_evidence(altered(heat_kw=lambda _: heat), PRESET, None)
    assert evidence.is_averaged
    assert evidence.record.step_h == 0.25
    assert evidence.record.begins.sum() == 2
    assert np.isfinite(evidence.record.inputs).all()
    assert evidence.days() == pytest.approx(4.0 - 30 / 288, abs=0.03)
