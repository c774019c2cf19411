"""Prices of energy from outside."""

from __future__ import annotations

from typing import Protocol

from voltherm.domain.series import Series
from voltherm.domain.time import Interval


class PriceSource(Protocol):
    """Somebody who knows the prices of a price area."""

    async def prices(self, area: str, interval: Interval) -> Series | None:
        """Return what is known of the day-ahead price within the interval, and nothing that is not.

        Parameters
        ----------
        area : str
            Such as ``FI`` or ``SE3``.
        interval : Interval
            What is asked for; the answer may begin later, end earlier, and has the market's own steps.

        Returns
        -------
        Series or None
            Without taxes, per kWh in the area's currency [currency/kWh]; its provenance says whether it is a demo. None
            where nothing is known.

        Raises
        ------
        OutsideError
            ``Unavailable``, ``Refused`` or ``Malformed``.
        """
        ...
