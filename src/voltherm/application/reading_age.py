"""How old a reading really is: the device may repeat an old one for ever, and its clock need not be ours."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Final, Protocol

WINDOWS: Final = 2.0
"""The device's clock is watched over so many times the longest allowed age: one that stands is seen as too old by then,
and one that was set back is forgiven after that."""


class Stamped(Protocol):
    """A reading of a battery or of a meter: when it came, by both clocks, and when it was measured by the device's."""

    @property
    def received_at(self) -> datetime:
        """When it came, by our clock."""
        ...

    @property
    def received_s(self) -> float:
        """The same by the monotonic clock. [s]."""
        ...

    @property
    def measured_at(self) -> datetime | None:
        """When it was measured, by the device's clock; None where it does not say."""
        ...


class ReadingAge:
    """Watches the device's clock against the monotonic one; our wall clock counts for the offset only.

    Parameters
    ----------
    max_age_s : float
        Age beyond which a reading is not used. [s]
    """

    def __init__(self, max_age_s: float) -> None:
        self._max_age_s = max_age_s
        self._leads_s: deque[tuple[float, float]] = deque()
        self._first: Stamped | None = None
        self._last: Stamped | None = None
        self._has_moved = False

    def learn(self, state: Stamped) -> None:
        """Take in a reading."""
        self._last = state
        if state.measured_at is None:
            return
        if self._first is None:
            self._first = state
        self._has_moved = self._has_moved or state.measured_at != self._first.measured_at
        if self._leads_s and state.received_s < self._leads_s[-1][0]:
            self._leads_s.clear()
        self._leads_s.append((state.received_s, _lead_s(state, state.measured_at)))
        while self._leads_s[0][0] < state.received_s - WINDOWS * self._max_age_s:
            self._leads_s.popleft()

    @property
    def lag_s(self) -> float:
        """How much older the last reading is than the freshest one lately, as the device's clock tells. [s]."""
        if self._last is None or self._last.measured_at is None:
            return 0.0
        return self._best_lead_s() - self._leads_s[-1][1]

    @property
    def offset_s(self) -> float | None:
        """How far the device's clock is ahead of ours; None where it tells no time. [s]."""
        if self._last is None or self._last.measured_at is None:
            return None
        return self._best_lead_s() - (self._last.received_at.timestamp() - self._last.received_s)

    @property
    def least_offset_s(self) -> float | None:
        """The same, or as it was before our own clock was moved, whichever is less. [s]."""
        offset_s = self.offset_s
        if offset_s is None or self._first is None:
            return None
        since_start_s = self._best_lead_s() - (self._first.received_at.timestamp() - self._first.received_s)
        return min(offset_s, since_start_s, key=abs)

    @property
    def is_doubtful(self) -> bool:
        """Whether the reading looks old and the device's clock has not moved yet: offset or standstill, who knows."""
        offset_s = self.least_offset_s
        return offset_s is not None and not self._has_moved and abs(offset_s) > self._max_age_s

    def _best_lead_s(self) -> float:
        return max(lead_s for _, lead_s in self._leads_s)


def _lead_s(state: Stamped, measured_at: datetime) -> float:
    return measured_at.timestamp() - state.received_s
