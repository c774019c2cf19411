"""Answers of reporters, as they are found in the field, and what reads them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from voltherm.adapters.forecasts.rows import Reading, forecast_of_rows
from voltherm.adapters.forecasts.shapes import head_and_rows
from voltherm.domain.external_forecast import ForecastKind

HELSINKI = ZoneInfo("Europe/Helsinki")
NOW = datetime(2026, 3, 10, 6, tzinfo=UTC)
LOAD, SOLAR = ForecastKind.LOAD, ForecastKind.SOLAR


def ours(powers, start=NOW, minutes=60, **head):
    """Return our own shape."""
    step = timedelta(minutes=minutes)
    points = [{"time": (start + at * step).isoformat(), "power": power} for at, power in enumerate(powers)]
    return {"source": "test", "resolution_minutes": minutes, "unit": "kW", "points": points} | head


def plain(powers, start="2026-03-10T00:00:00", minutes=60, time="ds", power="hourly_power"):
    """Return a list of rows with local times, counted on by the wall clock as programs of the field do."""
    first, step = datetime.fromisoformat(start), timedelta(minutes=minutes)
    return [{time: (first + at * step).isoformat(), power: value} for at, value in enumerate(powers)]


def read(answer, kind=LOAD, now=NOW, zone=HELSINKI, **reading):
    """Return the forecast that an answer holds."""
    head, rows = head_and_rows(answer, kind)
    return forecast_of_rows(rows, Reading(kind=kind, fetched_at=now, zone=zone, **reading), head)
