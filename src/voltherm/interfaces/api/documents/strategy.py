"""The documents of ``/strategy`` and ``/analytics``: the fields of the first users' contract, and more beside."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from voltherm.adapters.documents.fields import FIRST_YEAR, LAST_YEAR, Document
from voltherm.adapters.documents.problem import DocumentError, problems_of
from voltherm.domain.assets import HeatMode
from voltherm.interfaces.api.documents.devices import DeviceId

LARGEST_REQUEST: Final = 20_000
"""Longest request that is read at all. [bytes]"""
MOST_HOURS: Final = 25
"""Of a local day."""

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_REMEDY: Final = "write it as 2026-01-09, as the local midnight 2026-01-09T00:00:00, or as a time with its offset"


def _refused(problem: str) -> PydanticCustomError:
    return PydanticCustomError("refused", "{problem}", {"problem": problem, "remedy": _REMEDY})


def asked_day(text: str) -> date | datetime:
    """Return the local date that a text names, or the instant within the local day.

    Raises
    ------
    PydanticCustomError
        For anything else: a time without zone is a guess, unless it is the midnight of a local day.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _refused("is no ISO 8601 date") from None
    if not FIRST_YEAR < moment.year < LAST_YEAR:
        raise _refused(f"is not in the years {FIRST_YEAR + 1} to {LAST_YEAR - 1}")
    if _DATE.fullmatch(text):
        return moment.date()
    if moment.tzinfo is not None:
        return moment
    if moment.time() != datetime.min.time():
        raise _refused("is a time of day without a zone")
    return moment.date()


def _checked_day(text: str | None) -> str | None:
    if text is not None:
        asked_day(text)
    return text


TargetDate = Annotated[str | None, Field(strict=True, max_length=40), AfterValidator(_checked_day)]


class DailyPlanRequest(Document):
    """Which device, and which of its local days."""

    device_id: DeviceId
    target_date: TargetDate = None
    """A date, the local midnight without zone, or any time with its zone; it means the device's local day. By default
    tomorrow where its prices are known, else today."""

    @property
    def asked(self) -> date | datetime | None:
        """The day that was asked for."""
        return None if self.target_date is None else asked_day(self.target_date)


class ProposedHour(Document):
    """What to do in an hour."""

    hour: Annotated[int, Field(strict=True, ge=0, le=24)]
    """By the device's clock; the hour that comes twice in autumn is listed twice. A whole day of change may also be
    counted from its midnight, 0 to 22 or 0 to 24."""
    mode: HeatMode


class ComfortRiskRequest(Document):
    """A schedule to be judged: hours of one local day, in order and without a gap."""

    device_id: DeviceId
    proposed_schedule: Annotated[list[ProposedHour], Field(min_length=1, max_length=MOST_HOURS)]
    target_date: TargetDate = None
    """As for the daily plan; by default today where the first hour is not over, else tomorrow."""

    @property
    def asked(self) -> date | datetime | None:
        """The day that was asked for."""
        return None if self.target_date is None else asked_day(self.target_date)


DAILY_PLAN_EXAMPLE: Final[dict[str, object]] = {"device_id": "MY_HEAT_PUMP_001"}
COMFORT_RISK_EXAMPLE: Final[dict[str, object]] = {
    "device_id": "MY_HEAT_PUMP_001",
    "proposed_schedule": [{"hour": hour, "mode": "ECO" if 7 <= hour < 10 else "NORMAL"} for hour in range(24)],  # noqa: PLR2004
}


def read_daily_plan_request(raw: object) -> DailyPlanRequest:
    """Return the request that a parsed document describes.

    Raises
    ------
    DocumentError
        With every problem: field, value found and remedy.
    """
    try:
        return DailyPlanRequest.model_validate(raw)
    except ValidationError as error:
        raise DocumentError(problems_of(error)) from error


def read_comfort_risk_request(raw: object) -> ComfortRiskRequest:
    """Return the request that a parsed document describes.

    Raises
    ------
    DocumentError
        With every problem: field, value found and remedy.
    """
    try:
        return ComfortRiskRequest.model_validate(raw)
    except ValidationError as error:
        raise DocumentError(problems_of(error)) from error


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


PriceWord = Literal["published", "forecast", "demo"]


class Origin(_Answer):
    """Where something that the answer rests on comes from."""

    source: str
    quality: str
    issued_at: datetime | None
    note: str


class HourPlan(_Answer):
    """One hour of the local day. What is null is not known; of an hour that is over nothing is planned any more."""

    hour: int
    """Local wall clock, 0 to 23; the hour that comes twice in autumn is told by its timestamp."""
    timestamp: datetime
    """Start of the hour, with the local offset."""
    mode: HeatMode | None
    expected_indoor_temp: float | None
    """At the hour's end. [degC]"""
    outdoor_temp: float | None
    """Mean of the hour. [degC]"""
    electricity_price: float | None
    """Day-ahead price without taxes, mean of the hour. [currency/MWh]"""
    reason: str
    reason_code: str | None
    price_per_kwh: float | None
    """Everything included. [currency/kWh]"""
    price_components: dict[str, float]
    """What `price_per_kwh` is made of, by the components of the tariff. [currency/kWh]"""
    price_quality: PriceWord | None
    energy_kwh: float | None
    """Electricity. [kWh]"""
    heat_kwh: float | None
    cost: float | None
    """Energy times price. [currency]"""
    is_elapsed: bool


class Baseline(_Answer):
    """What the plan is held against."""

    description: str
    set_point: float
    """[degC]"""
    cost: float
    total_energy_kwh: float
    discomfort_kelvin_hours: float
    starts: int
    mean_indoor_temp: float
    stored_heat_difference_kwh: float
    """Heat that the plan leaves in the building above what the thermostat leaves. [kWh]"""
    stored_heat_value: float
    """What that is worth; it is in the savings. [currency]"""


class DailyPlan(_Answer):
    """The plan of a local day."""

    device_id: str
    generated_at: datetime
    schedule: list[HourPlan]
    estimated_cost: float
    """Bill of the planned hours' electricity, taxes included. [currency]"""
    estimated_savings: float
    """Against the baseline, both brought to the same end state; negative where the plan costs more. [currency]"""
    total_energy_kwh: float
    target_date: date
    target_date_note: str
    """Why this day."""
    timezone: str
    currency: str
    tariff: str
    planned_from: datetime
    """First instant that is planned; before it, hours tell what was."""
    baseline: Baseline
    discomfort_kelvin_hours: float
    starts: int
    mean_indoor_temp: float
    start_temperature: str
    """``measured``, ``stale`` or ``assumed``."""
    indoor_temp: float | None
    indoor_measured_at: datetime | None
    outcome: str
    is_demo: bool
    provenance: dict[str, Origin]
    warnings: list[str]


class CurrentActionAnswer(_Answer):
    """What the heat pump should do right now."""

    device_id: str
    timestamp: datetime
    action: Literal["RUN", "STOP"]
    should_run: bool
    mode: HeatMode
    reason: str
    reason_code: str | None
    source: Literal["stored_plan", "replanned", "own_control"]
    valid_until: datetime
    electricity_price: float | None
    """Day-ahead price of the interval that contains now, without taxes; null where it is not known. [currency/MWh]"""
    price_per_kwh: float | None
    """Everything included. [currency/kWh]"""
    price_quality: PriceWord | None
    price_source: str | None
    currency: str
    indoor_temp: float | None
    indoor_measured_at: datetime | None
    indoor_age_minutes: float | None
    expected_indoor_temp: float | None
    """Where the plan has the room now. [degC]"""
    outdoor_temp: float | None
    plan_made_at: datetime | None
    timezone: str
    is_demo: bool
    warnings: list[str]


class HourComfort(_Answer):
    """One proposed hour, with the temperatures at its end."""

    hour: int
    timestamp: datetime
    mode: HeatMode
    comfort_min: float
    comfort_max: float
    temp_p05: float
    temp_p50: float
    temp_p95: float
    probability_below: float
    probability_above: float


class ComfortRiskAnswer(_Answer):
    """How comfortable a proposed schedule is likely to be."""

    device_id: str
    comfort_score: float
    """0 to 100: 100 less the mean share of hours lost, an hour a kelvin outside the band being lost whole."""
    min_predicted_temp: float
    """Lowest of the hours' 5 % quantiles. [degC]"""
    max_predicted_temp: float
    """Highest of the hours' 95 % quantiles. [degC]"""
    hours_below_comfort: int
    """Hours that more likely than not end below the band."""
    warnings: list[str]
    recommendation: str
    probability_below: float
    """Of being below the band at the end of any hour."""
    probability_above: float
    frost_guard_hours: float
    """Expected hours in which the frost guard acts. [h]"""
    hours: list[HourComfort]
    ensemble_members: int
    start_temperature: str
    """``measured``, ``stale`` or ``assumed``."""
    indoor_temp: float | None
    indoor_measured_at: datetime | None
    target_date: date
    timezone: str
    is_demo: bool
