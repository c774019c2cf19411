"""Readings as they go over the wire: what a meter posts, and what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from voltherm.adapters.documents.fields import Document, Identifier, Instant
from voltherm.adapters.documents.problem import DocumentError, Problem, Problems, problems_of
from voltherm.domain.control import Measured
from voltherm.domain.site import Site
from voltherm.domain.time import Interval

MOST_READINGS: Final = 2976
"""In one body and in one answer: 31 days of quarter-hours."""
LARGEST_BODY: Final = 2_000_000
LARGEST_KW: Final = 1e6
"""A gigawatt: beyond anything behind one meter; what is larger is in another unit."""
STANDBY_KW: Final = 1.0
"""Up to this an inverter may draw at night; it counts as no production. [kW]"""
COLDEST_C, HOTTEST_C = -90.0, 70.0
TO_KW: Final = {"kW": 1.0, "W": 1e-3, "MW": 1e3}
MINUTES: Final = (5, 10, 15, 20, 30, 60)

_Watt = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class ReadingDocument(Document):
    """Means over one interval; what was not measured is left out, or null.

    ``power`` is by the ids of the site's loads (consumption positive) and PV plants (production, not negative).
    """

    start: Instant
    interval_minutes: Literal[5, 10, 15, 20, 30, 60] = 15
    grid: _Watt | None = None
    power: Annotated[dict[Identifier, _Watt | None], Field(default_factory=dict, max_length=50)]
    t_out_c: Annotated[float, Field(strict=True, ge=COLDEST_C, le=HOTTEST_C, allow_inf_nan=False)] | None = None


class ReadingsDocument(Document):
    """A batch of readings; the same batch again changes nothing."""

    unit: Literal["kW", "W", "MW"]
    readings: Annotated[list[ReadingDocument], Field(min_length=1, max_length=MOST_READINGS)]


class KeptDocument(BaseModel):
    """What became of a batch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    received: int
    changed: int


class KeptReadingDocument(BaseModel):
    """One interval as it is kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: AwareDatetime
    interval_minutes: float
    grid: float | None
    power: dict[str, float]
    t_out_c: float | None


class KeptReadingsDocument(BaseModel):
    """Readings as they are kept, oldest first; a full answer is followed by another from the end of its last."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Literal["kW"] = "kW"
    readings: list[KeptReadingDocument]


def read_readings(content: bytes, site: Site, now: datetime) -> tuple[Measured, ...]:
    """Return the readings of a body, in kW.

    Raises
    ------
    DocumentError
        With every problem: fields, unknown assets, intervals that are not aligned, told twice, or not over at ``now``.
    """
    try:
        document = ReadingsDocument.model_validate_json(content)
    except ValidationError as error:
        raise DocumentError(_readable(problems_of(error))) from error
    problems = Problems()
    factor = TO_KW[document.unit]
    known = {asset.id for asset in site.forecast_assets} | {battery.id for battery in site.batteries}
    plants = {plant.id for plant in site.pv_plants}
    seen: dict[Interval, int] = {}
    readings = []
    for index, reading in enumerate(document.readings):
        place = ("readings", index)
        interval = _interval(reading, place, now, problems)
        first = seen.setdefault(interval, index)
        if first != index:
            problems.add((*place, "start"), f"tells the interval of readings[{first}] again", "send each interval once")
        powers = _powers(reading.power, place, known, problems)
        readings.append(
            Measured(
                interval=interval,
                grid_kw=_in_kw(reading.grid, factor, (*place, "grid"), problems),
                power_kw={
                    name: _production(kw, (*place, "power", name), problems) if name in plants else kw
                    for name, value in powers.items()
                    if (kw := _in_kw(value, factor, (*place, "power", name), problems)) is not None
                },
                t_out_c=reading.t_out_c,
            )
        )
    problems.raise_if_any()
    return tuple(readings)


def kept_readings(readings: tuple[Measured, ...]) -> KeptReadingsDocument:
    """Return readings as an answer, at most ``MOST_READINGS``."""
    return KeptReadingsDocument(
        readings=[
            KeptReadingDocument(
                start=each.interval.start,
                interval_minutes=each.interval.hours * 60,
                grid=each.grid_kw,
                power=dict(each.power_kw),
                t_out_c=each.t_out_c,
            )
            for each in readings[:MOST_READINGS]
        ]
    )


_Place = tuple[str | int, ...]


def _interval(reading: ReadingDocument, place: _Place, now: datetime, problems: Problems) -> Interval:
    length = timedelta(minutes=reading.interval_minutes)
    interval = Interval(reading.start, reading.start + length)
    if reading.start.timestamp() % length.total_seconds():
        remedy = f"begin it at a whole {reading.interval_minutes} minutes of UTC"
        problems.add((*place, "start"), "is not aligned", remedy, reading.start.isoformat())
    if interval.end > now:
        remedy = f"send an interval once it is over; it is {now.isoformat(timespec='seconds')}"
        problems.add((*place, "start"), "begins an interval that is not over", remedy, reading.start.isoformat())
    return interval


def _powers(
    power: Mapping[str, float | None], place: _Place, known: set[str], problems: Problems
) -> Mapping[str, float | None]:
    for name in power:
        if name not in known:
            remedy = f"use the ids of the site: {', '.join(sorted(known))}"
            problems.add((*place, "power", name), "is no asset of the site", remedy)
    return {name: value for name, value in power.items() if name in known}


def _in_kw(value: float | None, factor: float, place: _Place, problems: Problems) -> float | None:
    """Convert a power; one out of range is told, and left out."""
    if value is None:
        return None
    if abs(value * factor) > LARGEST_KW:
        problems.add(place, f"is beyond {LARGEST_KW:g} kW", "check the unit", value)
        return None
    return value * factor


def _production(power_kw: float, place: _Place, problems: Problems) -> float:
    if power_kw < -STANDBY_KW:
        problems.add(place, "is negative", "production is positive or zero", power_kw)
    return max(power_kw, 0.0)


def _readable(problems: list[Problem]) -> list[Problem]:
    """Say of a body that is no JSON what to do about it."""
    remedies = {"document": 'send {"unit": "kW", "readings": [{"start": "2026-03-10T06:00:00Z", "power": {...}}]}'}
    return [
        Problem(
            field=each.field,
            value=each.value if each.field != "document" else None,
            problem=each.problem,
            remedy=remedies.get(each.field, each.remedy),
        )
        for each in problems
    ]
