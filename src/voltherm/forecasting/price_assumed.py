"""What is assumed of prices where less than a week of them is known: the last known day once more."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.measurements import MeasurementView
from voltherm.domain.series import Forecast, Provenance, Quality
from voltherm.domain.time import TimeGrid
from voltherm.forecasting.assembly import assembled
from voltherm.forecasting.history import NoHistoryError
from voltherm.forecasting.intraday import NORMAL_QUANTILES, PROBABILITIES
from voltherm.forecasting.price_known import Ahead, joined, quality_with

SOURCE: Final = "last known day of prices"
DAY: Final = timedelta(days=1)
BACK: Final = 8
"""Days that are looked at."""
WIDTH: Final = 0.5
"""Standard deviation that is assumed, as a share of the mean absolute price, or of the prices' own if that is more."""
UPPER_TAIL: Final = 2.0
"""Prices rise further than they fall: so many times."""

Array = NDArray[np.float64]


def repeated_day(view: MeasurementView, grid: TimeGrid, column: str, ahead: Ahead) -> Forecast:
    """Return the last known price of the same time of day, labelled as assumed; a guess of wide quantiles with it.

    Raises
    ------
    NoHistoryError
        When no price is known of some time of day.
    """
    n_before = BACK * DAY // grid.step
    whole = TimeGrid(grid.start - BACK * DAY, grid.step, n_before + grid.n_steps)
    known = joined(view, column, ahead.published, whole)
    values = _repeated_daily(known, DAY // grid.step)[n_before:]
    if np.isnan(values).any():
        raise NoHistoryError(f"{column}: no price is known for any day at the times of the horizon; give the prices")
    width = max(WIDTH * float(np.nanmean(np.abs(known))), float(np.nanstd(known)))
    is_unknown = np.isnan(known[n_before:])
    doubt = np.where(is_unknown, width, 0.0)
    errors = {
        p: doubt * q * (UPPER_TAIL if q > 0 else 1.0) for p, q in zip(PROBABILITIES, NORMAL_QUANTILES, strict=True)
    }
    since = grid.time_of(int(np.argmax(is_unknown))).isoformat()
    doubtful = f"repeated from {since} on; less than a week of prices is known: the quantiles are a wide guess"
    origin = Provenance(
        source=SOURCE,
        quality=quality_with(Quality.ASSUMED, [ahead.published]),
        issued_at=view.now,
        note=doubtful if is_unknown.any() else "",
    )
    return assembled(grid, values, errors, (-np.inf, np.inf), origin)


def _repeated_daily(values: Array, day: int) -> Array:
    filled = values.copy()
    for at in np.flatnonzero(np.isnan(filled)).tolist():
        if at >= day:
            filled[at] = filled[at - day]
    return filled
