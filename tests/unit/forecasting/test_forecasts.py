"""Load and PV forecasts: from history alone, honest about their doubt, and blind to the future."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltherm.domain.measurements import Measurements, MeasurementView
from voltherm.domain.series import Quality, Series
from voltherm.domain.time import TimeGrid, zone_named
from voltherm.forecasting import NoHistoryError, fit_load, fit_pv, forecast_load, forecast_pv

HELSINKI = zone_named("Europe/Helsinki")
KOLKATA = zone_named("Asia/Kolkata")
START = datetime(2025, 2, 1, tzinfo=UTC)
DAY = timedelta(days=1)
BOTH = pytest.mark.parametrize(("forecast", "column"), [(forecast_load, "load_kw"), (forecast_pv, "pv_kw")])


def office_kw(grid, zone=HELSINKI):
    """Draw 80 kW from 8 to 17 on workdays by the wall clock, 20 kW otherwise."""
    local = grid.local(zone)
    at_work = (local.minute_of_day >= 480) & (local.minute_of_day < 1020) & (local.weekday < 5)
    return np.where(at_work, 80.0, 20.0)


def roof_kw(grid):
    """Give a half sine from 5 to 15 UTC, dimmer every third day."""
    hour = grid.epoch_seconds % 86400 / 3600
    cloud = np.where(grid.epoch_seconds // 86400 % 3 == 0, 0.4, 1.0)
    return 30 * cloud * np.maximum(np.sin((hour - 5) / 10 * np.pi), 0)


def site(n_days=40, step=15, noise=1.0, start=START, zone=HELSINKI):
    grid = TimeGrid(start, timedelta(minutes=step), int(n_days * 1440 / step))
    random = np.random.default_rng(7)
    load = office_kw(grid, zone) + noise * random.standard_normal(grid.n_steps)
    return Measurements(grid, {"load_kw": np.maximum(load, 0), "pv_kw": roof_kw(grid)})


def ahead(now, n_steps=192, step=15):
    return TimeGrid(now, timedelta(minutes=step), n_steps)


def altered_after(measurements, now, value):
    future = measurements.grid.epoch_seconds >= now.timestamp()
    return Measurements(measurements.grid, {k: np.where(future, value, v) for k, v in measurements.columns.items()})


def test_a_regular_load_is_foretold_by_the_wall_clock():
    now = START + 30 * DAY
    result = forecast_load(MeasurementView(site(), now), ahead(now), HELSINKI)
    assert np.abs(result.mean.values - office_kw(ahead(now))).mean() < 1.0


def test_the_office_opens_at_eight_after_the_clock_was_put_forward():
    now = datetime(2025, 3, 29, 12, tzinfo=UTC)
    history = site(n_days=60)
    result = forecast_load(MeasurementView(history, now), ahead(now, 288), HELSINKI)
    assert np.abs(result.mean.values - office_kw(ahead(now, 288))).mean() < 1.0


def test_a_day_of_twenty_five_hours_is_foretold_by_the_wall_clock():
    now = datetime(2025, 10, 25, 12, tzinfo=UTC)
    history = site(n_days=60, start=datetime(2025, 9, 5, tzinfo=UTC))
    result = forecast_load(MeasurementView(history, now), ahead(now, 288), HELSINKI)
    assert np.abs(result.mean.values - office_kw(ahead(now, 288))).mean() < 1.0


@pytest.mark.parametrize("step", [5, 15, 30, 60])
def test_every_step_works_whatever_the_step_of_the_history(step):
    now = START + 30 * DAY
    grid = ahead(now, 48 * 60 // step, step)
    result = forecast_load(MeasurementView(site(step=15), now), grid, HELSINKI)
    assert np.abs(result.mean.values - office_kw(grid)).mean() < 1.5


def test_a_half_hour_zone_is_foretold_at_hours():
    now = START + 30 * DAY + timedelta(minutes=30)
    grid = ahead(now, 48, 60)
    result = forecast_load(MeasurementView(site(zone=KOLKATA), now), grid, KOLKATA)
    assert np.abs(result.mean.values - office_kw(grid, KOLKATA)).mean() < 1.0


def test_a_holiday_is_like_a_sunday():
    now = datetime(2025, 3, 3, 22, tzinfo=UTC)
    tuesday = frozenset({date(2025, 3, 4).toordinal()})
    result = forecast_load(MeasurementView(site(), now), ahead(now, 96), HELSINKI, holidays=tuesday)
    assert result.mean.values.max() < 30


def test_a_load_that_is_higher_today_is_expected_higher_for_the_next_hours():
    history = site(noise=0.0)
    random = np.random.default_rng(3)
    level = np.repeat(random.normal(0, 10, 40), 96)
    shifted = Measurements(history.grid, {"load_kw": history.column("load_kw") + 40 + level})
    now = START + 30 * DAY + timedelta(hours=12)
    result = forecast_load(MeasurementView(shifted, now), ahead(now, 16), HELSINKI)
    truth = shifted.on(ahead(now, 16)).column("load_kw")
    usual = office_kw(ahead(now, 16)) + 40
    assert np.abs(result.mean.values - truth).mean() < 0.3 * np.abs(usual - truth).mean()


def cold(grid):
    random = np.random.default_rng(5)
    daily = np.repeat(random.normal(0, 8, grid.n_steps // 96 + 1), 96)[: grid.n_steps]
    return daily + 3 * np.sin(grid.epoch_seconds % 86400 / 86400 * 2 * np.pi)


def test_a_heated_house_is_foretold_better_with_the_temperature_ahead():
    grid = site().grid
    t_out = cold(grid)
    load = 5 + 0.8 * np.maximum(16 - t_out, 0)
    history = Measurements(grid, {"load_kw": load, "t_out_c": t_out})
    now = START + 35 * DAY
    view, horizon = MeasurementView(history, now), ahead(now, 192)
    truth = history.on(horizon).column("load_kw")
    given = Series(horizon, history.on(horizon).column("t_out_c"))
    without = np.abs(forecast_load(view, horizon, HELSINKI).mean.values - truth).mean()
    with_it = np.abs(forecast_load(view, horizon, HELSINKI, t_out_c=given).mean.values - truth).mean()
    assert with_it < 0.3 * without


def test_a_temperature_that_does_not_matter_is_not_used():
    history = site()
    with_it = history.append(Measurements(history.grid, {"t_out_c": cold(history.grid)}))
    now = START + 35 * DAY
    assert fit_load(MeasurementView(with_it, now), ahead(now), HELSINKI).temperature is None


def test_pv_is_foretold_in_utc_and_zero_at_night():
    now = START + 30 * DAY
    result = forecast_pv(MeasurementView(site(), now), ahead(now), HELSINKI)
    hour = ahead(now).epoch_seconds % 86400 / 3600
    dark = (hour < 4.5) | (hour > 15.5)
    assert (result.mean.values[dark] == 0).all()
    assert all((values[dark] == 0).all() for values in result.quantiles.values())
    assert result.mean.values.max() > 15


def test_a_dim_morning_lowers_the_afternoon():
    history = site()
    dim_day = START + 30 * DAY
    now = dim_day + timedelta(hours=10)
    columns = {}
    for share in (0.4, 1.0):
        today = (history.grid.epoch_seconds >= dim_day.timestamp()).astype(float)
        columns[share] = history.column("pv_kw") * np.where(today > 0, share, 1.0)
    dim, clear = (
        forecast_pv(MeasurementView(Measurements(history.grid, {"pv_kw": columns[s]}), now), ahead(now, 16), HELSINKI)
        for s in (0.4, 1.0)
    )
    assert dim.mean.values.sum() < 0.8 * clear.mean.values.sum()


@BOTH
@pytest.mark.parametrize("hours", [1, 5, 24, 30, 50, 80, 24 * 12, 24 * 39])
def test_quantiles_are_monotone_and_not_negative_after_any_history(forecast, column, hours):
    now = START + timedelta(hours=hours)
    result = forecast(MeasurementView(site(), now), ahead(now), HELSINKI)
    assert sorted(result.quantiles) == [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]
    values = np.stack([result.quantiles[p] for p in sorted(result.quantiles)])
    assert (np.diff(values, axis=0) >= 0).all()
    assert (values >= 0).all()
    assert (result.mean.values >= 0).all()
    assert np.isfinite(values).all()


@BOTH
@settings(max_examples=25)
@given(hours=st.integers(1, 35 * 24), value=st.sampled_from([0.0, 1e5, float("nan")]))
def test_no_forecast_changes_when_the_future_does(forecast, column, hours, value):
    now = START + timedelta(hours=hours)
    history = site()
    honest = forecast(MeasurementView(history, now), ahead(now, 96), HELSINKI)
    altered = forecast(MeasurementView(altered_after(history, now, value), now), ahead(now, 96), HELSINKI)
    assert honest.mean.values.tolist() == altered.mean.values.tolist()
    assert all(honest.quantiles[p].tolist() == altered.quantiles[p].tolist() for p in honest.quantiles)


@BOTH
@pytest.mark.pitfall("M12")
def test_missing_points_and_days_do_not_discard_the_rest(forecast, column):
    history = site()
    values = history.column(column).copy()
    values[::50] = np.nan
    values[1000:1300] = np.nan
    values[-400:] = np.nan
    now = START + 30 * DAY
    whole = forecast(MeasurementView(history, now), ahead(now), HELSINKI).mean.values
    holed = forecast(
        MeasurementView(Measurements(history.grid, {column: values}), now), ahead(now), HELSINKI
    ).mean.values
    assert np.abs(whole - holed).mean() < 2.0


@BOTH
def test_without_any_history_it_says_so_and_invents_nothing(forecast, column):
    for history in (site(), Measurements(site().grid, {"soc": np.ones(site().grid.n_steps)})):
        with pytest.raises(NoHistoryError, match=r"give measurements .* or a forecast from elsewhere"):
            forecast(MeasurementView(history, START), ahead(START), HELSINKI)


def test_a_few_hours_go_on_flat_with_wide_quantiles_and_a_note():
    now = START + timedelta(hours=3)
    result = forecast_load(MeasurementView(site(), now), ahead(now), HELSINKI)
    assert np.ptp(result.mean.values) == 0
    assert "less than a day" in result.mean.provenance.note
    assert result.quantiles[0.95][0] > 1.5 * result.mean.values[0]


@BOTH
def test_two_days_of_history_carry_a_note(forecast, column):
    now = START + 2 * DAY
    assert "wide guess" in forecast(MeasurementView(site(), now), ahead(now), HELSINKI).mean.provenance.note


@BOTH
def test_a_forecast_says_where_it_comes_from_and_when_it_was_made(forecast, column):
    now = START + 20 * DAY
    source = forecast(MeasurementView(site(), now), ahead(now), HELSINKI).mean.provenance
    assert source.issued_at == now
    assert source.quality is Quality.FORECAST
    assert "history" in source.source
    assert source.note == ""


@pytest.mark.parametrize("fit", [fit_load, fit_pv])
def test_a_model_is_current_until_the_local_day_ends(fit):
    history = site()
    evening = datetime(2025, 3, 3, 21, 45, tzinfo=UTC)
    model = fit(MeasurementView(history, evening), ahead(evening), HELSINKI)
    midnight = evening + timedelta(minutes=15)
    assert model.is_current(MeasurementView(history, evening), ahead(evening))
    assert not model.is_current(MeasurementView(history, midnight), ahead(midnight))
    assert not model.is_current(MeasurementView(history, evening), ahead(evening, 288))
    assert not model.is_current(MeasurementView(history, evening), ahead(evening, 48, 60))
