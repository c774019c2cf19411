"""Series in a request: forecasts and prices, brought onto the grid by time and never by index."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import gcd
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from voltherm.adapters.documents.fields import Document, Instant, NumbersWithGaps, Text
from voltherm.adapters.documents.problem import DocumentError, Problem, path_of
from voltherm.domain.resampling import bridged_gaps, regrouped
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.time import TimeGrid

LONGEST_GAP = timedelta(hours=1)
"""A gap up to this long is bridged and the series marked as repaired; a longer one is refused."""
MOST_PARTS = 1_000_000
"""Longest series in parts of common length; one-second steps over a fortnight."""

StepMinutes = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=1440)]


class TimedDocument(Document):
    """Values with their own times, where they differ from the grid's, and where they come from."""

    start: Instant | None = None
    step_minutes: StepMinutes | None = None
    source: Text = "caller"
    issued_at: Instant | None = None
    quality: Quality = Quality.FORECAST


class ForecastDocument(TimedDocument):
    """Power of a load (positive: consumes) or available power of a PV plant. [kW]."""

    power_kw: NumbersWithGaps


class PriceDocument(TimedDocument):
    """A named price series, per kWh in the tariff's currency, or in EUR/MWh where that is the euro."""

    price_per_kwh: NumbersWithGaps | None = None
    price_per_mwh: NumbersWithGaps | None = None
    price_eur_per_mwh: NumbersWithGaps | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TimedValues:
    """A list of a document with the object that says its times and origin."""

    document: TimedDocument
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a series stands in the document, for messages.

    Parameters
    ----------
    where : tuple of str
        Path of the object that holds it.
    name : str
        Name of the list.
    """

    where: tuple[str, ...]
    name: str

    def refused(self, problem: str, remedy: str, value: str | float | None = None) -> DocumentError:
        """Return the error that says so of the list."""
        field = path_of((*self.where, self.name))
        return DocumentError([Problem(field=field, value=value, problem=problem, remedy=remedy)])


def series_on_grid(timed: TimedValues, grid: TimeGrid, place: Place) -> Series:
    """Return the values as means over the steps of ``grid``.

    Energy is kept: a coarser series is spread evenly over its steps, a finer one is averaged.

    Raises
    ------
    DocumentError
        When the values do not cover the grid, or miss more than an hour.
    """
    document = timed.document
    own = _own_grid(document, timed.values.size, grid, place)
    filled, note = _repaired(timed.values, own, place)
    if own != grid:
        filled = _joined(filled, own, grid, place)
    quality = Quality.REPAIRED if note and document.quality in _BETTER_THAN_REPAIRED else document.quality
    provenance = Provenance(source=document.source, quality=quality, issued_at=document.issued_at, note=note)
    return Series(grid, filled, provenance)


_BETTER_THAN_REPAIRED = frozenset({Quality.MEASURED, Quality.FORECAST})


def _own_grid(document: TimedDocument, n_values: int, grid: TimeGrid, place: Place) -> TimeGrid:
    """Return the series' own grid; without times of its own it must have the length of the plan's."""
    if document.start is None and document.step_minutes is None:
        if n_values != grid.n_steps:
            remedy = f"give one value for each of the {grid.n_steps} steps, or the series' own start and step_minutes"
            raise place.refused(f"has {n_values} values", remedy)
        return grid
    step = grid.step if document.step_minutes is None else timedelta(minutes=document.step_minutes)
    if step % timedelta(seconds=1) or not step:
        raise place.refused("has steps that are not whole seconds", "correct its step_minutes", document.step_minutes)
    start = grid.start if document.start is None else document.start
    if start.microsecond:
        raise place.refused("begins within a second", "correct its start", start.isoformat())
    return _grid(start, step, n_values, place)


def _grid(start: datetime, step: timedelta, n_steps: int, place: Place) -> TimeGrid:
    try:
        return TimeGrid(start, step, n_steps)
    except ValueError as error:
        raise place.refused(str(error), "correct its step_minutes") from error


def _repaired(values: NDArray[np.float64], own: TimeGrid, place: Place) -> tuple[NDArray[np.float64], str]:
    """Return the values with short gaps bridged, and what was done, in words."""
    missing = int(np.isnan(values).sum())
    if not missing:
        return values, ""
    filled = bridged_gaps(values, LONGEST_GAP // own.step)
    first = np.flatnonzero(np.isnan(filled))
    if first.size:
        at = own.time_of(int(first[0])).isoformat()
        remedy = "fill it, or plan a grid that ends before it; gaps of up to an hour between values are bridged"
        raise place.refused(f"misses {first.size} values, the first at {at}", remedy)
    return filled, f"{missing} of {values.size} values were missing and are bridged"


def _joined(values: NDArray[np.float64], own: TimeGrid, grid: TimeGrid, place: Place) -> NDArray[np.float64]:
    if own.start > grid.start or own.end < grid.end:
        problem = f"covers {own.interval}, the grid is {grid.interval}"
        raise place.refused(problem, "give a series that covers the grid, or plan a shorter grid")
    first, lead_s = divmod(int((grid.start - own.start).total_seconds()), own.step_seconds)
    span_s = grid.n_steps * grid.step_seconds
    part_s = gcd(own.step_seconds, grid.step_seconds, lead_s)
    if span_s // part_s > MOST_PARTS:
        raise place.refused(
            "has steps that do not fit the grid's", "begin both at whole minutes, with whole-minute steps"
        )
    needed = values[first : first - (-(lead_s + span_s) // own.step_seconds)]
    fine = np.repeat(needed, own.step_seconds // part_s)[lead_s // part_s :][: span_s // part_s]
    return regrouped(fine, (0, 1, grid.step_seconds // part_s), grid.n_steps, min_share=1.0)
