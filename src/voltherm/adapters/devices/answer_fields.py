"""Fields of a device's answer, read one by one: what is nonsense is left out and said, the rest is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic_core import PydanticCustomError

from voltherm.adapters.documents.fields import parse_instant
from voltherm.adapters.documents.problem import shown

LARGEST_KW: Final = 1e6
"""A gigawatt: beyond any device behind one meter; what is larger is in another unit."""
MOST_ALARMS: Final = 50
LONGEST_TEXT: Final = 200
LONGEST_NAME: Final = 60

NOT_IMPLEMENTED: Final = frozenset({65535.0, 6553.5, 32767.0, -32768.0, 3276.7, -3276.8, 4294967295.0, 2147483647.0})
"""What registers hold where nothing is measured, as a gateway passes them on that does not know so."""


class AnswerFields:
    """One JSON object of a device's answer.

    Parameters
    ----------
    fields : Mapping of str to object
        As it came.
    problems : list of str
        Where problems are written, in words; shared with the parts of the same answer.
    place : str
        What comes before a field's name in a problem, such as ``command.``.
    """

    def __init__(self, fields: Mapping[str, object], problems: list[str], place: str = "") -> None:
        self.fields = fields
        self.problems = problems
        self._place = place

    def refuse(self, name: str, problem: str, remedy: str) -> None:
        """Write down that a field is nonsense."""
        said, place = shown_plainly(self.fields.get(name)), f"{self._place}{_printable(name[:LONGEST_NAME])}"
        self.problems.append(f"{place} is {said}: {problem}; {remedy}")

    def number(self, name: str, *, least: float = -LARGEST_KW, most: float = LARGEST_KW) -> float | None:
        """Return a finite number within ``[least, most]``; None where there is none."""
        raw = self.fields.get(name)
        if raw is None:
            return None
        value = finite_number(raw)
        if value is None:
            self.refuse(name, "is no finite number", "send a JSON number, or null where nothing is known")
        elif value in NOT_IMPLEMENTED:
            self.refuse(name, "means that nothing is measured", "send null where nothing is known")
        elif not least <= value <= most:
            self.refuse(name, f"is not between {least:g} and {most:g}", "check unit and sign")
        else:
            return value
        return None

    def whole(self, name: str) -> int | None:
        """Return a whole number; None where there is none."""
        raw = self.fields.get(name)
        if raw is None:
            return None
        if isinstance(raw, int) and not isinstance(raw, bool):
            return raw
        if isinstance(raw, float) and raw.is_integer():
            return int(raw)
        self.refuse(name, "is no whole number", "send one, or null where nothing is known")
        return None

    def text(self, name: str) -> str | None:
        """Return a text, cut to what fits a line; None where there is none."""
        raw = self.fields.get(name)
        if raw is None:
            return None
        if isinstance(raw, str):
            return _printable(raw)
        self.refuse(name, "is no text", "send a text, or null")
        return None

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts; none where there is no list."""
        raw = self.fields.get(name)
        if raw is None:
            return ()
        if isinstance(raw, list) and all(isinstance(each, str) for each in raw):
            return tuple(_printable(each) for each in raw[:MOST_ALARMS])
        self.refuse(name, "is no list of texts", "send a list, empty where there is nothing to say")
        return ()

    def instant(self, name: str) -> datetime | None:
        """Return an instant in UTC; None where there is none. A time without a zone is refused, not guessed."""
        raw = self.fields.get(name)
        if raw is None:
            return None
        try:
            return parse_instant(raw)
        except PydanticCustomError as error:
            said = error.context or {}
            self.refuse(name, str(said.get("problem")), str(said.get("remedy")))
        return None

    def part(self, name: str) -> AnswerFields | None:
        """Return the object in a field; None where there is none."""
        raw = self.fields.get(name)
        if raw is None:
            return None
        if isinstance(raw, dict):
            return AnswerFields(raw, self.problems, f"{self._place}{name}.")
        self.refuse(name, "is no object", "send an object, or null")
        return None

    def numbers(self, name: str, *, least: float = -LARGEST_KW, most: float = LARGEST_KW) -> dict[str, float]:
        """Return the finite numbers of an object by their names; empty where there is none."""
        part = self.part(name)
        if part is None:
            return {}
        read = {key: part.number(key, least=least, most=most) for key in part.fields}
        return {key: value for key, value in read.items() if value is not None}


def finite_number(raw: object) -> float | None:
    """Return a JSON number as a float; None for anything else, however much it looks like one."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        return None
    try:
        value = float(raw)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def _printable(text: str) -> str:
    """Return a text cut to what fits a line, without what cannot be printed: half a surrogate fits into no JSON."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:LONGEST_TEXT])


def shown_plainly(raw: object) -> str:
    """Return a value as a short text for a message."""
    return repr(raw) if raw is None else str(shown(raw))
