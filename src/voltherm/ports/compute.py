"""Somewhere to compute that can be stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

Job = TypeVar("Job")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotComputed:
    """No answer came.

    Parameters
    ----------
    why : str
        In words: the deadline passed, the worker ended, no worker was free, or the work raised an error.
    """

    why: str


class Compute(Protocol):
    """Runs work off the event loop."""

    async def run(self, work: Callable[[Job], Answer], job: Job, deadline_s: float) -> Answer | NotComputed:
        """Return what ``work(job)`` returns, or why there is no answer after at most ``deadline_s``.

        Parameters
        ----------
        work : callable
            A function of a module, so that another process can import it.
        job : Job
            Its argument; may be pickled.
        deadline_s : float
            Longest wait, waiting for a worker included; work that is still running then is stopped. [s]
        """
        ...
