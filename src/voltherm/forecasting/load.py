"""Load forecast from the meter's own history."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from voltherm.domain.measurements import MeasurementView
from voltherm.domain.series import Forecast, Series
from voltherm.domain.time import TimeGrid


def forecast_load(
    view: MeasurementView,
    grid: TimeGrid,
    zone: ZoneInfo,
    *,
    column: str = "load_kw",
    holidays: frozenset[int] = frozenset(),
    t_out_c: Series | None = None,
) -> Forecast:
    """Return the load expected on ``grid``, with quantiles, from what ``view`` knows."""
    raise NotImplementedError
