"""From rows to a forecast on the source's own steps: sorted, each interval once, gaps left open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.adapters.forecasts.powers import powers_of
from voltherm.adapters.forecasts.shapes import Head, Row
from voltherm.adapters.forecasts.times import FARTHEST, instants_of, step_of
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.external_forecast import ExternalForecast, ForecastKind, PartialSeries
from voltherm.domain.series import Provenance, Quality
from voltherm.domain.time import TimeGrid
from voltherm.ports.errors import Malformed

CLOCK_SLACK: Final = timedelta(minutes=5)
"""A source whose clock is ahead by more does not know when it made its forecast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What rows are read by.

    Parameters
    ----------
    kind : ForecastKind
        What is forecast.
    fetched_at : datetime
        When the rows arrived.
    zone : ZoneInfo or None
        Of times that carry none; without it such times are refused.
    source : str
        Who forecasts, where the answer does not say.
    allows_negative_load : bool
        Whether the load may be negative.
    """

    kind: ForecastKind
    fetched_at: datetime
    zone: ZoneInfo | None = None
    source: str = "reporter"
    allows_negative_load: bool = False


def forecast_of_rows(rows: Sequence[Row], reading: Reading, head: Head | None = None) -> ExternalForecast:
    """Return the forecast that rows say, on their own steps; nothing is interpolated.

    Parameters
    ----------
    rows : sequence of Row
        At least one, in the order sent.
    reading : Reading
        What they are read by.
    head : Head, optional
        What the answer says of all rows.

    Raises
    ------
    Malformed
        When they cannot be understood, or contradict each other.
    """
    head = head or Head(source=reading.source)
    try:
        return _forecast(rows, reading, head)
    except (Malformed, InvalidInputError) as error:
        raise Malformed(f"{reading.kind.value} forecast of {head.source!r}: {error}") from error


def _forecast(rows: Sequence[Row], reading: Reading, head: Head) -> ExternalForecast:
    powers = powers_of(
        [row.power for row in rows], reading.kind, head.unit, allows_negative=reading.allows_negative_load
    )
    instants = instants_of([row.time for row in rows], reading.zone, reading.fetched_at)
    once, n_doubled = _each_once(instants, powers.values_kw)
    if not once:
        raise Malformed("none of its local times exists")
    step = step_of(sorted(once), head.resolution_minutes)
    start = min(once)
    grid = TimeGrid(start, step, (max(once) - start) // step + 1)
    values = np.full(grid.n_steps, np.nan)
    for instant, value in once.items():
        values[(instant - start) // step] = value
    issued_at, issue_notes = _issue(head.issued_at, reading.fetched_at)
    n_skipped = sum(instant is None for instant in instants)
    notes = [
        *powers.notes,
        *issue_notes,
        *([f"{n_doubled} rows came twice"] if n_doubled else []),
        *([f"{n_skipped} local times do not exist"] if n_skipped else []),
        *_gap_notes(values, step),
    ]
    quality = Quality.REPAIRED if powers.is_repaired else Quality.FORECAST
    quality = Quality.DEMO if head.is_demo else quality
    provenance = Provenance(source=head.source, quality=quality, issued_at=issued_at, note="; ".join(notes))
    series = PartialSeries(grid, values, provenance)
    return ExternalForecast(kind=reading.kind, power_kw=series, fetched_at=reading.fetched_at)


def _each_once(
    instants: Sequence[datetime | None], values_kw: NDArray[np.float64]
) -> tuple[dict[datetime, float], int]:
    """Return each interval's power, and how many rows told it again.

    A missing power says nothing against a known one.
    """
    once: dict[datetime, float] = {}
    n_doubled = 0
    for instant, value in zip(instants, values_kw.tolist(), strict=True):
        if instant is None:
            continue
        known = once.get(instant)
        n_doubled += known is not None
        if known is None or np.isnan(known):
            once[instant] = value
        elif not np.isnan(value) and value != known:
            raise Malformed(f"says both {known:g} and {value:g} kW for {instant.isoformat()}; send each interval once")
    return once, n_doubled


def _issue(text: str | None, fetched_at: datetime) -> tuple[datetime | None, list[str]]:
    if text is None:
        return None, []
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None, ["issued_at is no time and is ignored"]
    if moment.tzinfo is None:
        return None, ["issued_at has no zone and is ignored"]
    ahead = moment - fetched_at
    if ahead < -FARTHEST:
        raise Malformed(f"was issued at {moment.isoformat()}, more than a year ago")
    if ahead > CLOCK_SLACK:
        return None, [f"issued_at is {ahead / timedelta(minutes=1):.0f} min ahead of our clock and is ignored"]
    return moment, []


def _gap_notes(values: NDArray[np.float64], step: timedelta) -> list[str]:
    missing = np.isnan(values)
    if not missing.any():
        return []
    edges = np.flatnonzero(np.diff(missing, prepend=False, append=False))
    longest_h = int((edges[1::2] - edges[::2]).max()) * step / timedelta(hours=1)
    return [f"{int(missing.sum())} of {values.size} steps are missing, the longest gap is {longest_h:g} h"]
