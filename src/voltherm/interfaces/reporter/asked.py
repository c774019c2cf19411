"""What a request asks for: its query and its point, with every problem named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from pydantic_core import PydanticCustomError

from voltherm.adapters.documents.fields import parse_instant
from voltherm.adapters.documents.problem import Problems
from voltherm.application.serve_forecasts import HORIZON, Asked
from voltherm.domain.external_forecast import ForecastKind
from voltherm.domain.site import Site
from voltherm.interfaces.api.problems import Refusal

RESOLUTIONS_MINUTES: Final = (15, 20, 30, 60)
USUAL_MINUTES: Final = {ForecastKind.LOAD: 60, ForecastKind.SOLAR: 15}
MOST_HOURS: Final = HORIZON // timedelta(hours=1)
OURS, ROWS = "points", "rows"
SHAPES: Final = (OURS, ROWS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastQuery:
    """How a forecast is wanted.

    Parameters
    ----------
    step : timedelta
        Length of its steps.
    hours : int
        How far it reaches. [h]
    shape : {"points", "rows"}
        Our documented shape, or the plain rows of the field.
    """

    step: timedelta
    hours: int
    shape: str


def read_forecast_query(query: Mapping[str, str], kind: ForecastKind) -> ForecastQuery:
    """Return what the query of a forecast asks for.

    Raises
    ------
    DocumentError
        With every problem.
    """
    problems = Problems()
    _refuse_unknown(query, {"resolution_minutes", "hours", "shape"}, problems)
    shape = query.get("shape", OURS)
    if shape not in SHAPES:
        problems.add(("shape",), "is no shape", f"use one of {', '.join(SHAPES)}", shape)
    usual = USUAL_MINUTES[kind] if shape == OURS else 60
    minutes = _whole(query, "resolution_minutes", usual, problems)
    if minutes not in RESOLUTIONS_MINUTES:
        told = ", ".join(map(str, RESOLUTIONS_MINUTES))
        problems.add(("resolution_minutes",), "is not offered", f"use one of {told}", minutes)
    hours = _whole(query, "hours", MOST_HOURS, problems)
    if not 1 <= hours <= MOST_HOURS:
        problems.add(("hours",), "is out of range", f"use 1 to {MOST_HOURS}", hours)
    problems.raise_if_any()
    return ForecastQuery(step=timedelta(minutes=minutes), hours=hours, shape=shape)


def read_since(query: Mapping[str, str], usual: datetime) -> datetime:
    """Return the instant from which readings are wanted.

    Raises
    ------
    DocumentError
        With every problem.
    """
    problems = Problems()
    _refuse_unknown(query, {"since"}, problems)
    since = usual
    if "since" in query:
        try:
            # A plus sign that was not written as %2B arrives as a blank.
            since = parse_instant(query["since"].replace(" ", "+") if "T" in query["since"] else query["since"])
        except (PydanticCustomError, OverflowError) as error:
            context = getattr(error, "context", None) or {}
            words = str(context.get("problem", "is no time"))
            problems.add(("since",), words, str(context.get("remedy", "correct it")), query["since"])
    problems.raise_if_any()
    return since


def asked_for(site: Site, kind: ForecastKind, point: str | None, *, alias: str, step: timedelta) -> Asked:
    """Return what a point means: the whole site, or one of its loads or PV plants.

    Raises
    ------
    Refusal
        404 for a point that is neither.
    """
    assets = site.loads if kind is ForecastKind.LOAD else site.pv_plants
    ids = tuple(asset.id for asset in assets)
    if point in ids:
        return Asked(kind=kind, asset_ids=(point,), step=step)
    if point in (None, site.id, alias):
        return Asked(kind=kind, asset_ids=ids, step=step)
    known = ", ".join(dict.fromkeys((site.id, alias, *ids)))
    detail = f"There is no such point; known are {known}, and the path without a point for the whole site."
    raise Refusal(HTTPStatus.NOT_FOUND, "unknown-point", detail)


def _refuse_unknown(query: Mapping[str, str], known: set[str], problems: Problems) -> None:
    for name in query:
        if name not in known:
            problems.add((name,), "is not a known parameter", f"use {', '.join(sorted(known))}", query[name])


def _whole(query: Mapping[str, str], name: str, usual: int, problems: Problems) -> int:
    raw = query.get(name)
    if raw is None:
        return usual
    if raw.isascii() and raw.isdigit() and len(raw) <= len("100000"):
        return int(raw)
    problems.add((name,), "is not a whole number", f"write it in digits, such as {usual}", raw)
    return usual
