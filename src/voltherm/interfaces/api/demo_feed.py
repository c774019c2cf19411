"""Keeps the demo going in real time beside the service, and holds its latest snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from voltherm.application.demo_snapshot import DemoSnapshot
from voltherm.application.replay import DemoSite

STEPS_AT_ONCE = 16
"""Simulated between two snapshots while the demo catches up; a fraction of a second."""
PAUSE_S = 15.0
"""Between two looks at the clock once it has."""
LONGEST_SILENCE = timedelta(minutes=20)
"""Without a decision for longer, the demo is not ready."""

_log = structlog.get_logger(__name__)


class DemoFeed:
    """Advances a demo site with the clock.

    Parameters
    ----------
    start : callable
        Returns the demo for an instant; called once, in a thread.
    now : callable
        The clock.
    """

    def __init__(self, start: Callable[[datetime], DemoSite], now: Callable[[], datetime]) -> None:
        self._start = start
        self.now = now
        self._has_failed = False
        self.snapshot: DemoSnapshot | None = None

    async def run(self) -> None:
        """Go on until cancelled; an error of the demo ends the demo, not the service."""
        try:
            await self._go_on()
        except Exception:  # noqa: BLE001 - once here; logged with its traceback, and shown by /health/ready
            self._has_failed = True
            _log.exception("demo_failed")

    async def _go_on(self) -> None:
        demo = await asyncio.to_thread(self._start, self.now())
        _log.info("demo_started", label=demo.label)
        was_caught_up = False
        while True:
            self.snapshot = await asyncio.to_thread(self._advance, demo)
            if self.snapshot.is_caught_up:
                if not was_caught_up:
                    _log.info("demo_caught_up", replayed_until=self.snapshot.replayed_until.isoformat())
                    was_caught_up = True
                await asyncio.sleep(PAUSE_S)

    def readiness(self) -> str | None:
        """Return why the demo does not show the present; None when it does."""
        snapshot = self.snapshot
        if self._has_failed:
            return "the demo has stopped; the log says why"
        if snapshot is None:
            return "the demo is starting"
        if snapshot.decision is None:
            return f"replaying, at {snapshot.replayed_until.isoformat()}"
        if self.now() - snapshot.decision.now > LONGEST_SILENCE:
            return f"the last decision is of {snapshot.decision.now.isoformat()}"
        return None

    def _advance(self, demo: DemoSite) -> DemoSnapshot:
        demo.advance(self.now(), most_steps=STEPS_AT_ONCE)
        return demo.snapshot()
