"""What is wrong with a tariff document, with the line of each problem where the document is a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from voltherm.adapters.documents.fields import Document
from voltherm.adapters.documents.problem import DocumentError, Problem, path_of, problems_of, shown
from voltherm.adapters.documents.yaml_text import Path, Plain
from voltherm.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Made = TypeVar("Made")
Read = TypeVar("Read", bound=Document)


class TariffDocumentError(DocumentError):
    """A tariff document that cannot be understood; it lists every problem, each with place, value and remedy."""


NOT_SUPPORTED = {
    "contracted": "contracted power (E12)",
    "order": "contracted power (E12)",
    "events": "announced events and coincident peaks (E13)",
    "set_by": "peaks set by announced events (E13)",
    "needs": "prices that depend on the site (E16)",
}
"""Keys of real tariffs that Voltherm knows and refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Collects problems while reading goes on, so that all are told at once.

    Parameters
    ----------
    name : str
        File name, or path of the tariff inside a larger document.
    raw : Plain
        The document.
    lines : mapping of path to int or None
        Line of each value; None for a document that came without text.
    problems : list of Problem
        What is found so far.
    """

    name: str
    raw: Plain
    lines: Mapping[Path, int] | None = None
    problems: list[Problem] = field(default_factory=list)

    def add(self, path: Path, problem: str, remedy: str, value: object = None) -> None:
        """Note a problem of the value at ``path``."""
        self.problems.append(Problem(field=self._place(path), value=shown(value), problem=problem, remedy=remedy))

    def raise_if_any(self) -> None:
        """Raise all problems as one error, if there are any."""
        if self.problems:
            raise TariffDocumentError(self.problems)

    def attempt(self, path: Path, make: Callable[[], Made]) -> Made | None:
        """Return what ``make`` makes, or None and a problem at ``path`` when the domain refuses it."""
        try:
            return make()
        except InvalidInputError as error:
            place, said = self._placed(path, str(error))
            problem, _, remedy = said.rpartition("; ")
            self.add(place, problem or remedy, remedy if problem else "correct the value")
            return None

    def read(self, path: Path, model: type[Read], raw: object) -> Read | None:
        """Return ``raw`` as the model, or None and a problem for each thing that does not fit."""
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            for details, problem in zip(error.errors(include_url=False), problems_of(error), strict=True):
                self._add_details((*path, *details["loc"]), details, problem)
            return None

    def _add_details(self, loc: Path, details: ErrorDetails, problem: Problem) -> None:
        path = self._existing(loc, is_missing=details["type"] == "missing")
        if details["type"] == "extra_forbidden":
            self._add_unknown(path, str(loc[-1]), details)
            return
        context = details.get("ctx", {})
        value = None if isinstance(details["input"], dict | list) else problem.value
        value = context.get("value", value)
        remedy = str(context.get("remedy") or problem.remedy)
        self.add(path, problem.problem, remedy, value)

    def _add_unknown(self, path: Path, key: str, details: ErrorDetails) -> None:
        if key in NOT_SUPPORTED:
            remedy = "leave it out and state in notes what the bill lacks"
            self.add(path, f"{NOT_SUPPORTED[key]} is not supported yet", remedy)
            return
        close = get_close_matches(key, KNOWN_KEYS, n=1)
        if close == [key]:
            self.add(path, "does not belong here", "docs/tariffs.md says where it does")
            return
        remedy = f"did you mean {close[0]!r}?" if close else "remove it; docs/tariffs.md lists the keys"
        value = details["input"]
        self.add(path, "is not a known key", remedy, None if isinstance(value, dict | list) else value)

    def _placed(self, path: Path, message: str) -> tuple[Path, str]:
        """Return path and rest of a message that begins with the name of a key here, such as ``price.unit: ...``."""
        found = _KEY_FIRST.match(message)
        if found is None:
            return path, message
        names = found[1].split(".")
        start = path[:-1] if path and path[-1] == names[0] else path
        place = self._existing((*start, *names), is_missing=False)
        return (place, message[found.end() :]) if len(place) > len(start) else (path, message)

    def _existing(self, loc: Path, *, is_missing: bool) -> Path:
        """Return the path as it is in the document, without the parts that only the model knows."""
        value: object = self.raw
        path: list[str | int] = []
        for position, part in enumerate(loc):
            inside = _inside(value)
            if part in inside:
                value = inside[part]
            elif not (is_missing and position == len(loc) - 1):
                continue
            path.append(part)
        return tuple(path)

    def _place(self, path: Path) -> str:
        dotted = path_of(path)
        if self.lines is None:
            return dotted if not self.name else f"{self.name}.{dotted}" if path else self.name
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        return f"{self.name}:{self.lines.get(known, 1)}: {dotted}"


def _inside(value: object) -> Mapping[str | int, object]:
    """What lies inside a value, by key or index."""
    if isinstance(value, dict):
        return value
    return dict(enumerate(value)) if isinstance(value, list) else {}


_KEY_FIRST = re.compile(r"([a-z_]+(?:\.[a-z_]+)*): ")
_KEYS = """
add also amount anchor_day applies_if area areas as base_first_kwh below bill_kwh_gt billing bucket by
by_month calendar components const currency cycle dates days demand direction each_min_kw edge else factor
floor_kw free from holidays horizon id included interval_minutes kind label line max mean_last min mode months
notes observed of_p on only over_periods per percent period price price_per_kva price_per_kvar price_per_kvarh
price_per_kw price_per_kwh proration quantity rank ratchet rate reduce rounding rows scale series skip_top
source starts statistic steps sum then threshold_kw tiers to top_k unit unless upto valid variant vat_included
version weight when windows zone
"""
KNOWN_KEYS = tuple(_KEYS.split())
"""Every key of a tariff document, for guesses at misspelled ones; a test compares it with the models."""
