"""What the validator answers, as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from voltherm.application.virtual_log import LogEvent, Verdict
from voltherm.domain.device import DeviceMode


class Part(BaseModel):
    """The base of all: immutable, no unknown fields, finite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Told(Part):
    """What every answer says of itself.

    ``data`` is how load and sun were come by, ``label`` what the recording is called, ``clock`` what is odd about the
    clock; null where there is nothing to say.
    """

    data: str
    label: str | None
    clock: str | None


class EchoDocument(Part):
    """The command that the battery says it follows."""

    id: str
    power_kw: float
    valid_until: AwareDatetime


class SocDocument(Told):
    """The battery of now; charging positive."""

    soc: float
    timestamp: AwareDatetime
    source: str
    power_kw: float
    charge_limit_kw: float
    discharge_limit_kw: float
    mode: DeviceMode
    heartbeat: int
    alarms: list[str]
    command: EchoDocument | None


class DispatchDocument(Told):
    """The answer to a command."""

    accepted: bool
    command_id: str
    power_kw: float | None
    valid_until: AwareDatetime | None
    detail: str


class MeterDocument(Told):
    """The meter of now; ``interval_mean_kw`` is null in the first instant of an interval."""

    grid_kw: float
    timestamp: AwareDatetime
    interval_start: AwareDatetime
    interval_mean_kw: float | None
    power_kw: dict[str, float]
    standby_kw: float
    curtailed_kw: float


class IntervalDocument(Part):
    """Means over one metering interval; ``soc`` is of its end."""

    start: datetime
    grid_kw: float
    power_kw: dict[str, float]
    soc: dict[str, float]
    without_battery_kw: float
    curtailed_kw: float


class IntervalsDocument(Told):
    """Metering intervals that are over, oldest first."""

    interval_minutes: int
    intervals: list[IntervalDocument]


class AmountsDocument(Part):
    """A bill by kind of component. [currency]."""

    total: float
    energy: float
    demand: float
    fixed: float
    tax: float


class CostLineDocument(Part):
    """One line of the bill on both sides; ``is_included`` lines are contained in others and not added."""

    component: str
    label: str
    unit: str
    quantity_with_battery: float | None
    quantity_without_battery: float | None
    with_battery: float
    without_battery: float
    saved: float
    is_included: bool


class PeriodCostsDocument(Part):
    """One billing period, as far as it is metered."""

    start: AwareDatetime
    end: AwareDatetime
    is_complete: bool
    with_battery: AmountsDocument
    without_battery: AmountsDocument
    saved: float
    lines: list[CostLineDocument]


class CostsDocument(Told):
    """Bills with the battery and without it, period by period."""

    currency: str
    tariff: str
    zone: str
    metered_from: AwareDatetime | None
    metered_until: AwareDatetime | None
    periods: list[PeriodCostsDocument]
    with_battery: AmountsDocument
    without_battery: AmountsDocument
    saved: float


class ReportDocument(Told):
    """Where the energy went since the simulation began. [kWh]."""

    site: str
    began: AwareDatetime
    until: AwareDatetime
    load_kwh: float
    imported_kwh: float
    exported_kwh: float
    pv_used_kwh: float
    pv_curtailed_kwh: float
    charged_kwh: float
    discharged_kwh: float
    standby_kwh: float
    conversion_loss_kwh: float
    standing_loss_kwh: float
    stored_more_kwh: float
    imbalance_kwh: float
    full_cycles: float


class LogEntryDocument(Part):
    """One entry of the truth log."""

    number: int
    at: AwareDatetime
    event: LogEvent
    device_id: str
    verdict: Verdict | None
    command_id: str
    epoch: int | None
    sequence: int | None
    power_kw: float | None
    detail: str


class LogDocument(Told):
    """Entries of the truth log, oldest first; ask again with ``after`` the last number."""

    last_number: int
    entries: list[LogEntryDocument]


class LinkDocument(Part):
    """A place to look."""

    method: str
    path: str
    what: str


class AboutDocument(Told):
    """What this is, how it stands, and where to look."""

    service: str
    version: str
    what: str
    site: str
    now: AwareDatetime
    soc: dict[str, float]
    has_faults: bool
    links: list[LinkDocument]


class HealthDocument(Part):
    """The process answers."""

    status: str = "ok"
    service: str = "voltherm validator"
