"""What registered heat pumps are told: prices, weather and tariff."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from voltherm.adapters.documents.problem import DocumentError
from voltherm.bootstrap import heat_sources
from voltherm.domain.place import Place
from voltherm.domain.series import Quality, Series
from voltherm.domain.time import Interval
from voltherm.interfaces.doctor.finding import Finding, fail, ok, warn
from voltherm.ports.clock import Clock
from voltherm.settings import Settings

AHEAD = timedelta(hours=48)
SOON = timedelta(hours=6)
"""Prices and weather that end earlier than this leave little to plan with."""
ANYWHERE = Place(latitude=61.0, longitude=25.0)


async def check_heat(settings: Settings, clock: Clock) -> Sequence[Finding]:
    """Return where prices and weather of registered heat pumps come from, and how far they reach."""
    what = "heat pumps"
    try:
        sources = heat_sources(settings, clock)
    except DocumentError as error:
        return tuple(fail(what, f"{each.field}: {each.problem}", each.remedy) for each in error.problems)
    now = clock.now()
    asked = Interval(now, now + AHEAD)
    found = [ok(what, f"billed by {sources.tariff.id}, area {settings.grid_area}, {settings.timezone}")]
    if sources.tariff.series_names:
        prices = await sources.prices.prices(settings.grid_area, asked)
        found.append(_reach("prices", "PRICES_FILE", prices, now))
    weather = await sources.weather.weather(ANYWHERE, asked)
    found.append(_reach("weather", "WEATHER_FILE", None if weather is None else weather.outdoor_c, now))
    return tuple(found)


def _reach(what: str, variable: str, series: Series | None, now: datetime) -> Finding:
    what = f"heat {what}"
    if series is None or series.grid.start > now:
        known = "nothing" if series is None else f"nothing before {series.grid.start.isoformat()}"
        return warn(what, f"{known} is known from now on", f"put the values of today into {variable}")
    said = f"{series.provenance.source}, known until {series.grid.end.isoformat()}"
    if series.provenance.quality is not Quality.DEMO and series.grid.end < now + SOON:
        return warn(what, said, f"put the values of the next day into {variable}")
    return ok(what, said)
