"""What a backtest is made from: the files of its user."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from voltherm.adapters.documents.series_csv import read_measurements
from voltherm.adapters.documents.site import load_site
from voltherm.application.outlook import column_of
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements
from voltherm.domain.site import Site
from voltherm.domain.time import Interval, local_midnight
from voltherm.interfaces.metered import require_currency
from voltherm.interfaces.report.summarise import Origin


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BacktestFiles:
    """A site and its measurements, read.

    Parameters
    ----------
    site : Site
        From its YAML.
    measurements : Measurements
        From the CSV.
    interval : Interval
        The local days asked for.
    origin : Origin
        Where the data came from.
    """

    site: Site
    measurements: Measurements
    interval: Interval
    origin: Origin


def read_files(site: Path, data: Path, first_day: date, end_day: date) -> BacktestFiles:
    """Return what the files hold.

    Parameters
    ----------
    site, data : Path
        YAML and CSV.
    first_day, end_day : date
        Local days of the site's zone, half-open.

    Raises
    ------
    VolthermError
        When a file cannot be read, the days are in the wrong order, or prices are in another currency.
    """
    described = load_site(site)
    if end_day <= first_day:
        message = f"--to: {end_day} is not after --from {first_day}; give the local day after the last one"
        raise InvalidInputError(message)
    read = read_measurements(data, described.zone)
    require_currency(described, read.currency)
    return BacktestFiles(
        site=described,
        measurements=_named_as_known(described, read.measurements),
        interval=Interval(local_midnight(first_day, described.zone), local_midnight(end_day, described.zone)),
        origin=Origin(file=data.name, findings=read.findings, first_day=first_day, end_day=end_day),
    )


def _named_as_known(site: Site, measurements: Measurements) -> Measurements:
    """Rename ``<series>_price_per_kwh`` to the name under which the controller remembers the series."""
    columns = dict(measurements.columns)
    for series in site.tariff.series_names:
        wanted, given = column_of(site, series), f"{series}_price_per_kwh"
        if wanted not in columns and given in columns:
            columns[wanted] = columns.pop(given)
    return Measurements(measurements.grid, columns)
