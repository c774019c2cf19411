"""A forecast source to copy: fetch, read, check, and give an ``ExternalForecast``.

It is done when it passes ``tests/contracts/test_forecast_source.py``; ``bootstrap`` builds it.
"""

from __future__ import annotations

from voltherm.adapters.forecasts.rows import Reading, forecast_of_rows
from voltherm.adapters.forecasts.shapes import Row
from voltherm.adapters.transports.http import JsonHttp
from voltherm.domain.external_forecast import ExternalForecast, ForecastKind
from voltherm.ports.clock import Clock
from voltherm.ports.errors import Malformed


class BlueprintSource:
    """Somebody who answers ``{"2026-03-10T06:00:00Z": 182.4, ...}``, means of an hour in kW.

    Parameters
    ----------
    http : JsonHttp
        How it is reached; every exception of the network is translated there.
    clock : Clock
        Says when a forecast arrived.
    """

    def __init__(self, http: JsonHttp, clock: Clock) -> None:
        self._http = http
        self._clock = clock

    async def fetch(self, kind: ForecastKind) -> ExternalForecast:
        """Return the latest forecast, checked, in kW."""
        answer = await self._http.get(f"/{kind.value}")
        if not isinstance(answer, dict):
            raise Malformed(f"{kind.value} forecast: is no object of times and powers")
        rows = tuple(Row(time=str(time), power=power) for time, power in answer.items())
        reading = Reading(kind=kind, source="blueprint", fetched_at=self._clock.now(), zone=None)
        return forecast_of_rows(rows, reading)
