"""A site whose battery has something to do at any time: load and prices under which it discharges all day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

LOAD_KW: Final = 40.0
QUARTER: Final = timedelta(minutes=15)
DAY: Final = datetime(2026, 3, 11, tzinfo=UTC)
"""A Wednesday; the recording begins two weeks before it."""


def site_document(
    site_id: str = "site", *, load_kw: float = LOAD_KW, has_pv: bool = False, **battery: float
) -> dict[str, Any]:
    """Return a site at a price that falls from hour to hour, so that whoever can discharge does it now.

    Parameters
    ----------
    site_id : str
        Its id.
    load_kw : float
        What the battery covers; nothing may be fed in. [kW]
    has_pv : bool
        Whether there is a roof.
    **battery : float
        Other figures of the battery.
    """
    hours = [f"{hour:02d}:00" for hour in range(24)] + ["24:00"]
    prices = [
        {
            "id": f"energy_{hour:02d}",
            "kind": "energy",
            "price_per_kwh": round(1.0 - 0.03 * hour, 3),
            "when": {"windows": [[hours[hour], hours[hour + 1]]]},
        }
        for hour in range(24)
    ]
    stored = {"capacity_kwh": 500, "charge_limit_kw": 50, "discharge_limit_kw": 50, "round_trip_efficiency": 0.9}
    return {
        "id": site_id,
        "zone": "UTC",
        "connection": {"import_limit_kw": 5 * load_kw, "export_limit_kw": 0},
        "assets": [
            {"kind": "load", "id": "load"},
            *([{"kind": "pv", "id": "roof"}] if has_pv else []),
            {"kind": "battery", "id": "battery", "soc_min": 0.1, "soc_max": 0.95, **stored, **battery},
        ],
        "tariff": {"id": "falling", "version": "1", "currency": "EUR", "zone": "UTC", "components": prices},
    }


def write_recording(file: Path, *, load_kw: float = LOAD_KW, pv_kw: float | None = None, day: datetime = DAY) -> Path:
    """Write two weeks before a day and three from its begin on, all of them the same; return the file."""
    begin, days = day - timedelta(days=14), 17
    rows = [f"time_utc,load_kw{'' if pv_kw is None else ',pv_kw'}"]
    for index in range(96 * days):
        start = begin + index * QUARTER
        sun = "" if pv_kw is None else f",{pv_kw if 6 <= start.hour < 18 else 0.0:g}"
        rows.append(f"{start:%Y-%m-%dT%H:%M:%SZ},{load_kw + start.hour / 10:g}{sun}")
    file.write_text("\n".join(rows) + "\n")
    return file
