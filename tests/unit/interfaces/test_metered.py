from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements
from voltherm.domain.time import Interval, TimeGrid, zone_named
from voltherm.interfaces.metered import cut, metered_usage, require_currency

START = datetime(2026, 1, 15, 6, tzinfo=UTC)
ZONE = zone_named("America/Costa_Rica")


def site_with(*series_names):
    return SimpleNamespace(tariff=SimpleNamespace(series_names=frozenset(series_names), currency="EUR"))


def measured(**columns):
    n = len(next(iter(columns.values())))
    grid = TimeGrid(START, timedelta(hours=1), n)
    return Measurements(grid, {name: np.array(values, dtype=float) for name, values in columns.items()})


@pytest.mark.parametrize(
    "columns",
    [
        {"grid_kw": [5, -2]},
        {"import_kw": [5, 0], "export_kw": [0, 2]},
        {"load_kw": [5, 4], "pv_kw": [0, 6]},
        {"load_kw": [6, 4], "pv_kw": [0, 6], "battery_kw": [-1, 0]},
    ],
)
def test_the_meter_is_found_in_whatever_columns_there_are(columns):
    usage = metered_usage(site_with(), measured(**columns)).usage

    assert usage.import_kw.tolist() == [5, 0]
    assert usage.export_kw.tolist() == [0, 2]


def test_a_long_gap_counts_as_zero_and_is_told():
    nan = float("nan")
    metered = metered_usage(site_with(), measured(grid_kw=[1, nan, 3, nan, nan, 6]))

    assert metered.usage.import_kw.tolist() == [1, 2, 3, 0, 0, 6]
    assert metered.missing_h(Interval(START, START + timedelta(hours=4))) == 1
    assert metered.missing_h(Interval(START - timedelta(days=2), START + timedelta(days=2))) == 2


def test_the_only_price_series_may_stand_without_its_name():
    metered = metered_usage(site_with("spot"), measured(grid_kw=[1, 1], price_per_kwh=[0.1, 0.2]))

    assert metered.usage.prices["spot"].tolist() == [0.1, 0.2]


@pytest.mark.parametrize(
    ("columns", "series", "words"),
    [
        ({"t_out_c": [1]}, (), "no column grid_kw"),
        ({"grid_kw": [1]}, ("spot",), "needs price series 'spot'"),
        ({"grid_kw": [1], "price_per_kwh": [1]}, ("a", "b"), "needs price series 'a'"),
        ({"grid_kw": [1, 1], "price_per_kwh": [1, float("nan")]}, ("spot",), "misses 1 values"),
    ],
)
def test_what_cannot_be_billed_is_refused(columns, series, words):
    with pytest.raises(InvalidInputError, match=words):
        metered_usage(site_with(*series), measured(**columns))


def test_days_are_local_and_half_open():
    part = cut(measured(grid_kw=range(72)), ZONE, first="2026-01-16", after="2026-01-17")

    assert part.grid.n_steps == 24
    assert part.columns["grid_kw"][0] == 24


@pytest.mark.parametrize(
    ("first", "after", "words"),
    [
        ("July", None, "'July' is no day"),
        ("2027-01-01", None, "nothing measured"),
        ("2026-01-16", "2026-01-15", "nothing"),
    ],
)
def test_days_without_data_are_refused(first, after, words):
    with pytest.raises(InvalidInputError, match=words):
        cut(measured(grid_kw=range(72)), ZONE, first=first, after=after)


def test_prices_in_another_currency_are_refused():
    with pytest.raises(InvalidInputError, match="prices are in SEK"):
        require_currency(site_with(), "SEK")
