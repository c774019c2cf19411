"""The parts of the price forecast against oracles that share no code with them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltherm.domain.measurements import Measurements, MeasurementView
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.time import TimeGrid, zone_named
from voltherm.forecasting import Ahead
from voltherm.forecasting.price_known import known_by_hour, quality_with
from voltherm.forecasting.price_recent import _all_but_near, _fit_day, features, fit_recent
from voltherm.forecasting.price_scale import fit_scale, weighted_median
from voltherm.forecasting.price_usual import fit_usual
from voltherm.forecasting.price_weather import fit_weather, off_week

HELSINKI = zone_named("Europe/Helsinki")
START = datetime(2025, 1, 6, tzinfo=UTC)
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)


# -- The scale


@given(
    prices=st.lists(st.floats(-0.5, 5.0), min_size=3, max_size=40),
    asked=st.floats(-0.4, 4.0),
)
def test_a_price_on_the_scale_and_back_is_the_same(prices, asked):
    known = np.array([*prices, -0.5, 5.0])
    scale = fit_scale(known, np.zeros(known.size))

    assert scale.price_per_kwh(scale.z(np.array([asked]))) == pytest.approx([asked], abs=1e-9)


def test_the_scale_has_its_centre_at_zero_and_is_linear_near_it():
    prices = np.array([0.06, 0.08, 0.10, 0.12, 0.14])
    scale = fit_scale(prices, np.zeros(5))

    assert scale.centre == 0.10
    assert scale.width == pytest.approx(1.4826 * 0.02)
    assert scale.z(np.array([0.10, 0.101])) == pytest.approx([0.0, 0.001 / scale.width], rel=1e-3)


def test_a_price_that_holds_most_of_the_time_does_not_make_the_others_endlessly_far():
    scale = fit_scale(np.array([0.1] * 7 + [0.2] * 3), np.zeros(10))

    assert scale.width == pytest.approx(0.03)


def test_no_place_on_the_scale_leads_further_than_three_ranges_beyond_the_prices():
    scale = fit_scale(np.array([0.0, 0.1, 0.2]), np.zeros(3))

    assert scale.price_per_kwh(np.array([-50.0, 50.0])) == pytest.approx([-0.6, 0.8])


def test_of_old_and_new_prices_the_new_ones_make_the_centre():
    prices, age_days = np.array([0.3] * 60 + [0.1] * 40), np.array([28.0] * 60 + [0.0] * 40)

    assert fit_scale(prices, age_days).centre == 0.1
    assert fit_scale(prices, np.zeros(100)).centre == 0.3


@given(values=st.lists(st.integers(-9, 9), min_size=1, max_size=20), counts=st.lists(st.integers(1, 4), min_size=20))
def test_the_weighted_median_is_the_lower_median_of_the_repeated_values(values, counts):
    repeated = sorted(value for value, count in zip(values, counts, strict=False) for _ in range(count))

    found = weighted_median(np.array(values, float), np.array(counts[: len(values)], float))

    assert found == repeated[(len(repeated) - 1) // 2]


# -- The last week


def features_by_hand(deviation, origin, hour):
    """Return what the week before an hour's index says of an hour of the day, in plain loops."""
    week = deviation[origin - 168 : origin]
    last = sum(week[-24:]) / 24
    of_week = sum(week) / 168
    same_hour = [week[24 * day + hour] for day in range(7)]
    return [last, sum(week[-48:]) / 48, of_week, same_hour[-1] - last, sum(same_hour) / 7 - of_week]


def test_the_features_of_a_week_are_its_means():
    deviation = np.random.default_rng(1).standard_normal(168)

    found = features(deviation[None])[0]

    assert found[17] == pytest.approx(features_by_hand(deviation, 168, 17))
    assert found[0] == pytest.approx(features_by_hand(deviation, 168, 0))


def test_where_little_is_known_of_a_week_the_shorter_mean_stands_for_the_longer():
    week = np.full(168, np.nan)
    week[-24:] = np.arange(24.0)

    assert features(week[None])[0, 3] == pytest.approx([11.5, 11.5, 11.5, 3 - 11.5, 0.0])
    assert features(np.full((1, 168), np.nan)).tolist() == np.zeros((1, 24, 5)).tolist()


def test_the_coefficients_are_those_of_ridge_regression_where_no_error_is_large():
    n_origins = 60
    random = np.random.default_rng(2)
    deviation = random.standard_normal((n_origins + 7) * 24)
    rows = [features_by_hand(deviation, 24 * day, hour) for day in range(7, n_origins + 7) for hour in range(24)]
    signs = random.choice([-0.5, 0.5], size=len(rows))
    ahead = np.array(rows) @ [0.5, 0.0, 0.2, 0.3, -0.1] + signs

    phi = np.stack([features(deviation[24 * day - 168 : 24 * day][None])[0] for day in range(7, n_origins + 7)])
    fitted, _ = _fit_day(phi, ahead.reshape(n_origins, 24))

    # The ridge is two days' hours that ask each coefficient to be zero.
    expected = np.linalg.lstsq(np.vstack([rows, np.sqrt(48) * np.eye(5)]), np.append(ahead, np.zeros(5)), rcond=None)[0]
    assert fitted == pytest.approx(expected, abs=1e-9)


def test_one_wild_day_moves_the_coefficients_less_than_least_squares():
    random = np.random.default_rng(3)
    phi = random.standard_normal((50, 24, 5))
    ahead = phi @ [0.5, 0.0, 0.2, 0.3, -0.1] + 0.1 * random.standard_normal((50, 24))
    ahead[20] += 30 * phi[20, :, 1]

    robust = _fit_day(phi, ahead)[0]

    plain = np.linalg.lstsq(phi.reshape(-1, 5), ahead.ravel(), rcond=None)[0]
    assert abs(robust[1]) < 0.2 * abs(plain[1])


def test_each_day_ahead_is_learned_from_days_so_far_after_their_origin():
    every_other = np.repeat(np.where(np.arange(50) % 2, 1.0, -1.0), 24)

    one, two, three = fit_recent(every_other, 3).distribution(every_other, np.array([5, 29, 53]))[:, 9:11].mean(axis=1)

    assert [one, two, three] == pytest.approx([-1.0, 1.0, -1.0], abs=0.15)


def test_sums_without_an_origin_and_its_neighbours():
    sums = np.array([[1.0], [10.0], [100.0], [1000.0], [10000.0]])

    assert _all_but_near(sums).ravel().tolist() == [11100.0, 11000.0, 10001.0, 11.0, 111.0]


def test_noise_is_foretold_as_the_usual_with_its_own_quantiles():
    deviation = np.random.default_rng(4).standard_normal(56 * 24)

    told = fit_recent(deviation, 1).distribution(deviation, np.arange(24))

    assert np.abs(told[:, 9:11].mean(axis=1)).max() < 0.5
    assert told[:, -7].mean() == pytest.approx(-1.645, abs=0.25)
    assert told[:, -1].mean() == pytest.approx(1.645, abs=0.25)


def test_days_further_ahead_than_the_history_is_long_are_told_like_the_last_one():
    deviation = np.random.default_rng(4).standard_normal(8 * 24)

    fitted = fit_recent(deviation, 9)

    assert fitted.coefficients.shape == (9, 5)
    assert fitted.coefficients[8].tolist() == fitted.coefficients[6].tolist()


# -- Weather


def weather_case(n_days=56, noise=0.3):
    random = np.random.default_rng(6)
    wind = 2e6 + 1e6 * np.repeat(random.standard_normal(n_days * 4), 6)
    temp = np.repeat(random.uniform(-20, 10, n_days * 2), 12)
    z = -0.4 * (wind - 2e6) / 1e6 + 0.05 * (16 - temp) + noise * random.standard_normal(wind.size)
    return z, {"wind_kw": wind, "t_out_c": temp}


def test_the_effect_of_wind_and_cold_is_found():
    z, weather = weather_case()

    effect = fit_weather(z, np.zeros(z.size), weather)

    assert effect.slopes["wind_kw"] == pytest.approx(-0.4e-6, rel=0.15)
    assert effect.slopes["t_out_c"] == pytest.approx(0.05, rel=0.15)


def test_the_effect_of_usual_weather_is_none_and_so_is_that_of_unknown_weather():
    z, weather = weather_case()
    effect = fit_weather(z, np.zeros(z.size), weather)
    usual_t_c = 16 - effect.usual["t_out_c"]

    at = effect.at({"wind_kw": np.array([effect.usual["wind_kw"], np.nan]), "t_out_c": np.array([usual_t_c, np.nan])})

    assert at == pytest.approx([0.0, 0.0])


def test_a_price_that_rose_while_the_winter_came_was_not_moved_by_the_cold():
    random = np.random.default_rng(8)
    hours = np.arange(56 * 24) / (56 * 24)
    z = 2 * hours + 0.3 * random.standard_normal(hours.size)
    temp = 10 - 20 * hours + np.repeat(random.standard_normal(56), 24)

    assert fit_weather(z, np.zeros(z.size), {"t_out_c": temp}) is None


def test_weather_with_long_gaps_is_left_out():
    z, weather = weather_case()
    weather["t_out_c"] = np.where(np.arange(z.size) % 3 == 0, np.nan, weather["t_out_c"])

    assert list(fit_weather(z, np.zeros(z.size), weather).slopes) == ["wind_kw"]
    assert fit_weather(z, np.zeros(z.size), {"wind_kw": np.full(z.size, np.nan)}) is None
    assert fit_weather(z[:100], np.zeros(100), {"wind_kw": weather["wind_kw"][:100]}) is None


def test_off_week_is_the_distance_from_the_mean_around():
    values = np.array([1.0, 2.0, 6.0, np.nan, 3.0])

    found = off_week(values, reach=1)

    assert found[[0, 1, 2, 4]] == pytest.approx([-0.5, -1.0, 2.0, 0.0])
    assert np.isnan(found[3])


# -- The usual price


def test_weekends_are_believed_as_far_as_they_agree():
    hours = TimeGrid(START, HOUR, 56 * 24)
    weekend = hours.local(HELSINKI).weekday >= 5
    noise = np.repeat(np.random.default_rng(9).standard_normal(57), 24)[: hours.n_steps]

    def lower_by(z):
        usual = fit_usual(hours, z, HELSINKI, frozenset()).at(hours)
        return usual[~weekend].mean() - usual[weekend].mean()

    assert lower_by(np.where(weekend, -1.0, 0.0)) == pytest.approx(1.0, abs=0.15)
    assert abs(lower_by(2 * noise)) < 0.6


# -- What is known


def series(start, step, values, quality=Quality.FORECAST):
    grid = TimeGrid(start, step, len(values))
    return Series(grid, np.array(values, float), Provenance(source="tests", quality=quality))


def test_measured_and_published_prices_are_one_row_of_hours():
    grid = TimeGrid(START, QUARTER, 10)
    view = MeasurementView(Measurements(grid, {"price_per_kwh": np.repeat([1.0, 2.0, 3.0], 4)[:10]}), grid.end)
    ahead = Ahead(published=series(grid.end, QUARTER, [3.0, 3.0, 4.0, 4.0, 4.0, 4.0, 0.0, 0.0, 0.0, 0.0]))

    known = known_by_hour(view, "price_per_kwh", ahead, START - timedelta(days=1))

    assert known.column("price_per_kwh").tolist() == [1.0, 2.0, 3.0, 4.0, 0.0]
    assert known.grid.start == START


def test_of_the_weather_the_measured_part_counts_before_now_and_the_forecast_after_it():
    grid = TimeGrid(START, HOUR, 4)
    columns = {"price_per_kwh": np.ones(4), "wind_kw": np.full(4, 100.0)}
    view = MeasurementView(Measurements(grid, columns), START + 2 * HOUR)
    ahead = Ahead(published=series(START, HOUR, [1.0] * 4), weather={"wind_kw": series(START, HOUR, [7.0] * 4)})

    known = known_by_hour(view, "price_per_kwh", ahead, START)

    assert known.column("wind_kw").tolist() == [100.0, 100.0, 7.0, 7.0]


def test_a_view_without_prices_knows_none():
    grid = TimeGrid(START, HOUR, 4)
    blind = MeasurementView(Measurements(grid, {"load_kw": np.ones(4)}), grid.end)
    gap = MeasurementView(Measurements(grid, {"price_per_kwh": np.full(4, np.nan)}), grid.end)

    assert known_by_hour(blind, "price_per_kwh", Ahead(), START) is None
    assert known_by_hour(gap, "price_per_kwh", Ahead(), START) is None


@pytest.mark.pitfall("A11")
@pytest.mark.parametrize(
    ("given", "quality"),
    [
        (Quality.MEASURED, Quality.FORECAST),
        (Quality.REPAIRED, Quality.FORECAST),
        (Quality.ASSUMED, Quality.ASSUMED),
        (Quality.DEMO, Quality.DEMO),
    ],
)
def test_what_rests_on_assumed_or_demo_data_is_no_better(given, quality):
    assert quality_with(Quality.FORECAST, [None, series(START, HOUR, [1.0], given)]) is quality
