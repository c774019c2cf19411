"""Times of a tariff document: windows, day types, months, dates, holidays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, PlainValidator, model_validator
from pydantic_core import PydanticCustomError

from voltherm.adapters.documents.fields import Document, Number
from voltherm.adapters.documents.holiday_calendar import holiday_rule
from voltherm.adapters.documents.problem import shown
from voltherm.adapters.documents.tariff_report import Report
from voltherm.adapters.documents.yaml_text import Path
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.tariffs import HolidayRule, HolidayTreatment, When
from voltherm.domain.tariffs.windows import ALL_DAY, ALL_DAYS, ALL_MONTHS

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAY_SETS = {
    "all": ALL_DAYS,
    "workday": frozenset(range(5)),
    "weekday": frozenset(range(5)),
    "weekend": frozenset((5, 6)),
}


def parse_months(raw: object) -> frozenset[int]:
    """Return calendar months 1 to 12 from ``all`` or a list of names or numbers.

    Raises
    ------
    PydanticCustomError
        For anything else.
    """
    if raw == "all":
        return ALL_MONTHS
    known: dict[object, int] = {name: number for number, name in enumerate(MONTH_NAMES, start=1)}
    known |= {number: number for number in ALL_MONTHS}
    return _members(raw, known, "months", "all, or a list such as [nov, dec] or [11, 12]")


def parse_days(raw: object) -> str | frozenset[int]:
    """Return the name of a set of days, or weekdays 0 to 6 from a list of names.

    Raises
    ------
    PydanticCustomError
        For anything else.
    """
    if isinstance(raw, str) and raw in DAY_SETS:
        return raw
    known: dict[object, int] = {name: number for number, name in enumerate(DAY_NAMES)}
    return _members(raw, known, "days", "all, workday, weekday, weekend, or a list such as [mon, tue]")


def _members(raw: object, known: Mapping[object, int], kind: str, remedy: str) -> frozenset[int]:
    items = raw if isinstance(raw, list) else [raw]
    unknown = [item for item in items if isinstance(item, bool | list | dict) or item not in known]
    if unknown or not items:
        context = {"problem": f"are no {kind}", "remedy": f"write {remedy}"}
        raise PydanticCustomError("refused", "{problem}", {**context, "value": shown(unknown[0]) if unknown else None})
    return frozenset(known[item] for item in items)


Months = Annotated[frozenset[int], PlainValidator(parse_months)]
Days = Annotated[str | frozenset[int], PlainValidator(parse_days)]
_CLOCK = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")


class HolidaysDocument(Document):
    """Holidays: a calendar's name, or how its days are chosen and what they count as."""

    calendar: str
    as_: Literal["sunday", "ignore"] = Field(default="sunday", alias="as")
    observed: Literal["none", "sun_mon", "sat_fri_sun_mon"] = "none"
    only: list[str] = Field(default_factory=list)
    add: list[str] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _name_is_calendar(cls, raw: object) -> object:
        return {"calendar": raw} if isinstance(raw, str) else raw


class WhenDocument(Document):
    """The times that count; what is left out does not restrict."""

    windows: Annotated[list[tuple[str, str]], Field(min_length=1)] | None = None
    days: Days = "all"
    months: Months = ALL_MONTHS
    from_: str | None = Field(default=None, alias="from")
    to: str | None = None
    holidays: HolidaysDocument | None = None
    also: list[WhenDocument] = Field(default_factory=list)
    unless: list[WhenDocument] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_list(cls, raw: object) -> object:
        if not isinstance(raw, dict):
            return raw
        wrapped = {key: [raw[key]] for key in ("also", "unless") if isinstance(raw.get(key), dict)}
        return {**raw, **wrapped}


class WeightDocument(WhenDocument):
    """A factor on the means whose interval starts in these times."""

    factor: Annotated[Number, Field(ge=0)]


def when_from_document(document: WhenDocument, path: Path, report: Report) -> When | None:
    """Return the times, or None when a problem was noted."""
    before = len(report.problems)
    windows = [_window_or_none(pair, (*path, "windows"), report) for pair in document.windows or []]
    dates = report.attempt(path, lambda: _dates(document))
    rule = report.attempt((*path, "holidays"), lambda: _holidays(document))
    also = tuple(when_from_document(other, (*path, "also"), report) for other in document.also)
    unless = tuple(when_from_document(other, (*path, "unless"), report) for other in document.unless)
    if len(report.problems) > before:
        return None
    return report.attempt(
        path,
        lambda: When(
            windows=tuple(pair for pair in windows if pair is not None) or ALL_DAY,
            days=_days(document),
            months=document.months,
            dates=dates,
            holidays=rule,
            also=tuple(other for other in also if other is not None),
            unless=tuple(other for other in unless if other is not None),
        ),
    )


def _days(document: WhenDocument) -> frozenset[int]:
    return DAY_SETS[document.days] if isinstance(document.days, str) else document.days


def _window_or_none(pair: tuple[str, str], path: Path, report: Report) -> tuple[int, int] | None:
    return report.attempt(path, lambda: _window(pair))


def _window(pair: tuple[str, str]) -> tuple[int, int]:
    start, end = (clock_minutes(text) for text in pair)
    if start == end:
        message = f"window {list(pair)} has no length; write 00:00 to 24:00 for the whole day"
        raise InvalidInputError(message)
    return start, end


def clock_minutes(text: str) -> int:
    """Return the minutes after midnight of a text such as ``06:30``, up to ``24:00``.

    Raises
    ------
    InvalidInputError
        For anything else.
    """
    match = _CLOCK.fullmatch(text)
    if match is None or (match[1] == "24" and match[2] != "00"):
        message = f'{text!r} is no time of day; write it as "06:00", up to "24:00"'
        raise InvalidInputError(message)
    return 60 * int(match[1]) + int(match[2])


def _dates(document: WhenDocument) -> tuple[tuple[int, int], tuple[int, int]] | None:
    if document.from_ is None and document.to is None:
        return None
    if document.from_ is None or document.to is None:
        message = "from and to belong together; write both as MM-DD, to being the first day that no longer counts"
        raise InvalidInputError(message)
    return _month_day(document.from_), _month_day(document.to)


def _month_day(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d\d)-(\d\d)", text)
    lengths = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if match is not None and 1 <= int(match[1]) <= len(lengths) and 1 <= int(match[2]) <= lengths[int(match[1]) - 1]:
        return int(match[1]), int(match[2])
    message = f'{text!r} is no day of the year; write MM-DD, such as "11-01"'
    raise InvalidInputError(message)


def _holidays(document: WhenDocument) -> HolidayRule | None:
    given = document.holidays
    if given is None:
        if document.days == "workday":
            message = "days: workday is Monday to Friday without holidays; name the holidays, or write days: weekday"
            raise InvalidInputError(message)
        return None
    rule = holiday_rule(
        given.calendar,
        HolidayTreatment(given.as_),
        observed=given.observed,
        only=tuple(given.only),
        add=tuple(given.add),
    )
    if document.days == "workday" and rule.treatment is HolidayTreatment.IGNORE:
        message = "days: workday leaves holidays out, but as: ignore keeps them; write days: weekday, or as: sunday"
        raise InvalidInputError(message)
    return rule


def when_to_document(when: When) -> dict[str, object]:
    """Return the shortest document of the times."""
    document: dict[str, object] = {}
    if when.windows != ALL_DAY:
        document["windows"] = [[_clock(start), _clock(end)] for start, end in when.windows]
    if when.days != ALL_DAYS:
        document["days"] = [DAY_NAMES[day] for day in sorted(when.days)]
    if when.months != ALL_MONTHS:
        document["months"] = [MONTH_NAMES[month - 1] for month in sorted(when.months)]
    if when.dates is not None:
        document["from"], document["to"] = (f"{month:02d}-{day:02d}" for month, day in when.dates)
    if when.holidays is not None:
        document["holidays"] = _holidays_document(when.holidays)
    if when.also:
        document["also"] = [when_to_document(other) for other in when.also]
    if when.unless:
        document["unless"] = [when_to_document(other) for other in when.unless]
    return document


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _holidays_document(rule: HolidayRule) -> dict[str, object]:
    document: dict[str, object] = {"calendar": rule.calendar}
    if rule.treatment is not HolidayTreatment.SUNDAY:
        document["as"] = str(rule.treatment)
    if rule.observed != "none":
        document["observed"] = rule.observed
    if rule.only:
        document["only"] = list(rule.only)
    if rule.add:
        document["add"] = list(rule.add)
    return document
