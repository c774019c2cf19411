"""What of a wanted power a battery is told: the least of every limit of now, each cut with its reason."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from voltherm.application.judged_state import JudgedState
from voltherm.domain.assets import Battery
from voltherm.domain.device import DeviceState
from voltherm.domain.errors import InvalidInputError
from voltherm.physics.battery import taper_limit_kw

SECONDS_PER_HOUR: Final = 3600.0
STEP_SLACK: Final = 1e-9
"""Share of a step that floating point may lose: 0.3 kW are three steps of 0.1 kW."""


class ClampCode(StrEnum):
    """What cut a power; the names are stable, for metrics."""

    RATED = "rated_limit"
    BMS = "bms_limit"
    CONNECTION = "connection_limit"
    SOC_UNKNOWN = "soc_unknown"
    SOC_GUARD = "soc_guard"
    TAPER = "taper"
    STEP = "min_step"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClampReason:
    """One cut, with its figures in words."""

    code: ClampCode
    words: str

    def __str__(self) -> str:
        return f"{self.code}: {self.words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clamped:
    """What may be told.

    Parameters
    ----------
    power_kw : float
        AC power, charging positive; never farther from rest than wanted, and never on the other side. [kW]
    reasons : tuple of ClampReason
        What cut it, in the order of cutting.
    """

    power_kw: float
    reasons: tuple[ClampReason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Headroom:
    """What the site's connection leaves to one battery, the others and the guard being taken care of.

    Parameters
    ----------
    charge_kw, discharge_kw : float
        Import limit less what the site takes without this battery, and the same for export; where one is negative
        the battery rests on that side. [kW]
    """

    charge_kw: float = math.inf
    discharge_kw: float = math.inf


UNLIMITED: Final = Headroom()


def clamp_power(
    power_kw: float,
    battery: Battery,
    state: JudgedState | DeviceState,
    *,
    validity: timedelta,
    headroom: Headroom = UNLIMITED,
    min_step_kw: float = 0.0,
) -> Clamped:
    """Return the power that a battery may be told now.

    Rated limits, the BMS's limits of now, the connection, the energy between the SOC and its floor or ceiling, the
    taper and the setpoint's resolution cut it, one after the other. Without a usable SOC nothing is left but rest.

    Parameters
    ----------
    power_kw : float
        Wanted AC power, charging positive. [kW]
    battery : Battery
        Limits, SOC band, tapers.
    state : JudgedState or DeviceState
        SOC and limits of now.
    validity : timedelta
        For how long it may be followed if nothing else is heard: the energy must last for that, and for the age of
        the SOC.
    headroom : Headroom
        What the connection leaves.
    min_step_kw : float
        Resolution of the battery's setpoint; powers are rounded to it towards rest. [kW]

    Raises
    ------
    InvalidInputError
        When the wanted power is not finite: whoever computed it is broken. When validity or step can be none.
    """
    if validity <= timedelta(0) or not 0 <= min_step_kw < math.inf:
        message = f"clamp: validity is {validity}, must be above 0; min_step_kw is {min_step_kw}, must be at least 0"
        raise InvalidInputError(message)
    if not math.isfinite(power_kw):
        message = f"battery {battery.id!r}: wanted power is {power_kw} kW, must be finite; command nothing instead"
        raise InvalidInputError(message)
    power_now_kw, reasons = power_kw, []
    for limit in _limits(battery, state, headroom, validity, is_charging=power_kw > 0):
        if abs(power_now_kw) > limit.power_kw:
            reasons.append(limit.cut(power_now_kw))
            power_now_kw = math.copysign(limit.power_kw, power_kw)
    stepped_kw = _stepped(power_now_kw, min_step_kw)
    if stepped_kw != power_now_kw:
        words = f"{power_now_kw:.4g} kW to {stepped_kw:.4g}: setpoints come in steps of {min_step_kw:g} kW"
        reasons.append(ClampReason(code=ClampCode.STEP, words=words))
    return Clamped(power_kw=stepped_kw + 0.0, reasons=tuple(reasons))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """A limit in the direction of the wanted power, non-negative, with what it is."""

    code: ClampCode
    power_kw: float
    because: str

    def cut(self, before_kw: float) -> ClampReason:
        after_kw = math.copysign(self.power_kw, before_kw) + 0.0
        return ClampReason(code=self.code, words=f"{before_kw:.4g} kW to {after_kw:.4g}: {self.because}")


def _limits(
    battery: Battery, state: JudgedState | DeviceState, headroom: Headroom, validity: timedelta, *, is_charging: bool
) -> list[_Limit]:
    reading = state.state if isinstance(state, JudgedState) else state
    rated = battery.charge_limit_kw if is_charging else battery.discharge_limit_kw
    left = headroom.charge_kw if is_charging else headroom.discharge_kw
    verb = "charging" if is_charging else "discharging"
    limits = [_Limit(code=ClampCode.RATED, power_kw=rated, because=f"the battery's rated limit of {verb}")]
    if reading is not None:
        now_kw = reading.charge_limit_kw if is_charging else reading.discharge_limit_kw
        if now_kw is not None:
            because = f"the battery management system's limit of {verb} now"
            limits.append(_Limit(code=ClampCode.BMS, power_kw=max(0.0, now_kw), because=because))
    because = f"what the connection leaves for {verb}"
    limits.append(_Limit(code=ClampCode.CONNECTION, power_kw=max(0.0, left), because=because))
    return [*limits, *_soc_limits(battery, state, validity, is_charging=is_charging)]


def _soc_limits(
    battery: Battery, state: JudgedState | DeviceState, validity: timedelta, *, is_charging: bool
) -> list[_Limit]:
    if state.soc is None:
        return [_Limit(code=ClampCode.SOC_UNKNOWN, power_kw=0.0, because="no usable SOC")]
    age_s = (state.age_s or 0.0) if isinstance(state, JudgedState) else 0.0
    lasts_h = validity / timedelta(hours=1) + age_s / SECONDS_PER_HOUR
    if is_charging:
        room_kwh = max(0.0, battery.soc_max - state.soc) * battery.capacity_kwh
        sustained_kw, end = room_kwh / battery.charge_efficiency / lasts_h, f"below {battery.soc_max:.3g}"
    else:
        room_kwh = max(0.0, state.soc - battery.soc_floor) * battery.capacity_kwh
        sustained_kw, end = room_kwh * battery.discharge_efficiency / lasts_h, f"above {battery.soc_floor:.3g}"
    lasting = f"{room_kwh:.3g} kWh left {end} at SOC {state.soc:.3f}, for {lasts_h * SECONDS_PER_HOUR:.0f} s"
    taper_kw = taper_limit_kw(battery, state.soc * battery.capacity_kwh, charging=is_charging)
    return [
        _Limit(code=ClampCode.SOC_GUARD, power_kw=sustained_kw, because=lasting),
        _Limit(code=ClampCode.TAPER, power_kw=taper_kw, because=f"the taper at SOC {state.soc:.3f}"),
    ]


def _stepped(power_kw: float, step_kw: float) -> float:
    """Round towards rest, so that no limit is passed."""
    if step_kw == 0:
        return power_kw
    steps = math.floor(abs(power_kw) / step_kw + STEP_SLACK)
    return math.copysign(min(abs(power_kw), steps * step_kw), power_kw)
