"""The documents of ``/api/mpc``: the fields of the first users' contract, and beside them the whole story."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

StatusWord = Literal["optimal", "fallback", "infeasible", "error"]
"""``optimal``: a valid plan is followed; ``fallback``: an older plan or the local rule is; ``infeasible``: the last
plan was refused by the validator and nothing is sent; ``error``: nothing is sent, and ``why`` says why."""


class CurrentDispatch(BaseModel):
    """What the battery is told now."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    timestamp: datetime
    battery_power_kw: float | None
    """Commanded power, charging positive; null while nothing is commanded and the device follows its own default."""
    status: StatusWord
    site_id: str
    rung: str
    why: str
    outcome: str | None
    reason: str | None
    command_id: str | None
    issued_at: datetime | None
    valid_until: datetime | None
    acknowledged: bool | None
    measured_power_kw: float | None
    soc: float | None
    soc_measured_at: datetime | None
    plan_id: str | None
    devices: dict[str, DeviceDispatch]


class DeviceDispatch(BaseModel):
    """What one battery is told, and what it does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    battery_power_kw: float | None
    planned_power_kw: float | None
    clamps: list[str]
    command_id: str | None
    issued_at: datetime | None
    valid_until: datetime | None
    acknowledged: bool | None
    detail: str
    measured_power_kw: float | None
    soc: float | None
    soc_measured_at: datetime | None
    soc_age_s: float | None
    is_believed: bool
    mode: str | None
    problems: list[str]


class FullSchedule(BaseModel):
    """The plan that is followed, over its whole horizon."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    timestamp: datetime
    horizon_hours: float
    battery_power_schedule: list[float]
    grid_power_schedule: list[float]
    soc_schedule: list[float]
    total_cost: float
    energy_cost: float
    demand_cost: float
    peak_demand: float
    solver_status: StatusWord
    solver_time: float
    site_id: str
    plan_id: str | None
    start: datetime
    step_minutes: float
    times: list[datetime]
    zone: str
    currency: str
    units: dict[str, str]
    outcome: str
    certified_gap: float | None
    other_cost: float
    wear_cost: float
    violation_cost: float
    stored_energy_value: float
    peaks_kw: dict[str, float]
    peak_targets_kw: dict[str, float]
    devices: dict[str, DeviceSchedule]
    reasons: list[str]
    sentences: list[str]
    violations: list[str]
    approximations: list[str]
    provenance: dict[str, SeriesProvenance]


class DeviceSchedule(BaseModel):
    """One battery's part of the plan."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    battery_power_schedule: list[float]
    soc_schedule: list[float]


class SeriesProvenance(BaseModel):
    """Where an input of the plan comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    quality: str
    issued_at: datetime | None
    age_minutes: float | None
    note: str


class ForecastStatus(BaseModel):
    """Where the forecast of one kind comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    rung: str
    source: str
    issued_at: datetime | None
    age_minutes: float | None
    why: str
    notes: list[str]


class CycleStatus(BaseModel):
    """The last cycle."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    outcome: str
    why: str
    plan_id: str | None
    duration_s: float
    solver_time: float | None


class MeterStatus(BaseModel):
    """The meter, as it was read last."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grid_kw: float | None
    interval_mean_kw: float | None
    age_s: float | None
    trouble: str


class SiteStatus(BaseModel):
    """Health and statistics of one site."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Literal["controlling", "not controlling"]
    timestamp: datetime
    site_id: str
    rung: str
    why: str
    instance: str
    leases: dict[str, str]
    current_soc: float | None
    soc_measured_at: datetime | None
    predicted_soc: float | None
    last_cycle: CycleStatus | None
    next_cycle: datetime
    cycles: int
    cycles_failed: int
    cycles_missed: int
    plan_id: str | None
    plan_age_s: float | None
    forecasts: list[ForecastStatus]
    meter: MeterStatus
    devices: dict[str, DeviceDispatch]
    peaks_reached_kw: dict[str, float]
    peak_targets_kw: dict[str, float]
    metered_until: datetime | None
    cost_so_far: float | None
    currency: str
    alarms: dict[str, str]
    audit_rows_waiting: int
    connections: dict[str, str]


class Triggered(BaseModel):
    """What came of a cycle that was asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: StatusWord
    timestamp: datetime
    site_id: str
    outcome: str
    why: str
    plan_id: str | None
    duration_s: float
    solver_time: float | None
    battery_power_kw: float | None
