"""What a reporter forecasts, from what, and when it refuses."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tests.unit.interfaces.reporter.bench import DAY, NOW, Bench, load_kw, metered, sun_kw
from voltherm.adapters.compute.inline import InlineCompute
from voltherm.application.serve_forecasts import FRESH_S, HORIZON, NAIVE, OURS, Asked, Made, NotMade, ServedForecasts
from voltherm.domain.assets import Load, Pv
from voltherm.domain.control import Measured
from voltherm.domain.external_forecast import ForecastKind
from voltherm.ports.compute import NotComputed

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
LOAD = Asked(kind=ForecastKind.LOAD, asset_ids=("load",), step=HOUR)
SUN = Asked(kind=ForecastKind.SOLAR, asset_ids=("roof",), step=QUARTER)


@pytest.fixture
def bench():
    return Bench()


def values_at(made, moment, hours):
    first = made.forecast.grid.index_of(moment)
    return made.forecast.mean.values[first : first + hours * int(HOUR / made.forecast.grid.step)]


async def test_a_regular_load_is_forecast_as_it_always_was(bench):
    await bench.tell(metered(NOW))

    made = await bench.forecasts.forecast(LOAD)

    begin = datetime(2026, 3, 10, 7, tzinfo=UTC)
    expected = [load_kw(begin + n * HOUR) for n in range(48)]
    assert np.allclose(values_at(made, begin, 48), expected, atol=3.0)
    assert made.issued_at == NOW
    assert made.forecast.grid.start == datetime(2026, 3, 10, 6, tzinfo=UTC)
    assert made.forecast.grid.end >= NOW + HORIZON + QUARTER


async def test_sun_is_forecast_by_quarter_hours_and_not_at_night(bench):
    await bench.tell(metered(NOW))

    made = await bench.forecasts.forecast(SUN)

    noon, midnight = (datetime(2026, 3, 11, hour, tzinfo=UTC) for hour in (12, 0))
    assert made.forecast.grid.step == QUARTER
    assert np.allclose(values_at(made, noon, 1), [sun_kw(noon + n * QUARTER) for n in range(4)], atol=3.0)
    assert values_at(made, midnight, 4).tolist() == [0.0] * 16


@pytest.mark.pitfall("M8")
@pytest.mark.parametrize("asked", [LOAD, SUN], ids=["load", "sun"])
async def test_what_lies_after_now_changes_nothing(bench, asked):
    await bench.tell(metered(NOW))
    before = await bench.forecasts.forecast(asked)
    later = tuple(
        replace(each, power_kw={"load": 1e5, "roof": 1e5}) for each in metered(NOW + 2 * DAY) if each.interval.end > NOW
    )
    assert len(later) > 100

    await bench.tell(later)
    after = await bench.forecasts.forecast(asked)

    assert np.array_equal(after.forecast.mean.values, before.forecast.mean.values)
    assert after.measured.grid.end <= NOW


@pytest.mark.pitfall("M11")
@pytest.mark.parametrize(
    ("days", "ended", "why"),
    [
        (0, timedelta(), "there are no readings"),
        (0.5, timedelta(), "there are 12 h of readings, a forecast needs at least 24 h"),
        (30, timedelta(days=8), "more than 7 days ago"),
    ],
)
@pytest.mark.parametrize("asked", [LOAD, SUN], ids=["load", "sun"])
async def test_without_enough_history_there_is_no_number_but_a_reason_and_a_remedy(bench, asked, days, ended, why):
    await bench.tell(metered(NOW - ended, days))

    answer = await bench.forecasts.forecast(asked)

    assert isinstance(answer, NotMade)
    assert why in answer.why
    assert "POST /api/readings" in answer.why
    assert not answer.is_passing


async def test_sun_without_a_reading_of_it_is_not_forecast_though_the_load_is(bench):
    await bench.tell(tuple(replace(each, power_kw={"load": each.power_kw["load"]}) for each in metered(NOW)))

    assert isinstance(await bench.forecasts.forecast(LOAD), Made)
    assert isinstance(await bench.forecasts.forecast(SUN), NotMade)


async def test_a_site_without_a_plant_says_so(bench):
    answer = await bench.forecasts.forecast(replace(SUN, asset_ids=()))

    assert "has no PV plant" in answer.why


class CountingCompute(InlineCompute):
    def __init__(self):
        super().__init__()
        self.n_runs = 0

    async def run(self, work, job, deadline_s):
        self.n_runs += 1
        return await super().run(work, job, deadline_s)


async def test_a_forecast_is_kept_until_there_are_new_readings_or_a_quarter_hour_is_over(bench):
    await bench.tell(metered(NOW))
    compute = CountingCompute()
    forecasts = ServedForecasts(bench.site, bench.readings, bench.clock, compute)

    first = await forecasts.forecast(LOAD)
    bench.clock.moment += timedelta(seconds=FRESH_S - 1)
    assert await forecasts.forecast(LOAD) is first
    bench.clock.moment += timedelta(seconds=1)
    second = await forecasts.forecast(LOAD)
    assert second is not first
    forecasts.forget()
    assert await forecasts.forecast(LOAD) is not second
    assert compute.n_runs == 3


async def test_a_clock_that_is_set_back_makes_the_forecast_anew(bench):
    await bench.tell(metered(NOW))
    await bench.forecasts.forecast(LOAD)
    bench.clock.moment -= 2 * HOUR

    assert (await bench.forecasts.forecast(LOAD)).issued_at == NOW - 2 * HOUR


class BrokenCompute(InlineCompute):
    async def run(self, work, job, deadline_s):
        return NotComputed(why="the worker ended")


async def test_a_forecast_that_was_not_computed_may_be_asked_for_again(bench):
    await bench.tell(metered(NOW))

    answer = await ServedForecasts(bench.site, bench.readings, bench.clock, BrokenCompute()).forecast(LOAD)

    assert answer == NotMade(why="the forecast was not computed: the worker ended; ask again", is_passing=True)


async def test_several_loads_are_forecast_as_their_sum_and_each_alone(bench):
    site = replace(bench.site, assets=(Load(id="hall"), Load(id="lab"), Pv(id="roof")))
    told = tuple(
        Measured(interval=each.interval, power_kw={"hall": 10.0, "lab": 5.0, "roof": 0.0}) for each in metered(NOW)
    )
    await bench.readings.save_readings(site.id, told)
    forecasts = ServedForecasts(site, bench.readings, bench.clock, InlineCompute())

    both = await forecasts.forecast(replace(LOAD, asset_ids=("hall", "lab")))
    lab = await forecasts.forecast(replace(LOAD, asset_ids=("lab",)))

    assert np.allclose(both.forecast.mean.values, 15.0)
    assert np.allclose(lab.forecast.mean.values, 5.0)


async def test_the_outdoor_temperature_is_used_where_it_was_measured(bench):
    rng = np.random.default_rng(1)
    warm = [20.0 + 10.0 * value for value in np.repeat(rng.standard_normal(22), 96)]
    told = tuple(
        replace(each, power_kw={"load": 50.0 + 3.0 * warm[n]}, t_out_c=warm[n])
        for n, each in enumerate(metered(NOW, 21))
    )
    await bench.tell(told)

    made = await bench.forecasts.forecast(LOAD)

    assert "t_out_c" in made.measured.columns


async def test_scores_compare_each_days_forecast_with_what_happened_and_with_the_week_before(bench):
    await bench.tell(metered(NOW, 35))

    scores = await bench.forecasts.scores(LOAD)

    assert set(scores) == {OURS, NAIVE}
    assert scores[OURS].n_forecasts == 7
    assert scores[OURS].mae < 3.0
    assert scores[NAIVE].mae == pytest.approx(0.0, abs=1e-9)


async def test_scores_of_a_short_history_are_ours_alone_and_of_none_empty(bench):
    assert await bench.forecasts.scores(LOAD) == {}
    await bench.tell(metered(NOW, 5))
    bench.clock.moment += timedelta(seconds=FRESH_S)

    assert set(await bench.forecasts.scores(LOAD)) == {OURS}
