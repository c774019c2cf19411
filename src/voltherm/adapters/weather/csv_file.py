"""Weather from a CSV file that the operator keeps up to date."""

from __future__ import annotations

from typing import Final

from voltherm.adapters.documents.series_csv import MeasurementFile
from voltherm.adapters.documents.series_run import unbroken_run
from voltherm.adapters.transports.watched_csv import WatchedCsv
from voltherm.domain.place import Place
from voltherm.domain.series import Provenance, Quality
from voltherm.domain.time import Interval
from voltherm.ports.errors import Malformed
from voltherm.ports.weather import WeatherOutlook

OUTDOOR_NAMES: Final = ("t_out_c", "outdoor_c")
IRRADIANCE_NAMES: Final = ("irradiance_w_m2", "ghi_w_m2")


class WeatherFile:
    """A file with a column of times, one of outdoor temperatures, and perhaps one of irradiance: one place's weather.

    Parameters
    ----------
    file : WatchedCsv
        The file; it is shown for every place.
    """

    def __init__(self, file: WatchedCsv) -> None:
        self._file = file

    async def weather(self, place: Place, interval: Interval) -> WeatherOutlook | None:  # noqa: ARG002 - one place's file
        """Return the first values without a gap within the interval, on the file's own steps.

        Raises
        ------
        OutsideError
            When the file is gone, or is no table of weather any more.
        """
        content = await self._file.content()
        outdoor, irradiance = self.columns(content)
        provenance = Provenance(source=f"file {self._file.path.name}", quality=Quality.FORECAST)
        outdoor_c = unbroken_run(content.measurements, outdoor, interval, provenance)
        if outdoor_c is None:
            return None
        sun = None if irradiance is None else unbroken_run(content.measurements, irradiance, interval, provenance)
        return WeatherOutlook(outdoor_c=outdoor_c, irradiance_w_m2=sun)

    def columns(self, content: MeasurementFile) -> tuple[str, str | None]:
        """Return the names of the columns of temperature and irradiance.

        Raises
        ------
        Malformed
            When no temperature is named as `OUTDOOR_NAMES` and there is not just one, or likewise for irradiance.
        """
        names = tuple(content.measurements.columns)
        outdoor = self._only(OUTDOOR_NAMES, [name for name in names if name.endswith("_c")], "outdoor temperatures")
        if outdoor is None:
            raise Malformed(f"{self._file.path}: has no outdoor temperature; name a column t_out_c")
        return outdoor, self._only(IRRADIANCE_NAMES, [name for name in names if name.endswith("_w_m2")], "irradiance")

    def _only(self, known: tuple[str, ...], found: list[str], what: str) -> str | None:
        named = [name for name in known if name in found] or found
        if len(named) > 1:
            raise Malformed(f"{self._file.path}: {', '.join(named)} could all be {what}; name one {known[0]}")
        return named[0] if named else None
