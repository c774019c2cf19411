"""A circuit breaker: who failed often is left alone for a while, then asked once."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from purgatory.domain.model import Context, OpenedState

from voltherm.ports.errors import Unavailable

FAILURES: Final = 5
"""So many failures one after the other open the circuit."""
PAUSE_S: Final = 30.0
"""Nobody is asked for so long after that."""
MAX_REST_S: Final = 60.0
"""Longest rest that another side may ask of us: a battery must not be silenced for hours by one header."""

_log = logging.getLogger(__name__)


class BreakerState(StrEnum):
    """Whether requests go out."""

    CLOSED = "closed"
    """They do."""
    HALF_OPEN = "half-opened"
    """One does, and its outcome decides."""
    OPEN = "opened"
    """They do not."""


class Breaker:
    """Counts failures of one other side, and says when it may be asked.

    The states are purgatory's. Its pause is not: that is counted by the wall clock, and a clock set back by a day would
    keep the circuit open for a day.

    Parameters
    ----------
    failures : int
        Failures one after the other that open the circuit.
    pause_s : float
        How long it stays open. [s]
    monotonic : callable, optional
        Seconds that only ever grow, such as ``Clock.monotonic_s``; by default those of the running event loop. [s]
    """

    def __init__(
        self, *, failures: int = FAILURES, pause_s: float = PAUSE_S, monotonic: Callable[[], float] | None = None
    ) -> None:
        self._failures = failures
        self._pause_s = pause_s
        self._monotonic = monotonic or _loop_s
        self._context = self._fresh(BreakerState.CLOSED)
        self._ask_again_s = -math.inf
        self._is_probing = False

    @property
    def state(self) -> BreakerState:
        """Whether requests go out; a pause that is over still counts as open until somebody asks."""
        return BreakerState(self._context.state)

    def admit(self, name: str) -> None:
        """Let a request to ``name`` go out; its outcome must be told.

        Raises
        ------
        Unavailable
            While the circuit is open, or another request tries whether it may be closed.
        """
        left_s = self._ask_again_s - self._monotonic()
        if left_s > 0:
            raise Unavailable(f"{name}: not asked, it failed or asked for a rest; next try in {left_s:.0f} s")
        if self._is_probing:
            raise Unavailable(f"{name}: not asked, one request is trying whether it answers again")
        try:
            self._context.handle_new_request()
        except OpenedState:
            self._context = self._fresh(BreakerState.HALF_OPEN)
        self._is_probing = self.state is BreakerState.HALF_OPEN

    def succeeded(self, name: str) -> None:
        """Tell that the other side answered, whatever it said."""
        if self.state is BreakerState.HALF_OPEN:
            _log.info("answers again", extra={"peer": name})
        self._context.handle_end_request()
        self._settle()

    def failed(self, name: str, error: Exception, rest_s: float = 0.0) -> None:
        """Tell that it did not; it is left alone for at least ``rest_s`` if it asked for that. [s]."""
        before = self.state
        self._context.handle_exception(error)
        self._settle()
        pause_s = 0.0
        if self.state is BreakerState.OPEN and before is not BreakerState.OPEN:
            pause_s = self._pause_s
            if before is BreakerState.CLOSED:
                _log.warning("does not answer, asked seldom from now on", extra={"peer": name})
        until_s = self._monotonic() + max(pause_s, min(rest_s, MAX_REST_S))
        self._ask_again_s = max(self._ask_again_s, until_s) if pause_s or rest_s else self._ask_again_s

    def abandoned(self) -> None:
        """Tell that the request was cancelled by us: nothing was learnt."""
        self._settle()

    def _settle(self) -> None:
        self._is_probing = False
        self._context.messages.clear()

    def _fresh(self, state: BreakerState) -> Context:
        return Context("circuit", self._failures, math.inf, state=state.value)


def _loop_s() -> float:
    return asyncio.get_running_loop().time()
