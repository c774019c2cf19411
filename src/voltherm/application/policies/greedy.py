"""The policy ``greedy``: the rule of the heat-pump document, hour by hour from the day's prices and the room of now.

Cheap hours: BOOST. Expensive hours: ECO, if the rooms are above their minimum. Else NORMAL. Below the minimum: BOOST,
whatever it costs. Cheap and expensive are the lowest and the highest third of the day's range of prices, so a day whose
prices differ by a tenth of a cent has them too, and hours are boosted whether heat is needed or not: the rule looks
neither ahead nor at what heat is worth. Where the rule was silent it is taken for the best of its kind: the unit's own
control stops BOOST at the top of the comfort band, and holds the set points of NORMAL and ECO, the latter not below the
band.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.application.policies.thermostat import own_set_point_c
from voltherm.application.published_prices import known_until
from voltherm.application.simulated_site import Setpoints
from voltherm.domain.assets import HeatMode, HeatPump, HeatPumpState
from voltherm.domain.comfort import ComfortBand
from voltherm.domain.control import Measured, MeterReading
from voltherm.domain.heat_command import HeatOrder
from voltherm.domain.site import Site
from voltherm.domain.time import TimeGrid

CHEAP_SHARE: Final = 1.0 / 3.0
DEAR_SHARE: Final = 2.0 / 3.0
"""Of the day's range of prices: below the first an hour is cheap, above the second expensive."""

MINIMUM_TOLERANCE_K: Final = 1e-6
"""A room that misses its minimum by rounding is not cold."""


class Greedy:
    """Chooses a mode for the running step; batteries rest.

    Parameters
    ----------
    site : Site
        Heat pumps, comfort and zone.
    grid : TimeGrid
        The backtest's grid.
    import_price_per_kwh : NDArray, shape (n_steps,)
        Energy price of each step, taxes included. [currency/kWh]
    heat : Mapping of heat pump id to HeatPumpState
        At the start.
    set_point_c : float or None
        What NORMAL holds; None means each heat pump's own. [degC]
    """

    def __init__(
        self,
        site: Site,
        grid: TimeGrid,
        import_price_per_kwh: NDArray[np.float64],
        heat: Mapping[str, HeatPumpState],
        set_point_c: float | None,
    ) -> None:
        self._site, self._grid, self._heat, self._set_point_c = site, grid, dict(heat), set_point_c
        self._price_per_kwh = import_price_per_kwh
        self._is_announced = not site.tariff.series_names
        self._day = grid.local(site.zone).day_ordinal
        self._bands = {
            pump.id: [pump.building.comfort_of(room).band(grid, site.zone) for room in pump.building.rooms]
            for pump in site.heat_pumps
        }

    def setpoints(self, step: int, reading: MeterReading) -> Setpoints:  # noqa: ARG002 - looks at no meter
        """Return each heat pump's mode as an order."""
        price = float(self._price_per_kwh[step])
        modes = {pump.id: self._mode(pump, step, price) for pump in self._site.heat_pumps}
        return Setpoints(heat={pump.id: self._order(pump, step, modes[pump.id]) for pump in self._site.heat_pumps})

    def learn(self, measured: Measured) -> None:
        """Take in the temperatures."""
        self._heat.update(measured.heat)

    def _mode(self, pump: HeatPump, step: int, price_per_kwh: float) -> HeatMode:
        known = self._known_today(step)
        lowest, span = float(known.min()), float(known.max() - known.min())
        rooms = self._heat[pump.id].building.room_c
        minimum = _edges(self._bands[pump.id], step)[0]
        is_cold = any(
            rooms[room.id] < low - MINIMUM_TOLERANCE_K for room, low in zip(pump.building.rooms, minimum, strict=True)
        )
        if is_cold or price_per_kwh < lowest + CHEAP_SHARE * span:
            return HeatMode.BOOST
        return HeatMode.ECO if price_per_kwh > lowest + DEAR_SHARE * span else HeatMode.NORMAL

    def _known_today(self, step: int) -> NDArray[np.float64]:
        """Prices of the local day that are known in the step; a price series only as far as it is published."""
        is_known = self._day == self._day[step]
        if not self._is_announced:
            until = known_until(self._grid.time_of(step)).timestamp()
            is_known &= self._grid.epoch_seconds < until
        return np.asarray(self._price_per_kwh[is_known])

    def _order(self, pump: HeatPump, step: int, mode: HeatMode) -> HeatOrder:
        low_c, high_c = _edges(self._bands[pump.id], step)
        if mode is HeatMode.BOOST:
            return HeatOrder(compressor_kw=float("inf"), low_c=low_c, high_c=high_c, mode=mode)
        normal_c = own_set_point_c(pump, self._set_point_c)
        held = tuple(max(normal_c - pump.eco_offset_k, low) for low in low_c)
        if mode is not HeatMode.ECO:
            held = (normal_c,) * len(low_c)
        return HeatOrder(low_c=held, high_c=held, mode=mode)


def _edges(bands: list[ComfortBand], step: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return tuple(float(band.low_c[step]) for band in bands), tuple(float(band.high_c[step]) for band in bands)
