"""A site's life: prepare, then cycle, guard, leases and housekeeping side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from voltherm.application.site_control.cycle import Cycle
from voltherm.application.site_control.events import CycleMissed
from voltherm.application.site_control.guard import BatteryParts, SiteGuard
from voltherm.application.site_control.journal import Journal
from voltherm.application.site_control.ladder import Standing
from voltherm.application.site_control.readings import remembered
from voltherm.application.site_control.state import GRACE, CycleReport, SiteState
from voltherm.domain.control import Rung
from voltherm.ports.clock import Clock
from voltherm.ports.errors import OutsideError
from voltherm.ports.store import LedgerStore, ReadingStore, SiteStore

AGAIN_S: Final = 5.0
"""Between two tries to reach the database at the start. [s]."""
HOUSEKEEPING_S: Final = 5.0
"""Between two looks at what waits for the database. [s]."""
LEAVING_S: Final = 8.0
"""Longest time that an orderly end may take; devices and leases end by themselves after it. [s]."""
SOON_S: Final = 5.0
"""Least time between two cycles that were asked for out of turn. [s]."""
FAILED_S: Final = 20.0
"""The same after a cycle without a plan. [s]."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class NotHeld(OutsideError):
    """The site cannot be commanded by this instance now."""


class ControlledSite:
    """One site with everything that keeps it under control.

    Parameters
    ----------
    state : SiteState
        What is known; read it, do not write it.
    cycle, guard, journal : Cycle, SiteGuard, Journal
        Its parts.
    batteries : tuple of BatteryParts
        For their leases, and to be shown.
    clock : Clock
        The time.
    open_store : callable
        Brings the database up to date; awaited before anything else, and again until it succeeds.
    sites, readings, ledgers : SiteStore, ReadingStore, LedgerStore
        Where the site's memory comes from.
    """

    def __init__(  # noqa: PLR0913 - each is a part of its own
        self,
        state: SiteState,
        *,
        cycle: Cycle,
        guard: SiteGuard,
        journal: Journal,
        batteries: tuple[BatteryParts, ...],
        clock: Clock,
        open_store: Callable[[], Awaitable[None]],
        sites: SiteStore,
        readings: ReadingStore,
        ledgers: LedgerStore,
    ) -> None:
        self.state = state
        self.batteries = batteries
        self._cycle, self._guard, self._journal = cycle, guard, journal
        self._clock, self._open_store = clock, open_store
        self._sites, self._readings, self._ledgers = sites, readings, ledgers
        self._ready = asyncio.Event()
        self._asked_s = float("-inf")
        self._cycled_s: float | None = None
        self._recovered: dict[str, int] = {}

    @property
    def trouble(self) -> str:
        """Why the site is not under control; empty where it is."""
        if not self._ready.is_set():
            return self.state.standing.why
        if self.state.standing.rung is Rung.NO_SETPOINT:
            return self.state.standing.why
        now = self._clock.now()
        if not self.batteries or any(part.dispatcher.is_taken(now) for part in self.batteries):
            return ""
        said = [part.dispatcher.last.detail for part in self.batteries if part.dispatcher.last is not None]
        return f"no battery takes commands: {'; '.join(filter(None, said)) or 'none has answered yet'}"

    @property
    def n_unwritten(self) -> int:
        """Rows of the audit that wait for the database."""
        return self._journal.n_waiting

    def failed(self, why: str) -> None:
        """Say that the control has ended, and why; the devices revert by themselves."""
        self._ready.clear()
        self.state.running = None
        self.state.standing = Standing(Rung.NO_SETPOINT, why)
        self.state.alarms.put(self._clock.now(), "control_failed", why)

    async def run(self) -> None:
        """Keep the site under control until cancelled; then release its devices and give up the leases."""
        await self._prepare()
        try:
            for part in self.batteries:
                await part.keeper.step()
            with suppress(OutsideError):  # the housekeeping tries again
                await self._recover()
            async with asyncio.TaskGroup() as tasks:
                for part in self.batteries:
                    tasks.create_task(part.keeper.run())
                tasks.create_task(self._guard_loop(tasks))
                tasks.create_task(self._cycle_loop())
                tasks.create_task(self._housekeeping())
        finally:
            await self._cycle.close()
            await self._let_go()

    async def _let_go(self) -> None:
        """Release the devices, write down what waits, and only then give up the leases; all of it in bounded time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVING_S):
                await self._guard.release_all()
                await self._journal.flush()
                for part in self.batteries:
                    await part.keeper.give_up()

    async def trigger(self) -> CycleReport:
        """Return what came of a cycle that runs now, or that is running already.

        Raises
        ------
        NotHeld
            When the service is starting or another instance holds the lease.
        """
        epoch = self._epoch()
        if not self._ready.is_set() or epoch is None:
            raise NotHeld(self.state.standing.why)
        with self._clock.taking_part():
            report = await self._cycle.run(epoch)
            await self._guard.tick()
        return report

    def next_cycle(self, now: datetime) -> datetime:
        """Return when the next cycle is due: the first whole multiple of the interval after ``now``."""
        return _next_multiple(now, self.state.settings.interval)

    async def _prepare(self) -> None:
        """Bring the database up to date and remember the site; again and again until the database answers."""
        state = self.state
        while True:
            try:
                await self._open_store()
                stored = await self._sites.save_site(state.site)
                now = self._clock.now()
                state.version = stored.version
                state.memory = await remembered(
                    state.site, state.settings.options, now, readings=self._readings, ledgers=self._ledgers
                )
            except OutsideError as error:
                state.standing = state.standing._replace(why=f"the database does not answer: {error}")
                state.alarms.put(self._clock.now(), "database", str(error))
                await asyncio.sleep(AGAIN_S)
                continue
            state.alarms.put(self._clock.now(), "database", "")
            state.alarms.put(self._clock.now(), "control_failed", "")
            self._ready.set()
            return

    def _epoch(self) -> int | None:
        """The highest epoch of the leases; None while one is missing. A site without batteries needs none."""
        leases = [part.keeper.lease for part in self.batteries]
        if any(lease is None for lease in leases):
            return None
        return max((lease.epoch for lease in leases if lease is not None), default=0)

    async def _guard_loop(self, tasks: asyncio.TaskGroup) -> None:
        with self._clock.taking_part():
            while True:
                if await self._guard.tick():
                    self._ask_for_cycle(tasks)
                now = self._clock.now()
                await self._clock.sleep_until(_next_multiple(now, self.state.settings.guard))

    def _ask_for_cycle(self, tasks: asyncio.TaskGroup) -> None:
        """Plan out of turn, unless that was just done."""
        now_s = self._clock.monotonic_s()
        if now_s - self._asked_s < (FAILED_S if self.state.plan_trouble else SOON_S):
            return
        self._asked_s = now_s

        async def replan() -> None:
            with self._clock.taking_part():
                await self._run_cycle(0.0)

        tasks.create_task(replan())

    async def _cycle_loop(self) -> None:
        with self._clock.taking_part():
            due = self.next_cycle(self._clock.now())
            while True:
                await self._clock.sleep_until(due)
                now = self._clock.now()
                if now < due:  # the wall clock was moved back: the next multiple is due, once
                    due = min(due, self.next_cycle(now))
                    continue
                latest = self.next_cycle(now) - self.state.settings.interval
                await self._run_cycle((now - latest).total_seconds())
                now = self._clock.now()
                due = self.next_cycle(now if latest - now > GRACE else latest)  # one that is due by now runs at once

    async def _run_cycle(self, lateness_s: float) -> None:
        """Plan, where this instance holds the leases, and let the guard send it at once."""
        self._count_missed()
        epoch = self._epoch()
        if epoch is None:
            await self._cycle.collect()  # a standby keeps its memory warm
            return
        await self._cycle.run(epoch, lateness_s)
        await self._guard.tick()

    def _count_missed(self) -> None:
        """Tell of cycles that should have been between the last one and now, by the monotonic clock."""
        now_s, last_s = self._clock.monotonic_s(), self._cycled_s
        self._cycled_s = now_s
        if last_s is None:
            return
        n_missed = int((now_s - last_s) / self.state.settings.interval.total_seconds() - 0.5)
        if n_missed > 0:
            self.state.n_missed += n_missed
            self.state.listen(CycleMissed(site_id=self.state.site.id, at=self._clock.now(), n=n_missed))

    async def _housekeeping(self) -> None:
        """Write what waits for the database, in real time."""
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            await self._journal.flush()
            trouble = self._journal.trouble
            try:
                if not trouble:
                    await self._recover()
                await self._cycle.store_waiting()
            except OutsideError as error:
                trouble = str(error)
            self.state.alarms.put(self._clock.now(), "database", trouble)
            self.state.alarms.put(self._clock.now(), "audit_incomplete", self._journal.refused)

    async def _recover(self) -> None:
        """Learn once for each lease what became of the commands of its earlier holders.

        Raises
        ------
        OutsideError
            When the database does not answer.
        """
        for part in self.batteries:
            lease = part.keeper.lease
            if lease is not None and self._recovered.get(part.battery.id) != lease.epoch:
                await self._journal.flush()  # what this instance knows itself is not an orphan
                await self._journal.recover(part.battery.id, lease.epoch, self._clock.now())
                self._recovered[part.battery.id] = lease.epoch


def _next_multiple(now: datetime, interval: timedelta) -> datetime:
    """The first whole multiple of the interval since 1970 after ``now``: quarter-hours by the clock of every zone."""
    return EPOCH + ((now - EPOCH) // interval + 1) * interval
