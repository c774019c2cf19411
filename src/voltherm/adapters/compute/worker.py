"""What runs in a worker process: take a job, answer it, wait for the next; end when the parent has ended."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import pickle
import resource
import signal
import socket
import struct
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Final

HEADER: Final = struct.Struct("!Q")
"""Stands before each message: its length. [bytes]"""
ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Workers are as many as wanted already; each thread of a library would besides reserve memory under the limit."""

_SET_PARENT_DEATH_SIGNAL: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How a worker begins.

    Parameters
    ----------
    parent_pid : int
        Whose worker it is.
    imports : tuple of str
        Modules to import before the first job.
    memory_bytes : int
        Most address space, ``RLIMIT_AS``. [bytes]
    """

    parent_pid: int
    imports: tuple[str, ...]
    memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The worker takes jobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What the work returned."""

    value: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """What the work raised.

    Parameters
    ----------
    error : str
        Type and message.
    trace : str
        Traceback, for the log.
    is_spent : bool
        Whether the worker ends now, as after running out of memory.
    """

    error: str
    trace: str
    is_spent: bool


def serve(connection: socket.socket, setup: Setup) -> None:
    """Answer jobs until the parent closes the connection or ends."""
    _bind_to_parent(setup.parent_pid)
    _limit(setup.memory_bytes)
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    for module in setup.imports:
        import_module(module)
    with connection, suppress(ConnectionError):
        _send(connection, pickle.dumps(Ready()))
        while (message := _receive(connection)) is not None:
            answer, is_spent = _answer(message)
            _send(connection, answer)
            if is_spent:
                return


def _bind_to_parent(parent_pid: int) -> None:
    """Make the kernel end this process with its parent; interrupts from the terminal are the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent_pid:
        raise SystemExit


def _limit(memory_bytes: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.enable()


def _answer(message: bytes) -> tuple[bytes, bool]:
    try:
        work, job = pickle.loads(message)  # noqa: S301 - from our own parent, over a socket that nobody else has
        return pickle.dumps(Answered(value=work(job)), pickle.HIGHEST_PROTOCOL), False
    except Exception as error:  # noqa: BLE001 - the edge of this process: whatever the work raises is told and logged
        is_spent = isinstance(error, MemoryError)
        told = f"{type(error).__name__}: {error}".removesuffix(": ")
        return pickle.dumps(Raised(error=told, trace=traceback.format_exc(), is_spent=is_spent)), is_spent


def _send(connection: socket.socket, message: bytes) -> None:
    connection.sendall(HEADER.pack(len(message)))
    connection.sendall(message)


def _receive(connection: socket.socket) -> bytes | None:
    """The next message; None when the parent has closed the connection."""
    header = _exactly(connection, HEADER.size)
    return None if header is None else _exactly(connection, HEADER.unpack(header)[0])


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    content = bytearray(size)
    left = memoryview(content)
    while left:
        n_read = connection.recv_into(left)
        if not n_read:
            return None
        left = left[n_read:]
    return bytes(content)
