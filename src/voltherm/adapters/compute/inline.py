"""Computing in threads of this process: for tests, for Windows, and for simulated time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

import structlog

from voltherm.ports.compute import NotComputed

Job = TypeVar("Job")
Answer = TypeVar("Answer")

LOOK_S: Final = 0.02
"""Between two looks whether a place is free, or all was closed. [s]"""

_log = structlog.get_logger(__name__)


class InlineCompute:
    """A thread for each job, at most some at a time.

    A thread cannot be ended: what runs beyond its deadline goes on, and its place stays taken until it ends by itself.
    Nothing is pickled, and a crash of compiled code is a crash of the program.

    Parameters
    ----------
    n_places : int
        Jobs at the same time.
    """

    def __init__(self, *, n_places: int = 2) -> None:
        # Nothing of asyncio is kept: a test may ask from one event loop after another.
        self._places = threading.Semaphore(n_places)
        self._is_closed = False

    async def start(self) -> None:
        """Do nothing: a thread begins with its job."""

    async def run(self, work: Callable[[Job], Answer], job: Job, deadline_s: float) -> Answer | NotComputed:
        """Return what ``work(job)`` returns in a thread, or why there is no answer after at most ``deadline_s``."""
        name = str(getattr(work, "__qualname__", None) or repr(work))
        has_begun = False
        try:
            async with asyncio.timeout(deadline_s):
                has_begun = await self._take_place()
                return await self._first_of(self._begin(work, job, name), name) if has_begun else _ended(name)
        except TimeoutError:
            still = "it goes on in its thread, which cannot be ended" if has_begun else "no place was free"
            return NotComputed(why=f"{name}: {still}, after {deadline_s:g} s")

    async def close(self) -> None:
        """Let whoever waits go without an answer; threads that still run end with the program."""
        self._is_closed = True

    async def _take_place(self) -> bool:
        """Wait for a place; False once closed."""
        while not self._is_closed:
            if self._places.acquire(blocking=False):
                return True
            await asyncio.sleep(LOOK_S)
        return False

    async def _first_of(self, answer: asyncio.Future[Answer | NotComputed], name: str) -> Answer | NotComputed:
        while not self._is_closed:
            done, _ = await asyncio.wait((answer,), timeout=LOOK_S)
            if done:
                return answer.result()
        return _ended(name)

    def _begin(self, work: Callable[[Job], Answer], job: Job, name: str) -> asyncio.Future[Answer | NotComputed]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer | NotComputed] = loop.create_future()

        def tell(answer: Answer | NotComputed) -> None:
            if not future.done():
                future.set_result(answer)

        def compute() -> None:
            answer: Answer | NotComputed
            try:
                answer = work(job)
            except Exception as error:  # noqa: BLE001 - the edge of this thread: whatever the work raises is told and logged
                _log.error("work_failed", work=name, exc_info=error)
                answer = NotComputed(why=f"{name}: {type(error).__name__}: {error}".removesuffix(": "))
            self._places.release()
            with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
                loop.call_soon_threadsafe(tell, answer)

        # Daemon: a thread that hangs must not keep the program from ending.
        threading.Thread(target=compute, daemon=True, name=f"compute {name}").start()
        return future


def _ended(name: str) -> NotComputed:
    return NotComputed(why=f"{name}: the workers have been ended")
