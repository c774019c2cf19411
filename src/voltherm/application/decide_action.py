"""What a heat pump should do right now: the stored plan, corrected by what was measured since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from voltherm.application.current_action import ActionSource, Cause, CurrentAction, PriceNow
from voltherm.application.day_hours import heat_of
from voltherm.application.house_facts import HouseFacts
from voltherm.application.house_state import STALE_AFTER
from voltherm.application.house_weather import outdoor_on
from voltherm.application.local_hours import HOUR, QUARTER, local_hours, next_quarter
from voltherm.application.plan_day import plan_day
from voltherm.application.planned_day import NoPlan, PlannedDay
from voltherm.application.price_parts import price_parts
from voltherm.application.published_prices import price_at
from voltherm.application.spot_prices import PriceQuality, SpotForecasts
from voltherm.domain.assets import HeatMode
from voltherm.domain.plan import HeatReason
from voltherm.domain.registered_device import HeatReading
from voltherm.domain.time import TimeGrid
from voltherm.physics.heat_pump import mode_requests, operating_points
from voltherm.ports.registry import DayPlan

REPLAN_AT_K: Final = 0.5
"""A room this far from where the plan has it is another room than the one that was planned for. [K]"""
FLOOR_K: Final = 0.5
"""A room this far below its band is heated, whatever was planned: errors of sensors are smaller. [K]"""
RUNNING_KW: Final = 1e-6
"""Heat of less than a milliwatt is none. [kW]"""


def decide_action(facts: HouseFacts, forecasts: SpotForecasts) -> CurrentAction:
    """Return what the heat pump should do now.

    The stored plan of today is followed. Where the last indoor temperature is younger than `STALE_AFTER` and further
    than `REPLAN_AT_K` from where the plan had it, or there is no plan, it is planned anew from now; where that cannot
    be done, the heat pump is left to its own control. A room that is too cold is heated whatever the plan says.

    Parameters
    ----------
    facts : HouseFacts
        What is known.
    forecasts : SpotForecasts
        Continues the prices, for a new plan.
    """
    decided = _floored(facts, _followed(facts, forecasts))
    outdoor_c = _outdoor_c(facts)
    return CurrentAction(
        facts=facts,
        mode=decided.mode,
        source=decided.source,
        cause=decided.cause,
        reason=decided.reason,
        should_run=_heats(facts, decided.mode, outdoor_c),
        price=_price_now(facts),
        reading=facts.last_indoor,
        expected_c=None if decided.plan is None else expected_c(decided.plan, facts.now),
        outdoor_c=outdoor_c,
        plan=decided.plan,
        fresh=decided.fresh,
        valid_until=_valid_until(facts, decided.source),
        warnings=tuple(_warnings(facts, decided)),
    )


def expected_c(plan: DayPlan, moment: datetime) -> float:
    """Return where a plan has the room at an instant, the mean of several; outside the plan, at its nearer end. [degC].

    Parameters
    ----------
    plan : DayPlan
        The plan.
    moment : datetime
        The instant.
    """
    rooms_c = heat_of(plan).temps_c[:, : heat_of(plan).heat_kw.shape[1]].mean(axis=1)
    place = (moment - plan.plan.grid.start) / plan.plan.grid.step
    return float(np.interp(place, np.arange(len(rooms_c)), rooms_c))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Decided:
    mode: HeatMode
    source: ActionSource
    cause: Cause
    reason: HeatReason | None = None
    plan: DayPlan | None = None
    fresh: PlannedDay | None = None
    trouble: str = ""


def _followed(facts: HouseFacts, forecasts: SpotForecasts) -> _Decided:
    """The stored plan, a new one, or none."""
    stored = facts.plans.get(facts.today)
    step = None if stored is None else _step_of(stored, facts.now)
    if stored is not None and step is not None:
        followed = _by_plan(stored, step, ActionSource.STORED_PLAN, Cause.PLANNED)
        if not _has_drifted(facts, stored):
            return followed
        return _planned_anew(facts, forecasts, followed, Cause.DRIFTED)
    alone = _Decided(
        mode=HeatMode.NORMAL,
        source=ActionSource.OWN_CONTROL,
        cause=Cause.NOTHING_KNOWN,
        reason=HeatReason.OWN_CONTROL,
    )
    return _planned_anew(facts, forecasts, alone, Cause.NO_STORED_PLAN)


def _planned_anew(facts: HouseFacts, forecasts: SpotForecasts, otherwise: _Decided, cause: Cause) -> _Decided:
    made = plan_day(facts, facts.today, forecasts)
    if isinstance(made, NoPlan):
        return replace(otherwise, trouble=made.why)
    decided = _by_plan(made.kept, 0, ActionSource.REPLANNED, cause)
    return replace(decided, fresh=made)


def _by_plan(plan: DayPlan, step: int, source: ActionSource, cause: Cause) -> _Decided:
    heat = heat_of(plan)
    mode = HeatMode.NORMAL if heat.modes is None else heat.modes[step]
    return _Decided(mode=mode, source=source, cause=cause, reason=heat.reasons[step], plan=plan)


def _step_of(plan: DayPlan, now: datetime) -> int | None:
    """The step of a plan that holds now; one that begins within the next quarter-hour was made for now."""
    grid = plan.plan.grid
    if not grid.start - QUARTER < now < grid.end:
        return None
    return grid.index_of(max(now, grid.start))


def _fresh_reading(facts: HouseFacts) -> HeatReading | None:
    reading = facts.last_indoor
    return reading if reading is not None and facts.now - reading.at <= STALE_AFTER else None


def _has_drifted(facts: HouseFacts, plan: DayPlan) -> bool:
    """Whether the room was measured elsewhere than where the plan had it then."""
    reading = _fresh_reading(facts)
    if reading is None or reading.indoor_c is None or reading.at < plan.plan.grid.start:
        return False
    return abs(reading.indoor_c - expected_c(plan, reading.at)) > REPLAN_AT_K


def _floored(facts: HouseFacts, decided: _Decided) -> _Decided:
    """Heat a room that is too cold, whatever was decided."""
    reading = _fresh_reading(facts)
    if reading is None or reading.indoor_c is None:
        return decided
    if reading.indoor_c < facts.device.pump.building.frost_guard_c:
        return replace(decided, mode=HeatMode.BOOST, source=ActionSource.OWN_CONTROL, cause=Cause.FROST)
    low_c = float(facts.comfort_band(TimeGrid(facts.now, QUARTER, 1)).low_c[0])
    if reading.indoor_c < low_c - FLOOR_K and decided.mode in (HeatMode.OFF, HeatMode.ECO):
        return replace(decided, mode=HeatMode.NORMAL, cause=Cause.TOO_COLD)
    return decided


def _outdoor_c(facts: HouseFacts) -> float | None:
    """What was measured lately at the house, else what the weather source says."""
    measured = next((each for each in reversed(facts.readings) if each.outdoor_c is not None), None)
    if measured is not None and facts.now - measured.at <= STALE_AFTER:
        return measured.outdoor_c
    outdoor_c = float(outdoor_on(facts.weather, TimeGrid(_quarter(facts.now), QUARTER, 1))[0])
    return None if np.isnan(outdoor_c) else outdoor_c


def _heats(facts: HouseFacts, mode: HeatMode, outdoor_c: float | None) -> bool:
    if mode is HeatMode.OFF or outdoor_c is None:
        return mode is not HeatMode.OFF
    outdoor = np.array([outdoor_c])
    now_s = np.array([int(facts.now.timestamp())])
    request = mode_requests(facts.device.pump, operating_points(facts.device.pump, outdoor, now_s), outdoor)[mode]
    return bool(request.compressor_kw[0] + request.backup_kw[0] > RUNNING_KW)


def _price_now(facts: HouseFacts) -> PriceNow | None:
    """The price of the interval that contains now; None where it is not known, never another."""
    grid = TimeGrid(_quarter(facts.now), QUARTER, 1)
    if not facts.tariff.series_names:
        return PriceNow(spot_per_kwh=None, price_per_kwh=_all_in(facts, grid, None))
    spot = None if facts.spot is None else price_at(facts.spot, facts.now)
    if spot is None or facts.spot is None:
        return None
    quality = PriceQuality.DEMO if facts.is_spot_demo else PriceQuality.PUBLISHED
    all_in = _all_in(facts, grid, spot)
    return PriceNow(spot_per_kwh=spot, price_per_kwh=all_in, quality=quality, origin=facts.spot.provenance)


def _all_in(facts: HouseFacts, grid: TimeGrid, spot_per_kwh: float | None) -> float:
    named = {} if spot_per_kwh is None else dict.fromkeys(facts.tariff.series_names, np.array([spot_per_kwh]))
    return float(sum(values[0] for values in price_parts(facts.tariff, grid, named).values()))


def _valid_until(facts: HouseFacts, source: ActionSource) -> datetime:
    """The end of the local hour, in which a mode holds; without a plan, the next look a quarter-hour later."""
    if source is ActionSource.OWN_CONTROL:
        return next_quarter(facts.now + timedelta(seconds=1))
    hours = local_hours(facts.today, facts.zone)
    return hours.time_of(hours.index_of(facts.now)) + HOUR


def _warnings(facts: HouseFacts, decided: _Decided) -> Iterator[str]:
    reading = facts.last_indoor
    if reading is None:
        yield "No indoor temperature was measured in the last day: the plan cannot be checked against the room"
    elif _fresh_reading(facts) is None:
        age_h = (facts.now - reading.at).total_seconds() / 3600
        yield f"The last indoor temperature is {age_h:.1f} h old: the plan is followed without a look at the room"
    if decided.trouble:
        yield f"No new plan could be made: {decided.trouble}"
    if facts.is_spot_demo or facts.demo_weather is not None:
        yield "Prices or weather are a demo: this is an example, not for a real device"


def _quarter(now: datetime) -> datetime:
    later = next_quarter(now)
    return later if later == now else later - QUARTER
