"""Kinds of fields that several documents share: identifiers, instants, numbers and arrays of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from voltherm.adapters.documents.problem import shown

LARGEST_NUMBER = 1e9
"""Beyond any meter or price; keeps sums of products far from overflow."""
MOST_VALUES = 100_000
"""Longest array that is read at all; the grid has its own, smaller limit."""
FIRST_YEAR, LAST_YEAR = 1970, 2199


class Document(BaseModel):
    """The base of every document: immutable, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


def parse_instant(raw: object) -> datetime:
    """Return the UTC instant that an ISO 8601 text with a zone names.

    Raises
    ------
    PydanticCustomError
        For anything else; a time without a zone is a guess about the writer's clock.
    """
    remedy = "write it as 2026-01-15T06:00:00Z, or with an offset such as 2026-01-15T00:00:00-06:00"
    if not isinstance(raw, (str, datetime)):
        raise _refused("is not a time in a text", remedy)
    try:
        moment = datetime.fromisoformat(raw) if isinstance(raw, str) else raw
    except ValueError:
        raise _refused("is not an ISO 8601 time", remedy) from None
    if moment.tzinfo is None:
        raise _refused("has no time zone", remedy)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise _refused(f"is not in the years {FIRST_YEAR} to {LAST_YEAR}", remedy)
    return moment.astimezone(UTC)


def parse_numbers(raw: object) -> NDArray[np.float64]:
    """Return a list of finite JSON numbers as an array, without looking at each in Python."""
    return _array(raw, allowed=_NUMBER_TYPES)


def parse_numbers_with_gaps(raw: object) -> NDArray[np.float64]:
    """Return a list of finite JSON numbers or nulls as an array; NaN stands where null stood."""
    return _array(raw, allowed=_NUMBER_TYPES | {type(None)})


def parse_limits(raw: object) -> float | NDArray[np.float64]:
    """Return a non-negative number, or a list of them as an array."""
    if isinstance(raw, list):
        values = parse_numbers(raw)
        negative = np.flatnonzero(values < 0)
        if negative.size:
            raise _refused_item(raw, int(negative[0]), "is below 0", "give numbers of at least 0")
        return values
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        raise _refused("is neither a number nor a list of numbers", "give one number, or one a step")
    if not 0 <= raw <= LARGEST_NUMBER:
        raise _refused(f"is not between 0 and {LARGEST_NUMBER:g}", "correct the value or its unit")
    return float(raw)


def _array(raw: object, allowed: frozenset[type]) -> NDArray[np.float64]:
    if not isinstance(raw, list):
        raise _refused("is not a list of numbers", "give one number a step, in brackets")
    if not 1 <= len(raw) <= MOST_VALUES:
        raise _refused(f"has {len(raw)} values", f"give 1 to {MOST_VALUES} values")
    if not set(map(type, raw)) <= allowed:
        index = next(i for i, value in enumerate(raw) if type(value) not in allowed)
        raise _refused_item(raw, index, "is not a number", "give a number, without quotes")
    try:
        values = np.array(raw, dtype=np.float64)
    except OverflowError:
        index = next(i for i, value in enumerate(raw) if isinstance(value, int) and abs(value) > LARGEST_NUMBER)
        raise _refused_item(raw, index, "is beyond any real number", "check its unit") from None
    _require_finite(raw, values)
    values.flags.writeable = False
    return values


def _require_finite(raw: list[object], values: NDArray[np.float64]) -> None:
    for index in map(int, np.flatnonzero(~np.isfinite(values))):
        if raw[index] is not None:
            raise _refused_item(raw, index, "is not a finite number", "leave out what is unknown; never write NaN")
    large = np.flatnonzero(np.abs(values) > LARGEST_NUMBER)
    if large.size:
        raise _refused_item(raw, int(large[0]), f"is beyond {LARGEST_NUMBER:g}", "check its unit")


def _refused(problem: str, remedy: str) -> PydanticCustomError:
    return PydanticCustomError("refused", "{problem}", {"problem": problem, "remedy": remedy})


def _refused_item(raw: list[object], index: int, problem: str, remedy: str) -> PydanticCustomError:
    context = {"problem": problem, "remedy": remedy, "index": index, "value": shown(raw[index])}
    return PydanticCustomError("refused", "{problem}", context)


_NUMBER_TYPES = frozenset({int, float})

_NUMBER = Field(strict=True, allow_inf_nan=False, ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)
_ITEM_SCHEMA = {"type": "number", "minimum": -LARGEST_NUMBER, "maximum": LARGEST_NUMBER}

Identifier = Annotated[str, Field(strict=True, min_length=1, max_length=100, pattern=r"^\w[\w .:/-]*$")]
"""A name of a site, an asset, a component or a series."""
Text = Annotated[str, Field(strict=True, max_length=500)]
Number = Annotated[float, _NUMBER]
NonNegative = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=LARGEST_NUMBER)]
Positive = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=LARGEST_NUMBER)]
Fraction = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)]
Efficiency = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0.01, le=1)]
Whole = Annotated[int, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Instant = Annotated[
    datetime,
    PlainValidator(parse_instant),
    PlainSerializer(datetime.isoformat, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An instant, ISO 8601 with zone; kept in UTC."""
Numbers = Annotated[
    NDArray[np.float64],
    PlainValidator(parse_numbers),
    WithJsonSchema({"type": "array", "items": _ITEM_SCHEMA, "minItems": 1}),
]
NumbersWithGaps = Annotated[
    NDArray[np.float64],
    PlainValidator(parse_numbers_with_gaps),
    WithJsonSchema({"type": "array", "items": {"anyOf": [_ITEM_SCHEMA, {"type": "null"}]}, "minItems": 1}),
]
"""One value a step; null where the value is missing."""
_LIMIT_SCHEMA = {"type": "number", "minimum": 0, "maximum": LARGEST_NUMBER}
Limits = Annotated[
    float | NDArray[np.float64],
    PlainValidator(parse_limits),
    WithJsonSchema({"anyOf": [_LIMIT_SCHEMA, {"type": "array", "items": _LIMIT_SCHEMA, "minItems": 1}]}),
]
"""One non-negative number, or one a step."""
