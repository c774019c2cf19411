"""What really happened to a site over the span of a backtest, from its measurements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from voltherm.application.outlook import column_of
from voltherm.application.simulated_heat_pump import Outdoors
from voltherm.application.simulated_site import Flows, Weather
from voltherm.application.weather_outlook import IRRADIANCE, NO_SUN, OUTDOOR, WEATHER_COLUMNS, weather_of
from voltherm.domain.control import Measured
from voltherm.domain.measurements import Measurements
from voltherm.domain.series import Series
from voltherm.domain.site import Site
from voltherm.domain.tariffs import Usage
from voltherm.domain.time import Interval, TimeGrid


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Actuals:
    """Measured series on one grid, short gaps bridged.

    Parameters
    ----------
    site : Site
        Whose series these are.
    power_kw : Mapping of asset id to Series
        Loads and PV plants (available production, non-negative). [kW]
    prices : Mapping of name to Series
        Price series of the tariff. [currency/kWh]
    measured : Measurements
        The same columns on the same grid as they were measured, NaN where nothing was.
    outdoors : Mapping of name to Series
        For heat pumps: ``outdoor_c`` [degC], and ``irradiance_w_m2`` [W/m2] where a room has an aperture.
    """

    site: Site
    grid: TimeGrid
    power_kw: Mapping[str, Series]
    prices: Mapping[str, Series]
    measured: Measurements
    outdoors: Mapping[str, Series] = field(default_factory=dict)

    @property
    def load_kw(self) -> NDArray[np.float64]:
        """Sum of the loads. [kW]."""
        return sum((self.power_kw[load.id].values for load in self.site.loads), np.zeros(self.grid.n_steps))

    @property
    def pv_kw(self) -> NDArray[np.float64]:
        """Sum of what the plants could give. [kW]."""
        return sum((self.power_kw[plant.id].values for plant in self.site.pv_plants), np.zeros(self.grid.n_steps))

    def weather(self) -> list[Weather]:
        """Return what happens in each step."""
        loads = {load.id: self.power_kw[load.id].values.tolist() for load in self.site.loads}
        plants = {plant.id: self.power_kw[plant.id].values.tolist() for plant in self.site.pv_plants}
        outdoors = self._outdoors()
        return [
            Weather(
                load_kw={name: values[step] for name, values in loads.items()},
                pv_kw={name: values[step] for name, values in plants.items()},
                outdoors=outdoors[step],
            )
            for step in range(self.grid.n_steps)
        ]

    def _outdoors(self) -> list[Outdoors] | list[None]:
        if not self.outdoors:
            return [None] * self.grid.n_steps
        air = self.outdoors[OUTDOOR].values.tolist()
        sun = self.outdoors[IRRADIANCE].values.tolist() if IRRADIANCE in self.outdoors else [0.0] * self.grid.n_steps
        return [
            Outdoors(at=at, outdoor_c=outdoor_c, irradiance_w_m2=irradiance)
            for at, outdoor_c, irradiance in zip(self.grid.times(), air, sun, strict=True)
        ]

    def observed(self, step: int, flows: Flows) -> Measured:
        """Return what the meters say of a step that is over; a bridged value was not measured and is left out."""
        powers = dict(flows.battery_kw) | {name: heated.power_kw for name, heated in flows.heat.items()}
        prices: dict[str, float] = {}
        for name in (*self.power_kw, *self.prices):
            value = float(self.measured.columns[column_of(self.site, name)][step])
            if not np.isnan(value):
                (powers if name in self.power_kw else prices)[name] = value
        return Measured(
            interval=Interval(self.grid.time_of(step), self.grid.time_of(step + 1)),
            grid_kw=flows.grid_kw,
            power_kw=powers,
            soc=flows.soc,
            heat={name: heated.state for name, heated in flows.heat.items()},
            prices_per_kwh=prices,
            t_out_c=self._metered(WEATHER_COLUMNS[OUTDOOR], step),
            irradiance_w_m2=self._metered(WEATHER_COLUMNS[IRRADIANCE], step) if IRRADIANCE in self.outdoors else None,
        )

    def _metered(self, column: str, step: int) -> float | None:
        values = self.measured.columns.get(column)
        return None if values is None or np.isnan(values[step]) else float(values[step])

    def usage(self, grid_kw: NDArray[np.float64]) -> Usage:
        """Return what the meter counts when it sees ``grid_kw``, import positive."""
        return Usage.of_net(self.grid, grid_kw, {name: series.values for name, series in self.prices.items()})

    def part(self, first: int, n_steps: int) -> Actuals:
        """Return the ``n_steps`` steps from step ``first``."""
        return Actuals(
            site=self.site,
            grid=self.grid.part(first, n_steps),
            power_kw={name: series.part(first, n_steps) for name, series in self.power_kw.items()},
            prices={name: series.part(first, n_steps) for name, series in self.prices.items()},
            measured=self.measured.part(first, n_steps),
            outdoors={name: series.part(first, n_steps) for name, series in self.outdoors.items()},
        )


def read_actuals(site: Site, measurements: Measurements, grid: TimeGrid, max_gap: timedelta) -> Actuals:
    """Return what happened on the grid.

    Parameters
    ----------
    site : Site
        Which series are needed.
    measurements : Measurements
        Everything that was measured.
    grid : TimeGrid
        The span and step of the backtest.
    max_gap : timedelta
        Longest gap that is bridged between its neighbours.

    Raises
    ------
    InvalidInputError
        When a column is missing.
    MissingDataError
        When a gap is longer.
    """
    powers = [*(load.id for load in site.loads), *(plant.id for plant in site.pv_plants)]
    series = {
        name: measurements.series(column_of(site, name), grid, source="measurements", max_gap=max_gap)
        for name in (*powers, *sorted(site.tariff.series_names))
    }
    prices = {name: series.pop(name) for name in site.tariff.series_names}
    outdoors = {name: _outdoors(name, measurements, grid, max_gap) for name in weather_of(site)}
    measured = measurements.on(grid)
    return Actuals(site=site, grid=grid, power_kw=series, prices=prices, measured=measured, outdoors=outdoors)


def _outdoors(name: str, measurements: Measurements, grid: TimeGrid, max_gap: timedelta) -> Series:
    """Weather for heat pumps; data without irradiance are of houses without sun, and say so."""
    column = WEATHER_COLUMNS[name]
    if name == IRRADIANCE and column not in measurements.columns:
        return Series(grid, np.zeros(grid.n_steps), NO_SUN)
    return measurements.series(column, grid, source="measurements", max_gap=max_gap)
