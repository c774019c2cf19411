"""The other services, really asked: reporter, battery and meter."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np

from voltherm.domain.assets import Battery
from voltherm.domain.device import DeviceMode, DeviceState
from voltherm.domain.external_forecast import ForecastKind
from voltherm.domain.series import Quality
from voltherm.interfaces.doctor.finding import Finding, fail, ok, warn
from voltherm.ports.clock import Clock
from voltherm.ports.devices import ReadsMeter, ReadsState
from voltherm.ports.errors import Refused
from voltherm.ports.forecasts import ForecastSource

MOST_GAPS: Final = 0.1
NEAR_EMPTY: Final = 0.01
"""A battery that is run by plans is never there: a percent read as a fraction would be."""
STAMP_TOLERANCE: Final = timedelta(seconds=30)
DEMO: Final = "demo"
"""The source of a reporter that shows figures of another site begins so."""
RECENT: Final = timedelta(hours=1)


async def check_forecast(
    what: str, source: ForecastSource, kind: ForecastKind, clock: Clock, *, horizon: timedelta, max_age: timedelta
) -> tuple[Finding, ...]:
    """Return whether a forecast comes, how old it is and how far it reaches.

    Parameters
    ----------
    what : str
        How to name it.
    source : ForecastSource
        The reporter.
    kind : ForecastKind
        Load or sun.
    clock : Clock
        The time.
    horizon, max_age : timedelta
        How far plans look ahead; how old a forecast may be.
    """
    forecast = await source.fetch(kind)
    now, series = clock.now(), forecast.power_kw
    age, ahead = now - forecast.known_since, series.grid.end - now
    unknown = float(np.isnan(series.values).mean())
    minutes = series.grid.step.total_seconds() / 60
    said = f"{series.grid.n_steps} values of {minutes:g} min from {series.provenance.source}, {_ago(age)} old"
    if ahead <= timedelta(0):
        finding = f"{said}, all of the past: it ends at {series.grid.end.isoformat()}"
        return (fail(what, finding, "check the clock and the data of the reporter"),)
    if age > max_age:
        return (fail(what, f"{said}, more than FORECAST_MAX_AGE_HOURS", "let the reporter forecast anew"),)
    found = [ok(what, f"{said}, {_ago(ahead)} ahead")]
    if ahead < horizon:
        finding = f"reaches {_ago(ahead)} ahead, plans look {_ago(horizon)}"
        found.append(
            warn(what, finding, "the rest is forecast from the site's own readings, or lower MPC_HORIZON_HOURS")
        )
    if unknown > MOST_GAPS:
        found.append(warn(what, f"{unknown:.0%} of its values are missing", "look into the data of the reporter"))
    if series.provenance.quality is Quality.DEMO or series.provenance.source.startswith(DEMO):
        finding = "is a demo: figures of another site"
        found.append(warn(what, finding, "set REPORTER_BASE_URL to a reporter of this site before a real battery"))
    if series.provenance.note:
        found.append(warn(what, series.provenance.note, "look into the data of the reporter"))
    return tuple(found)


async def check_battery(what: str, device: ReadsState, battery: Battery) -> tuple[Finding, ...]:
    """Return what a battery tells of itself, and whether that can be.

    Parameters
    ----------
    what : str
        How to name it.
    device : ReadsState
        Reads it; nothing is commanded.
    battery : Battery
        What it should be.
    """
    state = await device.read_state()
    found = [fail(what, problem, "correct it in the battery or its gateway") for problem in state.problems]
    if state.soc is None:
        remedy = "without it nothing is commanded: let the battery tell it as docs/wire.md says"
        return (*found, fail(what, "tells no state of charge", remedy))
    power = "" if state.power_kw is None else f", {state.power_kw:g} kW"
    found.insert(0, ok(what, f"state of charge {state.soc:.1%}{power}, mode {state.mode}"))
    return (*found, *_plausible(what, state, battery), *_willing(what, state))


def _plausible(what: str, state: DeviceState, battery: Battery) -> list[Finding]:
    found: list[Finding] = []
    soc = state.soc or 0.0
    if soc <= NEAR_EMPTY:
        finding = f"a state of charge of {soc:.2%} looks like a fraction read as percent, or an empty battery"
        found.append(warn(what, finding, "compare with the battery's own display, and check BMS_SOC_UNIT"))
    elif not battery.soc_floor <= soc <= battery.soc_max:
        finding = f"{soc:.1%} is outside the planned band {battery.soc_floor:.0%} to {battery.soc_max:.0%}"
        found.append(warn(what, finding, "nothing to do if that passes: plans lead back into the band"))
    most_kw = max(battery.charge_limit_kw, battery.discharge_limit_kw)
    if state.power_kw is not None and abs(state.power_kw) > 1.1 * most_kw:
        finding = f"tells {state.power_kw:g} kW, its largest power is {most_kw:g} kW"
        found.append(warn(what, finding, "check its unit (kW) and BATTERY_POWER_MAX_KW"))
    if state.measured_at is not None and abs(state.received_at - state.measured_at) > STAMP_TOLERANCE:
        seconds = (state.measured_at - state.received_at).total_seconds()
        finding = f"its reading is stamped {seconds:+.0f} s from our clock"
        found.append(warn(what, finding, "set up time synchronisation there, or see whether its reading is stuck"))
    return found


def _willing(what: str, state: DeviceState) -> list[Finding]:
    found = [warn(what, f"alarm {alarm}", "see the battery's manual") for alarm in state.alarms]
    if state.mode is not DeviceMode.READY:
        finding = f"mode {state.mode}: it takes no commands now"
        found.append(warn(what, finding, "put it under remote control when nobody works on it"))
    for direction, limit_kw in (("charge", state.charge_limit_kw), ("discharge", state.discharge_limit_kw)):
        if limit_kw == 0:
            found.append(warn(what, f"allows no power to {direction} now", "see temperature, cells and alarms"))
    return found


async def check_meter(what: str, meter: ReadsMeter, clock: Clock) -> tuple[Finding, ...]:
    """Return what the meter shows, and whether it keeps the intervals that peaks are billed by.

    Parameters
    ----------
    what : str
        How to name it.
    meter : ReadsMeter
        Reads it.
    clock : Clock
        The time.
    """
    try:
        state = await meter.read_meter()
    except Refused as error:
        finding = f"is not there: {error}"
        remedy = "set METER_BASE_URL, or live without: peaks are then not guarded, and forecasts need a reporter"
        return (warn(what, finding, remedy),)
    found = [ok(what, f"{state.grid_kw:g} kW at the meter")]
    if state.interval_mean_kw is None:
        finding = "does not tell the mean of the running metering interval"
        found.append(
            warn(what, finding, "the service reckons it from its own readings; a restart loses up to an interval")
        )
    if state.measured_at is not None and abs(state.received_at - state.measured_at) > STAMP_TOLERANCE:
        seconds = (state.measured_at - state.received_at).total_seconds()
        finding = f"its reading is stamped {seconds:+.0f} s from our clock"
        found.append(warn(what, finding, "set up time synchronisation there, or see whether its reading is stuck"))
    intervals = await meter.read_intervals(clock.now() - RECENT)
    if intervals:
        found.append(ok(what, f"{len(intervals)} metering intervals of the last hour"))
    else:
        finding = "has no metering interval of the last hour"
        found.append(warn(what, finding, "peaks are taken from intervals: let the meter keep them"))
    return tuple(found)


def _ago(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:.1f} h" if abs(hours) >= 1 else f"{60 * hours:.0f} min"
