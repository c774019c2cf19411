"""Holding the mean of a metering interval."""

import pytest

from tests.sites import battery
from voltherm.domain.control import MeterReading
from voltherm.physics.guard import ImportBounds, allowed_import_kw, guarded_powers

BESS = battery(discharge_efficiency=1.0)


def reading(net_kw, **more) -> MeterReading:
    return MeterReading(net_kw=net_kw, soc={"bess": 0.5, "spare": 0.5}, **more)


def powers(planned_kw, ceiling_kw, seen, *, step_h=0.25):
    return guarded_powers((BESS,), {"bess": planned_kw}, ImportBounds(ceiling_kw, 1000.0), seen, step_h)["bess"]


def test_a_quiet_half_of_the_interval_leaves_more_for_the_other():
    assert allowed_import_kw(100.0, reading(0.0, elapsed_share=0.5, mean_so_far_kw=60.0)) == 140.0


def test_a_ceiling_that_is_out_of_reach_allows_less_than_nothing():
    assert allowed_import_kw(100.0, reading(0.0, elapsed_share=0.9, mean_so_far_kw=200.0)) < 0


def test_a_plan_below_the_ceiling_stays():
    assert powers(30.0, 100.0, reading(60.0)) == 30.0


def test_charging_gives_way_to_the_ceiling():
    assert powers(30.0, 100.0, reading(90.0)) == pytest.approx(10.0)


def test_the_battery_discharges_for_what_is_above_the_ceiling():
    assert powers(30.0, 100.0, reading(120.0)) == pytest.approx(-20.0)


def test_it_gives_no_more_than_its_limit():
    assert powers(0.0, 0.0, reading(500.0)) == -50.0


def test_it_gives_no_more_than_its_energy_lasts_for():
    assert powers(0.0, 0.0, reading(500.0), step_h=2.0) == -25.0


def test_a_spare_ceiling_is_no_reason_to_charge():
    assert powers(-20.0, 1000.0, reading(0.0)) == -20.0


def test_without_a_known_soc_charging_is_cut_and_nothing_discharged():
    blind = MeterReading(net_kw=120.0)
    assert guarded_powers((BESS,), {"bess": 30.0}, ImportBounds(100.0, 0.0), blind, 0.25) == {"bess": 0.0}


def test_a_planned_discharge_is_never_lowered_by_the_guard():
    empty = MeterReading(net_kw=120.0, soc={"bess": 0.0})
    assert guarded_powers((BESS,), {"bess": -5.0}, ImportBounds(100.0, 0.0), empty, 0.25) == {"bess": -5.0}


def test_the_first_battery_gives_first_and_the_second_the_rest():
    spare = battery("spare")
    both = guarded_powers((BESS, spare), {"bess": 0.0, "spare": 0.0}, ImportBounds(100.0, 0.0), reading(170.0), 0.25)
    assert both == pytest.approx({"bess": -50.0, "spare": -20.0})


def test_a_discharge_that_would_export_beyond_the_limit_is_cut():
    low_load = reading(20.0)
    assert guarded_powers((BESS,), {"bess": -50.0}, ImportBounds(100.0, 0.0), low_load, 0.25) == {"bess": -20.0}
    assert guarded_powers((BESS,), {"bess": -50.0}, ImportBounds(100.0, 10.0), low_load, 0.25) == {"bess": -30.0}


def test_pv_beyond_the_export_limit_forces_no_charging():
    sunny = reading(-40.0)
    assert guarded_powers((BESS,), {"bess": -5.0}, ImportBounds(100.0, 0.0), sunny, 0.25) == {"bess": 0.0}


def test_making_up_for_a_lost_interval_does_not_export_beyond_the_limit():
    late = reading(10.0, mean_so_far_kw=200.0, elapsed_share=0.9)
    assert guarded_powers((BESS,), {"bess": 0.0}, ImportBounds(100.0, 0.0), late, 0.025) == {"bess": -10.0}
