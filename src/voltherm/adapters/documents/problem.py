"""What is wrong with a document: every problem at once, each with its field, the value found and a remedy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voltherm.domain.errors import VolthermError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails, ValidationError

Scalar = str | int | float | bool | None
"""What may stand as the value of a problem: anything that JSON can say in a line."""

LONGEST_VALUE = 80
LARGEST_EXACT_INT = 2**53
MOST_PROBLEMS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with a document.

    Parameters
    ----------
    field : str
        Path of the field, such as ``site.assets[2].capacity_kwh``.
    value : str, int, float, bool or None
        What was found there, shortened.
    problem : str
        What is wrong with it.
    remedy : str
        What to do about it.
    """

    field: str
    value: Scalar
    problem: str
    remedy: str

    def __str__(self) -> str:
        found = "" if self.value is None else f" (found {self.value!r})"
        return f"{self.field}: {self.problem}{found}; {self.remedy}"


class DocumentError(VolthermError, ValueError):
    """A document that cannot be understood.

    Parameters
    ----------
    problems : sequence of Problem
        Everything that is wrong with it.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems[:MOST_PROBLEMS])
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Problems:
    """What has been found wrong so far; reading goes on after a problem, so that all are told at once."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, where: Iterable[str | int], problem: str, remedy: str, value: object = None) -> None:
        """Note a problem of the field at the path ``where``."""
        self.found.append(Problem(field=path_of(where), value=shown(value), problem=problem, remedy=remedy))

    def extend(self, problems: Iterable[Problem]) -> None:
        """Note problems that another reader found."""
        self.found.extend(problems)

    def raise_if_any(self) -> None:
        """Raise all problems as one error, if there are any."""
        if self.found:
            raise DocumentError(self.found)


def shown(value: object) -> Scalar:
    """Return ``value`` as something that fits a line of JSON."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= LARGEST_EXACT_INT else "an integer of many digits"
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        printable = "".join(letter if letter.isprintable() else "?" for letter in value[:LONGEST_VALUE])
        return printable if len(value) <= LONGEST_VALUE else printable + "..."
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    return "an object" if isinstance(value, dict) else type(value).__name__


def path_of(location: Iterable[str | int]) -> str:
    """Return ``site.assets[2].id`` for ``("site", "assets", 2, "id")``."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            name = str(shown(part))
            path += f".{name}" if path else name
    return path or "document"


def problems_of(error: ValidationError, prefix: Sequence[str | int] = ()) -> list[Problem]:
    """Return what pydantic found, in our words."""
    return [_problem_of(details, prefix) for details in error.errors(include_url=False)]


def _problem_of(details: ErrorDetails, prefix: Sequence[str | int]) -> Problem:
    context = details.get("ctx", {})
    location = [*prefix, *_without_tags(details["loc"])]
    if "index" in context:
        location.append(context["index"])
    name = next((part for part in reversed(location) if isinstance(part, str)), "")
    value = None if details["type"] == "missing" else shown(details["input"])
    return Problem(
        field=path_of(location),
        value=context.get("value", value),
        problem=_words(details["type"], context, details["msg"]),
        remedy=context.get("remedy") or _remedy(details["type"], name),
    )


def _without_tags(location: tuple[int | str, ...]) -> list[int | str]:
    """Return the path without the tag that pydantic puts after the index of a union; readers see none there."""
    pairs = zip((None, *location), location, strict=False)
    return [part for before, part in pairs if not (isinstance(before, int) and part in _UNION_TAGS)]


def _words(kind: str, context: Mapping[str, object], message: str) -> str:
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        return f"must be {words} {context[bound]:g}"
    return _WORDS.get(kind) or message[:1].lower() + message[1:]


def _remedy(kind: str, name: str) -> str:
    if kind in _REMEDIES:
        return _REMEDIES[kind]
    if kind.startswith(("greater_", "less_")) and ("soc" in name.split("_") or name.endswith("efficiency")):
        return "give a fraction from 0 to 1, such as 0.55 for 55 %"
    return "correct the value"


_UNION_TAGS = frozenset({"battery", "heat_pump", "load", "pv"})

_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}

_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not a known field",
    "union_tag_not_found": "does not say its kind",
    "finite_number": "is not a finite number",
    "float_type": "is not a number",
    "int_type": "is not a whole number",
    "bool_type": "is not true or false",
    "string_type": "is not a text",
    "model_type": "is not an object with named fields",
    "model_attributes_type": "is not an object with named fields",
    "dict_type": "is not an object with named fields",
    "list_type": "is not a list",
}

_REMEDIES = {
    "missing": "add it",
    "extra_forbidden": "remove it, or check its spelling against the documentation of the document",
    "union_tag_not_found": "add 'kind', such as 'battery'",
    "union_tag_invalid": "use one of the kinds listed",
    "finite_number": "JSON numbers are finite: leave out what is unknown",
    "float_type": "give a number, without quotes",
    "int_type": "give a whole number, without quotes",
    "string_type": "give a text in quotes",
    "model_type": "give an object with named fields",
    "model_attributes_type": "give an object with named fields",
    "dict_type": "give an object with named fields",
    "enum": "use one of the values listed",
}
