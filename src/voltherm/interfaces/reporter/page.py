"""What the reporter says of itself: as JSON for programs, and as a page for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from pydantic import AwareDatetime, BaseModel, ConfigDict

from voltherm.application.serve_forecasts import OURS, STEP, Asked, Made, NotMade, known_steps
from voltherm.domain.external_forecast import ForecastKind
from voltherm.domain.series import Quality
from voltherm.forecasting import Scores
from voltherm.interfaces.reporter.answers import known_until
from voltherm.interfaces.reporter.asked import USUAL_MINUTES, asked_for
from voltherm.interfaces.reporter.chart import AHEAD, draw
from voltherm.interfaces.reporter.desk import Desk

LINKS = (
    "/api/forecasts/load",
    "/api/forecasts/solar",
    "/api/forecasts/load?shape=rows",
    "/api/readings",
    "/health",
    "/health/ready",
    "/docs",
    "/openapi.json",
)
TITLES = {ForecastKind.LOAD: "Load", ForecastKind.SOLAR: "Sun"}


class ScoreDocument(BaseModel):
    """How far off a method was over the last days, of means over an hour. [kW]."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    days: int
    mean_absolute_error_kw: float
    bias_kw: float


class KindDocument(BaseModel):
    """One forecast: from how much it is made, or why there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ForecastKind
    points: list[str]
    unavailable: str | None
    issued_at: AwareDatetime | None = None
    known_from: AwareDatetime | None = None
    known_until: AwareDatetime | None = None
    hours_known: float = 0.0
    note: str = ""
    scores: list[ScoreDocument] = []


class ReporterDocument(BaseModel):
    """What this reporter forecasts, from what, and how far off it was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str = "voltherm reporter"
    version: str
    site: str
    source: str
    quality: str
    now: AwareDatetime
    meter: str | None
    forecasts: list[KindDocument]
    links: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A local day of the forecast: its expected energy and highest step."""

    name: str
    energy_kwh: float
    peak_kw: float
    peak_at: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One kind on the page."""

    title: str
    told: KindDocument
    first: datetime
    last: datetime
    chart: Markup
    days: tuple[Day, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """A kind with its forecast of now."""

    told: KindDocument
    made: Made | NotMade


async def look(desk: Desk) -> tuple[ReporterDocument, tuple[Seen, ...]]:
    """Return what the reporter says of itself, and the forecasts that it speaks of."""
    await desk.catch_up()
    seen = tuple([await _see(desk, kind) for kind in ForecastKind])
    about = ReporterDocument(
        version=version("voltherm"),
        site=desk.site.id,
        source=desk.source,
        quality=(Quality.DEMO if desk.demo_label else Quality.FORECAST).value,
        now=desk.clock.now(),
        meter=None if desk.feed is None else desk.feed.trouble,
        forecasts=[each.told for each in seen],
        links=list(LINKS),
    )
    return about, seen


def page(desk: Desk, about: ReporterDocument, seen: tuple[Seen, ...]) -> str:
    """Return the page as HTML that needs no other host."""
    zone = desk.site.zone
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            about=about,
            now=about.now.astimezone(zone),
            zone=zone.key,
            is_demo=bool(desk.demo_label),
            demo_label=desk.demo_label,
            parts=[_part(each, about.now, zone) for each in seen],
        )
    )


async def _see(desk: Desk, kind: ForecastKind) -> Seen:
    asked = asked_for(desk.site, kind, None, alias=desk.alias, step=timedelta(minutes=USUAL_MINUTES[kind]))
    points = list(dict.fromkeys((desk.site.id, desk.alias, *asked.asset_ids)))
    made = await desk.forecasts.forecast(asked)
    if isinstance(made, NotMade):
        return Seen(told=KindDocument(kind=kind, points=points, unavailable=made.why), made=made)
    steps = known_steps(made.measured)
    told = KindDocument(
        kind=kind,
        points=points,
        unavailable=None,
        issued_at=made.issued_at,
        known_from=made.measured.grid.time_of(int(steps[0])),
        known_until=known_until(made.measured),
        hours_known=steps.size * STEP / timedelta(hours=1),
        note=made.forecast.mean.provenance.note,
        scores=_scores(await _scores_of(desk, asked)),
    )
    return Seen(told=told, made=made)


async def _scores_of(desk: Desk, asked: Asked) -> Mapping[str, Scores]:
    return await desk.forecasts.scores(asked)


def _scores(scores: Mapping[str, Scores]) -> list[ScoreDocument]:
    return [
        ScoreDocument(
            method="these forecasts" if name == OURS else name,
            days=score.n_forecasts,
            mean_absolute_error_kw=round(score.mae, 3),
            bias_kw=round(score.bias, 3),
        )
        for name, score in scores.items()
    ]


def _part(seen: Seen, now: datetime, zone: ZoneInfo) -> Part:
    told, made = seen.told, seen.made
    title = TITLES[told.kind]
    if isinstance(made, NotMade) or told.known_from is None or told.known_until is None:
        return Part(title=title, told=told, first=now, last=now, chart=Markup(), days=())
    name = f"{title} of the last day and the next two"
    return Part(
        title=title,
        told=told,
        first=told.known_from.astimezone(zone),
        last=told.known_until.astimezone(zone),
        chart=draw(made, now, zone, name),
        days=_days(made, now, zone),
    )


def _days(made: Made, now: datetime, zone: ZoneInfo) -> tuple[Day, ...]:
    """The rest of today and the days after it, as far as the chart reaches."""
    grid, values = made.forecast.grid, made.forecast.mean.values
    by_day: dict[date, list[int]] = {}
    for index, moment in enumerate(grid.times()):
        if moment + grid.step > now and moment < now + AHEAD:
            by_day.setdefault(moment.astimezone(zone).date(), []).append(index)
    days = []
    for number, (day, indices) in enumerate(by_day.items()):
        peak = indices[int(np.argmax(values[indices]))]
        until = f", until {(now + AHEAD).astimezone(zone):%H:%M}" if number == len(by_day) - 1 else ""
        days.append(
            Day(
                name=f"{day:%A} {day.day} {day:%B}{until if number else ', from now on'}",
                energy_kwh=float(values[indices].sum()) * grid.step_h,
                peak_kw=float(values[peak]),
                peak_at=f"{grid.time_of(peak).astimezone(zone):%H:%M}",
            )
        )
    return tuple(days)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
