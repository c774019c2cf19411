"""Daily plans, actions and comfort risks as the documents that ``/strategy`` and ``/analytics`` answer with."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from voltherm.application.comfort_risk import ComfortRisk, HourRisk
from voltherm.application.current_action import CurrentAction
from voltherm.application.house_state import HouseState
from voltherm.application.planned_day import DayAccount, PlannedDay, PlannedHour
from voltherm.domain.series import Provenance
from voltherm.interfaces.api.documents.strategy import (
    Baseline,
    ComfortRiskAnswer,
    CurrentActionAnswer,
    DailyPlan,
    HourComfort,
    HourPlan,
    Origin,
)
from voltherm.interfaces.hour_sentences import MWH, action_sentence, hour_sentence

MINUTE_S = 60.0


def daily_plan(planned: PlannedDay, *, was_asked: bool) -> DailyPlan:
    """Return a daily plan as its document.

    Parameters
    ----------
    planned : PlannedDay
        The plan.
    was_asked : bool
        Whether its day was named, or chosen here.
    """
    facts, account = planned.facts, planned.account
    measured_c, measured_at = _measured(planned.state, facts.zone)
    return DailyPlan(
        device_id=facts.device.device_id,
        generated_at=_local(facts.now, facts.zone),
        schedule=[_hour(hour, facts.zone, facts.tariff.currency) for hour in planned.hours],
        estimated_cost=_money(account.cost),
        estimated_savings=_money(planned.savings),
        total_energy_kwh=_kwh(account.energy_kwh),
        target_date=planned.day,
        target_date_note=_why_this_day(planned, was_asked=was_asked),
        timezone=facts.zone.key,
        currency=facts.tariff.currency,
        tariff=facts.tariff.id,
        planned_from=_local(planned.kept.plan.grid.start, facts.zone),
        baseline=_baseline(planned),
        discomfort_kelvin_hours=round(account.discomfort_kh, 3),
        starts=account.starts,
        mean_indoor_temp=_temp(account.mean_indoor_c),
        start_temperature=planned.state.kind.value,
        indoor_temp=measured_c,
        indoor_measured_at=measured_at,
        outcome=type(planned.kept.plan.outcome).__name__.lower(),
        is_demo=facts.is_spot_demo or facts.demo_weather is not None,
        provenance={name: _origin(each) for name, each in planned.kept.plan.provenance.items()},
        warnings=list(planned.warnings),
    )


def current_action(action: CurrentAction) -> CurrentActionAnswer:
    """Return what to do now as its document."""
    facts, price, reading = action.facts, action.price, action.reading
    return CurrentActionAnswer(
        device_id=facts.device.device_id,
        timestamp=_local(facts.now, facts.zone),
        action="RUN" if action.should_run else "STOP",
        should_run=action.should_run,
        mode=action.mode,
        reason=action_sentence(action),
        reason_code=None if action.reason is None else action.reason.value,
        source=action.source.value,
        valid_until=_local(action.valid_until, facts.zone),
        electricity_price=None if price is None else _per_mwh(price.spot_per_kwh),
        price_per_kwh=None if price is None else _per_kwh(price.price_per_kwh),
        price_quality=None if price is None or price.quality is None else price.quality.value,
        price_source=None if price is None or price.origin is None else price.origin.source,
        currency=facts.tariff.currency,
        indoor_temp=None if reading is None else _temp_or_none(reading.indoor_c),
        indoor_measured_at=None if reading is None else _local(reading.at, facts.zone),
        indoor_age_minutes=None if reading is None else round((facts.now - reading.at).total_seconds() / MINUTE_S, 1),
        expected_indoor_temp=_temp_or_none(action.expected_c),
        outdoor_temp=_temp_or_none(action.outdoor_c),
        plan_made_at=None if action.plan is None else _local(action.plan.made_at, facts.zone),
        timezone=facts.zone.key,
        is_demo=facts.is_spot_demo or facts.demo_weather is not None,
        warnings=list(action.warnings),
    )


def comfort_risk(risk: ComfortRisk) -> ComfortRiskAnswer:
    """Return a comfort risk as its document."""
    facts = risk.facts
    measured_c, measured_at = _measured(risk.state, facts.zone)
    return ComfortRiskAnswer(
        device_id=facts.device.device_id,
        comfort_score=round(risk.score, 1),
        min_predicted_temp=round(risk.lowest_c, 1),
        max_predicted_temp=round(risk.highest_c, 1),
        hours_below_comfort=risk.n_hours_below,
        warnings=list(risk.warnings),
        recommendation=risk.recommendation,
        probability_below=round(risk.probability_below, 3),
        probability_above=round(risk.probability_above, 3),
        frost_guard_hours=round(risk.frost_guard_h, 2),
        hours=[_hour_comfort(hour, facts.zone) for hour in risk.hours],
        ensemble_members=risk.n_members,
        start_temperature=risk.state.kind.value,
        indoor_temp=measured_c,
        indoor_measured_at=measured_at,
        target_date=risk.day,
        timezone=facts.zone.key,
        is_demo=facts.demo_weather is not None,
    )


def _why_this_day(planned: PlannedDay, *, was_asked: bool) -> str:
    if was_asked:
        return "as asked"
    if planned.day == planned.facts.today:
        return "today, because the prices of tomorrow are not known yet"
    return "tomorrow, because its prices are known"


def _hour(hour: PlannedHour, zone: ZoneInfo, currency: str) -> HourPlan:
    return HourPlan(
        hour=hour.hour,
        timestamp=_local(hour.start, zone),
        mode=hour.mode,
        expected_indoor_temp=_temp_or_none(hour.indoor_c),
        outdoor_temp=_temp_or_none(hour.outdoor_c),
        electricity_price=_per_mwh(hour.spot_per_kwh),
        reason=hour_sentence(hour, currency),
        reason_code=None if hour.reason is None else hour.reason.value,
        price_per_kwh=_per_kwh(hour.price_per_kwh),
        price_components={name: round(value, 6) for name, value in hour.parts_per_kwh.items()},
        price_quality=None if hour.quality is None else hour.quality.value,
        energy_kwh=None if hour.energy_kwh is None else _kwh(hour.energy_kwh),
        heat_kwh=None if hour.heat_kwh is None else _kwh(hour.heat_kwh),
        cost=None if hour.cost is None else _money(hour.cost),
        is_elapsed=hour.is_elapsed,
    )


def _hour_comfort(hour: HourRisk, zone: ZoneInfo) -> HourComfort:
    return HourComfort(
        hour=hour.hour,
        timestamp=_local(hour.start, zone),
        mode=hour.mode,
        comfort_min=hour.low_c,
        comfort_max=hour.high_c,
        temp_p05=round(hour.p05_c, 2),
        temp_p50=round(hour.p50_c, 2),
        temp_p95=round(hour.p95_c, 2),
        probability_below=round(hour.probability_below, 3),
        probability_above=round(hour.probability_above, 3),
    )


def _baseline(planned: PlannedDay) -> Baseline:
    baseline: DayAccount = planned.baseline
    normal_c = planned.facts.device.pump.normal_c
    return Baseline(
        description=f"thermostat at {normal_c:.1f} °C, same physics, weather and end state",
        set_point=normal_c,
        cost=_money(baseline.cost),
        total_energy_kwh=_kwh(baseline.energy_kwh),
        discomfort_kelvin_hours=round(baseline.discomfort_kh, 3),
        starts=baseline.starts,
        mean_indoor_temp=_temp(baseline.mean_indoor_c),
        stored_heat_difference_kwh=_kwh(planned.end_heat_difference_kwh),
        stored_heat_value=_money(planned.heat_worth_per_kwh * planned.end_heat_difference_kwh),
    )


def _measured(state: HouseState, zone: ZoneInfo) -> tuple[float | None, datetime | None]:
    reading = state.reading
    return (None, None) if reading is None else (_temp_or_none(reading.indoor_c), _local(reading.at, zone))


def _origin(provenance: Provenance) -> Origin:
    return Origin(
        source=provenance.source,
        quality=provenance.quality.value,
        issued_at=provenance.issued_at,
        note=provenance.note,
    )


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone)


def _temp(temp_c: float) -> float:
    return round(temp_c, 2)


def _temp_or_none(temp_c: float | None) -> float | None:
    return None if temp_c is None else _temp(temp_c)


def _money(amount: float) -> float:
    return round(amount, 4) + 0.0


def _kwh(energy_kwh: float) -> float:
    return round(energy_kwh, 3) + 0.0


def _per_kwh(price: float | None) -> float | None:
    return None if price is None else round(price, 6)


def _per_mwh(price_per_kwh: float | None) -> float | None:
    return None if price_per_kwh is None else round(MWH * price_per_kwh, 3)
