"""The unbroken part of a column of measurements: what can be told as a series, with nothing made up for a gap."""

from __future__ import annotations

import numpy as np

from voltherm.domain.measurements import Measurements
from voltherm.domain.series import Provenance, Series
from voltherm.domain.time import Interval


def unbroken_run(measurements: Measurements, name: str, interval: Interval, provenance: Provenance) -> Series | None:
    """Return the first steps without a gap among those that overlap an interval; None where there is no value.

    Parameters
    ----------
    measurements : Measurements
        Columns on one grid, NaN where missing.
    name : str
        The column.
    interval : Interval
        What is asked for; the step that contains its start belongs to it.
    provenance : Provenance
        Of the series.
    """
    grid = measurements.grid
    first = max(0, (interval.start - grid.start) // grid.step)
    last = min(grid.n_steps, -((grid.start - interval.end) // grid.step))
    values = measurements.column(name)[first : max(first, last)]
    known = np.isfinite(values)
    if not known.any():
        return None
    begin = int(known.argmax())
    gaps = np.flatnonzero(~known[begin:])
    end = begin + int(gaps[0]) if gaps.size else len(values)
    return Series(grid.part(first + begin, end - begin), values[begin:end], provenance)
