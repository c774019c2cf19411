"""Measurements: energy is kept, missing is missing, and nobody looks ahead."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import LookaheadError, Measurements, MeasurementView, MissingDataError
from voltherm.domain.series import Quality
from voltherm.domain.time import Interval, TimeGrid
from voltherm.domain.units import unit_of

START = datetime(2025, 3, 29, 22, tzinfo=UTC)
GAP = float("nan")


def minutes(count):
    return timedelta(minutes=count)


def measured(values, step=15, start=START, name="load_kw"):
    array = np.array(values, dtype=float)
    return Measurements(TimeGrid(start, minutes(step), array.size), {name: array})


def same(left, right):
    return np.testing.assert_allclose(left, right, rtol=0, atol=1e-12)


powers = st.lists(st.floats(-500, 500, allow_subnormal=False), min_size=1, max_size=60)
possible_steps = st.sampled_from([5, 10, 15, 20, 30, 60, 120])
offsets = st.integers(0, 23).map(lambda n: START + minutes(5 * n))


@pytest.mark.pitfall("M9")
def test_hourly_means_keep_their_energy_and_their_hour_at_quarter_hours():
    quarters = measured([4.0, 8.0, 0.0], step=60).resample(minutes(15)).column("load_kw")
    assert quarters.tolist() == [4.0] * 4 + [8.0] * 4 + [0.0] * 4


@pytest.mark.pitfall("M9")
@given(powers, possible_steps, possible_steps, offsets)
def test_resampling_keeps_the_energy(values, step, new_step, start):
    before = measured(values, step, start)
    after = before.resample(minutes(new_step), min_share=0.0)
    covered = (
        measured(np.ones(len(values)), step, start).resample(minutes(5)).resample(minutes(new_step), min_share=1.0)
    )
    whole = ~np.isnan(covered.column("load_kw"))
    edges = np.flatnonzero(~whole)
    fine = before.resample(minutes(5)).on(TimeGrid(after.grid.start, minutes(5), after.grid.n_steps * new_step // 5))
    parts = fine.column("load_kw").reshape(after.grid.n_steps, -1)
    same(after.column("load_kw")[whole] * after.grid.step_h, np.nansum(parts, axis=1)[whole] * 5 / 60)
    assert edges.size <= 2


@given(powers, st.sampled_from([(60, 15), (30, 5), (60, 5), (15, 5)]))
def test_finer_and_back_is_the_same(values, steps):
    coarse, fine = steps
    before = measured(values, coarse)
    after = before.resample(minutes(fine)).resample(minutes(coarse))
    assert after.grid == before.grid
    same(after.column("load_kw"), values)


def test_whole_hours_of_a_half_hour_zone_come_back_when_anchored():
    before = measured([1.0, 2.0], step=60, start=START + minutes(30))
    after = before.resample(minutes(15)).resample(minutes(60), anchor=before.grid.start)
    assert after.grid == before.grid


def test_a_coarse_mean_needs_a_share_of_its_parts():
    quarters = measured([1.0, GAP, 3.0, 5.0, 1.0, GAP, GAP, 5.0])
    hours = quarters.resample(minutes(60)).column("load_kw")
    assert hours[0] == 3.0
    assert np.isnan(hours[1])
    assert np.isnan(quarters.resample(minutes(60), min_share=1.0).column("load_kw")).all()


@pytest.mark.pitfall("M12")
def test_one_missing_point_of_192_is_bridged_and_the_rest_stays():
    values = np.arange(192.0)
    values[100] = GAP
    series = measured(values).series("load_kw", TimeGrid(START, minutes(15), 192), source="meter")
    assert series.values.tolist() == np.arange(192.0).tolist()
    assert series.provenance.quality is Quality.REPAIRED
    assert series.provenance.note == "1 of 192 steps bridged"


@pytest.mark.pitfall("M9")
def test_a_gap_longer_than_the_maximum_stays_missing():
    values = [1.0, GAP, GAP, GAP, GAP, 3.0, GAP, GAP, GAP, GAP, GAP, 9.0]
    bridged = measured(values).bridged().column("load_kw")
    assert bridged[:6].tolist() == [1.0, 2.0, 2.0, 2.0, 2.0, 3.0]
    assert np.isnan(bridged[6:11]).all()


@given(st.lists(st.one_of(st.floats(0, 9), st.just(GAP)), min_size=1, max_size=50))
def test_bridging_changes_nothing_that_was_measured(values):
    before = np.array(values)
    after = measured(values).bridged().column("load_kw")
    known = ~np.isnan(before)
    assert after[known].tolist() == before[known].tolist()


def test_gaps_at_the_ends_are_not_bridged():
    assert np.isnan(measured([GAP, 1.0, GAP]).bridged().column("load_kw")).tolist() == [True, False, True]


def test_a_series_over_a_long_gap_is_refused_with_its_first_instant():
    with pytest.raises(MissingDataError, match=r"2025-03-29T22:15:00\+00:00 and 4 further"):
        measured([1.0] + [GAP] * 5 + [1.0]).series("load_kw", TimeGrid(START, minutes(15), 7), source="meter")


def test_a_whole_series_is_called_measured():
    series = measured([1.0, 2.0]).series("load_kw", TimeGrid(START, minutes(15), 2), source="meter")
    assert series.provenance.quality is Quality.MEASURED


@pytest.mark.pitfall("M29")
@pytest.mark.parametrize("name", ["load", "pv", "power", "temperature"])
def test_a_column_without_unit_is_refused(name):
    with pytest.raises(InvalidInputError, match="carries no unit"):
        measured([1.0], name=name)


@pytest.mark.parametrize(
    ("name", "unit"),
    [("load_kw", "kW"), ("price_per_kwh", "currency/kWh"), ("t_out_c", "°C"), ("soc", "1"), ("reactive_kvar", "kvar")],
)
def test_a_columns_name_says_its_unit(name, unit):
    assert unit_of(name) == unit


def test_an_infinite_value_is_refused():
    with pytest.raises(InvalidInputError, match="step 1 is infinite"):
        measured([1.0, np.inf])


def test_a_column_of_another_length_is_refused():
    with pytest.raises(InvalidInputError, match=r"needs \(3,\)"):
        Measurements(TimeGrid(START, minutes(15), 3), {"load_kw": np.ones(2)})


def test_an_unknown_column_is_refused_with_those_there_are():
    with pytest.raises(InvalidInputError, match="there are load_kw"):
        measured([1.0]).column("pv_kw")


def test_values_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        measured([1.0]).column("load_kw")[0] = 2.0


def test_appending_leaves_missing_what_lies_between():
    later = measured([5.0], start=START + minutes(45))
    both = measured([1.0, 2.0]).append(later)
    same(both.column("load_kw"), [1.0, 2.0, GAP, 5.0])


def test_a_later_value_counts_where_both_have_one_and_a_missing_one_does_not():
    later = measured([9.0, GAP, 3.0], start=START)
    same(measured([1.0, 2.0]).append(later).column("load_kw"), [9.0, 2.0, 3.0])


def test_appending_a_new_column_leaves_it_missing_before():
    both = measured([1.0]).append(measured([0.5], start=START + minutes(15), name="soc"))
    same(both.column("soc"), [GAP, 0.5])
    same(both.column("load_kw"), [1.0, GAP])


@pytest.mark.parametrize(("step", "start"), [(60, START + minutes(15)), (15, START + minutes(20))])
def test_appending_what_is_not_on_the_same_steps_is_refused(step, start):
    with pytest.raises(InvalidInputError, match="do not continue"):
        measured([1.0]).append(measured([1.0], step=step, start=start))


@given(st.integers(-20, 20), st.integers(1, 30))
def test_joining_is_by_time_and_never_by_index(shift, n_steps):
    values = np.arange(12.0)
    grid = TimeGrid(START + shift * minutes(15), minutes(15), n_steps)
    joined = measured(values).on(grid).column("load_kw")
    expected = [values[i + shift] if 0 <= i + shift < 12 else GAP for i in range(n_steps)]
    same(joined, expected)


def test_a_part_beyond_the_data_is_none():
    assert measured([1.0]).within(Interval(START + minutes(60), START + minutes(90))) is None


@pytest.mark.pitfall("M7")
def test_a_view_at_a_naive_instant_is_refused():
    with pytest.raises(InvalidInputError, match="has no zone"):
        MeasurementView(measured([1.0]), datetime(2025, 6, 1))  # noqa: DTZ001


@given(st.integers(-100, 300))
def test_a_view_knows_the_steps_that_are_complete_and_no_more(minute):
    now = START + minutes(minute)
    view = MeasurementView(measured(np.arange(12.0)), now)
    complete = [i for i in range(12) if START + minutes(15) * (i + 1) <= now]
    assert view.column("load_kw").tolist() == [float(i) for i in complete]
    assert view.n_steps == len(complete)
    assert view.known() is None or view.known().grid.end == view.end <= now


@given(st.integers(0, 12 * 15 - 1), st.integers(0, 12 * 15))
def test_a_value_that_is_not_complete_is_refused(minute, now_minute):
    view = MeasurementView(measured(np.arange(12.0)), START + minutes(now_minute))
    index = minute // 15
    if 15 * (index + 1) <= now_minute:
        assert view.value("load_kw", START + minutes(minute)) == index
    else:
        with pytest.raises(LookaheadError, match="is not complete"):
            view.value("load_kw", START + minutes(minute))


def test_an_interval_beyond_now_is_refused():
    view = MeasurementView(measured(np.arange(12.0)), START + minutes(60))
    assert view.within(Interval(START, START + minutes(60))).grid.n_steps == 4
    with pytest.raises(LookaheadError, match="ask for an interval that ends by then"):
        view.within(Interval(START, START + minutes(61)))


def test_since_reaches_to_now_only():
    view = MeasurementView(measured(np.arange(12.0)), START + minutes(70))
    assert view.since(START + minutes(20)).column("load_kw").tolist() == [2.0, 3.0]
    assert view.since(START + minutes(60)) is None


def test_a_view_before_the_data_knows_nothing():
    view = MeasurementView(measured([1.0]), START)
    assert view.known() is None
    assert view.names == ("load_kw",)
    assert view.step == minutes(15)
    assert view.end == view.start == START
