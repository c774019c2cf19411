"""Errors of a temperature forecast as a fixed ensemble."""

import numpy as np
import pytest

from voltherm.forecasting.weather_ensemble import (
    CORRELATION_H,
    ERROR_NOW_K,
    GROWTH_K2_PER_DAY,
    N_MEMBERS,
    normal_points,
    start_errors,
    temperature_errors_k,
)

LEADS_H = np.arange(48.0)


def test_the_mean_of_the_members_is_the_forecast():
    assert temperature_errors_k(LEADS_H).mean(axis=0) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("lead_h", [0.0, 6.0, 24.0, 47.0])
def test_the_spread_grows_with_lead_time_as_it_says(lead_h):
    errors = temperature_errors_k(LEADS_H)

    expected = np.sqrt(ERROR_NOW_K**2 + GROWTH_K2_PER_DAY * lead_h / 24.0)
    assert errors[:, int(lead_h)].std() == pytest.approx(expected, rel=1e-9)


def test_errors_last_as_long_as_they_should():
    errors = temperature_errors_k(LEADS_H)

    assert np.corrcoef(errors[:, 10], errors[:, 11])[0, 1] > 0.9
    at_a_day = np.corrcoef(errors[:, 10], errors[:, 10 + int(CORRELATION_H)])[0, 1]
    assert at_a_day == pytest.approx(np.exp(-1.0), abs=0.1)


def test_the_components_that_are_kept_hold_nine_tenths_of_two_days():
    apart_h = np.abs(LEADS_H[:, None] - LEADS_H[None, :])
    sizes = np.linalg.eigvalsh(np.exp(-apart_h / CORRELATION_H))

    assert sizes[-8:].sum() / sizes.sum() > 0.9


@pytest.mark.pitfall("A11")
def test_the_same_leads_have_the_same_errors():
    assert (temperature_errors_k(LEADS_H) == temperature_errors_k(LEADS_H.copy())).all()


def test_the_points_are_standard_normal_uncorrelated_and_in_pairs():
    points = normal_points(9)

    assert points.shape == (N_MEMBERS, 9)
    assert points.T @ points / N_MEMBERS == pytest.approx(np.eye(9), abs=1e-9)
    assert (points[: N_MEMBERS // 2] == -points[N_MEMBERS // 2 :]).all()
    assert np.quantile(points[:, 0], 0.84) == pytest.approx(1.0, abs=0.2)


def test_what_a_calculation_starts_with_goes_with_no_weather():
    start, errors = start_errors(), temperature_errors_k(LEADS_H)

    assert start.std() == pytest.approx(1.0)
    assert errors.T @ start / N_MEMBERS == pytest.approx(0.0, abs=1e-9)


def test_one_hour_is_an_ensemble_too():
    assert temperature_errors_k(np.array([5.0])).shape == (N_MEMBERS, 1)
