"""Measured columns as what the meter counted, with what is missing kept in sight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements
from voltherm.domain.site import Site
from voltherm.domain.tariffs import Usage
from voltherm.domain.time import Interval, local_midnight


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Metered:
    """Usage from measurements.

    Parameters
    ----------
    usage : Usage
        Import and export; a step without reading counts as zero.
    is_missing : NDArray of bool, shape (n_steps,)
        Where there was no reading, and no short gap to bridge.
    """

    usage: Usage
    is_missing: NDArray[np.bool_]

    def missing_h(self, interval: Interval) -> float:
        """Return how much of ``interval`` has no reading, within the data. [h]."""
        grid = self.usage.grid
        first = max(0, -((grid.start - interval.start) // grid.step))
        last = max(first, min(grid.n_steps, (interval.end - grid.start) // grid.step))
        return float(self.is_missing[first:last].sum()) * grid.step_h


def metered_usage(site: Site, measurements: Measurements) -> Metered:
    """Return what the site's meter counted: ``grid_kw``, or the sum of what stands behind the meter.

    Gaps of up to an hour are bridged.

    Raises
    ------
    InvalidInputError
        When the columns do not say what the meter counted, or a price series of the tariff is missing.
    """
    bridged = measurements.bridged()
    net_kw = _net_kw(bridged)
    prices = {name: _prices(bridged, name, site) for name in sorted(site.tariff.series_names)}
    is_missing = np.isnan(net_kw)
    usage = Usage.of_net(bridged.grid, np.where(is_missing, 0.0, net_kw), prices)
    return Metered(usage=usage, is_missing=is_missing)


def cut(measurements: Measurements, zone: ZoneInfo, *, first: str | None, after: str | None) -> Measurements:
    """Return the measurements from local day ``first`` up to, not including, local day ``after``.

    Raises
    ------
    InvalidInputError
        When a day is none, or nothing was measured between the two.
    """
    grid = measurements.grid
    start = grid.start if first is None else _midnight(first, zone, "--from")
    end = grid.end if after is None else _midnight(after, zone, "--to")
    span = f"{grid.start.astimezone(zone).isoformat()} to {grid.end.astimezone(zone).isoformat()}"
    part = measurements.within(Interval(start, end)) if start < end else None
    if part is None:
        raise InvalidInputError(f"--from, --to: nothing measured between the two; the data is from {span}")
    return part


def require_currency(site: Site, currency: str | None) -> None:
    """Check that prices in the data are in the tariff's currency, where they name one.

    Raises
    ------
    InvalidInputError
        When they are not.
    """
    if currency is not None and currency != site.tariff.currency:
        message = f"data: prices are in {currency}, the tariff in {site.tariff.currency}; convert them"
        raise InvalidInputError(message)


def _net_kw(measurements: Measurements) -> NDArray[np.float64]:
    columns = measurements.columns
    if "grid_kw" in columns:
        return columns["grid_kw"]
    if "import_kw" in columns:
        return columns["import_kw"] - columns.get("export_kw", np.zeros(measurements.grid.n_steps))
    if "load_kw" not in columns:
        there_are = ", ".join(columns)
        message = f"data: no column grid_kw, import_kw or load_kw; there are {there_are}"
        raise InvalidInputError(message)
    net_kw = columns["load_kw"].copy()
    if "pv_kw" in columns:
        net_kw -= columns["pv_kw"]
    if "battery_kw" in columns:
        net_kw += columns["battery_kw"]
    return net_kw


def _prices(measurements: Measurements, name: str, site: Site) -> NDArray[np.float64]:
    """Return a price series; ``price_per_kwh`` will do where the tariff has only one."""
    candidates = [f"{name}_price_per_kwh", f"{name}_per_kwh"]
    if len(site.tariff.series_names) == 1:
        candidates.append("price_per_kwh")
    found = next((candidate for candidate in candidates if candidate in measurements.columns), None)
    if found is None:
        message = f"data: the tariff needs price series {name!r}; give a column {' or '.join(candidates)}"
        raise InvalidInputError(message)
    values = measurements.columns[found]
    missing = np.flatnonzero(np.isnan(values))
    if missing.size:
        at = measurements.grid.time_of(int(missing[0])).isoformat()
        message = f"data: {found} misses {missing.size} values, the first at {at}; fill them, prices are not guessed"
        raise InvalidInputError(message)
    return values


def _midnight(day: str, zone: ZoneInfo, name: str) -> datetime:
    try:
        return local_midnight(date.fromisoformat(day), zone)
    except (ValueError, OverflowError):
        raise InvalidInputError(f"{name}: {day!r} is no day; write it as 2018-07-01") from None
