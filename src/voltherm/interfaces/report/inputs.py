"""What a backtest is made from: the files of its user."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from voltherm.adapters.documents.series_columns import quantity_of
from voltherm.adapters.documents.series_csv import read_measurements
from voltherm.adapters.documents.site import load_site
from voltherm.application.outlook import column_of
from voltherm.application.policies import PolicyName, policies_of
from voltherm.application.weather_outlook import IRRADIANCE, OUTDOOR, WEATHER_COLUMNS
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnChoice:
    """Which columns of the file are meant, by their names in it; None takes the usual name.

    Parameters
    ----------
    price : str or None
        Of the tariff's price series, where it has one.
    outdoor : str or None
        Outdoor temperature; usually ``t_out_c``.
    irradiance : str or None
        Sun on the windows, as the rooms' apertures count it; usually ``irradiance_w_m2``.
    """

    price: str | None = None
    outdoor: str | None = None
    irradiance: str | None = None


AS_NAMED: Final = ColumnChoice()


def read_files(
    site: Path, data: Path, first_day: date, end_day: date, choice: ColumnChoice = AS_NAMED
) -> BacktestFiles:
    """Return what the files hold.

    Parameters
    ----------
    site, data : Path
        YAML and CSV.
    first_day, end_day : date
        Local days of the site's zone, half-open.
    choice : ColumnChoice
        Columns that have other names than the usual ones.

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
        measurements=chosen_columns(described, _named_as_known(described, read.measurements), choice),
        interval=Interval(local_midnight(first_day, described.zone), local_midnight(end_day, described.zone)),
        origin=Origin(file=data.name, findings=read.findings, first_day=first_day, end_day=end_day),
    )


def chosen_policies(site: Site, told: PolicyName, *, compare: bool) -> tuple[PolicyName, ...]:
    """Return who is to be simulated: the baseline of the site and who is asked for, or all.

    Raises
    ------
    InvalidInputError
        When the policy is one for heat pumps and the site has none, or the other way round.
    """
    fitting = policies_of(site)
    if told is PolicyName.NONE:
        told = fitting[0]
    if told not in fitting:
        message = f"--policy: {told} does not fit site {site.id!r}; choose one of {', '.join(fitting)}"
        raise InvalidInputError(message)
    return fitting if compare else tuple(dict.fromkeys((fitting[0], told)))


def chosen_columns(site: Site, measurements: Measurements, choice: ColumnChoice) -> Measurements:
    """Return the measurements with the chosen columns under the names by which the controller remembers them.

    Raises
    ------
    InvalidInputError
        When there is no such column, or the tariff has no one price series.
    """
    columns = dict(measurements.columns)
    wanted = {WEATHER_COLUMNS[OUTDOOR]: choice.outdoor, WEATHER_COLUMNS[IRRADIANCE]: choice.irradiance}
    if choice.price is not None:
        names = sorted(site.tariff.series_names)
        if len(names) != 1:
            message = f"--price: tariff {site.tariff.id!r} has {len(names)} price series; name the columns after them"
            raise InvalidInputError(message)
        wanted[column_of(site, names[0])] = choice.price
    for known, written in wanted.items():
        if written is None:
            continue
        quantity = quantity_of(written)
        if quantity is None or quantity.name not in measurements.columns:
            message = f"data: no column {written!r}; there are {', '.join(measurements.columns)}"
            raise InvalidInputError(message)
        columns[known] = measurements.columns[quantity.name]
    return Measurements(measurements.grid, columns)


def _named_as_known(site: Site, measurements: Measurements) -> Measurements:
    """Rename ``<series>_price_per_kwh`` to the name under which the controller remembers the series."""
    columns = dict(measurements.columns)
    for series in site.tariff.series_names:
        wanted, given = column_of(site, series), f"{series}_price_per_kwh"
        if wanted not in columns and given in columns:
            columns[wanted] = columns.pop(given)
    return Measurements(measurements.grid, columns)
