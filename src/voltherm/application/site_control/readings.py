"""Meter readings: fetched where they are missing, stored, and taken into the memory of the site."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from voltherm.application.decide_site import ControlOptions
from voltherm.application.site_memory import SiteMemory, observed
from voltherm.domain.control import Measured
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.site import Site
from voltherm.domain.time import Interval
from voltherm.ports.store import LedgerStore, ReadingStore


def step_means(readings: Iterable[Measured], step: timedelta) -> tuple[Measured, ...]:
    """Return the means over whole steps: finer intervals averaged where all are there, coarser ones repeated.

    Parameters
    ----------
    readings : iterable of Measured
        Metering intervals, oldest first.
    step : timedelta
        Length of a step, aligned to whole multiples since 1970.
    """
    whole: list[Measured] = []
    parts: list[Measured] = []
    for reading in readings:
        length = reading.interval.end - reading.interval.start
        if length >= step:
            whole += _split(reading, step) if not length % step else []
            continue
        if parts and (
            _begin(parts[0], step) != _begin(reading, step) or parts[-1].interval.end != reading.interval.start
        ):
            parts = []
        parts.append(reading)
        if parts[0].interval.start == _begin(reading, step) and reading.interval.end == _begin(reading, step) + step:
            whole.append(_mean(parts))
            parts = []
    return tuple(whole)


async def remembered(
    site: Site, options: ControlOptions, now: datetime, *, readings: ReadingStore, ledgers: LedgerStore
) -> SiteMemory:
    """Return what the store knows of the site: its history, and its ledger brought up to the last stored reading.

    Raises
    ------
    OutsideError
        When the database does not answer.
    """
    tariff = (site.tariff.id, site.tariff.version)
    ledger = await ledgers.last_ledger(site.id, tariff)
    history = await readings.history(site, now - options.history, options.step)
    if ledger is None or ledger.as_of is None:
        since = now - options.history
        memory = SiteMemory(history=history)
    else:
        since = ledger.as_of
        memory = SiteMemory(history=history, ledger=ledger, observed_until=ledger.as_of)
    later = await readings.readings(site.id, since, now)
    return await asyncio.to_thread(taken_in, site, memory, step_means(later, options.step), options)


def taken_in(site: Site, memory: SiteMemory, means: Iterable[Measured], options: ControlOptions) -> SiteMemory:
    """Return the memory with the means; SOC is left to the battery's own readings, which are younger.

    An interval that the site does not understand (an unknown asset, a missing price) is left out.
    """
    for measured in means:
        known = {name: power for name, power in measured.power_kw.items() if name in {a.id for a in site.assets}}
        without_soc = Measured(
            interval=measured.interval,
            grid_kw=measured.grid_kw,
            power_kw=known,
            prices_per_kwh=measured.prices_per_kwh,
            t_out_c=measured.t_out_c,
            reactive_kvar=measured.reactive_kvar,
        )
        try:
            memory = observed(site, memory, without_soc, options.history)
        except InvalidInputError:
            continue
    return memory


def _begin(reading: Measured, step: timedelta) -> datetime:
    start = reading.interval.start
    return start - timedelta(seconds=start.timestamp() % step.total_seconds())


def _split(reading: Measured, step: timedelta) -> list[Measured]:
    """The same mean in each of the steps that the interval covers; the SOC belongs to its end."""
    n_steps = (reading.interval.end - reading.interval.start) // step
    begins = [reading.interval.start + index * step for index in range(n_steps)]
    return [
        Measured(
            interval=Interval(begin, begin + step),
            grid_kw=reading.grid_kw,
            power_kw=reading.power_kw,
            soc=reading.soc if begin + step == reading.interval.end else {},
            prices_per_kwh=reading.prices_per_kwh,
            t_out_c=reading.t_out_c,
            reactive_kvar=reading.reactive_kvar,
        )
        for begin in begins
    ]


def _mean(parts: list[Measured]) -> Measured:
    """The mean of adjacent intervals, weighted by their length; what one of them lacks is missing."""
    weights = [part.interval.hours for part in parts]

    def mean(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            return None
        return sum(w * v for w, v in zip(weights, known, strict=True)) / sum(weights)

    def means(columns: list[dict[str, float]]) -> dict[str, float]:
        found = {name: mean([column.get(name) for column in columns]) for name in columns[0]}
        return {name: value for name, value in found.items() if value is not None}

    return Measured(
        interval=Interval(parts[0].interval.start, parts[-1].interval.end),
        grid_kw=mean([part.grid_kw for part in parts]),
        power_kw=means([dict(part.power_kw) for part in parts]),
        soc=parts[-1].soc,
        prices_per_kwh=means([dict(part.prices_per_kwh) for part in parts]),
        t_out_c=mean([part.t_out_c for part in parts]),
        reactive_kvar=mean([part.reactive_kvar for part in parts]),
    )
