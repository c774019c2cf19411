"""One holder per device, by the database's own clock: each step is one statement."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import TextClause, text

from voltherm.adapters.store.transactions import Transactions, is_postgresql
from voltherm.domain.errors import InvalidInputError
from voltherm.ports.store import Lease

_NOW_S: Final = {
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) AS double precision)",
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
}
"""Seconds since 1970 by the database's clock, at the moment when the row is looked at, not when we asked."""

_ACQUIRE: Final = """
INSERT INTO leases AS held (device, holder, epoch, expires_s) VALUES (:device, :holder, 1, {now} + :ttl_s)
ON CONFLICT (device) DO UPDATE SET holder = :holder, epoch = held.epoch + 1, expires_s = {now} + :ttl_s
WHERE held.holder = :holder OR held.expires_s <= {now}
RETURNING epoch
"""
_RENEW: Final = """
UPDATE leases SET expires_s = {now} + :ttl_s
WHERE device = :device AND holder = :holder AND epoch = :epoch AND expires_s > {now}
RETURNING epoch
"""
_GIVE_UP: Final = """
UPDATE leases SET expires_s = 0 WHERE device = :device AND holder = :holder AND epoch = :epoch RETURNING epoch
"""


class SqlLeaseStore:
    """Keeps leases; a row is never removed, so that no epoch comes twice.

    Parameters
    ----------
    transactions : Transactions
        The way to the database.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def acquire(self, device: str, holder: str, ttl: timedelta) -> Lease | None:
        """Return a lease with a new epoch; None while another holder's has not expired.

        Raises
        ------
        InvalidInputError
            For a time to live that is not positive.
        OutsideError
            When the database fails.
        """
        epoch = await self._epoch(_ACQUIRE, {"device": device, "holder": holder, "ttl_s": _seconds(ttl)})
        return None if epoch is None else Lease(device=device, holder=holder, epoch=epoch)

    async def renew(self, lease: Lease, ttl: timedelta) -> bool:
        """Extend the lease; False when it is another's by now, or has expired.

        Raises
        ------
        InvalidInputError
            For a time to live that is not positive.
        OutsideError
            When the database fails.
        """
        return await self._epoch(_RENEW, {**_key(lease), "ttl_s": _seconds(ttl)}) is not None

    async def give_up(self, lease: Lease) -> None:
        """End the lease at once, if it is still held.

        Raises
        ------
        OutsideError
            When the database fails.
        """
        await self._epoch(_GIVE_UP, _key(lease))

    async def _epoch(self, sql: str, values: dict[str, object]) -> int | None:
        async with self._transactions.writing() as connection:
            statement = _statement(sql, "postgresql" if is_postgresql(connection) else "sqlite")
            epoch: int | None = (await connection.execute(statement, values)).scalar_one_or_none()
            return epoch


def _statement(sql: str, dialect: str) -> TextClause:
    return text(sql.format(now=_NOW_S[dialect]))


def _key(lease: Lease) -> dict[str, object]:
    return {"device": lease.device, "holder": lease.holder, "epoch": lease.epoch}


def _seconds(ttl: timedelta) -> float:
    if ttl <= timedelta(0):
        message = f"lease: a time to live of {ttl} has already ended; give a positive one, such as 15 s"
        raise InvalidInputError(message)
    return ttl.total_seconds()
