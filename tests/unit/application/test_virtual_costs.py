"""The bills on both sides are the tariff's own, of the means that the meter tells."""

from datetime import timedelta

import numpy as np
import pytest

from tests.sites import battery, site_of
from tests.tariffs import demand, energy, tariff_of
from tests.virtual_sites import START, one_battery_site, recorded, setpoint, virtual_site
from voltherm.application.virtual_costs import costs_of
from voltherm.application.virtual_meter import metering_step
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.tariffs import Usage
from voltherm.domain.time import TimeGrid


def costs(virtual):
    return costs_of(virtual.site, virtual.profile, list(virtual.meter.intervals), virtual.meter.step)


def shaved():
    virtual = virtual_site(one_battery_site(standby_kw=1.0), recorded([40.0, 40.0, 90.0, 40.0]))
    for hour in range(5):
        virtual.advance(START + timedelta(hours=hour, minutes=30))
        virtual.receive("bess", setpoint(-25.0, virtual.now, seconds=900))
    virtual.advance(START + timedelta(hours=5))
    return virtual


def test_what_is_saved_is_the_peak_less_the_energy_that_was_used_up():
    virtual = shaved()
    (period,) = costs(virtual)

    assert period.without_battery.total == pytest.approx(0.2 * 5 * 52.5 + 10 * 90)
    assert period.with_battery.total == pytest.approx(0.2 * (5 * 52.5 - 5 * 6.25 + 5) + 10 * (90 - 25 + 1))
    assert period.saved == pytest.approx(period.without_battery.total - period.with_battery.total)


@pytest.mark.pitfall("M20")
def test_both_bills_are_those_of_the_tariff_on_the_interval_means():
    virtual = shaved()
    (period,) = costs(virtual)
    grid = TimeGrid(START, virtual.meter.step, len(virtual.meter.intervals))
    means = np.array([metered.grid_kw for metered in virtual.meter.intervals])

    assert virtual.site.tariff.bill(Usage.of_net(grid, means))[0] == period.with_battery


def test_each_billing_period_has_its_own_bill():
    virtual = virtual_site(one_battery_site(), start=START)
    virtual.advance(START + timedelta(days=40))
    first, second = costs(virtual)

    assert not first.with_battery.complete
    assert first.period.end == second.period.start
    assert second.saved == 0


def test_without_intervals_there_is_no_bill():
    assert costs(virtual_site(one_battery_site())) == ()


def test_a_price_series_that_is_not_recorded_is_named():
    virtual = virtual_site(site_of(tariff_of(energy(series="spot")), battery()))
    virtual.advance(START + timedelta(hours=1))

    with pytest.raises(InvalidInputError, match="price series 'spot'"):
        costs(virtual)


@pytest.mark.parametrize(("asked", "metered"), [((), 15), ((30,), 15), ((10,), 5), ((60, 20), 5)])
def test_the_meter_is_as_fine_as_the_tariff_needs_and_no_coarser_than_a_quarter(asked, metered):
    rules = [demand(1.0, name=f"peak{n}", interval_minutes=n) for n in asked]
    site = site_of(tariff_of(energy(0.2), *rules), battery())

    assert metering_step(site) == timedelta(minutes=metered)
