"""Series: values that know their grid, where they come from and how old they are."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.series import Forecast, Provenance, Quality, Series, read_only
from voltherm.domain.time import TimeGrid

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
GRID = TimeGrid(NOON, timedelta(minutes=15), 4)


@pytest.mark.pitfall("M29")
def test_a_series_carries_start_step_zone_and_quality():
    series = Series(GRID, [1, 2, 3, 4], Provenance(source="meter", quality=Quality.MEASURED))
    assert series.grid.start == NOON
    assert series.grid.start.tzinfo is UTC
    assert series.grid.step == timedelta(minutes=15)
    assert series.provenance.quality is Quality.MEASURED


def test_values_cannot_be_changed():
    series = Series(GRID, np.ones(4))
    with pytest.raises(ValueError, match="read-only"):
        series.values[0] = 2.0


def test_the_callers_array_is_not_bound():
    values = np.ones(4)
    series = Series(GRID, values)
    values[0] = 7.0
    assert series.values[0] == 1.0


@pytest.mark.parametrize("values", [[1, 2, 3], [1, 2, 3, 4, 5], [[1, 2, 3, 4]]])
def test_another_number_of_values_than_steps_is_refused(values):
    with pytest.raises(InvalidInputError, match=r"the grid needs \(4,\)"):
        read_only(values, 4, "load")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_value_that_is_not_finite_is_refused_with_its_step(value):
    with pytest.raises(InvalidInputError, match=r"load: value .* at step 2"):
        read_only([1, 2, value, 4], 4, "load")


def test_a_part_keeps_time_and_provenance():
    series = Series(GRID, [1, 2, 3, 4], Provenance(source="meter", quality=Quality.REPAIRED))
    part = series.part(1, 2)
    assert part.grid.start == NOON + timedelta(minutes=15)
    assert part.values.tolist() == [2, 3]
    assert part.provenance is series.provenance


@pytest.mark.pitfall("M7")
def test_an_issue_time_without_zone_is_refused():
    with pytest.raises(InvalidInputError, match="issued_at"):
        Provenance(source="x", quality=Quality.FORECAST, issued_at=datetime(2025, 6, 1))  # noqa: DTZ001


def test_age_is_counted_from_the_issue():
    source = Provenance(source="x", quality=Quality.FORECAST, issued_at=NOON)
    assert source.age_minutes(NOON + timedelta(hours=2)) == 120.0


def test_no_issue_time_has_no_age():
    assert Provenance(source="x", quality=Quality.FORECAST).age_minutes(NOON) is None


def test_a_forecast_has_the_grid_and_issue_time_of_its_mean():
    source = Provenance(source="x", quality=Quality.FORECAST, issued_at=NOON)
    forecast = Forecast(Series(GRID, np.ones(4), source))
    assert forecast.grid is GRID
    assert forecast.issued_at == NOON
