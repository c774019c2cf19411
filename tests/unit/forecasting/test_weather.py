"""The outdoor temperature from history: the usual day, an anomaly that fades, and nothing from the future."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from voltherm.domain.measurements import Measurements, MeasurementView
from voltherm.domain.series import Quality
from voltherm.domain.time import TimeGrid
from voltherm.forecasting import NoHistoryError
from voltherm.forecasting.weather import FADES_IN_H, forecast_outdoor

START = datetime(2026, 1, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)


def measured(days, step=HOUR, *, warmer_since_h=None, by_k=0.0) -> Measurements:
    """A cosine of 3 K around -5 degC, coldest at midnight UTC; warmer from some hour on."""
    grid = TimeGrid(START, step, days * (timedelta(days=1) // step))
    hour = np.arange(grid.n_steps) * grid.step_h
    values = -5.0 - 3.0 * np.cos(hour / 24 * 2 * np.pi)
    if warmer_since_h is not None:
        values[hour >= warmer_since_h] += by_k
    return Measurements(grid, {"t_out_c": values})


def ahead(now, hours=48, step=HOUR) -> TimeGrid:
    return TimeGrid(now, step, hours * (HOUR // step))


@pytest.mark.parametrize("step", [HOUR, timedelta(minutes=15)])
def test_a_usual_day_goes_on_as_usual(step):
    past, now = measured(20, step), START + timedelta(days=18)

    forecast = forecast_outdoor(MeasurementView(past, now), ahead(now, 48, step))

    assert forecast.mean.values == pytest.approx(past.column("t_out_c")[-(48 * HOUR // step) :], abs=0.5)
    assert forecast.mean.provenance.quality is Quality.FORECAST
    assert forecast.issued_at == now


def test_an_anomaly_fades_to_a_third_in_its_time():
    now = START + timedelta(days=18)
    usual = forecast_outdoor(MeasurementView(measured(18), now), ahead(now, 72)).mean.values

    warmer = forecast_outdoor(
        MeasurementView(measured(18, warmer_since_h=18 * 24 - 1, by_k=5.0), now), ahead(now, 72)
    ).mean.values

    gained = warmer - usual
    assert gained[0] == pytest.approx(5.0, abs=0.15)
    assert gained[round(FADES_IN_H)] == pytest.approx(5.0 / np.e, abs=0.15)


def test_the_doubt_grows_with_the_lead_and_keeps_the_order_of_the_quantiles():
    draws = np.random.default_rng(3)
    past = measured(18)
    noisy = replace(past, columns={"t_out_c": past.column("t_out_c") + 2.0 * draws.normal(size=past.grid.n_steps)})
    now = START + timedelta(days=18)

    quantiles = forecast_outdoor(MeasurementView(noisy, now), ahead(now)).quantiles

    width = quantiles[0.95] - quantiles[0.05]
    assert (np.diff(width) > 0).all()
    assert (np.diff(np.stack(list(quantiles.values())), axis=0) >= 0).all()


def test_the_future_moves_nothing():
    now = START + timedelta(days=15)
    calm, wild = measured(18), measured(18, warmer_since_h=15 * 24, by_k=20.0)

    first, second = (forecast_outdoor(MeasurementView(past, now), ahead(now)).mean.values for past in (calm, wild))

    assert (first == second).all()


def test_a_few_hours_are_enough_for_a_guess_that_says_so():
    forecast = forecast_outdoor(MeasurementView(measured(1), START + 6 * HOUR), ahead(START + 6 * HOUR))

    assert "less than a day" in forecast.mean.provenance.note
    assert forecast.mean.values == pytest.approx(forecast.mean.values[0])


def test_a_gap_right_before_now_leaves_the_usual_day():
    past, now = measured(18), START + timedelta(days=18)
    values = past.column("t_out_c").copy()
    values[-5:] = np.nan

    forecast = forecast_outdoor(MeasurementView(Measurements(past.grid, {"t_out_c": values}), now), ahead(now, 24))

    assert forecast.mean.values == pytest.approx(past.column("t_out_c")[:24], abs=0.5)


def test_without_any_value_there_is_no_forecast():
    with pytest.raises(NoHistoryError, match="nothing was measured"):
        forecast_outdoor(MeasurementView(measured(2), START), ahead(START))
