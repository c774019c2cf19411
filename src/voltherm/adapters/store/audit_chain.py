"""The chain of the audit: each row carries a number and a hash over itself and the row before it, site by site."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from voltherm.adapters.store.tables import audit_heads
from voltherm.domain.time import utc_instant

LINK: Final = ("number", "previous_hash", "hash")
BEGINNING: Final = "0" * 64
"""What the first row follows."""


class Head(NamedTuple):
    """The end of a site's chain, and the first number that retention has left."""

    last_number: int = 0
    last_hash: str = BEGINNING
    kept_from: int = 1


def audit_lock(site_id: str) -> str:
    """Return the name of the lock that whoever appends to the site's chain holds."""
    return f"audit {site_id}"


async def head_of(connection: AsyncConnection, site_id: str) -> Head:
    """Return where the site's chain ends now."""
    wanted = select(audit_heads).where(audit_heads.c.site_id == site_id)
    row = (await connection.execute(wanted)).one_or_none()
    return Head() if row is None else Head(row.last_number, row.last_hash, row.kept_from)


async def appended_links(
    connection: AsyncConnection, site_id: str, rows: Sequence[Mapping[str, object]]
) -> list[dict[str, object]]:
    """Return the rows with number and hashes, as the last of the site's chain; the caller holds the site's lock."""
    if not rows:
        return []
    head = await head_of(connection, site_id)
    number, digest = head.last_number, head.last_hash
    linked: list[dict[str, object]] = []
    for row in rows:
        number, previous = number + 1, digest
        digest = hash_of(previous, number, row)
        linked.append({**row, **dict(zip(LINK, (number, previous, digest), strict=True))})
    if head.last_number == 0:
        first = {"site_id": site_id, "last_number": number, "last_hash": digest, "kept_from": head.kept_from}
        await connection.execute(insert(audit_heads), first)
    else:
        changed = update(audit_heads).where(audit_heads.c.site_id == site_id)
        await connection.execute(changed.values(last_number=number, last_hash=digest))
    return linked


def hash_of(previous_hash: str, number: int, row: Mapping[str, object]) -> str:
    """Return the SHA-256 over the row before, the number and all columns of the row but its link."""
    content = [previous_hash, number, plain_row({name: row[name] for name in row if name not in LINK})]
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def plain_row(row: Mapping[str, object]) -> dict[str, object]:
    """Return the row as JSON values that are equal where, and only where, the rows say the same."""
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return utc_instant(value).isoformat(timespec="microseconds")
    return repr(value + 0.0) if isinstance(value, float) else value


class Chain:
    """A chain that is followed from its first row to its head.

    Parameters
    ----------
    head : Head
        Where it must end.
    """

    def __init__(self, head: Head) -> None:
        self.head: Final = head
        self.number = 0
        self._hash: str = BEGINNING
        self._problems: list[str] = []

    def follow(self, row: Mapping[str, Any]) -> None:
        """Look at the next row by number, with all its columns."""
        number, name = int(row["number"]), f"row {row['number']}"
        if hash_of(row["previous_hash"], number, row) != row["hash"]:
            self._problems.append(f"{name} was changed")
        if number == self.number:
            self._problems.append(f"{name} stands twice")
        elif number == self.number + 1 and row["previous_hash"] != self._hash:
            self._problems.append(f"{name} does not follow the row before it")
        self._note_missing(number)
        self.number, self._hash = number, row["hash"]

    def problems(self) -> tuple[str, ...]:
        """Return what is wrong, in words, after the last row."""
        self._note_missing(self.head.last_number + 1)
        is_at_end = self.number == self.head.last_number
        if is_at_end and self._hash != self.head.last_hash:
            self._problems.append(f"row {self.number} is not the one that was written last")
        return tuple(self._problems)

    def _note_missing(self, number: int) -> None:
        first = max(self.number + 1, self.head.kept_from)
        if first < number:
            self._problems.append(f"rows {first} to {number - 1} are missing")
