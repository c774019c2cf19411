"""Scores: the losses by hand, and a rolling origin that lets no future in."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements, MeasurementView
from voltherm.domain.series import Forecast, Provenance, Quality, Series
from voltherm.domain.time import TimeGrid, zone_named
from voltherm.forecasting import NoHistoryError, forecast_load, score_rolling, seasonal_naive
from voltherm.forecasting.scores import coverage, pinball_loss, score

START = datetime(2025, 2, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hourly(values):
    return Measurements(TimeGrid(START, HOUR, len(values)), {"load_kw": np.array(values, dtype=float)})


def given(values, quantiles=None):
    grid = TimeGrid(START, HOUR, len(values))
    source = Provenance(source="given", quality=Quality.FORECAST)
    return Forecast(Series(grid, values, source), {p: np.array(v, dtype=float) for p, v in (quantiles or {}).items()})


def test_pinball_costs_more_on_the_side_it_is_meant_to_avoid():
    measured = np.array([10.0, 10.0])
    assert pinball_loss(measured, np.array([8.0, 8.0]), 0.9) == pytest.approx(1.8)
    assert pinball_loss(measured, np.array([12.0, 12.0]), 0.9) == pytest.approx(0.2)


def test_coverage_leaves_out_missing_values_and_steps_without_doubt():
    measured = np.array([1.0, 5.0, np.nan, 0.01])
    assert coverage(measured, np.array([0, 0, 0, 0.0]), np.array([2, 2, 2, 0.0])) == 0.5


def test_scores_are_those_worked_out_by_hand():
    result = score([given([1, 2, 5, 2], {0.1: [0, 1, 2, 1], 0.9: [2, 3, 6, 3]})], [np.array([2.0, 6.0, 4.0, np.nan])])
    assert result.n_values == 3
    assert result.mae == pytest.approx(2.0)
    assert result.rmse == pytest.approx(np.sqrt(6))
    assert result.bias == pytest.approx(-4 / 3)
    assert result.coverage == pytest.approx(2 / 3)
    assert result.nominal_coverage == pytest.approx(0.8)


def test_the_peak_is_compared_in_height_and_time():
    result = score([given([1, 2, 5, 2])], [np.array([2.0, 6.0, 4.0, 1.0])])
    assert result.peak_error == -1.0
    assert result.peak_time_error_h == 1.0
    assert np.isnan(result.pinball)


def test_a_forecaster_sees_only_what_was_complete_at_its_origin():
    seen = []

    def forecaster(view, grid):
        seen.append((view.now, view.end))
        return Forecast(Series(grid, np.zeros(grid.n_steps)))

    score_rolling(
        hourly(range(48)), "load_kw", {"x": forecaster}, origins=[START + 5 * HOUR, START + 9 * HOUR], n_steps=4
    )
    assert seen == [(START + 5 * HOUR, START + 5 * HOUR), (START + 9 * HOUR, START + 9 * HOUR)]


def test_last_weeks_value_is_right_for_a_weekly_load():
    values = np.tile(np.arange(168.0), 3)
    scores = score_rolling(
        hourly(values),
        "load_kw",
        {"naive": seasonal_naive("load_kw")},
        origins=[START + 200 * HOUR],
        n_steps=48,
    )
    assert scores["naive"].mae == 0.0


def test_yesterdays_value_is_from_the_day_before_where_the_horizon_is_longer_than_a_day():
    values = np.repeat(np.arange(20.0), 24)
    naive = seasonal_naive("load_kw", timedelta(days=1))
    scores = score_rolling(hourly(values), "load_kw", {"naive": naive}, origins=[START + 240 * HOUR], n_steps=48)
    assert scores["naive"].mae == 2.0


def test_origins_without_history_are_passed_over():
    naive = seasonal_naive("load_kw")
    origins = [START + 24 * HOUR, START + 200 * HOUR]
    scores = score_rolling(hourly(np.ones(504)), "load_kw", {"naive": naive}, origins=origins, n_steps=24)
    assert scores["naive"].n_forecasts == 1


def test_no_origin_left_is_refused():
    with pytest.raises(InvalidInputError, match="no origin has history"):
        score_rolling(
            hourly(np.ones(24)), "load_kw", {"n": seasonal_naive("load_kw")}, origins=[START + HOUR], n_steps=4
        )


def test_the_naive_forecast_without_a_week_says_so():
    with pytest.raises(NoHistoryError, match="give a longer history"):
        seasonal_naive("load_kw")(
            MeasurementView(hourly(np.ones(24)), START + 20 * HOUR), TimeGrid(START + 20 * HOUR, HOUR, 4)
        )


def test_the_load_model_beats_last_week_on_a_noisy_week():
    random = np.random.default_rng(1)
    values = np.tile(50 + 20 * np.sin(np.arange(168) / 24 * 2 * np.pi), 8) + random.normal(0, 4, 168 * 8)
    zone = zone_named("Europe/Helsinki")
    scores = score_rolling(
        hourly(values),
        "load_kw",
        {"naive": seasonal_naive("load_kw"), "model": lambda view, grid: forecast_load(view, grid, zone)},
        origins=[START + (168 * 5 + 13 * k) * HOUR for k in range(30)],
        n_steps=24,
    )
    assert scores["model"].mae < 0.85 * scores["naive"].mae
    assert 0.8 < scores["model"].coverage < 0.97
