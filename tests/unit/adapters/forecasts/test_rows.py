"""Powers of forecasts: units, gaps, and values that are none."""

import math
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.adapters.forecasts.reporters import LOAD, NOW, SOLAR, ours, plain, read
from voltherm.domain.measurements import Measurements
from voltherm.domain.series import Quality
from voltherm.domain.time import TimeGrid
from voltherm.ports.errors import Malformed

NAN = math.nan


def values_of(answer, kind=LOAD, **reading):
    return read(answer, kind, **reading).power_kw.values.tolist()


def note_of(answer, kind=LOAD):
    return read(answer, kind).power_kw.provenance.note


@pytest.mark.parametrize(("unit", "power"), [("W", 182_400), ("kW", 182.4), ("MW", 0.1824), ("kw ", 182.4)])
def test_every_unit_of_power_becomes_kw(unit, power):
    assert values_of(ours([power, power], unit=unit)) == pytest.approx([182.4, 182.4])


def test_a_unit_that_is_not_declared_is_told():
    assert "unit not declared" in note_of(plain([1.0, 2.0]))
    assert "unit" not in note_of(ours([1.0, 2.0]))


@pytest.mark.pitfall("M12")
@pytest.mark.fault(16)
@pytest.mark.parametrize("nothing", [None, NAN, "NaN", "12,5", True, [], {}])
def test_one_power_that_is_none_stays_open_and_the_rest_is_kept(nothing):
    forecast = read(ours([1.0, nothing, 3.0]))
    assert forecast.power_kw.values == pytest.approx([1.0, NAN, 3.0], nan_ok=True)
    assert "1 of 3 steps are missing, the longest gap is 1 h" in forecast.power_kw.provenance.note


@pytest.mark.fault(15)
@pytest.mark.fault(16)
def test_twenty_three_values_of_a_day_leave_one_gap():
    answer = ours([float(hour) for hour in range(24)])
    del answer["points"][5]
    assert np.flatnonzero(np.isnan(values_of(answer))).tolist() == [5]


@pytest.mark.pitfall("M9")
def test_nothing_is_interpolated_between_hours():
    assert values_of(ours([0.0, None, None, 8.0])) == pytest.approx([0.0, NAN, NAN, 8.0], nan_ok=True)


@pytest.mark.fault(15)
def test_negative_load_is_missing_unless_the_site_may_have_it():
    answer = ours([5.0, -3.0, 5.0])
    assert values_of(answer) == pytest.approx([5.0, NAN, 5.0], nan_ok=True)
    assert "1 powers are negative" in note_of(answer)
    assert values_of(answer, allows_negative_load=True) == [5.0, -3.0, 5.0]


@pytest.mark.fault(15)
def test_sun_a_little_below_zero_is_none_and_far_below_is_missing():
    forecast = read(ours([-0.5, 100.0, -50.0]), SOLAR)
    assert forecast.power_kw.values == pytest.approx([0.0, 100.0, NAN], nan_ok=True)
    assert forecast.power_kw.provenance.quality is Quality.REPAIRED
    assert values_of(ours([-0.05, -0.01]), SOLAR) == [0.0, 0.0]


@pytest.mark.fault(15)
@pytest.mark.parametrize("power", [1e12, -1e12, 1e6, 10**400])
def test_a_power_that_no_site_has_refuses_the_forecast(power):
    with pytest.raises(Malformed, match="row 1"):
        read(ours([1.0, power]))


@pytest.mark.parametrize("powers", [[None, None], [NAN], ["a", "b"], [-1.0, -2.0]])
def test_a_forecast_that_knows_nothing_is_malformed(powers):
    with pytest.raises(Malformed, match="not one"):
        read(ours(powers))


@pytest.mark.parametrize(
    ("issued_at", "words"),
    [
        ("2026-03-10T06:06:00Z", "6 min ahead of our clock"),
        ("2026-03-10T05:00:00", "no zone"),
        ("yesterday", "no time"),
    ],
)
def test_an_issue_that_cannot_be_is_ignored_and_told(issued_at, words):
    forecast = read(ours([1.0, 2.0], issued_at=issued_at))
    assert forecast.power_kw.provenance.issued_at is None
    assert words in forecast.power_kw.provenance.note
    assert forecast.known_since == NOW


def test_a_clock_that_is_a_little_ahead_is_believed_and_counts_from_the_arrival():
    forecast = read(ours([1.0, 2.0], issued_at="2026-03-10T06:04:00Z"))
    assert forecast.power_kw.provenance.issued_at == NOW + timedelta(minutes=4)
    assert forecast.known_since == NOW


@pytest.mark.parametrize("issued_at", ["0001-01-01T00:00:00+14:00", "2020-01-01T00:00:00Z"])
def test_an_issue_of_long_ago_does_not_pass_for_fresh(issued_at):
    with pytest.raises(Malformed, match="more than a year"):
        read(ours([1.0, 2.0], issued_at=issued_at))


def hours_of(minutes):
    """Return powers that fill two to twelve whole hours, and the length of their steps."""
    per_two_hours = 120 // minutes
    whole = st.integers(1, 6).flatmap(
        lambda n: st.lists(st.floats(0, 1e5), min_size=n * per_two_hours, max_size=n * per_two_hours)
    )
    return st.tuples(whole, st.just(minutes))


@pytest.mark.pitfall("M9")
@given(st.sampled_from([5, 10, 15, 30, 60]).flatmap(hours_of))
def test_energy_is_kept_on_quarter_hours(powers_and_minutes):
    powers, minutes = powers_and_minutes
    series = read(ours(powers, minutes=minutes)).power_kw
    grid = TimeGrid.over(series.grid.interval, timedelta(minutes=15))
    quarters = Measurements(series.grid, {"power_kw": series.values}).on(grid, min_share=1.0).column("power_kw")
    assert quarters.sum() * grid.step_h == pytest.approx(sum(powers) * minutes / 60, rel=1e-9, abs=1e-9)


@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "ds": st.one_of(st.text(max_size=20), st.datetimes().map(str), st.integers()),
                "hourly_power": st.one_of(st.none(), st.floats(), st.integers(), st.text(max_size=5)),
            }
        ),
        max_size=5,
    )
)
def test_whatever_comes_is_read_or_malformed(rows):
    try:
        forecast = read(rows)
    except Malformed:
        return
    assert not np.isinf(forecast.power_kw.values).any()
    assert np.nanmin(forecast.power_kw.values) >= 0


@pytest.mark.pitfall("A11")
@pytest.mark.parametrize("said", [{"quality": "demo"}, {"source": "demo: a recording"}])
def test_a_forecast_of_a_demo_says_so(said):
    assert read({**ours([1.0, 2.0]), **said}).power_kw.provenance.quality is Quality.DEMO
