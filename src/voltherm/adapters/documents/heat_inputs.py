"""Heat and weather of a request: temperatures of now, and the weather ahead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from voltherm.adapters.documents.fields import LARGEST_NUMBER, Document, Flag, NonNegative, NumbersWithGaps
from voltherm.adapters.documents.forecast import Place, TimedDocument, TimedValues, series_on_grid
from voltherm.adapters.documents.problem import DocumentError, Problems, shown
from voltherm.domain.assets import BuildingState, HeatMode, HeatPump, HeatPumpState
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.series import Series
from voltherm.domain.site import Site
from voltherm.domain.time import TimeGrid
from voltherm.domain.weather import IRRADIANCE_W_M2, OUTDOOR_C, WEATHER_RANGES


def parse_temps(raw: object) -> Mapping[str, float] | float:
    """Return a number, or numbers by room, as they were given.

    Raises
    ------
    PydanticCustomError
        For anything else; it names the room.
    """
    if not isinstance(raw, Mapping):
        return _temp(raw, {})
    return {str(room): _temp(value, {"index": str(room)}) for room, value in raw.items()}


def _temp(raw: object, where: Mapping[str, str]) -> float:
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not abs(raw) <= LARGEST_NUMBER:
        remedy = "give degrees Celsius, as a number or by room as {room: degC}"
        context = {"problem": "is no temperature", "remedy": remedy, "value": shown(raw), **where}
        raise PydanticCustomError("refused", "{problem}", context)
    return float(raw)


_TEMP_SCHEMA = {"type": "number"}
Temps = Annotated[
    Mapping[str, float] | float,
    PlainValidator(parse_temps),
    WithJsonSchema({"anyOf": [_TEMP_SCHEMA, {"type": "object", "additionalProperties": _TEMP_SCHEMA}]}),
]
"""A temperature, or one a room. [degC]."""


class HeatStateDocument(Document):
    """What is known of a heat pump and its building at the start of the grid.

    A building of one room may give its temperature as a number. A mass that is not given is as warm as its room.
    """

    room_c: Temps
    mass_c: Temps | None = None
    is_running: Flag | None = None
    since_h: NonNegative | None = None
    mode: HeatMode | None = None


class WeatherDocument(TimedDocument):
    """Weather over the grid, with its own times where they differ; the sun where a room has a solar aperture."""

    outdoor_c: NumbersWithGaps | None = None
    irradiance_w_m2: NumbersWithGaps | None = None


def heat_states(
    site: Site, documents: Mapping[str, HeatStateDocument] | None, problems: Problems
) -> dict[str, HeatPumpState]:
    """Return the state of each heat pump; what is missing, unknown or impossible is noted.

    Parameters
    ----------
    site : Site
        Whose heat pumps.
    documents : Mapping of heat pump id to HeatStateDocument, or None
        As given; None where they could not be read, which is noted already.
    problems : Problems
        Receives what is wrong.
    """
    if documents is None:
        return {}
    pumps = {pump.id: pump for pump in site.heat_pumps}
    for name in pumps:
        if name not in documents:
            problems.add(("heat", name), "is missing", "give the room's temperature of now as room_c")
    found: dict[str, HeatPumpState] = {}
    for name, document in documents.items():
        if name not in pumps:
            remedy = f"there are: {', '.join(sorted(pumps)) or 'none'}"
            problems.add(("heat", name), "is no heat pump of the site", remedy)
            continue
        before = len(problems.found)
        airs, masses = _airs(pumps[name], document, problems), _masses(pumps[name], document, problems)
        if len(problems.found) == before:
            _add_state(found, name, document, (airs, masses), problems)
    return found


def _add_state(
    found: dict[str, HeatPumpState],
    name: str,
    document: HeatStateDocument,
    temps_c: tuple[Mapping[str, float], Mapping[str, float]],
    problems: Problems,
) -> None:
    try:
        found[name] = HeatPumpState(
            building=BuildingState(room_c=temps_c[0], mass_c=temps_c[1]),
            is_running=document.is_running,
            since_h=float("inf") if document.since_h is None else document.since_h,
            mode=document.mode,
        )
    except InvalidInputError as error:
        problems.add(("heat", name), str(error), "give degrees Celsius, and leave out what is not measured")


def _airs(pump: HeatPump, document: HeatStateDocument, problems: Problems) -> dict[str, float]:
    rooms = [room.id for room in pump.building.rooms]
    airs = _by_room(document.room_c, rooms, ("heat", pump.id, "room_c"), problems)
    for room in rooms:
        if isinstance(document.room_c, Mapping) and room not in airs:
            problems.add(("heat", pump.id, "room_c", room), "is missing", "give its temperature in degC")
    return airs


def _masses(pump: HeatPump, document: HeatStateDocument, problems: Problems) -> dict[str, float]:
    if document.mass_c is None:
        return {}
    rooms = [room.id for room in pump.building.rooms if room.has_mass]
    return _by_room(document.mass_c, rooms, ("heat", pump.id, "mass_c"), problems)


def _by_room(
    given: Mapping[str, float] | float, rooms: list[str], where: tuple[str, ...], problems: Problems
) -> dict[str, float]:
    known = ", ".join(rooms) or "none"
    if isinstance(given, Mapping):
        for room in given:
            if room not in rooms:
                problems.add(
                    (*where, room), "is no room of the building with such a temperature", f"there are: {known}"
                )
        return {room: value for room, value in given.items() if room in rooms}
    if len(rooms) != 1:
        problems.add(where, "is one number", f"give it by room, as {{room: degC}}; there are: {known}", given)
        return {}
    return {rooms[0]: given}


def weather_series(
    site: Site, document: WeatherDocument | None, grid: TimeGrid | None, problems: Problems
) -> dict[str, Series]:
    """Return the weather on the grid; what is missing or impossible is noted.

    Parameters
    ----------
    site : Site
        Whose heat pumps need it.
    document : WeatherDocument or None
        As given, empty where nothing is; None where it could not be read, which is noted already.
    grid : TimeGrid or None
        The plan's; None where it could not be read, which is noted already.
    problems : Problems
        Receives what is wrong.
    """
    if document is None:
        return {}
    given = _lists(document)
    if site.heat_pumps and OUTDOOR_C not in given:
        problems.add(("weather", OUTDOOR_C), "is missing", "a heat pump needs it: one value a step, in degC")
    sunny = any(room.solar_aperture_m2 > 0 for pump in site.heat_pumps for room in pump.building.rooms)
    if sunny and IRRADIANCE_W_M2 not in given:
        remedy = "a room has a solar_aperture_m2: give one value a step, in W/m2, or set the aperture to 0"
        problems.add(("weather", IRRADIANCE_W_M2), "is missing", remedy)
    found: dict[str, Series] = {}
    if grid is None:
        return found
    for name, values in given.items():
        place = Place(where=("weather",), name=name)
        try:
            _require_possible(values, place)
            found[name] = series_on_grid(TimedValues(document, values), grid, place)
        except DocumentError as error:
            problems.extend(error.problems)
    return found


def _lists(document: WeatherDocument) -> dict[str, NDArray[np.float64]]:
    both = {OUTDOOR_C: document.outdoor_c, IRRADIANCE_W_M2: document.irradiance_w_m2}
    return {name: values for name, values in both.items() if values is not None}


def _require_possible(values: NDArray[np.float64], place: Place) -> None:
    low, high = WEATHER_RANGES[place.name]
    wrong = np.flatnonzero((values < low) | (values > high))
    if wrong.size:
        index = int(wrong[0])
        problem = f"is outside {low:g} to {high:g} at index {index}"
        raise place.refused(problem, "check its unit: degC and W/m2", float(values[index]))
