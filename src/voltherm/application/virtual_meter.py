"""The meter of a simulated site: exact interval means with the battery, and without it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from voltherm.application.simulated_site import Flows, Weather
from voltherm.domain.site import Site
from voltherm.domain.time import Interval

USUAL_MINUTES: Final = 15
KEPT_DAYS: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A span over which nothing but the state of charge changes.

    Parameters
    ----------
    span : Interval
        When.
    weather : Weather
        Load and available sun.
    flows : Flows
        Mean powers, and the state of charge at the end.
    soc_before : mapping of battery id to float
        State of charge at the begin, 0 to 1.
    asked_kw : mapping of battery id to (float, float)
        Mean power asked of each battery, and that at the end. [kW]
    without_kw : float
        Mean power at the meter if the batteries rested and drew nothing. [kW]
    """

    span: Interval
    weather: Weather
    flows: Flows
    soc_before: dict[str, float]
    asked_kw: dict[str, tuple[float, float]]
    without_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteredInterval:
    """Means over one metering interval.

    Parameters
    ----------
    start : datetime
        Begin, in UTC.
    grid_kw : float
        At the meter, import positive. [kW]
    without_kw : float
        The same under the same load and sun if the batteries rested and drew nothing. [kW]
    curtailed_kw : float
        Sun that was left. [kW]
    power_kw : tuple of float
        Loads, available sun and battery powers, in the order of the site's assets. [kW]
    soc : tuple of float
        Of the batteries at the end, in their order, 0 to 1.
    """

    start: datetime
    grid_kw: float
    without_kw: float
    curtailed_kw: float
    power_kw: tuple[float, ...]
    soc: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningInterval:
    """The metering interval in progress, as far as it is counted.

    Parameters
    ----------
    start : datetime
        Begin.
    hours : float
        Counted so far. [h]
    grid_kwh, without_kwh, curtailed_kwh : float
        Energy so far. [kWh]
    asset_kwh : tuple of float
        Energy of each asset so far, in the order of the site's assets; empty before anything is counted. [kWh]
    """

    start: datetime
    hours: float = 0.0
    grid_kwh: float = 0.0
    without_kwh: float = 0.0
    curtailed_kwh: float = 0.0
    asset_kwh: tuple[float, ...] = ()

    def plus(self, piece: Piece, site: Site) -> RunningInterval:
        """Return it with a piece counted in."""
        hours = piece.span.hours
        powers = asset_powers_kw(site, piece)
        so_far = self.asset_kwh or (0.0,) * len(powers)
        return RunningInterval(
            start=self.start,
            hours=self.hours + hours,
            grid_kwh=self.grid_kwh + hours * piece.flows.grid_kw,
            without_kwh=self.without_kwh + hours * piece.without_kw,
            curtailed_kwh=self.curtailed_kwh + hours * piece.flows.pv_curtailed_kw,
            asset_kwh=tuple(energy + hours * power for energy, power in zip(so_far, powers, strict=True)),
        )

    @property
    def grid_kw(self) -> float | None:
        """Mean at the meter so far; None before anything is counted. [kW]."""
        return self.grid_kwh / self.hours if self.hours else None

    def closed(self, soc: Iterable[float]) -> MeteredInterval:
        """Return it as one that is over."""
        return MeteredInterval(
            start=self.start,
            grid_kw=self.grid_kwh / self.hours,
            without_kw=self.without_kwh / self.hours,
            curtailed_kw=self.curtailed_kwh / self.hours,
            power_kw=tuple(energy / self.hours for energy in self.asset_kwh),
            soc=tuple(soc),
        )


@dataclass(slots=True, kw_only=True)
class VirtualMeter:
    """The intervals of the last 400 days, and the one in progress.

    Parameters
    ----------
    site : Site
        Whose meter it is.
    running : RunningInterval
        In progress.
    step : timedelta
        Length of an interval.
    intervals : deque of MeteredInterval
        Those that are over, oldest first, without gaps.
    """

    site: Site
    running: RunningInterval
    step: timedelta
    intervals: deque[MeteredInterval] = field(default_factory=deque)

    @classmethod
    def begin(cls, site: Site, start: datetime) -> VirtualMeter:
        """Return a meter that counts from ``start`` on, an instant at which an interval begins."""
        step = metering_step(site)
        kept: deque[MeteredInterval] = deque(maxlen=timedelta(days=KEPT_DAYS) // step)
        return cls(site=site, running=RunningInterval(start=start), step=step, intervals=kept)

    @property
    def running_end(self) -> datetime:
        """When the interval in progress is over."""
        return self.running.start + self.step

    def count(self, piece: Piece) -> None:
        """Count a piece; it lies within the interval in progress."""
        self.running = self.running.plus(piece, self.site)
        if piece.span.end >= self.running_end:
            soc = (piece.flows.soc[battery.id] for battery in self.site.batteries)
            self.intervals.append(self.running.closed(soc))
            self.running = RunningInterval(start=self.running_end)

    def since(self, start: datetime) -> list[MeteredInterval]:
        """Return the intervals that are over and begin at ``start`` or later, oldest first."""
        if not self.intervals:
            return []
        n_before = max(0, -((self.intervals[0].start - start) // self.step))
        n_found = max(0, len(self.intervals) - n_before)
        return list(islice(reversed(self.intervals), n_found))[::-1]

    def within(self, start: datetime, end: datetime) -> list[MeteredInterval]:
        """Return the intervals that are over and lie within ``[start, end)``, oldest first."""
        found = self.since(start)
        return found[: max(0, (end - found[0].start) // self.step)] if found else []


def metering_step(site: Site) -> timedelta:
    """Return the longest step of at most a quarter-hour that every demand component's intervals consist of."""
    minutes = [rule.metering.interval_minutes or 60 for rule in site.tariff.demand_rules]
    return timedelta(minutes=math.gcd(USUAL_MINUTES, *minutes))


def interval_start(moment: datetime, step: timedelta) -> datetime:
    """Return the begin of the metering interval that contains ``moment``; all zones of today change on quarters."""
    since_1970 = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return moment - since_1970 % step


def asset_powers_kw(site: Site, piece: Piece) -> tuple[float, ...]:
    """Return the mean power of each asset: load, available sun, battery; in the order of the assets. [kW]."""
    powers = {**piece.weather.load_kw, **piece.weather.pv_kw, **piece.flows.battery_kw}
    return tuple(powers[asset.id] for asset in site.assets)
