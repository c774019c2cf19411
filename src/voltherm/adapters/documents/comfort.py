"""The comfort document: the band that people want, over the day and the week."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from voltherm.adapters.documents.fields import Document, NonNegative, Number
from voltherm.adapters.documents.problem import shown
from voltherm.adapters.documents.tariff_when import DAY_NAMES, DAY_SETS, clock_minutes, parse_days
from voltherm.domain.comfort import Comfort, ComfortWindow
from voltherm.domain.errors import InvalidInputError

MOST_WINDOWS: Final = 50
DAY_WORDS: Final = ("all", "weekday", "weekend")


def parse_week(raw: object) -> frozenset[int]:
    """Return weekdays 0 to 6 from ``all``, ``weekday``, ``weekend`` or a list of names.

    Raises
    ------
    PydanticCustomError
        For anything else; comfort knows no holidays, so that ``workday`` is refused.
    """
    if isinstance(raw, str) and raw in DAY_SETS and raw not in DAY_WORDS:
        context = {
            "problem": "knows no holidays",
            "remedy": "write weekday, or a list such as [mon, tue]",
            "value": raw,
        }
        raise PydanticCustomError("refused", "{problem}", context)
    days = parse_days(raw)
    return DAY_SETS[days] if isinstance(days, str) else days


def parse_clock(raw: object) -> int:
    """Return the minutes after midnight of a text such as ``06:30``, up to ``24:00``.

    Raises
    ------
    PydanticCustomError
        For anything else.
    """
    try:
        if isinstance(raw, str):
            return clock_minutes(raw)
    except InvalidInputError:
        pass
    context = {"problem": "is no time of day", "remedy": 'write it as "06:30", up to "24:00"', "value": shown(raw)}
    raise PydanticCustomError("refused", "{problem}", context)


Week = Annotated[
    frozenset[int],
    PlainValidator(parse_week),
    WithJsonSchema(
        {"anyOf": [{"enum": list(DAY_WORDS)}, {"type": "array", "items": {"enum": list(DAY_NAMES)}, "minItems": 1}]}
    ),
]
Clock = Annotated[
    int, PlainValidator(parse_clock), WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-4]):[0-5]\d$"})
]


class ComfortWindowDocument(Document):
    """Another band at local times; an end at or before the start lies on the next day. [degC]."""

    days: Week = frozenset(range(7))
    start: Clock
    end: Clock
    low_c: Number
    high_c: Number


class ComfortDocument(Document):
    """The wanted band; a kelvin-hour outside is priced steeply where no price is given. [degC]."""

    low_c: Number = 20.0
    high_c: Number = 23.0
    windows: Annotated[list[ComfortWindowDocument], Field(max_length=MOST_WINDOWS)] = Field(default_factory=list)
    cold_price_per_kh: NonNegative | None = None
    heat_price_per_kh: NonNegative | None = None


def comfort_from_document(document: ComfortDocument) -> Comfort:
    """Return the comfort that a document describes.

    Raises
    ------
    InvalidInputError
        For a band that is empty or not one of rooms.
    """
    windows = tuple(
        ComfortWindow(
            days=window.days,
            start_minute=window.start,
            end_minute=window.end,
            low_c=window.low_c,
            high_c=window.high_c,
        )
        for window in document.windows
    )
    return Comfort(
        low_c=document.low_c,
        high_c=document.high_c,
        windows=windows,
        cold_price_per_kh=document.cold_price_per_kh,
        heat_price_per_kh=document.heat_price_per_kh,
    )


def comfort_to_document(comfort: Comfort) -> dict[str, object]:
    """Return the document of the comfort; read again, it gives an equal one."""
    return {
        "low_c": comfort.low_c,
        "high_c": comfort.high_c,
        "windows": [
            {
                "days": [DAY_NAMES[day] for day in sorted(window.days)],
                "start": _clock(window.start_minute),
                "end": _clock(window.end_minute),
                "low_c": window.low_c,
                "high_c": window.high_c,
            }
            for window in comfort.windows
        ],
        "cold_price_per_kh": comfort.cold_price_per_kh,
        "heat_price_per_kh": comfort.heat_price_per_kh,
    }


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
