"""The policies ``thermostat`` and ``thermostat-low``: the heat pump's own control, whatever a kWh costs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from voltherm.application.simulated_site import Setpoints
from voltherm.domain.assets import HeatPump
from voltherm.domain.control import Measured, MeterReading
from voltherm.domain.heat_command import HeatOrder
from voltherm.domain.site import Site
from voltherm.domain.time import TimeGrid


class Thermostat:
    """Holds a set point in every room; batteries rest.

    Parameters
    ----------
    set_points_c : Mapping of heat pump id to NDArray, shape (n_steps, n_rooms)
        What is held. [degC]
    """

    def __init__(self, set_points_c: Mapping[str, NDArray[np.float64]]) -> None:
        self._set_points_c = {name: values.tolist() for name, values in set_points_c.items()}

    def orders(self, step: int) -> dict[str, HeatOrder]:
        """Return what each heat pump is told in a step."""
        held = {name: tuple(values[step]) for name, values in self._set_points_c.items()}
        return {name: HeatOrder(low_c=each, high_c=each) for name, each in held.items()}

    def setpoints(self, step: int, reading: MeterReading) -> Setpoints:  # noqa: ARG002 - looks at no meter
        """Return the set points."""
        return Setpoints(heat=self.orders(step))

    def learn(self, measured: Measured) -> None:
        """Learn nothing."""


def constant_c(site: Site, grid: TimeGrid, set_point_c: float | None) -> dict[str, NDArray[np.float64]]:
    """Return one set point for all rooms, by heat pump; None means each heat pump's own. [degC]."""
    return {
        pump.id: np.full((grid.n_steps, len(pump.building.rooms)), own_set_point_c(pump, set_point_c))
        for pump in site.heat_pumps
    }


def lower_edges_c(site: Site, grid: TimeGrid) -> dict[str, NDArray[np.float64]]:
    """Return the lower edges of the comfort bands, by heat pump: the least heat that keeps them. [degC]."""
    edges = {}
    for pump in site.heat_pumps:
        bands = [pump.building.comfort_of(room).band(grid, site.zone) for room in pump.building.rooms]
        edges[pump.id] = np.column_stack([band.low_c for band in bands])
    return edges


def own_set_point_c(pump: HeatPump, set_point_c: float | None) -> float:
    """Return the set point that is asked for, or the heat pump's own. [degC]."""
    return pump.normal_c if set_point_c is None else set_point_c
