"""Small houses for tests: round figures, one room with a mass, everything that a test does not name left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from tests.sites import FREE, inputs_of
from voltherm.domain.assets import (
    Building,
    BuildingState,
    HeatPump,
    HeatPumpState,
    HeatSource,
    RatingPoint,
    Room,
)
from voltherm.domain.comfort import Comfort
from voltherm.domain.plan import PlanInputs, PlanOptions
from voltherm.domain.series import Series
from voltherm.domain.site import Site

A7 = RatingPoint(source_c=7.0, supply_c=35.0, heat_kw=8.0, cop=4.0)
BAND = Comfort(low_c=20.0, high_c=23.0)


def room(name: str = "home", **changes: object) -> Room:
    """Return a room of 2 kWh/K and 0.2 kW/K, with a mass of 20 kWh/K behind it."""
    plain: dict[str, object] = {
        "capacitance_kwh_per_k": 2.0,
        "loss_kw_per_k": 0.2,
        "mass_capacitance_kwh_per_k": 20.0,
        "mass_coupling_kw_per_k": 1.0,
    }
    return Room(id=name, **(plain | changes))


def hut(name: str = "home", **changes: object) -> Room:
    """Return a room without a mass: 4 kWh/K and 0.2 kW/K."""
    return Room(id=name, **({"capacitance_kwh_per_k": 4.0, "loss_kw_per_k": 0.2} | changes))


def building(*rooms: Room, **changes: object) -> Building:
    """Return a building of the given rooms, of one room with a mass where none is given."""
    return Building(rooms=rooms or (room(),), **({"comfort": BAND} | changes))


def heat_pump(house: Building | None = None, **changes: object) -> HeatPump:
    """Return an air source of 8 kW and a COP of 4 at 7 degC."""
    plain: dict[str, object] = {"source": HeatSource.AIR, "rating_points": (A7,)}
    return HeatPump(id="pump", building=house or building(), **(plain | changes))


def state(room_c: float | Mapping[str, float] = 21.0, pump: HeatPump | None = None, **mass_c: float) -> HeatPumpState:
    """Return temperatures; a mass that is not named is as warm as its air."""
    names = [each.id for each in (pump or heat_pump()).building.rooms]
    airs = room_c if isinstance(room_c, Mapping) else dict.fromkeys(names, room_c)
    return HeatPumpState(building=BuildingState(room_c=airs, mass_c=mass_c))


def heated_inputs(
    site: Site,
    outdoor_c: ArrayLike,
    *,
    start: HeatPumpState | float = 21.0,
    load_kw: Sequence[float] | np.ndarray | None = None,
    sun_w_m2: ArrayLike = 0.0,
    options: PlanOptions = FREE,
    **more: object,
) -> PlanInputs:
    """Return inputs on a grid as long as the weather; ``more`` as of `tests.sites.inputs_of`."""
    outdoor = np.atleast_1d(np.asarray(outdoor_c, dtype=float))
    n = len(outdoor)
    inputs = inputs_of(site, np.zeros(n) if load_kw is None else load_kw, options=options, **more)
    weather = {"outdoor_c": outdoor, "irradiance_w_m2": np.broadcast_to(np.asarray(sun_w_m2, dtype=float), n)}
    starts = {
        pump.id: start if isinstance(start, HeatPumpState) else state(float(start), pump) for pump in site.heat_pumps
    }
    return replace(
        inputs, heat=starts, weather={name: Series(inputs.grid, np.array(each)) for name, each in weather.items()}
    )
