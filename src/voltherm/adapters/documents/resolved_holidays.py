"""The holidays of a tariff as they were resolved, kept beside its document.

A document names a calendar; which days that means is a matter of the calendar library's release. A stored plan must
come out the same under every release, so the days themselves are kept too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar, cast

from voltherm.adapters.documents.exact import Plain, from_plain, to_plain
from voltherm.domain.tariffs import HolidayRule, Tariff

T = TypeVar("T")


def holidays_to_document(tariff: Tariff) -> list[Plain]:
    """Return every holiday rule of the tariff with its days, each once, in the order of the tariff."""
    return [to_plain(HolidayRule, rule) for rule in dict.fromkeys(_rules(tariff))]


def with_holidays(tariff: Tariff, documents: Sequence[object]) -> Tariff:
    """Return the tariff in which each holiday rule has the days of its document.

    Raises
    ------
    RecordError
        When a document is no holiday rule.
    """
    rules = [from_plain(HolidayRule, document) for document in documents]
    return _replaced(tariff, {_choice(rule): rule for rule in rules})


def _choice(rule: HolidayRule) -> HolidayRule:
    """How the days were chosen, without the days."""
    return replace(rule, days=frozenset())


def _rules(part: object) -> Iterator[HolidayRule]:
    if isinstance(part, HolidayRule):
        yield part
    elif is_dataclass(part):
        for field in fields(part):
            yield from _rules(getattr(part, field.name))
    elif isinstance(part, tuple):
        for each in part:
            yield from _rules(each)


def _replaced(part: T, rules: dict[HolidayRule, HolidayRule]) -> T:
    """The part of a tariff with its rules replaced; itself where nothing in it changes."""
    if isinstance(part, HolidayRule):
        return cast("T", rules.get(_choice(part), part))
    if is_dataclass(part) and not isinstance(part, type):
        old = {field.name: getattr(part, field.name) for field in fields(part) if field.init}
        new = {name: _replaced(value, rules) for name, value in old.items()}
        changed = {name: value for name, value in new.items() if value is not old[name]}
        return replace(part, **changed) if changed else part
    if isinstance(part, tuple):
        items = [_replaced(each, rules) for each in part]
        return cast("T", tuple(items)) if any(a is not b for a, b in zip(items, part, strict=True)) else part
    return part
