"""PV forecast from the plant's own history."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from voltherm.domain.measurements import MeasurementView
from voltherm.domain.series import Forecast
from voltherm.domain.time import TimeGrid


def forecast_pv(view: MeasurementView, grid: TimeGrid, zone: ZoneInfo, *, column: str = "pv_kw") -> Forecast:
    """Return the PV power expected on ``grid``, with quantiles, from what ``view`` knows."""
    raise NotImplementedError
