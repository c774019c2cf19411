"""One worker process, seen from its parent."""

from __future__ import annotations

import asyncio
import multiprocessing.util  # noqa: F401 - hooks itself into the program's exit: our hook runs before, as it is later
import os
import pickle
import signal
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from typing import Final

from voltherm.adapters.compute.worker import HEADER, Answered, Raised, Ready, Setup, serve

REAP_S: Final = 0.5
"""A process whose connection is closed is given so long to end by itself. [s]"""

_spawning = get_context("spawn")


class WorkerEndedError(ConnectionError):
    """The worker ended before it answered."""


class Worker:
    """A process that computes, with its connection.

    Parameters
    ----------
    imports : tuple of str
        Modules that it imports before it is ready.
    memory_bytes : int
        Most address space. [bytes]
    on_end : callable
        Called once with the worker when its process has ended and was reaped.

    Raises
    ------
    OSError
        When the system has no room for another process.
    """

    def __init__(self, *, imports: tuple[str, ...], memory_bytes: int, on_end: Callable[[Worker], None]) -> None:
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._connection, theirs = socket.socketpair()
        self._connection.setblocking(False)  # noqa: FBT003 - the socket's own name for it
        setup = Setup(parent_pid=os.getpid(), imports=imports, memory_bytes=memory_bytes)
        # The kernel ends a worker with the *thread* that started it: so it is the event loop's, not one of a pool.
        self._process = _spawning.Process(target=serve, args=(theirs, setup), daemon=True, name="voltherm compute")
        with theirs:
            try:
                self._process.start()
            except OSError:
                self._connection.close()
                raise
        self.exit_code: int | None = None
        self._is_talking = False
        self._ending = asyncio.Event()
        self.was_killed = False
        self._loop.add_reader(self._process.sentinel, self._ended)

    async def wait_ready(self) -> None:
        """Return when the worker takes jobs.

        Raises
        ------
        WorkerEndedError
            When it ended instead.
        """
        with self._talking():
            first = await self._receive()
        if not isinstance(first, Ready):
            raise WorkerEndedError(f"answered {first!r} before it was asked")

    async def ask(self, message: bytes) -> Answered | Raised:
        """Send a pickled pair of work and job, and return what came of it.

        Raises
        ------
        WorkerEndedError
            When it ended before it answered.
        """
        with self._talking():
            await self._loop.sock_sendall(self._connection, HEADER.pack(len(message)))
            await self._loop.sock_sendall(self._connection, message)
            reply = await self._receive()
        if not isinstance(reply, (Answered, Raised)):
            raise WorkerEndedError(f"answered {reply!r}")
        return reply

    def is_alive(self) -> bool:
        """Return whether the process runs, by asking the kernel."""
        return not self._ending.is_set() and self._process.is_alive()

    def kill(self) -> None:
        """End the process at once, whatever it does; ``on_end`` is called when it has ended."""
        if not self._ending.is_set():
            self.was_killed = True
            self._process.kill()

    async def how_it_ended(self) -> str:
        """Return in words how the process ended; one that closed its connection and lives on is ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(REAP_S):
                await self._ending.wait()
        self.kill()
        await self._ending.wait()
        return _in_words(self.exit_code)

    @contextmanager
    def _talking(self) -> Iterator[None]:
        """Keep the connection open until nobody waits at it: closed in between, its end would not be seen."""
        self._is_talking = True
        try:
            yield
        except OSError as error:
            raise WorkerEndedError(str(error)) from error
        finally:
            self._is_talking = False
            self._close_if_done()

    async def _receive(self) -> object:
        header = await self._exactly(HEADER.size)
        content = await self._exactly(HEADER.unpack(header)[0])
        try:
            return pickle.loads(content)  # noqa: S301 - from our own child, over a socket that nobody else has
        except Exception as error:  # noqa: BLE001 - an answer's class may raise anything here; told and logged
            told = f"the answer cannot be unpickled: {type(error).__name__}: {error}"
            return Raised(error=told, trace=traceback.format_exc(), is_spent=False)

    async def _exactly(self, size: int) -> bytearray:
        content = bytearray(size)
        left = memoryview(content)
        while left:
            n_read = await self._loop.sock_recv_into(self._connection, left)
            if not n_read:
                raise WorkerEndedError("closed its connection")
            left = left[n_read:]
        return content

    def _ended(self) -> None:
        """Reap the process; its sentinel closes a moment before the kernel has its exit code."""
        self._loop.remove_reader(self._process.sentinel)
        self._process.kill()
        self._process.join()
        self.exit_code = self._process.exitcode
        self._process.close()
        self._ending.set()
        self._close_if_done()
        self._on_end(self)

    def _close_if_done(self) -> None:
        if self._ending.is_set() and not self._is_talking:
            # Later, as a cancelled read takes its watch off the socket only in the loop's next round.
            self._loop.call_soon(self._connection.close)


def _in_words(exit_code: int | None) -> str:
    if exit_code is None or exit_code >= 0:
        return f"exit code {exit_code}"
    name = signal.Signals(-exit_code).name
    return f"signal {name}, perhaps for want of memory" if name == "SIGKILL" else f"signal {name}"
