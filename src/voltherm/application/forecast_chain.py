"""Which forecast the controller is given: the source's, else its last good one, else none; never a dummy."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from voltherm.application.forecast_sanity import doubt_of, measured_kw
from voltherm.application.outlook import column_of
from voltherm.domain.external_forecast import ExternalForecast, ForecastKind, PartialSeries
from voltherm.domain.measurements import Measurements, MeasurementView
from voltherm.domain.series import Provenance, Quality
from voltherm.domain.site import Site
from voltherm.domain.time import utc_instant
from voltherm.ports.errors import OutsideError
from voltherm.ports.forecasts import ForecastSource
from voltherm.ports.store import ForecastStore

Answer = TypeVar("Answer")

_log = logging.getLogger(__name__)


class ForecastRung(StrEnum):
    """Where a forecast comes from, best first."""

    FRESH = "fresh"
    """Fetched now."""
    LAST_GOOD = "last_good"
    """Fetched earlier, and still young enough."""
    OWN = "own"
    """None is given: the controller forecasts from the site's own metered history."""
    NONE = "none"
    """None is given, and nothing was measured to forecast from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastOptions:
    """Choices of the chain.

    Parameters
    ----------
    max_age : timedelta
        A forecast that has been known for longer is not used.
    fetch_deadline_s : float
        Longest wait for the source, and for the store. [s]
    """

    max_age: timedelta = timedelta(hours=24)
    fetch_deadline_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """Where the forecast of one kind comes from, and why not from a better place.

    Parameters
    ----------
    kind : ForecastKind
        What is forecast.
    rung : ForecastRung
        Where it comes from.
    source : str
        Who made it; empty where none is given.
    issued_at : datetime or None
        When it was made, where the source says so.
    age_minutes : float or None
        How long its values have been known; None where none is given. [min]
    why : str
        What is wrong, on any rung but the first.
    notes : tuple of str
        What was repaired or is missing in the forecast, and what else is worth knowing.
    """

    kind: ForecastKind
    rung: ForecastRung
    source: str = ""
    issued_at: datetime | None = None
    age_minutes: float | None = None
    why: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChainOutcome:
    """What the controller is given.

    Parameters
    ----------
    given : Mapping of asset id to PartialSeries
        Forecasts from outside, with their gaps; what is not in it the controller forecasts itself. [kW]
    reports : tuple of ChainReport
        One a kind that the site has.
    """

    given: Mapping[str, PartialSeries] = field(default_factory=dict)
    reports: tuple[ChainReport, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trouble:
    """Somebody outside did not do what he is for."""

    why: str


class ForecastChain:
    """Fetches a site's forecasts and falls back visibly.

    Parameters
    ----------
    site : Site
        Whose forecasts. The source speaks for its only load and its only PV plant.
    source : ForecastSource or None
        Who is asked.
    store : ForecastStore
        Where good forecasts are kept.
    options : ForecastOptions
        Ages and deadlines.
    """

    def __init__(
        self,
        site: Site,
        source: ForecastSource | None,
        store: ForecastStore,
        options: ForecastOptions | None = None,
    ) -> None:
        self._site = site
        self._source = source
        self._store = store
        self._options = options or ForecastOptions()
        self._last: dict[ForecastKind, ExternalForecast] = {}
        self._rungs: dict[ForecastKind, ForecastRung] = {}
        self._allows_demo = False

    async def current(self, now: datetime, history: Measurements | None, *, allows_demo: bool = False) -> ChainOutcome:
        """Return the forecasts to plan with now, and where each comes from. Trouble outside raises nothing.

        Parameters
        ----------
        now : datetime
            The instant.
        history : Measurements or None
            What was measured, in columns as ``outlook.column_of`` names them; only what was complete at ``now`` counts.
        allows_demo : bool
            Whether forecasts of a demo may be used: only where every device is a simulator.
        """
        now = utc_instant(now, "now")
        view = None if history is None else MeasurementView(history, now)
        assets = {
            kind: tuple(asset.id for asset in group)
            for kind, group in ((ForecastKind.LOAD, self._site.loads), (ForecastKind.SOLAR, self._site.pv_plants))
            if group
        }
        self._allows_demo = allows_demo
        async with asyncio.TaskGroup() as group:
            tasks = {kind: group.create_task(self._of_kind(kind, ids, now, view)) for kind, ids in assets.items()}
        given: dict[str, PartialSeries] = {}
        for kind, task in tasks.items():
            series, report = task.result()
            if series is not None:
                given[assets[kind][0]] = series
            self._tell(report)
        return ChainOutcome(given=given, reports=tuple(task.result()[1] for task in tasks.values()))

    async def _of_kind(
        self, kind: ForecastKind, asset_ids: tuple[str, ...], now: datetime, view: MeasurementView | None
    ) -> tuple[PartialSeries | None, ChainReport]:
        if self._source is None:
            return None, self._without(kind, asset_ids, view, "no reporter is configured")
        if len(asset_ids) > 1:
            why = f"the site has {', '.join(asset_ids)}; a reporter speaks for a site's only one"
            return None, self._without(kind, asset_ids, view, why)
        fresh = await self._within_deadline(self._source.fetch(kind))
        last, last_why = await self._last_good(kind)
        meter_kw = measured_kw(view, column_of(self._site, asset_ids[0]))
        if isinstance(fresh, _Trouble):
            why = fresh.why
        elif not (why := self._why_not(fresh, now, meter_kw, last)):
            notes = (*await self._keep(fresh), *self._notes(fresh, now), *([] if meter_kw.size else [_NOT_COMPARED]))
            return fresh.power_kw, _report(fresh, now, ForecastRung.FRESH, notes=notes)
        if last is not None and not (last_why := self._why_not(last, now, meter_kw)):
            report = _report(last, now, ForecastRung.LAST_GOOD, why=why, notes=self._notes(last, now))
            return _as_last_good(last, now), report
        return None, self._without(kind, asset_ids, view, f"{why}; no earlier one instead: {last_why}")

    def _why_not(
        self,
        forecast: ExternalForecast,
        now: datetime,
        meter_kw: NDArray[np.float64],
        better: ExternalForecast | None = None,
    ) -> str:
        """Return why a forecast is not to be used, or not rather than a better known one; empty where it is."""
        if forecast.power_kw.provenance.quality is Quality.DEMO and not self._allows_demo:
            return f"{forecast.power_kw.provenance.source}: demo data drives no real device"
        covers_until = _covers_until(forecast.power_kw)
        if covers_until <= now:
            return f"the forecast ends at {covers_until.isoformat()}, which is past"
        age = now - forecast.known_since
        if age > self._options.max_age:
            return f"the forecast is from {forecast.known_since.isoformat()}, {age / _HOUR:.1f} h old"
        if better is not None and forecast.known_since < better.known_since:
            return f"the forecast is from {forecast.known_since.isoformat()}, older than the one known"
        doubt = doubt_of(forecast, meter_kw, self._bound_kw(forecast.kind))
        return f"{forecast.power_kw.provenance.source}: {doubt}" if doubt else ""

    def _bound_kw(self, kind: ForecastKind) -> float:
        """Return what the site's only load or plant cannot exceed by much, where that is known. [kW]."""
        if kind is ForecastKind.LOAD:
            return self._site.connection.import_limit_kw or math.inf
        return self._site.pv_plants[0].rated_kw or math.inf

    async def _last_good(self, kind: ForecastKind) -> tuple[ExternalForecast | None, str]:
        """Return the youngest earlier forecast, or why there is none."""
        stored = await self._within_deadline(self._store.last_forecast(self._site.id, kind))
        known = [each for each in (self._last.get(kind), stored) if isinstance(each, ExternalForecast)]
        why = f"the store: {stored.why}" if isinstance(stored, _Trouble) else "none is known"
        return max(known, key=lambda each: each.known_since, default=None), why

    async def _keep(self, forecast: ExternalForecast) -> list[str]:
        """Keep a good forecast, at least in memory."""
        self._last[forecast.kind] = forecast
        trouble = await self._within_deadline(self._store.save_forecast(self._site.id, forecast))
        return [f"not stored: {trouble.why}"] if isinstance(trouble, _Trouble) else []

    async def _within_deadline(self, asked: Awaitable[Answer]) -> Answer | _Trouble:
        """Return the answer, or what was wrong outside."""
        try:
            async with asyncio.timeout(self._options.fetch_deadline_s):
                return await asked
        except OutsideError as error:
            return _Trouble(why=str(error))
        except TimeoutError:
            return _Trouble(why=f"no answer within {self._options.fetch_deadline_s:g} s")

    def _without(
        self, kind: ForecastKind, asset_ids: tuple[str, ...], view: MeasurementView | None, why: str
    ) -> ChainReport:
        """Report that none is given, and whether the controller can forecast every asset of the kind itself."""
        columns = [column_of(self._site, each) for each in asset_ids]
        can = view is not None and all(
            each in view.names and bool(np.isfinite(view.column(each)).any()) for each in columns
        )
        return ChainReport(kind=kind, rung=ForecastRung.OWN if can else ForecastRung.NONE, why=why)

    def _notes(self, forecast: ExternalForecast, now: datetime) -> tuple[str, ...]:
        """Return what is worth knowing of a forecast that is used."""
        series = forecast.power_kw
        known = series.values[series.grid.epoch_seconds + series.grid.step_seconds > now.timestamp()]
        known = known[~np.isnan(known)]
        notes = [series.provenance.note]
        if known.size > 1 and known[0] != 0 and np.ptp(known) == 0:
            notes.append(f"the same power throughout, {known[0]:g} kW")
        first_day, today = (each.astimezone(self._site.zone).date() for each in (series.grid.start, now))
        if series.provenance.issued_at is None and first_day < today:
            notes.append(f"does not say when it was made and begins on {first_day.isoformat()}: perhaps an old file")
        notes.append(f"reaches {(_covers_until(series) - now) / _HOUR:.1f} h ahead")
        return tuple(filter(None, notes))

    def _tell(self, report: ChainReport) -> None:
        """Log a rung once, when it is reached."""
        before = self._rungs.get(report.kind)
        self._rungs[report.kind] = report.rung
        if report.rung is before:
            return
        is_good = report.rung is ForecastRung.FRESH or self._source is None
        facts = {"site": self._site.id, "kind": report.kind.value, "rung": report.rung.value, "why": report.why}
        _log.log(logging.INFO if is_good else logging.WARNING, "forecast changes its rung", extra=facts)


_HOUR = timedelta(hours=1)
_NOT_COMPARED = "not compared with the meter, which has measured too little"


def _covers_until(series: PartialSeries) -> datetime:
    known = np.flatnonzero(~np.isnan(series.values))
    return series.grid.time_of(int(known[-1]) + 1) if known.size else series.grid.start


def _as_last_good(forecast: ExternalForecast, now: datetime) -> PartialSeries:
    """Return its series, whose provenance says that it is not fresh."""
    origin = forecast.power_kw.provenance
    note = f"last good forecast, {(now - forecast.known_since) / _HOUR:.1f} h old"
    provenance: Provenance = replace(origin, note="; ".join(filter(None, (note, origin.note))))
    return replace(forecast.power_kw, provenance=provenance)


def _report(
    forecast: ExternalForecast, now: datetime, rung: ForecastRung, *, why: str = "", notes: tuple[str, ...] = ()
) -> ChainReport:
    origin = forecast.power_kw.provenance
    return ChainReport(
        kind=forecast.kind,
        rung=rung,
        source=origin.source,
        issued_at=origin.issued_at,
        age_minutes=max(0.0, (now - forecast.known_since) / timedelta(minutes=1)),
        why=why,
        notes=notes,
    )
