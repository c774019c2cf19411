"""The shapes in which reporters answer: where in the JSON the rows, their unit, step and issue stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from voltherm.domain.external_forecast import ForecastKind
from voltherm.domain.series import Quality
from voltherm.ports.errors import Malformed

MAX_ROWS: Final = 5000
"""A week in steps of 5 minutes takes 2,016."""
TIME_KEYS: Final = ("time", "ds", "index", "timestamp")
POWER_KEYS: Final = {
    ForecastKind.LOAD: ("power", "hourly_power"),
    ForecastKind.SOLAR: ("power", "power_expected"),
}
UNNAMED: Final = "reporter"
"""A source that does not say its name."""
LIST_KEYS: Final = ("points", "data", "forecast")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row as it was sent.

    Parameters
    ----------
    time : str
        Begin of its interval, as written.
    power : object
        Whatever stands for its power.
    """

    time: str
    power: object


def _text_or_nothing(value: object) -> object:
    return value if isinstance(value, str) else None


def _one_line(value: object) -> object:
    """A name that can stand in a log and a note: what is no text, or cannot be printed, is left out."""
    text = "".join(each for each in value if each.isprintable())[:200] if isinstance(value, str) else ""
    return text or UNNAMED


class Head(BaseModel):
    """What an answer says of all its rows; a plain list says nothing.

    Parameters
    ----------
    source : str
        Who forecasts.
    issued_at : str or None
        When, as written.
    resolution_minutes : float or None
        Length of a row's interval; None where it is to be found from the times. [min]
    unit : str or None
        Of the power, as written.
    quality : str or None
        ``demo`` where the rows are made of a recording.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    source: Annotated[str, BeforeValidator(_one_line)] = UNNAMED
    issued_at: Annotated[str | None, BeforeValidator(_text_or_nothing)] = None
    resolution_minutes: Annotated[float, Field(strict=True, gt=0, le=1440)] | None = None
    unit: str | None = None
    quality: Annotated[str | None, BeforeValidator(_text_or_nothing)] = None

    @property
    def is_demo(self) -> bool:
        """Whether the rows are of a demo, by their quality or by the name of their source."""
        return self.quality == Quality.DEMO.value or self.source.lower().startswith("demo")


def head_and_rows(answer: object, kind: ForecastKind) -> tuple[Head, tuple[Row, ...]]:
    """Return what an answer says of all its rows, and the rows in its order.

    Our own shape, and the plain ones of the field: a list of rows, alone or in an object as ``points``, ``data`` or
    ``forecast``. Fields that are not known are ignored.

    Raises
    ------
    Malformed
        For any other shape, no rows, or more than 5,000.
    """
    what = f"{kind.value} forecast"
    listed = answer
    if isinstance(answer, dict):
        listed = next((answer[key] for key in LIST_KEYS if key in answer), None)
    if not isinstance(listed, list):
        raise Malformed(f"{what}: holds no list of rows; send one as {', '.join(map(repr, LIST_KEYS))}, or alone")
    if not listed:
        raise Malformed(f"{what}: has no rows; answer 503 while there is no forecast")
    if len(listed) > MAX_ROWS:
        raise Malformed(f"{what}: has {len(listed)} rows, more than {MAX_ROWS}; send a week at most")
    time_key, power_key = _keys(listed[0], kind)
    rows = tuple(_row(each, number, time_key, power_key, what) for number, each in enumerate(listed))
    return (_head(answer, what) if isinstance(answer, dict) else Head()), rows


def _head(answer: dict[str, object], what: str) -> Head:
    try:
        return Head.model_validate(answer)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Malformed(f"{what}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _keys(first: object, kind: ForecastKind) -> tuple[str, str]:
    keys = first if isinstance(first, dict) else {}
    time_key = next((key for key in TIME_KEYS if key in keys), None)
    power_key = next((key for key in POWER_KEYS[kind] if key in keys), None)
    if time_key is None or power_key is None:
        raise Malformed(
            f"{kind.value} forecast: its first row lacks a time ({', '.join(TIME_KEYS)}) "
            f"or a power ({', '.join(POWER_KEYS[kind])})"
        )
    return time_key, power_key


def _row(each: object, number: int, time_key: str, power_key: str, what: str) -> Row:
    if not isinstance(each, dict) or not isinstance(each.get(time_key), str):
        raise Malformed(f"{what}: row {number} has no {time_key!r} with a time as text, such as '2026-03-10T06:00:00Z'")
    return Row(time=each[time_key], power=each.get(power_key))
