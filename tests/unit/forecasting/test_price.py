"""Price forecasts: from what was published, labelled, with honest doubt, and blind to the future."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import LookaheadError, Measurements, MeasurementView
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.time import TimeGrid, zone_named
from voltherm.forecasting import Ahead, NoHistoryError, fit_price, forecast_price

HELSINKI = zone_named("Europe/Helsinki")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2025, 1, 6, 23, tzinfo=UTC)
NOW = START + 60 * DAY - 11 * HOUR
PUBLISHED_UNTIL = START + 61 * DAY


def usual_per_kwh(grid):
    """Cost 20 ct in the mornings and evenings of workdays by the wall clock, 8 ct otherwise, 5 ct on weekends."""
    local = grid.local(HELSINKI)
    hour = local.minute_of_day // 60
    busy = ((hour >= 7) & (hour < 10)) | ((hour >= 17) & (hour < 20))
    return np.where(local.weekday < 5, np.where(busy, 0.20, 0.08), 0.05)


def wandering(grid, seed=3, share=0.7):
    """Give a level that keeps a share of itself from day to day, for every hour of UTC days from the grid's start."""
    random = np.random.default_rng(seed)
    level = np.zeros(grid.n_steps // 24 + 1)
    for day in range(1, level.size):
        level[day] = share * level[day - 1] + random.standard_normal()
    return np.repeat(level, 24)[: grid.n_steps]


def year(price=usual_per_kwh, n_days=90, start=START, **more):
    grid = TimeGrid(start, HOUR, n_days * 24)
    return Measurements(grid, {"price_per_kwh": price(grid)} | {name: make(grid) for name, make in more.items()})


def given_of(measurements, name, start, end, **origin):
    first, last = ((moment - measurements.grid.start) // measurements.grid.step for moment in (start, end))
    known = {"source": "tests", "quality": Quality.FORECAST, "issued_at": NOW} | origin
    values = measurements.column(name)[first:last]
    return Series(measurements.grid.part(first, last - first), values, Provenance(**known))


def published(measurements, now=NOW, until=PUBLISHED_UNTIL):
    whole = now - timedelta(seconds=now.timestamp() % 3600)
    return given_of(measurements, "price_per_kwh", whole, until, quality=Quality.MEASURED, issued_at=now)


def beyond(n_hours=48, step=HOUR, start=PUBLISHED_UNTIL):
    return TimeGrid(start, step, n_hours * HOUR // step)


def forecast_of(measurements, grid=None, **weather):
    ahead = Ahead(published=published(measurements), weather=weather)
    return forecast_price(MeasurementView(measurements, NOW), grid or beyond(), HELSINKI, ahead=ahead)


def truth(measurements, grid=None):
    return measurements.on(grid or beyond()).column("price_per_kwh")


def mae(forecast, measurements):
    return float(np.abs(forecast.quantiles[0.5] - truth(measurements, forecast.grid)).mean())


# -- What it foretells


def test_a_course_that_repeats_by_kind_of_day_is_foretold():
    prices = year()
    grid = beyond(7 * 24)

    forecast = forecast_of(prices, grid)

    assert mae(forecast, prices) < 0.01
    saturday = grid.local(HELSINKI).weekday == 5
    assert forecast.quantiles[0.5][saturday] == pytest.approx(np.full(saturday.sum(), 0.05), abs=0.01)


def test_a_price_that_never_changes_goes_on_without_doubt():
    forecast = forecast_of(year(lambda grid: np.full(grid.n_steps, 0.12)))

    assert forecast.mean.values == pytest.approx(np.full(48, 0.12))
    assert forecast.quantiles[0.95] == pytest.approx(forecast.quantiles[0.05])


def test_the_morning_stays_where_the_wall_clock_has_it_when_the_clock_is_put_forward():
    prices = year(n_days=100)
    start = datetime(2025, 3, 29, 23, tzinfo=UTC)
    now = start - 34 * HOUR
    ahead = Ahead(published=published(prices, now, start))

    forecast = forecast_price(MeasurementView(prices, now), beyond(start=start), HELSINKI, ahead=ahead)

    dear = forecast.mean.values[24:] > 0.12
    assert dear.tolist() == (truth(prices, beyond(start=start))[24:] > 0.12).tolist()


def test_what_the_last_day_was_above_the_usual_goes_on_in_part_as_it_did_before():
    def price(grid):
        return usual_per_kwh(grid) + 0.02 * wandering(grid)

    prices = year(price)
    raised = prices.column("price_per_kwh") + 0.1 * (prices.grid.epoch_seconds >= (PUBLISHED_UNTIL - DAY).timestamp())
    higher = Measurements(prices.grid, {"price_per_kwh": raised})

    more = forecast_of(higher).mean.values - forecast_of(prices).mean.values

    assert 0.02 < more[:24].mean() < 0.1
    assert more[24:].mean() < more[:24].mean()


def test_prices_below_zero_are_foretold_where_they_are_usual():
    forecast = forecast_of(year(lambda grid: usual_per_kwh(grid) - 0.06))

    assert forecast.mean.values.min() < -0.005


@pytest.mark.parametrize("step_minutes", [5, 15, 30, 60, 120])
def test_every_step_works(step_minutes):
    prices = year()
    grid = beyond(step=timedelta(minutes=step_minutes))

    forecast = forecast_of(prices, grid)

    assert forecast.grid == grid
    assert np.abs(forecast.mean.values - truth(prices, grid)).mean() < 0.01


def test_quarters_of_hourly_prices_are_equal():
    quarters = forecast_of(year(), beyond(step=timedelta(minutes=15))).mean.values.reshape(-1, 4)

    assert np.ptp(quarters, axis=1).max() == 0.0


def test_quarters_that_always_differ_are_foretold():
    grid = TimeGrid(START, timedelta(minutes=15), 90 * 96)
    apart = np.tile([0.02, 0.0, -0.005, -0.015], grid.n_steps // 4)
    prices = Measurements(grid, {"price_per_kwh": np.repeat(usual_per_kwh(TimeGrid(START, HOUR, 90 * 24)), 4) + apart})

    forecast = forecast_of(prices, beyond(step=timedelta(minutes=15)))

    quarters = forecast.mean.values.reshape(-1, 4)
    assert quarters - quarters.mean(axis=1, keepdims=True) == pytest.approx(np.tile(apart[:4], (48, 1)), abs=1e-9)
    assert np.abs(forecast.mean.values - truth(prices, forecast.grid)).mean() < 0.01


# -- Weather


def wind_kw(grid):
    return 3e6 + 1.5e6 * np.clip(wandering(grid, seed=11, share=0.3), -2, 2)


def windy_price(grid):
    return usual_per_kwh(grid) * np.exp(-0.5 * (wind_kw(grid) - 3e6) / 1.5e6)


def wind_ahead(prices, **origin):
    return given_of(prices, "wind_kw", NOW, PUBLISHED_UNTIL + 3 * DAY, **origin)


def test_a_wind_forecast_takes_four_tenths_off_the_error_where_wind_makes_the_price():
    prices = year(windy_price, wind_kw=wind_kw)
    errors = []
    for day in range(30, 85, 3):
        now, until = START + day * DAY - 11 * HOUR, START + (day + 1) * DAY
        known = Ahead(published=published(prices, now, until))
        windy = replace(known, weather={"wind_kw": given_of(prices, "wind_kw", now, until + 3 * DAY, issued_at=now)})
        made = [
            forecast_price(MeasurementView(prices, now), beyond(start=until), HELSINKI, ahead=ahead)
            for ahead in (known, windy)
        ]
        errors.append([mae(each, prices) for each in made])

    without, with_wind = np.mean(errors, axis=0)

    assert with_wind < 0.6 * without
    assert ["wind_kw" in each.mean.provenance.source for each in made] == [False, True]


def test_wind_that_moves_no_price_is_left_out():
    prices = year(wind_kw=wind_kw)

    told = forecast_of(prices, wind_kw=wind_ahead(prices))

    assert told.mean.provenance.source == "price forecast from history"
    assert told.mean.values.tolist() == forecast_of(prices).mean.values.tolist()


def test_wind_of_which_nothing_was_measured_is_left_out():
    prices = year(windy_price, wind_kw=wind_kw)
    wind = wind_ahead(prices)
    unmetered = Measurements(prices.grid, {"price_per_kwh": prices.column("price_per_kwh")})

    assert "wind" not in forecast_of(unmetered, wind_kw=wind).mean.provenance.source


def test_weather_that_is_not_known_by_that_name_is_refused():
    prices = year(windy_price, wind_kw=wind_kw)
    with pytest.raises(InvalidInputError, match="'sun_w_m2' moves no price; known: wind_kw, t_out_c"):
        Ahead(weather={"sun_w_m2": wind_ahead(prices)})


def test_a_model_fitted_with_wind_asks_for_it():
    prices = year(windy_price, wind_kw=wind_kw)
    view, ahead = MeasurementView(prices, NOW), Ahead(weather={"wind_kw": wind_ahead(prices)})
    model = fit_price(view, beyond(), HELSINKI, ahead=ahead)

    with pytest.raises(InvalidInputError, match="'wind_kw' is missing"):
        model.forecast(view, beyond())


# -- No lookahead


def test_nothing_after_now_is_looked_at_but_what_was_published():
    prices = year(windy_price, wind_kw=wind_kw)
    late = prices.grid.epoch_seconds >= NOW.timestamp()
    other = {name: np.where(late, 9.9, values) for name, values in prices.columns.items()}
    ahead = Ahead(published=published(prices), weather={"wind_kw": wind_ahead(prices)})

    one, two = (
        forecast_price(MeasurementView(known, NOW), beyond(), HELSINKI, ahead=ahead)
        for known in (prices, Measurements(prices.grid, other))
    )

    assert one.mean.values.tolist() == two.mean.values.tolist()
    assert {p: q.tolist() for p, q in one.quantiles.items()} == {p: q.tolist() for p, q in two.quantiles.items()}


def test_without_published_prices_only_the_measured_ones_are_known():
    prices = year(lambda grid: usual_per_kwh(grid) + 0.02 * wandering(grid))
    late = prices.grid.epoch_seconds >= NOW.timestamp()
    other = Measurements(prices.grid, {"price_per_kwh": np.where(late, 9.9, prices.column("price_per_kwh"))})

    one, two = (forecast_price(MeasurementView(known, NOW), beyond(), HELSINKI) for known in (prices, other))

    assert one.mean.values.tolist() == two.mean.values.tolist()


@pytest.mark.parametrize(
    ("origin", "why"),
    [
        ({"issued_at": NOW + timedelta(seconds=1)}, "was not known at"),
        ({"quality": Quality.MEASURED}, "give a forecast of it"),
    ],
)
def test_weather_that_cannot_have_been_known_is_refused(origin, why):
    prices = year(windy_price, wind_kw=wind_kw)
    with pytest.raises(LookaheadError, match=why):
        forecast_of(prices, wind_kw=wind_ahead(prices, **origin))


# -- Doubt


def test_nine_of_ten_prices_lie_in_the_range_that_says_so():
    def price(grid):
        noise = np.random.default_rng(5).standard_normal(grid.n_steps)
        return usual_per_kwh(grid) * np.exp(0.4 * wandering(grid) + 0.15 * noise)

    prices = year(price, n_days=200)
    inside = []
    for day in range(60, 195, 2):
        now, until = START + (day - 1) * DAY + 13 * HOUR, START + day * DAY
        ahead = Ahead(published=published(prices, now, until))
        forecast = forecast_price(MeasurementView(prices, now), beyond(start=until), HELSINKI, ahead=ahead)
        came = truth(prices, forecast.grid)
        inside.append((came >= forecast.quantiles[0.05]) & (came <= forecast.quantiles[0.95]))

    assert 0.84 < np.mean(inside) < 0.96


def test_where_prices_spike_upwards_the_range_reaches_further_up_than_down():
    def price(grid):
        return usual_per_kwh(grid) * np.exp(0.8 * wandering(grid))

    forecast = forecast_of(year(price))

    middle = forecast.quantiles[0.5]
    assert (forecast.quantiles[0.95] - middle).mean() > 1.5 * (middle - forecast.quantiles[0.05]).mean()
    assert forecast.mean.values.mean() > middle.mean()


def test_one_spike_moves_the_days_after_it_little():
    prices = year(lambda grid: usual_per_kwh(grid) + 0.01 * wandering(grid))
    spiked = prices.column("price_per_kwh").copy()
    spiked[30 * 24 + 17] = 5.0

    apart = (
        forecast_of(Measurements(prices.grid, {"price_per_kwh": spiked})).mean.values - forecast_of(prices).mean.values
    )

    assert np.abs(apart).max() < 0.03


@given(seed=st.integers(0, 2**32 - 1), n_days=st.integers(8, 60), scale=st.sampled_from([1e-4, 0.1, 30.0]))
@settings(max_examples=25, deadline=None)
def test_quantiles_ascend_and_are_finite_whatever_the_prices_were(seed, n_days, scale):
    random = np.random.default_rng(seed)
    grid = TimeGrid(START, HOUR, n_days * 24)
    values = scale * random.standard_cauchy(grid.n_steps).clip(-50, 50)
    values[random.random(grid.n_steps) < 0.1] = np.nan
    view = MeasurementView(Measurements(grid, {"price_per_kwh": values}), grid.end)

    forecast = forecast_price(view, beyond(start=grid.end), HELSINKI)

    rows = np.stack([forecast.quantiles[p] for p in sorted(forecast.quantiles)])
    assert np.isfinite(rows).all()
    assert (np.diff(rows, axis=0) >= 0).all()


# -- What is told of it


def test_known_prices_are_returned_as_they_are_and_the_rest_is_labelled():
    prices = year()
    grid = beyond(n_hours=36, start=NOW)

    forecast = forecast_of(prices, grid)

    n_known = (PUBLISHED_UNTIL - NOW) // HOUR
    assert forecast.mean.values[:n_known].tolist() == truth(prices, grid)[:n_known].tolist()
    assert forecast.quantiles[0.05][:n_known].tolist() == forecast.quantiles[0.95][:n_known].tolist()
    origin = forecast.mean.provenance
    assert (origin.quality, origin.issued_at) == (Quality.FORECAST, NOW)
    assert origin.note == f"forecast from {PUBLISHED_UNTIL.isoformat()} on"


def test_prices_that_ended_days_ago_are_told():
    prices = year()
    now = START + 64 * DAY
    stale = Measurements(
        prices.grid, {"price_per_kwh": np.where(np.arange(90 * 24) < 61 * 24, truth_of(prices), np.nan)}
    )

    forecast = forecast_price(MeasurementView(stale, now), beyond(start=now), HELSINKI)

    assert f"no price is known after {(START + 61 * DAY).isoformat()}" in forecast.mean.provenance.note
    assert np.abs(forecast.mean.values - truth(prices, forecast.grid)).mean() < 0.01


def truth_of(prices):
    return prices.column("price_per_kwh")


@pytest.mark.pitfall("A11")
def test_the_same_history_gives_the_same_prices_and_no_chance_is_in_them():
    prices = year(lambda grid: usual_per_kwh(grid) + 0.02 * wandering(grid))

    one, two = forecast_of(prices), forecast_of(prices)

    assert one.mean.values.tolist() == two.mean.values.tolist()
    assert one.quantiles[0.9].tolist() == two.quantiles[0.9].tolist()


@pytest.mark.pitfall("A11")
def test_below_a_week_the_last_known_day_is_repeated_and_called_assumed():
    prices = year(lambda grid: 0.01 * (np.arange(grid.n_steps) % 24))
    now = START + 3 * DAY
    view = MeasurementView(prices, now)

    forecast = forecast_price(view, beyond(start=now), HELSINKI)

    assert fit_price(view, beyond(start=now), HELSINKI) is None
    assert forecast.mean.values.tolist() == truth(prices, TimeGrid(now - DAY, HOUR, 24)).tolist() * 2
    assert forecast.mean.provenance.quality is Quality.ASSUMED
    assert "less than a week of prices is known" in forecast.mean.provenance.note
    down, up = (np.abs(forecast.quantiles[p] - forecast.mean.values) for p in (0.05, 0.95))
    assert (down > 0.05).all()
    assert (up > down).all()


@pytest.mark.pitfall("A11")
def test_without_a_day_of_prices_there_is_no_forecast():
    prices = year()
    with pytest.raises(NoHistoryError, match="price_per_kwh: no price is known for any day"):
        forecast_price(MeasurementView(prices, START + 20 * HOUR), beyond(start=START + 20 * HOUR), HELSINKI)


@pytest.mark.pitfall("A11")
@pytest.mark.parametrize("n_days", [3, 60])
def test_a_forecast_from_demo_prices_is_a_demo(n_days):
    prices = year()
    now = START + n_days * DAY
    demo = published(prices, now, now + DAY)
    demo = replace(demo, provenance=replace(demo.provenance, quality=Quality.DEMO))

    forecast = forecast_price(MeasurementView(prices, now), beyond(start=now), HELSINKI, ahead=Ahead(published=demo))

    assert forecast.mean.provenance.quality is Quality.DEMO


@pytest.mark.pitfall("A11")
def test_demo_wind_makes_a_demo_of_the_forecast_that_uses_it_and_of_no_other():
    windy, still = year(windy_price, wind_kw=wind_kw), year(wind_kw=wind_kw)
    uses, leaves_out = (forecast_of(each, wind_kw=wind_ahead(each, quality=Quality.DEMO)) for each in (windy, still))
    assert uses.mean.provenance.quality is Quality.DEMO
    assert leaves_out.mean.provenance.quality is Quality.FORECAST


# -- Models that are kept


def test_a_model_is_current_on_its_day_for_its_horizon_and_weather():
    prices = year(windy_price, wind_kw=wind_kw)
    view, ahead = MeasurementView(prices, NOW), Ahead(published=published(prices))
    model = fit_price(view, beyond(), HELSINKI, ahead=ahead)

    later, tomorrow = (MeasurementView(prices, NOW + passed) for passed in (HOUR, DAY))
    windy = replace(ahead, weather={"wind_kw": wind_ahead(prices)})
    shorter = replace(ahead, published=published(prices, until=PUBLISHED_UNTIL - HOUR))
    assert model.is_current(later, beyond(), ahead)
    assert not model.is_current(tomorrow, beyond(), ahead)
    assert not model.is_current(view, beyond(96), ahead)
    assert not model.is_current(view, beyond(), windy)
    assert not model.is_current(view, beyond(), shorter)
    assert not model.is_current(MeasurementView(prices, START), beyond())


def test_a_model_of_the_morning_uses_the_prices_published_at_noon():
    prices = year(lambda grid: usual_per_kwh(grid) + 0.03 * wandering(grid))
    before = Ahead(published=published(prices, NOW - HOUR, PUBLISHED_UNTIL - DAY))
    model = fit_price(MeasurementView(prices, NOW - HOUR), beyond(72, start=NOW), HELSINKI, ahead=before)
    view, after = MeasurementView(prices, NOW), Ahead(published=published(prices))

    assert model.is_current(view, beyond(), after)
    early, late = (model.forecast(view, beyond(), known).mean.values for known in (before, after))
    assert early.tolist() != late.tolist()


def test_holidays_are_like_sundays():
    epiphany = frozenset({date(2025, 3, 11).toordinal()})
    prices = year()
    now = datetime(2025, 3, 9, 22, tzinfo=UTC)
    grid = TimeGrid(now + DAY, HOUR, 24)

    forecast = forecast_price(MeasurementView(prices, now), grid, HELSINKI, holidays=epiphany)

    assert forecast.mean.values.max() < 0.1
