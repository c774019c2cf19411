"""Where the routes of the strategies learn what is known of a house."""

from __future__ import annotations

from datetime import date, datetime

from voltherm.application.house_facts import HouseFacts, HouseSources, house_facts
from voltherm.application.spot_book import SpotBook
from voltherm.application.spot_prices import SpotForecasts
from voltherm.bootstrap import HeatParts
from voltherm.interfaces.api.routes.devices import known_device


class HouseDesk:
    """Gathers facts of registered houses, and keeps what is the same for all of them: prices and their forecast.

    Parameters
    ----------
    heat : HeatParts
        What registered heat pumps share.
    """

    def __init__(self, heat: HeatParts) -> None:
        self.heat = heat
        self.forecasts = SpotForecasts(heat.tariff.zone)
        self._sources = HouseSources(
            readings=heat.readings,
            day_plans=heat.day_plans,
            spot=SpotBook(heat.prices),
            weather=heat.weather,
            clock=heat.clock,
            area=heat.area,
            tariff=heat.tariff,
        )

    async def facts(self, device_id: str, asked: date | datetime | None = None) -> HouseFacts:
        """Return what is known of a device's house, up to the day that is asked for.

        Raises
        ------
        Refusal
            404 when no device of that id is registered.
        OutsideError
            When a store or a source fails.
        """
        device = await known_device(self.heat, device_id)
        until = asked.astimezone(device.zone).date() if isinstance(asked, datetime) else asked
        return await house_facts(self._sources, device, until)
