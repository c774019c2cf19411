"""The mean of the running metering interval, where the meter itself does not say it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from voltherm.domain.device import MeterState


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalSoFar:
    """What has flowed in the running interval.

    Parameters
    ----------
    start : datetime
        Begin of the interval.
    mean_kw : float
        Mean import from its begin, or from the first reading in it, up to now. [kW]
    elapsed_share : float
        Share of the interval that is over, 0 up to but not including 1.
    """

    start: datetime
    mean_kw: float
    elapsed_share: float


class RunningMean:
    """Integrates the meter's power, reading after reading: each holds until the next.

    Parameters
    ----------
    interval : timedelta
        Length of a metering interval.
    """

    def __init__(self, interval: timedelta) -> None:
        self._interval = interval
        self._start: datetime | None = None
        self._energy_kws = 0.0
        self._covered_s = 0.0
        self._last: tuple[datetime, float] | None = None

    def take(self, now: datetime, meter: MeterState) -> IntervalSoFar:
        """Return what has flowed up to ``now``, with one more reading.

        The meter's own mean counts where it speaks of the running interval; else the power integrated so far.
        """
        seconds = self._interval.total_seconds()
        start = now - timedelta(seconds=now.timestamp() % seconds)
        self._integrate(start, now)
        self._last = now, meter.grid_kw
        share = min((now - start) / self._interval, 1.0 - 1e-9)
        if meter.interval_mean_kw is not None and meter.interval_start == start:
            return IntervalSoFar(start=start, mean_kw=meter.interval_mean_kw, elapsed_share=share)
        mean_kw = self._energy_kws / self._covered_s if self._covered_s > 0 else meter.grid_kw
        return IntervalSoFar(start=start, mean_kw=mean_kw, elapsed_share=share)

    def _integrate(self, start: datetime, now: datetime) -> None:
        if start != self._start:
            self._start, self._energy_kws, self._covered_s = start, 0.0, 0.0
        if self._last is None:
            return
        since, power_kw = self._last
        held_s = (now - max(since, start)).total_seconds()
        if 0 < held_s <= self._interval.total_seconds():
            self._energy_kws += power_kw * held_s
            self._covered_s += held_s
