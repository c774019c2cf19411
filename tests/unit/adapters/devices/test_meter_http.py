"""The meter over HTTP: power of now, and intervals of which only the sound ones are believed."""

import logging
import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sites import QUARTER, START
from tests.unit.adapters.devices.bench import HandClock, SaidHttp
from tests.unit.adapters.devices.test_bms_http import JSON
from tests.unit.adapters.transports.http_stub import answer, serving
from voltherm.adapters.devices.meter_http import MOST_INTERVALS, HttpMeter
from voltherm.adapters.transports.http import JsonHttp
from voltherm.ports.errors import Malformed, OutsideError, Refused

NOW = {
    "grid_kw": 171.2,
    "timestamp": "2026-03-10T06:07:12Z",
    "interval_start": "2026-03-10T06:00:00Z",
    "interval_mean_kw": 168.9,
    "power_kw": {"load": 212.7, "bess": -41.5},
}


def row(index, **changes):
    values = {"grid_kw": 170.0 + index, "power_kw": {"load": 210.0, "bess": -40.0}, "soc": {"bess": 0.6}}
    return {"start": (START + index * QUARTER).isoformat()} | values | changes


def page(*rows, **changes):
    return {"interval_minutes": 15, "intervals": list(rows)} | changes


def meter(*answers, hours=24, **options):
    clock = HandClock()
    clock.pass_s(hours * 3600)
    http = SaidHttp(*answers)
    return HttpMeter(http, clock, **options), http


async def test_the_power_of_now_and_the_running_mean_are_read():
    state = await meter(NOW)[0].read_meter()
    assert (state.grid_kw, state.interval_mean_kw) == (171.2, 168.9)
    assert state.interval_start == START + timedelta(hours=6)
    assert state.measured_at == START + timedelta(hours=6, minutes=7, seconds=12)


@pytest.mark.parametrize("missing", ["interval_start", "interval_mean_kw"])
async def test_half_a_running_mean_is_none(missing):
    state = await meter(NOW | {missing: None})[0].read_meter()
    assert (state.interval_start, state.interval_mean_kw) == (None, None)


@pytest.mark.parametrize("told", [None, math.nan, "170", 65535, True])
async def test_a_meter_without_a_power_is_malformed(told):
    with pytest.raises(Malformed, match="grid_kw"):
        await meter(NOW | {"grid_kw": told})[0].read_meter()


async def test_a_meters_time_without_a_zone_is_left_out_and_said_once(caplog):
    asked, _ = meter(NOW | {"timestamp": "2026-03-10T06:07:12"})
    with caplog.at_level(logging.WARNING):
        await asked.read_meter()
        await asked.read_meter()
    assert "timestamp" in asked.problems[0]
    assert len(caplog.records) == 1


async def test_a_site_without_a_meter_is_refused_in_words():
    async with serving(answer({}, 404)) as stub:
        http = JsonHttp(stub.url, attempts=1)
        with pytest.raises(Refused, match=r"/api/meter: answers 404; check the address"):
            await HttpMeter(http, HandClock()).read_meter()
        await http.aclose()


async def test_intervals_are_read_from_the_instant_asked_for():
    asked, http = meter(page(row(1), row(2)))
    first, second = await asked.read_intervals(START + QUARTER)
    assert http.asked == [("/api/meter/intervals", {"since": "2026-03-10T00:15:00Z"})]
    assert (first.interval.start, second.interval.end) == (START + QUARTER, START + 3 * QUARTER)
    assert (first.grid_kw, first.power_kw, first.soc) == (171.0, {"load": 210.0, "bess": -40.0}, {"bess": 0.6})
    assert asked.problems == ()


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (row(1, start="2026-03-10T00:20:00Z"), "not aligned"),
        (row(0), "is before"),
        (row(1, start="2026-03-10T00:15:00"), "no time zone"),
        (row(1, start=None), "missing"),
        (row(200), "not over"),
        ("interval", "no object"),
    ],
)
async def test_an_interval_that_cannot_be_is_left_out_and_said(bad, said):
    asked, _ = meter(page(row(0), bad, row(2)))
    measured = await asked.read_intervals(START)
    assert [each.interval.start for each in measured] == [START, START + 2 * QUARTER]
    assert len(asked.problems) == 1
    assert said in asked.problems[0]


@pytest.mark.parametrize(
    "changes",
    [{"grid_kw": "many"}, {"grid_kw": math.nan}, {"power_kw": {"load": None, "bess": "x"}}, {"soc": {"bess": 62}}],
)
async def test_a_senseless_value_is_left_out_of_its_interval(changes):
    asked, _ = meter(page(row(0, **changes)))
    (measured,) = await asked.read_intervals(START)
    (name,) = changes
    assert not getattr(measured, name)
    assert len(asked.problems) == 1


async def test_assets_of_other_sites_are_left_out():
    asked, _ = meter(page(row(0, power_kw={"load": 1.0, "neighbour": 2.0})), asset_ids=["load", "bess"])
    (measured,) = await asked.read_intervals(START)
    assert measured.power_kw == {"load": 1.0}


async def test_after_a_full_page_the_next_is_asked_for_from_its_end():
    full = page(*(row(index) for index in range(MOST_INTERVALS)))
    asked, http = meter(full, page(row(MOST_INTERVALS)), hours=24 * 40)
    measured = await asked.read_intervals(START)
    assert len(measured) == MOST_INTERVALS + 1
    assert [params["since"] for _, params in http.asked] == ["2026-03-10T00:00:00Z", "2026-04-10T00:00:00Z"]


async def test_a_meter_that_repeats_a_full_page_is_not_asked_for_ever():
    asked, http = meter(page(*(row(index) for index in range(MOST_INTERVALS))), hours=24 * 40)
    assert len(await asked.read_intervals(START)) == MOST_INTERVALS
    assert len(http.asked) == 2


@pytest.mark.parametrize(
    "told", [None, [], page(interval_minutes=7), page(interval_minutes="15"), {"interval_minutes": 15, "intervals": {}}]
)
async def test_an_answer_without_intervals_is_malformed(told):
    with pytest.raises(Malformed, match="/api/meter/intervals"):
        await meter(told)[0].read_intervals(START)


ROWS = st.lists(
    JSON | st.fixed_dictionaries({"start": JSON | st.just(START.isoformat()), "grid_kw": JSON, "soc": JSON})
)


@pytest.mark.fault(3)
@given(told=JSON | st.builds(lambda rows: page(*rows), ROWS))
async def test_whatever_a_meter_answers_intervals_are_ordered_and_sound(told):
    try:
        measured = await meter(told)[0].read_intervals(START)
    except OutsideError:
        return
    ends = [each.interval.end for each in measured]
    assert ends == sorted(set(ends))
    assert all(each.grid_kw is None or math.isfinite(each.grid_kw) for each in measured)


@given(told=JSON | st.dictionaries(st.sampled_from(sorted(NOW)), JSON))
async def test_whatever_a_meter_answers_its_power_is_finite(told):
    try:
        state = await meter(told)[0].read_meter()
    except OutsideError:
        return
    assert math.isfinite(state.grid_kw)
