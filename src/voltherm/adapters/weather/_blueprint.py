"""A weather source to copy: fetch, read, and give a `WeatherOutlook`.

1. Ask for the place and the interval; `adapters/transports/http.py` translates every exception of the network.
2. Times are instants: a source that tells local times is asked for UTC, or for its zone.
3. Convert units on the line that reads the number: degC, W/m2 on the ground (global horizontal irradiance).
4. A missing hour ends the series; it is never filled in.
5. Say in the provenance who forecast it and when it was issued.

It is done when it passes ``tests/contracts/test_weather_source.py``; ``bootstrap/heat.py`` builds it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from voltherm.adapters.documents.series_run import unbroken_run
from voltherm.adapters.transports.http import JsonHttp
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements
from voltherm.domain.place import Place
from voltherm.domain.series import Provenance, Quality
from voltherm.domain.time import Interval, TimeGrid
from voltherm.ports.errors import Malformed
from voltherm.ports.weather import WeatherOutlook


class BlueprintWeather:
    """Somebody who answers ``{"issued": "...Z", "start": "...Z", "celsius": [-3.1, ...], "ghi": [0.0, ...]}``, hours.

    Parameters
    ----------
    http : JsonHttp
        How it is reached.
    """

    def __init__(self, http: JsonHttp) -> None:
        self._http = http

    async def weather(self, place: Place, interval: Interval) -> WeatherOutlook | None:
        """Return what is known or forecast within the interval."""
        answer = await self._http.get(f"/weather/{place.latitude:.4f}/{place.longitude:.4f}")
        if not isinstance(answer, dict):
            raise Malformed("weather: is no object")
        try:
            issued = datetime.fromisoformat(str(answer.get("issued")))
            start = datetime.fromisoformat(str(answer.get("start")))
            columns = {
                "outdoor_c": _numbers(answer.get("celsius")),
                "irradiance_w_m2": _numbers(answer.get("ghi")),
            }
            hours = Measurements(TimeGrid(start, timedelta(hours=1), len(columns["outdoor_c"])), columns)
            provenance = Provenance(source="blueprint", quality=Quality.FORECAST, issued_at=issued)
        except (TypeError, ValueError, InvalidInputError) as error:
            raise Malformed(f"weather: {error}") from error
        outdoor_c = unbroken_run(hours, "outdoor_c", interval, provenance)
        if outdoor_c is None:
            return None
        sun = unbroken_run(hours, "irradiance_w_m2", interval, provenance)
        return WeatherOutlook(outdoor_c=outdoor_c, irradiance_w_m2=sun)


def _numbers(raw: object) -> np.ndarray:
    if not isinstance(raw, list):
        message = "a column is no list"
        raise TypeError(message)
    return np.array([np.nan if each is None else float(each) for each in raw])
