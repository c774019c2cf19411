"""The plan request: one document with everything that a plan depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from voltherm.adapters.documents.fields import LAST_YEAR, Document, Instant, Limits
from voltherm.adapters.documents.forecast import ForecastDocument, PriceDocument
from voltherm.adapters.documents.heat_inputs import HeatStateDocument, WeatherDocument
from voltherm.adapters.documents.ledger import LedgerDocument
from voltherm.adapters.documents.plan_inputs import (
    BatteryStateDocument,
    GridDocument,
    OptionsDocument,
    Parts,
    plan_inputs,
)
from voltherm.adapters.documents.problem import DocumentError, Problem, Problems, problems_of, shown
from voltherm.adapters.documents.site import SiteDocument, site_from_document
from voltherm.domain.plan import PlanInputs
from voltherm.domain.site import Site
from voltherm.domain.time import TimeGrid

LARGEST_REQUEST = 10_000_000
"""Longest request that is read at all. [bytes]."""


class PlanRequestDocument(Document):
    """Site, state, forecasts, prices and weather: all that a plan depends on."""

    site: SiteDocument
    now: Instant
    grid: GridDocument
    state: dict[str, BatteryStateDocument] = Field(default_factory=dict)
    reached_peaks_kw: dict[str, Limits] = Field(default_factory=dict)
    ledger: LedgerDocument | None = None
    forecasts: dict[str, ForecastDocument] = Field(default_factory=dict)
    prices: dict[str, PriceDocument] = Field(default_factory=dict)
    heat: dict[str, HeatStateDocument] = Field(default_factory=dict)
    weather: WeatherDocument = WeatherDocument()
    options: OptionsDocument = OptionsDocument()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """A site and what to plan it with: the arguments of ``plan_site``."""

    site: Site
    inputs: PlanInputs


def load_request(path: str | Path) -> PlanRequest:
    """Return the request in a JSON file.

    Raises
    ------
    DocumentError
        With every problem of the document.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        problem = (error.strerror or "cannot be read").lower()
        raise DocumentError([Problem(field=str(path), value=None, problem=problem, remedy="check the name")]) from error
    return read_request(content)


def read_request(content: bytes | str) -> PlanRequest:
    """Return the request in a JSON text.

    Raises
    ------
    DocumentError
        With every problem of the document: field, value found and remedy.
    """
    return request_from_document(parsed_json(content, LARGEST_REQUEST))


def parsed_json(content: bytes | str, largest: int) -> object:
    """Return what a JSON text of at most ``largest`` bytes says.

    Raises
    ------
    DocumentError
        When it is longer, or not JSON.
    """
    if len(content) > largest:
        words, remedy = f"has {len(content):,} bytes", f"send at most {largest:,}"
        raise DocumentError([Problem(field="document", value=None, problem=words, remedy=remedy)])
    try:
        parsed: object = from_json(content)
    except ValueError as error:
        problem = Problem(field="document", value=None, problem=f"is not JSON: {error}", remedy="correct its syntax")
        raise DocumentError([problem]) from error
    return parsed


def request_from_document(raw: object) -> PlanRequest:
    """Return the request that a parsed document describes.

    Raises
    ------
    DocumentError
        With every problem of the document.
    """
    if not isinstance(raw, Mapping):
        problem = Problem(field="document", value=shown(raw), problem="is not an object", remedy="send a plan request")
        raise DocumentError([problem])
    reader = _Reader(raw)
    site = reader.site()
    parts = Parts(
        now=reader.part("now", _NOW),
        grid=reader.grid(),
        state=reader.part("state", _STATE, {}),
        reached_peaks_kw=reader.part("reached_peaks_kw", _REACHED, {}),
        ledger=reader.part("ledger", _LEDGER),
        forecasts=reader.part("forecasts", _FORECASTS, {}),
        prices=reader.part("prices", _PRICES, {}),
        options=reader.part("options", _OPTIONS, OptionsDocument()),
        heat=reader.part("heat", _HEAT, {}),
        weather=reader.part("weather", _WEATHER, WeatherDocument()),
    )
    inputs = None if site is None else plan_inputs(site, parts, reader.problems)
    reader.problems.raise_if_any()
    if site is None or inputs is None:
        raise AssertionError("a part is missing without a problem that says so")
    return PlanRequest(site=site, inputs=inputs)


_NOW: TypeAdapter[datetime] = TypeAdapter(Instant)
_GRID = TypeAdapter(GridDocument)
_STATE = TypeAdapter(dict[str, BatteryStateDocument])
_REACHED: TypeAdapter[Mapping[str, float | NDArray[np.float64]]] = TypeAdapter(dict[str, Limits])
_LEDGER = TypeAdapter(LedgerDocument)
_FORECASTS = TypeAdapter(dict[str, ForecastDocument])
_PRICES = TypeAdapter(dict[str, PriceDocument])
_OPTIONS = TypeAdapter(OptionsDocument)
_HEAT = TypeAdapter(dict[str, HeatStateDocument])
_WEATHER = TypeAdapter(WeatherDocument)

_REQUIRED = tuple(name for name, field in PlanRequestDocument.model_fields.items() if field.is_required())

_Part = TypeVar("_Part")


class _Reader:
    """Reads a request part by part, so that a bad part hides no problem of another."""

    def __init__(self, raw: Mapping[str, object]) -> None:
        self.problems = Problems()
        self._raw = raw
        known = PlanRequestDocument.model_fields
        for name in raw:
            if name not in known:
                remedy = f"remove it, or check its spelling; a request has {', '.join(known)}"
                self.problems.add((name,), "is not a known field", remedy, raw[name])
        for name in _REQUIRED:
            if name not in raw:
                self.problems.add((name,), "is missing", "add it")

    def part(self, name: str, adapter: TypeAdapter[_Part], default: _Part | None = None) -> _Part | None:
        """Return a part; None where it is absent without default, or wrong."""
        if self._raw.get(name) is None and name not in _REQUIRED:
            return default
        if name not in self._raw:
            return None
        try:
            return adapter.validate_python(self._raw[name])
        except ValidationError as error:
            self.problems.extend(problems_of(error, (name,)))
            return None

    def site(self) -> Site | None:
        """Return the site; None where it is wrong."""
        if "site" not in self._raw:
            return None
        try:
            return site_from_document(self._raw["site"])
        except DocumentError as error:
            self.problems.extend(error.problems)
            return None

    def grid(self) -> TimeGrid | None:
        """Return the grid; None where it is wrong."""
        document = self.part("grid", _GRID)
        if document is None:
            return None
        try:
            grid = TimeGrid(document.start, timedelta(minutes=document.step_minutes), document.steps)
        except ValueError as error:
            self.problems.add(("grid", "step_minutes"), str(error), "use 15, 30 or 60", document.step_minutes)
            return None
        if grid.start.microsecond or grid.end.year > LAST_YEAR:
            remedy = f"begin at a whole second and end by the year {LAST_YEAR}"
            self.problems.add(("grid", "start"), "is no instant to plan from", remedy, grid.start.isoformat())
            return None
        return grid
