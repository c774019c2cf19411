"""What must not be read in a log: tokens and passwords, wherever they stand in an entry."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, MutableMapping
from itertools import islice
from typing import Final
from urllib.parse import quote

HIDDEN: Final = "***"
SHORTEST_VALUE: Final = 4
"""A shorter text is no secret, and hiding it would tear every second word."""
DEEPEST: Final = 8
MOST_ITEMS: Final = 200
"""Of a list or mapping; a log is no data file."""

_SECRET_KEY = re.compile(r"token|passw(or)?d|secret|authorization|api[_-]?key|credential|cookie", re.IGNORECASE)
_PATTERNS: Final = (
    (re.compile(r"(?<=://)[^/@\s'\"]+@"), f"{HIDDEN}@"),
    (re.compile(r"(?i)\b(authorization['\"]?\s*[=:]\s*['\"]?(?:basic|bearer)?|bearer)\s+[\w.~+/=-]+"), rf"\1 {HIDDEN}"),
    (
        re.compile(r"(?i)([\w-]*(?:token|password|secret|api[_-]?key)(?:['\"]\s*:\s*['\"]?|=['\"]?))[^\s&'\",;)]+"),
        rf"\1{HIDDEN}",
    ),
)
_values: set[str] = set()


def redact_values(values: Iterable[str]) -> None:
    """Hide these texts from now on, also within messages and tracebacks, and as they stand in an address.

    Parameters
    ----------
    values : iterable of str
        Tokens and passwords; those of fewer than four letters stay visible.
    """
    for value in values:
        if len(value) >= SHORTEST_VALUE:
            _values.update((value, quote(value, safe=""), repr(value)[1:-1]))


def forget_values() -> None:
    """Hide no particular texts any more."""
    _values.clear()


def redact(_logger: object, _method: str, entry: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """Return the entry without secrets; a processor of structlog, the last before an entry is written out."""
    return {redacted_text(str(key)): _redacted(str(key), value, 0) for key, value in entry.items()}


def redacted_text(text: str) -> str:
    """Return ``text`` with ``***`` in place of each secret."""
    for value in sorted(_values, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    for pattern, shown in _PATTERNS:
        text = pattern.sub(shown, text)
    return text


def _redacted(key: str, value: object, depth: int) -> object:
    if value is None or isinstance(value, bool):
        return value
    if _SECRET_KEY.search(key):
        return HIDDEN
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth >= DEEPEST:
        return "..."
    if isinstance(value, Mapping):
        items = islice(value.items(), MOST_ITEMS)
        return {redacted_text(str(name)): _redacted(str(name), part, depth + 1) for name, part in items}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_redacted("", part, depth + 1) for part in islice(value, MOST_ITEMS)]
    return redacted_text(_text_of(value))


def _text_of(value: object) -> str:
    """Return the value in words; one that cannot say itself does not stop the log."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a broken __str__ of whatever was logged
        return f"a {type(value).__name__} that cannot be shown"
