"""Readings of the demo's recording and of a file."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.interfaces.reporter.bench import NOW, HandClock, site_in
from voltherm.adapters.documents.site import load_site
from voltherm.application.serve_forecasts import HISTORY
from voltherm.domain.errors import InvalidInputError
from voltherm.interfaces.reporter.recorded_readings import DEMO_SITE, demo_meter, read_history, young

CSV = """time_local,load_kw,t_out_c
2026-03-09 00:00,100,3
2026-03-09 00:15,,4
2026-03-09 00:30,120,
2026-03-09 00:45,,
2026-03-09 01:00,130,5
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text(CSV)
    return path


def test_a_file_is_read_in_the_zone_of_the_site_and_what_is_missing_is_left_out(file):
    told = read_history(file, site_in("America/Costa_Rica"))

    assert told[0].interval.start == datetime(2026, 3, 9, 6, tzinfo=UTC)
    assert [(dict(each.power_kw), each.t_out_c) for each in told] == [
        ({"load": 100.0}, 3.0),
        ({}, 4.0),
        ({"load": 120.0}, None),
        ({"load": 130.0}, 5.0),
    ]


def test_a_file_without_a_column_of_the_site_is_refused_with_what_it_has(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("time_utc,grid_kw\n2026-03-09 00:00,1\n2026-03-09 00:15,1\n")

    with pytest.raises(InvalidInputError, match=r"has columns grid_kw; give at least one of load_kw, pv_kw"):
        read_history(path, site_in())


def test_only_what_a_forecast_may_look_at_is_taken_of_a_file(file):
    told = read_history(file, site_in())

    assert len(young(told, datetime(2026, 3, 9, 0, 30, tzinfo=UTC))) == 2
    assert young(told, NOW + timedelta(days=100)) == ()


async def test_the_demos_meter_tells_whole_weeks_up_to_now_and_no_further():
    clock = HandClock(NOW)
    meter = demo_meter(load_site(DEMO_SITE), clock)

    told = await meter.read_intervals(NOW - timedelta(days=365))

    assert told[-1].interval.end == datetime(2026, 3, 10, 6, tzinfo=UTC)
    assert told[0].interval.start == told[-1].interval.end - HISTORY
    assert set(told[0].power_kw) == {"building", "roof"}
    assert await meter.read_intervals(told[-1].interval.end) == ()
