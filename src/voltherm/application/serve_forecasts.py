"""A site's forecasts from its stored readings: made when they are asked for, and kept while nothing new is known."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.application.outlook import column_of
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.external_forecast import ForecastKind
from voltherm.domain.measurements import Measurements, MeasurementView
from voltherm.domain.series import Forecast
from voltherm.domain.site import Site
from voltherm.domain.time import TimeGrid, local_midnight
from voltherm.forecasting import (
    Forecaster,
    NoHistoryError,
    Scores,
    forecast_load,
    forecast_pv,
    score_rolling,
    seasonal_naive,
)
from voltherm.ports.clock import Clock
from voltherm.ports.compute import Compute, NotComputed
from voltherm.ports.store import ReadingStore

STEP: Final = timedelta(minutes=15)
"""Steps of the history; shorter readings are averaged, longer ones repeated."""
HISTORY: Final = timedelta(days=57)
"""As far back as the models look, and a day."""
HORIZON: Final = timedelta(hours=168)
SPARE: Final = timedelta(hours=2)
"""Beyond the horizon: it is still covered a quarter-hour later, and in a week with a day of 25 hours."""
LEAST_KNOWN: Final = timedelta(days=1)
"""With less, a forecast of days would be made up."""
OLDEST_END: Final = timedelta(days=7)
"""A history that ended longer ago says too little of today."""
FRESH_S: Final = 900.0
"""A forecast is made anew after this, even without new readings. [s]"""
DEADLINE_S: Final = 20.0
SCORED_DAYS: Final = 7
POWER: Final = "power_kw"
TEMPERATURE: Final = "t_out_c"
OURS, NAIVE = "voltherm", "same hour a week before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for.

    Parameters
    ----------
    kind : ForecastKind
        Load or sun.
    asset_ids : tuple of str
        The loads or PV plants whose sum is forecast.
    step : timedelta
        Length of its steps.
    """

    kind: ForecastKind
    asset_ids: tuple[str, ...]
    step: timedelta


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Made:
    """A forecast and what it was made from.

    Parameters
    ----------
    forecast : Forecast
        From the step that was running when it was made, over ``HORIZON`` and ``SPARE``. [kW]
    issued_at : datetime
        When it was made.
    measured : Measurements
        The column ``power_kw``, complete at ``issued_at``, on steps of ``STEP``.
    """

    forecast: Forecast
    issued_at: datetime
    measured: Measurements


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMade:
    """There is no forecast.

    Parameters
    ----------
    why : str
        The reason and what to do about it.
    is_passing : bool
        Whether asking again soon may help.
    """

    why: str
    is_passing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForecastJob:
    """All that a forecast depends on; goes to where it is computed.

    Parameters
    ----------
    kind : ForecastKind
        Which model.
    history : Measurements
        ``power_kw``, and ``t_out_c`` where it was measured.
    now : datetime
        Nothing that was not complete then is looked at.
    zone : ZoneInfo
        The site's.
    grid : TimeGrid
        The steps to forecast.
    """

    kind: ForecastKind
    history: Measurements
    now: datetime
    zone: ZoneInfo
    grid: TimeGrid


class ServedForecasts:
    """Forecasts of one site.

    Parameters
    ----------
    site : Site
        What stands behind the meter.
    readings : ReadingStore
        What its meters saw.
    clock : Clock
        The time; nothing that was not complete by it is looked at.
    compute : Compute
        Where forecasts are made.
    """

    def __init__(self, site: Site, readings: ReadingStore, clock: Clock, compute: Compute) -> None:
        self.site: Final = site
        self._readings = readings
        self._clock = clock
        self._compute = compute
        self._kept: dict[Asked, tuple[float, Made]] = {}
        self._kept_scores: dict[Asked, tuple[float, Mapping[str, Scores]]] = {}
        self._lock = asyncio.Lock()

    def forget(self) -> None:
        """Make every forecast anew when it is next asked for, because there are new readings."""
        self._kept.clear()

    async def forecast(self, asked: Asked) -> Made | NotMade:
        """Return the forecast of now, or why there is none."""
        async with self._lock:  # whoever asks for the same at the same time waits for the one who makes it
            kept = self._kept.get(asked)
            if kept is not None and 0 <= self._clock.monotonic_s() - kept[0] < FRESH_S:
                return kept[1]
            made = await self._make(asked)
            if isinstance(made, Made):
                self._kept[asked] = self._clock.monotonic_s(), made
            return made

    async def scores(self, asked: Asked) -> Mapping[str, Scores]:
        """Return how far off forecasts of the last days were, each made at its day's begin; empty where unknown."""
        async with self._lock:
            kept = self._kept_scores.get(asked)
            if kept is not None and 0 <= self._clock.monotonic_s() - kept[0] < FRESH_S:
                return kept[1]
            now = self._clock.now()
            view = await self._view(asked, now)
            known = None if isinstance(view, NotMade) else view.known()
            if known is None:
                return {}
            job = ForecastJob(
                kind=asked.kind, history=known, now=now, zone=self.site.zone, grid=_grid_from(now, timedelta(hours=1))
            )
            answer = await self._compute.run(score_days, job, DEADLINE_S)
            scores: Mapping[str, Scores] = {} if isinstance(answer, NotComputed) else answer
            self._kept_scores[asked] = self._clock.monotonic_s(), scores
            return scores

    async def _make(self, asked: Asked) -> Made | NotMade:
        now = self._clock.now()
        view = await self._view(asked, now)
        if isinstance(view, NotMade):
            return view
        known = view.known()
        poor = "there are no readings" if known is None else _what_is_poor(known, now)
        if known is None or poor:
            return NotMade(why=f"{' + '.join(asked.asset_ids)}: {poor}; {_REMEDY}")
        job = ForecastJob(
            kind=asked.kind, history=known, now=now, zone=self.site.zone, grid=_grid_from(now, asked.step)
        )
        answer = await self._compute.run(make_forecast, job, DEADLINE_S)
        if isinstance(answer, NotComputed):
            return NotMade(why=f"the forecast was not computed: {answer.why}; ask again", is_passing=True)
        return Made(forecast=answer, issued_at=now, measured=known) if isinstance(answer, Forecast) else answer

    async def _view(self, asked: Asked, now: datetime) -> MeasurementView | NotMade:
        """What is known of the sum of the assets at ``now``."""
        if not asked.asset_ids:
            what = "load" if asked.kind is ForecastKind.LOAD else "PV plant"
            return NotMade(why=f"site {self.site.id!r} has no {what}; add one to its file")
        since = STEP * ((now - HISTORY - _EPOCH) // STEP) + _EPOCH
        history = await self._readings.history(self.site, since, STEP)
        names = [column_of(self.site, name) for name in asked.asset_ids]
        missing = [name for name in names if history is None or name not in history.columns]
        if history is None or missing:
            return NotMade(why=f"{' + '.join(asked.asset_ids)}: there are no readings; {_REMEDY}")
        columns = {POWER: np.sum([history.column(name) for name in names], axis=0)}
        if TEMPERATURE in history.columns:
            columns[TEMPERATURE] = history.column(TEMPERATURE)
        return MeasurementView(Measurements(history.grid, columns), now)


def make_forecast(job: ForecastJob) -> Forecast | NotMade:
    """Return the forecast that a job asks for, with quantiles. [kW]."""
    view = MeasurementView(job.history, job.now)
    try:
        return _forecaster(job.kind, job.zone)(view, job.grid)
    except NoHistoryError as error:
        return NotMade(why=str(error))


def score_days(job: ForecastJob) -> dict[str, Scores]:
    """Return scores over the last whole local days, hour by hour, each forecast made at its day's begin. [kW]."""
    today = job.now.astimezone(job.zone).date()
    origins = [local_midnight(today - timedelta(days=n), job.zone) for n in range(SCORED_DAYS, 0, -1)]
    hourly = job.history.resample(timedelta(hours=1), anchor=origins[0])
    forecasters = {OURS: _forecaster(job.kind, job.zone), NAIVE: seasonal_naive(POWER)}
    for names in ([OURS, NAIVE], [OURS]):  # the naive one needs a week before the first day
        try:
            chosen = {name: forecasters[name] for name in names}
            return score_rolling(hourly, POWER, chosen, origins=origins, n_steps=24)
        except InvalidInputError:
            continue
    return {}


def _forecaster(kind: ForecastKind, zone: ZoneInfo) -> Forecaster:
    forecast = forecast_load if kind is ForecastKind.LOAD else forecast_pv
    return partial(forecast, zone=zone, column=POWER)


def known_steps(measured: Measurements) -> NDArray[np.intp]:
    """Return the indices of the steps in which power was measured."""
    return np.flatnonzero(~np.isnan(measured.column(POWER)))


def _what_is_poor(known: Measurements, now: datetime) -> str:
    """Return why a history is not enough, empty when it is."""
    steps = known_steps(known)
    if not steps.size:
        return "there are no readings"
    hours = steps.size * STEP / timedelta(hours=1)
    if steps.size * STEP < LEAST_KNOWN:
        return f"there are {hours:g} h of readings, a forecast needs at least {LEAST_KNOWN / timedelta(hours=1):g} h"
    end = known.grid.time_of(int(steps[-1]) + 1)
    if now - end > OLDEST_END:
        return f"the last reading ended at {end.isoformat()}, more than {OLDEST_END.days} days ago"
    return ""


def _grid_from(now: datetime, step: timedelta) -> TimeGrid:
    """Return the grid from the running step on."""
    start = step * ((now - _EPOCH) // step) + _EPOCH
    return TimeGrid(start, step, (HORIZON + SPARE) // step)


_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_REMEDY: Final = "send readings to POST /api/readings, or begin the reporter with a meter (--meter) or a file (--data)"
