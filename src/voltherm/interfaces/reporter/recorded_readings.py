"""Readings that come from a recording: a file of the site's own, or the demo's weeks that go on for ever."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from voltherm.adapters.documents.series_csv import read_measurements
from voltherm.application.outlook import column_of
from voltherm.application.recorded_weeks import RecordedWeeks
from voltherm.application.serve_forecasts import HISTORY, STEP, TEMPERATURE
from voltherm.domain.control import Measured
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements
from voltherm.domain.site import Site
from voltherm.domain.time import Interval, zone_named
from voltherm.interfaces import demo_data
from voltherm.ports.clock import Clock

DEMO_SITE: Final = Path(demo_data.__file__).parent / "site.yaml"
DEMO_RECORDING: Final = Path(demo_data.__file__).parent / "ucsd_music_2018_june_july.csv"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RecordedMeter:
    """The demo's meter: a recording mapped to now by whole weeks; it never waits and never fails.

    Parameters
    ----------
    weeks : RecordedWeeks
        What repeats.
    clock : Clock
        The time; intervals that are not over by it are not told.
    """

    def __init__(self, weeks: RecordedWeeks, clock: Clock) -> None:
        self._weeks = weeks
        self._clock = clock

    async def read_intervals(self, since: datetime) -> tuple[Measured, ...]:
        """Return the intervals that are over and began at ``since`` or later, at most as many as forecasts look at."""
        step = self._weeks.step
        end = _EPOCH + step * ((self._clock.now() - _EPOCH) // step)
        n_steps = min(HISTORY // step, (end - since) // step)
        if n_steps < 1:
            return ()
        return readings_of(self._weeks.site, self._weeks.history(end, n_steps * step))


def demo_meter(site: Site, clock: Clock) -> RecordedMeter:
    """Return the meter of the packaged recording, for a site with a load and a plant like the demo's."""
    zone = zone_named(demo_data.RECORDED_ZONE)
    recorded = read_measurements(DEMO_RECORDING, zone).measurements
    return RecordedMeter(RecordedWeeks(recorded, zone, site), clock)


def read_history(file: Path, site: Site) -> tuple[Measured, ...]:
    """Return the readings of a CSV file.

    Raises
    ------
    SeriesFileError
        When nothing sound can be made of the file.
    InvalidInputError
        When it has no column of any load or PV plant of the site.
    """
    measurements = read_measurements(file, site.zone).measurements
    columns = _columns(site)
    if not set(columns.values()) & set(measurements.columns):
        wanted, found = ", ".join(columns.values()), ", ".join(measurements.columns) or "none"
        raise InvalidInputError(f"{file}: has columns {found}; give at least one of {wanted}, as the site has them")
    return readings_of(site, measurements)


def readings_of(site: Site, measurements: Measurements) -> tuple[Measured, ...]:
    """Return measurements as readings, one for each step in which something was measured."""
    coarse = measurements if measurements.grid.step >= STEP else measurements.resample(STEP)
    columns = {name: coarse.columns[column] for name, column in _columns(site).items() if column in coarse.columns}
    t_out_c = coarse.columns.get(TEMPERATURE, np.full(coarse.grid.n_steps, np.nan))
    readings = []
    for index, start in enumerate(coarse.grid.times()):
        powers = {name: float(values[index]) for name, values in columns.items() if not np.isnan(values[index])}
        known_t_out_c = None if np.isnan(t_out_c[index]) else float(t_out_c[index])
        if powers or known_t_out_c is not None:
            interval = Interval(start, start + coarse.grid.step)
            readings.append(Measured(interval=interval, power_kw=powers, t_out_c=known_t_out_c))
    return tuple(readings)


def young(readings: tuple[Measured, ...], now: datetime) -> tuple[Measured, ...]:
    """Return the readings that a forecast may look at: over by ``now``, and not older than ``HISTORY``."""
    return tuple(each for each in readings if now - HISTORY - timedelta(days=1) <= each.interval.end <= now)


def _columns(site: Site) -> Mapping[str, str]:
    return {asset.id: column_of(site, asset.id) for asset in site.forecast_assets}
