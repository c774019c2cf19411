"""What a site's loops know together; they share one event loop, so nothing is locked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from voltherm.application.decide_site import ControlOptions
from voltherm.application.forecast_chain import ChainReport
from voltherm.application.judged_state import JudgedState
from voltherm.application.site_control.alarms import Alarms
from voltherm.application.site_control.events import Listen
from voltherm.application.site_control.ladder import LadderLimits, RunningPlan, Standing
from voltherm.application.site_control.running_mean import IntervalSoFar
from voltherm.application.site_memory import SiteMemory
from voltherm.domain.control import Rung
from voltherm.domain.device import MeterState
from voltherm.domain.site import Site

GRACE: Final = timedelta(seconds=60)
"""A plan counts as fresh so much longer than an interval: the next one takes a moment to be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSettings:
    """How a site is controlled.

    Parameters
    ----------
    options : ControlOptions
        Step, horizon and limits of the plans.
    interval : timedelta
        Between two cycles; they fall on whole multiples of it by the clock.
    guard : timedelta
        Between two looks of the guard.
    validity : timedelta
        How long a command holds; at least three guard intervals.
    meter_max_age : timedelta
        A meter reading older than this is not used.
    forecast_max_age : timedelta
        Forecasts older than this carry no plan.
    deadline_s : float
        Longest time that a plan may take to be computed. [s]
    """

    options: ControlOptions = field(default_factory=ControlOptions)
    interval: timedelta = timedelta(minutes=15)
    guard: timedelta = timedelta(seconds=10)
    validity: timedelta = timedelta(seconds=60)
    meter_max_age: timedelta = timedelta(seconds=30)
    forecast_max_age: timedelta = timedelta(hours=24)
    deadline_s: float = 30.0

    @property
    def ladder(self) -> LadderLimits:
        """How old plan and forecasts may be on each rung."""
        return LadderLimits(
            fresh_s=(self.interval + GRACE).total_seconds(),
            last_plan_s=2 * self.interval.total_seconds(),
            forecasts_s=self.forecast_max_age.total_seconds(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleReport:
    """The last cycle: when it ended, what came of it, and how long it took."""

    at: datetime
    at_s: float
    outcome: str
    why: str
    plan_id: str | None
    duration_s: float
    solve_s: float | None


class SiteState:
    """The present of one site.

    Parameters
    ----------
    site : Site
        Which.
    version : int
        Version of the site in the store.
    settings : ControlSettings
        How it is controlled.
    listen : Listen
        Told of every event.
    """

    def __init__(self, site: Site, version: int, settings: ControlSettings, listen: Listen) -> None:
        self.site = site
        self.version = version
        self.settings = settings
        self.listen = listen
        self.alarms = Alarms(site.id, listen)
        self.memory = SiteMemory()
        self.judged: Mapping[str, JudgedState] = {}
        self.refusals: Mapping[str, str] = {battery.id: "has not been read yet" for battery in site.batteries}
        self.meter: MeterState | None = None
        self.meter_trouble = "the meter has not been read yet"
        self.meter_lag_s = 0.0
        self.so_far: IntervalSoFar | None = None
        self.running: RunningPlan | None = None
        self.plan_trouble = ""
        self.standing = Standing(Rung.NO_SETPOINT, "the service is starting")
        self.forecasts: tuple[ChainReport, ...] = ()
        self.forecasts_s = 0.0
        self.ceiling_kw: float | None = None
        self.last_cycle: CycleReport | None = None
        self.n_cycles = 0
        self.n_failed = 0
        self.n_missed = 0

    def forecast_age_s(self, report: ChainReport, now_s: float) -> float | None:
        """Return for how long a forecast has been known now, which a report says as of its cycle. [s]."""
        return None if report.age_minutes is None else 60 * report.age_minutes + max(0.0, now_s - self.forecasts_s)

    def meter_age_s(self, now_s: float) -> float | None:
        """Return how old the meter's last reading is, repetitions of it seen through; None before the first. [s]."""
        return None if self.meter is None else now_s - self.meter.received_s + self.meter_lag_s

    def fresh_meter(self, now_s: float) -> MeterState | None:
        """Return the meter's last reading while it is young enough to act on."""
        age_s = self.meter_age_s(now_s)
        return self.meter if age_s is not None and age_s <= self.settings.meter_max_age.total_seconds() else None

    def running_so_far(self, now: datetime, now_s: float) -> IntervalSoFar | None:
        """Return what has flowed in the step that runs now, never that of another; None where no meter says."""
        seconds = self.settings.options.step.total_seconds()
        start = now - timedelta(seconds=now.timestamp() % seconds)
        so_far = self.so_far
        return so_far if so_far is not None and so_far.start == start and self.fresh_meter(now_s) is not None else None
