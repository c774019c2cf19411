"""The documents of what was measured at a registered device."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from voltherm.adapters.documents.fields import Document, Instant
from voltherm.adapters.documents.problem import DocumentError, Problems, problems_of
from voltherm.domain.assets import HeatMode
from voltherm.domain.assets.building import LEAST_STATE_C, MOST_STATE_C
from voltherm.domain.registered_device import HeatReading

LARGEST_BATCH: Final = 1_000_000
"""Longest batch that is read at all. [bytes]."""
MOST_AT_ONCE: Final = 5_000
"""Readings of a batch, and of a page."""
AHEAD: Final = timedelta(minutes=5)
"""So far a device's clock may be ahead of ours."""
LONG_AGO: Final = timedelta(days=5 * 366)
"""What lies further back is a wrong clock rather than a measurement that anybody still sends."""

Indoor = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=LEAST_STATE_C, le=MOST_STATE_C)]
Outdoor = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-90, le=70)]
Power = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=10_000)]


class MeasurementIn(Document):
    """What was measured at an instant; what was not is left out, or null."""

    time: Instant
    indoor_c: Indoor | None = None
    """Room temperature. [degC]"""
    outdoor_c: Outdoor | None = None
    power_kw: Power | None = None
    """Electric power of the heat pump, with its backup heater. [kW]"""
    mode: HeatMode | None = None
    """What the heat pump was asked for."""

    @model_validator(mode="after")
    def _says_something(self) -> MeasurementIn:
        if self.indoor_c is None and self.outdoor_c is None and self.power_kw is None and self.mode is None:
            problem = {"problem": "says nothing", "remedy": "give indoor_c, outdoor_c, power_kw or mode"}
            raise PydanticCustomError("refused", "{problem}", problem)
        return self


class MeasurementsIn(Document):
    """A batch of measurements, in any order; told again, one of the same instant replaces the values that it names."""

    measurements: Annotated[list[MeasurementIn], Field(min_length=1, max_length=MOST_AT_ONCE)]


MEASUREMENTS_EXAMPLE: Final[dict[str, object]] = {
    "measurements": [
        {"time": "2026-01-08T15:30:00+02:00", "indoor_c": 21.4, "outdoor_c": -8.2, "power_kw": 2.1, "mode": "NORMAL"}
    ]
}


class MeasurementsTaken(BaseModel):
    """What came of a batch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device_id: str
    received: int
    """Measurements in the batch."""
    changed: int
    """Instants that were new, or became another value; 0 when the batch was told before."""


class Measurement(BaseModel):
    """What was measured at an instant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    time: datetime
    indoor_c: float | None
    outdoor_c: float | None
    power_kw: float | None
    mode: HeatMode | None


class MeasurementPage(BaseModel):
    """Measurements of a device, oldest first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device_id: str
    measurements: list[Measurement]


def read_batch(raw: object, now: datetime) -> tuple[HeatReading, ...]:
    """Return the readings that a parsed document describes.

    Parameters
    ----------
    raw : object
        As JSON gave it.
    now : datetime
        The instant: what lies ahead of it, or years back, was stamped by a wrong clock.

    Raises
    ------
    DocumentError
        With every problem: field, value found and remedy.
    """
    try:
        document = MeasurementsIn.model_validate(raw)
    except ValidationError as error:
        raise DocumentError(problems_of(error)) from error
    problems = Problems()
    for index, each in enumerate(document.measurements):
        if not now - LONG_AGO <= each.time <= now + AHEAD:
            problem = "lies in the future" if each.time > now else "lies more than five years back"
            remedy = f"check the device's clock; here it is {now.isoformat(timespec='seconds')}"
            problems.add(["measurements", index, "time"], problem, remedy, each.time.isoformat())
    problems.raise_if_any()
    return tuple(
        HeatReading(
            at=each.time, indoor_c=each.indoor_c, outdoor_c=each.outdoor_c, power_kw=each.power_kw, mode=each.mode
        )
        for each in document.measurements
    )


def measurement(reading: HeatReading) -> Measurement:
    """Return a reading as its document."""
    return Measurement(
        time=reading.at,
        indoor_c=reading.indoor_c,
        outdoor_c=reading.outdoor_c,
        power_kw=reading.power_kw,
        mode=reading.mode,
    )
