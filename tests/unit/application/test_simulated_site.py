"""The simulated site: its meter adds up, its batteries obey physics, its sun obeys the export limit."""

import pytest

from tests.sites import ROOF, battery, site_of
from tests.tariffs import energy, tariff_of
from voltherm.application.simulated_site import Setpoints, SimulatedSite, Weather
from voltherm.domain.assets import Pv

QUARTER_H = 0.25


def plant(*assets, soc=0.5, **limits) -> SimulatedSite:
    site = site_of(tariff_of(energy(0.2)), *assets, **limits)
    return SimulatedSite(site, {each.id: soc for each in site.batteries})


def weather(load_kw, pv_kw=0.0) -> Weather:
    return Weather(load_kw={"load": load_kw}, pv_kw={"roof": pv_kw})


def test_the_meter_is_load_less_sun_plus_battery_plus_standby():
    flows = plant(battery(standby_kw=1.0), ROOF).advance(Setpoints(battery_kw={"bess": 20.0}), weather(50, 10), 0.25)

    assert flows.grid_kw == pytest.approx(50 - 10 + 20 + 1)
    assert flows.soc["bess"] == pytest.approx(0.5 + 0.25 * 0.9 * 20 / 100)


def test_a_battery_gives_no_more_than_its_limit_and_its_energy():
    site = plant(battery(), ROOF, soc=0.05)

    flows = site.advance(Setpoints(battery_kw={"bess": -500.0}), weather(100), 1.0)

    assert flows.battery_kw["bess"] == pytest.approx(-5 * 0.9)
    assert flows.soc["bess"] == pytest.approx(0.0)


def test_a_battery_without_setpoint_rests():
    flows = plant(battery(), ROOF).advance(Setpoints(), weather(40), QUARTER_H)

    assert flows.battery_kw["bess"] == 0.0
    assert flows.grid_kw == 40.0


def test_sun_beyond_the_export_limit_stays_on_the_roof():
    flows = plant(ROOF, export_limit_kw=5.0).advance(Setpoints(), weather(10, 30), QUARTER_H)

    assert flows.grid_kw == pytest.approx(-5.0)
    assert flows.pv_curtailed_kw == pytest.approx(15.0)


def test_sun_that_cannot_be_curtailed_breaks_the_export_limit():
    flows = plant(Pv(id="roof", curtailable=False)).advance(Setpoints(), weather(10, 30), QUARTER_H)

    assert flows.grid_kw == pytest.approx(-20.0)
    assert flows.pv_curtailed_kw == 0.0


def test_an_inverter_gives_no_more_than_its_rating():
    flows = plant(Pv(id="roof", rated_kw=20.0)).advance(Setpoints(), weather(100, 30), QUARTER_H)

    assert flows.pv_used_kw == pytest.approx(20.0)


def test_a_limit_on_the_sun_is_kept():
    flows = plant(ROOF).advance(Setpoints(pv_limit_kw={"roof": 8.0}), weather(100, 30), QUARTER_H)

    assert flows.pv_used_kw == pytest.approx(8.0)


def test_the_net_load_is_the_meter_with_resting_batteries():
    assert plant(battery(standby_kw=1.0), ROOF).net_kw(weather(50, 10)) == pytest.approx(41.0)
