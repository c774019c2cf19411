"""What every source of prices keeps to, wherever it has them from."""

import os
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.unit.adapters.transports.http_stub import answer, serving
from voltherm.adapters.demo_year import recorded_finland
from voltherm.adapters.prices import DemoPrices, PriceFile
from voltherm.adapters.prices._blueprint import BlueprintPrices
from voltherm.adapters.transports.http import JsonHttp
from voltherm.adapters.transports.watched_csv import WatchedCsv
from voltherm.application.published_prices import known_until
from voltherm.domain.series import Quality
from voltherm.domain.time import Interval
from voltherm.ports.errors import Malformed, OutsideError

NOW = datetime(2026, 3, 10, 9, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
FIRST = datetime(2026, 3, 10, tzinfo=UTC)
PER_MWH = [40.0 + hour for hour in range(23)]
"""Known up to 23:00 UTC, the end of the market's day: it is before 14:00 in Central Europe."""


class StoppedClock:
    """A clock that stands at ``NOW``."""

    def now(self):
        return NOW


def table(per_mwh, name="price_eur_per_mwh"):
    cells = ("" if price is None else price for price in per_mwh)
    rows = [f"{(FIRST + at * HOUR).isoformat()},{price}" for at, price in enumerate(cells)]
    return "\n".join([f"time_utc,{name}", *rows])


@asynccontextmanager
async def demo(_tmp_path):
    yield DemoPrices(recorded_finland(), StoppedClock(), known_until), None


@asynccontextmanager
async def file(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text(table(PER_MWH))
    yield PriceFile(WatchedCsv(path, ZoneInfo("Europe/Helsinki")), "FI"), PER_MWH


@asynccontextmanager
async def blueprint(_tmp_path):
    body = {"start": FIRST.isoformat(), "eur_per_mwh": PER_MWH}
    async with serving(answer(body)) as stub:
        http = JsonHttp(stub.url, attempts=1)
        yield BlueprintPrices(http), PER_MWH
        await http.aclose()


@pytest.fixture(params=[demo, file, blueprint], ids=["demo", "file", "blueprint"])
async def source(request, tmp_path):
    async with request.param(tmp_path) as made:
        yield made


@pytest.mark.pitfall("A10")
async def test_the_price_of_now_is_that_of_the_step_that_contains_now(source):
    prices, _ = source

    told = await prices.prices("FI", Interval(NOW, NOW + timedelta(minutes=1)))

    assert (told.grid.start, told.grid.end) == (NOW.replace(minute=0), NOW.replace(hour=10, minute=0))


async def test_nothing_is_told_beyond_what_is_published(source):
    prices, per_mwh = source

    told = await prices.prices("FI", Interval(NOW, NOW + timedelta(days=3)))

    assert told.grid.end == FIRST + 23 * HOUR
    assert await prices.prices("FI", Interval(FIRST + 24 * HOUR, FIRST + 48 * HOUR)) is None
    if per_mwh is not None:
        assert told.values.tolist() == pytest.approx([price / 1000 for price in per_mwh[9:]])


async def test_prices_say_where_they_come_from(source):
    prices, per_mwh = source

    provenance = (await prices.prices("FI", Interval(NOW, NOW + HOUR))).provenance

    assert provenance.source
    assert (provenance.quality is Quality.DEMO) == (per_mwh is None) == ("demo" in provenance.source)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "eur_per_mwh"),
        ({"start": "2026-03-10T00:00:00", "eur_per_mwh": [1.0]}, "zone"),
        ({"eur_per_mwh": ["a"]}, "FI"),
    ],
)
async def test_an_answer_that_is_no_prices_is_malformed(body, words):
    async with serving(answer(body)) as stub:
        http = JsonHttp(stub.url, attempts=1)
        with pytest.raises(Malformed, match=words):
            await BlueprintPrices(http).prices("FI", Interval(NOW, NOW + HOUR))
        await http.aclose()


# -- The file


def price_file(path, area="FI"):
    return PriceFile(WatchedCsv(path, ZoneInfo("Europe/Helsinki")), area)


async def test_a_gap_ends_what_is_known_and_is_not_filled_in(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text(table([None, 10.0, 20.0, None, 40.0]))

    told = await price_file(path).prices("FI", Interval(FIRST, FIRST + 9 * HOUR))

    assert (told.grid.start, told.values.tolist()) == (FIRST + HOUR, [0.01, 0.02])
    assert await price_file(path).prices("FI", Interval(FIRST + 3 * HOUR, FIRST + 4 * HOUR)) is None


async def test_a_negative_price_and_one_per_kwh_are_read_as_they_are(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text(table([-0.5, 0.1], "spot_price_per_kwh"))

    told = await price_file(path).prices("FI", Interval(FIRST, FIRST + 9 * HOUR))

    assert told.values.tolist() == [-0.5, 0.1]


async def test_the_prices_of_another_area_are_not_known(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text(table(PER_MWH))

    assert await price_file(path).prices("SE3", Interval(FIRST, FIRST + HOUR)) is None


async def test_quarter_hours_stay_quarter_hours(tmp_path):
    path = tmp_path / "prices.csv"
    quarters = [f"{(FIRST + at * HOUR / 4).isoformat()},{at}" for at in range(8)]
    path.write_text("\n".join(["time_utc,price_eur_per_mwh", *quarters]))

    told = await price_file(path).prices("FI", Interval(FIRST + HOUR / 2, FIRST + HOUR))

    assert told.grid.step == HOUR / 4
    assert np.allclose(told.values, [0.002, 0.003])


async def test_a_file_that_is_changed_is_read_again(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text(table([10.0, 20.0]))
    source = price_file(path)
    before = await source.prices("FI", Interval(FIRST, FIRST + 9 * HOUR))

    path.write_text(table([10.0, 20.0, 30.0]))
    after = await source.prices("FI", Interval(FIRST, FIRST + 9 * HOUR))

    assert [len(before.values), len(after.values)] == [2, 3]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "no such file"),
        ("", "is empty"),
        ("time_utc,load_kw\n2026-03-10T00Z,1\n2026-03-10T01Z,2\n", "has none"),
        (
            "time_utc,a_price_per_kwh,b_price_per_kwh\n2026-03-10T00Z,1,2\n2026-03-10T01Z,2,2\n",
            "a_price_per_kwh, b_price",
        ),
    ],
)
async def test_a_file_that_holds_no_prices_is_told_with_its_name(tmp_path, text, words):
    path = tmp_path / "prices.csv"
    if text is not None:
        path.write_text(text)

    with pytest.raises(OutsideError, match=rf"prices\.csv.*{words}"):
        await price_file(path).prices("FI", Interval(FIRST, FIRST + HOUR))


async def test_a_file_that_spoils_while_it_is_used_is_told_and_what_it_said_is_not_used_on(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text(table(PER_MWH))
    source = price_file(path)
    assert await source.prices("FI", Interval(FIRST, FIRST + HOUR)) is not None

    path.write_text("half a")
    os.utime(path, (1, 1))

    with pytest.raises(Malformed):
        await source.prices("FI", Interval(FIRST, FIRST + HOUR))


async def test_a_file_that_changes_its_currency_while_it_is_used_is_told(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text(table(PER_MWH))
    source = PriceFile(WatchedCsv(path, ZoneInfo("Europe/Helsinki")), "FI", "EUR")
    assert await source.prices("FI", Interval(FIRST, FIRST + HOUR)) is not None

    path.write_text("time_utc,price_sek_per_mwh\n2026-03-10T00Z,500\n2026-03-10T01Z,510\n")

    with pytest.raises(Malformed, match="its prices are in SEK; give prices in EUR, the tariff's currency"):
        await source.prices("FI", Interval(FIRST, FIRST + HOUR))
