"""Following a meter."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from tests.unit.interfaces.reporter.bench import DAY, NOW, Bench, HandClock, metered
from voltherm.application.serve_forecasts import HISTORY
from voltherm.domain.assets import Pv
from voltherm.interfaces.reporter.meter_feed import of_site
from voltherm.ports.errors import Unavailable

QUARTER = timedelta(minutes=15)


class ScriptedMeter:
    """Tells quarter-hours up to a moment; fails on demand."""

    def __init__(self, until=NOW, days=3.0):
        self.until = until
        self.days = days
        self.asked = []
        self.error = None

    async def read_intervals(self, since):
        self.asked.append(since)
        if self.error is not None:
            raise self.error
        return tuple(each for each in metered(self.until, self.days) if each.interval.start >= since)


@pytest.fixture
def meter():
    return ScriptedMeter()


@pytest.fixture
def bench(meter):
    return Bench(meter=meter)


async def kept(bench):
    return await bench.readings.readings(bench.site.id, NOW - 60 * DAY, bench.clock.now())


async def test_the_first_question_reaches_as_far_back_as_forecasts_look(bench, meter):
    await bench.feed.catch_up()

    assert meter.asked[0] <= NOW - HISTORY
    assert len(await kept(bench)) == 3 * 96
    assert bench.feed.trouble is None


async def test_the_next_question_asks_for_the_rest_and_a_little_before_it(bench, meter):
    await bench.feed.catch_up()
    meter.until = bench.clock.moment = NOW + 2 * QUARTER
    await bench.feed.catch_up()

    assert meter.asked[1] == metered(NOW, 1)[-1].interval.end - 4 * QUARTER
    assert len(await kept(bench)) == 3 * 96 + 2


async def test_a_meter_that_is_not_behind_is_left_alone(bench, meter):
    await bench.feed.catch_up()
    bench.clock.moment += timedelta(minutes=5)
    await bench.feed.catch_up()

    assert len(meter.asked) == 1


async def test_a_meter_that_lags_is_not_asked_for_every_forecast(bench, meter):
    meter.until = NOW - 4 * QUARTER
    for _ in range(5):
        await bench.feed.catch_up()
    assert len(meter.asked) == 1

    bench.clock.moment += timedelta(seconds=11)
    await bench.feed.catch_up()
    assert len(meter.asked) == 2


@pytest.mark.pitfall("M25")
async def test_a_meter_that_fails_is_shown_and_found_again_without_a_gap(bench, meter):
    await bench.feed.catch_up()
    meter.error = Unavailable("http://meter: no answer within 5 s")
    bench.clock.moment += 4 * QUARTER
    await bench.feed.catch_up()
    assert bench.feed.trouble == "http://meter: no answer within 5 s"

    meter.error = None
    meter.until = bench.clock.moment = NOW + 8 * QUARTER
    await bench.feed.catch_up()
    assert bench.feed.trouble is None
    starts = [each.interval.start for each in await kept(bench)]
    assert {later - earlier for earlier, later in pairwise(starts)} == {QUARTER}
    assert len(starts) == 3 * 96 + 8


async def test_intervals_that_are_not_over_by_our_clock_are_not_kept(bench, meter):
    meter.until = NOW + 2 * QUARTER
    await bench.feed.catch_up()

    assert (await bench.readings.readings(bench.site.id, NOW - DAY, NOW + DAY))[-1].interval.end <= NOW


async def test_what_a_database_kept_over_a_restart_is_not_asked_for_again(bench, meter):
    await bench.tell(metered(NOW - QUARTER, 3))
    await bench.feed.catch_up()

    assert meter.asked == [metered(NOW - QUARTER, 1)[-1].interval.end - 4 * QUARTER]


async def test_new_readings_make_forecasts_anew(bench, meter):
    n_times = []
    bench.feed._on_new = lambda: n_times.append(1)
    await bench.feed.catch_up()
    bench.clock.moment += QUARTER
    await bench.feed.catch_up()

    assert n_times == [1]


def test_a_meter_that_names_no_assets_speaks_for_the_only_load_and_the_only_plant(bench):
    told = replace(metered(NOW, 1)[0], power_kw={"load": 5.0, "pv": 2.0, "bess": 1.0, "oven": 9.0})
    several = replace(bench.site, assets=(*bench.site.assets, Pv(id="wall")))

    assert of_site(told, bench.site).power_kw == {"load": 5.0, "roof": 2.0, "bess": 1.0}
    assert of_site(told, several).power_kw == {"load": 5.0, "bess": 1.0}


class EndingClock(HandClock):
    """Ends the task that waits for the third time."""

    def __init__(self):
        super().__init__()
        self.waited_for = []

    async def sleep_until(self, moment):
        self.waited_for.append(moment)
        self.moment = moment
        if len(self.waited_for) == 3:
            raise asyncio.CancelledError


@pytest.mark.pitfall("M24")
async def test_it_asks_a_moment_after_each_quarter_hour(bench, meter):
    bench.feed._clock = clock = EndingClock()
    with pytest.raises(asyncio.CancelledError):
        await bench.feed.run()

    assert [f"{moment:%H:%M:%S}" for moment in clock.waited_for] == ["06:15:05", "06:30:05", "06:45:05"]
    assert len(meter.asked) == 3
