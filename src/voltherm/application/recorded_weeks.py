"""Recorded weeks of a building that repeat for ever, mapped to any instant by weekday and wall clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from voltherm.application.outlook import column_of
from voltherm.application.simulated_site import Weather
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements
from voltherm.domain.site import Site
from voltherm.domain.time import TimeGrid

WEEK: Final = timedelta(days=7)
MONDAY: Final = datetime(1970, 1, 5)  # noqa: DTZ001 - a wall clock, not an instant
"""A Monday midnight by the wall clock; the recorded weeks repeat from it."""


class RecordedWeeks:
    """Whole weeks of recorded load and sun, repeated for ever by weekday and wall clock.

    Parameters
    ----------
    recorded : Measurements
        Load and PV columns of the site; at least one whole week from a local Monday on.
    recorded_zone : ZoneInfo
        Zone of the recording's wall clock.
    site : Site
        Whose columns are read, and whose wall clock they are mapped to.
    """

    def __init__(self, recorded: Measurements, recorded_zone: ZoneInfo, site: Site) -> None:
        self.site = site
        self.step = recorded.grid.step
        local = recorded.grid.local(recorded_zone)
        mondays = np.flatnonzero((local.weekday == 0) & (local.minute_of_day == 0))
        week = WEEK // self.step
        weeks = (recorded.grid.n_steps - int(mondays[0])) // week if mondays.size else 0
        if not weeks:
            raise InvalidInputError("demo: the recording holds no whole week from a Monday on; record a longer one")
        self.n_steps = weeks * week
        whole = recorded.part(int(mondays[0]), self.n_steps).bridged()
        names = [*(load.id for load in site.loads), *(plant.id for plant in site.pv_plants)]
        self._kw = {name: whole.column(column_of(site, name)) for name in names}

    def weather(self, start: datetime) -> Weather:
        """Return what happens in the step that begins at ``start``: the recorded one of that weekday and clock."""
        clock = start.astimezone(self.site.zone).replace(tzinfo=None)
        at = (clock - MONDAY) // self.step % self.n_steps
        return Weather(
            load_kw={load.id: float(self._kw[load.id][at]) for load in self.site.loads},
            pv_kw={plant.id: float(self._kw[plant.id][at]) for plant in self.site.pv_plants},
        )

    def history(self, end: datetime, length: timedelta) -> Measurements:
        """Return the recording as measured before ``end``."""
        n_steps = length // self.step
        grid = TimeGrid(end - n_steps * self.step, self.step, n_steps)
        days = [self.weather(start) for start in grid.times()]
        columns = {}
        for name in self._kw:
            values = [day.load_kw.get(name, day.pv_kw.get(name, np.nan)) for day in days]
            columns[column_of(self.site, name)] = np.array(values)
        return Measurements(grid, columns)
