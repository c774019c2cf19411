"""Without a plan the meter alone rules: surplus in, peaks out, and never from the grid."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sites import battery, site_of
from tests.tariffs import demand, energy, tariff_of
from voltherm.application.local_rule import local_powers
from voltherm.domain.control import MeterReading
from voltherm.physics.guard import ImportBounds

SITE = site_of(tariff_of(energy(1.0), demand(10.0)), battery(soc_min=0.1, soc_max=0.9))


def rule(net_kw: float, soc: float | None, ceiling_kw: float = math.inf, left_h: float = 0.25) -> float:
    reading = MeterReading(net_kw=net_kw, soc={} if soc is None else {"bess": soc})
    bounds = ImportBounds(ceiling_kw, SITE.connection.export_limit_kw)
    return local_powers(SITE.batteries, bounds, reading, left_h)["bess"]


def test_surplus_is_stored():
    assert rule(-20.0, 0.5) == 20.0


def test_a_full_battery_takes_no_surplus():
    assert rule(-20.0, 0.9) == 0.0


def test_import_above_the_ceiling_is_met():
    assert rule(100.0, 0.5, ceiling_kw=80.0) == pytest.approx(-20.0)


def test_an_empty_battery_gives_nothing():
    assert rule(100.0, 0.1, ceiling_kw=80.0) == 0.0


def test_below_the_ceiling_it_rests():
    assert rule(50.0, 0.5, ceiling_kw=80.0) == 0.0


@pytest.mark.pitfall("M13")
def test_without_a_soc_it_rests():
    assert rule(100.0, None, ceiling_kw=80.0) == 0.0
    assert rule(-100.0, None) == 0.0


@given(net_kw=st.floats(-200, 200), soc=st.floats(0, 1), ceiling_kw=st.floats(0, 200), left_h=st.floats(0.005, 0.25))
def test_it_never_charges_from_the_grid_and_never_exports_by_discharging(net_kw, soc, ceiling_kw, left_h):
    power = rule(net_kw, soc, ceiling_kw, left_h)

    assert power <= max(0.0, -net_kw) + 1e-9
    assert power >= min(0.0, -net_kw) - 1e-9
