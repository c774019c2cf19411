"""A price source to copy: fetch, read, convert to the area's currency per kWh, and give a `Series`.

1. Ask for the whole market days that the interval touches; `adapters/transports/http.py` translates every exception of
   the network.
2. Convert the unit on the line that reads the number: an exchange tells EUR/MWh.
3. Give nothing that is not published. A missing hour ends the series; it is never filled in.
4. Name the source in the provenance, with the instant of publication where it says so.

It is done when it passes ``tests/contracts/test_price_source.py``; ``bootstrap/heat.py`` builds it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import numpy as np

from voltherm.adapters.documents.series_run import unbroken_run
from voltherm.adapters.transports.http import JsonHttp
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.time import Interval, TimeGrid
from voltherm.ports.errors import Malformed

KWH_PER_MWH: Final = 1000.0


class BlueprintPrices:
    """Somebody who answers ``{"start": "2026-03-10T00:00:00Z", "eur_per_mwh": [41.2, null, ...]}``, hours.

    Parameters
    ----------
    http : JsonHttp
        How it is reached.
    """

    def __init__(self, http: JsonHttp) -> None:
        self._http = http

    async def prices(self, area: str, interval: Interval) -> Series | None:
        """Return what is published within the interval, in EUR/kWh."""
        query = {"from": interval.start.isoformat(), "to": interval.end.isoformat()}
        answer = await self._http.get(f"/prices/{area}", query)
        if not isinstance(answer, dict) or not isinstance(answer.get("eur_per_mwh"), list):
            raise Malformed(f"prices of {area}: is no object with eur_per_mwh")
        try:
            start = datetime.fromisoformat(str(answer.get("start")))
            per_mwh = np.array([np.nan if each is None else float(each) for each in answer["eur_per_mwh"]])
            if not len(per_mwh):
                return None
            hours = Measurements(
                TimeGrid(start, timedelta(hours=1), len(per_mwh)), {"price_per_kwh": per_mwh / KWH_PER_MWH}
            )
        except (TypeError, ValueError, InvalidInputError) as error:
            raise Malformed(f"prices of {area}: {error}") from error
        return unbroken_run(hours, "price_per_kwh", interval, Provenance(source="blueprint", quality=Quality.MEASURED))
