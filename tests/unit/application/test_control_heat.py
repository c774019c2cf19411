"""The controller with a heat pump: what it must know, what it tells, and that it travels to other processes."""

import pickle
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from tests.houses import HOUR, QUICK, ROOM, START, house_of, measured, pump_of
from voltherm.application.control_step import SiteController
from voltherm.application.decide_site import DecisionJob, decide_job
from voltherm.application.month_targets import month_targets
from voltherm.application.own_forecasts import OwnForecasts
from voltherm.application.site_memory import SiteMemory, observed
from voltherm.application.weather_outlook import look_out_weather
from voltherm.domain.assets import Battery, BatteryState, BuildingState, HeatPumpState, Schedule
from voltherm.domain.control import Measured, Rung
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.ledger import Ledger
from voltherm.domain.measurements import Measurements
from voltherm.domain.plan import HeatReason
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.tariffs import Demand, Energy, Metering, Price
from voltherm.domain.time import Interval, TimeGrid

SITE = house_of()
STATE = HeatPumpState(building=BuildingState(room_c={"house": 21.0}, mass_c={"house": 21.0}))
BEFORE = Interval(START - HOUR, START)
DEAR = TimeGrid(START, HOUR, 24)
"""A day of known prices."""


def history() -> Measurements:
    return measured().within(Interval(START - timedelta(days=9), START))


def controller(site=SITE, state=STATE, at=BEFORE, **more) -> SiteController:
    told = SiteController(site, history(), options=QUICK)
    if state is not None:
        told.observe(at.end, Measured(interval=at, heat={"pump": state}, **more))
    return told


def test_a_heat_pump_is_told_one_order_for_the_running_step():
    decision = controller().decide(START)

    (command,) = decision.heat_commands
    heat = decision.plan.assets["pump"].heat
    assert decision.rung is Rung.FRESH_PLAN
    assert (command.asset_id, command.valid_from, command.valid_until) == ("pump", START, START + HOUR)
    assert command.order.compressor_kw == pytest.approx(heat.compressor_kw[0])
    assert command.order.low_c == (20.5,)
    assert command.order.high_c == (22.5,)
    assert isinstance(command.reason, HeatReason)


def test_where_a_modulating_unit_heats_it_brings_the_room_to_where_the_plan_has_it():
    cold = HeatPumpState(building=BuildingState(room_c={"house": 20.0}, mass_c={"house": 20.3}))

    decision = controller(state=cold).decide(START)

    order = decision.heat_commands[0].order
    assert order.compressor_kw > 1.0
    assert order.aim_c == pytest.approx((decision.plan.assets["pump"].heat.temps_c[1, 0],))
    assert order.shares == (1.0,)


def test_a_room_that_coasts_is_left_to_coast():
    warm = HeatPumpState(building=BuildingState(room_c={"house": 22.0}, mass_c={"house": 24.0}))
    morning = START + 5 * HOUR  # the dearest hours begin
    told = controller(state=warm, at=Interval(morning - HOUR, morning))

    prices = {"spot": measured().series("price_per_kwh", DEAR, source="market")}

    order = told.decide(morning, prices).heat_commands[0].order

    assert order.compressor_kw == pytest.approx(0.0, abs=1e-6)
    assert order.aim_c is None
    assert order.high_c == (22.5,)


def test_a_unit_that_is_switched_gets_its_heat_without_an_aim():
    site = house_of(pump=pump_of(schedule=Schedule.ON_OFF))

    order = controller(site).decide(START).heat_commands[0].order

    assert order.aim_c is None


@pytest.mark.pitfall("A8")
def test_without_a_room_temperature_there_is_no_setpoint():
    decision = controller(state=None).decide(START)

    assert decision.rung is Rung.NO_SETPOINT
    assert decision.why == "no room temperature of 'pump' has been observed"
    assert decision.heat_commands == ()


@pytest.mark.pitfall("A8")
def test_a_room_temperature_too_old_to_plan_on_leads_to_no_setpoint():
    told = controller()

    fresh, stale = told.decide(START + HOUR), told.decide(START + 2 * HOUR)

    assert fresh.rung is Rung.FRESH_PLAN
    assert stale.rung is Rung.NO_SETPOINT
    assert "too old to plan on" in stale.why


def test_an_observation_of_a_heat_pump_that_is_not_there_is_refused():
    with pytest.raises(InvalidInputError, match="'furnace' is no asset"):
        observed(SITE, SiteMemory(), Measured(interval=BEFORE, heat={"furnace": STATE}), timedelta(days=1))


def test_without_a_meter_the_balance_counts_heat_pump_and_standby():
    site = house_of(rules=(Energy(id="energy", price=Price(const=0.2)),))
    told = Measured(interval=BEFORE, power_kw={"pump": 1.5})

    memory = observed(site, SiteMemory(), told, timedelta(days=1))

    assert memory.ledger.import_kwh == pytest.approx(1.52)


def test_a_decision_with_heat_is_the_same_in_another_process():
    memory = observed(SITE, SiteMemory(history=history()), Measured(interval=BEFORE, heat={"pump": STATE}), HOUR)
    job = DecisionJob(site=SITE, memory=memory, now=START, forecasts={}, options=QUICK)

    here, there = decide_job(job), decide_job(sent(job))

    assert here.decision.heat_commands == there.decision.heat_commands == sent(there).decision.heat_commands


def sent(what):
    return pickle.loads(pickle.dumps(what))  # noqa: S301 - our own bytes


def outlook(given=None, past="history", site=SITE):
    known = history() if past == "history" else past
    grid = TimeGrid(START, HOUR, 24)
    return look_out_weather(site, known, START, grid, given or {}, OwnForecasts(site))


def given_c(hours: int, value=-7.0) -> Series:
    source = Provenance(source="weather service", quality=Quality.FORECAST, issued_at=START)
    return Series(TimeGrid(START, HOUR, hours), np.full(hours, value), source)


def test_the_weather_comes_from_history_where_none_is_given():
    weather = outlook()

    assert set(weather) == {"outdoor_c"}
    assert weather["outdoor_c"].provenance.source == "outdoor temperature from history"


def test_a_given_forecast_is_taken_and_its_end_continued_from_history():
    whole, part = outlook({"outdoor_c": given_c(24)})["outdoor_c"], outlook({"outdoor_c": given_c(10)})["outdoor_c"]

    assert (whole.values == -7.0).all()
    assert (part.values[:10] == -7.0).all()
    assert part.values[10:] == pytest.approx(outlook()["outdoor_c"].values[10:])
    assert "14 steps not covered" in part.provenance.note


def test_weather_from_a_service_moves_the_plan():
    told = controller()

    usual, cold = told.decide(START), told.decide(START, {"outdoor_c": given_c(48, -20.0)})

    assert cold.plan.objective.bill > usual.plan.objective.bill + 0.5


def test_without_any_outdoor_temperature_there_is_no_setpoint_and_the_reason_says_so():
    alone = Measurements(history().grid, {"price_per_kwh": history().column("price_per_kwh")})
    told = SiteController(SITE, alone, options=QUICK)
    told.observe(START, Measured(interval=BEFORE, heat={"pump": STATE}))

    decision = told.decide(START)

    assert decision.rung is Rung.NO_SETPOINT
    assert "outdoor_c: no forecast is given and the history has no column 't_out_c'" in decision.why


def test_sun_that_nobody_knows_is_left_out_and_labelled():
    sunny = house_of(pump=pump_of(replace(ROOM, solar_aperture_m2=3.0)))

    sun = outlook(site=sunny)["irradiance_w_m2"]

    assert not sun.values.any()
    assert sun.provenance.quality is Quality.ASSUMED


def test_the_sun_comes_from_history_where_it_was_measured():
    sunny = house_of(pump=pump_of(replace(ROOM, solar_aperture_m2=3.0)))
    hour = np.arange(history().grid.n_steps) % 24
    shone = 200.0 * np.maximum(0.0, np.sin((hour - 8) / 8 * np.pi))
    past = Measurements(history().grid, {**history().columns, "irradiance_w_m2": shone})

    sun = outlook(past=past, site=sunny)["irradiance_w_m2"]

    assert sun.values == pytest.approx(shone[:24], abs=30.0)
    assert sun.provenance.quality is Quality.FORECAST


def test_a_site_without_heat_pumps_asks_for_no_weather():
    battery = Battery(id="bess", capacity_kwh=5.0, charge_limit_kw=1.0, discharge_limit_kw=1.0)

    assert outlook(past=None, site=replace(SITE, assets=(battery,))) == {}


def test_the_month_target_is_a_peak_that_house_and_heat_pump_can_hold():
    peak = Demand(id="peak", price=Price(const=10.0), metering=Metering(interval_minutes=60))
    site = house_of(rules=(Energy(id="spot", price=Price(series="spot")), peak))
    grid = TimeGrid(START, HOUR, 36)

    targets = month_targets(site, history(), Ledger.empty(), {}, grid, {"pump": STATE})
    nothing = month_targets(site, None, Ledger.empty(), {}, grid, {"pump": STATE})

    assert 0.5 < targets["peak"] < 4.0
    assert nothing == {}


def test_a_battery_and_a_heat_pump_are_told_by_one_plan():
    battery = Battery(id="bess", capacity_kwh=8.0, charge_limit_kw=3.0, discharge_limit_kw=3.0, wear_cost_per_kwh=0.001)
    told = controller(house_of(battery), soc={"bess": 0.5})

    decision = told.decide(START)

    assert [command.asset_id for command in decision.commands] == ["bess"]
    assert [command.asset_id for command in decision.heat_commands] == ["pump"]
    assert BatteryState(soc=0.5).soc == decision.plan.assets["bess"].soc[0]
