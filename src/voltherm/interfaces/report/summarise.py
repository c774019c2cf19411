"""A backtest's result as its JSON document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from voltherm.adapters.documents.series_findings import Finding
from voltherm.application.backtest_result import BacktestResult, PolicyResult
from voltherm.application.policies import PolicyName
from voltherm.application.weather_outlook import OUTDOOR
from voltherm.domain.assets import HeatPump
from voltherm.domain.series import Quality
from voltherm.domain.tariffs import Bill
from voltherm.forecasting.scores import Scores
from voltherm.interfaces.report.result_document import (
    ActivityDocument,
    BacktestDocument,
    BatterySummary,
    BillDocument,
    BrokenLimitDocument,
    CostsDocument,
    DataSummary,
    FindingSummary,
    HeatingDocument,
    HeatPumpSummary,
    LineDocument,
    PeaksDocument,
    PolicyDocument,
    ScoresDocument,
    SeriesDocument,
    SiteSummary,
    SpanSummary,
)

DECIMALS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a backtest's data came from.

    Parameters
    ----------
    file : str
        Name of the file.
    findings : tuple of Finding
        What is odd in it.
    first_day, end_day : date
        Local days of the span, half-open.
    """

    file: str
    findings: tuple[Finding, ...]
    first_day: date
    end_day: date


def result_document(result: BacktestResult, origin: Origin) -> BacktestDocument:
    """Return every figure of the backtest."""
    return BacktestDocument(
        voltherm=version("voltherm"),
        site=_site(result),
        span=_span(result, origin),
        data=DataSummary(
            file=origin.file,
            history_days=result.history_days,
            findings=tuple(
                FindingSummary(
                    row=one.row,
                    n_rows=one.n_rows,
                    column=one.column,
                    value=one.value,
                    problem=one.problem,
                    remedy=one.remedy,
                )
                for one in origin.findings
            ),
        ),
        method=result.method,
        notes=result.notes,
        seeds={},
        stored_value_per_kwh=result.stored_value_per_kwh,
        baseline=str(result.baseline),
        policies=tuple(_policy(name, result) for name in result.policies),
        series=tuple(_all_series(result)),
    )


def _site(result: BacktestResult) -> SiteSummary:
    site = result.actuals.site
    return SiteSummary(
        id=site.id,
        zone=site.zone.key,
        currency=site.tariff.currency,
        tariff=site.tariff.id,
        tariff_version=str(site.tariff.version),
        import_limit_kw=site.connection.import_limit_kw,
        export_limit_kw=site.connection.export_limit_kw,
        batteries=tuple(
            BatterySummary(
                id=battery.id,
                capacity_kwh=battery.capacity_kwh,
                charge_limit_kw=battery.charge_limit_kw,
                discharge_limit_kw=battery.discharge_limit_kw,
                round_trip_efficiency=battery.round_trip_efficiency,
                soc_floor=battery.soc_floor,
                soc_max=battery.soc_max,
                start_soc=result.start_soc[battery.id],
                wear_cost_per_kwh=battery.wear_cost_per_kwh,
            )
            for battery in site.batteries
        ),
        heat_pumps=tuple(_heat_pump(pump, result) for pump in site.heat_pumps),
    )


def _heat_pump(pump: HeatPump, result: BacktestResult) -> HeatPumpSummary:
    comfort = pump.building.comfort
    return HeatPumpSummary(
        id=pump.id,
        source=str(pump.source),
        schedule=str(pump.schedule),
        loss_kw_per_k=pump.building.loss_kw_per_k,
        comfort_low_c=comfort.low_c,
        comfort_high_c=comfort.high_c,
        set_point_c=result.set_point_c[pump.id],
        start_room_c=dict(result.start_heat[pump.id].building.room_c),
        value_per_kwh=result.heat_value_per_kwh[pump.id],
    )


def _span(result: BacktestResult, origin: Origin) -> SpanSummary:
    grid = result.actuals.grid
    return SpanSummary(
        first_day=origin.first_day,
        end_day=origin.end_day,
        zone=result.actuals.site.zone.key,
        start=_iso(grid.start),
        end=_iso(grid.end),
        step_minutes=grid.step_h * 60,
        n_steps=grid.n_steps,
    )


def _policy(name: PolicyName, result: BacktestResult) -> PolicyDocument:
    one = result.policies[name]
    baselines = [other for other in result.policies if other not in {name, PolicyName.PERFECT}]
    against = {str(other): result.saving(name, other) for other in baselines}
    costs = one.costs
    return PolicyDocument(
        policy=str(name),
        costs=CostsDocument(
            bill=costs.bill,
            wear=costs.wear,
            stored_energy=costs.stored_energy,
            total=costs.total,
            by_kind=dict(costs.by_kind),
        ),
        saved_against={other: saved for other, saved in against.items() if saved is not None},
        saved_share=result.saved_share(name),
        bills=tuple(_bill(bill) for bill in one.bills),
        peaks=tuple(
            PeaksDocument(start=_iso(each.period.start), end=_iso(each.period.end), peaks_kw=dict(each.peaks_kw))
            for each in one.peaks
        ),
        activity=_activity(one),
        broken_limits=tuple(
            BrokenLimitDocument(limit=broken.limit, n_steps=broken.n_steps, worst=broken.worst, at=_iso(broken.at))
            for broken in one.broken_limits
        ),
        load_forecast=None if one.scores is None else _scores(one.scores),
        heating=None if one.heating is None else HeatingDocument(**asdict(one.heating)),
        notes=one.notes,
    )


def _bill(bill: Bill) -> BillDocument:
    return BillDocument(
        start=_iso(bill.period.start),
        end=_iso(bill.period.end),
        complete=bill.complete,
        total=bill.total,
        lines=tuple(
            LineDocument(
                component=line.component_id,
                label=line.label,
                quantity=line.quantity,
                unit=line.unit,
                rate=line.rate,
                amount=line.amount,
                included=line.is_included,
                note=line.note,
            )
            for line in bill.lines
        ),
    )


def _activity(one: PolicyResult) -> ActivityDocument:
    activity = one.activity
    return ActivityDocument(
        charged_kwh=activity.charged_kwh,
        discharged_kwh=activity.discharged_kwh,
        full_cycles=activity.full_cycles,
        highest_import_kw=activity.highest_import_kw,
        highest_import_at=_iso(activity.highest_import_at),
        soc_min=activity.soc_min,
        soc_max=activity.soc_max,
        curtailed_kwh=activity.curtailed_kwh,
        guarded_steps=activity.guarded_steps,
        steps_without_setpoint=sum(one.run.without_setpoint.values()),
    )


def _scores(scores: Scores) -> ScoresDocument:
    return ScoresDocument(
        n_forecasts=scores.n_forecasts,
        n_values=scores.n_values,
        mae_kw=scores.mae,
        rmse_kw=scores.rmse,
        bias_kw=scores.bias,
        peak_error_kw=_or_none(scores.peak_error),
        peak_time_error_h=_or_none(scores.peak_time_error_h),
    )


def _all_series(result: BacktestResult) -> Iterator[SeriesDocument]:
    actuals, currency = result.actuals, result.actuals.site.tariff.currency
    for name, series in actuals.power_kw.items():
        source, quality = series.provenance.source, series.provenance.quality
        yield _series(result, (f"{name}.power_kw", None, "kW"), series.values, (source, quality))
    for name, series in actuals.outdoors.items():
        origin = series.provenance.source, series.provenance.quality
        yield _series(result, (name, None, "°C" if name == OUTDOOR else "W/m²"), series.values, origin)
    tariff = ("tariff", Quality.MEASURED)
    yield _series(result, ("import_price_per_kwh", None, f"{currency}/kWh"), result.import_price_per_kwh, tariff)
    yield _series(result, ("export_price_per_kwh", None, f"{currency}/kWh"), result.export_price_per_kwh, tariff)
    simulated = ("simulated on measurements", Quality.MEASURED)
    for policy, one in result.policies.items():
        run, who = one.run, str(policy)
        yield _series(result, ("grid_kw", who, "kW"), run.grid_kw, simulated)
        yield _series(result, ("pv_used_kw", who, "kW"), run.pv_used_kw, simulated)
        for battery in actuals.site.batteries:
            yield _series(result, (f"{battery.id}.power_kw", who, "kW"), run.battery_kw[battery.id], simulated)
            yield _series(result, (f"{battery.id}.soc", who, "1"), run.soc[battery.id], simulated)
        if np.isfinite(run.ceiling_kw).any():
            yield _series(result, ("ceiling_kw", who, "kW"), run.ceiling_kw, simulated)
        for pump in actuals.site.heat_pumps:
            yield from _heat_series(result, policy, pump)


def _heat_series(result: BacktestResult, policy: PolicyName, pump: HeatPump) -> Iterator[SeriesDocument]:
    trace, rooms = result.policies[policy].run.heat[pump.id], pump.building.rooms
    who, simulated = str(policy), ("simulated on measurements", Quality.MEASURED)
    yield _series(result, (f"{pump.id}.power_kw", who, "kW"), trace.power_kw, simulated)
    yield _series(result, (f"{pump.id}.compressor_kw", who, "kW"), trace.compressor_kw, simulated)
    yield _series(result, (f"{pump.id}.backup_kw", who, "kW"), trace.backup_kw, simulated)
    names = [f"{room.id}.room_c" for room in rooms] + [f"{room.id}.mass_c" for room in rooms if room.has_mass]
    for at, name in enumerate(names):
        yield _series(result, (f"{pump.id}.{name}", who, "°C"), trace.temps_c[:, at], simulated)
    if any(trace.modes):
        power = _series(result, (f"{pump.id}.mode", who, "mode"), trace.power_kw, simulated)
        modes = tuple(None if mode is None else str(mode) for mode in trace.modes)
        yield power.model_copy(update={"values": modes})


def _series(
    result: BacktestResult,
    what: tuple[str, str | None, str],
    values: NDArray[np.float64],
    origin: tuple[str, Quality],
) -> SeriesDocument:
    name, policy, unit = what
    grid = result.actuals.grid
    return SeriesDocument(
        name=name,
        policy=policy,
        unit=unit,
        start=_iso(grid.start),
        step_minutes=grid.step_h * 60,
        zone=result.actuals.site.zone.key,
        source=origin[0],
        quality=str(origin[1]),
        values=tuple(_or_none(value) for value in np.round(values, DECIMALS).tolist()),
    )


def _or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
