"""Computing in worker processes: one that hangs, crashes or eats memory is ended and replaced, nothing else notices."""

from __future__ import annotations

import asyncio
import atexit
import pickle
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar, cast

import structlog

from voltherm.adapters.compute.process import Worker, WorkerEndedError
from voltherm.adapters.compute.worker import Answered, Raised
from voltherm.ports.compute import NotComputed

Job = TypeVar("Job")
Answer = TypeVar("Answer")

GIB: Final = 2**30
USUAL_IMPORTS: Final = ("voltherm.optimization.problem", "voltherm.optimization.solver", "voltherm.forecasting")
"""Numpy, scipy and both solvers come with them; imported once, before the first job."""
START_S: Final = 60.0
"""A worker that is not ready by then is ended and another one begun. [s]"""
CLOSE_S: Final = 2.0
"""Longest wait for the workers' ends. [s]"""
FREE_CRASHES: Final = 1
"""So many crashes in a row are made good at once."""
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
"""The pause before a new worker doubles with each further crash, up to this. [s]"""

_log = structlog.get_logger(__name__)


class ProcessCompute:
    """Worker processes that are kept, each answering one job at a time.

    Parameters
    ----------
    n_workers : int
        Processes.
    memory_bytes : int
        Most address space of each. [bytes]
    imports : tuple of str
        Modules that a worker imports before its first job.
    """

    def __init__(
        self, *, n_workers: int = 2, memory_bytes: int = 4 * GIB, imports: tuple[str, ...] = USUAL_IMPORTS
    ) -> None:
        self._n_workers = n_workers
        self._memory_bytes = memory_bytes
        self._imports = imports
        self._free: asyncio.Queue[Worker | None] = asyncio.Queue()
        self._workers: set[Worker] = set()
        self._starting: set[asyncio.Task[None]] = set()
        self._crashes_in_a_row = 0
        self._has_started = False
        self._is_closed = False
        self._all_ended = asyncio.Event()

    async def start(self) -> None:
        """Begin the workers and return at once; the first job waits for the first that is ready."""
        if self._has_started or self._is_closed:
            return
        self._has_started = True
        # Runs before multiprocessing asks its children politely to end and waits: a stopped one would not hear.
        atexit.register(self._kill_all)
        for _ in range(self._n_workers):
            self._begin(pause_s=0.0)

    async def run(self, work: Callable[[Job], Answer], job: Job, deadline_s: float) -> Answer | NotComputed:
        """Return what ``work(job)`` returns in a worker, or why there is no answer after at most ``deadline_s``."""
        await self.start()
        name = _name_of(work)
        try:
            message = pickle.dumps((work, job), pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # noqa: BLE001 - a job's own __reduce__ may raise anything; told to the caller
            return _not_computed(name, f"it cannot be sent to a worker ({type(error).__name__}: {error})")
        worker: Worker | None = None
        is_clean = False
        try:
            async with asyncio.timeout(deadline_s):
                worker = await self._take()
                reply = None if worker is None else await worker.ask(message)
            is_clean = not (isinstance(reply, Raised) and reply.is_spent)
        except TimeoutError:
            waiting = "no worker was free" if worker is None else "it was still running, and was ended"
            return _not_computed(name, f"{waiting} after {deadline_s:g} s")
        except WorkerEndedError:
            return _not_computed(name, await self._how_it_ended(worker))
        finally:
            self._give_back(worker, is_clean=is_clean)
        return self._outcome(name, reply)

    async def close(self) -> None:
        """End all workers, whatever they do; what still waits gets no answer."""
        self._is_closed = True
        atexit.unregister(self._kill_all)
        for task in self._starting:
            task.cancel()
        self._free.put_nowait(None)
        self._kill_all()
        if self._workers:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self._all_ended.wait()
        await asyncio.gather(*self._starting, return_exceptions=True)

    async def _take(self) -> Worker | None:
        """The next worker that lives; None once closed."""
        while True:
            worker = await self._free.get()
            if worker is None:
                self._free.put_nowait(None)
                return None
            if worker.is_alive():
                return worker

    def _give_back(self, worker: Worker | None, *, is_clean: bool) -> None:
        """Put a worker among the free ones; one that is or may be at work is ended, and replaced when it has."""
        if worker is None:
            return
        if is_clean and not self._is_closed:
            self._free.put_nowait(worker)
        else:
            worker.kill()

    def _outcome(self, name: str, reply: Answered | Raised | None) -> Answer | NotComputed:
        match reply:
            case None:
                return _not_computed(name, "the workers have been ended")
            case Answered(value=value):
                self._crashes_in_a_row = 0
                return cast("Answer", value)  # what ``work`` returned: the caller's type
            case Raised(error=error, trace=trace):
                _log.error("work_failed", work=name, error=error, trace=trace)
                return _not_computed(name, error)

    async def _how_it_ended(self, worker: Worker | None) -> str:
        if self._is_closed or worker is None:
            return "the workers have been ended"
        return f"its worker ended ({await worker.how_it_ended()})"

    def _begin(self, pause_s: float) -> None:
        task = asyncio.get_running_loop().create_task(self._bring_up(pause_s))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _bring_up(self, pause_s: float) -> None:
        await asyncio.sleep(pause_s)
        try:
            worker = Worker(imports=self._imports, memory_bytes=self._memory_bytes, on_end=self._ended)
        except OSError:
            _log.exception("worker_not_begun", pause_s=LONGEST_PAUSE_S)
            self._begin(LONGEST_PAUSE_S)
            return
        self._workers.add(worker)
        try:
            async with asyncio.timeout(START_S):
                await worker.wait_ready()
        except WorkerEndedError:
            return  # `_ended` begins the next
        except TimeoutError:
            _log.error("worker_not_ready", after_s=START_S)
            worker.kill()
            return
        self._free.put_nowait(worker)

    def _ended(self, worker: Worker) -> None:
        """Replace a worker that has ended."""
        self._workers.discard(worker)
        if self._is_closed:
            if not self._workers:
                self._all_ended.set()
            return
        pause_s = 0.0
        if not worker.was_killed:
            self._crashes_in_a_row += 1
            pause_s = _pause_s(self._crashes_in_a_row)
        _log.warning("worker_replaced", exit_code=worker.exit_code, was_killed=worker.was_killed, pause_s=pause_s)
        self._begin(pause_s)

    def _kill_all(self) -> None:
        for worker in tuple(self._workers):
            worker.kill()


def _pause_s(n_crashes: int) -> float:
    """Seconds before the next worker: none after one crash, then ever longer."""
    further = n_crashes - FREE_CRASHES - 1
    return 0.0 if further < 0 else min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(further, 20))


def _name_of(work: Callable[[Job], Answer]) -> str:
    return str(getattr(work, "__qualname__", None) or repr(work))


def _not_computed(name: str, why: str) -> NotComputed:
    return NotComputed(why=f"{name}: {why}")
