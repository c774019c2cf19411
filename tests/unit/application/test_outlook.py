"""Given forecasts joined by time, and the rest from history."""

from datetime import timedelta

import numpy as np
import pytest

from tests.sites import QUARTER, ROOF, START, site_of
from tests.tariffs import energy, tariff_of
from voltherm.application.outlook import MissingOutlookError, column_of, covered_steps, look_out
from voltherm.application.own_forecasts import OwnForecasts
from voltherm.domain.assets import Load
from voltherm.domain.external_forecast import PartialSeries
from voltherm.domain.measurements import Measurements
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.time import TimeGrid

SITE = site_of(tariff_of(energy(series="spot")), ROOF)
AHEAD = TimeGrid(START, QUARTER, 8)
NAN = float("nan")


def given(name, values, start=START, step=QUARTER):
    return {name: Series(TimeGrid(start, step, len(values)), np.array(values, dtype=float))}


def history(days=3, **columns):
    grid = TimeGrid(START - timedelta(days=days), QUARTER, days * 96)
    return Measurements(grid, {name: np.full(grid.n_steps, value) for name, value in columns.items()})


def priced(*, wind_kw=False):
    """Return 28 days of prices around 24 ct that noise, and wind if asked for, moves."""
    grid = TimeGrid(START - timedelta(days=28), QUARTER, 28 * 96)
    random = np.random.default_rng(2)
    noise, wind = (np.repeat(random.standard_normal(28 * 4), 24) for _ in range(2))
    columns = {"price_per_kwh": 0.24 + 0.005 * noise}
    if wind_kw:
        columns = {"price_per_kwh": columns["price_per_kwh"] - 0.05 * wind, "wind_kw": 3e6 + 1e6 * wind}
    return Measurements(grid, columns)


WHOLE = given("load", [5.0] * 8) | given("roof", [1.0] * 8) | given("spot", [0.1] * 8)


def outlook_of(past, forecasts):
    return look_out(SITE, past, START, AHEAD, forecasts, OwnForecasts(SITE))


def test_what_is_given_is_taken_as_it_is():
    outlook = outlook_of(None, WHOLE)
    assert outlook.power_kw["load"].values.tolist() == [5.0] * 8
    assert outlook.prices["spot"].values.tolist() == [0.1] * 8


def test_a_given_series_is_joined_by_time_and_not_by_index():
    early = given("load", [9.0] * 4 + [5.0] * 8 + [9.0] * 4, start=START - 4 * QUARTER)
    outlook = outlook_of(None, WHOLE | early)
    assert outlook.power_kw["load"].values.tolist() == [5.0] * 8


def test_hours_are_given_to_their_quarters():
    hourly = given("load", [4.0, 8.0], step=timedelta(hours=1))
    outlook = outlook_of(None, WHOLE | hourly)
    assert outlook.power_kw["load"].values.tolist() == [4.0] * 4 + [8.0] * 4


def test_what_a_short_forecast_does_not_cover_comes_from_history():
    past = history(load_kw=7.0)
    outlook = outlook_of(past, WHOLE | given("load", [5.0] * 4))
    load = outlook.power_kw["load"]
    assert load.values[:4].tolist() == [5.0] * 4
    assert load.values[4:] == pytest.approx([7.0] * 4, rel=0.2)
    assert "4 steps" in load.provenance.note


def test_without_forecast_and_history_the_missing_series_is_named():
    with pytest.raises(MissingOutlookError, match="load"):
        outlook_of(None, {})


@pytest.mark.pitfall("A11")
def test_below_a_week_of_prices_the_last_known_day_is_repeated_and_called_assumed():
    past = history(price_per_kwh=0.3)
    outlook = outlook_of(past, WHOLE | given("spot", [0.1] * 4))
    spot = outlook.prices["spot"]
    assert spot.values == pytest.approx([0.1] * 4 + [0.3] * 4)
    assert spot.provenance.quality is Quality.ASSUMED
    assert "4 steps are not known; repeated from 2026-03-10T01:00:00+00:00 on" in spot.provenance.note


@pytest.mark.pitfall("A11")
def test_prices_beyond_the_known_ones_are_forecast_with_quantiles_and_say_so():
    known = given("spot", [0.1] * 4)
    outlook = outlook_of(priced(), WHOLE | known)
    spot, forecast = outlook.prices["spot"], outlook.price_quantiles["spot"]
    assert spot.values[:4].tolist() == [0.1] * 4
    assert spot.values[4:] == pytest.approx([0.24, 0.24, 0.24, 0.24], abs=0.03)
    assert spot.provenance.quality is Quality.FORECAST
    assert spot.provenance.source == "caller, then price forecast from history"
    assert spot.provenance.note == "4 steps are not known; forecast from 2026-03-10T01:00:00+00:00 on"
    assert forecast.mean is spot
    assert forecast.quantiles[0.05][:4].tolist() == forecast.quantiles[0.95][:4].tolist() == [0.1] * 4
    assert (forecast.quantiles[0.05][4:] < forecast.quantiles[0.95][4:]).all()


def test_prices_known_throughout_need_no_quantiles():
    assert outlook_of(priced(), WHOLE).price_quantiles == {}


def test_without_given_prices_all_are_forecast():
    spot = outlook_of(priced(), {"load": WHOLE["load"], "roof": WHOLE["roof"]}).prices["spot"]
    assert spot.values == pytest.approx([0.24] * 8, abs=0.05)
    assert spot.provenance.source == "price forecast from history"


@pytest.mark.pitfall("A11")
def test_a_forecast_that_goes_on_from_demo_prices_is_a_demo():
    demo = partial("spot", [0.1] * 4, quality=Quality.DEMO)
    assert outlook_of(priced(), WHOLE | demo).prices["spot"].provenance.quality is Quality.DEMO


def test_wind_ahead_serves_the_price_forecast():
    past = priced(wind_kw=True)
    calm, windy = (
        outlook_of(past, WHOLE | given("spot", [0.24] * 4) | given("wind_kw", [kw] * 8)).prices["spot"]
        for kw in (1e6, 5e6)
    )
    assert windy.values[4:].mean() < 0.8 * calm.values[4:].mean()
    assert "wind_kw" in windy.provenance.source


def test_weather_that_ends_early_shortens_no_horizon():
    assert covered_steps(WHOLE | given("wind_kw", [1e6] * 2), AHEAD) == 8


@pytest.mark.parametrize("origin", [{"issued_at": START + QUARTER}, {"quality": Quality.MEASURED}])
def test_weather_that_cannot_be_known_yet_is_left_out_of_the_prices_and_told(origin):
    past, known = priced(wind_kw=True), WHOLE | given("spot", [0.1] * 4)
    told = outlook_of(past, known | partial("wind_kw", [1e6] * 8, **origin)).prices["spot"]
    assert "wind_kw is left out: lookahead" in told.provenance.note
    assert told.values.tolist() == outlook_of(past, known).prices["spot"].values.tolist()


def test_the_outdoor_temperature_of_a_plan_serves_the_prices_too():
    past = priced(wind_kw=True)
    cold = {"price_per_kwh": past.column("price_per_kwh"), "t_out_c": (past.column("wind_kw") - 4e6) / 3e5}
    known = WHOLE | given("spot", [0.1] * 4) | given("irradiance_w_m2", [0.0] * 8) | given("outdoor_c", [-10.0] * 8)
    assert "t_out_c" in outlook_of(Measurements(past.grid, cold), known).prices["spot"].provenance.source


def test_a_model_of_prices_is_kept_for_the_day():
    own = OwnForecasts(SITE)
    known = WHOLE | given("spot", [0.1] * 4)
    look_out(SITE, priced(), START, AHEAD, known, own)
    first = own._prices["price_per_kwh"]
    look_out(SITE, priced(), START, AHEAD, known, own)
    assert own._prices["price_per_kwh"] is first


def test_prices_of_an_unknown_day_are_not_invented():
    with pytest.raises(MissingOutlookError, match="spot"):
        outlook_of(None, WHOLE | given("spot", [0.1] * 4))


def test_the_only_load_is_load_kw_and_several_carry_their_id():
    assert column_of(SITE, "load") == "load_kw"
    assert column_of(SITE, "roof") == "pv_kw"
    assert column_of(SITE, "spot") == "price_per_kwh"
    assert column_of(site_of(SITE.tariff, Load(id="oven")), "oven") == "oven_kw"


# -- Given series with gaps


def partial(name, values, start=START, step=QUARTER, **provenance):
    origin = Provenance(**({"source": "reporter", "quality": Quality.FORECAST} | provenance))
    return {name: PartialSeries(TimeGrid(start, step, len(values)), np.array(values, dtype=float), origin)}


@pytest.mark.pitfall("M12")
@pytest.mark.fault(16)
def test_one_missing_point_is_bridged_and_the_forecast_kept():
    outlook = outlook_of(None, WHOLE | partial("load", [5.0, NAN, NAN, NAN, NAN, 7.0, 7.0, 7.0]))
    load = outlook.power_kw["load"]
    assert load.values.tolist() == [5.0, 6.0, 6.0, 6.0, 6.0, 7.0, 7.0, 7.0]
    assert load.provenance.quality is Quality.REPAIRED
    assert "4 steps in short gaps bridged" in load.provenance.note


@pytest.mark.pitfall("M11")
@pytest.mark.pitfall("M12")
def test_a_longer_gap_comes_from_history_and_both_are_told():
    old = partial("load", [5.0, *[NAN] * 5, 5.0, NAN], note="last good forecast, 3.2 h old")
    load = outlook_of(history(load_kw=7.0), WHOLE | old).power_kw["load"]
    assert load.values[[0, 6]].tolist() == [5.0, 5.0]
    assert load.values[[1, 5, 7]] == pytest.approx([7.0] * 3, rel=0.2)
    assert load.provenance.note == "last good forecast, 3.2 h old; 6 steps not covered are forecast from history"


@pytest.mark.pitfall("M11")
def test_without_history_a_forecast_that_ends_early_is_no_outlook_and_says_how_far_it_reaches():
    short = WHOLE | partial("load", [5.0, NAN, 5.0, 5.0, 5.0])
    with pytest.raises(MissingOutlookError, match="load: the given forecast covers the first 5 steps only"):
        outlook_of(None, short)
    n_steps = covered_steps(short, AHEAD)
    assert n_steps == 5
    shorter = look_out(SITE, None, START, AHEAD.part(0, n_steps), short, OwnForecasts(SITE))
    assert shorter.power_kw["load"].values.tolist() == [5.0] * 5


def test_how_far_forecasts_reach_is_how_far_the_shortest_does():
    assert covered_steps(WHOLE, AHEAD) == 8
    assert covered_steps({}, AHEAD) == 0
    assert covered_steps(WHOLE | given("roof", [1.0] * 3), AHEAD) == 3
    assert covered_steps(partial("load", [NAN, 5.0, 5.0]), AHEAD) == 0
    assert covered_steps(given("load", [1.0], step=timedelta(hours=1)), AHEAD) == 4


@pytest.mark.pitfall("M9")
def test_hours_with_a_gap_give_their_quarters_the_means_of_hours():
    hourly = partial("load", [4.0, NAN, 8.0], start=START - timedelta(hours=1), step=timedelta(hours=1))
    load = outlook_of(None, WHOLE | hourly).power_kw["load"]
    assert load.values.tolist() == [6.0] * 4 + [8.0] * 4
    assert "4 steps in short gaps bridged" in load.provenance.note


def test_a_given_series_of_another_time_gives_way_to_history():
    late = partial("load", [5.0] * 8, start=START - timedelta(days=2))
    load = outlook_of(history(load_kw=7.0), WHOLE | late).power_kw["load"]
    assert load.values == pytest.approx([7.0] * 8, rel=0.2)
    assert load.provenance.source != "reporter"


def test_a_short_gap_in_prices_is_bridged_and_told():
    spot = outlook_of(None, WHOLE | partial("spot", [0.1, NAN, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3])).prices["spot"]
    assert spot.values == pytest.approx([0.1, 0.2, *[0.3] * 6])
    assert spot.provenance.quality is Quality.REPAIRED
