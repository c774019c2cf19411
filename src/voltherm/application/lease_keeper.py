"""Holding the right to command a device: acquired, renewed, and given up in time when the database is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from voltherm.ports.errors import OutsideError
from voltherm.ports.store import Lease, LeaseStore

TTL: Final = timedelta(seconds=15)
"""For so long a holder that is not heard of keeps the lease; a second instance takes over after it."""
RENEW_S: Final = 5.0
"""Between two renewals; three may fail before the lease is lost. [s]."""
MARGIN_S: Final = 1.0
"""The holder stops this much before the database lets another in, as clocks drift and calls take time. [s]."""


class LeaseKeeper:
    """Keeps the lease of one device.

    The lease counts from *before* the call that renewed it, on the monotonic clock of this machine, so that its holder
    always stops before another may start; a process that was frozen finds it lost when it wakes. Leases live in real
    time, also where the rest of the service is simulated.

    Parameters
    ----------
    store : LeaseStore
        Where leases are kept.
    device : str
        ``site/device``.
    holder : str
        Name of this instance.
    monotonic_s : callable
        Seconds that only grow. [s]
    """

    def __init__(self, store: LeaseStore, device: str, holder: str, monotonic_s: Callable[[], float]) -> None:
        self._store = store
        self._device = device
        self._holder = holder
        self._monotonic_s = monotonic_s
        self._lease: Lease | None = None
        self._ends_s = 0.0
        self._sequence = 0
        self._asking = asyncio.Lock()
        self.why = "the lease has not been asked for yet"

    @property
    def lease(self) -> Lease | None:
        """The lease, as long as it surely holds."""
        return self._lease if self._monotonic_s() < self._ends_s else None

    def next_number(self) -> tuple[int, int] | None:
        """Return epoch and sequence for one more command; None while the lease is not held."""
        lease = self.lease
        if lease is None:
            return None
        self._sequence += 1
        return lease.epoch, self._sequence

    async def run(self) -> None:
        """Keep the lease until cancelled; ``give_up`` ends it."""
        while True:
            await asyncio.sleep(RENEW_S)
            await self.step()

    async def step(self) -> None:
        """Renew the lease, or ask for it where it is not held; what the database says is kept in ``why``."""
        async with self._asking:
            await self._step()

    async def give_up(self) -> None:
        """End the lease, so that another instance need not wait; without the database it ends by itself."""
        async with self._asking:
            lease, self._lease, self._ends_s = self._lease, None, 0.0
            if lease is None:
                return
            try:
                await self._store.give_up(lease)
            except OutsideError:
                self.why = "the lease ends by itself; the database could not be told"

    async def _step(self) -> None:
        asked_s = self._monotonic_s()
        try:
            if self._lease is not None and await self._store.renew(self._lease, TTL):
                self._ends_s = asked_s + TTL.total_seconds() - MARGIN_S
                return
            self._lease = None
            asked_s = self._monotonic_s()
            lease = await self._store.acquire(self._device, self._holder, TTL)
        except OutsideError as error:
            self.why = f"the database did not renew the lease: {error}"
            return
        if lease is None:
            self.why = "another instance holds the lease"
            return
        self._lease, self._sequence = lease, 0
        self._ends_s = asked_s + TTL.total_seconds() - MARGIN_S
        self.why = ""
