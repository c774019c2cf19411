"""The clocks: the one place that asks what time it is."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final

from voltherm.domain.errors import InvalidInputError

LONGEST_NAP_S: Final = 1.0
"""A sleeper looks at the wall clock this often, so that a clock that was moved is seen soon."""
JUMP_S: Final = 2.0
"""The wall clock was moved when it went this much more or less than the monotonic clock during a nap."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Return seconds that only ever grow. [s]."""
        return time.monotonic()

    async def sleep_until(self, moment: datetime) -> None:
        """Return at ``moment``, or as soon as the wall clock is seen to have been moved."""
        while (left_s := (moment - self.now()).total_seconds()) > 0:
            wall, steady = self.now(), self.monotonic_s()
            await asyncio.sleep(min(left_s, LONGEST_NAP_S))
            moved_s = (self.now() - wall).total_seconds() - (self.monotonic_s() - steady)
            if abs(moved_s) > JUMP_S:
                return

    def taking_part(self) -> AbstractContextManager[None]:
        """Return nothing to do: real time waits for nobody."""
        return nullcontext()


class FollowingClock:
    """Simulated time that another program leads: the instant that stands in a file.

    Parameters
    ----------
    file : Path
        One line, an ISO 8601 instant with a zone.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        """Return the instant in the file.

        Raises
        ------
        InvalidInputError
            When the file cannot be read, or holds no instant with a zone.
        """
        try:
            moment = datetime.fromisoformat(self._file.read_text(encoding="utf-8").strip())
        except (OSError, ValueError):
            moment = None
        if moment is None or moment.tzinfo is None:
            message = (
                f"VOLTHERM_CLOCK_FILE: {self._file} holds no instant; write one line into it, such as "
                "2026-03-12T06:00:00Z, or unset the variable for real time"
            )
            raise InvalidInputError(message)
        return moment.astimezone(UTC)

    def monotonic_s(self) -> float:
        """Return the same as seconds since 1970. [s]."""
        return self.now().timestamp()

    async def sleep_until(self, moment: datetime) -> None:
        """Return when the leader has come to ``moment``; looks a hundred times a second."""
        while self.now() < moment:  # noqa: ASYNC110 - another process writes the file: there is no event to wait for
            await asyncio.sleep(0.01)

    def taking_part(self) -> AbstractContextManager[None]:
        """Return nothing to do: the leader waits for its own tasks alone."""
        return nullcontext()


class LeadingClock:
    """Simulated time that goes on as soon as everybody waits for it.

    Every task that lives in this time does so within ``taking_part``; whenever all of them sleep, the time moves on to
    the earliest moment that one waits for, and the file says so to the programs that follow.

    Parameters
    ----------
    file : Path
        Where the instant is written; it must hold the first one.
    until : datetime
        Where the time ends: sleepers beyond it are never woken.
    """

    def __init__(self, file: Path, until: datetime) -> None:
        self._file = file
        self._until = until
        self._now = FollowingClock(file).now()
        begin_simulated_time(file, self._now)
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._n_joined = 0
        self._numbers = count()

    def now(self) -> datetime:
        """Return the simulated instant."""
        return self._now

    def monotonic_s(self) -> float:
        """Return the same as seconds since 1970. [s]."""
        return self._now.timestamp()

    @contextmanager
    def taking_part(self) -> Iterator[None]:
        """Count one more task that the time waits for."""
        self._n_joined += 1
        try:
            yield
        finally:
            self._n_joined -= 1
            self._go_on()

    async def sleep_until(self, moment: datetime) -> None:
        """Return when the simulated time has come to ``moment``."""
        if moment <= self._now:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (moment, next(self._numbers), woken))
        self._go_on()
        await woken

    def _go_on(self) -> None:
        """Move on to the next moment when everybody sleeps, and wake who waited for it."""
        self._sleepers = [sleeper for sleeper in self._sleepers if not sleeper[2].done()]
        heapq.heapify(self._sleepers)
        if not self._sleepers or len(self._sleepers) < self._n_joined:
            return
        moment = self._sleepers[0][0]
        if moment > self._until:
            return
        self._now = moment
        self._write()
        while self._sleepers and self._sleepers[0][0] <= moment:
            woken = heapq.heappop(self._sleepers)[2]
            with suppress(asyncio.InvalidStateError):
                woken.set_result(None)

    def _write(self) -> None:
        """Write the instant over the last one in one call: all are of one length, so nobody reads half an instant."""
        with self._file.open("rb+", buffering=0) as file:
            file.write(_written(self._now))


def begin_simulated_time(file: Path, start: datetime) -> None:
    """Write the first instant of a simulated time."""
    file.write_bytes(_written(start))


def _written(moment: datetime) -> bytes:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").encode()
