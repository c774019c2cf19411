"""Records as compressed JSON: what is read back is equal to what was written, bit for bit."""

from __future__ import annotations

import json
import zlib
from typing import TypeVar

from voltherm.adapters.documents.exact import RecordError, from_plain, to_plain

T = TypeVar("T")


def packed(kind: type[T], record: T) -> bytes:
    """Return the record, an instance of the dataclass ``kind``, as compressed JSON."""
    return zlib.compress(json.dumps(to_plain(kind, record), separators=(",", ":"), allow_nan=False).encode())


def unpacked(kind: type[T], stored: bytes) -> T:
    """Return the record that was packed.

    Raises
    ------
    RecordError
        When it cannot be read.
    """
    try:
        raw = json.loads(zlib.decompress(stored))
    except (zlib.error, ValueError) as error:
        message = f"{kind.__name__}: {len(stored)} bytes are no compressed JSON; restore the row from a backup"
        raise RecordError(message) from error
    return from_plain(kind, raw)
