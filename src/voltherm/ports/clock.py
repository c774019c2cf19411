"""The clock."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time, and waits."""

    def now(self) -> datetime:
        """Return the present instant by the wall clock, in UTC."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds that only ever grow, whatever happens to the wall clock; ages are counted in them. [s]."""
        ...

    async def sleep_until(self, moment: datetime) -> None:
        """Return when the wall clock has come to ``moment``; or earlier, when the wall clock was moved: look again."""
        ...

    def taking_part(self) -> AbstractContextManager[None]:
        """Return the span in which a task lives by this clock: simulated time waits until all of them sleep."""
        ...
