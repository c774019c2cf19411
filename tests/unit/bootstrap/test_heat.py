"""Sources of registered heat pumps as the settings name them, and what is refused at the start."""

import pytest

from voltherm.adapters.documents.problem import DocumentError
from voltherm.adapters.prices import DemoPrices, PriceFile
from voltherm.adapters.weather import DemoWeather, WeatherFile
from voltherm.bootstrap import build_service
from voltherm.settings import load_settings

ROWS = "2026-03-10T00Z,1\n2026-03-10T01Z,2\n"


def heat_of(**variables: str):
    return build_service(load_settings({"DATABASE_URL": "sqlite://", **variables}, None), lambda _: None).heat


def test_without_settings_the_demo_is_shown_in_finland():
    heat = heat_of()

    assert isinstance(heat.prices, DemoPrices)
    assert isinstance(heat.weather, DemoWeather)
    assert (heat.area, heat.zone.key, heat.tariff.id, heat.spot_series) == (
        "FI",
        "Europe/Helsinki",
        "finland-spot",
        "fi_spot",
    )
    assert (heat.comfort.low_c, heat.comfort.high_c) == (18.0, 24.0)


def test_files_take_the_place_of_the_demo(tmp_path):
    prices, weather = tmp_path / "p.csv", tmp_path / "w.csv"
    prices.write_text(f"time_utc,price_eur_per_mwh\n{ROWS}")
    weather.write_text(f"time_utc,t_out_c\n{ROWS}")

    heat = heat_of(PRICES_FILE=str(prices), WEATHER_FILE=str(weather), GRID_AREA="se3", TIMEZONE="Europe/Stockholm")

    assert isinstance(heat.prices, PriceFile)
    assert isinstance(heat.weather, WeatherFile)
    assert (heat.area, heat.zone.key) == ("SE3", "Europe/Stockholm")


def test_a_tariff_without_a_price_series_needs_no_prices():
    assert heat_of(HEAT_TARIFF="norway-elvia").spot_series is None


@pytest.mark.parametrize(
    ("variables", "field", "words"),
    [
        ({"HEAT_TARIFF": "no-such"}, "HEAT_TARIFF", "neither a file nor in the library"),
        ({"HEAT_TARIFF": "uk-octopus-agile"}, "PRICES_FILE", "demo's prices are in EUR.*in GBP"),
        ({"PRICES_FILE": "missing.csv"}, "PRICES_FILE", "no such file"),
        ({"WEATHER_FILE": "missing.csv"}, "WEATHER_FILE", "no such file"),
    ],
)
def test_what_cannot_be_is_told_at_the_start_with_its_variable(variables, field, words):
    with pytest.raises(DocumentError, match=words) as error:
        heat_of(**variables)

    assert [problem.field for problem in error.value.problems] == [field]


def test_prices_in_another_currency_than_the_tariff_are_refused(tmp_path):
    prices = tmp_path / "p.csv"
    prices.write_text(f"time_utc,price_sek_per_mwh\n{ROWS}")

    with pytest.raises(DocumentError, match=r"its prices are in SEK.*finland-spot is in EUR"):
        heat_of(PRICES_FILE=str(prices))
