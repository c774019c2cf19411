"""The recorded weeks and the site of the demo, and the one function that starts it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from voltherm.adapters.documents.series_csv import read_measurements
from voltherm.adapters.documents.site import load_site
from voltherm.application.recorded_weeks import RecordedWeeks
from voltherm.application.replay import DemoSite
from voltherm.domain.time import local_midnight, utc_instant, zone_named

LABEL = "demo data: UCSD Music Building 2018"
"""Stands beside every figure of the demo."""

RECORDED_ZONE = "America/Los_Angeles"
LEAST_DAYS = 3
"""Whole local days before today that are replayed at least, early in a billing period."""

_FOLDER = Path(__file__).parent


def start_demo(now: datetime, *, days: int | None = None) -> DemoSite:
    """Return the demo, ready to be advanced to ``now``; nothing is simulated yet, so it returns at once.

    The replay begins with the billing period, so that its bill is whole, and at least some days before today. The
    first ``advance(now)`` simulates all steps since then, some 5 ms each; give ``most_steps`` to do it in portions.

    Parameters
    ----------
    now : datetime
        The instant, aware.
    days : int or None
        Whole local days to replay before today; None for as many as said above.
    """
    site = load_site(_FOLDER / "site.yaml")
    recorded = read_measurements(_FOLDER / "ucsd_music_2018_june_july.csv", zone_named(RECORDED_ZONE))
    now = utc_instant(now, "now")
    today = now.astimezone(site.zone).date()
    start = local_midnight(today - timedelta(days=LEAST_DAYS if days is None else days), site.zone)
    if days is None:
        start = min(start, site.tariff.period_of(now).start)
    return DemoSite(RecordedWeeks(recorded.measurements, zone_named(RECORDED_ZONE), site), start, LABEL)
