"""The simulated site: its meter adds up, its batteries obey physics, its sun obeys the export limit."""

import pytest

from tests.houses import START, house_of, pump_of
from tests.sites import ROOF, battery, site_of
from tests.tariffs import energy, tariff_of
from voltherm.application.simulated_heat_pump import Outdoors, SimulatedHeatPump
from voltherm.application.simulated_site import Setpoints, SimulatedSite, Weather
from voltherm.domain.assets import BuildingState, HeatPumpState, Load, Pv
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.heat_command import HeatOrder

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


# -- Heat pumps

COLD = Outdoors(at=START, outdoor_c=-5.0)
WARM_ROOM = HeatPumpState(building=BuildingState(room_c={"house": 21.0}, mass_c={"house": 22.0}))


def house(**pump) -> SimulatedSite:
    return SimulatedSite(house_of(Load(id="load"), pump=pump_of(**pump)), {}, {"pump": WARM_ROOM})


def test_the_meter_counts_the_heat_pump_and_its_standby():
    order = HeatOrder(low_c=(15.0,), high_c=(25.0,), compressor_kw=4.0, backup_kw=1.0)

    flows = house().advance(Setpoints(heat={"pump": order}), Weather(load_kw={"load": 0.5}, outdoors=COLD), 1.0)

    heated = flows.heat["pump"]
    assert heated.heat_kw.sum() == pytest.approx(5.0)
    assert heated.power_kw > 4.0 / 4.3 + 1.0
    assert flows.grid_kw == pytest.approx(0.5 + 0.02 + heated.power_kw)


def test_a_heat_pump_without_an_order_holds_its_own_set_point():
    flows = house().advance(Setpoints(), Weather(load_kw={"load": 0.0}, outdoors=COLD), 1.0)

    assert flows.heat["pump"].temps_c[0] == pytest.approx(21.0)
    assert flows.heat["pump"].state.building.room_c["house"] == pytest.approx(21.0)


def test_a_heat_pump_knows_how_long_it_has_run_and_rested():
    pump = SimulatedHeatPump(pump_of(), WARM_ROOM)
    on = HeatOrder(low_c=(15.0,), high_c=(25.0,), compressor_kw=4.0)
    off = HeatOrder(low_c=(15.0,), high_c=(25.0,))

    told = [pump.advance(order, COLD, 1.0).state for order in (on, on, off)]

    assert [(state.is_running, state.since_h) for state in told] == [(True, 1.0), (True, 2.0), (False, 1.0)]


@pytest.mark.parametrize(("heat_kw", "cycles"), [(0.0, False), (0.5, True), (4.0, False)])
def test_less_heat_than_at_the_modulation_floor_is_cycling(heat_kw, cycles):
    order = HeatOrder(low_c=(15.0,), high_c=(25.0,), compressor_kw=heat_kw)

    flows = SimulatedHeatPump(pump_of(), WARM_ROOM).advance(order, COLD, 1.0)

    assert flows.compressor_kw == pytest.approx(heat_kw)
    assert flows.is_cycling is cycles


def test_the_frost_guard_heats_whatever_is_ordered():
    freezing = HeatPumpState(building=BuildingState(room_c={"house": 3.0}))
    off = HeatOrder(low_c=(-40.0,), high_c=(60.0,))

    flows = SimulatedHeatPump(pump_of(), freezing).advance(off, COLD, 1.0)

    assert flows.power_kw > 1.0
    assert flows.temps_c[0] > 3.0


def test_a_site_with_a_heat_pump_needs_temperatures_and_weather():
    site = house_of(Load(id="load"))

    with pytest.raises(InvalidInputError, match="heat pump 'pump' has no temperatures"):
        SimulatedSite(site, {})
    with pytest.raises(InvalidInputError, match="give the weather outdoors"):
        house().advance(Setpoints(), Weather(load_kw={"load": 0.0}), 1.0)
