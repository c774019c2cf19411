"""What every source of weather keeps to, wherever it has it from."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.unit.adapters.transports.http_stub import answer, serving
from voltherm.adapters.demo_year import recorded_finland
from voltherm.adapters.transports.http import JsonHttp
from voltherm.adapters.transports.watched_csv import WatchedCsv
from voltherm.adapters.weather import DemoWeather, WeatherFile
from voltherm.adapters.weather._blueprint import BlueprintWeather
from voltherm.domain.place import Place
from voltherm.domain.series import Quality
from voltherm.domain.time import Interval
from voltherm.ports.errors import Malformed, OutsideError

NOW = datetime(2026, 3, 10, 9, 20, tzinfo=UTC)
FIRST = NOW.replace(minute=0)
HOUR = timedelta(hours=1)
OULU = Place(latitude=65.0, longitude=25.5)
HOURS = 10 * 24
CELSIUS = [-3.0 + 0.01 * hour for hour in range(HOURS)]


class StoppedClock:
    """A clock that stands at ``NOW``."""

    def now(self):
        return NOW


@asynccontextmanager
async def demo(_tmp_path):
    yield DemoWeather(recorded_finland(), StoppedClock()), False


@asynccontextmanager
async def file(tmp_path):
    path = tmp_path / "weather.csv"
    rows = [f"{(FIRST + at * HOUR).isoformat()},{celsius},{at}" for at, celsius in enumerate(CELSIUS)]
    path.write_text("\n".join(["time_utc,t_out_c,ghi_w_m2", *rows]))
    yield WeatherFile(WatchedCsv(path, ZoneInfo("Europe/Helsinki"))), True


@asynccontextmanager
async def blueprint(_tmp_path):
    hours = {"celsius": CELSIUS, "ghi": [float(hour) for hour in range(HOURS)]}
    body = {"issued": NOW.isoformat(), "start": FIRST.isoformat(), **hours}
    async with serving(answer(body)) as stub:
        http = JsonHttp(stub.url, attempts=1)
        yield BlueprintWeather(http), True
        await http.aclose()


@pytest.fixture(params=[demo, file, blueprint], ids=["demo", "file", "blueprint"])
async def source(request, tmp_path):
    async with request.param(tmp_path) as made:
        yield made


@pytest.mark.pitfall("A9")
async def test_the_weather_of_now_is_that_of_the_step_that_contains_now(source):
    weather, has_sun = source

    told = await weather.weather(OULU, Interval(NOW, NOW + timedelta(minutes=1)))

    assert (told.outdoor_c.grid.start, told.outdoor_c.grid.n_steps) == (FIRST, 1)
    assert (told.irradiance_w_m2 is not None) == has_sun


async def test_nothing_is_told_beyond_the_horizon(source):
    weather, _ = source

    told = await weather.weather(OULU, Interval(NOW, NOW + timedelta(days=30)))

    assert told.outdoor_c.grid.end == FIRST + timedelta(days=10)
    assert await weather.weather(OULU, Interval(NOW + timedelta(days=11), NOW + timedelta(days=12))) is None


async def test_weather_says_where_it_comes_from(source):
    weather, has_sun = source

    provenance = (await weather.weather(OULU, Interval(NOW, NOW + HOUR))).outdoor_c.provenance

    assert provenance.source
    assert (provenance.quality is Quality.DEMO) == (not has_sun) == ("demo" in provenance.source)


@pytest.mark.parametrize(
    "body", [[], {"issued": "2026-03-10T00:00Z"}, {"issued": "now", "start": "now"}, {"celsius": [1.0]}]
)
async def test_an_answer_that_is_no_weather_is_malformed(body):
    async with serving(answer(body)) as stub:
        http = JsonHttp(stub.url, attempts=1)
        with pytest.raises(Malformed, match="weather"):
            await BlueprintWeather(http).weather(OULU, Interval(NOW, NOW + HOUR))
        await http.aclose()


# -- The file


def weather_file(tmp_path, text):
    path = tmp_path / "weather.csv"
    path.write_text(text)
    return WeatherFile(WatchedCsv(path, ZoneInfo("Europe/Helsinki")))


async def test_the_only_temperature_is_the_outdoor_one_whatever_it_is_called(tmp_path):
    source = weather_file(tmp_path, "time_utc,roof_c\n2026-03-10T09Z,-3.5\n2026-03-10T10Z,-4.5\n")

    told = await source.weather(OULU, Interval(FIRST, FIRST + 9 * HOUR))

    assert told.outdoor_c.values.tolist() == [-3.5, -4.5]
    assert told.irradiance_w_m2 is None


async def test_the_outdoor_temperature_is_taken_by_its_name_where_there_are_others(tmp_path):
    source = weather_file(tmp_path, "time_utc,indoor_c,outdoor_c\n2026-03-10T09Z,20,-3.5\n2026-03-10T10Z,20,-4.5\n")

    told = await source.weather(OULU, Interval(FIRST, FIRST + 9 * HOUR))

    assert told.outdoor_c.values.tolist() == [-3.5, -4.5]


async def test_a_wall_clock_is_that_of_the_zone_of_the_settings(tmp_path):
    source = weather_file(tmp_path, "time_local,t_out_c\n2026-03-10T11:00,-3.5\n2026-03-10T12:00,-4.5\n")

    told = await source.weather(OULU, Interval(FIRST, FIRST + 9 * HOUR))

    assert told.outdoor_c.grid.start == FIRST


@pytest.mark.parametrize(
    ("header", "words"), [("wind_m_s,load_kw", "t_out_c"), ("a_c,b_c", "a_c, b_c could all be"), ("t_out_c,x_kw", None)]
)
async def test_a_file_whose_temperature_cannot_be_told_is_refused(tmp_path, header, words):
    source = weather_file(tmp_path, f"time_utc,{header}\n2026-03-10T09Z,1,2\n2026-03-10T10Z,1,2\n")

    if words is None:
        assert await source.weather(OULU, Interval(FIRST, FIRST + HOUR)) is not None
    else:
        with pytest.raises(OutsideError, match=words):
            await source.weather(OULU, Interval(FIRST, FIRST + HOUR))
