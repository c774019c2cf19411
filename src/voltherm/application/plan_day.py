"""The daily plan of a registered house: one mode a local hour, what it costs, and what it saves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Final

import numpy as np

from voltherm.application.day_account import compare
from voltherm.application.day_hours import hours_of
from voltherm.application.day_warnings import day_warnings
from voltherm.application.house_facts import BEYOND, DAY, DAYS_AHEAD, HouseFacts
from voltherm.application.house_state import HouseState, estimate_state
from voltherm.application.house_weather import HouseWeather, weather_on
from voltherm.application.local_hours import QUARTER, local_hours, next_quarter
from voltherm.application.plan_site import plan_site
from voltherm.application.planned_day import NoPlan, PlannedDay
from voltherm.application.spot_prices import SpotForecasts, SpotPrices, known_on
from voltherm.domain.assets import HeatPumpState, Schedule
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.plan import PlanInputs, PlanOptions
from voltherm.domain.tariffs import TariffValidityError
from voltherm.domain.time import TimeGrid, local_day
from voltherm.physics.building import state_of
from voltherm.ports.registry import DayPlan

ONE_MODE_AN_HOUR: Final = PlanOptions(mode_hold_h=1.0)


def day_asked_for(facts: HouseFacts, asked: date | datetime | None) -> date:
    """Return the device's local day to plan: the one asked for; else tomorrow where its prices are known, else today.

    Parameters
    ----------
    facts : HouseFacts
        The device's zone, and the prices.
    asked : date, datetime or None
        A local date, or an instant within the local day.

    Raises
    ------
    InvalidInputError
        When the day is over, or further ahead than `house_facts.DAYS_AHEAD`.
    """
    today = facts.today
    if asked is None:
        tomorrow = local_hours(today + DAY, facts.zone)
        is_known = not facts.tariff.series_names or not np.isnan(known_on(facts.spot, tomorrow)).any()
        return today + DAY if is_known else today
    day = asked.astimezone(facts.zone).date() if isinstance(asked, datetime) else asked
    if not today <= day <= today + DAYS_AHEAD * DAY:
        message = (
            f"target_date: is {day.isoformat()}, and today is {today.isoformat()} by the device's clock; "
            f"ask for today or one of the {DAYS_AHEAD} days to come"
        )
        raise InvalidInputError(message)
    return day


def plan_day(facts: HouseFacts, day: date, forecasts: SpotForecasts) -> PlannedDay | NoPlan:
    """Return the plan of a local day, from its midnight or, where that is over, from the next quarter-hour on.

    The plan knows what is published, forecast prices beyond it, the weather, and goes on for `house_facts.BEYOND`
    after the day's end, where stored heat keeps a value. Steps are quarter-hours; a mode holds for a local hour.

    Parameters
    ----------
    facts : HouseFacts
        What is known of the house.
    day : date
        Local day, as from `day_asked_for`.
    forecasts : SpotForecasts
        Continues the prices.
    """
    span = local_day(day, facts.zone)
    start = max(span.start, next_quarter(facts.now))
    end = max(span.end, start)
    wanted = TimeGrid(start, QUARTER, (end + BEYOND - start) // QUARTER)
    n_in_day = (end - start) // QUARTER
    weather = weather_on(facts.weather, wanted)
    if weather is None or weather.grid.n_steps < n_in_day:
        return _no_weather(facts, day)
    spot = forecasts.on(facts.area, facts.spot, wanted, facts.now) if facts.tariff.series_names else None
    if facts.tariff.series_names and (spot is None or spot.series.grid.n_steps < n_in_day):
        return _no_prices(facts, day)
    n_steps = weather.grid.n_steps if spot is None else min(weather.grid.n_steps, spot.series.grid.n_steps)
    try:
        return _planned(facts, day, n_in_day, weather.part(0, n_steps), None if spot is None else spot.part(0, n_steps))
    except TariffValidityError as error:
        return NoPlan(kind="no-tariff", why=str(error), remedy="name a tariff that holds then (HEAT_TARIFF)")


def _planned(facts: HouseFacts, day: date, n_in_day: int, weather: HouseWeather, spot: SpotPrices | None) -> PlannedDay:
    state = estimate_state(facts, weather.grid.start)
    inputs = _inputs(facts, state, weather, spot)
    pump = replace(facts.device.pump, schedule=Schedule.MODES)
    site = replace(facts.site, assets=(pump,))
    plan = plan_site(site, inputs)
    compared = compare(site, pump, inputs, plan, n_in_day)
    kept = DayPlan(device_id=facts.device.device_id, day=day, made_at=facts.now, inputs=inputs, plan=plan)
    planned = PlannedDay(
        facts=facts,
        day=day,
        kept=kept,
        state=state,
        hours=hours_of(facts, kept, state, spot),
        account=compared.plan,
        baseline=compared.baseline,
        heat_worth_per_kwh=compared.heat_worth_per_kwh,
        spot_origin=None if spot is None else spot.series.provenance,
        warnings=(),
    )
    return replace(planned, warnings=day_warnings(planned))


def _inputs(facts: HouseFacts, state: HouseState, weather: HouseWeather, spot: SpotPrices | None) -> PlanInputs:
    pump = facts.device.pump
    return PlanInputs(
        now=facts.now,
        grid=weather.grid,
        power_kw={},
        prices={} if spot is None else dict.fromkeys(facts.tariff.series_names, spot.series),
        options=ONE_MODE_AN_HOUR,
        heat={pump.id: HeatPumpState(building=state_of(pump.building, state.now_c), mode=state.mode)},
        weather=weather.series,
    )


def _no_prices(facts: HouseFacts, day: date) -> NoPlan:
    return NoPlan(
        kind="no-prices",
        why=f"No prices of {facts.area} are known or can be forecast for {day.isoformat()}",
        remedy="give a file with the prices (PRICES_FILE), with at least the days before, or plan a day that it has",
    )


def _no_weather(facts: HouseFacts, day: date) -> NoPlan:
    return NoPlan(
        kind="no-weather",
        why=f"The weather at {facts.device.device_id} is not known for the whole of {day.isoformat()}",
        remedy="give a file with the weather (WEATHER_FILE) that reaches so far, or plan an earlier day",
    )
