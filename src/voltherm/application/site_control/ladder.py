"""The ladder: how good the ground is on which a site is controlled now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from voltherm.domain.control import Decision, Rung
from voltherm.domain.plan import Plan
from voltherm.domain.time import TimeGrid


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunningPlan:
    """A plan that is followed.

    Parameters
    ----------
    id : str or None
        Under which it is stored.
    decision : Decision
        The decision that came with it; its ``plan`` is there.
    plan : Plan
        What is followed.
    made_s : float
        When it was made, by the monotonic clock. [s]
    forecasts_s : float
        When the oldest of its forecasts became known, by the monotonic clock. [s]
    """

    id: str | None
    decision: Decision
    plan: Plan
    made_s: float
    forecasts_s: float

    def step_at(self, now: datetime) -> int | None:
        """Return the plan's step of now; None where the plan does not reach it."""
        grid: TimeGrid = self.plan.grid
        index = (now - grid.start) // grid.step
        return index if 0 <= index < grid.n_steps else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderLimits:
    """How old things may be.

    Parameters
    ----------
    fresh_s : float
        A plan is fresh until the next one is due, and a little. [s]
    last_plan_s : float
        The last good plan is followed for so long: two cycles. [s]
    forecasts_s : float
        Forecasts older than this carry no plan. [s]
    """

    fresh_s: float
    last_plan_s: float
    forecasts_s: float


class Ground(NamedTuple):
    """What there is to stand on: why no setpoint may be sent at all, the plan, and whether the meter is read."""

    refusal: str
    running: RunningPlan | None
    plan_trouble: str
    meter_is_fresh: bool


class Standing(NamedTuple):
    """The rung, and why it is not a better one."""

    rung: Rung
    why: str


def standing(ground: Ground, now: datetime, now_s: float, limits: LadderLimits) -> Standing:
    """Return the best rung that the ground carries.

    Fresh plan, then the last good plan while it is less than two cycles old and its forecasts are young enough, then
    the rule on the meter alone, then no setpoint: the device goes back to its own default. Nothing is sent without a
    battery that can be believed, or without the lease.

    Parameters
    ----------
    ground : Ground
        What there is.
    now : datetime
        The instant, for the plan's steps.
    now_s : float
        The monotonic clock, for ages. [s]
    limits : LadderLimits
        How old things may be.
    """
    if ground.refusal:
        return Standing(Rung.NO_SETPOINT, ground.refusal)
    trouble = ground.plan_trouble or "there is no plan yet"
    running = ground.running
    if running is not None:
        trouble = unfit(running, now, now_s, limits)
        if not trouble and now_s - running.made_s <= limits.fresh_s:
            return Standing(Rung.FRESH_PLAN, "")
        if not trouble:
            why = ground.plan_trouble or "no newer plan has been made"
            return Standing(Rung.LAST_PLAN, f"the plan is {(now_s - running.made_s) / 60:.0f} min old: {why}")
        trouble = f"{trouble}: {ground.plan_trouble}" if ground.plan_trouble else trouble
    if ground.meter_is_fresh:
        return Standing(Rung.LOCAL_RULE, trouble)
    return Standing(Rung.NO_SETPOINT, f"{trouble}; the meter is not read either")


def unfit(running: RunningPlan, now: datetime, now_s: float, limits: LadderLimits) -> str:
    """Return why the plan cannot be followed; empty where it can."""
    if running.step_at(now) is None:
        return "the last plan does not reach the present"
    if now_s - running.made_s > limits.last_plan_s:
        return f"the last plan is {(now_s - running.made_s) / 60:.0f} min old"
    if now_s - running.forecasts_s > limits.forecasts_s:
        return f"the forecasts are {(now_s - running.forecasts_s) / 3600:.0f} h old"
    return ""
