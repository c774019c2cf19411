"""Whether inputs fit the site: every problem at once, with the field, the value and the remedy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from voltherm.domain.assets import Battery, HeatPump, Load, Pv
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.plan import PlanInputs
from voltherm.domain.series import Series
from voltherm.domain.site import Site
from voltherm.domain.tariffs import Demand
from voltherm.domain.weather import WEATHER_RANGES


def check_inputs(site: Site, inputs: PlanInputs) -> None:
    """Check that every asset, price and target is there, on the grid of the plan, and possible.

    Raises
    ------
    InvalidInputError
        When anything is missing or impossible; the message has one line a problem.
    """
    problems = [
        *_forecasts(site, inputs),
        *_states(site, inputs),
        *_heat(site, inputs),
        *_weather(site, inputs),
        *_prices(site, inputs),
        *_targets(site, inputs),
    ]
    if problems:
        raise InvalidInputError("\n".join(problems))


def _forecasts(site: Site, inputs: PlanInputs) -> Iterator[str]:
    for asset in site.assets:
        match asset:
            case Load() | Pv():
                series = inputs.power_kw.get(asset.id)
                if series is None:
                    yield f"forecasts: {asset.id!r} is missing; give its power_kw for each step of the grid"
                    continue
                yield from _on_grid(f"forecasts.{asset.id}", series, inputs)
                if isinstance(asset, Pv) and series.values.min() < 0:
                    step = int(np.argmin(series.values))
                    yield (
                        f"forecasts.{asset.id}: {series.values[step]:g} kW at step {step} is negative; "
                        "available PV power is 0 or more, production counts positive here"
                    )
            case Battery() | HeatPump():
                pass


def _states(site: Site, inputs: PlanInputs) -> Iterator[str]:
    for battery in site.batteries:
        state = inputs.states.get(battery.id)
        if state is None:
            yield f"state: {battery.id!r} is missing; without a fresh SOC there is no plan for a battery"
            continue
        for name in ("charge_limit_kw", "discharge_limit_kw"):
            shape = np.shape(getattr(state, name) if getattr(state, name) is not None else 0.0)
            if shape not in ((), (inputs.grid.n_steps,)):
                yield f"state.{battery.id}.{name}: has shape {shape}; give one number, or one for each step"
    known = {battery.id for battery in site.batteries}
    for name in sorted(set(inputs.states) - known):
        yield f"state: {name!r} is no battery of site {site.id!r}; known: {', '.join(sorted(known)) or 'none'}"


def _heat(site: Site, inputs: PlanInputs) -> Iterator[str]:
    for pump in site.heat_pumps:
        state = inputs.heat.get(pump.id)
        if state is None:
            yield f"heat: {pump.id!r} is missing; without a fresh room temperature there is no plan for a heat pump"
            continue
        rooms = [room.id for room in pump.building.rooms]
        for name in rooms:
            if name not in state.building.room_c:
                yield f"heat.{pump.id}.room_c: room {name!r} is missing; give its temperature in degC"
        with_mass = {room.id for room in pump.building.rooms if room.has_mass}
        for name in sorted((set(state.building.room_c) - set(rooms)) | (set(state.building.mass_c) - with_mass)):
            yield f"heat.{pump.id}: {name!r} is no room of the building, or has no mass; known: {', '.join(rooms)}"
    known = {pump.id for pump in site.heat_pumps}
    for name in sorted(set(inputs.heat) - known):
        yield f"heat: {name!r} is no heat pump of site {site.id!r}; known: {', '.join(sorted(known)) or 'none'}"


def _weather(site: Site, inputs: PlanInputs) -> Iterator[str]:
    if site.heat_pumps and "outdoor_c" not in inputs.weather:
        yield "weather.outdoor_c: is missing; a heat pump needs the outdoor temperature for each step of the grid"
    sunny = any(room.solar_aperture_m2 > 0 for pump in site.heat_pumps for room in pump.building.rooms)
    if sunny and "irradiance_w_m2" not in inputs.weather:
        yield "weather.irradiance_w_m2: is missing; a room has a solar_aperture_m2: give the irradiance, or set it to 0"
    for name, series in inputs.weather.items():
        limits = WEATHER_RANGES.get(name)
        if limits is None:
            yield f"weather: {name!r} is not known; known: {', '.join(WEATHER_RANGES)}"
            continue
        yield from _on_grid(f"weather.{name}", series, inputs)
        wrong = np.flatnonzero((series.values < limits[0]) | (series.values > limits[1]))
        if len(wrong):
            step = int(wrong[0])
            yield f"weather.{name}: {series.values[step]:g} at step {step} is outside {limits[0]:g} to {limits[1]:g}"


def _prices(site: Site, inputs: PlanInputs) -> Iterator[str]:
    for name in sorted(site.tariff.series_names):
        if name not in inputs.prices:
            yield f"prices: series {name!r} is missing; tariff {site.tariff.id!r} needs it for each step of the grid"
    for name, series in inputs.prices.items():
        yield from _on_grid(f"prices.{name}", series, inputs)


def _targets(site: Site, inputs: PlanInputs) -> Iterator[str]:
    known = {rule.id for rule in site.tariff.components if isinstance(rule, Demand)}
    for name in sorted(set(inputs.options.peak_targets_kw) - known):
        listed = ", ".join(sorted(known)) or "none"
        yield f"options.peak_targets_kw: {name!r} is no demand component of tariff {site.tariff.id!r}; known: {listed}"


def _on_grid(name: str, series: Series, inputs: PlanInputs) -> Iterator[str]:
    if series.grid != inputs.grid:
        yield f"{name}: is on {series.grid.interval} in steps of {series.grid.step}, the plan on {inputs.grid.interval}"
