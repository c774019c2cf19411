"""What a simulated site's load, sun and prices are at any instant: recorded, joined by time or repeated by weeks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.application.outlook import column_of
from voltherm.application.recorded_weeks import RecordedWeeks
from voltherm.application.simulated_site import Weather
from voltherm.domain.assets import Load, Pv
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements
from voltherm.domain.site import Site
from voltherm.domain.time import TimeGrid

JOINED: Final = "recorded, joined by time"
REPLAYED: Final = "recorded, replayed by whole weeks"
QUARTER: Final = timedelta(minutes=15)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class VirtualProfile:
    """A recording that answers for every instant.

    Where the recording has a value for the instant, that counts. Elsewhere its whole weeks repeat, by weekday and
    wall clock, and it says so.

    Parameters
    ----------
    recorded : Measurements
        Load and PV columns of the site, and price columns where there are any; at least one whole week.
    recorded_zone : ZoneInfo
        Zone of the recording's wall clock.
    site : Site
        Whose columns are read.
    label : str
        Said beside the data, such as that they are a demo's.
    is_joined : bool
        Whether the recording's own instants count; False repeats its weeks always.

    Raises
    ------
    InvalidInputError
        When a column is missing, or there is no whole week without a gap of more than an hour.
    """

    def __init__(
        self, recorded: Measurements, recorded_zone: ZoneInfo, site: Site, *, label: str = "", is_joined: bool = True
    ) -> None:
        self.label = label
        self._site = site
        self._weeks = RecordedWeeks(recorded, recorded_zone, site)
        self._refuse_gaps()
        self._price_weeks = _weeks_of_prices(recorded, recorded_zone, site)
        self._joined = recorded.bridged() if is_joined else None
        self._columns = {name: column_of(site, name) for name in self._names}

    @property
    def _names(self) -> list[str]:
        return [asset.id for asset in self._site.forecast_assets]

    def data_at(self, moment: datetime) -> str:
        """Return how the values of ``moment`` were come by."""
        return REPLAYED if self._row(moment) is None else JOINED

    def weather(self, moment: datetime) -> Weather:
        """Return load at ``moment``, and the sun that is available as far as each plant's inverter goes."""
        row = self._row(moment)
        if row is None or self._joined is None:
            replayed = self._weeks.weather(moment)
            values = {**replayed.load_kw, **replayed.pv_kw}
        else:
            values = {name: float(self._joined.columns[column][row]) for name, column in self._columns.items()}
        return Weather(
            load_kw={load.id: values[load.id] for load in self._site.loads},
            pv_kw={plant.id: min(values[plant.id], _rated_kw(plant)) for plant in self._site.pv_plants},
        )

    def next_change(self, moment: datetime) -> datetime:
        """Return an instant after ``moment`` until which load and sun stay as they are; a quarter-hour at most."""
        step = min(self._weeks.step, QUARTER)
        change = moment + step - (moment - EPOCH) % step
        if self._joined is not None:
            grid = self._joined.grid
            change = min(change, moment + grid.step - (moment - grid.start) % grid.step)
        return change

    def prices(self, grid: TimeGrid) -> Mapping[str, NDArray[np.float64]]:
        """Return the tariff's price series on ``grid``, as far as they are recorded. [currency/kWh]."""
        if self._price_weeks is None:
            return {}
        replayed = [self._price_weeks.weather(start).load_kw for start in grid.times()]
        found = {}
        for load in self._price_weeks.site.loads:
            values = np.array([prices[load.id] for prices in replayed])
            if self._joined is not None:
                name = column_of(self._site, load.id)
                own = self._joined.on(grid).column(name)
                values = np.where(np.isnan(own), values, own)
            found[load.id] = values
        return found

    def _row(self, moment: datetime) -> int | None:
        """The recording's row of ``moment``, where it has all of its values."""
        if self._joined is None or not self._joined.grid.interval.contains(moment):
            return None
        row = self._joined.grid.index_of(moment)
        has_all = all(np.isfinite(self._joined.columns[column][row]) for column in self._columns.values())
        return row if has_all else None

    def _refuse_gaps(self) -> None:
        monday = datetime(2024, 1, 1, tzinfo=self._site.zone)
        for n in range(self._weeks.n_steps):
            start = (monday.replace(tzinfo=None) + n * self._weeks.step).replace(tzinfo=self._site.zone)
            weather = self._weeks.weather(start)
            values = {**weather.load_kw, **weather.pv_kw}
            missing = [name for name, value in values.items() if not np.isfinite(value)]
            if missing:
                message = (
                    f"data: {missing[0]} has a gap of more than an hour on a {start:%A} at {start:%H:%M} of the weeks "
                    "that are to repeat; fill it, or record whole weeks without one"
                )
                raise InvalidInputError(message)


def _rated_kw(plant: Pv) -> float:
    return math.inf if plant.rated_kw is None else plant.rated_kw


def _weeks_of_prices(recorded: Measurements, recorded_zone: ZoneInfo, site: Site) -> RecordedWeeks | None:
    """The recorded prices as repeating weeks; each series stands where `RecordedWeeks` reads a load."""
    columns = {name: column_of(site, name) for name in sorted(site.tariff.series_names)}
    known = {name: column for name, column in columns.items() if column in recorded.columns}
    if not known:
        return None
    stand_in = replace(site, assets=tuple(Load(id=name) for name in known))
    renamed = {column_of(stand_in, name): recorded.columns[column] for name, column in known.items()}
    return RecordedWeeks(Measurements(recorded.grid, renamed), recorded_zone, stand_in)
