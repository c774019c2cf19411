"""The reporter: a service that answers ``GET /api/forecasts/load`` and ``/solar``."""

from __future__ import annotations

from urllib.parse import quote
from zoneinfo import ZoneInfo

from voltherm.adapters.forecasts.rows import Reading, forecast_of_rows
from voltherm.adapters.forecasts.shapes import head_and_rows
from voltherm.adapters.transports.http import JsonHttp
from voltherm.domain.external_forecast import ExternalForecast, ForecastKind
from voltherm.ports.clock import Clock


class ReporterClient:
    """Asks a reporter for its forecasts, in our shape or a plain one of the field.

    Parameters
    ----------
    http : JsonHttp
        How it is reached.
    zone : ZoneInfo
        The site's, for times without one.
    clock : Clock
        Says when a forecast arrived.
    point : str, optional
        Point of interest, appended to the path.
    allows_negative_load : bool
        Whether the load may be negative.
    """

    def __init__(
        self,
        http: JsonHttp,
        *,
        zone: ZoneInfo,
        clock: Clock,
        point: str | None = None,
        allows_negative_load: bool = False,
    ) -> None:
        self._http = http
        self._zone = zone
        self._clock = clock
        self._suffix = f"/{quote(point, safe='')}" if point else ""
        self._allows_negative_load = allows_negative_load

    async def fetch(self, kind: ForecastKind) -> ExternalForecast:
        """Return the latest forecast, checked, in kW, on the reporter's own steps.

        Raises
        ------
        OutsideError
            ``Unavailable``, ``Refused`` or ``Malformed``; a forecast of the past is none of these.
        """
        answer = await self._http.get(f"/api/forecasts/{kind.value}{self._suffix}", allow_nan=True)
        head, rows = head_and_rows(answer, kind)
        reading = Reading(
            kind=kind,
            fetched_at=self._clock.now(),
            zone=self._zone,
            allows_negative_load=self._allows_negative_load,
        )
        return forecast_of_rows(rows, reading, head)
