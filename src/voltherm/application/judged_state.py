"""What is thought of a battery's reading: whether its SOC may be planned on, and whether the battery takes commands."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Final

from voltherm.domain.device import DeviceState
from voltherm.domain.errors import InvalidInputError


class FindingCode(StrEnum):
    """What is found; the names are stable, for metrics and alarms."""

    NO_READING = "no_reading"
    SOC_MISSING = "soc_missing"
    SOC_STALE = "soc_stale"
    HEARTBEAT_STANDS = "heartbeat_stands"
    SOC_FROZEN = "soc_frozen"
    SOC_JUMPED = "soc_jumped"
    SOC_DISAGREES = "soc_disagrees_with_power"
    RECOVERING = "recovering"
    CLOCK_FAR_OFF = "device_clock_far_off"
    CLOCK_OFF = "device_clock_off"
    STANDBY = "mode_standby"
    LOCAL = "mode_local"
    FAULT = "mode_fault"


COMMAND_BARS: Final = frozenset(
    {FindingCode.NO_READING, FindingCode.STANDBY, FindingCode.LOCAL, FindingCode.FAULT},
)
"""While one of these holds the battery takes no commands from us; its SOC may be good."""
NOTICES: Final = frozenset({FindingCode.CLOCK_OFF})
"""To be told, and nothing else."""
SOC_DOUBTS: Final = (frozenset(FindingCode) - COMMAND_BARS - NOTICES) | {FindingCode.NO_READING}
"""While one of these holds nothing is planned on the SOC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found, with its figures in words."""

    code: FindingCode
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedState:
    """The last reading of a battery, and what is thought of it at one moment.

    Parameters
    ----------
    at : datetime
        The moment, by our clock.
    state : DeviceState or None
        The reading as it came; None before the first.
    findings : tuple of Finding
        Doubts of the SOC, bars to commands, and notices.
    age_s : float or None
        How old the SOC is, by the monotonic clock; None before the first reading. [s]
    clock_offset_s : float or None
        How far the device's clock is ahead of ours; None where it tells no time. [s]
    """

    at: datetime
    state: DeviceState | None
    findings: tuple[Finding, ...]
    age_s: float | None = None
    clock_offset_s: float | None = None

    @property
    def is_usable(self) -> bool:
        """Whether the SOC may be planned on."""
        return self.state is not None and not any(each.code in SOC_DOUBTS for each in self.findings)

    @property
    def is_commandable(self) -> bool:
        """Whether the battery takes commands from us, by its own word; says nothing of its SOC."""
        return self.state is not None and not any(each.code in COMMAND_BARS for each in self.findings)

    @property
    def soc(self) -> float | None:
        """State of charge to plan on, 0 to 1; None unless it is usable. What was read stands in ``state``."""
        return self.state.soc if self.state is not None and self.is_usable else None

    @property
    def measured_kw(self) -> float | None:
        """AC power of the reading, charging positive; None where none was told, or the reading is too old. [kW]."""
        return None if self.state is None or FindingCode.SOC_STALE in self.codes else self.state.power_kw

    @property
    def why(self) -> tuple[str, ...]:
        """Why the SOC is not used or the battery not commanded, in words; empty when both are."""
        return tuple(each.words for each in self.findings if each.code not in NOTICES)

    @property
    def codes(self) -> tuple[FindingCode, ...]:
        """The codes of all findings, notices too."""
        return tuple(each.code for each in self.findings)

    @property
    def clock_alarm(self) -> str:
        """How far the device's clock is off, in words; empty while it is near enough."""
        return next((each.words for each in self.findings if each.code is FindingCode.CLOCK_OFF), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeOptions:
    """How much is believed.

    Parameters
    ----------
    soc_max_age_s : float
        An older SOC is not planned on: at 1C a minute is 1.7 points. Reads must come more often. [s]
    heartbeat_max_s : float
        A heartbeat that stands for longer means that the gateway repeats itself. [s]
    clock_offset_alarm_s, clock_offset_max_s : float
        A device whose clock differs by more is told of: its metering intervals are not ours; and one beyond the second
        is not believed, because its times may be of another zone. [s]
    frozen_soc : float
        An SOC that has not moved at all although the measured power moved it so far is frozen; above the coarsest
        resolution in the field, a whole percent.
    soc_resolution : float
        Coarsest step in which an SOC is told.
    jump_per_min : float
        An SOC that moves quicker has jumped; batteries that can do more are allowed half as much again as they can.
    energy_tolerance_soc, energy_tolerance_share : float
        How far SOC and measured energy may differ: resolution and auxiliaries, and a capacity other than on the plate.
    idle_share : float
        Share of the rated power that auxiliaries and sensors may hide: a resting battery draws a little for ever, and
        its SOC rightly stands.
    window_s : float
        Over what time SOC and measured energy are compared. [s]
    power_gap_s : float
        Between readings farther apart the power is not known. [s]
    n_consistent, consistent_s : int, float
        After a jump the new value is believed after so many readings that agree with each other, over at least so
        long: a recalibration must not lock the battery out for ever. [s]
    n_good : int
        After any other doubt, so many good readings one after the other.
    """

    soc_max_age_s: float = 60.0
    heartbeat_max_s: float = 60.0
    clock_offset_alarm_s: float = 2.0
    clock_offset_max_s: float = 900.0
    frozen_soc: float = 0.02
    soc_resolution: float = 0.01
    jump_per_min: float = 0.05
    energy_tolerance_soc: float = 0.03
    energy_tolerance_share: float = 0.3
    idle_share: float = 0.02
    window_s: float = 600.0
    power_gap_s: float = 60.0
    n_consistent: int = 3
    consistent_s: float = 60.0
    n_good: int = 3

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not 0 < value < float("inf"):
                message = f"judge options: {each.name} is {value}, must be above 0 and finite"
                raise InvalidInputError(message)
