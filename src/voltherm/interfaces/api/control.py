"""What happens at the controlled sites, told to the log; and whether they are under control."""

from __future__ import annotations

from typing import assert_never

import structlog

from voltherm.application.site_control.events import (
    AlarmChanged,
    CommandMoved,
    CycleDone,
    CycleMissed,
    GuardTicked,
    RungChanged,
    SiteEvent,
)
from voltherm.bootstrap import Service
from voltherm.domain.device import CommandStage

_log = structlog.get_logger(__name__)


def log_event(event: SiteEvent) -> None:
    """Write an event to the log: the story of a day at INFO, every renewal at DEBUG."""
    match event:
        case CycleDone():
            told = _log.warning if event.why else _log.info
            told(
                "cycle",
                site=event.site_id,
                outcome=event.outcome,
                why=event.why or None,
                plan=event.plan_id,
                lateness_s=round(event.lateness_s, 3),
                duration_s=round(event.duration_s, 3),
            )
        case CycleMissed():
            _log.warning("cycles_missed", site=event.site_id, n=event.n)
        case CommandMoved():
            _log_command(event)
        case RungChanged():
            before = None if event.before is None else event.before.value
            _log.info("rung", site=event.site_id, before=before, after=event.after.value, why=event.why or None)
        case AlarmChanged():
            told = _log.warning if event.is_raised else _log.info
            told("alarm", site=event.site_id, code=event.code, is_raised=event.is_raised, detail=event.detail or None)
        case GuardTicked():
            _log.debug("guard", site=event.site_id, clamps=event.clamps)
        case _:
            assert_never(event)


def _log_command(event: CommandMoved) -> None:
    command = event.command
    is_trouble = event.stage in (CommandStage.REFUSED, CommandStage.FAILED, CommandStage.MISSED)
    told = _log.warning if is_trouble else _log.debug
    told(
        "command",
        site=command.site_id,
        device=command.device_id,
        command=command.id,
        stage="sent" if event.stage is None else event.stage.value,
        power_kw=round(command.power_kw, 3),
        reason=command.reason,
        detail=event.detail or None,
    )


def trouble_of(service: Service) -> str | None:
    """Return which sites are not under control, and why; None when all are."""
    wrong = [f"{name}: {site.trouble}" for name, site in service.sites.items() if site.trouble]
    return "; ".join(wrong) or None
