"""The recorded year: every instant shows the recorded hour of the same week, weekday and wall clock."""

import csv
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherm.adapters.demo_year import RecordedYear, recorded_finland
from voltherm.adapters.demo_year.recorded_year import hours_over
from voltherm.adapters.prices.demo import DemoPrices
from voltherm.adapters.weather.demo import DemoWeather
from voltherm.application.published_prices import known_until
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements
from voltherm.domain.place import Place
from voltherm.domain.series import Quality
from voltherm.domain.time import Interval, TimeGrid

HOUR = timedelta(hours=1)
HELSINKI = ZoneInfo("Europe/Helsinki")


@pytest.fixture(scope="module")
def recorded():
    """The file by its own hours, read with nothing but the standard library."""
    text = files("voltherm.adapters.demo_year").joinpath("fi_hourly_2023.csv").read_text()
    rows = csv.DictReader(text.splitlines())
    return {datetime.fromisoformat(row["time_utc"]).replace(tzinfo=UTC): row for row in rows}


EARLIEST, LATEST = datetime(1990, 1, 1), datetime(2090, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone
instants = st.datetimes(EARLIEST, LATEST, timezones=st.just(UTC))


@given(moment=instants)
def test_an_hour_shows_the_recorded_one_of_the_same_iso_week_weekday_and_wall_clock(recorded, moment):
    moment = moment.replace(minute=0, second=0, microsecond=0)

    (shown,) = recorded_finland().values("price_per_kwh", TimeGrid(moment, HOUR, 1))

    local = moment.astimezone(HELSINKI)
    _, week, weekday = local.date().isocalendar()
    day = date.fromisocalendar(2023, min(week, 52), weekday)
    wall = datetime(day.year, day.month, day.day, local.hour, tzinfo=HELSINKI, fold=1)
    told = recorded[wall.astimezone(UTC)]  # fold=1: the second pass in autumn; in spring the hour before the skipped
    assert 1000 * shown == pytest.approx(float(told["price_eur_per_mwh"]))


def test_the_hour_that_spring_skipped_shows_the_one_before_and_the_doubled_one_its_second_pass(recorded):
    skipped = recorded_finland().values("t_oulu_c", TimeGrid(datetime(2026, 3, 22, 0, tzinfo=UTC), HOUR, 2))
    doubled = recorded_finland().values("t_oulu_c", TimeGrid(datetime(2023, 10, 29, 0, tzinfo=UTC), HOUR, 2))

    assert skipped.tolist() == 2 * [float(recorded[datetime(2023, 3, 26, 0, tzinfo=UTC)]["t_oulu_c"])]
    assert doubled.tolist() == 2 * [float(recorded[datetime(2023, 10, 29, 1, tzinfo=UTC)]["t_oulu_c"])]


def test_every_hour_of_a_century_is_finite():
    grid = TimeGrid(datetime(2000, 1, 1, tzinfo=UTC), HOUR, 100 * 366 * 24)
    for name in ("price_per_kwh", "t_helsinki_c", "t_oulu_c"):
        assert np.isfinite(recorded_finland().values(name, grid)).all()


@pytest.mark.parametrize(
    ("day", "n_hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 11, 21), 24)]
)
def test_days_of_change_have_as_many_hours_as_they_have(day, n_hours):
    start = datetime(day.year, day.month, day.day, tzinfo=HELSINKI).astimezone(UTC)
    tomorrow = day + timedelta(days=1)
    end = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=HELSINKI).astimezone(UTC)

    grid = TimeGrid.over(Interval(start, end), HOUR)

    assert len(recorded_finland().values("t_oulu_c", grid)) == n_hours


def test_the_day_of_the_lowest_price_is_in_it():
    friday = TimeGrid(datetime(2023, 11, 24, tzinfo=UTC), HOUR, 24)

    assert recorded_finland().values("price_per_kwh", friday).min() == -0.5


def test_hours_cover_what_they_are_asked_to_cover():
    start = datetime(2026, 1, 1, 10, 59, 59, tzinfo=UTC)

    assert hours_over(Interval(start, start + timedelta(seconds=2))) == Interval(
        start.replace(minute=0, second=0), start.replace(hour=12, minute=0, second=0)
    )


def test_a_recording_with_a_missing_hour_is_refused():
    grid = TimeGrid(datetime(2023, 1, 1, tzinfo=UTC), HOUR, 8760)
    values = np.ones(8760)
    values[4000] = np.nan

    with pytest.raises(InvalidInputError, match="lacks 2 hours"):
        RecordedYear(Measurements(grid, {"price_per_kwh": values}), 2023, HELSINKI)


class Clock:
    """A clock that stands."""

    def __init__(self, now):
        self._now = now

    def now(self):
        return self._now


@pytest.mark.parametrize(
    ("now", "end"),
    [
        (datetime(2026, 1, 15, 12, 59, tzinfo=UTC), datetime(2026, 1, 15, 23, tzinfo=UTC)),
        (datetime(2026, 1, 15, 13, 0, tzinfo=UTC), datetime(2026, 1, 16, 23, tzinfo=UTC)),
    ],
    ids=["before two o'clock in Brussels", "from two o'clock on"],
)
async def test_the_demo_knows_tomorrow_when_the_market_would(now, end):
    told = await DemoPrices(recorded_finland(), Clock(now), known_until).prices("FI", Interval(now, now + 90 * HOUR))

    assert told.grid.end == end


async def test_prices_shown_for_another_area_say_so():
    now = datetime(2026, 1, 15, 9, tzinfo=UTC)

    told = await DemoPrices(recorded_finland(), Clock(now), known_until).prices("SE3", Interval(now, now + HOUR))

    assert told.provenance.note == "prices of FI, not of SE3"
    assert told.provenance.quality is Quality.DEMO


@pytest.mark.parametrize(
    ("latitude", "station"), [(60.2, "Helsinki"), (65.0, "Oulu"), (-90.0, "Helsinki"), (90.0, "Oulu")]
)
async def test_the_weather_is_that_of_the_nearest_station_by_latitude(recorded, latitude, station):
    now = datetime(2023, 2, 1, 9, 30, tzinfo=UTC)

    told = await DemoWeather(recorded_finland(), Clock(now)).weather(
        Place(latitude=latitude, longitude=25.0), Interval(now, now + HOUR)
    )

    assert station in told.outdoor_c.provenance.source
    assert told.outdoor_c.values[0] == float(recorded[datetime(2023, 2, 1, 9, tzinfo=UTC)][f"t_{station.lower()}_c"])
    assert told.outdoor_c.provenance.issued_at == datetime(2023, 2, 1, 9, tzinfo=UTC)
