"""Records as JSON and back, exactly: every field of a dataclass by its declared type, every bit of every number.

A finite number is written as the shortest text that reads as the same number; NaN and the infinities, which JSON does
not have, are the texts ``nan``, ``inf`` and ``-inf``, and ``null`` in an array is NaN. An array of two dimensions is a
list of its rows. The order of mappings is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import VolthermError
from voltherm.domain.time import utc_instant

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
T = TypeVar("T")

KIND: Final = "kind"
"""Names the class, where a field may hold one of several."""

MOST_DIMENSIONS: Final = 2


class RecordError(VolthermError):
    """A record that is not of the type that it should have."""


def to_plain(kind: type[T], record: T) -> Plain:
    """Return the record, an instance of the dataclass ``kind``, as plain JSON values."""
    return _encoded(kind, record, kind.__name__)


def from_plain(kind: type[T], raw: object) -> T:
    """Return the record that ``to_plain`` gave ``raw`` for; fields added since take their defaults.

    Raises
    ------
    RecordError
        For a field that is missing, unknown or of another type; the message names it.
    """
    return cast("T", _decoded(kind, raw, kind.__name__))


def _encoded(kind: Any, value: Any, where: str) -> Plain:  # noqa: ANN401 - a declared type, and a value of it
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _encoded_choice(kind, value, where)
    if origin is np.ndarray:
        return _encoded_array(value, where)
    if origin is tuple:
        return [_encoded(item, each, where) for item, each in zip(_items(kind, len(value)), value, strict=True)]
    if origin is frozenset:
        return [_encoded(get_args(kind)[0], each, where) for each in sorted(value)]
    if origin is Mapping:
        return {name: _encoded(get_args(kind)[1], each, f"{where}.{name}") for name, each in value.items()}
    if is_dataclass(kind):
        return _encoded_record(kind, value, where)
    return _scalar(kind, where)[0](value)


def _encoded_choice(kind: Any, value: Any, where: str) -> Plain:  # noqa: ANN401 - see _encoded
    if value is None:
        return None
    choices = [choice for choice in get_args(kind) if choice is not NoneType]
    if isinstance(value, np.ndarray):
        return _encoded_array(value, where)
    if not all(is_dataclass(choice) for choice in choices):
        return _encoded(next(choice for choice in choices if get_origin(choice) is not np.ndarray), value, where)
    plain = _encoded_record(type(value), value, where)
    return plain if len(choices) == 1 else {KIND: type(value).__name__, **plain}


def _encoded_record(kind: Any, value: Any, where: str) -> dict[str, Plain]:  # noqa: ANN401 - see _encoded
    return {name: _encoded(hint, getattr(value, name), f"{where}.{name}") for name, hint in _hints(kind).items()}


def _encoded_array(value: NDArray[np.float64], where: str) -> Plain:
    if value.ndim == MOST_DIMENSIONS and value.size:
        return [_encoded_array(row, where) for row in value]
    if value.ndim != 1:
        message = f"{where}: has shape {value.shape}; only arrays of one dimension, or of two with values, are kept"
        raise RecordError(message)
    numbers = np.asarray(value, dtype=np.float64).tolist()
    if np.isfinite(value).all():
        return cast("Plain", numbers)
    return [None if math.isnan(number) else _encoded_number(number) for number in numbers]


def _encoded_number(value: float) -> Plain:
    number = float(value)
    return number if math.isfinite(number) else str(number)


def _decoded(kind: Any, raw: Any, where: str) -> Any:  # noqa: ANN401 - see _encoded
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _decoded_choice(kind, raw, where)
    if origin in (np.ndarray, tuple, frozenset):
        return _decoded_list(kind, _require(raw, list, where), where)
    if origin is Mapping:
        named = _require(raw, dict, where).items()
        return {name: _decoded(get_args(kind)[1], each, f"{where}.{name}") for name, each in named}
    if is_dataclass(kind):
        return _decoded_record(kind, _require(raw, dict, where), where)
    try:
        return _scalar(kind, where)[1](raw)
    except (TypeError, ValueError) as error:
        message = f"{where}: {str(raw)[:80]!r} is no {kind.__name__}"
        raise RecordError(message) from error


def _decoded_choice(kind: Any, raw: Any, where: str) -> Any:  # noqa: ANN401 - see _encoded
    if raw is None:
        return None
    choices = [choice for choice in get_args(kind) if choice is not NoneType]
    arrays = [choice for choice in choices if get_origin(choice) is np.ndarray]
    if arrays and isinstance(raw, list):
        return _decoded(arrays[0], raw, where)
    if len(choices) == 1 or not all(is_dataclass(choice) for choice in choices):
        return _decoded(next(choice for choice in choices if choice not in arrays), raw, where)
    named = dict(_require(raw, dict, where))
    name = named.pop(KIND, None)
    for choice in choices:
        if choice.__name__ == name:
            return _decoded_record(choice, named, where)
    message = f"{where}: {name!r} is none of {', '.join(choice.__name__ for choice in choices)}"
    raise RecordError(message)


def _decoded_list(kind: Any, raw: list[Any], where: str) -> Any:  # noqa: ANN401 - see _encoded
    if get_origin(kind) is np.ndarray:
        return _decoded_array(raw, where)
    if get_origin(kind) is frozenset:
        return frozenset(_decoded(get_args(kind)[0], each, where) for each in raw)
    kinds = _items(kind, len(raw))
    if len(kinds) != len(raw):
        message = f"{where}: has {len(raw)} parts instead of {len(kinds)}"
        raise RecordError(message)
    return tuple(_decoded(item, each, where) for item, each in zip(kinds, raw, strict=True))


def _decoded_array(raw: list[Any], where: str) -> NDArray[np.float64]:
    has_rows = bool(raw) and isinstance(raw[0], list)
    rows = [_require(row, list, where) for row in raw] if has_rows else [raw]
    if len({len(row) for row in rows}) > 1:
        message = f"{where}: has rows of {len(rows[0])} and of other lengths; an array's rows are of one length"
        raise RecordError(message)
    numbers = [[math.nan if each is None else _decoded(float, each, where) for each in row] for row in rows]
    values = np.array(numbers if has_rows else numbers[0], dtype=np.float64)
    values.flags.writeable = False
    return values


def _decoded_record(kind: Any, raw: dict[str, Any], where: str) -> Any:  # noqa: ANN401 - see _encoded
    hints = _hints(kind)
    unknown = sorted(set(raw) - set(hints))
    needed = sorted(each.name for each in fields(kind) if each.name not in raw and not _has_default(each))
    if unknown:
        message = f"{where}: {unknown} are not known here; read it with the newer program that wrote it"
        raise RecordError(message)
    if needed:
        message = f"{where}: has no {needed}"
        raise RecordError(message)
    values = {name: _decoded(hints[name], each, f"{where}.{name}") for name, each in raw.items()}
    try:
        return kind(**values)
    except ValueError as error:
        message = f"{where}: {error}"
        raise RecordError(message) from error


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _items(kind: Any, length: int) -> tuple[Any, ...]:  # noqa: ANN401 - see _encoded
    """The declared type of each item of a tuple."""
    kinds = get_args(kind)
    return (kinds[0],) * length if kinds[-1] is Ellipsis else kinds


@lru_cache(maxsize=128)
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _require(raw: object, wanted: type[T], where: str) -> T:
    if not isinstance(raw, wanted):
        message = f"{where}: {str(raw)[:80]!r} is no {wanted.__name__}"
        raise RecordError(message)
    return raw


def _number(raw: object) -> float:
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return float(raw)
    if raw in ("nan", "inf", "-inf"):
        return float(str(raw))
    message = f"{raw!r} is no number"
    raise TypeError(message)


def _same(wanted: type) -> Callable[[object], object]:
    def checked(raw: object) -> object:
        if type(raw) is not wanted:
            message = f"{raw!r} is no {wanted.__name__}"
            raise TypeError(message)
        return raw

    return checked


_Codec = tuple[Callable[[Any], Plain], Callable[[Any], Any]]
_SCALARS: Final[Mapping[type, _Codec]] = {
    float: (_encoded_number, _number),
    int: (int, _same(int)),
    bool: (bool, _same(bool)),
    str: (str, _same(str)),
    datetime: (datetime.isoformat, lambda raw: utc_instant(datetime.fromisoformat(raw))),
    date: (date.isoformat, date.fromisoformat),
    timedelta: (timedelta.total_seconds, lambda raw: timedelta(seconds=_number(raw))),
}


def _scalar(kind: Any, where: str) -> _Codec:  # noqa: ANN401 - see _encoded
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return str, kind
    if kind not in _SCALARS:
        message = f"{where}: values of type {kind} cannot be kept; teach adapters/documents/exact.py"
        raise RecordError(message)
    return _SCALARS[kind]
