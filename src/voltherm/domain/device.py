"""What a battery tells of itself, and what it answers to a command."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.time import utc_instant


class DeviceMode(StrEnum):
    """Who is in charge of a device, as it says itself."""

    READY = "ready"
    """It takes setpoints from us."""
    STANDBY = "standby"
    """Its contactor is open, or it is starting: it takes none for now."""
    LOCAL = "local"
    """Somebody operates it on the spot; our writes would be ignored."""
    FAULT = "fault"
    """It has stopped itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEcho:
    """What a device says it is doing for us.

    Parameters
    ----------
    command_id : str or None
        The command; None where the device keeps no ids.
    power_kw : float
        Setpoint that it follows, charging positive. [kW]
    valid_until : datetime or None
        Until when; None where the device does not say.
    """

    command_id: str | None
    power_kw: float
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """One reading of a battery; what was not said, or was nonsense, is None and named in ``problems``.

    Parameters
    ----------
    device_id : str
        Id of the battery within its site.
    received_at : datetime
        When we received it, by our clock.
    received_s : float
        The same by the monotonic clock, from which ages are counted. [s]
    measured_at : datetime or None
        When it was measured, by the device's clock.
    soc : float or None
        State of charge, 0 to 1.
    power_kw : float or None
        AC power of now, charging positive. [kW]
    charge_limit_kw, discharge_limit_kw : float or None
        What the battery management system allows now, both non-negative; None where it does not say. [kW]
    mode : DeviceMode
        Who is in charge.
    heartbeat : int or None
        A number that moves while the device lives.
    alarms : tuple of str
        The device's own alarms.
    echo : CommandEcho or None
        The command that it says it follows.
    problems : tuple of str
        What of the answer was refused, in words.
    is_simulated : bool
        Whether the device says that it is a simulator; only such a one may follow demo data.
    """

    device_id: str
    received_at: datetime
    received_s: float
    measured_at: datetime | None = None
    soc: float | None = None
    power_kw: float | None = None
    charge_limit_kw: float | None = None
    discharge_limit_kw: float | None = None
    mode: DeviceMode = DeviceMode.READY
    heartbeat: int | None = None
    alarms: tuple[str, ...] = ()
    echo: CommandEcho | None = None
    problems: tuple[str, ...] = ()
    is_simulated: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "received_at", utc_instant(self.received_at, "received_at"))
        if self.measured_at is not None:
            object.__setattr__(self, "measured_at", utc_instant(self.measured_at, "measured_at"))
        if self.soc is not None and not 0 <= self.soc <= 1:
            message = f"device {self.device_id!r}: soc is {self.soc}, must be between 0 and 1 (a fraction, not percent)"
            raise InvalidInputError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterState:
    """One reading of the site's meter.

    Parameters
    ----------
    received_at : datetime
        When we received it, by our clock.
    received_s : float
        The same by the monotonic clock. [s]
    measured_at : datetime or None
        When it was measured, by the meter's clock.
    grid_kw : float
        Power of now, import positive. [kW]
    interval_start : datetime or None
        Begin of the running metering interval; None where the meter does not say.
    interval_mean_kw : float or None
        Mean of the running metering interval up to now, import positive. [kW]
    """

    received_at: datetime
    received_s: float
    measured_at: datetime | None = None
    grid_kw: float
    interval_start: datetime | None = None
    interval_mean_kw: float | None = None

    def __post_init__(self) -> None:
        for name in ("received_at", "measured_at", "interval_start"):
            moment = getattr(self, name)
            if moment is not None:
                object.__setattr__(self, name, utc_instant(moment, name))


class CommandKind(StrEnum):
    """What a device is told."""

    SETPOINT = "setpoint"
    """Follow this power until it expires."""
    RELEASE = "release"
    """Go back to your own default now."""


class CommandSource(StrEnum):
    """Who wanted it."""

    PLAN = "plan"
    GUARD = "guard"
    LOCAL_RULE = "local_rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCommand:
    """What one device is told: it ends by itself, and carries what tells it from every other.

    Parameters
    ----------
    id : str
        Unique; a repeated id is the same command.
    site_id, device_id : str
        Who is told.
    epoch : int
        Fencing token of the lease under which it is sent; a device refuses an epoch older than it has seen.
    sequence : int
        Counts up from 1 within an epoch; a device refuses a number not above the last one.
    kind : CommandKind
        Setpoint or release.
    power_kw : float
        Wanted AC power, charging positive; 0 for a release. [kW]
    planned_kw : float or None
        What the plan wanted before clamps. [kW]
    issued_at, valid_until : datetime
        Half-open validity; after it the device goes back to its own default.
    source : CommandSource
        Who wanted it.
    reason : str
        Why, as a reason code.
    clamps : tuple of str
        What moved the power away from the plan, in words.
    plan_id : str or None
        The stored plan that it follows.
    """

    id: str
    site_id: str
    device_id: str
    epoch: int
    sequence: int
    kind: CommandKind
    power_kw: float
    planned_kw: float | None
    issued_at: datetime
    valid_until: datetime
    source: CommandSource
    reason: str
    clamps: tuple[str, ...] = ()
    plan_id: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "issued_at", utc_instant(self.issued_at, "issued_at"))
        object.__setattr__(self, "valid_until", utc_instant(self.valid_until, "valid_until"))
        if self.valid_until <= self.issued_at:
            message = f"command {self.id!r}: valid_until {self.valid_until.isoformat()} is not after issued_at"
            raise InvalidInputError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """What a device answered to a command.

    Parameters
    ----------
    command_id : str
        The command.
    is_accepted : bool
        Whether it will be followed.
    detail : str
        Why not, or what the device adds.
    power_kw : float or None
        Power that the device will really follow; None where it does not say. [kW]
    valid_until : datetime or None
        Until when, as the device says.
    """

    command_id: str
    is_accepted: bool
    detail: str = ""
    power_kw: float | None = None
    valid_until: datetime | None = None


class CommandStage(StrEnum):
    """What became of a command; each is one row of the audit."""

    ACKNOWLEDGED = "acknowledged"
    """The device answered that it follows."""
    REFUSED = "refused"
    """The device answered that it does not."""
    FAILED = "failed"
    """No answer came, or none that could be read; whether it was heard is not known."""
    OBSERVED = "observed"
    """The measured power followed."""
    MISSED = "missed"
    """The measured power did not follow in time."""
    ORPHANED = "orphaned"
    """Its sender ended before it knew the answer; it ends by its validity."""
