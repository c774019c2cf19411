"""What whoever reads a daily plan must know: in words, with the figures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from voltherm.application.house_facts import HouseFacts
from voltherm.application.house_state import HouseState, StartKind
from voltherm.application.house_weather import NO_SUN, SUN, sees_sun
from voltherm.application.planned_day import PlannedDay
from voltherm.application.spot_prices import PriceQuality
from voltherm.domain.plan import Fallback, HeatReason, Infeasible

LEAST_LOSS: Final = 0.005
"""A plan that costs less than half a cent more than the thermostat is as good. [currency]"""
LEAST_KH: Final = 0.05
"""Discomfort below this over a day is not felt. [K h]"""


def day_warnings(planned: PlannedDay) -> tuple[str, ...]:
    """Return what to know about a daily plan, the gravest first."""
    return (
        *_of_comfort(planned),
        *_of_outcome(planned),
        *start_warnings(planned.facts, planned.state),
        *_of_prices(planned),
        *_of_weather(planned),
        *_of_savings(planned),
    )


def start_warnings(facts: HouseFacts, state: HouseState) -> tuple[str, ...]:
    """Return what to know about the temperatures that a calculation begins with."""
    match state.kind:
        case StartKind.MEASURED:
            return ()
        case StartKind.STALE:
            reading = state.reading
            age_h = 0.0 if reading is None else (facts.now - reading.at).total_seconds() / 3600
            return (f"The last indoor temperature is {age_h:.1f} h old; since then it is simulated",)
        case StartKind.ASSUMED:
            assumed = f"the set point of {facts.device.pump.normal_c:.1f} °C is assumed"
            return (f"No indoor temperature was measured in the last day: {assumed}",)


def _of_comfort(planned: PlannedDay) -> Iterator[str]:
    unreachable = [hour for hour in planned.hours if hour.reason is HeatReason.CANNOT_KEEP_COMFORT]
    if unreachable:
        coldest_c = planned.account.lowest_indoor_c
        since = _clock(planned, unreachable[0].start)
        yield f"Comfort cannot be kept from {since} on, though all that there is runs: it falls to {coldest_c:.1f} °C"
    elif planned.account.discomfort_kh >= LEAST_KH:
        yield f"The rooms are outside their band for {planned.account.discomfort_kh:.1f} kelvin-hours"


def _of_outcome(planned: PlannedDay) -> Iterator[str]:
    outcome = planned.kept.plan.outcome
    if isinstance(outcome, Fallback | Infeasible):
        yield f"There is no optimized plan, the heat pump is left to its own control: {outcome.why}"


def _of_prices(planned: PlannedDay) -> Iterator[str]:
    qualities = [hour.quality for hour in planned.hours if not hour.is_elapsed]
    if PriceQuality.DEMO in qualities and planned.spot_origin is not None:
        yield f"The prices are not those of the day, but a {planned.spot_origin.source}"
    n_forecast = qualities.count(PriceQuality.FORECAST)
    if n_forecast:
        yield f"The prices of {n_forecast} hours are not published yet and are forecast"
    if planned.facts.tariff.demand_rules:
        yield "Demand charges are counted as if the meter had seen nothing else in the billing period"


def _of_weather(planned: PlannedDay) -> Iterator[str]:
    facts = planned.facts
    if facts.demo_weather is not None:
        yield f"The weather is not that of the day, but a {facts.demo_weather}"
    if planned.kept.inputs.weather[SUN].provenance is NO_SUN and sees_sun(facts.device.pump):
        yield "No sunshine is known: it is left out, and rooms may become warmer than told"


def _of_savings(planned: PlannedDay) -> Iterator[str]:
    if planned.savings < -LEAST_LOSS:
        currency = planned.facts.tariff.currency
        yield (
            f"The plan costs {-planned.savings:.2f} {currency} more than the thermostat would: it keeps "
            f"{planned.account.mean_indoor_c:.1f} °C, the thermostat {planned.baseline.mean_indoor_c:.1f} °C"
        )


def _clock(planned: PlannedDay, moment: datetime) -> str:
    return moment.astimezone(planned.facts.zone).strftime("%H:%M")
