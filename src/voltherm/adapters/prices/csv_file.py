"""Prices from a CSV file that the operator keeps up to date."""

from __future__ import annotations

from typing import Final

from voltherm.adapters.documents.series_csv import MeasurementFile
from voltherm.adapters.documents.series_run import unbroken_run
from voltherm.adapters.transports.watched_csv import WatchedCsv
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.time import Interval
from voltherm.ports.errors import Malformed

PRICE: Final = "price_per_kwh"


class PriceFile:
    """A file with a column of times and one of prices, its unit in its name: ``price_eur_per_mwh``, ``price_per_kwh``.

    What is in the file is known; what is not in it is not.

    Parameters
    ----------
    file : WatchedCsv
        The file.
    area : str
        The price area that it is of.
    currency : str or None
        What its prices must be in, where the file names a currency; None takes any.
    """

    def __init__(self, file: WatchedCsv, area: str, currency: str | None = None) -> None:
        self._file, self._area, self._currency = file, area, currency

    async def prices(self, area: str, interval: Interval) -> Series | None:
        """Return the first prices without a gap within the interval, per kWh, on the file's own steps.

        Raises
        ------
        OutsideError
            When the file is gone, or is no table of prices in that currency any more.
        """
        if area != self._area:
            return None
        content = await self._file.content()
        provenance = Provenance(source=f"file {self._file.path.name}", quality=Quality.MEASURED)
        return unbroken_run(content.measurements, self.column(content), interval, provenance)

    def column(self, content: MeasurementFile) -> str:
        """Return the name of the one column of prices.

        Raises
        ------
        Malformed
            When there is none, or several, or it is in another currency.
        """
        if self._currency is not None and content.currency not in (None, self._currency):
            remedy = f"give prices in {self._currency}, the tariff's currency"
            raise Malformed(f"{self._file.path}: its prices are in {content.currency}; {remedy}")
        names = [name for name in content.measurements.columns if name.endswith(PRICE)]
        if len(names) != 1:
            found = ", ".join(names) or "none"
            remedy = "keep one, named as price_eur_per_mwh or price_per_kwh"
            raise Malformed(f"{self._file.path}: needs one column of prices, has {found}; {remedy}")
        return names[0]
