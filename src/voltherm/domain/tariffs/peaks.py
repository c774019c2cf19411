"""The memory of one demand component: how metered power becomes the ledger's buckets, period after period."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.ledger import DemandRecord
from voltherm.domain.tariffs.metering import (
    Bucket,
    MeteredIntervals,
    Metering,
    bucket_first_day,
    bucket_key,
    interval_end,
    interval_of,
    metered_intervals,
)
from voltherm.domain.tariffs.statistic import Statistic
from voltherm.domain.time import Interval, TimeGrid

PAST_PERIODS = 36
"""Earlier billing periods that the ledger keeps: three years are enough for any ratchet and for typical months."""

Buckets = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakMemory:
    """The rules by which one component remembers.

    Parameters
    ----------
    metering : Metering
        How its means are formed.
    statistic : Statistic
        How many of them can matter, and for how long.
    zone : ZoneInfo
        The tariff's zone.
    """

    metering: Metering
    statistic: Statistic
    zone: ZoneInfo

    def seen_by(self, record: DemandRecord, period: Interval) -> DemandRecord:
        """Return the record as ``period`` sees it: an earlier period is closed and becomes part of the past.

        Raises
        ------
        InvalidInputError
            When the record already belongs to a later period.
        """
        if record.period_start == period.start:
            return record
        if record.period_start is None:
            return replace(record, period_start=period.start)
        if record.period_start > period.start:
            message = (
                f"ledger: is already in the billing period from {record.period_start.isoformat()}, asked for {period}"
            )
            raise InvalidInputError(message)
        closed = self.settled(record)
        first = record.period_start.astimezone(self.zone).date()
        past = record.past
        if closed.buckets:
            past = (*past, (first, self.statistic.of([kw for _, kw in closed.buckets])))[-PAST_PERIODS:]
        return DemandRecord(period_start=period.start, buckets=self._still_rolling(closed.buckets, period), past=past)

    def settled(self, record: DemandRecord) -> DemandRecord:
        """Return the record with the interval in progress counted by the mean over its known part."""
        if record.running_start is None:
            return record
        factor, key = interval_of(self.metering, record.running_start, self.zone)
        mean = factor * record.running_kwh / record.running_h
        buckets = self._merged(record.buckets, ((key, mean),))
        return replace(record, buckets=buckets, running_start=None, running_kwh=0.0, running_h=0.0)

    def split(self, record: DemandRecord, intervals: MeteredIntervals) -> tuple[DemandRecord, float, float]:
        """Return the settled record, with energy [kWh] and hours metered of the first of ``intervals``, if it runs."""
        running = record.running_start
        if running is not None and int(running.timestamp()) == intervals.start_s[0]:
            rest = replace(record, running_start=None, running_kwh=0.0, running_h=0.0)
            return rest, record.running_kwh, record.running_h
        return self.settled(record), 0.0, 0.0

    def folded(
        self, record: DemandRecord, grid: TimeGrid, power: NDArray[np.float64], period: Interval
    ) -> DemandRecord:
        """Return the record with the power of each step counted; ``record`` is seen by ``period``.

        Parameters
        ----------
        record : DemandRecord
            As seen by ``period``.
        grid : TimeGrid
            The steps.
        power : NDArray, shape (n_steps,)
            Counted mean power. [kW]
        period : Interval
            The billing period.
        """
        intervals = metered_intervals(self.metering, grid, self.zone, period)
        if intervals is None:
            return self._closed_by(record, grid.end)
        record, running_kwh, running_h = self.split(record, intervals)
        kwh = np.bincount(intervals.interval, intervals.hours * power[intervals.step], len(intervals.known_h))
        kwh[0] += running_kwh
        hours = intervals.known_h.copy()
        hours[0] += running_h
        runs_on = intervals.last_end_s > int(grid.epoch_seconds[0]) + grid.n_steps * grid.step_seconds
        n_closed = len(kwh) - runs_on
        means = intervals.factor[:n_closed] * kwh[:n_closed] / hours[:n_closed]
        buckets = self._merged(record.buckets, self._highest(intervals.bucket_id[:n_closed], means))
        if not runs_on:
            return replace(record, buckets=buckets)
        start = datetime.fromtimestamp(int(intervals.start_s[-1]), UTC)
        return replace(
            record, buckets=buckets, running_start=start, running_kwh=float(kwh[-1]), running_h=float(hours[-1])
        )

    def _closed_by(self, record: DemandRecord, moment: datetime) -> DemandRecord:
        """Return the record without the interval in progress, if that ends by ``moment``."""
        start = record.running_start
        if start is None or interval_end(self.metering, start, self.zone) > moment:
            return record
        return self.settled(record)

    def _highest(self, bucket_id: NDArray[np.int64], means: NDArray[np.float64]) -> Buckets:
        """Return the means that can matter: the highest of each bucket, or without buckets the highest few."""
        if not len(means):
            return ()
        bucket = self.metering.bucket
        if bucket is Bucket.NONE:
            count = self.statistic.n_highest
            picks = [int(means.argmax())] if count == 1 else np.argsort(-means, kind="stable")[:count].tolist()
            return tuple((bucket_key(bucket, int(bucket_id[pick])), float(means[pick])) for pick in picks)
        firsts = np.flatnonzero(np.diff(bucket_id, prepend=bucket_id[0] - 1))
        maxima = np.maximum.reduceat(means, firsts)
        return tuple(
            (bucket_key(bucket, int(bucket_id[first])), float(kw)) for first, kw in zip(firsts, maxima, strict=True)
        )

    def _merged(self, held: Buckets, found: Buckets) -> Buckets:
        best = dict(held)
        for key, kw in found:
            best[key] = max(kw, best.get(key, 0.0))
        if self.metering.bucket is Bucket.NONE:
            ordered = sorted(best.items(), key=lambda item: (-item[1], item[0]))
            return tuple(ordered[: self.statistic.n_highest])
        return tuple(sorted(best.items()))

    def _still_rolling(self, buckets: Buckets, period: Interval) -> Buckets:
        """Return the buckets that the rolling horizon of a later period still counts."""
        if self.statistic.months == 1:
            return ()
        first = period.start.astimezone(self.zone).date()
        index = first.year * 12 + first.month - 1 - (self.statistic.months - 1)
        oldest = date(index // 12, index % 12 + 1, 1)
        kept = []
        for key, kw in buckets:
            day = bucket_first_day(key)
            if day is not None and day >= oldest:
                kept.append((key, kw))
        return tuple(kept)
