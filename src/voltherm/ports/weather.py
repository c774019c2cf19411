"""Weather from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from voltherm.domain.place import Place
from voltherm.domain.series import Series
from voltherm.domain.time import Interval


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeatherOutlook:
    """Weather over time, measured up to now and forecast beyond.

    Parameters
    ----------
    outdoor_c : Series
        Air temperature. [degC]
    irradiance_w_m2 : Series or None
        Global irradiance; None where the source has none. [W/m2]
    """

    outdoor_c: Series
    irradiance_w_m2: Series | None = None


class WeatherSource(Protocol):
    """Somebody who forecasts the weather."""

    async def weather(self, place: Place, interval: Interval) -> WeatherOutlook | None:
        """Return what is known or forecast within the interval; None where nothing is.

        The answer may begin later and end earlier than asked for, and has the source's own steps. Its provenance says
        when it was issued and whether it is a demo.

        Raises
        ------
        OutsideError
            ``Unavailable``, ``Refused`` or ``Malformed``.
        """
        ...
