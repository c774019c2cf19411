"""The factor on the data sheet's COP."""

import numpy as np
import pytest

from tests.unit.physics.identified_house import house
from voltherm.domain.assets.heat_pump import BackupHeater, HeatPump, HeatSource, RatingPoint
from voltherm.physics.heat_pump import operating_points
from voltherm.physics.identify_cop import heat_from_power, learn_cop, with_cop_factor

DAYS = 7
SECONDS = 1_768_176_000 + 900 * np.arange(DAYS * 96)
OUTDOOR_C = 2.0 + 6.0 * np.sin(np.arange(DAYS * 96) / 40.0)


def pump(**changes) -> HeatPump:
    known = {
        "id": "hp",
        "building": house(),
        "source": HeatSource.AIR,
        "rating_points": (RatingPoint(source_c=7.0, supply_c=35.0, heat_kw=8.0, cop=4.5),),
        "standby_kw": 0.02,
    }
    return HeatPump(**(known | changes))


def running(unit: HeatPump, factor: float, seed: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Electric power with standby, and the heat of a unit that is ``factor`` times as good as its data sheet."""
    rng = np.random.default_rng(seed)
    points = operating_points(unit, OUTDOOR_C, SECONDS)
    power = rng.uniform(0.0, 1.0, len(SECONDS)) * points.capacity_kw / points.cop
    heat = factor * points.cop * power
    return power + unit.standby_kw, heat * (1.0 + 0.05 * rng.normal(size=len(heat)))


def test_the_factor_between_field_and_data_sheet_is_found_with_its_doubt():
    power, heat = running(pump(), 0.85)
    known = learn_cop(pump(), power, heat, OUTDOOR_C, SECONDS)
    assert known.value == pytest.approx(0.85, rel=0.01)
    assert known.low < 0.85 < known.high
    assert 0.0 < known.relative_sd < 0.02
    assert known.is_learned


def test_a_day_that_differs_makes_the_factor_less_sure():
    power, heat = running(pump(), 0.85)
    odd = np.where(np.arange(len(heat)) < 96, 0.5 * heat, heat)
    calm, torn = (learn_cop(pump(), power, values, OUTDOOR_C, SECONDS) for values in (heat, odd))
    assert torn.relative_sd > 5 * calm.relative_sd


def test_steps_without_a_value_are_left_out():
    power, heat = running(pump(), 0.9)
    heat[::3], power[5::7] = np.nan, np.nan
    assert learn_cop(pump(), power, heat, OUTDOOR_C, SECONDS).value == pytest.approx(0.9, rel=0.02)


def test_two_days_or_no_heat_teach_nothing():
    power, heat = running(pump(), 0.9)
    assert learn_cop(pump(), power[:192], heat[:192], OUTDOOR_C[:192], SECONDS[:192]) is None
    assert learn_cop(pump(), power, np.zeros_like(heat), OUTDOOR_C, SECONDS) is None


def test_power_becomes_the_heat_of_the_data_sheet():
    power, heat = running(pump(), 1.0)
    made = heat_from_power(pump(), power, OUTDOOR_C, SECONDS)
    assert made == pytest.approx(heat, rel=0.3, abs=1e-9)
    assert made.sum() == pytest.approx(heat.sum(), rel=0.01)


def test_power_beyond_the_compressor_is_the_backup_heaters():
    unit = pump(backup=BackupHeater(limit_kw=6.0, efficiency=0.98))
    points = operating_points(unit, OUTDOOR_C, SECONDS)
    full = points.capacity_kw / points.cop
    made = heat_from_power(unit, full + 3.0 + unit.standby_kw, OUTDOOR_C, SECONDS)
    assert made == pytest.approx(points.capacity_kw + 0.98 * 3.0)


def test_the_backup_heater_does_not_spoil_the_factor():
    unit = pump(backup=BackupHeater(limit_kw=6.0))
    points = operating_points(unit, OUTDOOR_C, SECONDS)
    helps = np.arange(len(SECONDS)) % 4 == 0
    power = points.capacity_kw / points.cop + np.where(helps, 3.0, 0.0)
    heat = 0.9 * points.capacity_kw + np.where(helps, 3.0, 0.0)
    assert learn_cop(unit, power + unit.standby_kw, heat, OUTDOOR_C, SECONDS).value == pytest.approx(0.9, rel=0.01)


def test_a_unit_with_the_factor_has_the_cop_that_was_measured():
    before, after = pump(), with_cop_factor(pump(), 0.85)
    assert operating_points(after, OUTDOOR_C, SECONDS).cop == pytest.approx(
        0.85 * operating_points(before, OUTDOOR_C, SECONDS).cop
    )
    assert with_cop_factor(pump(), 100.0).rating_points[0].cop == 12.0
