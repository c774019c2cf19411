"""A few threads that plan, with a bounded queue before them, so that the service answers while it solves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from typing import TypeVar

from voltherm.interfaces.api.problems import Refusal

_Result = TypeVar("_Result")

RETRY = {"Retry-After": "1"}


class PlanWorkers:
    """Runs work off the event loop.

    Parameters
    ----------
    n_workers : int
        Threads that plan at the same time.
    most_waiting : int
        Requests that may wait for one; the next is turned away.
    deadline_s : float
        Longest wait for an answer. [s]
    """

    def __init__(self, *, n_workers: int = 2, most_waiting: int = 32, deadline_s: float = 60.0) -> None:
        self._n_workers = n_workers
        self._executor: ThreadPoolExecutor | None = None
        self._places = threading.BoundedSemaphore(n_workers + most_waiting)
        self._deadline_s = deadline_s

    async def run(self, work: Callable[[], _Result]) -> _Result:
        """Return what ``work`` returns.

        A thread cannot be stopped: after the deadline its place stays taken until the work ends.

        Raises
        ------
        Refusal
            When too many are waiting (429), or the deadline has passed (429 if never begun, else 422).
        """
        if self._executor is None:
            self._executor = ThreadPoolExecutor(self._n_workers, thread_name_prefix="plan")
        if not self._places.acquire(blocking=False):
            raise _busy()
        future = self._executor.submit(work)
        future.add_done_callback(self._release)
        try:
            async with asyncio.timeout(self._deadline_s):
                return await asyncio.shield(asyncio.wrap_future(future))
        except TimeoutError:
            if future.cancel():
                raise _busy() from None
            detail = f"No plan within {self._deadline_s:g} s; plan fewer steps or lower options.solve_limit_s."
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "too-hard", detail) from None

    def has_room(self) -> bool:
        """Return whether another request would be taken."""
        if self._places.acquire(blocking=False):
            self._places.release()
            return True
        return False

    def close(self) -> None:
        """Drop what has not begun, and end the threads; later work begins new ones."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None

    def _release(self, _: Future[_Result]) -> None:
        self._places.release()


def _busy() -> Refusal:
    detail = "Too many plans are being made; try again in a second."
    return Refusal(HTTPStatus.TOO_MANY_REQUESTS, "busy", detail, headers=RETRY)
