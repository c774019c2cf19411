"""Metered intervals become steps, and steps become memory."""

from datetime import timedelta

import pytest

from tests.sites import QUARTER, START, battery, site_of
from tests.tariffs import demand, energy, tariff_of
from voltherm.application.decide_site import ControlOptions
from voltherm.application.site_control.readings import step_means, taken_in
from voltherm.application.site_memory import SiteMemory
from voltherm.domain.control import Measured
from voltherm.domain.time import Interval

MINUTE = timedelta(minutes=1)


def metered(minute: float, length: float, grid_kw: float | None, **more) -> Measured:
    start = START + minute * MINUTE
    return Measured(interval=Interval(start, start + length * MINUTE), grid_kw=grid_kw, **more)


def test_five_minutes_become_quarter_hours():
    means = step_means([metered(0, 5, 10.0), metered(5, 5, 20.0), metered(10, 5, 60.0)], QUARTER)

    assert [mean.grid_kw for mean in means] == [30.0]
    assert means[0].interval == Interval(START, START + QUARTER)


def test_a_step_with_a_part_missing_is_no_step():
    means = step_means(
        [metered(0, 5, 10.0), metered(10, 5, 60.0), *(metered(15 + 5 * i, 5, 9.0) for i in range(3))], QUARTER
    )

    assert [mean.interval.start for mean in means] == [START + QUARTER]


def test_an_hour_becomes_four_steps_of_the_same_mean():
    means = step_means([metered(0, 60, 40.0, soc={"bess": 0.4})], QUARTER)

    assert [mean.grid_kw for mean in means] == [40.0] * 4
    assert [dict(mean.soc) for mean in means] == [{}, {}, {}, {"bess": 0.4}]


def test_a_power_that_one_part_lacks_is_missing():
    parts = [metered(0, 5, 1.0, power_kw={"load": 1.0}), metered(5, 5, 1.0), metered(10, 5, 1.0)]

    assert step_means(parts, QUARTER)[0].power_kw == {}


@pytest.mark.pitfall("M5")
def test_the_ledger_keeps_the_highest_mean_and_telling_twice_changes_nothing():
    site = site_of(tariff_of(energy(1.0), demand(10.0)), battery())
    means = [metered(15 * i, 15, kw, power_kw={"load": kw}) for i, kw in enumerate((10.0, 70.0, 30.0))]

    once = taken_in(site, SiteMemory(), means, ControlOptions())
    twice = taken_in(site, once, means, ControlOptions())

    assert once.ledger.reached_kw(site.tariff.demand_rules[0]) == 70.0
    assert twice.ledger == once.ledger
    assert twice.history.column("load_kw").tolist() == [10.0, 70.0, 30.0]


def test_an_asset_that_the_site_does_not_have_is_left_out():
    site = site_of(tariff_of(energy(1.0)), battery())

    memory = taken_in(site, SiteMemory(), [metered(0, 15, 5.0, power_kw={"load": 5.0, "sauna": 9.0})], ControlOptions())

    assert memory.history.column("load_kw").tolist() == [5.0]
    assert memory.ledger.import_kwh == pytest.approx(1.25)
