"""What happens at the sites, counted."""

from __future__ import annotations

from typing import assert_never

from voltherm.application.site_control.events import (
    AlarmChanged,
    CommandMoved,
    CycleDone,
    CycleMissed,
    GuardTicked,
    Listen,
    RungChanged,
    SiteEvent,
)
from voltherm.interfaces.metrics.metrics import ServiceMetrics


def counting(metrics: ServiceMetrics) -> Listen:
    """Return what takes every event of the sites and counts it."""

    def count(event: SiteEvent) -> None:
        match event:
            case CycleDone():
                metrics.cycle_done(
                    event.site_id,
                    outcome=event.outcome,
                    duration_s=event.duration_s,
                    lateness_s=event.lateness_s,
                    solve_s=event.solve_s,
                )
            case CycleMissed():
                metrics.cycles_missed(event.site_id, event.n)
            case CommandMoved():
                metrics.command(event.command.site_id, event.stage)
            case RungChanged():
                metrics.on_rung(event.site_id, event.after)
            case AlarmChanged():
                metrics.alarm(event.site_id, event.code, is_raised=event.is_raised)
            case GuardTicked():
                metrics.guard_ticked(event.site_id, event.clamps)
            case _:
                assert_never(event)

    return count
