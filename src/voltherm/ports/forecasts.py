"""Forecasts from outside."""

from __future__ import annotations

from typing import Protocol

from voltherm.domain.external_forecast import ExternalForecast, ForecastKind


class ForecastSource(Protocol):
    """Somebody who forecasts the site's load or sun."""

    async def fetch(self, kind: ForecastKind) -> ExternalForecast:
        """Return the latest forecast, checked, in kW.

        Raises
        ------
        OutsideError
            ``Unavailable``, ``Refused`` or ``Malformed``.
        """
        ...
