"""What happens at a site, told to whoever logs and counts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from voltherm.domain.control import Rung
from voltherm.domain.device import CommandStage, DeviceCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleDone:
    """A cycle has ended.

    Parameters
    ----------
    site_id : str
        Whose.
    at : datetime
        When it ended.
    outcome : str
        ``optimal``, ``feasible``, ``fallback``, ``infeasible``, ``no_setpoint`` or ``not_computed``.
    why : str
        What was missing, where there is no plan.
    plan_id : str or None
        The stored plan.
    lateness_s, duration_s : float
        How late after its quarter-hour it began, and how long it took. [s]
    solve_s : float or None
        Time of build, solve and validation of the plan. [s]
    """

    site_id: str
    at: datetime
    outcome: str
    why: str
    plan_id: str | None
    lateness_s: float
    duration_s: float
    solve_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleMissed:
    """The quarter-hour passed without a cycle; ``n`` of them. The next one comes at its own time, once."""

    site_id: str
    at: datetime
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandMoved:
    """A command was sent, or something became of it: ``stage`` is None for the sending itself."""

    at: datetime
    command: DeviceCommand
    stage: CommandStage | None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RungChanged:
    """The site went up or down the ladder."""

    site_id: str
    at: datetime
    before: Rung | None
    after: Rung
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmChanged:
    """An alarm was raised, or cleared; told once each time."""

    site_id: str
    at: datetime
    code: str
    is_raised: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardTicked:
    """The guard has looked once; ``clamps`` are reason codes of what moved a power away from the plan."""

    site_id: str
    at: datetime
    clamps: tuple[str, ...] = ()


SiteEvent = CycleDone | CycleMissed | CommandMoved | RungChanged | AlarmChanged | GuardTicked

Listen = Callable[[SiteEvent], None]
"""Takes every event, at once and without waiting."""
