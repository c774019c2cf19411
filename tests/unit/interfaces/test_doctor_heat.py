"""What the doctor says of the prices and the weather of registered heat pumps."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.heat_service import StoppedClock
from voltherm.interfaces.doctor.finding import Verdict
from voltherm.interfaces.doctor.heat import check_heat
from voltherm.settings import load_settings

NOW = datetime(2026, 1, 8, 10, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def found(**variables):
    return await check_heat(load_settings(variables, None), StoppedClock(NOW))


def file_of(tmp_path, header, start, n):
    path = tmp_path / f"{header}.csv"
    rows = [f"{(start + at * HOUR).isoformat()},1" for at in range(n)]
    path.write_text("\n".join([f"time_utc,{header}", *rows]))
    return str(path)


async def test_without_files_the_demo_is_named_and_nothing_is_wrong():
    findings = await found()

    assert {finding.verdict for finding in findings} == {Verdict.OK}
    assert ["demo" in finding.finding for finding in findings] == [False, True, True]


@pytest.mark.parametrize(
    ("start", "n", "verdict", "words"),
    [
        (NOW - HOUR, 24, Verdict.OK, "known until 2026-01-09T09:30"),
        (NOW - HOUR, 3, Verdict.WARN, "known until 2026-01-08T12:30"),
        (NOW + HOUR, 24, Verdict.WARN, "nothing before 2026-01-08T11:30"),
        (NOW - 9 * HOUR, 3, Verdict.WARN, "nothing is known from now on"),
    ],
)
async def test_a_file_says_how_far_it_reaches(tmp_path, start, n, verdict, words):
    prices = file_of(tmp_path, "price_eur_per_mwh", start, n)
    weather = file_of(tmp_path, "t_out_c", start, n)

    _, of_prices, of_weather = await found(PRICES_FILE=prices, WEATHER_FILE=weather)

    assert [of_prices.verdict, of_weather.verdict] == [verdict, verdict]
    assert words in of_prices.finding
    assert words in of_weather.finding


async def test_a_tariff_without_prices_from_outside_needs_none():
    findings = await found(HEAT_TARIFF="norway-elvia")

    assert [finding.what for finding in findings] == ["heat pumps", "heat weather"]


@pytest.mark.parametrize("variable", ["HEAT_TARIFF", "PRICES_FILE", "WEATHER_FILE"])
async def test_what_is_not_there_is_wrong_and_named(variable):
    (finding,) = await found(**{variable: "missing.csv"})

    assert finding.verdict is Verdict.FAIL
    assert variable in finding.finding
