"""``result.json``: every figure of a backtest."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from voltherm.adapters.documents.fields import Document


class SiteSummary(Document):
    """What was simulated."""

    id: str
    zone: str
    currency: str
    tariff: str
    tariff_version: str
    import_limit_kw: float
    export_limit_kw: float
    batteries: tuple[BatterySummary, ...]
    heat_pumps: tuple[HeatPumpSummary, ...] = ()


class BatterySummary(Document):
    """A battery."""

    id: str
    capacity_kwh: float
    charge_limit_kw: float
    discharge_limit_kw: float
    round_trip_efficiency: float
    soc_floor: float
    soc_max: float
    start_soc: float
    wear_cost_per_kwh: float


class HeatPumpSummary(Document):
    """A heat pump; ``value_per_kwh`` is the worth of a kWh of heat in its building at the end above the start."""

    id: str
    source: str
    schedule: str
    loss_kw_per_k: float
    comfort_low_c: float
    comfort_high_c: float
    set_point_c: float
    start_room_c: dict[str, float]
    value_per_kwh: float


class SpanSummary(Document):
    """Which days, half-open; ``first_day`` and ``end_day`` are local days of the zone, ``start`` and ``end`` UTC."""

    first_day: date
    end_day: date
    zone: str
    start: str
    end: str
    step_minutes: float
    n_steps: int


class FindingSummary(Document):
    """Something odd in the data file; ``row`` is a line of the file, the first is 1."""

    row: int
    n_rows: int
    column: str
    value: str
    problem: str
    remedy: str


class DataSummary(Document):
    """Where the data came from, and what is to be said about it."""

    file: str
    history_days: Annotated[float, Field(description="Measurements before the span that mpc could learn from. [d]")]
    findings: tuple[FindingSummary, ...]


class LineDocument(Document):
    """A line of a bill; ``quantity`` in ``unit``, ``amount`` in the site's currency.

    The amount of an ``included`` line is contained in others and not in the total.
    """

    component: str
    label: str
    quantity: float | None
    unit: str
    rate: float | None
    amount: float
    included: bool
    note: str


class BillDocument(Document):
    """The bill of one billing period; ``complete`` is false where the span holds only a part of it."""

    start: str
    end: str
    complete: bool
    total: float
    lines: tuple[LineDocument, ...]


class CostsDocument(Document):
    """``total = bill + wear - stored_energy``, in the site's currency; ``by_kind`` are the parts of ``bill``."""

    bill: float
    wear: float
    stored_energy: float
    total: float
    by_kind: dict[str, float]


class PeaksDocument(Document):
    """Peaks by demand component in one billing period. [kW]."""

    start: str
    end: str
    peaks_kw: dict[str, float]


class ActivityDocument(Document):
    """What batteries and meter did."""

    charged_kwh: float
    discharged_kwh: float
    full_cycles: float
    highest_import_kw: float
    highest_import_at: str
    soc_min: float
    soc_max: float
    curtailed_kwh: float
    guarded_steps: int
    steps_without_setpoint: int


class HeatingDocument(Document):
    """What the heat pumps did; kelvin-hours below (``cold_kh``) and above (``hot_kh``) the comfort bands."""

    electricity_kwh: float
    backup_kwh: float
    heat_kwh: float
    stored_kwh: float
    cold_kh: float
    hot_kh: float
    room_min_c: float
    room_mean_c: float
    room_max_c: float
    starts: int


class BrokenLimitDocument(Document):
    """A limit that was broken: in how many steps, how far at worst, and when that was."""

    limit: str
    n_steps: int
    worst: float
    at: str


class ScoresDocument(Document):
    """Scores of the load forecasts that mpc decided on, over their whole horizon. [kW] but for the time. [h]."""

    n_forecasts: int
    n_values: int
    mae_kw: float
    rmse_kw: float
    bias_kw: float
    peak_error_kw: float | None
    peak_time_error_h: float | None


class PolicyDocument(Document):
    """One policy; savings are costs of the baseline less its own, and ``saved_share`` is 1 for perfect foresight."""

    policy: str
    costs: CostsDocument
    saved_against: dict[str, float]
    saved_share: float | None
    bills: tuple[BillDocument, ...]
    peaks: tuple[PeaksDocument, ...]
    activity: ActivityDocument
    broken_limits: tuple[BrokenLimitDocument, ...]
    load_forecast: ScoresDocument | None
    heating: HeatingDocument | None = None
    notes: tuple[str, ...]


class SeriesDocument(Document):
    """Mean values of steps from ``start`` (UTC) on; ``soc`` has one value more, the first at ``start``.

    So do temperatures. ``null`` stands where there is no value: a ceiling that nothing set. Modes are their names.
    Figures are rounded to four decimals.
    """

    name: str
    policy: str | None
    unit: str
    start: str
    step_minutes: float
    zone: str
    source: str
    quality: str
    values: tuple[float | None, ...] | tuple[str | None, ...]


class BacktestDocument(Document):
    """Every figure of a backtest."""

    kind: Literal["voltherm-backtest"] = "voltherm-backtest"
    schema_version: Literal[1] = 1
    voltherm: str
    site: SiteSummary
    span: SpanSummary
    data: DataSummary
    method: tuple[str, ...]
    notes: tuple[str, ...]
    seeds: Annotated[dict[str, int], Field(description="Of random numbers; empty, because nothing is drawn.")]
    stored_value_per_kwh: float
    baseline: str = "none"
    policies: tuple[PolicyDocument, ...]
    series: tuple[SeriesDocument, ...]
