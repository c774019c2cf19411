"""Times of forecasts: zones, both clock changes, order, doubles, steps."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.unit.adapters.forecasts.reporters import HELSINKI, NOW, ours, plain, read
from voltherm.adapters.forecasts.times import instants_of
from voltherm.ports.errors import Malformed

SPRING = datetime(2026, 3, 28, 12, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 24, 12, tzinfo=UTC)


@pytest.mark.pitfall("M7")
@pytest.mark.parametrize(
    ("zone", "first"), [("Europe/Helsinki", "2026-03-09T22:00:00"), ("America/Costa_Rica", "2026-03-10T06:00:00")]
)
def test_times_without_a_zone_are_local_times_of_the_site(zone, first):
    forecast = read(plain([1.0, 2.0]), zone=ZoneInfo(zone))
    assert forecast.power_kw.grid.start.isoformat() == first + "+00:00"


@pytest.mark.pitfall("M8")
@pytest.mark.parametrize("text", ["2026-03-10T06:00:00Z", "2026-03-10T08:00:00+02:00", "2026-03-10 00:00:00-06:00"])
def test_times_with_a_zone_are_taken_at_their_word(text):
    assert instants_of([text], HELSINKI, NOW) == (NOW,)


@pytest.mark.pitfall("M8")
def test_different_offsets_in_one_forecast_are_one_line_of_time():
    texts = ["2026-10-25T02:00:00+03:00", "2026-10-25T03:00:00+03:00", "2026-10-25T03:00:00+02:00"]
    instants = instants_of(texts, HELSINKI, AUTUMN)
    assert [later - earlier for earlier, later in pairwise(instants)] == [timedelta(hours=1)] * 2


@pytest.mark.pitfall("M8")
def test_times_with_and_without_a_zone_together_are_malformed():
    rows = plain([1.0, 2.0])
    rows[1]["ds"] += "Z"
    with pytest.raises(Malformed, match="1 of 2 times have no zone"):
        read(rows)


def test_local_times_without_a_known_zone_are_malformed():
    with pytest.raises(Malformed, match="no zone"):
        read(plain([1.0, 2.0]), zone=None)


@pytest.mark.fault(17)
def test_the_hour_that_spring_skips_is_left_out():
    forecast = read(plain([float(hour) for hour in range(168)], start="2026-03-28T00:00:00"), now=SPRING)
    grid, values = forecast.power_kw.grid, forecast.power_kw.values
    assert grid.n_steps == 167
    assert values[:29].tolist() == [*range(27), 28, 29]
    assert "1 local times do not exist" in forecast.power_kw.provenance.note


@pytest.mark.fault(17)
def test_the_hour_that_autumn_doubles_is_told_apart_by_order():
    rows = plain([0.0, 1.0, 2.0, 3.0], start="2026-10-25T00:00:00") + plain([3.5, 4.0], start="2026-10-25T03:00:00")
    forecast = read(rows, now=AUTUMN)
    assert forecast.power_kw.values.tolist() == [0.0, 1.0, 2.0, 3.0, 3.5, 4.0]
    assert forecast.power_kw.grid.start == datetime(2026, 10, 24, 21, tzinfo=UTC)


@pytest.mark.fault(17)
def test_doubled_quarters_are_told_apart_whichever_way_the_rows_run():
    quarters = {"minutes": 15, "start": "2026-10-25T03:00:00"}
    rows = plain([1.0, 2.0, 3.0, 4.0], **quarters) + plain([5.0, 6.0, 7.0, 8.0, 9.0], **quarters)
    assert read(rows, now=AUTUMN).power_kw.values.tolist() == list(range(1, 10))
    assert read(rows[::-1], now=AUTUMN).power_kw.values.tolist() == list(range(1, 10))


@pytest.mark.fault(17)
def test_a_program_that_knows_no_clock_change_leaves_the_second_hour_open():
    forecast = read(plain([float(hour) for hour in range(30)], start="2026-10-25T00:00:00"), now=AUTUMN)
    assert np.flatnonzero(np.isnan(forecast.power_kw.values)).tolist() == [4]
    assert "1 of 31 steps are missing" in forecast.power_kw.provenance.note


@pytest.mark.parametrize(
    "text", ["1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "2024-03-10T00:00:00Z", "0001-01-01T00:00:00+14:00"]
)
def test_times_far_from_now_are_malformed(text):
    rows = [{"time": text, "power": 1.0}, {"time": "2026-03-10T06:00:00Z", "power": 1.0}]
    with pytest.raises(Malformed, match="more than a year"):
        read(rows)


@pytest.mark.parametrize("text", ["tomorrow", "", "10.3.2026 06:00", "2026-02-30T00:00:00Z", "2026-03-10T25:00:00Z"])
def test_what_is_no_time_is_malformed_and_quoted(text):
    with pytest.raises(Malformed, match="is no time"):
        read([{"time": text, "power": 1.0}])


@pytest.mark.fault(15)
def test_yesterdays_file_is_read_and_left_to_the_chain():
    old = read(ours([1.0] * 24, start=NOW - timedelta(hours=30)))
    assert old.power_kw.grid.end < NOW


def test_rows_out_of_order_are_sorted():
    rows = ours([1.0, 2.0, 3.0, 4.0])
    rows["points"] = [rows["points"][at] for at in (2, 0, 3, 1)]
    assert read(rows).power_kw.values.tolist() == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.fault(15)
def test_an_interval_told_twice_alike_counts_once_and_told_differently_is_malformed():
    rows = ours([1.0, 2.0, 3.0])
    rows["points"].append(dict(rows["points"][1]))
    forecast = read(rows)
    assert forecast.power_kw.values.tolist() == [1.0, 2.0, 3.0]
    assert "1 rows came twice" in forecast.power_kw.provenance.note
    rows["points"].append(rows["points"][1] | {"power": None})
    assert read(rows).power_kw.values.tolist() == [1.0, 2.0, 3.0]
    rows["points"].append(rows["points"][1] | {"power": 9.0})
    with pytest.raises(Malformed, match="both 2 and 9 kW"):
        read(rows)


@pytest.mark.parametrize("minutes", [5, 10, 15, 30, 60])
def test_the_resolution_is_found_from_the_times(minutes):
    rows = ours([1.0, 2.0, 3.0, 4.0], minutes=minutes)
    del rows["resolution_minutes"], rows["points"][1]
    forecast = read(rows)
    assert forecast.power_kw.grid.step == timedelta(minutes=minutes)
    assert forecast.power_kw.grid.n_steps == 4


@pytest.mark.fault(15)
def test_hours_where_quarters_were_declared_are_malformed_rather_than_bridged():
    with pytest.raises(Malformed, match="declares steps of 0:15:00, but its times are mostly 1:00:00 apart"):
        read(ours([1.0] * 24, resolution_minutes=15))


@pytest.mark.fault(15)
def test_hours_where_nothing_was_declared_are_hours():
    forecast = read(plain([1.0] * 24))
    assert forecast.power_kw.grid.step == timedelta(hours=1)


@pytest.mark.parametrize(
    ("starts", "words"),
    [
        (["06:00", "06:15", "06:40"], "do not lie on steps"),
        (["06:00", "07:00", "08:00", "08:15"], "do not lie on steps"),
        (["06:00", "06:07", "06:14"], "no usual step"),
        (["06:00"], "one row"),
        (["06:00:05", "07:00:05"], "no whole minute"),
    ],
)
def test_times_on_no_common_step_are_malformed(starts, words):
    with pytest.raises(Malformed, match=words):
        read(
            [
                {"time": f"2026-03-10T{start}Z" if len(start) > 5 else f"2026-03-10T{start}:00Z", "power": 1.0}
                for start in starts
            ]
        )


def test_an_hour_that_begins_at_half_past_in_utc_is_an_hour():
    forecast = read(plain([1.0, 2.0]), zone=ZoneInfo("Asia/Kolkata"))
    assert forecast.power_kw.grid.start == datetime(2026, 3, 9, 18, 30, tzinfo=UTC)
